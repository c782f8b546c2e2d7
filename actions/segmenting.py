"""Where somebody's period is cut, and which rules hold in each part.

A period is cut on the day on which another document takes over, or on which the person's unit,
platform, position or goal changes, if the document that ends and the one that takes over both say
SEGMENTS and agree on how the parts are put together. Everything else counts from the next period.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from typing import TypeVar

from domain.people import Assignment
from domain.period import Period
from domain.plan import Plan
from domain.problem import Problem, Severity
from domain.proration import Basis, Proration
from domain.scorecard import Scorecard
from domain.workdays import Span, WorkCalendar, calendar_days
from storage.definitions import StoredPlan, StoredScorecard
from storage.goals import Asked

Ruled = TypeVar("Ruled", StoredScorecard, StoredPlan)
Place = tuple[str, str | None, str]  # unit, platform, position
Rules = Callable[[date, Assignment], tuple[StoredScorecard | None, StoredPlan | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonSegment:
    """Some days of a person: ``spans`` are those present, ``[start, end)`` those whose facts count.

    The segments of a person tile the period, so that no fact is lost or counted twice.
    """

    start: date
    end: date
    spans: tuple[Span, ...]
    assignment: Assignment
    scorecard: StoredScorecard | None
    plan: StoredPlan | None
    goal: Asked | None = None  # what the goal asked for in these days, where it was changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """The segments of a person; which of them the score and the pay are put together from."""

    segments: tuple[PersonSegment, ...]
    scores: tuple[int, ...]
    pays: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutter:
    """Cuts the periods of people; ``days`` are those on which some document begins or ends."""

    period: Period
    days: frozenset[date]
    rules: Rules
    calendar: WorkCalendar
    problems: dict[tuple[str, str], Problem]

    def cut(self, held: Sequence[Assignment], goal_days: Mapping[date, Asked]) -> Cut | None:
        """Cut one person's period, or return None where it stays whole."""
        parts = self._parts(held, goal_days)
        if not parts[1:]:
            return None
        scored = self._put([replace(part, plan=None) for part in parts], _card_of, _with_card)
        paid = self._put([replace(part, scorecard=None) for part in parts], _plan_of, _with_plan)
        if not scored and not paid:
            return None
        by_window = {(part.start, part.end): part for part in scored}
        for part in paid:
            same = by_window.get((part.start, part.end), part)
            by_window[part.start, part.end] = replace(same, plan=part.plan)
        windows = sorted(by_window)
        return Cut(
            segments=tuple(by_window[window] for window in windows),
            scores=tuple(windows.index((part.start, part.end)) for part in scored),
            pays=tuple(windows.index((part.start, part.end)) for part in paid),
        )

    def _put(
        self,
        parts: Sequence[PersonSegment],
        found: Callable[[PersonSegment], Ruled | None],
        given: Callable[[PersonSegment, Ruled | None], PersonSegment],
    ) -> tuple[PersonSegment, ...]:
        """Put together the days under one document; nothing where the period stays whole."""
        holds, cuts = self._walk(parts, [found(part) for part in parts])
        merged: list[PersonSegment] = []
        for place, (part, held) in enumerate(zip(parts, holds, strict=True)):
            if place in cuts or not merged:
                merged.append(given(part, held))
            else:
                merged[-1] = _joined(merged[-1], part)
        whole = self._tiled(self._without_empty(merged))
        return whole if whole[1:] else ()

    def _parts(
        self, held: Sequence[Assignment], goal_days: Mapping[date, Asked]
    ) -> list[PersonSegment]:
        """List the stretches of days on which nothing changes for the person."""
        period = self.period
        edges = {period.start, period.end}
        for each in held:
            edges.update((each.valid_from, each.valid_to or period.end))
        edges.update(self.days, goal_days)
        inside = sorted(day for day in edges if period.start <= day <= period.end)
        found = []
        for start, end in pairwise(inside):
            there = [each for each in held if _covers(each, start)]
            if not there:
                continue
            deciding = max(there, key=lambda each: lateness(each, period))
            card, plan = self.rules(start, deciding)
            found.append(
                PersonSegment(
                    start=start,
                    end=end,
                    spans=((start, end),),
                    assignment=deciding,
                    scorecard=card,
                    plan=plan,
                    goal=_goal_on(start, goal_days),
                )
            )
        return found

    def _walk(
        self, parts: Sequence[PersonSegment], found: Sequence[Ruled | None]
    ) -> tuple[list[Ruled | None], set[int]]:
        """Follow one kind of document through the period: what holds, and where it is cut."""
        holds: list[Ruled | None] = [found[0]]
        cuts: set[int] = set()
        for place in range(1, len(parts)):
            before, after = holds[-1], found[place]
            same_place = place_of(parts[place - 1].assignment) == place_of(parts[place].assignment)
            same_goal = parts[place - 1].goal == parts[place].goal
            if _is_same(before, after) and same_place and same_goal:
                holds.append(before)
            elif self._is_cut(before, after):
                holds.append(after)
                cuts.add(place)
            else:
                holds.append(before)
        return holds, cuts

    def _is_cut(self, before: Ruled | None, after: Ruled | None) -> bool:
        known = [each for each in (before, after) if each is not None]
        choices = [proration_of(each) for each in known]
        if not known or not all(each is not None and each.cuts for each in choices):
            return False
        if not known[1:]:
            return True
        first, second = (_put_together(each) for each in known)
        if first == second:
            return True
        values = {"first": _key(known[0]), "second": _key(known[1])}
        self.problems[known[0].id, known[1].id] = Problem(
            code="segments_refused", values=values, severity=Severity.WARNING
        )
        return False

    def _without_empty(self, parts: Sequence[PersonSegment]) -> list[PersonSegment]:
        """Give a segment without a single day that counts to its neighbour."""
        found: list[PersonSegment] = []
        waiting: PersonSegment | None = None
        for part in parts:
            own = part if waiting is None else _joined(part, waiting)
            waiting = None
            if self._counts(own):
                found.append(own)
            elif found:
                found[-1] = _joined(found[-1], own)
            else:
                waiting = own
        return found

    def _counts(self, part: PersonSegment) -> bool:
        bases = {
            choices.basis
            for ruled in (part.scorecard, part.plan)
            if ruled is not None and (choices := proration_of(ruled)) is not None
        }
        if Basis.WORKING_DAYS in bases:
            return self.calendar.working_days(part.spans) > 0
        return calendar_days(part.spans) > 0

    def _tiled(self, parts: Sequence[PersonSegment]) -> tuple[PersonSegment, ...]:
        """Let the segments cover the period, so that every fact of it counts once."""
        starts = [self.period.start, *(part.spans[0][0] for part in parts[1:])]
        ends = [*starts[1:], self.period.end]
        return tuple(
            replace(part, start=start, end=end)
            for part, start, end in zip(parts, starts, ends, strict=True)
        )


def _card_of(part: PersonSegment) -> StoredScorecard | None:
    return part.scorecard


def _plan_of(part: PersonSegment) -> StoredPlan | None:
    return part.plan


def _with_card(part: PersonSegment, card: StoredScorecard | None) -> PersonSegment:
    return replace(part, scorecard=card)


def _with_plan(part: PersonSegment, plan: StoredPlan | None) -> PersonSegment:
    return replace(part, plan=plan)


def proration_of(ruled: StoredScorecard | StoredPlan) -> Proration | None:
    """Return the choices of a stored document."""
    return document_of(ruled).proration


def document_of(ruled: StoredScorecard | StoredPlan) -> Scorecard | Plan:
    """Return what a stored document says."""
    return ruled.scorecard if isinstance(ruled, StoredScorecard) else ruled.plan


def _put_together(ruled: StoredScorecard | StoredPlan) -> tuple[object, ...]:
    """Name what two documents must have in common to be put together."""
    choices = proration_of(ruled)
    assert choices is not None
    currency = "" if isinstance(ruled, StoredScorecard) else ruled.plan.currency
    return choices.basis, choices.split, choices.by, choices.peers, currency


def _key(ruled: StoredScorecard | StoredPlan) -> str:
    return document_of(ruled).key


def _is_same(before: Ruled | None, after: Ruled | None) -> bool:
    if before is None or after is None:
        return before is after
    return (before.id, before.version) == (after.id, after.version)


def place_of(assignment: Assignment) -> Place:
    """Name where somebody stands."""
    return assignment.unit_id, assignment.platform_id, assignment.position


def _covers(assignment: Assignment, day: date) -> bool:
    return assignment.valid_from <= day and (
        assignment.valid_to is None or assignment.valid_to > day
    )


def _joined(first: PersonSegment, second: PersonSegment) -> PersonSegment:
    """Give the days of the second to the first, whose rules and place hold for both."""
    spans = sorted((*first.spans, *second.spans))
    merged: list[Span] = []
    for start, end in spans:
        if merged and merged[-1][1] == start:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return replace(first, spans=tuple(merged))


def _goal_on(day: date, goal_days: Mapping[date, Asked]) -> Asked | None:
    begun = [each for each in goal_days if each <= day]
    return goal_days[max(begun)] if begun else None


def lateness(assignment: Assignment, period: Period) -> tuple[date, date, str]:
    """Order assignments by how far they last into the period, then by how new they are."""
    return last_day(assignment, period), assignment.valid_from, assignment.id


def last_day(assignment: Assignment, period: Period) -> date:
    """Return the last day of the period on which an assignment holds."""
    if assignment.valid_to is None or assignment.valid_to >= period.end:
        return period.last_day
    return assignment.valid_to - timedelta(days=1)


def spans_of(held: Sequence[Assignment], period: Period) -> tuple[Span, ...]:
    """List the days of the period on which somebody is assigned anywhere."""
    clipped = sorted(
        (max(each.valid_from, period.start), min(each.valid_to or period.end, period.end))
        for each in held
    )
    found: list[Span] = []
    for start, end in clipped:
        if start >= end:
            continue
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return tuple(found)
