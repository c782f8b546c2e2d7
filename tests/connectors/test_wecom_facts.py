"""WeCom from its server to facts: through the sync, the default mapping and both databases."""

from __future__ import annotations

from datetime import date

from actions.sync_source import Outcome
from connectors.wecom_source import WeComConnector
from storage import tables
from tests.support.mapped_sources import shipped_mapping, written
from tests.support.meetings import totals
from tests.support.syncing import Company
from tests.support.wecom_sample import Meeting, checkin
from tests.support.wecom_source_server import SECRET, WeComSource

MAPPING = shipped_mapping("wecom")

SHARED = Meeting()


def test_the_default_mapping_is_written_as_it_is_read() -> None:
    assert written(MAPPING) == MAPPING
    assert set(MAPPING["streams"]) == {stream.name for stream in WeComConnector.info.streams}


def test_a_company_in_wecom_comes_to_the_right_facts(
    company: Company, meeting: Meeting, server: WeComSource
) -> None:
    made = company.connect(meeting.settings(), MAPPING, "wecom")
    done = company.sync(made)
    assert done.outcome is Outcome.PARTIAL  # the one row that cannot be read waits for a person
    assert [row.code for row in company.open_quarantine()] == ["wecom_row_unreadable"]
    expected = {
        ("visit", "sales01"): 1,
        ("visit", "sales02"): 1,
        ("chat", "sales01"): 12,
        ("chat", "sales02"): 4,
        ("message", "sales01"): 75,
        ("message", "sales02"): 9,
        ("group_message", "sales01"): 211,
        ("group_message", "sales02"): 3,
        ("report", "sales01"): 3,
        ("approval", "sales02"): 1,
    }
    assert totals(company) == expected
    people = {row.name for row in company.all(tables.person)}
    assert people == {"员工boss01", "员工Sales01", "员工sales02"}
    units = {row.code for row in company.all(tables.unit)}
    assert units == {"2", "3"}
    ready = {row.stream: row.complete_through for row in company.all(tables.readiness)}
    assert ready["behaviour"] == ready["checkins"] == date(2026, 9, 30)

    # Nothing new is nothing new; then a repair takes a visit back and figures are corrected.
    again = company.sync(made)
    assert totals(company) == expected
    assert not again.counts.get("facts", 0)
    server.checkins.pop()
    server.checkins = [row for row in server.checkins if row["location_title"] != "Shop"]
    server.checkins.append(checkin("sales01", "2026-09-29 16:00", "Market"))
    server.behaviour["sales01", "2026-09-30"]["chat_cnt"] = 5
    company.sync(made)
    assert totals(company) == {
        **{place: n for place, n in expected.items() if place != ("visit", "sales02")},
        ("visit", "sales01"): 2,
        ("chat", "sales01"): 17,
    }
    visits = [row for row in company.facts() if row[1] == "visit"]
    assert {row[6] for row in visits} == {"Demo Hotel", "Market"}


def test_a_secret_stands_in_no_table(
    company: Company, meeting: Meeting, server: WeComSource
) -> None:
    server.errors = {"gettoken": [40001]}
    made = company.connect(meeting.settings(), MAPPING, "wecom")
    done = company.sync(made)
    assert (done.outcome, done.code) == (Outcome.PAUSED, "wecom_secret_refused")
    assert SECRET not in repr(company.all(tables.sync_run))
