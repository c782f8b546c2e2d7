"""What a person filled in for a connection, read field by field; the first wrong one is named."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from typing import Protocol, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connectors.contract import Json
from connectors.failures import ConfigurationRefused

_MINUTES_MOST = 10_080  # a week
AGAIN_SCHEMA: Mapping[str, Json] = {
    "type": "integer",
    "minimum": 0,
    "maximum": _MINUTES_MOST,
    "default": 60,
}


class Named(Protocol):
    """What has a name, such as a stream."""

    @property
    def name(self) -> str:
        """The name in settings."""
        ...


T = TypeVar("T")
N = TypeVar("N", bound=Named)


def wrong(field: str) -> ConfigurationRefused:
    """Name the setting that a person has to put right."""
    return ConfigurationRefused("source_setting_invalid", {"field": field})


def text_of(config: Mapping[str, Json], field: str, *, required: bool = True) -> str:
    """Read a text without the spaces around it; "" when it is left out and may be."""
    value = config.get(field)
    if value is None and not required:
        return ""
    if not isinstance(value, str) or (required and not value.strip()):
        raise wrong(field)
    return value.strip()


def address_of(config: Mapping[str, Json], field: str = "address", otherwise: str = "") -> str:
    """Read an address that names a host, without the slash at its end."""
    address = text_of(config, field, required=not otherwise) or otherwise
    try:
        host = urlsplit(address).hostname
    except ValueError:
        host = None
    if not host:
        raise wrong(field)
    return address.rstrip("/")


def choice_of(config: Mapping[str, Json], field: str, choices: Collection[str]) -> str:
    """Read one of a few words."""
    found = text_of(config, field)
    if found not in choices:
        raise wrong(field)
    return found


def chosen(
    config: Mapping[str, Json], known: Mapping[str, T], *, otherwise: Collection[str] = ()
) -> tuple[T, ...]:
    """Read the list ``streams``, names of what is known; ``otherwise`` when it is left out."""
    named = config.get("streams") or list(otherwise)
    if not isinstance(named, list) or not all(
        isinstance(name, str) and name in known for name in named
    ):
        raise wrong("streams")
    return tuple(known[str(name)] for name in named)


def names_in(told: object, field: str, form: re.Pattern[str]) -> tuple[str, ...]:
    """Read a list of names that have a form, because they go into a query."""
    if not isinstance(told, list):
        raise wrong(field)
    for name in told:
        if not (isinstance(name, str) and form.fullmatch(name)):
            raise wrong(field)
    return tuple(str(name) for name in told)


def stream_of(streams: Iterable[N], name: str) -> N:
    """Find a stream among those of the connection; another one is a refusal."""
    for stream in streams:
        if stream.name == name:
            return stream
    raise ConfigurationRefused("stream_unknown", {"stream": name})


def again_of(config: Mapping[str, Json], otherwise: int = 60) -> timedelta:
    """Read how far before the latest change each read begins."""
    minutes = config.get("again_minutes", otherwise)
    if type(minutes) is not int or not 0 <= minutes <= _MINUTES_MOST:
        raise wrong("again_minutes")
    return timedelta(minutes=minutes)


def zone_of(config: Mapping[str, Json], field: str = "zone", otherwise: str = "UTC") -> ZoneInfo:
    """Read the name of a time zone."""
    try:
        return ZoneInfo(text_of(config, field, required=False) or otherwise)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise wrong(field) from None


def flag_of(config: Mapping[str, Json], field: str, *, otherwise: bool) -> bool:
    """Read a yes or no."""
    found = config.get(field, otherwise)
    if not isinstance(found, bool):
        raise wrong(field)
    return found


def matching(
    config: Mapping[str, Json], field: str, form: re.Pattern[str], *, otherwise: str = ""
) -> str:
    """Read a text that has a form, because it goes into an address, a query or a header."""
    found = text_of(config, field, required=not otherwise) or otherwise
    if not form.fullmatch(found):
        raise wrong(field)
    return found
