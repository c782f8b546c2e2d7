"""The CRM data set, imported by its mapping, against figures counted with nothing but csv."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from actions.sync_source import Outcome
from domain.mapping_document import decode_mapping, encode_mapping
from domain.measure import Adding, Aggregate
from storage import tables
from storage.engine import reading
from storage.measures import Grouping, add_up
from tests.support.company import SYSTEM
from tests.support.syncing import Company

ROOT = Path(__file__).resolve().parents[2]
SETUP = json.loads((ROOT / "docs/mappings/crm-sales-opportunities.import.json").read_text("utf-8"))
MAPPING = json.loads((ROOT / "docs/mappings" / SETUP["mapping"]).read_text("utf-8"))
CONFIG = dict(SETUP["config"], path=".")
LATER = datetime(2100, 1, 1, tzinfo=UTC)


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def won_deals(folder: Path) -> list[dict[str, str]]:
    return [row for row in rows(folder, "sales_pipeline.csv") if row["deal_stage"] == "Won"]


@pytest.fixture
def company(database_url: str, crm_data: Path, tmp_path: Path) -> Iterator[Company]:
    folder = tmp_path / "inbox"
    shutil.copytree(crm_data, folder)
    made = Company(database_url, folder)
    yield made
    made.runtime.engine.dispose()


def sums(company: Company, grouping: Grouping, month: int) -> dict[str, int]:
    """Add up the sales of a month of 2017 as the product does, by the name of the group."""
    end = date(2017, month + 1, 1) if month < 12 else date(2018, 1, 1)
    aggregate = Aggregate(
        adding=Adding.SUM,
        fact="order",
        where=(),
        unit="USD",
        of=None,
        start=date(2017, month, 1),
        end=end,
    )
    with reading(company.runtime.engine, SYSTEM) as connection:
        found = add_up(connection, company.entity_id, aggregate, known_at=LATER, grouping=grouping)
    table = tables.person if grouping is Grouping.PERSON else tables.unit
    names = {row.id: row.name for row in company.all(table)}
    return {names[group]: total for group, total in found.items()}


def test_the_mapping_is_canonical() -> None:
    mapping, problems = decode_mapping(MAPPING)
    assert problems == ()
    assert mapping is not None
    assert encode_mapping(mapping) == MAPPING


def test_wins_become_sales_of_their_agents_teams_and_regions(company: Company) -> None:
    synced = company.sync(company.connect(CONFIG, MAPPING))
    won, teams = won_deals(company.folder), rows(company.folder, "sales_teams.csv")
    assert (synced.outcome, company.open_quarantine()) == (Outcome.SUCCEEDED, [])
    assert synced.counts["records"] == 8_800 + 35
    team_of = {row["sales_agent"]: row for row in teams}
    for month in range(1, 13):
        agents: Counter[str] = Counter()
        units: Counter[str] = Counter()
        for row in won:
            if row["close_date"].startswith(f"2017-{month:02d}"):
                cents = int(row["close_value"]) * 100
                team = team_of[row["sales_agent"]]
                agents[row["sales_agent"]] += cents
                for unit in ("Sales", team["manager"], team["regional_office"]):
                    units[unit] += cents
        assert sums(company, Grouping.PERSON, month) == agents, month
        assert sums(company, Grouping.UNIT, month) == units, month
    assert sums(company, Grouping.UNIT, 3)["Sales"] == 1_134_672 * 100
    assert_facts(company, won)
    assert_organisation(company)


def assert_facts(company: Company, won: list[dict[str, str]]) -> None:
    facts = company.facts()
    assert len(facts) == len(won) == 4_238
    assert sum(fact[4] for fact in facts) == 10_005_534 * 100
    nobody = sum(row["account"] == "null" for row in won)
    assert sum(fact[6] is None for fact in facts) == nobody
    products = {json.loads(fact[7])["product"] for fact in facts}
    assert products <= {row["product"] for row in rows(company.folder, "products.csv")}
    assert "GTX Pro" in products


def test_however_often_and_in_whatever_order_it_comes_the_facts_are_the_same(
    company: Company,
) -> None:
    pipeline = company.folder / "sales_pipeline.csv"
    header, *lines = pipeline.read_text("utf-8").splitlines(keepends=True)
    config: dict[str, Any] = json.loads(json.dumps(CONFIG))
    config["streams"]["opportunities"]["pattern"] = "sales_pipeline*.csv"
    crm = company.connect(config, MAPPING)
    # The last third first, overlapping with what comes next; then all of it, twice, backwards.
    pipeline.write_text(header + "".join(lines[5_000:]), "utf-8")
    company.sync(crm)
    (company.folder / "sales_pipeline-2.csv").write_text(header + "".join(lines[:6_000]), "utf-8")
    company.sync(crm)
    pipeline.write_text(header + "".join(reversed(lines)), "utf-8")
    company.sync(crm)
    assert company.sync(crm).outcome is Outcome.EMPTY_EXPECTED
    pipeline.write_text(header + "".join(lines), "utf-8")
    assert_facts(company, won_deals(company.folder))
    assert len(company.all(tables.fact)) == 4_238


def test_a_dirty_row_is_reported_with_its_place_and_the_rest_arrives(company: Company) -> None:
    pipeline = company.folder / "sales_pipeline.csv"
    lines = pipeline.read_text("utf-8").splitlines(keepends=True)
    lines[1] = lines[1].replace(",1054", ",one thousand")
    lines[2] = lines[2].replace(",Won,", ",Gewonnen,")
    pipeline.write_text("".join(lines), "utf-8")
    synced = company.sync(company.connect(CONFIG, MAPPING))
    assert synced.outcome is Outcome.PARTIAL
    assert len(company.facts()) == 4_236
    places = sorted(row.position["place"] for row in company.all(tables.quarantine))
    assert places == [
        "file:sales_pipeline.csv/row:2/column:close_value",
        "file:sales_pipeline.csv/row:3/column:deal_stage",
    ]


def assert_organisation(company: Company) -> None:
    team = rows(company.folder, "sales_teams.csv")
    people = {row.name for row in company.all(tables.person)}
    assert people == {row["sales_agent"] for row in team} | {row["manager"] for row in team}
    assert len(company.all(tables.person)) == 41
    kinds = Counter(row.kind for row in company.all(tables.unit))
    assert kinds == {"COMPANY": 1, "REGION": 3, "TEAM": 6}
    roles = Counter(row.role for row in company.all(tables.assignment))
    assert roles == {"MEMBER": 35, "LEAD": 6}
    assert len(company.all(tables.identity_link)) == 41
