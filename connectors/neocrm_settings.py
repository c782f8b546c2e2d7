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
    chosen,
    flag_of,
    stream_of,
    text_of,
    wrong,
    zone_of,
)
from connectors.neocrm_api import API, LOGIN, NeocrmAccess

PEOPLE = ("ownerId", "createdBy", "updatedBy")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,49}")
_OBJECT = re.compile(r"[A-Za-z][A-Za-z0-9]{0,80}(?:__c)?")
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")
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
        "own_objects": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["stream", "object"],
                "properties": {
                    "stream": {"type": "string"},
                    "object": {"type": "string"},
                    "entity": {"type": "string"},
                    "day": {"type": "string"},
                },
            },
        },
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
        streams=_streams(config),
        dates=_dates(config.get("date_fields") or []),
        zone=zone_of(config, otherwise=_BEIJING),
        again=again_of(config),
        sweep=flag_of(config, "sweep", otherwise=False),
    )


def _streams(config: Mapping[str, Json]) -> tuple[NeocrmStream, ...]:
    own = config.get("own_objects") or []
    if not isinstance(own, list):
        raise wrong("own_objects")
    found = [*chosen(config, _BY_NAME), *map(_own_object, own)]
    names = [stream.name for stream in found]
    if not found or len(set(names)) < len(names):
        raise wrong("streams")
    return tuple(found)


def _own_object(told: object) -> NeocrmStream:
    """Read ``{"stream": "trainings", "object": "customEntity42__c", "day": "customItem3__c"}``."""
    rules = {"stream": _NAME, "object": _OBJECT, "entity": _NAME, "day": _FIELD}
    if not isinstance(told, Mapping) or not told.keys() <= rules.keys():
        raise wrong("own_objects")
    texts = {"entity": told.get("stream"), "day": "createdAt", **told}
    for field, rule in rules.items():
        value = texts.get(field)
        if not isinstance(value, str) or not rule.fullmatch(value):
            raise wrong("own_objects")
    return NeocrmStream(
        name=str(texts["stream"]),
        api_name=str(texts["object"]),
        entity=str(texts["entity"]),
        day=str(texts["day"]),
    )


def _dates(said: Json) -> tuple[str, ...]:
    if not isinstance(said, list) or not all(
        isinstance(name, str) and _FIELD.fullmatch(name) for name in said
    ):
        raise wrong("date_fields")
    return tuple(str(name) for name in said)
