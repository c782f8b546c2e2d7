"""A made-up company in a database for the whole path: people, links, goals and facts by bulk load.

A person has about 24 facts: orders of four customers in the three months before the quarter and
again in it, payments, visits. One order in a hundred was corrected once, one in three hundred
taken back, so that the reading of revisions has something to do.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Table, text

from actions.deed import Runtime
from actions.define_metric import define_metric
from actions.found_company import found_company
from actions.publish_plan import draft_plan, publish_plan
from actions.publish_scorecard import publish_scorecard
from domain.access import System
from storage import tables
from storage.bulk import add_tuples
from storage.definitions import Scope
from storage.engine import Writing
from storage.people import rebuild_closure
from tests.support.rules import CARD, METRICS, PLAN, changed, item, metric, texts

PERIOD, MONTH, YEAR = "2026-09", date(2026, 9, 1), date(2026, 1, 1)
LOADER = System(name="bench")
CUSTOMERS, ORDERS, PAYMENTS, VISITS = 4, 5, 3, 9
TEAMS_PER_REGION, PLATFORMS = 20, 3
_BATCH = 5_000  # people whose facts are made at a time

_PAID = {"kind": "SUM", "fact": "payment", "unit": "CNY"}
_SOLD = {"kind": "SUM", "fact": "order", "unit": "CNY"}
COLLECTION = metric(
    "collection", "RATIO", {"kind": "RATIO", "numerator": _PAID, "denominator": _SOLD}
)
CUSTOMERS_SERVED = metric(
    "customers", "COUNT", {"kind": "DISTINCT", "fact": "order", "of": "subject"}, empty="ZERO"
)
_ITEMS = [
    item("sales", "CNY", "40"),
    item("retention", "RATIO", "20"),
    item("collection", "RATIO", "20"),
    item("customers", "COUNT", "10"),
    item("visits", "COUNT", "10", "PROCESS"),
]
_ABOVE = {
    "id": "above_median",
    "kind": "REWARD_ABOVE_MEDIAN",
    "name": texts("Above the median"),
    "missing": "ZERO",
    "metric": "sales",
    "peerGroup": "UNIT",
    "rate": "0.005",
    "minimumCohort": 5,
    "fallback": "NO_REWARD",
}
_TOP = {
    "id": "best_tenth",
    "kind": "TOP_SHARE",
    "name": texts("Best tenth"),
    "missing": "ZERO",
    "metric": "score",
    "peerGroup": "PLATFORM",
    "share": "0.1",
    "rounding": "FLOOR",
    "least": 1,
    "tie": "INCLUDE_ALL",
    "amount": "1000",
    "minimumCohort": 5,
    "fallback": "NO_REWARD",
}
_TARGETS = {
    "sales": ("CNY", 100_000_000),
    "retention": ("RATIO", 750_000),
    "collection": ("RATIO", 900_000),
    "customers": ("COUNT", 4),
    "visits": ("COUNT", 2),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """The company and how it came about."""

    entity_id: str
    people: int
    teams: int
    facts: int
    seconds: float


def load(runtime: Runtime, people: int, seed: int = 7) -> Loaded:
    """Found the company and load everything, in two transactions; then let statistics be taken."""
    started = time.perf_counter()
    entity_id = found_company(runtime, "Bench")
    rng = np.random.default_rng(seed)
    with runtime.writing(entity_id, LOADER) as writing:
        teams = _load_units(writing, rng, people)
        load_people(writing, teams, rng)
        _load_goals(writing, people, rng)
        facts = _load_facts(writing, people, rng)
    with runtime.writing(entity_id, LOADER) as writing:
        _publish_rules(writing)
    # As the owner of the tables: PostgreSQL passes over the ANALYZE of anybody else.
    with runtime.engine.begin() as connection:
        connection.execute(text("ANALYZE"))
    seconds = time.perf_counter() - started
    return Loaded(
        entity_id=entity_id, people=people, teams=len(set(teams)), facts=facts, seconds=seconds
    )


def identifier(prefix: str, number: int) -> str:
    return f"{prefix}_{number:026d}"


def put(
    writing: Writing, table: Table, names: str, rows: Iterator[tuple[Any, ...]] | list[Any]
) -> None:
    """Add rows of the entity; ``names`` leaves out the entity's own column, which is the last."""
    columns = [*names.split(), "legal_entity_id"]
    add_tuples(writing.connection, table, columns, ((*row, writing.entity_id) for row in rows))


def _load_units(writing: Writing, rng: np.random.Generator, people: int) -> list[str]:
    """Make a company, regions and teams of 20 to 1,000 people; return the team of each person."""
    known_at, teams = writing.known_at, list[str]()
    units: list[tuple[str, str, str | None]] = [("unit_root", "COMPANY", None)]
    region = "unit_root"
    while len(teams) < people:
        number = len(units)
        if number % (TEAMS_PER_REGION + 1) == 1:
            region = identifier("unit", number)
            units.append((region, "REGION", "unit_root"))
            number += 1
        team = identifier("unit", number)
        units.append((team, "TEAM", region))
        teams += [team] * int(rng.integers(20, 1_001))
    names = "id revision code name kind known_at"
    put(writing, tables.unit, names, [(u, 1, u, u, kind, known_at) for u, kind, _ in units])
    names = "series_id revision valid_from voided known_at unit_id parent_id"
    places = [(f"p{u}"[:40], 1, YEAR, False, known_at, u, parent) for u, _, parent in units]
    put(writing, tables.unit_place, names, places)
    platforms = [(identifier("plat", n), 1, f"p{n}", f"p{n}", known_at) for n in range(PLATFORMS)]
    put(writing, tables.platform, "id revision code name known_at", platforms)
    rebuild_closure(writing)
    return teams[:people]


def load_people(writing: Writing, teams: list[str], rng: np.random.Generator) -> None:
    """Add people, each assigned to a team and linked to a name in the CRM."""
    known_at, numbers = writing.known_at, range(len(teams))
    platforms = rng.integers(0, PLATFORMS, len(teams)).tolist()
    names = "id revision source_key name staff_number known_at"
    rows = ((identifier("per", n), 1, str(n), f"Person {n}", str(n), known_at) for n in numbers)
    put(writing, tables.person, names, rows)
    names = (
        "series_id revision valid_from voided known_at person_id unit_id platform_id position role"
    )
    put(
        writing,
        tables.assignment,
        names,
        (
            (
                identifier("asg", n),
                1,
                YEAR,
                False,
                known_at,
                identifier("per", n),
                teams[n],
                identifier("plat", platforms[n]),
                "sales",
                "MEMBER",
            )
            for n in numbers
        ),
    )
    identities = ((identifier("idn", n), "crm", str(n), known_at) for n in numbers)
    put(writing, tables.identity, "id namespace value first_seen_at", identities)
    names = "series_id revision valid_from voided known_at identity_id person_id"
    links = (
        (
            identifier("lnk", n),
            1,
            YEAR,
            False,
            known_at,
            identifier("idn", n),
            identifier("per", n),
        )
        for n in numbers
    )
    put(writing, tables.identity_link, names, links)


def _load_goals(writing: Writing, people: int, rng: np.random.Generator) -> None:
    known_at = writing.known_at
    names = "id revision valid_from voided known_at level owner_id period name state"
    goals = (
        (
            identifier("goal", n),
            1,
            MONTH,
            False,
            known_at,
            "PERSON",
            identifier("per", n),
            PERIOD,
            "Goal",
            "ACTIVE",
        )
        for n in range(people)
    )
    put(writing, tables.goal, names, goals)
    parts = rng.integers(80, 121, people).tolist()
    lines = (
        (identifier("goal", n), 1, key, unit, steps * parts[n] // 100 if key == "sales" else steps)
        for n in range(people)
        for key, (unit, steps) in _TARGETS.items()
    )
    put(writing, tables.goal_line, "goal_id revision metric_key unit target", lines)


FACT = (
    "id connection_id stream key revision record_id kind identity_id business_date quantity unit"
    " subject attributes deleted known_at"
)


def _load_facts(writing: Writing, people: int, rng: np.random.Generator) -> int:
    made = 0

    def counted(first: int, last: int) -> Iterator[tuple[Any, ...]]:
        nonlocal made
        for fact in _facts(first, last, rng):
            made += 1
            key_of_fact, record = identifier("fact", made), identifier("rec", made)
            kind, key, revision, person, day, quantity, unit, subject, deleted = fact
            yield (
                key_of_fact, "con_bench", kind, key, revision, record, kind,
                identifier("idn", person), day, quantity, unit, subject, {"channel": "shop"},
                deleted, writing.known_at,
            )  # fmt: skip

    for first in range(0, people, _BATCH):
        put(writing, tables.fact, FACT, counted(first, min(first + _BATCH, people)))
    return made


def _facts(first: int, last: int, rng: np.random.Generator) -> Iterator[tuple[Any, ...]]:
    """Make the facts of some people, customer by customer as a CRM would export them."""
    count = last - first
    amounts = rng.integers(5_000_00, 350_000_00, (count, ORDERS)).tolist()
    days = rng.integers(0, 30, (count, ORDERS + PAYMENTS + VISITS)).tolist()
    back = (rng.random((count, CUSTOMERS)) < 0.7).tolist()
    changes = rng.random((count, ORDERS)).tolist()
    base = [date(2026, 4, 3) + timedelta(days=each) for each in range(90)]
    month = [MONTH + timedelta(days=each) for each in range(30)]
    for row in range(count):
        n = first + row
        own, on = f"{n}", days[row]
        for c in range(CUSTOMERS):
            subject = f"c{own}-{c}"
            yield "order", f"{own}-b{c}", 1, n, base[on[c]], 1_000_00, "CNY", subject, False
            if back[row][c]:
                yield (
                    "order",
                    f"{own}-r{c}",
                    1,
                    n,
                    date(2026, 7, 7),
                    1_000_00,
                    "CNY",
                    subject,
                    False,
                )
        for o in range(ORDERS):
            amount, subject, key = amounts[row][o], f"c{own}-{o % CUSTOMERS}", f"{own}-o{o}"
            yield "order", key, 1, n, month[on[o]], amount, "CNY", subject, False
            if changes[row][o] < 0.0133:
                gone = changes[row][o] < 0.0033
                yield "order", key, 2, n, month[on[o]], amount // 2, "CNY", subject, gone
        for p in range(PAYMENTS):
            quantity, day = amounts[row][p] * 3 // 2, month[on[ORDERS + p]]
            yield "payment", f"{own}-p{p}", 1, n, day, quantity, "CNY", f"c{own}-{p}", False
        for v in range(VISITS):
            day = month[on[ORDERS + PAYMENTS + v]]
            yield "visit", f"{own}-v{v}", 1, n, day, 1, "COUNT", f"c{own}-{v % CUSTOMERS}", False


def _publish_rules(writing: Writing) -> None:
    for document in (*METRICS, COLLECTION, CUSTOMERS_SERVED):
        define_metric(writing, LOADER, document, valid_from=YEAR)
    publish_scorecard(writing, LOADER, changed(CARD, items=_ITEMS), Scope(), valid_from=YEAR)
    plan = changed(PLAN, components=[*PLAN["components"][:2], _ABOVE, _TOP, PLAN["components"][2]])
    version = draft_plan(writing, LOADER, plan, Scope(), valid_from=YEAR)
    publish_plan(writing, LOADER, version)
