"""Closing a period over the API: what stands in the way, the close, and asking to open it again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.company import Served, served

CHECKLIST = '{ periodChecklist(period: "2026-09") { code message count weight } }'
PERIODS = "{ periods(first: 2) { period state version finalRun } }"
CLOSE = """mutation($input: PeriodCloseInput!) { periodClose(input: $input) {
  ... on PeriodCloseSuccess { job { id } } ... on InvalidProblem { code problems { code } }
  ... on Problem { code message } } }"""
JOB = """query($id: ID!) { job(id: $id) { kind state problem { code }
  calculation { id mode state final } } }"""
START = """mutation($input: CalculationStartInput!) { calculationStart(input: $input) {
  ... on CalculationStartSuccess { job { id } } ... on Problem { code message } } }"""
ASK = """mutation($input: PeriodReopeningRequestInput!) { periodReopeningRequest(input: $input) {
  ... on PeriodReopeningRequestSuccess { reopening { id state version } }
  ... on Problem { code } } }"""
DECIDE = """mutation($input: PeriodReopenInput!) { periodReopen(input: $input) {
  ... on PeriodReopenSuccess { reopening { state } period { state } } ... on Problem { code } } }"""
KEY = "a-key-of-the-close"


@pytest.fixture
def made(sqlite_url: str, tmp_path: Path) -> Iterator[Served]:
    with served(sqlite_url, tmp_path) as found:
        yield found


def _given(**more: object) -> dict[str, object]:
    return {"idempotencyKey": KEY, "period": "2026-09", "expectedVersion": 0, **more}


def test_a_period_is_closed_with_its_checklist_and_is_not_posted_again(made: Served) -> None:
    items = made.data("hr", CHECKLIST)["periodChecklist"]
    assert {item["code"]: item["weight"] for item in items} == {
        "CHECK_SOURCE_LATE": "WARNING",
        "CHECK_RUN_MISSING": "WARNING",
    }
    assert all(item["message"] for item in items)
    refused = made.data("hr", CLOSE, input=_given())["periodClose"]
    assert refused["code"] == "PERIOD_HAS_WARNINGS"
    assert {each["code"] for each in refused["problems"]} == {item["code"] for item in items}
    taken = made.data("hr", CLOSE, input=_given(acceptWarnings=True))["periodClose"]
    made.work()
    job = made.data("hr", JOB, id=taken["job"]["id"])["job"]
    assert (job["kind"], job["state"], job["problem"]) == ("CLOSE", "DONE", None)
    run = job["calculation"]
    assert (run["mode"], run["state"], run["final"]) == ("POSTED", "FINAL", False)
    assert made.data("hr", PERIODS)["periods"] == [
        {"period": "2026-10", "state": "OPEN", "version": 0, "finalRun": None},
        {"period": "2026-09", "state": "CLOSED", "version": 1, "finalRun": run["id"]},
    ]
    posted = {"idempotencyKey": "k-of-the-posting", "period": "2026-09", "mode": "POSTED"}
    again = made.data("hr", START, input=posted)["calculationStart"]["job"]["id"]
    made.work()
    assert made.data("hr", JOB, id=again)["job"]["problem"]["code"] == "PERIOD_CLOSED"
    stale = made.data("hr", CLOSE, input=_given(acceptWarnings=True, idempotencyKey="k-stale-one"))
    assert stale["periodClose"]["code"] == "VERSION_CONFLICT"
    asked = {"idempotencyKey": "k-to-ask-again", "period": "2026-09", "reason": "forgotten order"}
    request = made.data("hr", ASK, input=asked)["periodReopeningRequest"]["reopening"]
    decided = {
        "idempotencyKey": "k-to-decide",
        "reopening": request["id"],
        "decision": "GRANT",
        "reason": "so be it",
        "expectedVersion": request["version"],
    }
    assert made.data("hr", DECIDE, input=decided)["periodReopen"]["code"] == "REOPENING_OWN"


def test_who_does_not_pay_everybody_neither_closes_nor_reads_the_checklist(made: Served) -> None:
    for who in ("anna", "meng", "auditor"):
        answer = made.data(who, CLOSE, input=_given(acceptWarnings=True))["periodClose"]
        assert answer["code"] == "FORBIDDEN", who
    for who in ("anna", "meng"):
        assert made.codes(who, CHECKLIST) == ["FORBIDDEN"], who
        assert made.codes(who, PERIODS) == ["FORBIDDEN"], who
