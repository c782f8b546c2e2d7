"""Who takes part in a period, where they stand in it, and which rules are theirs.

A person belongs to the unit of the last day of the period on which they were assigned at all, so a
leaver is still compared with the last team. The rules are those that hold on the period's first
day: a scorecard or plan that begins later counts from the next period, never backwards, unless
its proration block says that it counts from its day (`actions/segmenting.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from actions.chosen_rules import Above, ChosenRules
from actions.in_force import InForce, read_in_force
from actions.segmenting import (
    Cutter,
    PersonSegment,
    Ruled,
    document_of,
    last_day,
    lateness,
    spans_of,
)
from actions.work_calendar import work_calendar
from domain.day_lines import How
from domain.knowledge import Knowledge, as_knowledge
from domain.people import Assignment
from domain.period import Period
from domain.problem import Problem
from domain.proration import LONGEST_RAMP, Basis, Ramp
from domain.ramping import ramp_share
from domain.segments import WHOLE, Shape
from domain.workdays import Span, WorkCalendar, calendar_days
from storage.definitions import StoredPlan, StoredScorecard
from storage.engine import Connection
from storage.goals import Asked, goal_changes
from storage.people import assignments, joined_since

Instead = Callable[[tuple[StoredPlan, ...]], tuple[StoredPlan, ...]]
_MONTH_DAYS = 31


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """One person of a period with the rules that apply; ``above`` starts with the own unit.

    ``days`` are the calendar days of the period on which the person was assigned to any unit, and
    ``is_full`` says that this was all of them. ``shape`` and ``segments`` say how the rules are
    applied to somebody who was there for a part, or whose period was cut.
    """

    person_id: str
    unit_id: str
    platform_id: str | None
    position: str
    above: tuple[str, ...]
    scorecard: StoredScorecard | None
    plan: StoredPlan | None
    days: int = 0
    is_full: bool = True
    spans: tuple[Span, ...] = ()
    joined_on: date | None = None  # known only of those whom a ramp may concern
    shape: Shape = WHOLE
    segments: tuple[PersonSegment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedRules:
    """Scorecards and plans that are tried beside those in force, and win wherever they are meant.

    ``without`` names by key what is in force and would no longer be.
    """

    cards: tuple[StoredScorecard, ...] = ()
    plans: tuple[StoredPlan, ...] = ()
    without: frozenset[str] = frozenset()

    def with_cards(self, in_force: tuple[StoredScorecard, ...]) -> tuple[StoredScorecard, ...]:
        """Put the scorecards where they would be."""
        return (*(each for each in in_force if each.scorecard.key not in self.without), *self.cards)

    def with_plans(self, in_force: tuple[StoredPlan, ...]) -> tuple[StoredPlan, ...]:
        """Put the plans where they would be."""
        return (*(each for each in in_force if each.plan.key not in self.without), *self.plans)

    @property
    def ids(self) -> frozenset[str]:
        """The ids of what is tried."""
        return frozenset(each.id for each in (*self.cards, *self.plans))


def participants(
    connection: Connection,
    entity_id: str,
    period: Period,
    known_at: datetime | Knowledge,
    *,
    instead: Instead | None = None,
    tried: TriedRules | None = None,
    only: Sequence[str] | None = None,
    in_force: InForce | None = None,
) -> tuple[tuple[Participant, ...], tuple[Problem, ...]]:
    """Return everyone with a scorecard or a plan in ``period``, by person id.

    ``instead`` says which plans are tried in the place of those that are in force, ``tried`` which
    scorecards and plans beside them. ``only`` names the few who are asked for, ``in_force`` spares
    whoever has read the rules from reading them again.
    """
    knowledge = as_knowledge(known_at)
    held = assignments(
        connection,
        entity_id,
        start=period.start,
        end=period.end,
        known_at=knowledge.organisation,
        person_ids=only,
    )
    held_rules = in_force or read_in_force(connection, entity_id, period, knowledge)
    cards, plans = held_rules.cards, held_rules.plans
    plans = plans if instead is None else instead(plans)
    if tried is not None:
        cards, plans = tried.with_cards(cards), tried.with_plans(plans)
    plans = tuple(each for each in plans if each.plan.cadence is period.kind)
    above = Above(connection, knowledge.organisation, held_rules.above)
    problems: dict[tuple[str, str], Problem] = {}
    first = frozenset[str]() if tried is None else tried.ids
    chosen = ChosenRules(cards=cards, plans=plans, above=above, problems=problems, first=first)
    shaper = _shaper(connection, entity_id, period, knowledge, chosen, only)
    found = []
    for person_id, theirs in _by_person(held).items():
        deciding = theirs[0] if not theirs[1:] else max(theirs, key=lambda a: lateness(a, period))
        units = above.of(deciding.unit_id, last_day(deciding, period))
        platform, position = deciding.platform_id, deciding.position
        card, plan = chosen.rules(period.start, units, platform, position, person_id)
        # who is there from the first day to the last needs no list of days
        is_full = deciding.valid_from <= period.start and _lasts(deciding, period)
        spans = ((period.start, period.end),) if is_full else spans_of(theirs, period)
        person = Participant(
            person_id=person_id,
            unit_id=deciding.unit_id,
            platform_id=platform,
            position=position,
            above=units,
            scorecard=card,
            plan=plan,
            days=calendar_days(spans),
            is_full=calendar_days(spans) == period.days,
            spans=spans,
        )
        if shaper is not None:
            person = shaper.shaped(person, theirs)
        if person.scorecard is not None or person.plan is not None:
            found.append(person)
    found.sort(key=lambda participant: participant.person_id)
    return tuple(found), tuple(problems.values())


def _by_person(held: Sequence[Assignment]) -> dict[str, list[Assignment]]:
    found: dict[str, list[Assignment]] = {}
    for each in held:
        found.setdefault(each.person_id, []).append(each)
    return found


def _lasts(assignment: Assignment, period: Period) -> bool:
    return assignment.valid_to is None or assignment.valid_to >= period.end


def _shaper(
    connection: Connection,
    entity_id: str,
    period: Period,
    known: Knowledge,
    chosen: ChosenRules,
    only: Sequence[str] | None,
) -> _Shaper | None:
    """Prepare for those whom a proration or a ramp may concern; nobody else pays for it."""
    stored: list[StoredScorecard | StoredPlan] = [*chosen.cards, *chosen.plans]
    documents = [document_of(each) for each in stored]
    prorations = [each.proration for each in documents if each.proration is not None]
    ramps = [each.ramp for each in documents if each.ramp is not None]
    if not prorations and not ramps:
        return None
    years = range(period.start.year, period.last_day.year + 1)
    calendar = WorkCalendar()
    if any(each.basis is Basis.WORKING_DAYS for each in prorations):
        calendar = work_calendar(connection, entity_id, years=years, known_at=known.rules)
    goals: Mapping[str, Mapping[date, Asked]] = {}
    cutter = None
    if any(each.cuts for each in prorations):
        goals = goal_changes(
            connection, entity_id, period=period, known_at=known.goals, owner_ids=only
        )
        days = {day for each in stored for day in _edges(each)}
        cutter = Cutter(
            period=period,
            days=frozenset(days),
            rules=chosen.rules_of,
            calendar=calendar,
            problems=chosen.problems,
        )
    joined: Mapping[str, date] = {}
    if ramps:
        earliest = period.start - timedelta(days=_MONTH_DAYS * (LONGEST_RAMP + 1))
        joined = joined_since(
            connection, entity_id, day=earliest, known_at=known.organisation, person_ids=only
        )
    return _Shaper(period=period, calendar=calendar, cutter=cutter, goals=goals, joined=joined)


def _last(documents: Sequence[Ruled | None]) -> Ruled | None:
    """Return the document that held last; a place without one at the end has none to show."""
    return next((each for each in reversed(documents) if each is not None), None)


def _edges(ruled: StoredScorecard | StoredPlan) -> tuple[date, ...]:
    return (ruled.valid_from,) if ruled.valid_to is None else (ruled.valid_from, ruled.valid_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shaper:
    """Says how the rules are applied to one person."""

    period: Period
    calendar: WorkCalendar
    cutter: Cutter | None
    goals: Mapping[str, Mapping[date, Asked]]
    joined: Mapping[str, date]

    def shaped(self, person: Participant, held: Sequence[Assignment]) -> Participant:
        """Cut the person's period, and see what is taken by days or grows with a ramp."""
        cut = None
        if self.cutter is not None:
            cut = self.cutter.cut(held, self.goals.get(person.person_id, {}))
        if cut is not None:
            cards = [cut.segments[place].scorecard for place in cut.scores]
            plans = [cut.segments[place].plan for place in cut.pays]
            person = replace(
                person,
                segments=cut.segments,
                scorecard=_last(cards) if cut.scores else person.scorecard,
                plan=_last(plans) if cut.pays else person.plan,
            )
        joined_on = self.joined.get(person.person_id)
        shape = Shape(
            score=self._how(person, person.scorecard, joined_on, cut.scores if cut else ()),
            pay=self._how(person, person.plan, joined_on, cut.pays if cut else ()),
        )
        return replace(person, shape=shape, joined_on=joined_on) if shape != WHOLE else person

    def _how(
        self,
        person: Participant,
        ruled: StoredScorecard | StoredPlan | None,
        joined_on: date | None,
        places: tuple[int, ...],
    ) -> How:
        if ruled is None:
            return How()
        document = document_of(ruled)
        proration, ramp = document.proration, document.ramp
        by_days = False
        if proration is not None and proration.basis is not Basis.NONE:
            by_days = bool(places) and proration.is_by_segment
            by_days = by_days or not self._is_whole(person, proration.basis)
        return How(places=places, by_days=by_days, ramped=self._is_ramped(ramp, joined_on))

    def _is_whole(self, person: Participant, basis: Basis) -> bool:
        if person.is_full:
            return True
        if basis is not Basis.WORKING_DAYS:
            return False
        whole = self.calendar.working_days([(self.period.start, self.period.end)])
        return whole > 0 and self.calendar.working_days(person.spans) == whole

    def _is_ramped(self, ramp: Ramp | None, joined_on: date | None) -> bool:
        if ramp is None or joined_on is None:
            return False
        share, full = ramp_share(ramp, joined_on, self.period)
        return share != full
