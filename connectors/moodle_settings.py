"""What an administrator says of a Moodle: the access, which courses, and what names a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from zoneinfo import ZoneInfo

from connectors.contract import Json
from connectors.form import address_of, choice_of, chosen, text_of, wrong, zone_of

STREAM_NAMES = ("completions", "grades")
PERSONS = ("idnumber", "username", "id")
EVERY_HOURS = 12
_EVERY_MOST = 168

CONFIG_SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "required": ["address", "token", "zone", "streams"],
    "properties": {
        "address": {"type": "string", "title": "https://learn.example.com"},
        "token": {"type": "string", "secret": True},
        "zone": {"type": "string", "title": "Asia/Shanghai"},
        "streams": {"type": "array", "items": {"enum": list(STREAM_NAMES)}},
        "courses": {"type": "array", "items": {"type": "integer"}},
        "person": {"enum": list(PERSONS), "default": PERSONS[0]},
        "every_hours": {
            "type": "integer",
            "minimum": 0,
            "maximum": _EVERY_MOST,
            "default": EVERY_HOURS,
        },
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MoodleSettings:
    """The settings, read; no ``courses`` are all that our user sees."""

    address: str
    token: str = field(repr=False)
    zone: ZoneInfo
    streams: tuple[str, ...]
    courses: tuple[int, ...]
    person: str
    every: timedelta


def settings_of(config: Mapping[str, Json]) -> MoodleSettings:
    """Read the settings; the first wrong one is named."""
    text_of(config, "zone")
    streams = chosen(config, {name: name for name in STREAM_NAMES})
    if not streams:
        raise wrong("streams")
    hours = config.get("every_hours", EVERY_HOURS)
    if type(hours) is not int or not 0 <= hours <= _EVERY_MOST:
        raise wrong("every_hours")
    return MoodleSettings(
        address=address_of(config),
        token=text_of(config, "token"),
        zone=zone_of(config),
        streams=streams,
        courses=_courses(config.get("courses")),
        person=choice_of({"person": PERSONS[0], **config}, "person", PERSONS),
        every=timedelta(hours=hours),
    )


def _courses(told: Json) -> tuple[int, ...]:
    if told is None:
        return ()
    if not isinstance(told, list):
        raise wrong("courses")
    found = []
    for each in told:
        if type(each) is not int or each < 1:
            raise wrong("courses")
        found.append(each)
    return tuple(sorted(set(found)))
