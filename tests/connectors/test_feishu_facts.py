"""From Feishu to facts: the server, the sync, the mapping that comes along, both databases."""

from __future__ import annotations

from datetime import date

from actions.sync_source import Outcome
from actions.take_hook import take_hook
from connectors.feishu import FeishuConnector
from storage import tables
from tests.support.feishu_sample import Meeting, callback, event, flow
from tests.support.feishu_server import SECRET, FeishuServer
from tests.support.mapped_sources import shipped_mapping, written
from tests.support.meetings import totals
from tests.support.syncing import NOW, Company

MAPPING = shipped_mapping("feishu")

SHARED = Meeting()


def test_the_default_mapping_is_written_as_it_is_read() -> None:
    assert written(MAPPING) == MAPPING
    assert set(MAPPING["streams"]) == {stream.name for stream in FeishuConnector.info.streams}


def test_a_company_in_feishu_comes_to_the_right_facts_and_a_callback_brings_a_correction(
    company: Company, meeting: Meeting, server: FeishuServer
) -> None:
    made = company.connect(meeting.settings(), MAPPING, "feishu")
    assert company.sync(made).outcome is Outcome.PARTIAL  # one row waits for a person
    assert [row.code for row in company.open_quarantine()] == ["source_row_unreadable"]
    expected = {
        ("visit", "sales01"): 1,
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
    assert {row.code for row in company.all(tables.unit)} == {"od-2", "od-3"}
    ready = {row.stream: row.complete_through for row in company.all(tables.readiness)}
    assert ready["punches"] == ready["results"] == date(2026, 9, 30)

    # Nothing new is nothing new; then a punch is taken back, one comes, a result is put right.
    assert not company.sync(made).counts.get("facts", 0)
    server.flows = [
        row for row in server.flows if row["record_id"] not in ("6708000001", "6708000002")
    ]
    server.flows.append(flow("77", "sales01", "2026-09-29 16:00", location_name="Market"))
    server.tasks[2]["records"][0]["check_in_result"] = "Normal"
    about = {"employee_id": "sales02", "date": 20260930}
    said = event("attendance.user_task.updated_v1", about)
    assert take_hook(company.runtime, made, callback(said, NOW)) is not None
    company.sync(made)
    gone = {("missing_punch", "sales02")}
    assert totals(company) == {
        **{place: total for place, total in expected.items() if place not in gone},
        ("attended_day", "sales01"): 2,
    }
    visits = {row[6] for row in company.facts() if row[1] == "visit" and row[4]}
    assert visits == {"Market", "Shop"}


def test_a_secret_stands_in_no_table(
    company: Company, meeting: Meeting, server: FeishuServer
) -> None:
    server.errors = {"auth/v3/tenant_access_token/internal": [10014]}
    made = company.connect(meeting.settings(), MAPPING, "feishu")
    done = company.sync(made)
    assert (done.outcome, done.code) == (Outcome.PAUSED, "feishu_secret_refused")
    assert SECRET not in repr(company.all(tables.sync_run))
