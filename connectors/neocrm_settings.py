"""What an administrator says of a Neocrm: the access, the streams, the company's own objects."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from connectors.contract import Json
from connectors.form import (
    AGAIN_SCHEMA,
    address_of,
    again_of,
    flag_of,
    names_in,
    stream_of,
    text_of,
    zone_of,
)
from connectors.neocrm_api import API, LOGIN, NeocrmAccess
from connectors.own_objects import OWN_OBJECTS_SCHEMA, OwnObject, OwnObjectForm, streams_of

PEOPLE = ("ownerId", "createdBy", "updatedBy")
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")
_OWN = OwnObjectForm(
    object_name=re.compile(r"[A-Za-z][A-Za-z0-9]{0,80}(?:__c)?"), field_name=_FIELD, day="createdAt"
)
_BEIJING = "Asia/Shanghai"


@dataclass(frozen=True, slots=True, kw_only=True)
class NeocrmStream:
    """One object of Neocrm; ``day`` is the field that says when it happened."""

    name: str
    api_name: str
    entity: str
    day: str = "createdAt"
    personal: tuple[str, ...] = PEOPLE


STREAMS = (
    NeocrmStream(
        name="opportunities", api_name="opportunity", entity="opportunity", day="closeDate"
    ),
    NeocrmStream(
        name="leads",
        api_name="lead",
        entity="lead",
        personal=(*PEOPLE, "name", "phone", "mobile", "email", "address"),
    ),
    NeocrmStream(
        name="accounts",
        api_name="account",
        entity="customer",
        personal=(*PEOPLE, "phone", "mobile", "email", "address"),
    ),
    NeocrmStream(name="orders", api_name="order", entity="order", day="transactionDate"),
    NeocrmStream(name="contracts", api_name="contract", entity="contract", day="signDate"),
    NeocrmStream(name="payments", api_name="payment", entity="payment", day="paymentDate"),
    NeocrmStream(
        name="activities",
        api_name="activityRecord",
        entity="activity",
        personal=(*PEOPLE, "content", "locationDetail", "longitude", "latitude"),
    ),
    NeocrmStream(
        name="users",
        api_name="user",
        entity="person",
        personal=(*PEOPLE, "name", "phone", "mobile", "personalEmail", "email", "birthday"),
    ),
    NeocrmStream(name="departments", api_name="department", entity="unit"),
)
_BY_NAME: Mapping[str, NeocrmStream] = {stream.name: stream for stream in STREAMS}

CONFIG_SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "required": ["client_id", "client_secret", "username", "password", "streams"],
    "properties": {
        "client_id": {"type": "string"},
        "client_secret": {"type": "string", "secret": True},
        "username": {"type": "string"},
        "password": {"type": "string", "secret": True},
        "security_token": {"type": "string", "secret": True},
        "streams": {"type": "array", "items": {"enum": [stream.name for stream in STREAMS]}},
        "own_objects": OWN_OBJECTS_SCHEMA,
        "date_fields": {"type": "array", "items": {"type": "string"}},
        "zone": {"type": "string", "default": _BEIJING},
        "again_minutes": AGAIN_SCHEMA,
        "sweep": {"type": "boolean", "default": False},
        "address": {"type": "string", "default": API},
        "login_address": {"type": "string", "default": LOGIN},
        "redirect_uri": {"type": "string", "default": API},
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NeocrmSettings:
    """The settings, read; ``dates`` are fields that hold dates whatever their type says."""

    access: NeocrmAccess
    streams: tuple[NeocrmStream, ...]
    dates: tuple[str, ...]
    zone: ZoneInfo
    again: timedelta
    sweep: bool

    def stream(self, name: str) -> NeocrmStream:
        """Return a stream of the settings."""
        return stream_of(self.streams, name)


def settings_of(config: Mapping[str, Json]) -> NeocrmSettings:
    """Read the settings; the first wrong one is named."""
    secret = text_of(config, "security_token", required=False)
    return NeocrmSettings(
        access=NeocrmAccess(
            address=address_of(config, otherwise=API),
            login_address=address_of(config, "login_address", LOGIN),
            client_id=text_of(config, "client_id"),
            client_secret=text_of(config, "client_secret"),
            redirect_uri=text_of(config, "redirect_uri", required=False) or API,
            username=text_of(config, "username"),
            password=text_of(config, "password") + secret,
        ),
        streams=streams_of(config, _BY_NAME, _OWN, _own_stream),
        dates=names_in(config.get("date_fields") or [], "date_fields", _FIELD),
        zone=zone_of(config, otherwise=_BEIJING),
        again=again_of(config),
        sweep=flag_of(config, "sweep", otherwise=False),
    )


def _own_stream(own: OwnObject) -> NeocrmStream:
    return NeocrmStream(name=own.stream, api_name=own.object, entity=own.entity, day=own.day)
