"""What an administrator says about a WeCom connection, read whole before anything is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from urllib.parse import urlsplit

from connectors.contract import Context, Json
from connectors.failures import ConfigurationRefused
from connectors.wecom_api import API
from connectors.wecom_crypto import CallbackSecrets, is_callback_key

# How many days each stream is read again: what comes late or is corrected (30 at most).
AGAIN_DAYS: Mapping[str, int] = {
    "checkins": 7,
    "behaviour": 3,
    "groupchats": 3,
    "journals": 1,
    "approvals": 30,
}
STREAM_NAMES = ("departments", "members", *AGAIN_DAYS)
_AGAIN_MOST = 30

CONFIG_SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "required": ["corp_id", "secret", "begin"],
    "properties": {
        "corp_id": {"type": "string", "title": "企业ID"},
        "secret": {"type": "string", "secret": True},
        "contact_secret": {"type": "string", "secret": True},
        "begin": {"type": "string", "format": "date"},
        "streams": {"type": "array", "items": {"enum": list(STREAM_NAMES)}},
        "again_days": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                name: {"type": "integer", "minimum": 0, "maximum": _AGAIN_MOST, "default": days}
                for name, days in AGAIN_DAYS.items()
            },
        },
        "callback_token": {"type": "string", "secret": True},
        "callback_key": {"type": "string", "secret": True},
        "address": {"type": "string", "default": API},
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSettings:
    """The settings of a connection."""

    corp_id: str
    secret: str = field(repr=False)
    contact_secret: str = field(repr=False)
    begin: date
    streams: tuple[str, ...]
    again: Mapping[str, int]
    address: str


def settings_of(context: Context) -> SourceSettings:
    """Read the settings; name the first one that is wrong."""
    config = context.config
    texts = {
        name: _text(config, name, required=name in {"corp_id", "secret", "begin"})
        for name in ("corp_id", "secret", "contact_secret", "begin", "address")
    }
    try:
        begin = date.fromisoformat(texts["begin"])
    except ValueError:
        raise _wrong("begin") from None
    address = texts["address"] or API
    if not _has_host(address):
        raise _wrong("address")
    named = config.get("streams") or list(STREAM_NAMES)
    if not isinstance(named, list) or not all(name in STREAM_NAMES for name in named):
        raise _wrong("streams")
    return SourceSettings(
        corp_id=texts["corp_id"],
        secret=texts["secret"],
        contact_secret=texts["contact_secret"],
        begin=begin,
        streams=tuple(str(name) for name in named),
        again=_again(config.get("again_days") or {}),
        address=address.rstrip("/"),
    )


def callback_of(context: Context) -> CallbackSecrets | None:
    """Return the secrets of the callback, or None when none are set."""
    config = context.config
    token, key = _text(config, "callback_token"), _text(config, "callback_key")
    if not token and not key:
        return None
    if not token:
        raise _wrong("callback_token")
    if not is_callback_key(key):
        raise _wrong("callback_key")
    return CallbackSecrets(token=token, key=key, receiver=_text(config, "corp_id", required=True))


def _again(said: Json) -> dict[str, int]:
    if not isinstance(said, Mapping) or not said.keys() <= AGAIN_DAYS.keys():
        raise _wrong("again_days")
    found = dict(AGAIN_DAYS)
    for name, days in said.items():
        if type(days) is not int or not 0 <= days <= _AGAIN_MOST:
            raise _wrong("again_days")
        found[name] = days
    return found


def _text(config: Mapping[str, Json], name: str, *, required: bool = False) -> str:
    value = config.get(name)
    if value is None and not required:
        return ""
    if not isinstance(value, str) or (required and not value.strip()):
        raise _wrong(name)
    return value.strip()


def _has_host(address: str) -> bool:
    try:
        return bool(urlsplit(address).hostname)
    except ValueError:
        return False


def _wrong(field_name: str) -> ConfigurationRefused:
    return ConfigurationRefused("source_setting_invalid", {"field": field_name})
