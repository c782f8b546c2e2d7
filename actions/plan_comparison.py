"""Two plans over the same people, side by side: who wins, who loses, and what it costs.

Everything is counted over columns; the numbers are exact, and a share is given as two counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]
Truths = NDArray[np.bool_]
TENTHS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How one plan's pay is spread over some people."""

    total: int
    deciles: tuple[int, ...]  # the least, the nine cuts and the most; empty for nobody
    without: int  # how many earn nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A group of people under both plans."""

    group: int
    people: int
    win: int
    lose: int
    gained: int
    lost: int  # not negative
    before: Spread
    after: Spread

    @property
    def more_lose(self) -> bool:
        """Whether more of them lose than win."""
        return self.lose > self.win

    @property
    def same(self) -> int:
        """How many earn the same."""
        return self.people - self.win - self.lose


@dataclass(frozen=True, slots=True, kw_only=True)
class Churn:
    """How the order of people by pay changes from one plan to the other."""

    people: int
    moved: int  # whose place changes by more than a tenth of the people
    left_top: int  # of the best tenth, who are no longer in it
    top: int  # how many are in the best tenth


def side_of(before: Codes, after: Codes, group: int = 0) -> Side:
    """Compare what the same people earn, row by row."""
    change = after - before
    won, lost = change > 0, change < 0
    return Side(
        group=group,
        people=len(before),
        win=int(won.sum()),
        lose=int(lost.sum()),
        gained=int(change[won].sum()),
        lost=-int(change[lost].sum()),
        before=spread_of(before),
        after=spread_of(after),
    )


def sides_of(before: Codes, after: Codes, groups: Codes) -> tuple[Side, ...]:
    """Compare group by group; a group below 0 is none."""
    if not len(groups):
        return ()
    order = np.argsort(groups, kind="stable")
    sorted_groups = groups[order]
    found, starts = np.unique(sorted_groups, return_index=True)
    ends = np.append(starts[1:], len(groups))
    return tuple(
        side_of(before[order[start:end]], after[order[start:end]], group)
        for group, start, end in zip(found.tolist(), starts.tolist(), ends.tolist(), strict=True)
        if group >= 0
    )


def spread_of(pay: Codes) -> Spread:
    """Spread pay over its people. A decile is what somebody earns, never a number in between."""
    count = len(pay)
    places = sorted({*_decile_places(count)})
    cut = np.partition(pay, places) if count else pay
    return Spread(
        total=int(pay.sum()),
        deciles=tuple(int(cut[place]) for place in _decile_places(count)),
        without=int((pay == 0).sum()),
    )


def _decile_places(count: int) -> tuple[int, ...]:
    return tuple((count - 1) * tenth // TENTHS for tenth in range(TENTHS + 1)) if count else ()


def churn_of(before: Codes, after: Codes) -> Churn:
    """Compare the places people have by pay, equal pay sharing a place."""
    count = len(before)
    first, second = _places(before), _places(after)
    top = max(count // TENTHS, 1) if count else 0
    best, still = first <= top, second <= top
    return Churn(
        people=count,
        moved=int((np.abs(second - first) * TENTHS > count).sum()),
        left_top=int(np.logical_and(best, np.logical_not(still)).sum()),
        top=int(best.sum()),
    )


def _places(pay: Codes) -> Codes:
    """Give everybody's place, best first: one more than are paid more."""
    ordered = np.sort(pay)
    more: Codes = len(pay) - np.searchsorted(ordered, pay, side="right") + 1
    return more.astype(np.int64)


def biggest(before: Codes, after: Codes, most: int) -> tuple[Codes, Codes]:
    """Give the rows of those who win and who lose most, the biggest first; ties by row."""
    change = after - before
    order = np.argsort(change, kind="stable")
    losing = order[change[order] < 0][:most]
    order = np.argsort(-change, kind="stable")
    winning = order[change[order] > 0][:most]
    return winning.astype(np.int64), losing.astype(np.int64)
