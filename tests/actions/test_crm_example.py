"""The example CRM, imported by its mapping, against figures counted with nothing but csv."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actions.sync_source import Outcome
from domain.mapping_document import decode_mapping, encode_mapping
from storage import tables
from tests.support.syncing import Company

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "examples" / "crm-sales-opportunities"
MAPPING = json.loads((ROOT / "docs/mappings/crm-sales-opportunities.json").read_text("utf-8"))
CONFIG = {
    "path": ".",
    "streams": {
        "teams": {"pattern": "sales_teams.csv", "key": ["sales_agent"]},
        "opportunities": {"pattern": "sales_pipeline.csv", "key": ["opportunity_id"]},
    },
}


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_example_mapping_is_canonical() -> None:
    mapping, problems = decode_mapping(MAPPING)
    assert problems == ()
    assert mapping is not None
    assert encode_mapping(mapping) == MAPPING


@pytest.fixture
def company(database_url: str) -> Iterator[Company]:
    made = Company(database_url, DATA)
    yield made
    made.runtime.engine.dispose()


def test_every_won_deal_becomes_a_sales_fact_and_nothing_else_does(company: Company) -> None:
    crm = company.connect(CONFIG, MAPPING)
    synced = company.sync(crm)
    won = [row for row in rows("sales_pipeline.csv") if row["deal_stage"] == "Won"]
    assert (synced.outcome, company.open_quarantine()) == (Outcome.SUCCEEDED, [])
    assert synced.counts["records"] == 8_800 + 35
    facts = company.facts()
    assert len(facts) == len(won) == 4_238
    assert sum(fact[4] for fact in facts) == 10_005_534 * 100
    by_month: Counter[str] = Counter()
    by_agent: Counter[str] = Counter()
    counted_month: Counter[str] = Counter()
    counted_agent: Counter[str] = Counter()
    for _, _, agent, day, quantity, _, _, _ in facts:
        by_month[f"{day:%Y-%m}"] += quantity
        by_agent[agent] += quantity
    for row in won:
        counted_month[row["close_date"][:7]] += int(row["close_value"]) * 100
        counted_agent[row["sales_agent"]] += int(row["close_value"]) * 100
    assert by_month == counted_month
    assert by_month["2017-03"] == 1_134_672 * 100
    assert by_agent == counted_agent
    assert len(by_agent) == 30
    assert_dirt(company, facts, won, synced.counts)
    assert_organisation(company)
    again = company.sync(crm)
    assert again.outcome is Outcome.EMPTY_EXPECTED
    assert len(company.all(tables.fact)) == 4_238


def assert_dirt(company: Company, facts: list[Any], won: list[dict[str, str]], counts: Any) -> None:
    nobody = sum(row["account"] == "null" for row in won)
    assert sum(fact[6] is None for fact in facts) == nobody
    assert counts.get("warning:subject_missing", 0) == nobody
    products = {json.loads(fact[7])["product"] for fact in facts}
    assert products == {row["product"] for row in rows("products.csv")} & products
    assert "GTX Pro" in products
    assert "GTXPro" not in products


def assert_organisation(company: Company) -> None:
    team = rows("sales_teams.csv")
    people = {row.name for row in company.all(tables.person)}
    assert people == {row["sales_agent"] for row in team} | {row["manager"] for row in team}
    assert len(company.all(tables.person)) == 41
    kinds = Counter(row.kind for row in company.all(tables.unit))
    assert kinds == {"COMPANY": 1, "REGION": 3, "TEAM": 6}
    roles = Counter(row.role for row in company.all(tables.assignment))
    assert roles == {"MEMBER": 35, "LEAD": 6}
    assert len(company.all(tables.identity_link)) == 41
