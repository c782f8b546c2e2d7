"""Closing a period over the API: what stands in the way, the close, and asking to open it again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
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


CORRECT = """mutation($input: CorrectionStartInput!) { correctionStart(input: $input) {
  ... on CorrectionStartSuccess { job { id } } ... on Problem { code } } }"""
CORRECTIONS = """query($person: ID) { corrections(period: "2026-09", person: $person) {
  state bookedIn before { amount } after { amount }
  lines { component cause text amount { amount } booked { amount } }
  beforeLines { number { value } } afterLines { number { value } } } }"""
RUNS = """{ correctionRuns(period: "2026-09") { state bookedIn people booked { amount }
  causes { cause booked { amount } } concerned { id } problems { code } } }"""
LEDGER = """{ ledger(period: "2026-10") { net { amount }
  entries { kind period originPeriod cause why amount { amount } } } }"""


def _corrected(made: Served, mode: str, key: str) -> None:
    given = {"idempotencyKey": key, "period": "2026-09", "bookedIn": "2026-10", "mode": mode}
    job = made.data("hr", CORRECT, input=given)["correctionStart"]["job"]["id"]
    made.work()
    assert made.data("hr", JOB, id=job)["job"]["problem"] is None


def test_a_person_reads_what_a_correction_changed_and_why(made: Served) -> None:
    made.data("hr", CLOSE, input=_given(acceptWarnings=True))
    made.work()
    made.company.fact("anna", date(2026, 9, 9), 10_000_000, subject="anna-0")
    _corrected(made, "TRIAL", "a-trial-correction")
    assert made.data("anna", CORRECTIONS)["corrections"] == []
    (trial,) = made.data("hr", CORRECTIONS, person=made.ids["anna"])["corrections"]
    assert trial["state"] == "TRIAL"
    _corrected(made, "POSTED", "a-posted-correction")
    (mine,) = made.data("anna", CORRECTIONS)["corrections"]
    assert (mine["state"], mine["bookedIn"]) == ("POSTED", "2026-10")
    assert (mine["before"]["amount"], mine["after"]["amount"]) == ("7700.00", "8800.00")
    assert {line["component"]: line["booked"]["amount"] for line in mine["lines"]} == {
        "excess_share.amount": "1000.00",
        "retention_kicker.amount": "100.00",
    }
    assert {line["text"] for line in mine["lines"]} == {
        "Sales of the closed period arrived after its close."
    }
    assert len(mine["beforeLines"]) == len(mine["afterLines"]) == 3
    ledger = made.data("anna", LEDGER)["ledger"]
    assert ledger["net"] == [{"amount": "1100.00"}]
    assert {(each["kind"], each["originPeriod"], each["cause"]) for each in ledger["entries"]} == {
        ("ADJUST", "2026-09", "LATE_FACTS")
    }
    (run, _) = made.data("hr", RUNS)["correctionRuns"]
    assert run["booked"] == {"amount": "1100.00"}
    assert run["causes"] == [{"cause": "LATE_FACTS", "booked": {"amount": "1100.00"}}]
    assert (run["concerned"], run["problems"]) == ([{"id": made.ids["anna"]}], [])


def test_nobody_reads_the_corrections_of_others(made: Served) -> None:
    made.data("hr", CLOSE, input=_given(acceptWarnings=True))
    made.work()
    made.company.fact("anna", date(2026, 9, 9), 10_000_000, subject="anna-0")
    _corrected(made, "POSTED", "a-posted-correction")
    for who in ("bo", "meng"):
        found = made.ask(who, CORRECTIONS, person=made.ids["anna"])["data"]["corrections"]
        assert not found, who
        assert made.codes(who, RUNS) == ["FORBIDDEN"], who
