"""From Zendesk to facts, by the mapping that comes along; on both databases."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.zendesk import ZendeskConnector
from tests.support.mapped_sources import shipped_mapping, synced, written
from tests.support.zendesk_server import ZendeskServer, settings, survey_id

AT = datetime(2026, 9, 3, 16, 30, tzinfo=UTC)  # half past midnight in Shanghai
DAY = timedelta(days=1)
MAPPING = shipped_mapping("zendesk")
SURVEY = survey_id(1)


def config(address: str) -> dict[str, Any]:
    return settings(address, streams=["ratings", "surveys", "tickets"])


def filled() -> ZendeskServer:
    server = ZendeskServer()
    for number in (11, 12):
        server.hire(number, f"agent{number}@acme.example")
    server.rate(1, 11, "good", AT)
    server.rate(2, 12, "offered", AT)
    server.rate(3, None, "bad", AT)
    server.ticket(501, 11, "solved", AT)
    server.ticket(502, 12, "open", AT)
    server.ticket(503, None, "solved", AT)
    server.ask(1, 501, AT)
    server.reply(1, 4, AT + DAY)
    return server


def test_the_mapping_that_comes_along_is_canonical() -> None:
    assert written(MAPPING) == MAPPING


def test_the_mapping_of_agents_that_the_page_shows_can_be_taken() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs/connectors/zendesk.md").read_text("utf-8")
    shown = json.loads(page.rpartition("```json")[2].partition("```")[0])
    assert written({"format": "attain.mapping/1", "streams": shown})["streams"] == shown


def test_ratings_and_tickets_become_facts_change_and_outlive_the_agent(
    database_url: str, tmp_path: Path
) -> None:
    server = filled()
    place = (database_url, tmp_path)
    with synced(place, ZendeskConnector(), server.answer, config, MAPPING) as source:
        source.sync()
        eleven = "agent11@acme.example"
        assert sorted(source.told()) == [
            (f"{SURVEY}#satisfaction", "survey", eleven, "2026-09-05", 40_000, "POINT"),
            ("1#satisfaction", "survey", eleven, "2026-09-04", 50_000, "POINT"),
            ("501#first_reply", "first_reply", eleven, "2026-09-04", 42, "MINUTE"),
            ("501#resolution", "resolution", eleven, "2026-09-04", 600, "MINUTE"),
            ("501#ticket_solved", "ticket_solved", eleven, "2026-09-04", 1, "COUNT"),
        ]
        # A second thought, a late answer, a ticket that is opened again, one that is solved.
        later = AT + 20 * DAY
        server.rate(1, 11, "bad", later)
        server.rate(2, 12, "good", later)
        server.reply(1, 2, later)
        server.ticket(501, 11, "open", later)
        server.ticket(502, 12, "solved", later)
        source.sync()
        assert source.amounts("survey") == {
            f"{SURVEY}#satisfaction": 20_000,
            "1#satisfaction": 10_000,
            "2#satisfaction": 50_000,
        }
        assert source.amounts("ticket_solved") == {"502#ticket_solved": 1}
        # Who is deleted keeps what was his; a ticket that is deleted counts no longer.
        server.dismiss(12, for_ever=True)
        server.rate(2, 12, "bad", later + DAY)
        server.ticket(502, 12, "deleted", later + DAY)
        source.sync()
        assert source.amounts("survey")["2#satisfaction"] == 50_000
        assert source.amounts("ticket_solved") == {}
        (told,) = source.company.open_quarantine()
        assert "zendesk_person_unknown" in str(told)
