"""Pay batches through the actions, on both databases: prepared, locked, approved, paid."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from actions.export_payroll import PayrollFormat, export_payroll
from actions.pay_batches import (
    approve_batch,
    lock_batch,
    mark_paid,
    reject_batch,
    release_holdback,
    submit_batch,
    unlock_batch,
)
from domain.pay_batch import BatchState
from domain.problem import Refused
from tests.support.company import office
from tests.support.paying import Paying, drawing
from tests.support.stamped import office_with


def holdback(release: dict[str, object]) -> dict[str, object]:
    return {
        "timing": {"monthsAfter": 0, "day": 28},
        "holdback": {"share": "0.2", "base": ["commission"], "release": release},
    }


@pytest.fixture
def paying(sqlite_url: str, tmp_path: Path) -> Iterator[Paying]:
    """A company on one database: what its people may see is asked on both in tests/api."""
    with office_with(drawing, sqlite_url, tmp_path) as made:
        yield made


@pytest.fixture
def on_both(database_url: str, tmp_path: Path) -> Iterator[Paying]:
    with office_with(drawing, database_url, tmp_path) as made:
        yield made


def refused(paying: Paying, code: str, deed: object, *args: object, by: str = "hr") -> None:
    with pytest.raises(Refused) as caught:
        paying.step(deed, *args, by=by)  # type: ignore[arg-type]
    assert caught.value.code == code


def test_a_draw_is_paid_owed_and_paid_back_over_four_periods(on_both: Paying) -> None:
    """The golden numbers of a draw, through ledger and batches."""
    paying = on_both
    earned = {"2026-05": 500, "2026-06": 700, "2026-07": 400, "2026-08": 1600}
    seen = []
    for period, amount in earned.items():
        paying.sell("ann", period, amount * 100)
        paying.post(period)
        paying.lock(period)
        sheet = paying.sheets(period)["ann"].sheet
        seen.append((sheet.paid, paying.owed("ann", "DRAW"), sheet.value("draw.recovered")))
    assert seen == [
        (100_000, 50_000, 0),
        (100_000, 80_000, 0),
        (100_000, 140_000, 0),
        (100_000, 80_000, -60_000),
    ]
    # Who earned nothing at all has no entry in the ledger, and is filled up all the same.
    assert paying.sheets("2026-05")["ben"].sheet.paid == 100_000
    assert paying.owed("ben", "DRAW") == 400_000


def test_a_locked_batch_does_not_move_and_the_next_one_takes_what_came_late(
    paying: Paying,
) -> None:
    paying.sell("ann", "2026-05", 200_000)
    paying.post("2026-05")
    assert paying.prepare("2026-05").revision == 1
    paying.sell("ann", "2026-05", 50_000)
    paying.post("2026-05")
    assert paying.prepare("2026-05").revision == 2
    assert paying.sheets("2026-05")["ann"].sheet.paid == 250_000
    paying.step(lock_batch, "2026-05")
    paying.sell("ann", "2026-05", 30_000)
    paying.post("2026-05")
    with pytest.raises(Refused) as caught:
        paying.prepare("2026-05")
    assert caught.value.code == "pay_batch_state_wrong"
    assert paying.sheets("2026-05")["ann"].sheet.paid == 250_000
    paying.sell("ann", "2026-06", 100_000)
    paying.post("2026-06")
    paying.lock("2026-06")
    sheet = paying.sheets("2026-06")["ann"].sheet
    assert sheet.value("adjustment.2026-05.LATE") == 30_000
    assert (sheet.value("sheet.earned"), sheet.paid) == (100_000, 130_000)


def test_unlocking_takes_back_what_was_owed_and_is_refused_once_a_later_batch_is_locked(
    paying: Paying,
) -> None:
    paying.sell("ann", "2026-05", 50_000)
    paying.post("2026-05")
    paying.lock("2026-05")
    assert paying.owed("ann", "DRAW") == 50_000
    paying.step(unlock_batch, "2026-05", "a wrong wage")
    assert paying.owed("ann", "DRAW") == 0
    with pytest.raises(Refused) as caught:
        paying.prepare("2026-06")
    assert caught.value.code == "pay_batch_earlier_open"
    paying.lock("2026-05")
    paying.post("2026-06")
    paying.prepare("2026-06")
    paying.step(unlock_batch, "2026-05", "once more")
    refused(paying, "pay_batch_stale", lock_batch, "2026-06")
    paying.lock("2026-05")
    refused(paying, "pay_batch_stale", lock_batch, "2026-06")
    paying.lock("2026-06")
    refused(paying, "pay_batch_later_locked", unlock_batch, "2026-05", "too late")


def test_four_eyes_approve_and_a_rejection_needs_a_reason(paying: Paying) -> None:
    paying.sell("ann", "2026-05", 200_000)
    paying.post("2026-05")
    paying.lock("2026-05")
    refused(paying, "pay_batch_state_wrong", approve_batch, "2026-05", by="boss")
    paying.step(submit_batch, "2026-05")
    refused(paying, "approval_own", approve_batch, "2026-05", by="hr")
    refused(paying, "forbidden", approve_batch, "2026-05", by="ann")
    refused(paying, "text_empty", reject_batch, "2026-05", " ", by="boss")
    assert paying.step(reject_batch, "2026-05", "ask again", by="boss").state is BatchState.UNPAID
    assert paying.owed("ben", "DRAW") == 0
    paying.step(lock_batch, "2026-05")
    paying.step(submit_batch, "2026-05")
    assert paying.step(approve_batch, "2026-05", by="boss").state is BatchState.APPROVED
    assert paying.step(mark_paid, "2026-05").state is BatchState.PAID
    refused(paying, "pay_batch_state_wrong", reject_batch, "2026-05", "too late", by="boss")


def test_a_payee_sees_the_own_sheet_only(paying: Paying) -> None:
    paying.sell("ann", "2026-05", 200_000)
    paying.post("2026-05")
    paying.pay("2026-05")
    assert set(paying.sheets("2026-05", by="ann")) == {"ann"}
    assert set(paying.sheets("2026-05", by="hr")) == {"ann", "ben"}


def test_payroll_is_handed_what_was_approved_and_nothing_before(paying: Paying) -> None:
    paying.sell("ann", "2026-05", 200_050)
    paying.post("2026-05")
    paying.lock("2026-05")
    hr = paying.viewer("hr")
    with pytest.raises(Refused) as caught:
        export_payroll(paying.runtime, hr, paying.entity, "2026-05", PayrollFormat.CSV)
    assert caught.value.code == "pay_batch_state_wrong"
    paying.step(submit_batch, "2026-05")
    paying.step(approve_batch, "2026-05", by="boss")
    made = export_payroll(paying.runtime, hr, paying.entity, "2026-05", PayrollFormat.CSV)
    lines = made.content.decode("utf-8-sig").split("\r\n")
    assert lines[1].startswith("ann,ann,2026-05,2026-06-15,CNY,2000.50,0.00,")
    assert lines[3:5] == ["#ROWS,2", "#SUM CNY,3000.50"]
    assert made.totals.sums == {"CNY": 300_050}


def test_a_holdback_is_paid_by_itself_after_its_periods_even_to_somebody_who_has_left(
    sqlite_url: str, tmp_path: Path
) -> None:
    with office(sqlite_url, tmp_path) as runtime:
        paying = Paying(runtime, holdback({"kind": "AFTER_PERIODS", "periods": 2}))
        paying.sell("ann", "2026-05", 100_000)
        paying.post("2026-05")
        paying.lock("2026-05")
        assert paying.sheets("2026-05")["ann"].sheet.paid == 80_000
        paying.sell("ben", "2026-06", 100)
        paying.post("2026-06")
        paying.lock("2026-06")
        assert paying.owed("ann", "HOLDBACK") == 20_000
        # Nobody is calculated for July: what is due is paid all the same, and nothing is held back.
        july = paying.lock("2026-07")
        assert paying.sheets("2026-07")["ann"].sheet.paid == 20_000
        assert set(paying.sheets("2026-07")) == {"ann"}
        assert paying.owed("ann", "HOLDBACK") == 0
        paying.step(unlock_batch, july.period, "a wrong day")
        assert paying.owed("ann", "HOLDBACK") == 20_000


def test_a_holdback_that_waits_for_an_event_waits_until_somebody_says_that_it_happened(
    sqlite_url: str, tmp_path: Path
) -> None:
    with office(sqlite_url, tmp_path) as runtime:
        paying = Paying(runtime, holdback({"kind": "ON_EVENT", "event": "collected"}))
        paying.sell("ann", "2026-05", 100_000)
        paying.post("2026-05")
        paying.lock("2026-05")
        paying.sell("ann", "2026-06", 1_000)
        paying.post("2026-06")
        assert paying.prepare("2026-06").revision == 1
        assert paying.sheets("2026-06")["ann"].sheet.paid == 800
        (entry,) = paying.entries("ann", "HOLDBACK")
        with pytest.raises(Refused) as caught:
            paying.do(release_holdback, entry.id, "collected", by="ann")
        assert caught.value.code == "forbidden"
        paying.do(release_holdback, entry.id, "the customer has paid")
        with pytest.raises(Refused) as caught:
            paying.do(release_holdback, entry.id, "twice before it is paid")
        assert caught.value.code == "holdback_not_open"
        paying.lock("2026-06")
        assert paying.sheets("2026-06")["ann"].sheet.paid == 20_800
        with pytest.raises(Refused) as caught:
            paying.do(release_holdback, entry.id, "once more")
        assert caught.value.code == "holdback_not_open"
