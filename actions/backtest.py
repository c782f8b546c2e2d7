"""What other plans would have paid in periods that are over, beside what was paid.

Nothing is written and nothing moves. Every period is paid from what its run froze, first by the
plans in force, which must come to the very amount that was posted, then by each plan that is tried.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actions.backtest_period import FrozenPeriod, History, Tried
from actions.deed import demand_entity
from actions.participants import Instead
from actions.plan_comparison import Churn, Side, biggest, churn_of, side_of, sides_of
from actions.prepare_pay import demand_pay
from domain.absolute_variant import absolute_variant
from domain.access import Actor, Deed, Resource
from domain.kinds.reward_above_median import RewardAboveMedian
from domain.period import Period, period_named
from domain.plan import Plan
from domain.problem import Problem, Refused
from storage.definitions import Scope, StoredPlan
from storage.engine import Writing
from storage.frozen_columns import Roll
from storage.results import Run
from storage.runs import RunState, runs_in
from storage.settling import first_days

Codes = NDArray[np.int64]
Truths = NDArray[np.bool_]
Progress = Callable[[int, int], None]
Watch = Callable[[FrozenPeriod, Tried, Tried], None]  # the period, in force, tried
MOVERS = 20
TENURES = (6, 12, 36)  # months: newcomers, the first year, up to three years, longer
BANDS = (*(f"<{limit}" for limit in TENURES), f">={TENURES[-1]}")
ABSOLUTE = "absolute"
_NEVER = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A plan that is tried. Without a scope it pays everybody in the place of his own plan."""

    name: str
    plan: Plan
    hash: str
    scope: Scope | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mover:
    """Somebody who wins or loses much."""

    person_id: str
    before: int
    after: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Compared:
    """One tried plan beside the plans in force, over all periods, by person."""

    name: str
    whole: Side
    churn: Churn
    teams: tuple[tuple[str, Side], ...]
    platforms: tuple[tuple[str, Side], ...]
    tenures: tuple[tuple[str, Side], ...]
    winners: tuple[Mover, ...]
    losers: tuple[Mover, ...]
    not_comparable: int  # people of whom some period could not be paid by both
    unknown: tuple[str, ...]  # whom that is, the first of them
    gathered: Mapping[str, tuple[str, ...]]  # by period, what was not in the snapshot


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ComparedPeople(Compared):
    """The same with everybody's pay, as it was just calculated; it is not kept."""

    people: tuple[str, ...]
    before: Codes
    after: Codes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Backtest:
    """The answer: each plan that was tried, and what stands in the way of believing it."""

    periods: tuple[str, ...]
    runs: tuple[str, ...]
    currency: str
    tried: tuple[Compared, ...]
    problems: tuple[Problem, ...]


def backtest(
    writing: Writing,
    actor: Actor,
    drafts: Sequence[Draft],
    periods: Sequence[str],
    progress: Progress | None = None,
) -> Backtest:
    """Try plans on periods that were posted, for the whole company.

    A plan with rewards above a median is tried a second time as its absolute counterpart.
    """
    demand_backtest(actor, writing.entity_id)
    named = sorted({period_named(each) for each in periods}, key=lambda each: each.start)
    if not named or not drafts:
        raise Refused("backtest_empty", {})
    plans = _with_variants(drafts, named, writing.entity_id)
    currency = one_currency([each.plan for each in drafts])
    return tried_on(writing, named, plans, currency, progress)


def tried_on(
    writing: Writing,
    named: Sequence[Period],
    plans: Sequence[Candidate],
    currency: str,
    progress: Progress | None = None,
    watch: Watch | None = None,
) -> Backtest:
    """Walk through posted periods with everything that is tried; ``watch`` sees each of them."""
    bases = [_base(writing, period) for period in named]
    state = _State(writing=writing, currency=currency, plans=list(plans), watch=watch)
    for done, (period, base) in enumerate(zip(named, bases, strict=True)):
        state.add(period, base)
        if progress is not None:
            progress(done + 1, len(named))
    return Backtest(
        periods=tuple(each.name for each in named),
        runs=tuple(each.id for each in bases),
        currency=currency,
        tried=tuple(state.compared(place) for place in range(len(state.plans))),
        problems=tuple(state.problems),
    )


def demand_backtest(actor: Actor, entity_id: str) -> None:
    """Refuse whoever may not read calculations, and both see and decide all pay of the entity."""
    demand_entity(actor, Resource.CALCULATION, entity_id, Deed.READ)
    demand_pay(actor, entity_id)


def one_currency(plans: Sequence[Plan]) -> str:
    """Return the currency of plans that are tried together, or refuse two."""
    currencies = sorted({each.currency for each in plans})
    if len(currencies) > 1:
        raise Refused("backtest_currencies", {"currencies": ", ".join(currencies)})
    return currencies[0]


def _base(writing: Writing, period: Period) -> Run:
    states = (RunState.POSTED, RunState.FINAL)
    found = runs_in(writing.connection, writing.entity_id, period.name, states)
    if not found:
        raise Refused("backtest_not_posted", {"period": period.name})
    return found[0]


def _with_variants(
    drafts: Sequence[Draft], periods: Sequence[Period], entity_id: str
) -> list[Candidate]:
    found = []
    for draft in drafts:
        found.append(_candidate(draft, periods[0].start, entity_id))
        if any(isinstance(each, RewardAboveMedian) for each in draft.plan.components):
            other = replace(
                draft,
                name=f"{draft.name}.{ABSOLUTE}",
                plan=absolute_variant(draft.plan, {}),
                hash=f"{draft.hash}:{ABSOLUTE}",
            )
            found.append(_candidate(other, periods[0].start, entity_id))
    return found


def _candidate(draft: Draft, first: date, entity_id: str) -> Candidate:
    instead = instead_of(draft, stored_draft(draft, first, entity_id))
    return Candidate(
        name=draft.name, on=lambda frozen, history: frozen.with_plans(instead, history)
    )


def stored_draft(draft: Draft, first: date, entity_id: str) -> StoredPlan:
    """Give a draft the form of a version that has held since the first of the periods."""
    return StoredPlan(
        id=draft.hash,
        entity_id=entity_id,
        version=1,
        valid_from=first,
        valid_to=None,
        known_at=_NEVER,
        hash=draft.hash,
        pack_id=None,
        plan_id=f"{draft.name}:{draft.plan.key}",
        plan=draft.plan,
        state="DRAFT",
        scope=draft.scope or Scope(),
        findings=None,
        override_reason=None,
    )


def instead_of(draft: Draft, stored: StoredPlan) -> Instead:
    """Put a draft where it would be: for everybody, or beside the plans of other scopes."""

    def plans(in_force: tuple[StoredPlan, ...]) -> tuple[StoredPlan, ...]:
        if draft.scope is None:
            return (stored,)
        kept = [
            each
            for each in in_force
            if each.plan.key != draft.plan.key and each.scope != draft.scope
        ]
        return (*kept, stored)

    return plans


@dataclass(slots=True, kw_only=True, eq=False)
class Candidate:
    """What is tried, on its way through the periods."""

    name: str
    on: Callable[[FrozenPeriod, History], Tried]
    history: History = field(default_factory=History)
    after: Codes = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    unknown: Truths = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    gathered: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True, eq=False)
class _State:
    """Sums over the periods by person; a person is a number of the roll."""

    writing: Writing
    currency: str
    plans: list[Candidate]
    roll: Roll = field(default_factory=Roll)
    before: Codes = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    unknown: Truths = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    teams: dict[str, tuple[str, str]] = field(default_factory=dict)  # the last team and platform
    problems: list[Problem] = field(default_factory=list)
    last: date = date.min
    watch: Watch | None = None

    def add(self, period: Period, base: Run) -> None:
        """Pay one more period by the plans in force and by each plan that is tried."""
        frozen = FrozenPeriod(self.writing, period, base)
        in_force = frozen.in_force()
        paid = int(in_force.earned.payout.values.sum())
        if base.payout is not None and paid != base.payout:
            values = {"period": period.name}
            self.problems.append(Problem(code="backtest_differs", path=period.name, values=values))
        before = self._sums(in_force)
        tried = []
        for each in self.plans:
            tried.append(each.on(frozen, each.history))
            each.gathered[period.name] = tried[-1].gathered
            if self.watch is not None:
                self.watch(frozen, in_force, tried[-1])
        sums = [self._sums(each) for each in tried]
        size = len(self.roll.people)
        self.before, self.unknown = _grown(self.before, size), _grown(self.unknown, size)
        _added(self.before, self.unknown, before)
        for each, found in zip(self.plans, sums, strict=True):
            each.after, each.unknown = _grown(each.after, size), _grown(each.unknown, size)
            _added(each.after, each.unknown, found)
        self.last = period.last_day

    def _sums(self, tried: Tried) -> tuple[Codes, Codes, Truths]:
        """Give numbers of people, what they earn, and of whom it is not known."""
        numbers = self.roll.named([each.person_id for each in tried.people])
        for each in tried.people:
            self.teams[each.person_id] = (each.unit_id, each.platform_id or "")
        payout = tried.earned.payout
        unknown = np.zeros(len(payout), dtype=np.bool_)
        if payout.present is not None:
            unknown = np.logical_and(tried.earned.is_paid, np.logical_not(payout.present))
        for variant in tried.variants:
            if variant.plan is not None and variant.plan.plan.currency != self.currency:
                unknown[variant.rows] = True
        return numbers, np.where(unknown, 0, payout.values), unknown

    def compared(self, place: int) -> ComparedPeople:
        """Compare one plan with those in force over all people of whom both are known."""
        plan = self.plans[place]
        size = len(self.roll.people)
        unknown = np.logical_or(_grown(self.unknown, size), _grown(plan.unknown, size))
        known = np.flatnonzero(np.logical_not(unknown))
        ids = self.roll.people.to_pylist()
        people = tuple(ids[row] for row in known.tolist())
        before, after = _grown(self.before, size)[known], _grown(plan.after, size)[known]
        winning, losing = biggest(before, after, MOVERS)
        return ComparedPeople(
            name=plan.name,
            whole=side_of(before, after),
            churn=churn_of(before, after),
            teams=_sides(before, after, [self.teams[each][0] for each in people]),
            platforms=_sides(before, after, [self.teams[each][1] for each in people]),
            tenures=tuple(
                sorted(
                    _sides(before, after, self._tenures(people)),
                    key=lambda band: BANDS.index(band[0]),
                )
            ),
            winners=tuple(_mover(people, before, after, row) for row in winning.tolist()),
            losers=tuple(_mover(people, before, after, row) for row in losing.tolist()),
            not_comparable=int(unknown.sum()),
            unknown=tuple(ids[row] for row in np.flatnonzero(unknown).tolist()[:MOVERS]),
            gathered={name: found for name, found in plan.gathered.items() if found},
            people=people,
            before=before,
            after=after,
        )

    def _tenures(self, people: Sequence[str]) -> list[str]:
        """Say how long people were here at the end: the most months of each band, then more."""
        first = first_days(self.writing)
        return [_band(first.get(person), self.last) for person in people]


def _band(start: date | None, day: date) -> str:
    if start is None:
        return ""
    months = (day.year - start.year) * 12 + day.month - start.month - int(day.day < start.day)
    passed = sum(months >= limit for limit in TENURES)
    return BANDS[passed]


def _mover(people: Sequence[str], before: Codes, after: Codes, row: int) -> Mover:
    return Mover(person_id=people[row], before=int(before[row]), after=int(after[row]))


def _sides(before: Codes, after: Codes, labels: Sequence[str]) -> tuple[tuple[str, Side], ...]:
    names = sorted(set(labels) - {""})
    codes = {name: code for code, name in enumerate(names)} | {"": -1}
    groups = np.array([codes[label] for label in labels], dtype=np.int64)
    return tuple((names[each.group], each) for each in sides_of(before, after, groups))


def _grown(values: Any, size: int) -> Any:
    more = size - len(values)
    return np.concatenate([values, np.zeros(more, dtype=values.dtype)]) if more else values


def _added(sums: Codes, unknown: Truths, found: tuple[Codes, Codes, Truths]) -> None:
    numbers, amounts, lost = found
    sums[numbers] += amounts
    unknown[numbers] |= lost
