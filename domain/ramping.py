"""How far a newcomer's quota has grown in a period: by the months since joining."""

from __future__ import annotations

from datetime import date

from domain.exact import RATIO_ONE
from domain.period import Period, PeriodKind, add_months
from domain.proration import Ramp, RampStart


def ramp_share(ramp: Ramp, joined_on: date, period: Period) -> tuple[int, int]:
    """Return the share of the full target as a fraction: the mean over the period's months.

    With 30 %, 60 %, 80 % and somebody who joined on 11 July, September is the third month:
    80 %. The third quarter is (30 + 60 + 80) / 3. Months before the month of joining are left out.
    """
    # a week lies in the calendar month of its Monday
    first = 1 if period.kind is PeriodKind.WEEK else period.start.day
    starts = _months(period)
    joined = _month_of(joined_on, first)
    late = ramp.start is RampStart.FIRST_FULL_MONTH and joined_on.day != first
    numbers = [_month_of(start, first) - joined + 1 for start in starts]
    counted = [number for number in numbers if number >= 1] or [1]
    shares = [_share(ramp, max(number - late, 1)) for number in counted]
    return sum(shares), RATIO_ONE * len(shares)


def _share(ramp: Ramp, number: int) -> int:
    return ramp.shares[number - 1] if number <= len(ramp.shares) else RATIO_ONE


def _months(period: Period) -> list[date]:
    """List the first days of the months of a period, shifted like the period itself."""
    if period.kind is PeriodKind.WEEK:
        return [period.start]
    found, first = [], period.start.replace(day=1)
    for place in range(12):
        day = add_months(first, place).replace(day=period.start.day)
        if day < period.end:
            found.append(day)
    return found


def _month_of(day: date, first: int) -> int:
    """Number the month that a day lies in; a month begins on the ``first`` of the calendar's."""
    return day.year * 12 + day.month - (1 if day.day < first else 0)
