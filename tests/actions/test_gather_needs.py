"""What components read beyond the period, from facts, goals and the ledger, on both databases."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from actions.calculate import Mode, calculate
from actions.define_metric import define_metric
from actions.publish_plan import draft_plan, publish_plan
from actions.set_goals import set_goal
from domain.goal import GoalLevel
from domain.problem import Refused
from storage.definitions import Scope
from storage.engine import reading
from storage.results import latest_run, results
from storage.snapshots import frozen_inputs
from storage.statements import statement_of
from tests.support.company import SYSTEM, Company, office
from tests.support.rules import METRICS, changed, goal, metric, texts

YEAR = date(2026, 1, 1)
YUAN = 100
GROWTH = metric(
    "growth",
    "RATIO",
    {"kind": "GROWTH", "of": {"kind": "SUM", "fact": "order", "unit": "CNY"}, "periodsBack": 1},
)
UNITS = {"sales": "CNY", "growth": "RATIO"}
TO_DATE = {
    "metric": "sales",
    "mode": "MARGINAL",
    "boundary": "UPPER_TIER",
    "negative": "KEEP",
}
QUARTER = {
    **TO_DATE,
    "measure": "ACTUAL",
    "span": "QUARTER",
    "spanStart": "SPAN",
    "tiers": [{"upTo": "100000", "rate": "0.05"}, {"rate": "0.08"}],
}
QUOTA = {
    **TO_DATE,
    "measure": "ATTAINMENT",
    "span": "YEAR",
    "spanStart": "SPAN",
    "spanTarget": "SPAN",
    "tiers": [{"upTo": "1", "rate": "0.01"}, {"rate": "0.02"}],
}
GOALS = {
    **TO_DATE,
    "measure": "EXCESS_OVER_TARGET",
    "span": "QUARTER",
    "spanStart": "SPAN",
    "spanTarget": "TO_DATE",
    "tiers": [{"rate": "0.1"}],
}


def component(identity: str, kind: str, **own: Any) -> dict[str, Any]:
    return {"id": identity, "kind": kind, "name": texts(identity), "missing": "ZERO", **own}


def programme(identity: str, first: str, last: str, pays: str, **own: Any) -> dict[str, Any]:
    fields = {"from": first, "to": last, "pays": pays, "metric": "sales", **own}
    return component(identity, "SPIFF", **fields)


def rated(identity: str, first: str, last: str, pays: str) -> dict[str, Any]:
    return programme(identity, first, last, pays, form="RATE", rate="0.01", negative="KEEP")


def plan(*components: dict[str, Any], key: str = "plan") -> dict[str, Any]:
    return {
        "format": "attain.plan/1",
        "key": key,
        "name": texts(key),
        "cadence": "MONTH",
        "currency": "CNY",
        "rounding": "HALF_UP",
        "units": UNITS,
        "components": list(components),
    }


def founded(runtime: Any) -> Company:
    company = Company(runtime)
    for document in (*METRICS, GROWTH):
        defined(company, document)
    return company


def defined(company: Company, document: dict[str, Any]) -> None:
    company.write(lambda w: define_metric(w, SYSTEM, document, valid_from=YEAR))


def published(
    company: Company, document: dict[str, Any], *positions: str, since: date = YEAR
) -> None:
    scope = Scope(positions=positions)
    version = company.write(lambda w: draft_plan(w, SYSTEM, document, scope, valid_from=since))
    company.write(lambda w: publish_plan(w, SYSTEM, version))


def aimed(company: Company, person_id: str, period: str, sales: str) -> None:
    company.write(
        lambda writing: set_goal(
            writing,
            SYSTEM,
            goal(period, sales=sales),
            level=GoalLevel.PERSON,
            owner_id=person_id,
            parent_id=None,
            valid_from=YEAR,
        )
    )


def paid(company: Company, period: str, mode: Mode = Mode.POSTED) -> dict[str, dict[str, int]]:
    """Calculate a period; give each person's pay lines, and the payout in whole yuan or cents."""
    calculate(company.runtime, SYSTEM, company.entity_id, period, mode, accept_provisional=True)
    found = {}
    with reading(company.engine, SYSTEM) as connection:
        known_at = company.runtime.clock()
        run = latest_run(connection, company.entity_id, period=period, known_at=known_at)
        assert run is not None
        for result in results(connection, SYSTEM, run, day=date(2026, 9, 30)):
            statement = statement_of(connection, run, result).statement
            found[result.person_id] = {
                line.name.removesuffix(".amount"): line.value or 0 for line in statement.amounts
            }
    return found


def test_tiers_to_date_pay_what_the_total_pays_less_what_the_ledger_says(
    database_url: str, tmp_path: Path
) -> None:
    with office(database_url, tmp_path) as runtime:
        company = founded(runtime)
        anna = company.person("anna")
        company.assign(anna, company.unit("team"))
        for period, sales in (("2026-07", "50000"), ("2026-08", "50000"), ("2026-09", "50000")):
            aimed(company, anna, period, sales)
        aimed(company, anna, "2026", "120000")
        parts = [component(name, "TIERED", **own) for name, own in
                 (("quarter", QUARTER), ("quota", QUOTA), ("goals", GOALS))]  # fmt: skip
        published(company, plan(*parts))
        company.fact("anna", date(2026, 6, 30), 5_000 * YUAN)  # of another quarter, of the year
        company.fact("anna", date(2026, 7, 1), 60_000 * YUAN)
        company.fact("anna", date(2026, 8, 31), 80_000 * YUAN)
        july, august = paid(company, "2026-07")[anna], paid(company, "2026-08")[anna]
        company.fact("anna", date(2026, 7, 31), -20_000 * YUAN)  # a refund of July comes late
        company.fact("anna", date(2026, 9, 30), 30_000 * YUAN)
        september = paid(company, "2026-09")[anna]
        again = paid(company, "2026-09")[anna]
    # 5 % of 60,000; 1 % of 65,000 of the year (June was never posted); 10 % of 10,000 over July
    assert july == {"quarter": 300_000, "quota": 65_000, "goals": 100_000}
    # 8,200 - 3,000; 1,200 + 2 % of 25,000 - 650; 10 % of (140,000 - 100,000) - 1,000
    assert august == {"quarter": 520_000, "quota": 105_000, "goals": 300_000}
    # 150,000 so far: 5,000 + 4,000 - 8,200; 1,200 + 2 % of 35,000 - 1,700; the excess is gone
    assert september == {"quarter": 80_000, "quota": 20_000, "goals": -400_000}
    assert again == september


def test_a_goal_that_nobody_set_earlier_pays_nothing_more_unless_no_plan_was_for_the_person(
    database_url: str, tmp_path: Path
) -> None:
    with office(database_url, tmp_path) as runtime:
        company = founded(runtime)
        team, anna, ben = company.unit("team"), company.person("anna"), company.person("ben")
        company.assign(anna, team)
        company.assign(ben, team, valid_from=date(2026, 8, 1))
        published(company, plan(component("goals", "TIERED", **GOALS)))
        company.fact("anna", date(2026, 7, 15), 60_000 * YUAN)
        for name in ("anna", "ben"):
            company.fact(name, date(2026, 8, 15), 60_000 * YUAN)
        for person_id in (anna, ben):
            aimed(company, person_id, "2026-08", "50000")
        forgotten = paid(company, "2026-08")
        aimed(company, anna, "2026-07", "50000")
        set_later = paid(company, "2026-08")
    # Ben came in August and has its goal to reach. What Anna had to reach in July nobody said:
    # were it nothing, the excess of 120,000 over the goal of August would be paid
    assert forgotten == {anna: {"goals": 0}, ben: {"goals": 100_000}}
    assert set_later == {anna: {"goals": 200_000}, ben: {"goals": 100_000}}


def test_a_new_version_goes_on_where_the_old_one_was_or_begins_anew(
    database_url: str, tmp_path: Path
) -> None:
    with office(database_url, tmp_path) as runtime:
        company = founded(runtime)
        anna = company.person("anna")
        company.assign(anna, company.unit("team"))
        names = ("SPAN", "VERSION")
        for rate, since in (("0.05", YEAR), ("0.1", date(2026, 8, 2))):
            tiers = [{"upTo": "100000", "rate": rate}, {"rate": "0.2"}]
            parts = [{**QUARTER, "spanStart": name, "tiers": tiers} for name in names]
            new = [component(name.lower(), "TIERED", **part) for name, part in
                   zip(names, parts, strict=True)]  # fmt: skip
            published(company, plan(*new), since=since)
        for month in (7, 8, 9):
            company.fact("anna", date(2026, month, 15), 50_000 * YUAN)
        july, august, september = (paid(company, f"2026-0{month}")[anna] for month in (7, 8, 9))
    assert july == {"span": 250_000, "version": 250_000}
    assert august == july  # the new version begins inside August and so with September
    # 150,000 so far: 10,000 + 10,000 - 5,000; or September alone: 10 % of 50,000
    assert september == {"span": 1_500_000, "version": 500_000}


def test_days_of_its_own_are_paid_at_their_end_or_in_each_period(
    database_url: str, tmp_path: Path
) -> None:
    with office(database_url, tmp_path) as runtime:
        company = founded(runtime)
        anna = company.person("anna")
        company.assign(anna, company.unit("team"))
        grown = {"metric": "growth", "form": "BONUS", "amount": "500",
                 "comparison": "AT_LEAST", "value": "0.5"}  # fmt: skip
        published(
            company,
            plan(
                rated("whole", "2026-08-20", "2026-09-10", "AT_THE_END"),
                rated("parts", "2026-08-20", "2026-09-10", "EACH_PERIOD"),
                programme("grown", "2026-09-01", "2026-09-10", "AT_THE_END", **grown),
            ),
        )
        for month, day, yuan in ((8, 19, 1), (8, 20, 100), (8, 21, 100), (9, 1, 200), (9, 10, 100),
                                 (9, 11, 7)):  # fmt: skip
            company.fact("anna", date(2026, month, day), yuan * 100 * YUAN)
        august, september = paid(company, "2026-08")[anna], paid(company, "2026-09")[anna]
    assert august == {"whole": 0, "parts": 20_000, "grown": 0}
    # whole: 1 % of 50,000. grown: 30,000 in ten days after 0 in the ten days before is no growth
    assert september == {"whole": 50_000, "parts": 30_000, "grown": 0}


def test_the_growth_of_a_window_is_held_against_as_many_days_before(
    database_url: str, tmp_path: Path
) -> None:
    with office(database_url, tmp_path) as runtime:
        company = founded(runtime)
        anna = company.person("anna")
        company.assign(anna, company.unit("team"))
        grown = {"metric": "growth", "form": "BONUS", "amount": "500",
                 "comparison": "AT_LEAST", "value": "0.5"}  # fmt: skip
        published(
            company, plan(programme("grown", "2026-09-11", "2026-09-20", "AT_THE_END", **grown))
        )
        company.fact("anna", date(2026, 8, 31), 900 * YUAN)  # too early to be held against
        company.fact("anna", date(2026, 9, 1), 200 * YUAN)
        company.fact("anna", date(2026, 9, 20), 300 * YUAN)
        first = paid(company, "2026-09")[anna]
        company.fact("anna", date(2026, 9, 10), 1)  # a cent more before is a hair less growth
        second = paid(company, "2026-09")[anna]
    assert (first["grown"], second["grown"]) == (50_000, 0)


def test_two_plans_may_give_one_name_to_different_days(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path) as runtime:
        company = founded(runtime)
        team, people = company.unit("team"), {}
        for name in ("hunter", "farmer"):
            people[name] = company.person(name)
            company.assign(people[name], team, position=name)
            company.fact(name, date(2026, 9, 5), 1000 * YUAN)
            company.fact(name, date(2026, 9, 15), 2000 * YUAN)
        early = rated("special", "2026-09-01", "2026-09-10", "AT_THE_END")
        late = rated("special", "2026-09-11", "2026-09-20", "AT_THE_END")
        published(company, plan(early, key="early"), "hunter")
        published(company, plan(late, key="late"), "farmer")
        found = paid(company, "2026-09")
        with reading(company.engine, SYSTEM) as connection:
            run = latest_run(
                connection, company.entity_id, period="2026-09", known_at=runtime.clock()
            )
            assert run is not None
            frozen = {
                each.person_id: frozen_inputs(
                    connection, run.id, each.shard, each.shard_row, each.person_id
                )
                for each in results(connection, SYSTEM, run, day=date(2026, 9, 30))
            }
    assert found[people["hunter"]] == {"special": 1_000}
    assert found[people["farmer"]] == {"special": 2_000}
    assert frozen[people["farmer"]]["special.window.num"] == 200_000
    assert frozen[people["farmer"]]["special.due"] == 1


def test_what_is_no_sum_cannot_be_added_up_over_a_span(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path) as runtime:
        company = founded(runtime)
        rate = {"kind": "RATE", "of": {"kind": "SUM", "fact": "order", "unit": "CNY"}, "per": "DAY"}
        daily = metric("daily", "CNY", rate)
        defined(company, daily)
        tiers = component("quarter", "TIERED", **{**QUARTER, "metric": "daily"})
        document = changed(plan(tiers), units={"daily": "CNY"})
        with pytest.raises(Refused) as refused:
            published(company, document)
    assert [each.code for each in refused.value.problems] == ["metric_not_additive"]
    assert refused.value.problems[0].path == "components[0].metric"
