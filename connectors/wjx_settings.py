"""What an administrator says of a WJX account: the access, the surveys, their columns of scores."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from connectors.again_days import again_days_of, again_days_schema, begin_of
from connectors.contract import Json
from connectors.form import address_of, matching, text_of, wrong

API = "https://www.wjx.cn"
AGAIN_DAYS: Mapping[str, int] = {"answers": 14}
METRICS = ("csat", "nps", "ces")
_SCALES = (5, 7, 10)
# Names of columns as they come out of nested rows: letters, digits and dots.
_COLUMN = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,60}(\.[A-Za-z0-9_]{1,60}){0,4}")

CONFIG_SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "required": ["surveys", "begin"],
    "properties": {
        "api_key": {"type": "string", "secret": True},
        "app_id": {"type": "string"},
        "app_key": {"type": "string", "secret": True},
        "surveys": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["vid", "metric", "score", "scale_max"],
                "properties": {
                    "vid": {"type": "integer", "minimum": 1},
                    "metric": {"enum": list(METRICS)},
                    "score": {"type": "string"},
                    "scale_max": {"enum": list(_SCALES)},
                },
            },
        },
        "begin": {"type": "string", "format": "date"},
        "person": {"type": "string", "default": "sojumpparm"},
        "time": {"type": "string", "default": "submit_time"},
        "again_days": again_days_schema(AGAIN_DAYS),
        "address": {"type": "string", "default": API},
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WjxAccess:
    """Where WJX is and as whom we ask: by a key, or as accounts of old do."""

    address: str
    api_key: str = field(repr=False)
    app_id: str
    app_key: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """One survey: what it measures, in which column, on a scale up to what."""

    vid: int
    metric: str
    score: str
    scale_max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WjxSettings:
    """The settings, read; ``person`` and ``time`` are columns of an answer."""

    access: WjxAccess
    surveys: Mapping[int, Survey]
    begin: date
    person: str
    time: str
    again: int

    @property
    def streams(self) -> tuple[str, ...]:
        """Name the one stream."""
        return ("answers",)


def settings_of(config: Mapping[str, Json]) -> WjxSettings:
    """Read the settings; the first wrong one is named."""
    key = text_of(config, "api_key", required=not config.get("app_id"))
    return WjxSettings(
        access=WjxAccess(
            address=address_of(config, otherwise=API),
            api_key=key,
            app_id=text_of(config, "app_id", required=not key),
            app_key=text_of(config, "app_key", required=not key),
        ),
        surveys=_surveys(config.get("surveys")),
        begin=begin_of(config),
        person=matching(config, "person", _COLUMN, otherwise="sojumpparm"),
        time=matching(config, "time", _COLUMN, otherwise="submit_time"),
        again=again_days_of(config, AGAIN_DAYS)["answers"],
    )


def _surveys(told: Json) -> dict[int, Survey]:
    found: dict[int, Survey] = {}
    for each in told if isinstance(told, list) else []:
        if not isinstance(each, Mapping):
            raise wrong("surveys")
        vid, score, scale = each.get("vid"), each.get("score"), each.get("scale_max")
        good = (
            isinstance(vid, int)
            and type(vid) is int
            and vid > 0
            and vid not in found
            and each.get("metric") in METRICS
            and isinstance(score, str)
            and _COLUMN.fullmatch(score)
            and isinstance(scale, int)
            and scale in _SCALES
        )
        if not good:
            raise wrong("surveys")
        found[int(str(vid))] = Survey(
            vid=int(str(vid)),
            metric=str(each["metric"]),
            score=str(score),
            scale_max=int(str(scale)),
        )
    if not found:
        raise wrong("surveys")
    return found
