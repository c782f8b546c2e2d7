"""The CRM data set out of a database, by the mapping that its files have: the same totals."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import psycopg
import pytest

from actions.sync_source import Outcome
from connectors.databases_host import databases_of
from connectors.sql import SqlConnector
from tests.support.postgres import Cluster
from tests.support.sql_source import FILE
from tests.support.syncing import Company

ROOT = Path(__file__).resolve().parents[2]
MAPPING = json.loads((ROOT / "docs/mappings/crm-sales-opportunities.json").read_text("utf-8"))
_TEAM = "CREATE TABLE team (sales_agent text PRIMARY KEY, manager text, regional_office text)"
_PIPELINE = """CREATE TABLE pipeline (opportunity_id text PRIMARY KEY, sales_agent text,
    product text, account text, deal_stage text, engage_date date, close_date date,
    close_value numeric(12,2), changed timestamp)"""
_LATER = """
UPDATE pipeline SET close_value = 1054.05, changed = '2018-01-02 00:00:00'
    WHERE opportunity_id = '1C1I7A6R';
UPDATE pipeline SET deal_stage = 'Lost', changed = '2018-01-02 00:00:00'
    WHERE opportunity_id = 'Z063OYW0';
DELETE FROM pipeline WHERE opportunity_id = 'EC4QE1BX';
INSERT INTO pipeline SELECT 'NEW', sales_agent, product, account, 'Won', engage_date, close_date, 1,
    (SELECT max(changed) FROM pipeline WHERE close_date < '{until}'
    AND opportunity_id <> '1C1I7A6R') FROM pipeline WHERE opportunity_id = '1C1I7A6R'"""
# Facts are the deals that were won; the database leaves the others where they are.
STREAMS: dict[str, Any] = {
    "teams": {
        "table": "team",
        "key": ["sales_agent"],
        "changes": None,
        "deletes": {"kind": "SWEEP"},
    },
    "opportunities": {
        "query": "SELECT * FROM pipeline WHERE deal_stage = 'Won' AND close_date < '{until}'",
        "key": ["opportunity_id"],
        "changes": {"kind": "TIME", "column": "changed", "again_minutes": 120},
        "deletes": {"kind": "SWEEP"},
        # Of a SELECT SQLite does not say that it was numeric(12,2), and keeps cents as a float.
        "floats": {"close_value": 2},
    },
}


@dataclass(frozen=True)
class Source:
    """A database with the data set; ``execute`` changes it."""

    database: dict[str, Any]
    private: tuple[str, ...]
    folder: Path
    connection: Any

    def execute(self, text: str) -> None:
        self.connection.execute(text)
        self.connection.commit()


def rows(folder: Path, name: str) -> list[tuple[str | None, ...]]:
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return [tuple(cell or None for cell in row) for row in list(csv.reader(file))[1:]]


def fill(source: Source, data: Path, place: str) -> None:
    source.connection.execute(_TEAM)
    source.connection.execute(_PIPELINE)
    team = f"INSERT INTO team VALUES ({', '.join([place] * 3)})"
    deal = f"INSERT INTO pipeline VALUES ({', '.join([place] * 9)})"
    cursor = source.connection.cursor()
    cursor.executemany(team, rows(data, "sales_teams.csv"))
    # Closed deals are no longer touched; the clock of the others stopped on the last day.
    deals = [
        (*row, f"{row[6] or '2017-12-31'} 18:00:00") for row in rows(data, "sales_pipeline.csv")
    ]
    cursor.executemany(deal, deals)
    source.connection.commit()


@pytest.fixture
def source(
    database_url: str, crm_data: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Source]:
    """A source of the kind that our own database is, beside it."""
    if database_url.startswith("sqlite"):
        folder = tmp_path / "sources"
        folder.mkdir()
        connection: Any = sqlite3.connect(folder / FILE)
        made = Source({"kind": "SQLITE", "file": FILE}, (), folder, connection)
        fill(made, crm_data, "?")
        yield made
        connection.close()
        return
    cluster: Cluster = request.getfixturevalue("postgres_cluster")
    name = cluster.create_database()
    host = unquote(parse_qs(urlsplit(database_url).query)["host"][0])
    database = {"host": host, "port": cluster.port, "name": name, "user": "attain", "tls": "OFF"}
    connection = psycopg.connect(host=host, port=cluster.port, user="attain", dbname=name)
    made = Source({"kind": "POSTGRESQL", **database}, (host,), tmp_path, connection)
    fill(made, crm_data, "%s")
    yield made
    connection.close()
    cluster.drop_database(name)


def test_a_data_set_out_of_a_database_gives_the_totals_of_its_files(
    database_url: str, source: Source, crm_data: Path, tmp_path: Path
) -> None:
    # All of it where that is cheap; one month on the other kind, which differs in the driver.
    until = "2018-01-01" if database_url.startswith("sqlite") else "2017-04-01"
    company = Company(database_url, tmp_path, {"sql": SqlConnector()})
    company.runtime = replace(
        company.runtime,
        databases=lambda info, config: databases_of(info, config, source.private, source.folder),
    )
    try:
        streams = json.loads(json.dumps(STREAMS).replace("{until}", until))
        config = {"database": source.database, "zone": "UTC", "streams": streams}
        crm = company.connect(config, MAPPING, "sql")
        synced = company.sync(crm)
        assert (synced.outcome, company.open_quarantine()) == (Outcome.SUCCEEDED, [])
        told = rows(crm_data, "sales_pipeline.csv")
        won = [row for row in told if row[4] == "Won" and str(row[6]) < until]
        assert synced.counts["records"] == len(won) + 35
        assert totals(company) == expected(won)
        assert totals(company)["2017-03"] == 1_134_672 * 100
        assert until < "2018" or sum(totals(company).values()) == 10_005_534 * 100
        for statement in _LATER.split(";"):
            source.execute(statement.replace("{until}", until))
        again = company.sync(crm)
        assert again.counts["records"] < 35 + 60
        # Corrected by 5 cents; one lost after all, one deleted; one committed late.
        now = sum(int(str(row[7])) for row in won) - 4_514 - 50 + 1
        assert sum(totals(company).values()) == now * 100 + 5
        assert len(company.facts()) == len(won) - 1
    finally:
        company.runtime.engine.dispose()


def totals(company: Company) -> Counter[str]:
    found: Counter[str] = Counter()
    for fact in company.facts():
        found[fact[3].isoformat()[:7]] += fact[4]
    return found


def expected(won: list[tuple[str | None, ...]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for row in won:
        found[str(row[6])[:7]] += int(str(row[7])) * 100
    return found
