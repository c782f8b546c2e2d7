"""From facts to pay, through the actions, on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from actions.calculate import Mode, calculate
from actions.define_metric import define_metric
from actions.publish_plan import draft_plan, publish_plan
from actions.publish_scorecard import publish_scorecard
from actions.set_goals import set_goal
from domain.evaluate import compile_pay, compile_score, explain
from domain.goal import GoalLevel
from domain.problem import Refused
from storage.definitions import Scope, plan_versions, scorecard_version
from storage.engine import reading
from storage.results import (
    Result,
    Run,
    cohort_of,
    latest_run,
    ledger,
    results,
    standing_of,
    standings,
)
from storage.snapshots import frozen_inputs
from tests.support.company import SYSTEM, Company, office
from tests.support.rules import CARD, METRICS, PLAN, changed, goal, item

SEPTEMBER = date(2026, 9, 1)
YEAR = date(2026, 1, 1)
# Sales of September in cents and customers who came back, out of four, per person.
PEOPLE = {
    "anna": (120_000_000, 4),
    "bo": (100_000_000, 3),
    "chen": (99_999_999, 4),
    "dai": (80_000_000, 1),
    "eve": (150_000_000, 3),
}


def _company(database_url: str, runtime: Any) -> tuple[Company, dict[str, str]]:
    company = Company(runtime)
    team = company.unit("team")
    ids = {}
    for name, (cents, back) in PEOPLE.items():
        ids[name] = company.person(name)
        company.assign(ids[name], team)
        for customer in range(4):
            subject = f"{name}-{customer}"
            company.fact(name, date(2026, 5, 5), 100, subject=subject)
            if customer < back:
                company.fact(name, date(2026, 7, 5), 100, subject=subject)
        company.fact(name, date(2026, 9, 9), cents, subject=f"{name}-0")
        for day in range(1, 31):
            company.fact(name, date(2026, 9, day), 1, kind="visit", unit="COUNT")
    for document in METRICS:
        _write(company, lambda w, d=document: define_metric(w, SYSTEM, d, valid_from=YEAR))
    _write(company, lambda w: publish_scorecard(w, SYSTEM, CARD, Scope(), valid_from=YEAR))
    version = _write(company, lambda w: draft_plan(w, SYSTEM, PLAN, Scope(), valid_from=YEAR))
    _write(company, lambda w: publish_plan(w, SYSTEM, version))
    for person_id in ids.values():
        _goal(company, person_id, sales="1000000.00", retention="0.75", visits="10")
    return company, ids


def _write(company: Company, deed: Any) -> str:
    return company.write(deed)


def _goal(company: Company, person_id: str, **targets: str) -> str:
    return company.write(
        lambda writing: set_goal(
            writing,
            SYSTEM,
            goal("2026-09", **targets),
            level=GoalLevel.PERSON,
            owner_id=person_id,
            parent_id=None,
            valid_from=SEPTEMBER,
        )
    )


def _run(company: Company, mode: Mode = Mode.TRIAL) -> str:
    return calculate(
        company.runtime, SYSTEM, company.entity_id, "2026-09", mode, accept_provisional=True
    ).id


def _results(company: Company) -> tuple[Run, dict[str, Result]]:
    with reading(company.engine, SYSTEM) as connection:
        run = latest_run(
            connection, company.entity_id, period="2026-09", known_at=company.runtime.clock()
        )
        assert run is not None
        found = results(connection, SYSTEM, run, day=date(2026, 9, 30))
    return run, {each.person_id: each for each in found}


def test_the_case_pays_seven_thousand_seven_hundred(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path) as runtime:
        company, ids = _company(database_url, runtime)
        _run(company)
        run, found = _results(company)
        paid = {name: found[person_id].payout for name, person_id in ids.items()}
    assert paid == {
        "anna": 770_000,  # 5,000 + 1 % of 200,000, and 10 % of both: retention is above 75 %
        "bo": 500_000,  # exactly on target, retention exactly 75 %: no kicker
        "chen": 0,  # one cent below the target
        "dai": 0,
        "eve": 1_000_000,  # 5,000 + 5,000; retention exactly 75 %
    }
    assert run.payout == 2_270_000
    assert not run.final
    assert {waiting["fact"] for waiting in run.waiting_for} == {"order", "visit"}


def test_rank_and_median_are_frozen_with_the_run(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path) as runtime:
        company, ids = _company(database_url, runtime)
        run_id = _run(company)
        with reading(company.engine, SYSTEM) as connection:
            board = standings(
                connection,
                run_id,
                measure="sales",
                peer_kind="COMPANY",
                group_id=company.entity_id,
                first=10,
                day=date(2026, 9, 30),
            )
            cohort = cohort_of(
                connection,
                run_id,
                measure="sales",
                peer_kind="COMPANY",
                group_id=company.entity_id,
            )
    assert [(each.name, each.rank) for each in board] == [
        ("eve", 1),
        ("anna", 2),
        ("bo", 3),
        ("chen", 4),
        ("dai", 5),
    ]
    assert cohort is not None
    assert (cohort.size, cohort.lo, cohort.hi) == (5, (100_000_000, 1), (100_000_000, 1))
    assert ids


def test_the_stored_payout_is_what_its_lines_say(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path) as runtime:
        company, ids = _company(database_url, runtime)
        run_id = _run(company)
        _, found = _results(company)
        result = found[ids["anna"]]
        with reading(company.engine, SYSTEM) as connection:
            inputs = frozen_inputs(
                connection, run_id, result.shard, result.shard_row, result.person_id
            )
            assert result.scorecard_id is not None
            assert result.scorecard_revision is not None
            card = scorecard_version(connection, result.scorecard_id, result.scorecard_revision)
            (plan,) = plan_versions(
                connection,
                company.entity_id,
                known_at=runtime.clock(),
                version_id=result.plan_version_id,
            )
        assert card is not None
        score_lines = explain(compile_score(card.scorecard), inputs)
        score = next(line.value for line in score_lines if line.name == "score")
        pay_lines = explain(compile_pay(plan.plan, card.scorecard), inputs | {"score": score})
        payout = next(line.value for line in pay_lines if line.name == "payout")
    assert (score, payout) == (result.score, result.payout)


def test_who_is_on_no_platform_stands_in_the_unit_and_the_company_only(
    database_url: str, tmp_path: Path
) -> None:
    with office(database_url, tmp_path) as runtime:
        company, ids = _company(database_url, runtime)
        run_id = _run(company)
        with reading(company.engine, SYSTEM) as connection:
            places = {
                kind: standing_of(
                    connection, run_id, measure="sales", peer_kind=kind, person_id=ids["bo"]
                )
                for kind in ("UNIT", "PLATFORM", "COMPANY")
            }
    assert {kind: each and each.rank for kind, each in places.items()} == {
        "UNIT": 3,
        "PLATFORM": None,
        "COMPANY": 3,
    }


def test_the_same_run_again_has_the_same_hash_and_posts_nothing_new(
    database_url: str, tmp_path: Path
) -> None:
    with office(database_url, tmp_path) as runtime:
        company, _ = _company(database_url, runtime)
        _run(company, Mode.POSTED)
        first, _ = _results(company)
        entries = _ledger(company)
        _run(company, Mode.POSTED)
        second, _ = _results(company)
        again = _ledger(company)
    assert first.id != second.id
    assert first.result_hash == second.result_hash
    assert again == entries
    assert sum(entry.amount for entry in entries) == 2_270_000


def test_a_correction_is_reversed_and_rebooked(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path) as runtime:
        company, ids = _company(database_url, runtime)
        _run(company, Mode.POSTED)
        company.fact("anna", date(2026, 9, 10), -10_000_000, subject="anna-0")
        _run(company, Mode.POSTED)
        mine = [entry for entry in _ledger(company) if entry.person_id == ids["anna"]]
    assert [(entry.component, entry.kind, entry.amount) for entry in mine] == [
        ("base_bonus.amount", "POST", 500_000),
        ("excess_share.amount", "POST", 200_000),
        ("retention_kicker.amount", "POST", 70_000),
        ("excess_share.amount", "REVERSE", -200_000),
        ("retention_kicker.amount", "REVERSE", -70_000),
        ("excess_share.amount", "POST", 100_000),
        ("retention_kicker.amount", "POST", 60_000),
    ]
    assert sum(entry.amount for entry in mine) == 660_000


def _ledger(company: Company) -> tuple[Any, ...]:
    with reading(company.engine, SYSTEM) as connection:
        return ledger(
            connection,
            SYSTEM,
            company.entity_id,
            period="2026-09",
            day=date(2026, 9, 30),
            known_at=datetime(2030, 1, 1, tzinfo=UTC),
        )


def test_a_period_that_waits_for_its_sources_is_not_posted_by_itself(
    database_url: str, tmp_path: Path
) -> None:
    with office(database_url, tmp_path) as runtime:
        company, _ = _company(database_url, runtime)
        with pytest.raises(Refused) as refused:
            calculate(runtime, SYSTEM, company.entity_id, "2026-09", Mode.POSTED)
        assert refused.value.code == "source_not_ready"
        with pytest.raises(Refused) as early:
            calculate(runtime, SYSTEM, company.entity_id, "2026-12", Mode.POSTED)
        assert early.value.code == "period_not_over"


def test_a_key_calculates_once(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path) as runtime:
        company, _ = _company(database_url, runtime)
        done = [
            calculate(runtime, SYSTEM, company.entity_id, "2026-09", Mode.TRIAL, key="k1")
            for _ in range(2)
        ]
        assert done[0].id == done[1].id
        assert [each.replayed for each in done] == [False, True]
        with pytest.raises(Refused) as refused:
            calculate(runtime, SYSTEM, company.entity_id, "2026-08", Mode.TRIAL, key="k1")
        assert refused.value.code == "idempotency_key_reused"


def test_the_team_line_scores_the_team_with_its_own_goal(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path) as runtime:
        company, ids = _company(database_url, runtime)
        card = changed(
            CARD,
            items=[item("sales", "CNY", "100")],
            team={"individual": "70", "team": "30", "missing": "BLOCK"},
        )
        _write(company, lambda w: publish_scorecard(w, SYSTEM, card, Scope(), valid_from=YEAR))
        team_id = _team_of(company, ids["anna"])
        company.write(
            lambda writing: set_goal(
                writing,
                SYSTEM,
                goal("2026-09", sales="5000000.00"),
                level=GoalLevel.TEAM,
                owner_id=team_id,
                parent_id=None,
                valid_from=SEPTEMBER,
            )
        )
        _run(company)
        _, found = _results(company)
        # The team sold 5,499,999.99 of 5,000,000: 110 %; Anna 120 %: 0.7 x 120 + 0.3 x 110.
        assert found[ids["anna"]].score == 1_170_000


def _team_of(company: Company, person_id: str) -> str:
    _, found = _results_after_run(company)
    return found[person_id].unit_id


def _results_after_run(company: Company) -> tuple[Run, dict[str, Result]]:
    _run(company)
    return _results(company)


def test_a_monthly_plan_is_not_paid_again_by_the_quarter(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path) as runtime:
        company, ids = _company(database_url, runtime)
        calculate(
            runtime, SYSTEM, company.entity_id, "2026-Q3", Mode.POSTED, accept_provisional=True
        )
        with reading(company.engine, SYSTEM) as connection:
            run = latest_run(
                connection, company.entity_id, period="2026-Q3", known_at=runtime.clock()
            )
            assert run is not None
            found = results(connection, SYSTEM, run, day=date(2026, 9, 30))
    assert len(found) == len(ids)
    assert all(each.payout is None for each in found)
    assert run.payout == 0
