"""What an administrator says of a HubSpot: the access, the streams, the company's own objects."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from zoneinfo import ZoneInfo

from connectors.contract import Json
from connectors.form import (
    AGAIN_SCHEMA,
    address_of,
    again_of,
    flag_of,
    matching,
    names_in,
    stream_of,
    text_of,
    wrong,
    zone_of,
)
from connectors.own_objects import OWN_OBJECTS_SCHEMA, OwnObject, OwnObjectForm, streams_of

API = "https://api.hubapi.com"
_PROPERTY = re.compile(r"[a-z][a-z0-9_]{0,99}")
_OWN = OwnObjectForm(
    object_name=re.compile(r"2-[0-9]{1,20}|p[0-9]*_[A-Za-z0-9_]{1,90}"),
    field_name=_PROPERTY,
    day="hs_createdate",
)
_CURRENCY = re.compile(r"[A-Z]{3}")
_COMMON = ("hubspot_owner_id", "hs_merged_object_ids", "createdate", "hs_createdate")


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSpotStream:
    """One kind of object; ``day`` is the property that says when it happened.

    ``event`` is how callbacks name the kind, ``number`` how the newer ones do.
    """

    name: str
    object: str
    entity: str
    event: str = ""
    number: str = ""
    stamp: str = "hs_lastmodifieddate"
    properties: tuple[str, ...] = ()
    day: str = "createdate"
    personal: tuple[str, ...] = ()

    @property
    def wanted(self) -> tuple[str, ...]:
        """Name the properties that we ask for, as far as there are such."""
        return tuple(dict.fromkeys((*self.properties, *_COMMON, self.day, self.stamp)))


STREAMS = (
    HubSpotStream(
        name="deals",
        object="deals",
        entity="opportunity",
        event="deal",
        number="0-3",
        properties=(
            *("dealname", "amount", "amount_in_home_currency", "deal_currency_code", "dealtype"),
            *("dealstage", "pipeline", "hs_is_closed", "hs_is_closed_won", "closedate"),
            *("hs_primary_associated_company", "hs_analytics_source"),
        ),
        day="closedate",
    ),
    HubSpotStream(
        name="contacts",
        object="contacts",
        entity="lead",
        event="contact",
        number="0-1",
        stamp="lastmodifieddate",
        properties=(
            *("firstname", "lastname", "email", "phone", "company", "lifecyclestage"),
            *("hs_lead_status", "hs_analytics_source", "associatedcompanyid"),
        ),
        personal=("firstname", "lastname", "email", "phone"),
    ),
    HubSpotStream(
        name="companies",
        object="companies",
        entity="customer",
        event="company",
        number="0-2",
        properties=("name", "domain", "industry", "lifecyclestage"),
    ),
    HubSpotStream(
        name="meetings",
        object="meetings",
        entity="visit",
        number="0-47",
        properties=("hs_meeting_title", "hs_meeting_outcome", "hs_meeting_start_time"),
        day="hs_meeting_start_time",
        personal=("hs_meeting_title",),
    ),
    HubSpotStream(
        name="calls",
        object="calls",
        entity="activity",
        number="0-48",
        properties=(
            *("hs_call_title", "hs_call_duration", "hs_call_disposition", "hs_call_status"),
            *("hs_call_direction", "hs_timestamp"),
        ),
        day="hs_timestamp",
        personal=("hs_call_title",),
    ),
    HubSpotStream(
        name="tickets",
        object="tickets",
        entity="complaint",
        event="ticket",
        number="0-5",
        properties=("subject", "hs_pipeline_stage", "hs_ticket_category", "closed_date"),
        personal=("subject",),
    ),
)
_BY_NAME: Mapping[str, HubSpotStream] = {stream.name: stream for stream in STREAMS}

CONFIG_SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "required": ["currency", "zone", "streams"],
    "properties": {
        "token": {"type": "string", "secret": True},
        "client_id": {"type": "string"},
        "client_secret": {"type": "string", "secret": True},
        "refresh_token": {"type": "string", "secret": True},
        "currency": {"type": "string", "title": "CNY"},
        "zone": {"type": "string", "title": "Asia/Shanghai"},
        "streams": {"type": "array", "items": {"enum": [stream.name for stream in STREAMS]}},
        "own_objects": OWN_OBJECTS_SCHEMA,
        "own_properties": {"type": "array", "items": {"type": "string"}},
        "again_minutes": AGAIN_SCHEMA,
        "sweep": {"type": "boolean", "default": False},
        "callback_address": {"type": "string"},
        "address": {"type": "string", "default": API},
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSpotAccess:
    """Where HubSpot is and as whom we ask: a private app's token, or one that is renewed."""

    address: str
    token: str = field(repr=False)
    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSpotSettings:
    """The settings, read."""

    access: HubSpotAccess
    streams: tuple[HubSpotStream, ...]
    own_properties: frozenset[str] | None
    currency: str
    zone: ZoneInfo
    again: timedelta
    sweep: bool
    callback: str

    def stream(self, name: str) -> HubSpotStream:
        """Return a stream of the settings."""
        return stream_of(self.streams, name)


def settings_of(config: Mapping[str, Json]) -> HubSpotSettings:
    """Read the settings; the first wrong one is named."""
    text_of(config, "zone")
    access = _access(config)
    callback = text_of(config, "callback_address", required=False)
    if callback:
        address_of(config, "callback_address")
        if not access.client_secret:
            raise wrong("client_secret")
    return HubSpotSettings(
        access=access,
        streams=streams_of(config, _BY_NAME, _OWN, _own_stream),
        own_properties=_own_properties(config.get("own_properties")),
        currency=matching(config, "currency", _CURRENCY),
        zone=zone_of(config),
        again=again_of(config),
        sweep=flag_of(config, "sweep", otherwise=False),
        callback=callback,
    )


def _access(config: Mapping[str, Json]) -> HubSpotAccess:
    refresh = text_of(config, "refresh_token", required=False)
    return HubSpotAccess(
        address=address_of(config, otherwise=API),
        token=text_of(config, "token", required=not refresh),
        client_id=text_of(config, "client_id", required=bool(refresh)),
        client_secret=text_of(config, "client_secret", required=bool(refresh)),
        refresh_token=refresh,
    )


def _own_stream(own: OwnObject) -> HubSpotStream:
    return HubSpotStream(
        name=own.stream, object=own.object, entity=own.entity, number=own.object, day=own.day
    )


def _own_properties(told: Json) -> frozenset[str] | None:
    """Read which properties of the company to take; None: all of them."""
    return None if told is None else frozenset(names_in(told, "own_properties", _PROPERTY))
