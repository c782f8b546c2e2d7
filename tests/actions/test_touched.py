"""What changes a calculation without any fact: an incremental run and a correction see it too."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from actions.calculate import Mode, calculate
from actions.change_people import PersonDraft, put_person
from actions.close_period import close_period
from actions.correct_period import correct_period
from actions.work_calendar import set_calendar
from storage import tables
from storage.engine import reading
from storage.sealing import opened_row
from tests.actions.test_segments import BLOCK, Month, plan
from tests.support.closing import kept_rows
from tests.support.company import SYSTEM, office

PERIOD, NEXT = "2026-09", "2026-10"
NO_HOLIDAYS = {"format": "attain.calendar/1", "year": 2026, "holidays": [], "workdays": []}


def _by_working_days(month: Month) -> None:
    block = BLOCK | {"basis": "WORKING_DAYS", "changes": "NEXT_PERIOD"}
    del block["split"], block["peers"]
    month.plan(plan("plan", "2200", "0", block))
    month.person("jo", ("north", date(2026, 9, 21), None), target="220000")
    month.sells("jo", d21=100_000)


def _with_a_ramp(month: Month) -> None:
    ramp = {"metrics": ["sales"], "shares": ["0.3", "0.6", "0.8"], "start": "FIRST_MONTH"}
    document = plan("plan", "3000", "0", ramp=ramp)
    del document["proration"]
    month.plan(document)
    month.person("jo", ("north", date(2026, 1, 1), None))
    month.sells("jo", d05=200_000)


def _calendar(month: Month) -> None:
    month.company.write(
        lambda w: set_calendar(w, SYSTEM, NO_HOLIDAYS, expected_version=0, reason="none")
    )


def _joined(month: Month) -> None:
    draft = PersonDraft(source_key="jo", name="jo", staff_number="jo", joined_on=date(2026, 8, 1))
    month.company.write(lambda w: put_person(w, draft))


# 7 of 22 working days become 8: a bonus of 2,200 pays 100 more. The goal of a newcomer's second
# month is 180,000 and not 300,000: 200,000 reach it.
CASES: dict[str, tuple[Callable[[Month], None], Callable[[Month], None], int]] = {
    "another work calendar": (_by_working_days, _calendar, 10_000),
    "another day of joining": (_with_a_ramp, _joined, 300_000),
}


def _run(month: Month, *, incremental: bool) -> str:
    company = month.company
    return calculate(
        company.runtime, SYSTEM, company.entity_id, PERIOD, Mode.TRIAL,
        accept_provisional=True, incremental=incremental,
    ).id  # fmt: skip


def _booked(month: Month) -> dict[str, int]:
    """Add up the ledger by cause."""
    table = tables.ledger_entry
    sums: dict[str, int] = {}
    with reading(month.company.engine, SYSTEM) as connection:
        for row in connection.execute(select(table)).all():
            each: Any = opened_row(connection, table, row)
            cause = each.cause or ""
            sums[cause] = sums.get(cause, 0) + each.amount
    return sums


@pytest.mark.parametrize("name", CASES)
def test_an_incremental_run_and_a_correction_see(
    name: str, database_url: str, tmp_path: Path
) -> None:
    build, change, delta = CASES[name]
    with office(database_url, tmp_path) as runtime:
        month = Month(runtime)
        build(month)
        entity = month.company.entity_id
        close_period(runtime, SYSTEM, entity, PERIOD, accept_warnings=True)
        before = sum(_booked(month).values())
        change(month)
        quick, whole = _run(month, incremental=True), _run(month, incremental=False)
        assert kept_rows(runtime, quick) == kept_rows(runtime, whole)
        correct_period(runtime, SYSTEM, entity, PERIOD, into=NEXT, mode=Mode.POSTED)
        booked = _booked(month)
        assert sum(booked.values()) - before == delta
        assert {cause for cause in booked if cause} == {
            "RULES" if build is _by_working_days else "ORGANISATION"
        }
        correct_period(runtime, SYSTEM, entity, PERIOD, into=NEXT, mode=Mode.POSTED)
        assert _booked(month) == booked
