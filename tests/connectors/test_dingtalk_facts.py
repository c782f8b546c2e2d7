"""From DingTalk to facts: the server, the sync, the mapping that comes along, both databases."""

from __future__ import annotations

import json
from datetime import date

from actions.sync_source import Outcome
from actions.take_hook import take_hook
from connectors.dingtalk import DingTalkConnector
from storage import tables
from tests.support.dingtalk_sample import Meeting, callback, checkin
from tests.support.dingtalk_server import SECRET, DingTalkServer, at
from tests.support.mapped_sources import shipped_mapping, written
from tests.support.meetings import totals
from tests.support.syncing import NOW, Company

MAPPING = shipped_mapping("dingtalk")

SHARED = Meeting()


def test_the_default_mapping_is_written_as_it_is_read() -> None:
    assert written(MAPPING) == MAPPING
    assert set(MAPPING["streams"]) == {stream.name for stream in DingTalkConnector.info.streams}


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
