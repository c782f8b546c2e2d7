"""Days are cut into the windows that a source allows, and read again as deep as it needs."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from connectors.windows import Window, first_day, windows

DAY = date(2026, 9, 1)


@given(st.integers(-3, 400), st.integers(1, 60))
def test_windows_cover_every_day_once(length: int, days: int) -> None:
    last = DAY + timedelta(days=length)
    covered = []
    for window in windows(DAY, last, days):
        span = (window.last - window.first).days + 1
        assert 1 <= span <= days
        covered += [window.first + timedelta(days=each) for each in range(span)]
    assert covered == [DAY + timedelta(days=each) for each in range(length + 1)]


def test_a_window_says_its_seconds_in_the_zone_of_the_source() -> None:
    window = Window(first=date(2026, 1, 1), last=date(2026, 1, 1))
    assert window.seconds(ZoneInfo("Asia/Shanghai")) == (1767196800, 1767283199)


def test_a_read_begins_so_far_back_as_corrections_come_and_never_before_what_is_kept() -> None:
    def begin(cursor: date | None, kept: int | None = None) -> date:
        return first_day(
            cursor=cursor, begin=DAY, again_days=3, today=date(2026, 10, 1), kept_days=kept
        )

    assert begin(None) == DAY
    assert begin(date(2026, 9, 20)) == date(2026, 9, 17)
    assert begin(date(2026, 9, 2)) == DAY
    assert begin(None, 10) == date(2026, 9, 22)
