"""The timetable of calculations over the API: who decides, what is refused, what is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from actions.calculate_by_timetable import queue_due_calculations
from storage import tables
from tests.api.company import Served, served
from tests.support.company import as_owner

READ = """{ calculationTimetable { everyMinutes dailyAt byHand periods lateSources showsScores
  version reason openPeriods { period outcome problem { code message } foundAt } } }"""
SET = """mutation($input: CalculationTimetableSetInput!) { calculationTimetableSet(input: $input) {
  ... on CalculationTimetableSetSuccess { timetable { everyMinutes dailyAt byHand version } }
  ... on Problem { code path } } }"""


@pytest.fixture
def made(sqlite_url: str, tmp_path: Path) -> Iterator[Served]:
    with served(sqlite_url, tmp_path) as found:
        yield found


def _given(**more: Any) -> dict[str, Any]:
    return {
        "idempotencyKey": "a-key-of-the-timetable",
        "timetable": {"everyMinutes": 30},
        "periods": ["MONTH"],
        "lateSources": "CALCULATE",
        "showsScores": True,
        "reason": "fresh numbers for the floor",
        "expectedVersion": 0,
        **more,
    }


def _set(made: Served, who: str = "hr", **more: Any) -> Any:
    return made.data(who, SET, input=_given(**more))["calculationTimetableSet"]


def test_hr_decides_and_is_told_what_came_of_it(made: Served) -> None:
    assert made.data("hr", READ)["calculationTimetable"] is None
    timetable = {"everyMinutes": 30, "dailyAt": None, "byHand": False, "version": 1}
    assert _set(made) == {"timetable": timetable}
    assert _set(made) == {"timetable": timetable}, "the same key does nothing twice"
    found = made.data("hr", READ)["calculationTimetable"]
    nothing_yet = {"outcome": None, "problem": None, "foundAt": None}
    assert found["openPeriods"] == [
        {"period": "2026-09", **nothing_yet},
        {"period": "2026-10", **nothing_yet},
    ]
    assert queue_due_calculations(made.runtime, made.entity) == ("2026-09",)
    queue_due_calculations(made.runtime, made.entity)
    first, second = made.data("hr", READ, "zh-CN")["calculationTimetable"]["openPeriods"]
    assert (first["outcome"], first["problem"]) == ("QUEUED", None)
    assert second["outcome"] == "JOB_RUNS"
    assert second["problem"]["code"] == "TIMED_JOB_RUNS"
    assert "任务" in second["problem"]["message"]
    with as_owner(made.runtime.engine) as connection:
        told = list(connection.execute(select(tables.audit_event.c.action)).scalars())
    assert told.count("calculationTimetableSet") == 1


def test_what_is_unclear_or_out_of_date_is_refused(made: Served) -> None:
    none = _set(made, timetable=None)
    assert (none["code"], none["path"]) == ("TIMETABLE_UNCLEAR", "timetable")
    assert _set(made, byHand=True)["code"] == "TIMETABLE_UNCLEAR"
    assert _set(made, periods=[])["code"] == "TIMETABLE_WITHOUT_PERIODS"
    assert _set(made, expectedVersion=1)["code"] == "VERSION_CONFLICT"
    assert _set(made)["timetable"]["version"] == 1
    off = _set(made, timetable=None, byHand=True, expectedVersion=1, idempotencyKey="off-again")
    assert off["timetable"]["byHand"] is True
    assert made.data("hr", READ)["calculationTimetable"]["openPeriods"] == []
    assert queue_due_calculations(made.runtime, made.entity) == ()


def test_whoever_may_not_calculate_neither_decides_nor_reads(made: Served) -> None:
    _set(made)
    for who in ("anna", "meng", "admin"):
        assert _set(made, who, expectedVersion=1)["code"] == "FORBIDDEN"
        assert made.codes(who, READ) == ["FORBIDDEN"]
    assert _set(made, "auditor", expectedVersion=1)["code"] == "FORBIDDEN"
    assert made.data("auditor", READ)["calculationTimetable"]["version"] == 1
