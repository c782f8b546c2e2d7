"""What an administrator says of a Zendesk: the access, the streams, how people are named."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

from connectors.again_days import again_days_of, again_days_schema, begin_of
from connectors.contract import Json
from connectors.form import address_of, chosen, matching, text_of, wrong, zone_of

STREAMS = ("ratings", "surveys", "tickets", "agents")
AGAIN_DAYS: Mapping[str, int] = {"ratings": 30, "surveys": 30}
BY_ID = "id"
_PERSON = re.compile(r"email|external_id|id|user_fields\.[A-Za-z0-9_]{1,100}")

CONFIG_SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "required": ["address", "zone", "begin", "streams"],
    "properties": {
        "address": {"type": "string", "title": "https://acme.zendesk.com"},
        "client_id": {"type": "string"},
        "client_secret": {"type": "string", "secret": True},
        "access_token": {"type": "string", "secret": True},
        "email": {"type": "string"},
        "token": {"type": "string", "secret": True},
        "zone": {"type": "string", "title": "Asia/Shanghai"},
        "begin": {"type": "string", "format": "date"},
        "streams": {"type": "array", "items": {"enum": list(STREAMS)}},
        "person": {"type": "string", "default": "email"},
        "again_days": again_days_schema(AGAIN_DAYS),
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ZendeskAccess:
    """Where Zendesk is and as whom we ask: an application, a token that stays, or a key of old."""

    address: str
    client_id: str
    client_secret: str = field(repr=False)
    access_token: str = field(repr=False)
    email: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ZendeskSettings:
    """The settings, read; ``person`` is the column of a user that names a person."""

    access: ZendeskAccess
    streams: tuple[str, ...]
    zone: ZoneInfo
    begin: date
    person: str
    again: Mapping[str, int]


def settings_of(config: Mapping[str, Json]) -> ZendeskSettings:
    """Read the settings; the first wrong one is named."""
    text_of(config, "zone")
    streams = chosen(config, {name: name for name in STREAMS})
    if not streams:
        raise wrong("streams")
    return ZendeskSettings(
        access=_access(config),
        streams=streams,
        zone=zone_of(config),
        begin=begin_of(config),
        person=matching(config, "person", _PERSON, otherwise="email"),
        again=again_days_of(config, AGAIN_DAYS),
    )


def _access(config: Mapping[str, Json]) -> ZendeskAccess:
    """Read one of three ways in; without any of them the application is asked for."""
    told = {name: text_of(config, name, required=False) for name in ("client_id", "access_token")}
    old = not any(told.values()) and bool(text_of(config, "token", required=False))
    application = not told["access_token"] and not old
    return ZendeskAccess(
        address=address_of(config),
        client_id=text_of(config, "client_id", required=application),
        client_secret=text_of(config, "client_secret", required=application),
        access_token=told["access_token"],
        email=text_of(config, "email", required=old),
        token=text_of(config, "token", required=old),
    )
