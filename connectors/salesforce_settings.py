"""What an administrator says of a Salesforce: access, streams, the company's own objects."""

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
    choice_of,
    flag_of,
    matching,
    names_in,
    stream_of,
    text_of,
    wrong,
    zone_of,
)
from connectors.own_objects import OWN_OBJECTS_SCHEMA, OwnObject, OwnObjectForm, streams_of

GRANTS = ("client_credentials", "jwt")
AUDIENCE = "https://login.salesforce.com"
VERSION = "v61.0"
SHARE = 80
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")
_OWN = OwnObjectForm(
    object_name=re.compile(r"[A-Za-z][A-Za-z0-9_]{0,90}__c"), field_name=_FIELD, day="CreatedDate"
)
_CURRENCY = re.compile(r"[A-Z]{3}")
_VERSION = re.compile(r"v[1-9][0-9]\.0")


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesforceStream:
    """One object; ``day`` is the field that says when it happened ("": none).

    ``parent`` is the relation to the row that this one hangs on, whose change counts as a change of
    this one: a split follows its opportunity without a stamp of its own.
    """

    name: str
    object: str
    entity: str
    fields: tuple[str, ...] = ()
    day: str = "CreatedDate"
    parent: str = ""
    parent_fields: tuple[str, ...] = ()
    personal: tuple[str, ...] = ()


STREAMS = (
    SalesforceStream(
        name="opportunities",
        object="Opportunity",
        entity="opportunity",
        fields=(
            *("Name", "AccountId", "OwnerId", "Amount", "CurrencyIsoCode", "StageName", "Type"),
            *("IsClosed", "IsWon", "CloseDate", "Probability", "ForecastCategoryName"),
            *("LeadSource", "CreatedDate"),
        ),
        day="CloseDate",
    ),
    SalesforceStream(
        name="splits",
        object="OpportunitySplit",
        entity="opportunity_split",
        fields=(
            *("OpportunityId", "SplitOwnerId", "SplitPercentage", "SplitAmount", "SplitTypeId"),
            *("CurrencyIsoCode", "CreatedDate"),
        ),
        day="Opportunity.CloseDate",
        parent="Opportunity",
        parent_fields=("IsWon", "IsClosed", "CloseDate", "AccountId", "StageName"),
    ),
    SalesforceStream(
        name="accounts",
        object="Account",
        entity="customer",
        fields=("Name", "OwnerId", "Industry", "Type", "ParentId", "CreatedDate"),
    ),
    SalesforceStream(
        name="leads",
        object="Lead",
        entity="lead",
        fields=(
            *("Name", "Company", "OwnerId", "Status", "LeadSource", "IsConverted"),
            *("ConvertedDate", "ConvertedOpportunityId", "CreatedDate"),
        ),
        personal=("Name",),
    ),
    SalesforceStream(
        name="tasks",
        object="Task",
        entity="activity",
        fields=(
            *("WhoId", "WhatId", "OwnerId", "Subject", "ActivityDate", "Status", "IsClosed"),
            *("Type", "CallDurationInSeconds", "CompletedDateTime", "CreatedDate"),
        ),
        day="ActivityDate",
        personal=("Subject",),
    ),
    SalesforceStream(
        name="events",
        object="Event",
        entity="visit",
        fields=(
            *("WhoId", "WhatId", "OwnerId", "Subject", "StartDateTime", "EndDateTime", "Type"),
            *("Location", "IsAllDayEvent", "IsRecurrence", "CreatedDate"),
        ),
        day="StartDateTime",
        personal=("Subject", "Location"),
    ),
    SalesforceStream(
        name="users",
        object="User",
        entity="person",
        fields=(
            *("Name", "Username", "Email", "EmployeeNumber", "IsActive", "ManagerId"),
            *("UserRoleId", "TimeZoneSidKey", "CreatedDate"),
        ),
        personal=("Name", "Username", "Email", "EmployeeNumber"),
    ),
)
_BY_NAME: Mapping[str, SalesforceStream] = {stream.name: stream for stream in STREAMS}

CONFIG_SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "required": ["address", "grant", "client_id", "currency", "streams"],
    "properties": {
        "address": {"type": "string", "title": "https://acme.my.salesforce.com"},
        "grant": {"enum": list(GRANTS)},
        "client_id": {"type": "string"},
        "client_secret": {"type": "string", "secret": True},
        "username": {"type": "string"},
        "private_key": {"type": "string", "secret": True},
        "audience": {"type": "string", "default": AUDIENCE},
        "version": {"type": "string", "default": VERSION},
        "currency": {"type": "string", "title": "CNY"},
        "streams": {"type": "array", "items": {"enum": [stream.name for stream in STREAMS]}},
        "own_objects": OWN_OBJECTS_SCHEMA,
        "own_fields": {"type": "array", "items": {"type": "string"}},
        "zone": {"type": "string", "default": "UTC"},
        "again_minutes": AGAIN_SCHEMA,
        "sweep": {"type": "boolean", "default": False},
        "calls_percent": {"type": "integer", "minimum": 1, "maximum": 100, "default": SHARE},
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesforceAccess:
    """Where Salesforce is and as whom we ask."""

    address: str
    grant: str
    client_id: str
    client_secret: str = field(repr=False)
    username: str
    private_key: str = field(repr=False)
    audience: str
    version: str
    calls_percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesforceSettings:
    """The settings, read."""

    access: SalesforceAccess
    streams: tuple[SalesforceStream, ...]
    own_fields: frozenset[str] | None
    currency: str
    zone: ZoneInfo
    again: timedelta
    sweep: bool

    def stream(self, name: str) -> SalesforceStream:
        """Return a stream of the settings."""
        return stream_of(self.streams, name)


def settings_of(config: Mapping[str, Json]) -> SalesforceSettings:
    """Read the settings; the first wrong one is named."""
    return SalesforceSettings(
        access=_access(config),
        streams=streams_of(config, _BY_NAME, _OWN, _own_stream),
        own_fields=_own_fields(config.get("own_fields")),
        currency=matching(config, "currency", _CURRENCY),
        zone=zone_of(config),
        again=again_of(config),
        sweep=flag_of(config, "sweep", otherwise=False),
    )


def _access(config: Mapping[str, Json]) -> SalesforceAccess:
    grant = choice_of(config, "grant", GRANTS)
    percent = config.get("calls_percent", SHARE)
    if type(percent) is not int or not 1 <= percent <= 100:
        raise wrong("calls_percent")
    by_key = grant == "jwt"
    return SalesforceAccess(
        address=address_of(config),
        grant=grant,
        client_id=text_of(config, "client_id"),
        client_secret=text_of(config, "client_secret", required=not by_key),
        username=text_of(config, "username", required=by_key),
        private_key=text_of(config, "private_key", required=by_key),
        audience=address_of(config, "audience", otherwise=AUDIENCE),
        version=matching(config, "version", _VERSION, otherwise=VERSION),
        calls_percent=percent,
    )


def _own_stream(own: OwnObject) -> SalesforceStream:
    return SalesforceStream(
        name=own.stream,
        object=own.object,
        entity=own.entity,
        fields=("Name", "OwnerId", "CurrencyIsoCode", "CreatedDate"),
        day=own.day,
    )


def _own_fields(told: Json) -> frozenset[str] | None:
    """Read which fields of the company (``__c``) to take; None: all of them."""
    return None if told is None else frozenset(names_in(told, "own_fields", _FIELD))
