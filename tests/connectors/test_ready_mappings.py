"""Mappings that are ready to use, each with the connection that its page shows, up to its facts."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from actions.sync_source import Outcome
from connectors.databases_host import databases_of
from connectors.files import FilesConnector
from connectors.rest import RestConnector
from connectors.sql import SqlConnector
from tests.support.loopback import Asked, Told
from tests.support.mapped_sources import written
from tests.support.source_web import simulated
from tests.support.syncing import Company

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "mappings"
_CONNECTORS = {"files": FilesConnector(), "rest": RestConnector(), "sql": SqlConnector()}
_POINT = 10_000
_SPEND = """CREATE TABLE spend (id INTEGER PRIMARY KEY, day TEXT, owner TEXT, kind TEXT,
    platform TEXT, campaign TEXT, amount TEXT, currency TEXT, updated_at TEXT)"""


def document(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / name).read_text("utf-8"))
    return found


@pytest.fixture
def company(database_url: str, tmp_path: Path) -> Iterator[Company]:
    made = Company(database_url, tmp_path, _CONNECTORS)
    yield made
    made.runtime.engine.dispose()


def totals(company: Company, connection: str) -> Counter[tuple[str, str, str, str]]:
    """Add up by kind, person, month and unit."""
    found: Counter[tuple[str, str, str, str]] = Counter()
    for _, kind, who, day, quantity, unit, _, _ in company.facts(connection):
        found[kind, who, day.isoformat()[:7], unit] += quantity
    return found


@pytest.mark.parametrize("name", ["survey", "marketing-leads", "marketing-spend"])
def test_a_ready_mapping_is_canonical(name: str) -> None:
    assert written(document(f"{name}.json")) == document(f"{name}.json")


def test_answers_of_a_survey_are_facts_of_who_was_rated(company: Company) -> None:
    setup = document("survey.import.json")
    inbox = company.folder / setup["config"]["path"]
    shutil.copytree(FOLDER / "survey-example", inbox)
    survey = company.connect(setup["config"], document(setup["mapping"]))
    assert company.sync(survey).outcome is Outcome.SUCCEEDED
    assert totals(company, survey) == {
        ("survey", "A017", "2026-09", "POINT"): 9 * _POINT,
        # Half past midnight of October where the company is.
        ("survey", "A021", "2026-10", "POINT"): 3 * _POINT,
        ("nps", "A017", "2026-09", "POINT"): 10 * _POINT,
        ("nps", "A021", "2026-09", "POINT"): 14 * _POINT,
        ("customer_effort", "A021", "2026-09", "POINT"): 2 * _POINT,
    }
    bands = Counter(
        json.loads(fact[7])["band"] for fact in company.facts(survey) if fact[1] == "nps"
    )
    assert bands == {"promoter": 1, "passive": 1, "detractor": 1}
    assert not any("Quick" in fact[7] for fact in company.facts(survey))
    # Uploaded again with a correction, an answer of an unknown kind and one of nobody.
    (inbox / "answers-2026-10.csv").write_text(
        (FOLDER / "survey-example" / "answers-2026-09.csv").read_text("utf-8").splitlines()[0]
        + "\nafter-sale,R-1001,2026-09-03T10:15:00+08:00,A017,csat,1,5,wechat,"
        + "\nafter-sale,R-1009,2026-09-03T10:15:00+08:00,A017,stars,1,5,wechat,"
        + "\nafter-sale,R-1010,2026-09-03T10:15:00+08:00,,csat,1,5,wechat,"
        + "\nafter-sale,R-1011,2026-09-03T10:15:00+08:00,A017,csat,9,10,wechat,"
        + "\nrelation,R-2009,2026-09-03T10:15:00+08:00,A017,nps,4,5,wechat,\n",
        "utf-8",
    )
    assert company.sync(survey).outcome is not Outcome.SUCCEEDED
    codes = sorted(row.code for row in company.open_quarantine())
    assert codes == ["cell_not_a_choice", "person_missing"]
    # 9 of 10 and 4 of 5 are no answers of 5 and of 10: a mean of both would say nothing.
    assert totals(company, survey)["survey", "A017", "2026-09", "POINT"] == 5 * _POINT
    assert totals(company, survey)["nps", "A017", "2026-09", "POINT"] == 10 * _POINT


class Leads:
    """A list of leads behind a key, two on a page."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def put(self, number: int, status: str, **others: Any) -> None:
        at = "2026-09-30T16:30:00+00:00" if number == 1 else "2026-09-02T09:00:00+08:00"
        row = {"id": number, "owner": "A017", "status": status, "created_at": at, "source": "web"}
        self.rows = [each for each in self.rows if each["id"] != number]
        own = {"updated_at": "2026-10-01T08:00:00+08:00", "campaign": {"name": "Autumn"}}
        self.rows.append({**row, **own, "phone": "13800000000", **others})

    def answer(self, asked: Asked) -> Told:
        if asked.headers.get("authorization") != "Bearer lead-key-1234":
            return Told(status=401, body={})
        start = int(asked.query.get("at", "0"))
        body: dict[str, Any] = {"data": self.rows[start : start + 2]}
        if start + 2 < len(self.rows):
            body["next"] = f"/api/v1/leads?at={start + 2}"
        return Told(body=body)


def test_leads_of_a_web_site_count_by_what_became_of_them(company: Company) -> None:
    setup, server = document("marketing-leads.connection.json"), Leads()
    for number, status in enumerate(("new", "qualified", "won", "new"), 1):
        server.put(number, status)
    server.put(5, "new", owner=None)  # nobody's yet
    with simulated(server.answer) as (address, web):
        company.runtime = replace(company.runtime, web=lambda _info, _config, _wait: web)
        config = {**setup["config"], "address": f"{address}/api/v1", "secret": "lead-key-1234"}
        leads = company.connect(config, document(setup["mapping"]), "rest")
        assert company.sync(leads).outcome is Outcome.SUCCEEDED
        assert totals(company, leads) == {
            ("lead", "A017", "2026-10", "COUNT"): 1,
            ("lead", "A017", "2026-09", "COUNT"): 3,
        }
        assert _statuses(company, leads) == {"new": 2, "accepted": 1, "converted": 1}
        server.put(4, "won", updated_at="2026-10-02T08:00:00+08:00")
        server.put(5, "new", updated_at="2026-10-02T08:00:00+08:00")
        company.sync(leads)
        assert _statuses(company, leads) == {"new": 2, "accepted": 1, "converted": 2}
    assert company.open_quarantine() == []


def _statuses(company: Company, connection: str) -> Counter[str]:
    return Counter(json.loads(fact[7])["status"] for fact in company.facts(connection))


def test_spend_of_marketing_adds_up_by_who_spent_it(company: Company, tmp_path: Path) -> None:
    setup = document("marketing-spend.connection.json")
    folder = tmp_path / "sources"
    folder.mkdir()
    source = sqlite3.connect(folder / "marketing.db")
    source.execute(_SPEND)
    row = "INSERT INTO spend VALUES ({}, '{}', 'A017', '{}', 'tmall', 'Autumn', '{}', '{}', '{}')"
    at = "2026-09-30 10:00:00"
    for number, (day, kind, amount, currency) in enumerate(
        (
            ("2025-12-31", "ad", "999.00", "CNY"),
            ("2026-09-01", "ad", "1200.50", "CNY"),
            ("2026-09-15", "event", "800.00", "CNY"),
            ("2026-09-20", "ad", "-100.25", "CNY"),
            ("2026-09-21", "channel", "70.00", "USD"),
        )
    ):
        source.execute(row.format(number, day, kind, amount, currency, at))
    source.commit()
    company.runtime = replace(
        company.runtime, databases=lambda info, config: databases_of(info, config, (), folder)
    )
    config = {**setup["config"], "database": {"kind": "SQLITE", "file": "marketing.db"}}
    config["password"] = ""
    spend = company.connect(config, document(setup["mapping"]), "sql")
    assert company.sync(spend).outcome is Outcome.SUCCEEDED
    assert totals(company, spend) == {
        ("ad_spend", "A017", "2026-09", "CNY"): 190_025,
        ("ad_spend", "A017", "2026-09", "USD"): 7_000,
    }
    source.execute("UPDATE spend SET amount = '900.00' WHERE id = 2")
    source.execute("UPDATE spend SET updated_at = '2026-10-01 00:00:00' WHERE id = 2")
    source.execute("DELETE FROM spend WHERE id = 3")
    source.commit()
    source.close()
    company.sync(spend)
    assert totals(company, spend)["ad_spend", "A017", "2026-09", "CNY"] == 210_050
