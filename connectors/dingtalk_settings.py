"""What an administrator says about a DingTalk connection, read whole before anything is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from connectors.again_days import again_days_of, again_days_schema, begin_of
from connectors.contract import Json
from connectors.dingtalk_api import API
from connectors.form import address_of, chosen, text_of, wrong
from connectors.sealed_callbacks import CallbackSecrets, secrets_of

# How many days each stream is read again: what comes late or is corrected (30 at most).
AGAIN_DAYS: Mapping[str, int] = {"visits": 7, "punches": 7, "results": 7}
STREAM_NAMES = ("departments", "members", *AGAIN_DAYS)
ROOT = 1

CONFIG_SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "required": ["app_key", "app_secret", "begin"],
    "properties": {
        "app_key": {"type": "string", "title": "Client ID (AppKey)"},
        "app_secret": {"type": "string", "secret": True, "title": "Client Secret (AppSecret)"},
        "begin": {"type": "string", "format": "date"},
        "streams": {"type": "array", "items": {"enum": list(STREAM_NAMES)}},
        "departments": {"type": "array", "items": {"type": "integer"}, "default": [ROOT]},
        "again_days": again_days_schema(AGAIN_DAYS),
        "callback_token": {"type": "string", "secret": True},
        "callback_key": {"type": "string", "secret": True},
        "callback_owner": {"type": "string"},
        "address": {"type": "string", "default": API},
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DingTalkSettings:
    """The settings of a connection; ``departments`` are the tops of what it reads."""

    app_key: str
    app_secret: str = field(repr=False)
    begin: date
    streams: tuple[str, ...]
    departments: tuple[int, ...]
    again: Mapping[str, int]
    address: str


def settings_of(config: Mapping[str, Json]) -> DingTalkSettings:
    """Read the settings; name the first one that is wrong."""
    return DingTalkSettings(
        app_key=text_of(config, "app_key"),
        app_secret=text_of(config, "app_secret"),
        begin=begin_of(config),
        streams=chosen(config, {name: name for name in STREAM_NAMES}, otherwise=STREAM_NAMES),
        departments=_departments(config.get("departments") or [ROOT]),
        again=again_days_of(config, AGAIN_DAYS),
        address=address_of(config, otherwise=API),
    )


def callback_of(config: Mapping[str, Json]) -> CallbackSecrets | None:
    """Return the secrets of the callback, or None when none are set."""
    return secrets_of(
        config,
        # What is set up in the developer console is meant for the application, not for the company.
        lambda: text_of(config, "callback_owner", required=False) or text_of(config, "app_key"),
    )


def _departments(said: Json) -> tuple[int, ...]:
    found: dict[int, None] = {}
    for each in said if isinstance(said, list) else [None]:
        if not isinstance(each, int) or isinstance(each, bool) or each < 1:
            raise wrong("departments")
        found[each] = None
    return tuple(found)
