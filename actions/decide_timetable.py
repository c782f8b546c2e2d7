"""A legal entity decides when its open periods are calculated by themselves."""

from __future__ import annotations

from collections.abc import Sequence

from actions.deed import demand_entity
from actions.timetable import Timetable
from domain.access import Actor, Resource
from domain.period import PeriodKind
from domain.problem import Refused
from domain.timed_calculation import CalculationTimetable, LateSources
from storage.engine import Writing
from storage.timed_calculation import add_timetable, calculation_timetable

_LAST_BEGINNING = 28  # every month has that day


def decide_timetable(
    writing: Writing,
    actor: Actor,
    *,
    timetable: Timetable | None,
    kinds: Sequence[PeriodKind],
    months_begin_on: int,
    late_sources: LateSources,
    shows_scores: bool,
    reason: str,
    expected_version: int,
) -> str:
    """Add a revision of the timetable; without one nothing is calculated by itself any more."""
    demand_entity(actor, Resource.CALCULATION, writing.entity_id)
    if not reason.strip():
        raise Refused("text_empty", {"field": "reason"}, path="reason")
    if timetable is not None and not kinds:
        raise Refused("timetable_without_periods", path="periods")
    if not 1 <= months_begin_on <= _LAST_BEGINNING:
        values = {"field": "monthsBeginOn", "low": "1", "high": str(_LAST_BEGINNING)}
        raise Refused("number_out_of_range", values, path="monthsBeginOn")
    before = calculation_timetable(writing.connection, writing.entity_id)
    current = 0 if before is None else before.version
    if expected_version != current:
        raise Refused("version_conflict", {"current": str(current)})
    add_timetable(
        writing,
        CalculationTimetable(
            entity_id=writing.entity_id,
            timetable=None if timetable is None else timetable.document(),
            kinds=tuple(dict.fromkeys(kinds)),
            months_begin_on=months_begin_on,
            late_sources=late_sources,
            shows_scores=shows_scores,
            reason=reason.strip(),
            version=current + 1,
            known_at=writing.known_at,
        ),
    )
    return writing.entity_id
