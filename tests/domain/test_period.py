"""Periods by name: where they begin and end, what comes before, and names that are none."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.period import (
    PeriodKind,
    Window,
    add_months,
    earlier_within,
    month_of,
    months_before,
    period_named,
    span_of,
    week_of,
)
from domain.problem import Refused

NAMED = [
    ("2026-09", PeriodKind.MONTH, date(2026, 9, 1), date(2026, 10, 1)),
    ("2026-12", PeriodKind.MONTH, date(2026, 12, 1), date(2027, 1, 1)),
    ("2024-02", PeriodKind.MONTH, date(2024, 2, 1), date(2024, 3, 1)),
    ("2026-Q3", PeriodKind.QUARTER, date(2026, 7, 1), date(2026, 10, 1)),
    ("2026-Q4", PeriodKind.QUARTER, date(2026, 10, 1), date(2027, 1, 1)),
    ("2026-H1", PeriodKind.HALF, date(2026, 1, 1), date(2026, 7, 1)),
    ("2026-H2", PeriodKind.HALF, date(2026, 7, 1), date(2027, 1, 1)),
    ("2026", PeriodKind.YEAR, date(2026, 1, 1), date(2027, 1, 1)),
    ("2026-W37", PeriodKind.WEEK, date(2026, 9, 7), date(2026, 9, 14)),
    ("2026-W01", PeriodKind.WEEK, date(2025, 12, 29), date(2026, 1, 5)),
    ("2026-W53", PeriodKind.WEEK, date(2026, 12, 28), date(2027, 1, 4)),
    ("2026-09@26", PeriodKind.MONTH, date(2026, 8, 26), date(2026, 9, 26)),
    ("2026-01@26", PeriodKind.MONTH, date(2025, 12, 26), date(2026, 1, 26)),
    ("2026-03@28", PeriodKind.MONTH, date(2026, 2, 28), date(2026, 3, 28)),
    ("2026-Q1@26", PeriodKind.QUARTER, date(2025, 12, 26), date(2026, 3, 26)),
    ("2026@26", PeriodKind.YEAR, date(2025, 12, 26), date(2026, 12, 26)),
]


@pytest.mark.parametrize(("name", "kind", "start", "end"), NAMED)
def test_a_name_says_where_the_period_begins_and_ends(
    name: str, kind: PeriodKind, start: date, end: date
) -> None:
    period = period_named(name)
    assert (period.name, period.kind, period.start, period.end) == (name, kind, start, end)
    assert period.last_day == end - timedelta(days=1)
    assert period.contains(start)
    assert period.contains(period.last_day)
    assert not period.contains(end)
    assert period.days == (end - start).days


@pytest.mark.parametrize(
    "name",
    ["", "26-09", "2026-13", "2026-00", "2026-Q5", "2026-H3", "2026-W54", "2025-W53", "2026-W00",
     "2026-W37@5", "2026-09@29", "2026-09@0", "2026-09-01", "2026-9", " 2026", "2026-09 ",
     "0000-01", "0001-01@26", "9999-12", "9999-W52"],
)  # fmt: skip
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(Refused) as refused:
        period_named(name)
    assert refused.value.code == "period_invalid"
    assert refused.value.values == {"period": name}


@pytest.mark.parametrize(("name", "back", "earlier"), [
    ("2026-09", 1, "2026-08"),
    ("2026-01", 1, "2025-12"),
    ("2026-09", 12, "2025-09"),
    ("2026-Q1", 1, "2025-Q4"),
    ("2026-Q3", 4, "2025-Q3"),
    ("2026-H1", 1, "2025-H2"),
    ("2026", 1, "2025"),
    ("2026-W01", 1, "2025-W52"),
    ("2027-W01", 1, "2026-W53"),
    ("2026-09@26", 1, "2026-08@26"),
    ("2026-01@26", 1, "2025-12@26"),
    ("2026-Q1@26", 1, "2025-Q4@26"),
])  # fmt: skip
def test_the_period_before_is_of_the_same_kind(name: str, back: int, earlier: str) -> None:
    assert period_named(name).earlier(back) == period_named(earlier)


@given(
    st.sampled_from([name for name, *_ in NAMED if "-W" not in name]),
    st.integers(min_value=1, max_value=60),
)
def test_going_back_leaves_no_day_out_and_none_twice(name: str, count: int) -> None:
    period = period_named(name)
    assert period.earlier(count + 1).end == period.earlier(count).start
    assert period.earlier(1).end == period.start
    assert period_named(period.earlier(count).name) == period.earlier(count)


@given(st.dates(min_value=date(1990, 1, 1), max_value=date(2090, 1, 1)))
def test_the_week_and_the_month_of_a_day_contain_it_and_bear_their_name(day: date) -> None:
    for period in (week_of(day), month_of(day)):
        assert period.contains(day)
        assert period_named(period.name) == period
    assert week_of(day).earlier().end == week_of(day).start


@pytest.mark.parametrize(("end", "count", "start"), [
    (date(2026, 10, 1), 3, date(2026, 7, 1)),
    (date(2026, 1, 1), 3, date(2025, 10, 1)),
    (date(2026, 9, 26), 3, date(2026, 6, 26)),
    (date(2026, 3, 31), 1, date(2026, 2, 28)),
    (date(2024, 3, 30), 1, date(2024, 2, 29)),
    (date(2026, 10, 1), 12, date(2025, 10, 1)),
])  # fmt: skip
def test_months_before_a_day(end: date, count: int, start: date) -> None:
    assert months_before(end, count) == start


@given(st.integers(min_value=-600, max_value=600))
def test_adding_months_can_be_taken_back(count: int) -> None:
    first = date(2026, 9, 1)
    assert add_months(add_months(first, count), -count) == first


@pytest.mark.parametrize(
    ("name", "kind", "span"),
    [
        ("2026-08", PeriodKind.QUARTER, "2026-Q3"),
        ("2026-10", PeriodKind.QUARTER, "2026-Q4"),
        ("2026-06", PeriodKind.HALF, "2026-H1"),
        ("2026-Q3", PeriodKind.YEAR, "2026"),
        ("2026-07@26", PeriodKind.QUARTER, "2026-Q3@26"),
        ("2026-01@26", PeriodKind.YEAR, "2026@26"),
    ],
)
def test_a_period_lies_in_the_longer_one_of_its_own_calendar(
    name: str, kind: PeriodKind, span: str
) -> None:
    period = period_named(name)
    found = span_of(period, kind)
    assert found == period_named(span)
    assert found.start <= period.start < period.end <= found.end


def test_the_earlier_periods_of_a_span_end_where_the_period_begins() -> None:
    span = period_named("2026-H2")
    found = [each.name for each in earlier_within(period_named("2026-10"), span)]
    assert found == ["2026-07", "2026-08", "2026-09"]
    assert earlier_within(period_named("2026-07"), span) == ()
    shifted = earlier_within(period_named("2026-03@26"), period_named("2026-Q1@26"))
    assert [each.name for each in shifted] == ["2026-01@26", "2026-02@26"]


def test_a_window_of_whole_months_goes_back_by_months_and_another_by_its_days() -> None:
    quarter = Window(start=date(2026, 10, 1), end=date(2027, 1, 1))
    assert quarter.months == 3
    assert quarter.earlier() == Window(start=date(2026, 7, 1), end=date(2026, 10, 1))
    assert quarter.earlier(4) == Window(start=date(2025, 10, 1), end=date(2026, 1, 1))
    contest = Window(start=date(2026, 11, 10), end=date(2026, 11, 20))
    assert contest.months is None
    assert contest.earlier() == Window(start=date(2026, 10, 31), end=date(2026, 11, 10))


def test_the_part_of_a_window_in_a_period_may_be_nothing() -> None:
    contest = Window(start=date(2026, 10, 20), end=date(2026, 11, 10))
    october = contest.within(period_named("2026-10"))
    assert october == Window(start=date(2026, 10, 20), end=date(2026, 11, 1))
    assert contest.within(period_named("2026-11")).days == 9
    assert contest.within(period_named("2026-12")).days == 0
    assert contest.within(period_named("2026-09")).days == 0
