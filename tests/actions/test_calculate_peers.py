"""Bands, prizes, percentiles, earlier lines and pools through a whole run, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from actions.calculate import Mode
from actions.close_period import close_period
from actions.evaluate_closed import ClosedPeriod
from actions.publish_plan import draft_plan, publish_plan
from domain.knowledge import Knowledge
from domain.period import period_named
from storage.definitions import Scope
from storage.engine import Writing, reading
from storage.frozen import frozen_shards
from storage.results import Result, results, run_by_id
from storage.statements import statement_of
from tests.support.closing import NEXT, Branch
from tests.support.company import SYSTEM, office
from tests.support.peer_components import ABOVE, BANDS, POOL
from tests.support.rules import PLAN, changed, texts

DAY = date(2026, 8, 12)
BEFORE = {
    "id": "before", "kind": "REWARD_ABOVE_LINE", "name": texts("Above the last median"),
    "missing": "ZERO", "metric": "sales", "line": "MEDIAN_BEFORE", "peerGroup": "COMPANY",
    "amount": "100",
}  # fmt: skip
PEER_PLAN = changed(PLAN, components=[POOL, BANDS, ABOVE, BEFORE])


@pytest.fixture
def branch(database_url: str, tmp_path: Path) -> Iterator[Branch]:
    with office(database_url, tmp_path) as runtime:
        found = Branch(runtime)
        later = date(2026, 2, 1)  # ends the plan that the branch begins with
        version = found.company.write(
            lambda w: draft_plan(w, SYSTEM, PEER_PLAN, Scope(), valid_from=later)
        )
        found.company.write(lambda w: publish_plan(w, SYSTEM, version))
        yield found


def paid(branch: Branch, run_id: str) -> dict[str, dict[str, int | None]]:
    """Read every statement of a run line by line; it must give the stored payout again."""
    found = {}
    with reading(branch.runtime.engine, SYSTEM) as connection:
        run = run_by_id(connection, branch.company.entity_id, run_id)
        assert run is not None
        rows: dict[str, Result] = {
            each.person_id: each for each in results(connection, SYSTEM, run, day=DAY)
        }
        for name, person_id in branch.ids.items():
            lines = statement_of(connection, run, rows[person_id]).statement.pay_lines
            found[name] = {line.name: line.value for line in lines}
    return found


def column(found: dict[str, dict[str, int | None]], line: str) -> dict[str, int | None]:
    return {name: values[line] for name, values in found.items()}


def test_a_run_pays_by_other_people_and_its_statements_say_the_same(branch: Branch) -> None:
    # north: anna, chen, eve; south: bo, dai (fan calls and sells nothing)
    for name, cents in {"anna": 100_000, "chen": 100_000, "eve": 100_001}.items():
        branch.sale(name, DAY, cents)
    for name, cents in {"bo": 90_000, "dai": 9_999}.items():
        branch.sale(name, DAY, cents)
    branch.aim(1, "3000.01")
    branch.aim(2, "1000")
    found = paid(branch, branch.run())
    # 1 % of 3,000.01 are 30.00; south lacks a cent of its 1,000.00
    assert column(found, "pool.whole") == dict.fromkeys(("anna", "chen", "eve"), 3000) | (
        dict.fromkeys(("bo", "dai", "fan"), 0)
    )
    pool = column(found, "pool.amount")
    assert [pool[name] for name in ("anna", "chen", "eve")] == [1000, 1000, 1000]
    # the bands of six people end at places 2 and 3; anna and chen are equal and stay so
    bands = column(found, "bands.amount")
    assert bands == {
        "eve": 200_000, "anna": 200_000, "chen": 200_000, "bo": 0, "dai": 0, "fan": 0,
    }  # fmt: skip
    assert column(found, "above.amount")["eve"] == 0  # of three, the 75th is the highest of all
    assert set(column(found, "before.amount").values()) == {0}  # nothing posted before
    quick, whole = branch.run(incremental=True), branch.run(incremental=False)
    assert branch.kept(quick) == branch.kept(whole)


def test_what_others_do_reaches_whoever_was_not_touched(branch: Branch) -> None:
    for name in ("anna", "chen", "eve", "bo"):
        branch.sale(name, DAY, 100_000)
    branch.aim(1, "3000")
    branch.run()
    events: list[Any] = [
        lambda: branch.sale("eve", DAY, 7),
        lambda: branch.move("bo", 1),
        lambda: branch.link("dai", "chen"),
        lambda: branch.aim(2, "1"),
    ]
    for event in events:
        event()
        quick, whole = branch.run(incremental=True), branch.run(incremental=False)
        assert branch.kept(quick) == branch.kept(whole)


def test_the_median_of_a_posted_month_is_the_line_of_the_next(branch: Branch) -> None:
    for name, cents in {"anna": 100_000, "bo": 50_000, "chen": 70_000}.items():
        branch.sale(name, DAY, cents)
        branch.sale(name, date(2026, 9, 9), 60_000)
    branch.run(Mode.POSTED)
    found = paid(branch, branch.run(period=NEXT))
    # of 1,000, 500, 700 and three times nothing the median is 250
    assert column(found, "before.line") == dict.fromkeys(branch.ids, 25_000)
    before = column(found, "before.amount")
    assert {name for name, amount in before.items() if amount} == {"anna", "bo", "chen"}


def closed(branch: Branch) -> tuple[str, dict[str, dict[str, int | None]]]:
    run_id = close_period(
        branch.runtime, SYSTEM, branch.company.entity_id, "2026-08", accept_warnings=True
    ).id
    return run_id, paid(branch, run_id)


def evaluated(branch: Branch, run_id: str, names: list[str]) -> dict[str, dict[str, int | None]]:
    """Evaluate some people by what is known now, beside the frozen peers."""
    found: dict[str, dict[str, int | None]] = {}

    def deed(writing: Writing) -> str:
        base = run_by_id(writing.connection, writing.entity_id, run_id)
        assert base is not None
        period = ClosedPeriod.of(writing, period_named("2026-08"), base)
        known = Knowledge.at(writing.known_at)
        calculation = period.evaluate(known, {branch.ids[each] for each in names}).calculation
        assert calculation is not None
        by_id = {person_id: name for name, person_id in branch.ids.items()}
        for each in calculation.paid:
            for place, row in enumerate(each.variant.rows.tolist()):
                name = by_id[calculation.people[row].person_id]
                mine = {**each.inputs, **each.amounts}
                found[name] = {part: column.at(place) for part, column in mine.items()}
        return run_id

    branch.company.write(deed)
    return found


def test_whoever_nothing_happened_to_finds_the_very_peers_that_were_frozen(branch: Branch) -> None:
    for name, cents in {"anna": 100_000, "chen": 100_000, "eve": 100_001, "dai": 7}.items():
        branch.sale(name, DAY, cents)
    branch.aim(1, "3000")
    run_id, _ = closed(branch)
    with reading(branch.runtime.engine, SYSTEM) as connection:
        shards = frozen_shards(connection, run_id)
    for name, found in evaluated(branch, run_id, list(branch.ids)).items():
        shard, place = shards.places[branch.ids[name]]
        frozen = {part: held.at(place) for part, held in shards.columns[shard].items()}
        read = {part: value for part, value in found.items() if not part.endswith(".amount")}
        assert read == {part: frozen[part] for part in read}
        assert {"bands.peers.rank", "above.peers.lo_num", "pool.pool.keys"} <= read.keys()


def test_a_late_order_finds_its_place_among_frozen_peers_whom_it_does_not_move(
    branch: Branch,
) -> None:
    for name, cents in {"anna": 100_000, "chen": 99_000, "eve": 98_000, "bo": 50_000}.items():
        branch.sale(name, DAY, cents)
    branch.aim(1, "2000")
    run_id, before = closed(branch)
    assert before["bo"]["bands.amount"] == 0
    branch.sale("bo", DAY, 60_000)
    branch.sale("eve", DAY, -98_000)
    now = evaluated(branch, run_id, ["bo", "eve", "anna"])
    assert now["bo"]["bands.peers.rank"] == 1  # 1 + nobody who is better
    assert now["bo"]["bands.amount"] == 200_000
    assert now["anna"]["bands.peers.rank"] == 1  # was first, and stays so beside frozen peers
    assert now["eve"]["bands.peers.rank"] == 4
    for part in ("size", "lo_num", "hi_num"):
        assert now["bo"][f"above.peers.{part}"] == before_of(branch, run_id, "bo", part)
    # the pool of 29.70 stays; without a key eve has no part, and the others keep theirs
    assert now["eve"]["pool.amount"] == 0
    assert now["anna"]["pool.amount"] == before["anna"]["pool.amount"] == 1000


def before_of(branch: Branch, run_id: str, name: str, part: str) -> int | None:
    with reading(branch.runtime.engine, SYSTEM) as connection:
        shards = frozen_shards(connection, run_id)
    shard, place = shards.places[branch.ids[name]]
    return shards.columns[shard][f"above.peers.{part}"].at(place)
