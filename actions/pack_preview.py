"""What a pack would have scored and paid in periods that are over, beside what was paid.

The trial of plans does it, with the scorecards and metrics of the pack in the place of those in
force: no rule is written a second time, nothing is written at all, and no period moves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from actions.backtest import (
    Backtest,
    Candidate,
    Progress,
    demand_backtest,
    one_currency,
    tried_on,
)
from actions.backtest_period import FrozenPeriod, Tried
from actions.deed import Runtime, demand_entity
from actions.pack_pins import version_of
from actions.pack_trial import TRIED, PackTrial, Prepared, prepare_trial
from actions.plan_comparison import Spread, spread_of
from actions.prepare import goal_problems
from actions.scoring import Variant
from domain.access import Actor, Deed, Resource, System
from domain.component import SCORE
from domain.evaluate import explain
from domain.knowledge import Knowledge
from domain.metric import Metric
from domain.pack_data import leaves_of_formula
from domain.period import Period, PeriodKind, period_named
from domain.problem import Problem, Refused
from domain.program import Line, Program
from storage.engine import Writing, reading
from storage.fact_rows import counts_by_kind
from storage.people import legal_entity
from storage.runs import posted_periods

MOST_PERIODS = 6
USUAL_PERIODS = 3
_READER = System(name="backtest")


@dataclass(frozen=True, slots=True, kw_only=True)
class CardScores:
    """What one scorecard of the pack would have given, and what was given the same people."""

    key: str
    people: int
    results: int  # one per person and period
    scored: int
    after: Spread
    scored_before: int
    before: Spread


@dataclass(frozen=True, slots=True, kw_only=True)
class KpiFacts:
    """Whether a metric can be computed from the facts that are there."""

    metric: Metric
    facts: int
    absent: tuple[str, ...]  # what it reads and of which there is none in its unit
    people: int | None  # of how many there is a value; None where nothing that is tried reads it
    of: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PackPreview:
    """The answer."""

    pack_id: str
    version: str
    hash: str
    backtest: Backtest
    cards: tuple[CardScores, ...]
    kpis: tuple[KpiFacts, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonPreview:
    """One person in one period, line by line by the rules of the pack."""

    score_before: int | None
    score_after: int | None
    before: int | None
    before_currency: str  # that of the plan in force, which may be another one
    after: int | None
    currency: str
    score_lines: tuple[Line, ...]
    lines: tuple[Line, ...]
    names: Mapping[str, Mapping[str, str]]  # of KPIs and components, by key


@dataclass(slots=True, kw_only=True)
class _Watching:
    """What is noted beside pay while the periods go by."""

    prepared: Prepared
    people: dict[str, set[str]] = field(default_factory=dict)
    after: dict[str, list[int | None]] = field(default_factory=dict)
    before: dict[str, list[int | None]] = field(default_factory=dict)
    values: dict[str, tuple[int, int]] = field(default_factory=dict)
    problems: dict[tuple[str, str], Problem] = field(default_factory=dict)

    def see(self, frozen: FrozenPeriod, in_force: Tried, tried: Tried) -> None:
        """Note the scores of a period, and who has values."""
        given = {each.person_id: row for row, each in enumerate(in_force.people)}
        for variant in tried.variants:
            card = variant.scorecard
            if card is None or not card.id.startswith(TRIED):
                continue
            key = card.scorecard.key
            for row in variant.rows.tolist():
                person = tried.people[row].person_id
                self.people.setdefault(key, set()).add(person)
                self.after.setdefault(key, []).append(tried.score.at(row))
                place = given.get(person)
                was = None if place is None else in_force.score.at(place)
                self.before.setdefault(key, []).append(was)
        self._count(tried)
        for each in (*frozen.problems, *self._goals(tried)):
            self.problems.setdefault((each.code, each.path), each)

    def _goals(self, tried: Tried) -> Sequence[Problem]:
        return goal_problems(tried.calculation) if tried.calculation is not None else ()

    def _count(self, tried: Tried) -> None:
        """Count for whom there is a value of what is tried; the last period is what is said."""
        assert tried.calculation is not None
        seen: dict[str, tuple[int, int]] = {}
        for variant in tried.variants:
            programs = (variant.score_program, variant.pay_program)
            names = {given.name for each in programs if each for given in each.inputs}
            for key in self.prepared.metrics:
                column = tried.calculation.columns.get(f"{key}.num")
                if f"{key}.num" not in names or column is None:
                    continue
                rows = variant.rows
                there = len(rows) if column.present is None else int(column.present[rows].sum())
                with_value, people = seen.get(key, (0, 0))
                seen[key] = (with_value + there, people + len(rows))
        self.values = seen

    def cards(self) -> tuple[CardScores, ...]:
        """Say what each scorecard gave."""
        return tuple(
            CardScores(
                key=key,
                people=len(self.people[key]),
                results=len(after),
                scored=sum(each is not None for each in after),
                after=_spread(after),
                scored_before=sum(each is not None for each in self.before[key]),
                before=_spread(self.before[key]),
            )
            for key, after in sorted(self.after.items())
        )


def _spread(scores: Sequence[int | None]) -> Spread:
    there = [each for each in scores if each is not None]
    return spread_of(np.array(there, dtype=np.int64))


def preview_pack(
    runtime: Runtime,
    actor: Actor,
    entity_id: str,
    trial: PackTrial,
    periods: Sequence[str] = (),
    last: int = USUAL_PERIODS,
    progress: Progress | None = None,
) -> PackPreview:
    """Try the rules of a pack on periods that were posted, for whoever may decide all pay.

    Without ``periods`` it is the ``last`` ones of the cadence of the first plan.
    """
    demand_preview(actor, entity_id)
    with reading(runtime.engine, _READER) as connection:
        turn = Writing(
            connection=connection,
            entity_id=entity_id,
            known_at=runtime.clock(),
            actor=_READER.name,
        )
        named = _periods(turn, runtime, trial, periods, last)
        prepared = prepare_trial(turn, runtime.packs, trial, named[0], named[-1])
        watching = _Watching(prepared=prepared)
        candidate = _candidate(prepared)
        currency = _currency(turn, prepared)
        found = tried_on(turn, named, [candidate], currency, progress, watching.see)
        return PackPreview(
            pack_id=prepared.pin.pack.id,
            version=prepared.pin.pack.version,
            hash=prepared.pin.pack.hash,
            backtest=found,
            cards=watching.cards(),
            kpis=_kpis(turn, prepared, watching, named),
            problems=(*found.problems, *watching.problems.values()),
        )


def preview_person(
    runtime: Runtime,
    actor: Actor,
    entity_id: str,
    trial: PackTrial,
    period_name: str,
    person_id: str,
) -> PersonPreview:
    """Explain what one person would have got in one period, line by line."""
    demand_preview(actor, entity_id)
    with reading(runtime.engine, _READER) as connection:
        turn = Writing(
            connection=connection,
            entity_id=entity_id,
            known_at=runtime.clock(),
            actor=_READER.name,
        )
        (period,) = _periods(turn, runtime, trial, [period_name], 1)
        prepared = prepare_trial(turn, runtime.packs, trial, period, period)
        seen: list[tuple[Tried, Tried]] = []
        tried_on(
            turn,
            [period],
            [_candidate(prepared)],
            _currency(turn, prepared),
            watch=lambda _, in_force, tried: seen.append((in_force, tried)),
        )
    return _person(prepared, seen[0], person_id)


def demand_preview(actor: Actor, entity_id: str) -> None:
    """Refuse whoever may not read packs, or not all calculations and pay of the entity."""
    demand_entity(actor, Resource.PACK, entity_id, Deed.READ)
    demand_backtest(actor, entity_id)


def demand_few_periods(periods: Sequence[str], last: int) -> None:
    """Refuse more periods than a pack is tried on at once."""
    if not 1 <= last <= MOST_PERIODS or len(periods) > MOST_PERIODS:
        values = {"field": "periods", "low": "1", "high": str(MOST_PERIODS)}
        raise Refused("number_out_of_range", values, path="periods")


def _candidate(prepared: Prepared) -> Candidate:
    return Candidate(
        name=prepared.pin.pack.id,
        on=lambda frozen, history: frozen.with_rules(prepared.trial, history),
    )


def _currency(writing: Writing, prepared: Prepared) -> str:
    plans = [each.plan for each in prepared.trial.rules.plans]
    if plans:
        return one_currency(plans)
    entity = legal_entity(writing.connection, writing.entity_id)
    assert entity is not None
    return entity.currency


def _periods(
    writing: Writing, runtime: Runtime, trial: PackTrial, periods: Sequence[str], last: int
) -> list[Period]:
    """Name what the pack is tried on, in order of time: all of one kind."""
    demand_few_periods(periods, last)
    named = {period_named(each) for each in periods}
    if not named:
        kind = _kind(writing, runtime, trial)
        posted = map(period_named, posted_periods(writing.connection, writing.entity_id))
        found = sorted((each for each in posted if each.kind is kind), key=lambda one: one.start)
        named = set(found[-last:])
        if not named:
            raise Refused("pack_preview_nothing", {"cadence": kind.value}, path="periods")
    if len({each.kind for each in named}) > 1:
        values = {"period": max(each.name for each in named), "cadence": "-"}
        raise Refused("backtest_other_cadence", values, path="periods")
    return sorted(named, key=lambda each: each.start)


def _kind(writing: Writing, runtime: Runtime, trial: PackTrial) -> PeriodKind:
    """Say by which periods the first plan that is tried pays; the pack need not be on offer."""
    pin = version_of(
        writing.connection, runtime.packs, writing.entity_id, trial.pack_id, trial.version
    )
    chosen = [each for each in pin.pack.plans if not trial.scopes or each["key"] in trial.scopes]
    return PeriodKind(str(chosen[0]["cadence"])) if chosen else PeriodKind.MONTH


def _kpis(
    writing: Writing, prepared: Prepared, watching: _Watching, periods: Sequence[Period]
) -> tuple[KpiFacts, ...]:
    """Hold each metric of the pack against the facts of the periods: one statement for all."""
    window = (periods[0].start, periods[-1].end)
    at = Knowledge.at(writing.known_at)
    counts = counts_by_kind(writing.connection, writing.entity_id, window, at)
    return tuple(
        _kpi(metric, counts, watching.values.get(key)) for key, metric in prepared.metrics.items()
    )


def _kpi(
    metric: Metric, counts: Mapping[tuple[str, str], int], values: tuple[int, int] | None
) -> KpiFacts:
    facts, absent = 0, []
    for leaf in dict.fromkeys((str(each.fact), each.unit) for each in leaves_of_formula(metric)):
        kind, unit = leaf
        found = sum(n for (k, u), n in counts.items() if k == kind and unit in {None, u})
        facts += found
        if not found:
            absent.append(kind)
    return KpiFacts(
        metric=metric,
        facts=facts,
        absent=tuple(sorted(set(absent))),
        people=None if values is None else values[0],
        of=None if values is None else values[1],
    )


def _person(prepared: Prepared, seen: tuple[Tried, Tried], person_id: str) -> PersonPreview:
    in_force, tried = seen
    places = [row for row, each in enumerate(tried.people) if each.person_id == person_id]
    if not places:
        raise Refused("result_missing", {}, path="person")
    row = places[0]
    was = [place for place, each in enumerate(in_force.people) if each.person_id == person_id]
    variant, crew, inner = _crew_of(tried, row)
    table = {name: column.at(inner) for name, column in tried.earned.tables[crew].items()}
    score_lines = _explained(variant.score_program, table)
    names: dict[str, Mapping[str, str]] = {
        key: metric.name for key, metric in prepared.metrics.items()
    }
    plan = variant.plan.plan if variant.plan else None
    names |= {each.id: each.name for each in (plan.components if plan else ())}
    paid = tried.earned.payout.at(row) if plan is not None else None
    paying = _crew_of(in_force, was[0])[0].plan if was else None
    return PersonPreview(
        score_before=in_force.score.at(was[0]) if was else None,
        score_after=tried.score.at(row),
        before=in_force.earned.payout.at(was[0]) if paying else None,
        before_currency=paying.plan.currency if paying else "",
        after=paid,
        currency=plan.currency if plan is not None else "",
        score_lines=score_lines,
        lines=_explained(variant.pay_program, table | {SCORE: tried.score.at(row)}),
        names=names,
    )


def _crew_of(tried: Tried, row: int) -> tuple[Variant, int, int]:
    for place, variant in enumerate(tried.variants):
        found = np.flatnonzero(variant.rows == row)
        if len(found):
            return variant, place, int(found[0])
    raise AssertionError("everybody is in one variant")


def _explained(program: Program | None, table: Mapping[str, int | None]) -> tuple[Line, ...]:
    return () if program is None else tuple(explain(program, table))
