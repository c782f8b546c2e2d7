"""The connector ``rest`` against Datasette: an interface over SQLite that nobody here wrote.

Cheap enough to run always: one server that we did not write stands behind every change.
"""

from __future__ import annotations

import csv
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from actions.sync_source import Outcome
from connectors.contract import CheckCode, Checkpoint, Context, Message, ReadRequest, Record
from connectors.rest import RestConnector
from connectors.web_host import LimitedWeb, open_http
from tests.support.live_server import environment, free_port, serving
from tests.support.source import ROOT
from tests.support.source_web import NOW, local_web
from tests.support.syncing import Company

MAPPING = json.loads((ROOT / "docs/mappings/crm-sales-opportunities.json").read_text("utf-8"))
BY_ADDRESS = {"kind": "NEXT_ADDRESS", "next": "next_url"}
PAGINGS: dict[str, dict[str, str]] = {
    "next_url": BY_ADDRESS,
    "next": {"kind": "CURSOR", "next": "next", "parameter": "_next"},
    "link": {"kind": "NEXT_HEADER", "header": "Link"},
}
CHANGES = {
    "column": "changed_at",
    "parameter": "changed_at__gte",
    "form": "ISO",
    "written": "%Y-%m-%d %H:%M:%S",
    "again_minutes": 60,
    "ordered": False,
}
# Without _sort: rows come by their key, and that is the only order whose pages have no gaps.
QUERY = {"_shape": "objects", "_size": "max", "_nocount": "1"}


def load(data: Path, file: Path) -> None:
    """Put the data set into SQLite: empty cells are NULL, a deal has a time of change."""
    with closing(sqlite3.connect(file)) as made, made:
        made.execute("CREATE TABLE sales_teams (sales_agent TEXT PRIMARY KEY, manager, region)")
        made.execute("ALTER TABLE sales_teams RENAME COLUMN region TO regional_office")
        made.execute("CREATE TABLE accounts (account TEXT PRIMARY KEY, revenue REAL, subsidiary)")
        made.execute(
            "CREATE TABLE sales_pipeline (opportunity_id TEXT PRIMARY KEY, sales_agent, product,"
            " account, deal_stage, engage_date, close_date, close_value INTEGER, changed_at TEXT)"
        )
        made.execute("CREATE INDEX by_change ON sales_pipeline (changed_at)")
        for row in _rows(data, "sales_teams.csv"):
            made.execute("INSERT INTO sales_teams VALUES (?, ?, ?)", list(row.values()))
        for row in _rows(data, "accounts.csv"):
            told = (row["account"], float(row["revenue"]), row["subsidiary_of"] or None)
            made.execute("INSERT INTO accounts VALUES (?, ?, ?)", told)
        for row in _rows(data, "sales_pipeline.csv"):
            day = row["close_date"] or row["engage_date"]
            deal = [*(cell or None for cell in row.values()), f"{day} 08:00:00" if day else None]
            made.execute(f"INSERT INTO sales_pipeline VALUES ({', '.join('?' * 9)})", deal)


def _rows(data: Path, name: str) -> Iterator[dict[str, str]]:
    with (data / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


class Served:
    """One Datasette over one file, and a way to both."""

    def __init__(self, address: str, file: Path, web: LimitedWeb) -> None:
        self.address = address
        self.web = web
        self._file = file

    @contextmanager
    def changed(self, deal: str, **values: str) -> Iterator[None]:
        """Change a deal behind the server's back, and put it right again."""
        places = ", ".join(f"{name} = ?" for name in values)
        with closing(sqlite3.connect(self._file)) as connection:
            asked = f"SELECT {', '.join(values)} FROM sales_pipeline WHERE opportunity_id = ?"
            before = connection.execute(asked, (deal,)).fetchone()
            write = f"UPDATE sales_pipeline SET {places} WHERE opportunity_id = ?"
            for row in (tuple(values.values()), before):
                with connection:
                    connection.execute(write, (*row, deal))
                if row is not before:
                    yield

    def settings(self, stage: str = "", **stream: Any) -> dict[str, Any]:
        """Describe Datasette: nothing of it is in our code."""
        own = {"query": {**QUERY, "deal_stage__exact": stage}} if stage else {}
        common = {"records": "rows", "paging": BY_ADDRESS, "deletes": "SWEEP", "query": QUERY}
        return {
            "address": f"{self.address}/crm",
            "access": {"kind": "NONE"},
            "streams": {
                "teams": {**common, "path": "sales_teams.json", "key": ["sales_agent"]},
                "accounts": {**common, "path": "accounts.json", "key": ["account"]},
                "opportunities": {
                    **common,
                    "path": "sales_pipeline.json",
                    "key": ["opportunity_id"],
                    "changes": CHANGES,
                    **own,
                    **stream,
                },
            },
        }

    def context(self, config: dict[str, Any]) -> Context:
        """Build what the host would hand over."""
        return Context(config=config, folder=Path(), now=NOW, web=self.web)

    def read(self, config: dict[str, Any], stream: str, cursor: Any = None) -> list[Message]:
        """Read a stream from a cursor."""
        request = ReadRequest(streams=(stream,), cursors={stream: cursor} if cursor else {})
        return list(RestConnector().read(self.context(config), request))


@pytest.fixture(scope="module")
def datasette(crm_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    programs = environment("datasette")
    folder = tmp_path_factory.mktemp("datasette")
    load(crm_data, folder / "crm.db")
    port = free_port()
    command = [str(programs / "datasette"), "serve", "crm.db", "--host", "127.0.0.1"]
    http = open_http(["127.0.0.1"])
    with serving([*command, "--port", str(port)], port, folder) as address:
        yield Served(address, folder / "crm.db", local_web(http))
    http.close()


def records(messages: list[Message]) -> list[Record]:
    return [message for message in messages if isinstance(message, Record)]


@pytest.mark.parametrize("way", PAGINGS)
def test_every_way_of_turning_pages_gives_every_row_once(
    datasette: Served, crm_data: Path, way: str
) -> None:
    found = records(datasette.read(datasette.settings(paging=PAGINGS[way]), "opportunities"))
    told = list(_rows(crm_data, "sales_pipeline.csv"))
    assert len(found) == len(told) == 8_800
    assert {record.key for record in found} == {row["opportunity_id"] for row in told}
    stages = Counter(str(record.content["deal_stage"]) for record in found)
    assert stages == {"Won": 4_238, "Lost": 2_473, "Engaging": 1_589, "Prospecting": 500}
    won = [r.content["close_value"] for r in found if r.content["deal_stage"] == "Won"]
    assert sum(value for value in won if isinstance(value, int)) == 10_005_534
    assert sum(record.content["engage_date"] is None for record in found) == 500


def test_datasette_loses_rows_when_it_sorts_by_a_time_and_that_is_why_nothing_is_sorted(
    datasette: Served,
) -> None:
    """Its first page breaks no ties by key, the others do: measured, so that nobody forgets."""
    config = datasette.settings(query={**QUERY, "_sort": "changed_at"})
    found = records(datasette.read(config, "opportunities"))
    assert len({record.key for record in found}) < 8_800 < len(found)


def test_what_sqlite_keeps_as_a_fraction_arrives_as_it_was_written(
    datasette: Served, crm_data: Path
) -> None:
    found = records(datasette.read(datasette.settings(), "accounts"))
    told = {row["account"]: row for row in _rows(crm_data, "accounts.csv")}
    assert {record.key: record.content["revenue"] for record in found} == {
        name: Decimal(row["revenue"]) for name, row in told.items()
    }
    assert sum(record.content["subsidiary"] is None for record in found) == 70


def test_a_time_that_is_compared_as_text_hides_no_row(datasette: Served) -> None:
    config = datasette.settings(changes={**CHANGES, "again_minutes": 0})
    whole = datasette.read(config, "opportunities")
    cursor = [message for message in whole if isinstance(message, Checkpoint)][-1].cursor
    last = {r.key for r in records(whole) if r.content["changed_at"] == "2017-12-31 08:00:00"}
    again = {record.key for record in records(datasette.read(config, "opportunities", cursor))}
    assert again == last != set()


def test_what_is_wrong_is_told_apart(datasette: Served) -> None:
    connector = RestConnector()
    assert connector.check(datasette.context(datasette.settings())).code is CheckCode.OK
    missing = datasette.settings(path="nothing.json")
    assert connector.check(datasette.context(missing)).code is CheckCode.CONFIGURATION
    nobody = {**datasette.settings(), "address": f"http://127.0.0.1:{free_port()}/crm"}
    assert connector.check(datasette.context(nobody)).code is CheckCode.UNREACHABLE


def test_wins_become_the_sales_that_the_data_set_promises(
    datasette: Served, crm_data: Path, sqlite_url: str, tmp_path: Path
) -> None:
    """On one database, because this runs always: what a sync stores on both is tested elsewhere."""
    company = Company(sqlite_url, tmp_path, {"rest": RestConnector()})
    company.runtime = replace(company.runtime, web=lambda _info, _config, _wait: datasette.web)
    config = datasette.settings("Won")
    del config["streams"]["accounts"]
    won = {
        row["opportunity_id"]: row
        for row in _rows(crm_data, "sales_pipeline.csv")
        if row["deal_stage"] == "Won"
    }
    try:
        crm = company.connect(config, MAPPING, "rest")
        assert company.sync(crm).outcome is Outcome.SUCCEEDED
        facts = company.facts()
        assert len(facts) == 4_238
        assert _by_agent_and_month(facts) == _counted(won)
        assert sum(fact[4] for fact in facts) == 10_005_534_00
        # One deal is put right late, before the latest change that was seen; one was no win.
        late = {"close_value": "2000", "changed_at": "2017-12-31 07:30:00"}
        with datasette.changed("1C1I7A6R", **late), datasette.changed("Z063OYW0", deal_stage="-"):
            company.sync(crm)
        del won["Z063OYW0"]
        won["1C1I7A6R"]["close_value"] = "2000"
        assert _by_agent_and_month(company.facts()) == _counted(won)
        assert company.open_quarantine() == []
    finally:
        company.runtime.engine.dispose()


def _by_agent_and_month(facts: list[tuple[Any, ...]]) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for fact in facts:
        assert fact[5] == "USD"
        found[(fact[2], fact[3].isoformat()[:7])] += fact[4]
    return found


def _counted(won: dict[str, dict[str, str]]) -> Counter[tuple[str, str]]:
    """Add up with nothing but csv, in cents."""
    found: Counter[tuple[str, str]] = Counter()
    for row in won.values():
        found[(row["sales_agent"], row["close_date"][:7])] += int(row["close_value"]) * 100
    return found
