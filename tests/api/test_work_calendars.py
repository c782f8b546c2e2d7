"""HR writes the working days of a year down; everybody inside may read them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.company import Served, served

READ = "{ workCalendar(year: %d) { year holidays workdays version } }"
SET = """mutation($input: WorkCalendarSetInput!) {
  workCalendarSet(input: $input) {
    ... on WorkCalendarSetSuccess { calendar { holidays workdays version } }
    ... on Problem { code } } }"""


@pytest.fixture
def made(sqlite_url: str, tmp_path: Path) -> Iterator[Served]:
    with served(sqlite_url, tmp_path) as found:
        yield found


def test_hr_writes_a_year_down_and_the_calendar_that_came_with_us_holds_until_then(
    made: Served,
) -> None:
    def answer(who: str, key: str, **more: object) -> Any:
        given = {"idempotencyKey": key, "year": 2026, "reason": "notice of the State Council"}
        days = {"holidays": ["2026-09-25"], "workdays": ["2026-09-20"]}
        return made.data(who, SET, input=given | days | more)["workCalendarSet"]

    shipped = made.data("anna", READ % 2026)["workCalendar"]
    assert (shipped["version"], len(shipped["holidays"])) == (0, 33)
    assert "2026-02-28" in shipped["workdays"]
    assert made.data("anna", READ % 2031)["workCalendar"]["holidays"] == []
    assert answer("meng", "calendar-1")["code"] == "FORBIDDEN"
    weekday = answer("hr", "calendar-2", workdays=["2026-09-21"])
    assert weekday["code"] == "DOCUMENT_REFUSED"
    written = answer("hr", "calendar-3", expectedVersion=0)["calendar"]
    assert written == {"holidays": ["2026-09-25"], "workdays": ["2026-09-20"], "version": 1}
    assert answer("hr", "calendar-4", expectedVersion=0)["code"] == "VERSION_CONFLICT"
    assert made.data("anna", READ % 2026)["workCalendar"]["version"] == 1
