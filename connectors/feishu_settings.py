"""What an administrator says about a Feishu connection, read whole before anything is asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from connectors.again_days import again_days_of, again_days_schema, begin_of
from connectors.contract import Json
from connectors.feishu_api import API
from connectors.form import address_of, chosen, text_of, wrong

# How many days each stream is read again: what comes late or is corrected (30 at most).
AGAIN_DAYS: Mapping[str, int] = {"punches": 7, "results": 7}
STREAM_NAMES = ("departments", "members", *AGAIN_DAYS)
ROOT = "0"
_DEPARTMENT = re.compile(r"0|od-[A-Za-z0-9]{1,60}")

CONFIG_SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "required": ["app_id", "app_secret", "begin"],
    "properties": {
        "app_id": {"type": "string", "title": "App ID (cli_…)"},
        "app_secret": {"type": "string", "secret": True},
        "begin": {"type": "string", "format": "date"},
        "streams": {"type": "array", "items": {"enum": list(STREAM_NAMES)}},
        "department": {"type": "string", "default": ROOT},
        "again_days": again_days_schema(AGAIN_DAYS),
        "encrypt_key": {"type": "string", "secret": True},
        "verification_token": {"type": "string", "secret": True},
        "address": {"type": "string", "default": API},
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FeishuSettings:
    """The settings of a connection; ``department`` is the top of what it reads."""

    app_id: str
    app_secret: str = field(repr=False)
    begin: date
    streams: tuple[str, ...]
    department: str
    again: Mapping[str, int]
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSecrets:
    """What the page of the events shows: the key of their envelope, and a word in each."""

    encrypt_key: str = field(repr=False)
    verification_token: str = field(repr=False)


def settings_of(config: Mapping[str, Json]) -> FeishuSettings:
    """Read the settings; name the first one that is wrong."""
    department = text_of(config, "department", required=False) or ROOT
    if not _DEPARTMENT.fullmatch(department):
        raise wrong("department")
    return FeishuSettings(
        app_id=text_of(config, "app_id"),
        app_secret=text_of(config, "app_secret"),
        begin=begin_of(config),
        streams=chosen(config, {name: name for name in STREAM_NAMES}, otherwise=STREAM_NAMES),
        department=department,
        again=again_days_of(config, AGAIN_DAYS),
        address=address_of(config, otherwise=API),
    )


def events_of(config: Mapping[str, Json]) -> EventSecrets | None:
    """Return the secrets of the events, or None when none are set; one alone is not enough."""
    key = text_of(config, "encrypt_key", required=False)
    token = text_of(config, "verification_token", required=False)
    if not key and not token:
        return None
    if not key:
        raise wrong("encrypt_key")
    if not token:
        raise wrong("verification_token")
    return EventSecrets(encrypt_key=key, verification_token=token)
