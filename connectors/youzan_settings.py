"""What an administrator says about a shop in Youzan, read whole before anything is asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from connectors.again_days import begin_of
from connectors.contract import Json
from connectors.form import AGAIN_SCHEMA, address_of, again_of, chosen, text_of, wrong
from connectors.youzan_api import API

STREAM_NAMES = ("orders", "refunds")
_SHOP = re.compile(r"[0-9]{1,20}")

CONFIG_SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "required": ["client_id", "client_secret", "kdt_id", "begin"],
    "properties": {
        "client_id": {"type": "string"},
        "client_secret": {"type": "string", "secret": True},
        "kdt_id": {"type": "string", "title": "店铺 ID (kdt_id)"},
        "begin": {"type": "string", "format": "date"},
        "streams": {"type": "array", "items": {"enum": list(STREAM_NAMES)}},
        "again_minutes": AGAIN_SCHEMA,
        "address": {"type": "string", "default": API},
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class YouzanSettings:
    """The settings of a connection, which is one shop."""

    client_id: str
    client_secret: str = field(repr=False)
    shop: str
    begin: date
    streams: tuple[str, ...]
    again: timedelta
    address: str


def settings_of(config: Mapping[str, Json]) -> YouzanSettings:
    """Read the settings; name the first one that is wrong."""
    shop = text_of(config, "kdt_id")
    if not _SHOP.fullmatch(shop):
        raise wrong("kdt_id")
    return YouzanSettings(
        client_id=text_of(config, "client_id"),
        client_secret=text_of(config, "client_secret"),
        shop=shop,
        begin=begin_of(config),
        streams=chosen(config, {name: name for name in STREAM_NAMES}, otherwise=STREAM_NAMES),
        again=again_of(config),
        address=address_of(config, otherwise=API),
    )
