"""How much of a period people were there: whom a comparison counts, and what scales their values.

A day is a calendar day on which a person had an assignment, in whatever unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from domain.columns import COLUMNS, Column, column_of_value, lane_of
from domain.peer_rules import Members

Truths = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Presence:
    """By row: the days somebody was there, and whether the last day was one of them."""

    days: NDArray[np.int64]
    at_the_end: Truths
    period_days: int

    def counted(self, members: Members) -> Truths:
        """Say who counts by a rule; who was never there never counts."""
        there = self.days > 0
        if members is Members.FULL_PERIOD:
            return self.days >= self.period_days
        if members is Members.EXCLUDE_LEAVERS:
            return np.logical_and(there, self.at_the_end)
        return there

    def scaled(self, num: Column, den: Column | int) -> tuple[Column, Column]:
        """Scale what was reached in some days to the whole period, as an exact fraction.

        What then needs more than 63 bits is no number; who was never there has none either.
        """
        count = len(self.days)
        there = np.maximum(self.days, 1)
        top = COLUMNS.times(lane_of(num, 0, count), self.period_days)
        held = den if isinstance(den, int) else lane_of(den, 0, count)
        bottom = COLUMNS.times(held, lane_of(Column(there), 0, count))
        known = Column(self.days > 0)
        top = COLUMNS.choose(lane_of(known, 0, count), COLUMNS.settle(top), None)
        above, below = column_of_value(top, count), column_of_value(COLUMNS.settle(bottom), count)
        if below.present is None:
            return above, below
        both = below.present if above.present is None else above.present & below.present
        return Column(above.values, both), Column(np.where(below.present, below.values, 1))


def days_within(
    spans: Iterable[tuple[date, date | None]], start: date, end: date
) -> tuple[int, bool]:
    """Count the days of ``[start, end)`` that some spans cover, and say whether the last is one.

    Spans may overlap and are open at the end where that is None.
    """
    total, reached = 0, start
    for begins, ends in sorted(spans, key=lambda span: span[0]):
        first, last = max(begins, reached), end if ends is None else min(ends, end)
        if last > first:
            total += (last - first).days
            reached = last
    return total, total > 0 and reached == end


def presence_of(days: Sequence[tuple[int, bool]], period_days: int) -> Presence:
    """Put the days of many people together."""
    return Presence(
        days=np.array([count for count, _ in days], dtype=np.int64),
        at_the_end=np.array([last for _, last in days], dtype=np.bool_),
        period_days=period_days,
    )
