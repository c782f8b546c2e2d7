"""What a plan will cost in the periods that are not over, under assumptions that come back as data.

Nothing is written. Each period is paid by the same programs as in every calculation, from what has
happened, what is repeated of earlier facts, and what a scenario changes about it. Running spans,
medians and what was earned before go on from one period of the forecast to the next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from actions.backtest import Draft, Progress, demand_backtest, instead_of, stored_draft
from actions.forecast_numbers import repeated_period
from actions.forecast_period import Ahead, Course, paid
from actions.periods import business_day
from domain.access import Actor
from domain.lint import refused_together
from domain.period import Period
from domain.privacy import hidden_groups
from domain.problem import Problem, Refused
from domain.scenario import Newcomers, Scenario, demand_scenarios
from storage.engine import Writing
from storage.runs import RunState, runs_in

Codes = NDArray[np.int64]
Truths = NDArray[np.bool_]
MOST_AHEAD = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which plan, until when, and what is assumed. Without a draft the plans in force pay."""

    through: Period
    scenarios: tuple[Scenario, ...]
    newcomers: Newcomers
    likely: str
    currency: str
    draft: Draft | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What some people cost together."""

    total: int
    people: int
    without: int  # how many of them earn nothing
    not_known: int  # of how many a number is missing; they are in no total


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """One period of a scenario."""

    period: str
    repeated: str  # the period whose facts it repeats
    newcomers: int  # who was not there then
    off_goal: int  # who lacks the goal at whose height everybody is put
    uncut: int  # whose period is cut; his last rules are taken for all of it
    cost: Cost
    teams: tuple[tuple[str, Cost], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioCost:
    """What the plan costs in one scenario."""

    scenario: Scenario
    cost: Cost
    months: tuple[Month, ...]
    teams: tuple[tuple[str, Cost], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The least and the most over all scenarios, and the likely one's."""

    least: int
    likely: int
    most: int
    least_in: str
    most_in: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """The answer."""

    periods: tuple[str, ...]
    today: date
    currency: str
    newcomers: Newcomers
    likely: str
    whole: Spread
    months: tuple[tuple[str, Spread], ...]
    teams: tuple[tuple[str, Spread], ...]
    scenarios: tuple[ScenarioCost, ...]
    problems: tuple[Problem, ...]


def forecast(
    writing: Writing, actor: Actor, question: Question, progress: Progress | None = None
) -> Forecast:
    """Say what the periods that are not over will cost, until the last one that is asked for."""
    demand_backtest(actor, writing.entity_id)
    demand_scenarios(question.scenarios, question.likely)
    today = business_day(writing)
    periods = periods_ahead(question.through, today)
    courses = [_Sums(scenario=each, course=Course()) for each in question.scenarios]
    for done, period in enumerate(periods):
        instead = None
        if question.draft is not None:
            stored = stored_draft(question.draft, periods[0].start, writing.entity_id)
            instead = instead_of(question.draft, stored)
        ahead = Ahead.prepared(writing, period, periods[0], today, question.newcomers, instead)
        _refuse_cards(ahead, question)
        for each in courses:
            each.add(ahead, question.currency)
        if progress is not None:
            progress(done + 1, len(periods))
    found = tuple(each.cost() for each in courses)
    return Forecast(
        periods=tuple(each.name for each in periods),
        today=today,
        currency=question.currency,
        newcomers=question.newcomers,
        likely=question.likely,
        whole=_spread({each.scenario.name: each.cost for each in found}, question.likely),
        months=tuple(
            (period.name, _spread(
                {each.scenario.name: each.months[place].cost for each in found}, question.likely
            ))
            for place, period in enumerate(periods)
        ),
        teams=_team_spreads(found, question.likely),
        scenarios=found,
        problems=tuple(_not_posted(writing, periods[0])),
    )  # fmt: skip


def _refuse_cards(ahead: Ahead, question: Question) -> None:
    for variant in ahead.variants:
        if question.draft is None or variant.scorecard is None or variant.plan is None:
            continue
        problems = refused_together(variant.plan.plan, variant.scorecard.scorecard)
        if problems:
            values = {"plan": variant.plan.plan.key}
            raise Refused("backtest_score_differs", values, problems=problems)


def periods_ahead(through: Period, today: date) -> tuple[Period, ...]:
    """List the periods of the kind that are not over, until the last one asked for."""
    if through.end <= today:
        raise Refused("forecast_over", {"period": through.name}, path="through")
    found = [through]
    while found[0].start > today:
        found.insert(0, found[0].earlier())
        if len(found) > MOST_AHEAD:
            values = {"field": "periods", "low": "1", "high": str(MOST_AHEAD)}
            raise Refused("number_out_of_range", values, path="through")
    return tuple(found)


def _not_posted(writing: Writing, first: Period) -> list[Problem]:
    """Say that the period before is in no posted run and in no forecast."""
    before = first.earlier()
    states = (RunState.POSTED, RunState.FINAL)
    if runs_in(writing.connection, writing.entity_id, before.name, states):
        return []
    values = {"period": before.name}
    return [Problem(code="forecast_before_open", path=before.name, values=values)]


@dataclass(slots=True, kw_only=True, eq=False)
class _Sums:
    """One scenario on its way through the periods."""

    scenario: Scenario
    course: Course
    months: list[Month] = field(default_factory=list)
    people: dict[str, int] = field(default_factory=dict)  # whoever is known in every period: pay
    unknown: set[str] = field(default_factory=set)
    units: dict[str, str] = field(default_factory=dict)  # the last one

    def add(self, ahead: Ahead, currency: str) -> None:
        """Pay one more period."""
        found = paid(ahead, self.scenario, self.course)
        payout, people = found.earned.payout, ahead.people
        unknown = np.zeros(len(payout), dtype=np.bool_)
        if payout.present is not None:
            unknown = np.logical_and(found.earned.is_paid, np.logical_not(payout.present))
        for variant in ahead.variants:
            if variant.plan is not None and variant.plan.plan.currency != currency:
                unknown[variant.rows] = True
        values = np.where(unknown, 0, payout.values)
        units = [each.unit_id for each in people]
        for person, amount, lost in zip(people, values.tolist(), unknown.tolist(), strict=True):
            self.people[person.person_id] = self.people.get(person.person_id, 0) + amount
            self.units[person.person_id] = person.unit_id
            if lost:
                self.unknown.add(person.person_id)
        source = repeated_period(ahead.period, self.scenario.repeats, ahead.numbers.today)
        self.months.append(
            Month(
                period=ahead.period.name,
                repeated=source.name,
                newcomers=int(ahead.numbers.who_is_new(source).sum()),
                off_goal=found.off_goal,
                uncut=ahead.uncut,
                cost=_cost(values, unknown),
                teams=_by_team(values, unknown, units),
            )
        )

    def cost(self) -> ScenarioCost:
        """Add it all up: a person counts once, and an amount that is known counts."""
        ids = sorted(self.people)
        values = np.array([self.people[each] for each in ids], dtype=np.int64)
        unknown = np.array([each in self.unknown for each in ids], dtype=np.bool_)
        return ScenarioCost(
            scenario=self.scenario,
            cost=_cost(values, unknown),
            months=tuple(self.months),
            teams=_over_months(self.months),
        )


def _cost(values: Codes, unknown: Truths) -> Cost:
    known = np.logical_not(unknown)
    return Cost(
        total=int(values.sum()),
        people=len(values),
        without=int(np.logical_and(known, values == 0).sum()),
        not_known=int(unknown.sum()),
    )


def _by_team(values: Codes, unknown: Truths, units: Sequence[str]) -> tuple[tuple[str, Cost], ...]:
    names = sorted(set(units))
    codes = {name: code for code, name in enumerate(names)}
    numbers = np.array([codes[each] for each in units], dtype=np.int64)
    order = np.argsort(numbers, kind="stable")
    edges = np.searchsorted(numbers[order], np.arange(len(names) + 1))
    return tuple(
        (name, _cost(values[order[start:end]], unknown[order[start:end]]))
        for name, start, end in zip(names, edges[:-1].tolist(), edges[1:].tolist(), strict=True)
    )


def _over_months(months: Sequence[Month]) -> tuple[tuple[str, Cost], ...]:
    """Add up what each team costs; of its people the most there are in any month."""
    found: dict[str, Cost] = {}
    for month in months:
        for team, cost in month.teams:
            before = found.get(team, Cost(total=0, people=0, without=0, not_known=0))
            found[team] = Cost(
                total=before.total + cost.total,
                people=max(before.people, cost.people),
                without=max(before.without, cost.without),
                not_known=max(before.not_known, cost.not_known),
            )
    return tuple(sorted(found.items()))


def _spread(costs: Mapping[str, Cost], likely: str) -> Spread:
    least = min(costs, key=lambda name: costs[name].total)
    most = max(costs, key=lambda name: costs[name].total)
    return Spread(
        least=costs[least].total,
        likely=costs[likely].total,
        most=costs[most].total,
        least_in=least,
        most_in=most,
    )


def hidden_teams(found: Forecast, minimum: int) -> frozenset[str]:
    """Name the teams that too few people make up, in any period, in the whole answer alike."""
    hidden: set[str] = set()
    for scenario in found.scenarios:
        for teams in (scenario.teams, *(month.teams for month in scenario.months)):
            places = hidden_groups([cost.people for _, cost in teams], minimum)
            hidden |= {team for place, (team, _) in enumerate(teams) if place in places}
    return frozenset(hidden)


def _team_spreads(found: Sequence[ScenarioCost], likely: str) -> tuple[tuple[str, Spread], ...]:
    by_team: dict[str, dict[str, Cost]] = {}
    for each in found:
        for team, cost in each.teams:
            by_team.setdefault(team, {})[each.scenario.name] = cost
    return tuple((team, _spread(costs, likely)) for team, costs in sorted(by_team.items()))
