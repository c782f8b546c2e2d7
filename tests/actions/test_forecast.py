"""What a plan is said to cost equals what is paid once the months turn out as was assumed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import select

from actions.ask_forecast import Asking, ask_forecast
from actions.calculate import Mode
from actions.forecast import Forecast, ScenarioCost
from domain.access import Role
from domain.scenario import Change, Level, Newcomers, Repeats, Scenario
from storage import tables
from storage.engine import reading
from storage.sealing import opened_row
from tests.support.closing import MEDIAN, TOP, Branch
from tests.support.company import SYSTEM, Ticking
from tests.support.rules import PLAN, changed, texts
from tests.support.viewers import refused, viewer

LATEST = Scenario(name="same", repeats=Repeats.LATEST)
YEAR = {
    "id": "year_tiers",
    "kind": "TIERED",
    "name": texts("Tiers of the year"),
    "missing": "ZERO",
    "metric": "sales",
    "measure": "ACTUAL",
    "mode": "MARGINAL",
    "boundary": "UPPER_TIER",
    "negative": "ZERO",
    "tiers": [{"upTo": "2500", "rate": "0.01"}, {"rate": "0.10"}],
    "span": "YEAR",
    "spanStart": "SPAN",
}
BEFORE = {
    "id": "above_before",
    "kind": "REWARD_ABOVE_LINE",
    "name": texts("Above the last median"),
    "missing": "ZERO",
    "metric": "sales",
    "line": "MEDIAN_BEFORE",
    "peerGroup": "UNIT",
    "amount": "300",
}
DOCUMENT: dict[str, Any] = changed(
    PLAN, components=[*PLAN["components"][:2], MEDIAN, TOP, YEAR, BEFORE], units={"sales": "CNY"}
)
SOLD = (
    ("anna", 4, 90_000), ("anna", 22, 60_000), ("bo", 8, 120_000), ("chen", 12, 100_000),
    ("dai", 25, 70_000), ("eve", 14, 210_000), ("eve", 28, -30_000),
)  # fmt: skip


def _asked(branch: Branch, *scenarios: Scenario, **more: Any) -> Forecast:
    asking = Asking(**{
        "through": "2026-11", "newcomers": Newcomers.NOTHING, "document": DOCUMENT,
        "scenarios": scenarios or (LATEST,), **more,
    })  # fmt: skip
    return ask_forecast(branch.runtime, SYSTEM, branch.company.entity_id, asking)


def _september(branch: Branch) -> None:
    for name, day, cents in SOLD:
        branch.sale(name, date(2026, 9, day), cents)


def _goes_on(branch: Branch, day: date) -> None:
    clock = branch.runtime.clock
    assert isinstance(clock, Ticking)
    clock.now = datetime(day.year, day.month, day.day, 8, tzinfo=UTC)


def _came(branch: Branch, period: str) -> dict[str, int]:
    """Post a period; add up by team what everybody earns."""
    run_id = branch.run(Mode.POSTED, period, incremental=False)
    sums: dict[str, int] = {}
    table = tables.result
    with reading(branch.runtime.engine, SYSTEM) as connection:
        for row in connection.execute(select(table).where(table.c.run_id == run_id)):
            each = opened_row(connection, table, row)
            sums[each.unit_id] = sums.get(each.unit_id, 0) + (each.payout or 0)
    return sums


def _costs(found: ScenarioCost) -> list[dict[str, int]]:
    return [{team: cost.total for team, cost in month.teams} for month in found.months]


def _as_assumed(branch: Branch, factors: Mapping[str, int]) -> list[dict[str, int]]:
    """Let October and November turn out as September times a percentage by name, and post them."""
    _goes_on(branch, date(2026, 12, 5))
    for month in (10, 11):
        for name, day, cents in SOLD:
            moved = cents * factors.get(name, 100) // 100
            branch.sale(name, date(2026, month, day), moved)
    branch.plan(DOCUMENT)
    return [_came(branch, "2026-10"), _came(branch, "2026-11")]


def _goals(branch: Branch) -> None:
    for name in branch.ids:
        for period in ("2026-10", "2026-11"):
            branch.goal(name, period, 1_000)


CASES: dict[str, tuple[Change, ...]] = {
    "the same": (),
    "a fifth more": (Change(factor=1_200_000),),
    "less of sales": (Change(factor=900_000, metric="sales"),),
    "one team more and everybody less": (
        Change(factor=1_500_000, unit="north"),
        Change(factor=800_000),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_months_that_turn_out_as_assumed_cost_what_was_said(branch: Branch, name: str) -> None:
    _september(branch)
    _goals(branch)
    branch.plan(DOCUMENT)
    branch.run(Mode.POSTED, "2026-09")
    changes = tuple(
        replace(each, unit=branch.teams[1] if each.unit else None) for each in CASES[name]
    )
    found = _asked(branch, replace(LATEST, changes=changes))
    in_force = _asked(branch, replace(LATEST, changes=changes), document=None)
    factor = {"the same": 100, "a fifth more": 120, "less of sales": 90}.get(name, 80)
    north = factor * 3 // 2 if "team" in name else factor
    factors = {each: north if place % 2 == 0 else factor for place, each in enumerate(branch.ids)}
    came = _as_assumed(branch, factors)
    assert _costs(found.scenarios[0]) == _costs(in_force.scenarios[0]) == came
    assert sum(came[0].values()) != sum(came[1].values()) > 0  # the tiers of the year go on
    assert found.whole.likely == sum(sum(each.values()) for each in came)
    assert not found.problems


def test_only_the_rest_of_a_running_period_is_assumed(branch: Branch) -> None:
    _september(branch)
    _goals(branch)
    branch.plan(DOCUMENT)
    branch.run(Mode.POSTED, "2026-09")
    branch.sale("anna", date(2026, 10, 3), 500_000)
    _goes_on(branch, date(2026, 10, 14))
    doubled = replace(LATEST, changes=(Change(factor=2_000_000),))
    found = _asked(branch, doubled, through="2026-10")
    for name, day, cents in SOLD:
        if day >= 14:
            branch.sale(name, date(2026, 10, day), 2 * cents)
    _goes_on(branch, date(2026, 11, 5))
    assert _costs(found.scenarios[0]) == [_came(branch, "2026-10")]


def test_everybody_at_the_target_costs_what_meeting_it_to_the_cent_pays(branch: Branch) -> None:
    _september(branch)
    _goals(branch)
    branch.plan(DOCUMENT)
    branch.run(Mode.POSTED, "2026-09")
    fixed = [
        Scenario(name=each.value, level=each) for each in (Level.AT_TARGET, Level.AT_THRESHOLD)
    ]
    found = _asked(branch, *fixed, through="2026-10")
    target, threshold = found.scenarios
    assert threshold.months[0].off_goal == 6  # their goals name no threshold
    for name in branch.ids:
        if name != "fan":
            branch.sale(name, date(2026, 10, 9), 100_000)
    _goes_on(branch, date(2026, 11, 5))
    assert _costs(target) == [_came(branch, "2026-10")]
    assert (found.whole.least_in, found.whole.most_in) == ("AT_THRESHOLD", "AT_TARGET")


def test_who_was_not_there_does_nothing_or_what_the_team_does_on_average(branch: Branch) -> None:
    _september(branch)
    gus = branch.company.person("gus")
    branch.company.assign(gus, branch.teams[1], valid_from=date(2026, 10, 1))
    branch.ids = {**branch.ids, "gus": gus}  # of this copy alone
    _goals(branch)
    branch.plan(changed(DOCUMENT, components=DOCUMENT["components"][:2]))
    plain = changed(DOCUMENT, components=DOCUMENT["components"][:2])
    nothing = _asked(branch, through="2026-10", document=plain)
    as_team = _asked(branch, through="2026-10", document=plain, newcomers=Newcomers.AS_TEAM)
    # anna 1,500, chen 1,000 and eve 1,800 in the north: 1,433.33 on average
    assert nothing.scenarios[0].months[0].newcomers == 1
    more = as_team.whole.likely - nothing.whole.likely
    assert more == 500_000 + 433


def test_what_cannot_be_asked_is_refused(branch: Branch) -> None:
    with refused("forecast_over"):
        _asked(branch, through="2026-09")
    with refused("number_out_of_range"):
        _asked(branch, through="2028-01")
    with refused("forecast_name_twice"):
        _asked(branch, LATEST, LATEST)
    with refused("forecast_likely_unknown"):
        _asked(branch, likely="other")
    with refused("number_out_of_range"):
        _asked(branch, replace(LATEST, changes=(Change(factor=100_000_001),)))
    with refused("backtest_other_cadence"):
        _asked(branch, through="2026-Q4")
    manager = viewer(Role.MANAGER, branch.company.entity_id, unit=branch.teams[1])
    with refused("forbidden"):
        ask_forecast(
            branch.runtime,
            manager,
            branch.company.entity_id,
            Asking(through="2026-10", newcomers=Newcomers.NOTHING),
        )


def test_the_usual_scenarios_say_what_they_assume_and_what_is_missing(branch: Branch) -> None:
    found = ask_forecast(
        branch.runtime,
        SYSTEM,
        branch.company.entity_id,
        Asking(through="2026-11", newcomers=Newcomers.AS_TEAM),
    )
    assert [each.scenario.name for each in found.scenarios][:3] == [
        "as_last_year", "a_tenth_less", "a_fifth_more",
    ]  # fmt: skip
    assert {each.repeated for each in found.scenarios[0].months} == {"2025-10", "2025-11"}
    assert [each.code for each in found.problems] == ["forecast_before_open"]
    for _, spread in (*found.months, *found.teams, ("", found.whole)):
        assert spread.least <= spread.likely <= spread.most
