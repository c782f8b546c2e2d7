"""From DingTalk to facts: the server, the sync, the mapping that comes along, both databases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from actions.sync_source import Outcome
from actions.take_hook import take_hook
from connectors import dingtalk
from connectors.dingtalk import DingTalkConnector
from connectors.web_host import web_of
from domain.mapping_document import decode_mapping, encode_mapping
from storage import tables
from tests.support.dingtalk_sample import Meeting, callback, checkin, dingtalk_meeting
from tests.support.dingtalk_server import SECRET, DingTalkServer, at
from tests.support.syncing import NOW, Company

MAPPING = json.loads(
    (Path(dingtalk.__file__).parent / "mappings" / "dingtalk.json").read_text("utf-8")
)


@pytest.fixture(scope="module")
def meeting() -> Iterator[Meeting]:
    with dingtalk_meeting() as found:
        yield found


@pytest.fixture
def server(meeting: Meeting) -> DingTalkServer:
    return meeting.renew()


@pytest.fixture
def company(database_url: str, tmp_path: Path, meeting: Meeting) -> Iterator[Company]:
    made = Company(database_url, tmp_path, {"dingtalk": DingTalkConnector()})
    clock = made.runtime.clock

    def open_web(info: Any, config: Any, wait: Any) -> Any:
        return web_of(meeting.http, info, config, clock, wait)

    made.runtime = replace(made.runtime, web=open_web)
    yield made
    made.runtime.engine.dispose()


def totals(company: Company) -> dict[tuple[str, str], int]:
    """Add up every fact, by kind and person."""
    found: dict[tuple[str, str], int] = {}
    for _, kind, who, _, quantity, _, _, _ in company.facts():
        found[kind, who] = found.get((kind, who), 0) + quantity
    return found


def test_the_default_mapping_is_written_as_it_is_read() -> None:
    mapping, problems = decode_mapping(MAPPING)
    assert not problems
    assert mapping is not None
    assert encode_mapping(mapping) == MAPPING
    assert set(mapping.streams) == {stream.name for stream in DingTalkConnector.info.streams}


def test_a_company_in_dingtalk_comes_to_the_right_facts_and_a_callback_brings_a_correction(
    company: Company, meeting: Meeting, server: DingTalkServer
) -> None:
    made = company.connect(meeting.settings(), MAPPING, "dingtalk")
    assert company.sync(made).outcome is Outcome.PARTIAL  # one row waits for a person
    assert [row.code for row in company.open_quarantine()] == ["source_row_unreadable"]
    expected = {
        ("visit", "sales01"): 2,
        ("visit", "sales02"): 1,
        ("attended_day", "sales01"): 1,
        ("attended_day", "sales02"): 1,
        ("late", "sales02"): 1,
        ("missing_punch", "sales02"): 1,
    }
    assert totals(company) == expected
    assert {row.name for row in company.all(tables.person)} == {
        "员工boss01",
        "员工sales01",
        "员工sales02",
    }
    assert {row.code for row in company.all(tables.unit)} == {"2", "3"}
    ready = {row.stream: row.complete_through for row in company.all(tables.readiness)}
    assert ready["visits"] == ready["results"] == date(2026, 9, 30)

    # Nothing new is nothing new; then a visit goes, one comes, and the boss puts a day right.
    assert not company.sync(made).counts.get("facts", 0)
    server.checkins[3] = checkin("sales01", "2026-09-29 16:00", "Market")
    server.results[2] |= {"timeResult": "Normal", "sourceType": "BOSS"}
    changed = at("2026-09-30 00:00")
    event = {"EventType": "attend_bossCheck_change", "userId": "sales02", "workDate": changed}
    answer = take_hook(company.runtime, made, callback(event, NOW))
    assert answer is not None
    assert json.loads(answer.body)["encrypt"]
    company.sync(made)
    gone = {("visit", "sales02"), ("missing_punch", "sales02")}
    assert {place: total for place, total in totals(company).items() if total} == {
        **{place: total for place, total in expected.items() if place not in gone},
        ("visit", "sales01"): 3,
    }


def test_a_secret_stands_in_no_table(
    company: Company, meeting: Meeting, server: DingTalkServer
) -> None:
    server.errors = {"gettoken": [40096]}
    made = company.connect(meeting.settings(), MAPPING, "dingtalk")
    done = company.sync(made)
    assert (done.outcome, done.code) == (Outcome.PAUSED, "dingtalk_secret_refused")
    assert SECRET not in repr(company.all(tables.sync_run))
