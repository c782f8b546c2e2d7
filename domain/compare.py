"""A person among his peers: rank, median and size of the group, exactly, with every policy named.

The median of an even group is kept as its two middle values. `twice_above_median` in
`domain/peers.py` holds twice the own value against their sum, so nothing is rounded
before it decides. Peer facts are frozen when a period closes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from domain.columns import COLUMNS, Column, column_of, column_of_value, lane_of
from domain.component import CutTie, Fallback, ShareRounding
from domain.exact import INTS, RATIO_ONE, Comparison, Rounding, lowest_terms
from domain.metric import Direction
from domain.order import Order, dense_codes, middle_rows, ranks, reduced, rows_at, sort_within
from domain.peers import SHARE_ROUNDINGS, twice_above_median
from domain.percentile import Percentile, place_of

Codes = NDArray[np.int64]


class RankPolicy(StrEnum):
    """How equal people are ranked. None of them ever looks at the row."""

    COMPETITION = "COMPETITION"  # 1, 2, 2, 4
    DENSE = "DENSE"  # 1, 2, 2, 3
    ORDINAL = "ORDINAL"  # by a list of further measures; still equal people share the rank


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Measure:
    """What is compared: a fraction per person. ``den`` is 1 for sums and for scores."""

    num: Column
    den: Column | int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortPolicy:
    """How peers are compared. All of it is data of the plan or of the board."""

    minimum: int = 1
    fallback: Fallback = Fallback.NO_REWARD
    ranking: RankPolicy = RankPolicy.COMPETITION
    direction: Direction = Direction.HIGHER
    percentile: Percentile | None = None  # lo and hi lie around it instead of the median


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Compared:
    """The peer facts of everyone, by row.

    Rank and median are missing where the group, after widening, is smaller than the minimum.
    ``widened`` is 1 where the wider group was used; ``size`` counts the people with a value there.
    """

    rank: Column
    tied: Column
    size: Column
    lo_num: Column
    lo_den: Column
    hi_num: Column
    hi_den: Column
    widened: Column

    def inputs(self, cohort: str) -> dict[str, Column]:
        """Name the facts as the pay stage reads them: ``<cohort>.peers.size`` and so on."""
        names = ("rank", "tied", "size", "lo_num", "lo_den", "hi_num", "hi_den")
        return {f"{cohort}.peers.{name}": getattr(self, name) for name in names}


def compare_everyone(
    own: Measure,
    groups: Codes,
    parents: Codes | None = None,
    policy: CohortPolicy | None = None,
    tie_breaks: tuple[Measure, ...] = (),
) -> Compared:
    """Compare each person with the people of his group; ``groups`` are codes by row.

    With WIDEN, whoever is in a group smaller than the minimum is compared in his parent group.
    80, 95, 100, 120, 150 have the median 100; 80, 95, 105, 120 have 95 and 105.
    """
    rules = policy or CohortPolicy()
    near = _facts(own, dense_codes(groups), rules, tie_breaks)
    enough = at_least(near["size"], rules.minimum)
    count = len(own.num)
    widened = np.zeros(count, dtype=np.bool_)
    if rules.fallback is Fallback.WIDEN and parents is not None and not enough.all():
        far = _facts(own, dense_codes(parents), rules, tie_breaks)
        widened = np.logical_and(np.logical_not(enough), at_least(far["size"], rules.minimum))
        near = {name: np.where(widened, far[name], near[name]) for name in near}
        enough = np.logical_or(enough, widened)
    everyone = bool(enough.all())
    shown = None if everyone else enough
    ranked = shown if own.num.present is None else np.logical_and(enough, own.num.present)
    columns = {
        "size": column_of(near["size"], None),
        "rank": column_of(near["rank"], ranked),
        "tied": column_of(near["tied"], ranked),
    }
    for name in ("lo_num", "lo_den", "hi_num", "hi_den"):
        columns[name] = column_of(near[name], shown)
    return Compared(widened=column_of(widened, None), **columns)


def at_least(sizes: Codes, minimum: int) -> NDArray[np.bool_]:
    """Say which groups are large enough; a group without a value never is."""
    return sizes >= max(minimum, 1)


def _facts(
    own: Measure, groups: Codes, rules: CohortPolicy, tie_breaks: tuple[Measure, ...]
) -> dict[str, Codes]:
    order = sort_within(groups, [(own.num, own.den)], own.num.present)
    ranked = order
    if rules.ranking is RankPolicy.ORDINAL and tie_breaks:
        measures = [(each.num, each.den) for each in (own, *tie_breaks)]
        ranked = sort_within(groups, measures, own.num.present)
    rank, tied = ranks(
        ranked,
        len(groups),
        highest_first=rules.direction is not Direction.LOWER,
        dense=rules.ranking is RankPolicy.DENSE,
    )
    low, high = middle_rows(order)
    if rules.percentile is not None:
        low, high = _percentile_rows(order, rules.percentile)
    return {"rank": rank, "tied": tied, **_pairs(own, order, groups, (low, high))}


def _percentile_rows(order: Order, percentile: Percentile) -> tuple[Codes, Codes]:
    """Give for each group the rows of the two values around a percentile."""
    sizes = Column(order.sizes.astype(np.int64))
    place = place_of(COLUMNS, percentile, lane_of(sizes, 0, len(sizes)))
    low, high = (column_of_value(each, len(sizes)).values for each in (place.low, place.high))
    return rows_at(order, low), rows_at(order, high)


def _pairs(
    own: Measure, order: Order, groups: Codes, pair: tuple[Codes, Codes]
) -> dict[str, Codes]:
    low, high = pair
    found = {"size": order.sizes[groups]}
    for name, rows in (("lo", low), ("hi", high)):
        top = own.num.values[rows]
        if isinstance(own.den, int):
            found[f"{name}_den"] = np.full(len(groups), own.den, dtype=np.int64)
        else:
            top, bottom = reduced(top, own.den.values[rows])
            found[f"{name}_den"] = bottom[groups]
        found[f"{name}_num"] = top[groups]
    return found


def above_median(own: Measure, peers: Compared) -> Column:
    """Say who is strictly above the median of his peers: if all are equal, nobody is."""
    count = len(own.num)

    def lane(column: Column | int) -> object:
        return column if isinstance(column, int) else lane_of(column, 0, count)

    over, _ = twice_above_median(
        COLUMNS,
        (lane(own.num), lane(own.den)),
        (lane(peers.lo_num), lane(peers.lo_den)),
        (lane(peers.hi_num), lane(peers.hi_den)),
    )
    truth = COLUMNS.compare(over, Comparison.MORE_THAN, 0)
    return column_of_value(truth, count)


def gap_to_median(
    own: tuple[int, int], low: tuple[int, int], high: tuple[int, int], mode: Rounding
) -> int:
    """Show the distance of one person to the median, in his unit's steps: 150 -> +50, 80 -> -20."""
    over, bottom = twice_above_median(INTS, own, low, high)
    return int(INTS.muldiv(over, 1, INTS.times(bottom, 2), mode))


def fractional_rank(rank: int, tied: int) -> tuple[int, int]:
    """Give the mean of the places that equal people share, as a fraction: 1, 2.5, 2.5, 4."""
    return int(INTS.plus(INTS.times(rank, 2), INTS.minus(tied, 1))), 2


def top_places(size: int, share: int, rounding: ShareRounding, least: int) -> int:
    """Say how many places the best share of ``size`` people has: 10 % of 50 are 5.

    ``share`` is in RATIO steps; of 9 people FLOOR gives 0, CEIL 1.
    """
    part, whole = lowest_terms(share, RATIO_ONE)
    return max(int(INTS.muldiv(size, part, whole, SHARE_ROUNDINGS[rounding])), least)


def within_top(rank: int, tied: int, places: int, tie: CutTie) -> bool:
    """Say whether a competition rank that ``tied`` people share is within so many places."""
    last = rank if tie is CutTie.INCLUDE_ALL else INTS.minus(INTS.plus(rank, tied), 1)
    return bool(last <= places)
