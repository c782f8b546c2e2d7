"""How the rules were applied to one person of a run, kept with the result.

It says which documents held on which days, and where; with the frozen inputs it is all that is
needed to make the person's lines again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from domain.day_lines import How
from domain.segments import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSegment:
    """Some days of a person, the place, and the documents that held; ``end`` is the day after."""

    start: date
    end: date
    days: int  # the calendar days on which the person was there
    unit_id: str
    platform_id: str | None
    position: str
    scorecard_id: str | None
    scorecard_revision: int | None
    scorecard_hash: str | None
    plan_version_id: str | None
    plan_hash: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredShape:
    """The shape of a person's programs and the segments, if the period was cut."""

    shape: Shape
    segments: tuple[StoredSegment, ...]


_PLAIN = (
    "days",
    "unit_id",
    "platform_id",
    "position",
    "scorecard_id",
    "scorecard_revision",
    "scorecard_hash",
    "plan_version_id",
    "plan_hash",
)


def write_shape(stored: StoredShape) -> dict[str, object]:
    """Write a shape as it is kept."""
    return {
        "score": _write_how(stored.shape.score),
        "pay": _write_how(stored.shape.pay),
        "segments": [
            {
                "start": each.start.isoformat(),
                "end": each.end.isoformat(),
                **{name: getattr(each, name) for name in _PLAIN},
            }
            for each in stored.segments
        ],
    }


def read_shape(document: Mapping[str, Any]) -> StoredShape:
    """Read a shape back."""
    return StoredShape(
        shape=Shape(score=_read_how(document["score"]), pay=_read_how(document["pay"])),
        segments=tuple(
            StoredSegment(
                start=date.fromisoformat(each["start"]),
                end=date.fromisoformat(each["end"]),
                **{name: each[name] for name in _PLAIN},
            )
            for each in document["segments"]
        ),
    )


def _read_how(document: Mapping[str, Any]) -> How:
    return How(
        places=tuple(document["places"]),
        by_days=document["by_days"],
        ramped=document["ramped"],
    )


def _write_how(how: How) -> dict[str, object]:
    return {"places": list(how.places), "by_days": how.by_days, "ramped": how.ramped}
