"""What an administrator says about a WeCom connection, read whole before anything is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from connectors.again_days import again_days_of, again_days_schema, begin_of
from connectors.contract import Context, Json
from connectors.form import address_of, chosen, text_of
from connectors.sealed_callbacks import CallbackSecrets, secrets_of
from connectors.wecom_api import API

# How many days each stream is read again: what comes late or is corrected (30 at most).
AGAIN_DAYS: Mapping[str, int] = {
    "checkins": 7,
    "behaviour": 3,
    "groupchats": 3,
    "journals": 1,
    "approvals": 30,
}
STREAM_NAMES = ("departments", "members", *AGAIN_DAYS)

CONFIG_SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "required": ["corp_id", "secret", "begin"],
    "properties": {
        "corp_id": {"type": "string", "title": "企业ID"},
        "secret": {"type": "string", "secret": True},
        "contact_secret": {"type": "string", "secret": True},
        "begin": {"type": "string", "format": "date"},
        "streams": {"type": "array", "items": {"enum": list(STREAM_NAMES)}},
        "again_days": again_days_schema(AGAIN_DAYS),
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
        name: text_of(config, name, required=name != "contact_secret")
        for name in ("corp_id", "secret", "contact_secret")
    }
    return SourceSettings(
        corp_id=texts["corp_id"],
        secret=texts["secret"],
        contact_secret=texts["contact_secret"],
        begin=begin_of(config),
        streams=chosen(config, {name: name for name in STREAM_NAMES}, otherwise=STREAM_NAMES),
        again=again_days_of(config, AGAIN_DAYS),
        address=address_of(config, otherwise=API),
    )


def callback_of(context: Context) -> CallbackSecrets | None:
    """Return the secrets of the callback, or None when none are set."""
    config = context.config
    return secrets_of(config, lambda: text_of(config, "corp_id"))
