"""What an administrator says of a Fxiaoke: the access, the streams, the company's own objects."""

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
    stream_of,
    text_of,
    wrong,
    zone_of,
)
from connectors.fxiaoke_api import FxiaokeAccess
from connectors.own_objects import OWN_OBJECTS_SCHEMA, OwnObject, OwnObjectForm, streams_of

PEOPLE = ("owner", "created_by", "last_modified_by")
_OWN = OwnObjectForm(
    object_name=re.compile(r"[A-Za-z][A-Za-z0-9_]{0,90}__c"),
    field_name=re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}"),
    day="",
    may_be_empty=("entity", "day"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FxiaokeStream:
    """One object of Fxiaoke; ``day`` is the field that says when it happened ("": none)."""

    name: str
    api_name: str
    entity: str
    day: str = ""
    personal: tuple[str, ...] = PEOPLE


STREAMS = (
    FxiaokeStream(
        name="opportunities", api_name="NewOpportunityObj", entity="opportunity", day="close_date"
    ),
    FxiaokeStream(
        name="leads",
        api_name="LeadsObj",
        entity="lead",
        day="create_time",
        personal=(*PEOPLE, "name", "tel", "mobile", "email", "address"),
    ),
    FxiaokeStream(
        name="accounts",
        api_name="AccountObj",
        entity="customer",
        day="create_time",
        personal=(*PEOPLE, "tel", "email", "address"),
    ),
    FxiaokeStream(name="orders", api_name="SalesOrderObj", entity="order", day="order_time"),
    FxiaokeStream(name="payments", api_name="PaymentObj", entity="payment", day="payment_time"),
    FxiaokeStream(
        name="followups",
        api_name="ActiveRecordObj",
        entity="activity",
        day="create_time",
        personal=(*PEOPLE, "active_record_content"),
    ),
    FxiaokeStream(
        name="visits",
        api_name="CheckinsObj",
        entity="visit",
        day="create_time",
        personal=(*PEOPLE, "checkin_address"),
    ),
)
_BY_NAME: Mapping[str, FxiaokeStream] = {stream.name: stream for stream in STREAMS}

CONFIG_SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "required": ["address", "app_id", "app_secret", "permanent_code", "user", "streams"],
    "properties": {
        "address": {"type": "string", "title": "https://open.fxiaoke.com"},
        "app_id": {"type": "string"},
        "app_secret": {"type": "string", "secret": True},
        "permanent_code": {"type": "string", "secret": True},
        "user": {"type": "string"},
        "streams": {"type": "array", "items": {"enum": [stream.name for stream in STREAMS]}},
        "own_objects": OWN_OBJECTS_SCHEMA,
        "zone": {"type": "string", "default": "Asia/Shanghai"},
        "again_minutes": AGAIN_SCHEMA,
        "sweep": {"type": "boolean", "default": False},
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FxiaokeSettings:
    """The settings, read."""

    access: FxiaokeAccess
    streams: tuple[FxiaokeStream, ...]
    zone: ZoneInfo
    again: timedelta
    sweep: bool

    def stream(self, name: str) -> FxiaokeStream:
        """Return a stream of the settings."""
        return stream_of(self.streams, name)


def settings_of(config: Mapping[str, Json]) -> FxiaokeSettings:
    """Read the settings; the first wrong one is named."""
    user = text_of(config, "user")
    # It goes into a header.
    if not user.isalnum() or not user.isascii():
        raise wrong("user")
    return FxiaokeSettings(
        access=FxiaokeAccess(
            address=address_of(config),
            app_id=text_of(config, "app_id"),
            app_secret=text_of(config, "app_secret"),
            permanent_code=text_of(config, "permanent_code"),
            user=user,
        ),
        streams=streams_of(config, _BY_NAME, _OWN, _own_stream),
        zone=zone_of(config, otherwise="Asia/Shanghai"),
        again=again_of(config),
        sweep=flag_of(config, "sweep", otherwise=False),
    )


def _own_stream(own: OwnObject) -> FxiaokeStream:
    return FxiaokeStream(name=own.stream, api_name=own.object, entity=own.entity, day=own.day)
