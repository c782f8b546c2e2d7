"""The measured plan written by hand in NumPy: what a good engineer would write for this plan alone.

No guard, no missing values, no names, no explanation: the price of the general engine is its time
against this. It uses the same chunks and the same two threads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]
Chunk = Mapping[str, Any]
ONE = 1_000_000
SIZE = 32_768


def divided(top: Whole, bottom: Any) -> Whole:
    """Divide numbers that are not negative, halves up."""
    size: Whole = (top + bottom // 2) // bottom
    return size


def signed(top: Whole, bottom: Any) -> Whole:
    """Divide, halves away from zero."""
    size = np.abs(top).view(np.uint64)
    under = bottom.view(np.uint64) if isinstance(bottom, np.ndarray) else np.uint64(bottom)
    size += under >> np.uint64(1)
    size //= under
    values = size.view(np.int64)
    np.negative(values, out=values, where=top < 0)
    return values


def capped(score: Whole) -> Whole:
    """Keep a KPI between nothing and 150 %."""
    return np.minimum(np.maximum(score, 0), 1_500_000)


# pieces of the curve (0.5, 0) (0.8, 0.6) (1, 1) (1.2, 1.5): start, slope, numerator, denominator
START = np.array([0, 0, 600_000, 1_000_000, 1_500_000])
RISE = np.array([0, 1_000_000, 400_000, 2_500_000, 0])
SCALE = np.array([1, 2, 5, 1, 1])
PLACE = np.array([0, 1, 4, 1, 0])


def curve(num: Whole, target: Whole) -> Whole:
    """Follow the broken line of attainment exactly; each piece rises by RISE per 1/SCALE."""
    five = num * 5
    index = (num * 2 >= target).astype(np.intp)
    index += five >= target * 4
    index += num >= target
    index += five >= target * 6
    way = num * SCALE[index] - PLACE[index] * target
    return signed(START[index] * target + RISE[index] * way, target)


def kept_curve(num: Whole, den: Whole) -> Whole:
    """Follow (0.5, 0) (0.75, 1) (0.9, 1.3) over the actual; slopes are 4 and 2."""
    index = (num >= 500_000 * den).astype(np.intp)
    index += num >= 750_000 * den
    index += num >= 900_000 * den
    start = np.array([0, 0, 1_000_000, 1_300_000])[index]
    slope = np.array([0, 4, 2, 0])[index]
    place = np.array([0, 500_000, 750_000, 0])[index]
    return divided((start * den + slope * (num - place * den)).astype(np.int64, copy=False), den)


def score_chunk(t: Chunk) -> Whole:
    """Score one chunk."""
    visits, goal = t["visits.num"] * 5, t["visits.target"]
    step = (visits >= 3 * goal).astype(np.intp)
    step += visits >= 4 * goal
    step += visits >= 5 * goal
    step += visits >= 6 * goal
    scores = (
        (capped(signed(t["sales.num"] * ONE, t["sales.target"])), 350_000),
        (capped(curve(t["margin.num"], t["margin.target"])), 150_000),
        (capped(kept_curve(t["kept.num"], t["kept.den"])), 150_000),
        (capped(curve(t["fresh.num"], t["fresh.target"])), 100_000),
        (np.array([0, 500_000, 800_000, 1_000_000, 1_200_000])[step], 100_000),
        (capped(signed((3_000 - t["cycle.num"]) * ONE, 500)), 100_000),
        (capped((4 - t["complaints.num"]) * ONE // 2), 50_000),
    )
    points: Whole = np.minimum(t["training.num"] * 5_000, 30_000)
    for score, weight in scores:
        points = points + divided(score * weight, ONE)
    return np.minimum(points, 1_500_000)


def pay_chunk(t: Chunk) -> Whole:
    """Pay one chunk: five amounts, a cap, the payout; rows of one array."""
    score, sales = t["score"], t["sales.num"]
    low, high = score < 600_000, score >= 1_000_000
    top = np.where(high, 2 * score - 1_000_000, 5 * (score - 600_000) // 4 + 500_000)
    top = np.where(score >= 1_500_000, 2_000_000, top)
    exact = np.where(high, top * 4, 5 * score - 1_000_000)
    exact = np.where(score >= 1_500_000, 8_000_000, exact)
    base = np.where(low, 0, divided(np.maximum(exact, 0) * 500_000, 4 * ONE))
    excess = np.maximum(sales - t["sales.target"], 0)
    tier = (excess >= 100_000_00).astype(np.intp)
    tier += excess >= 300_000_00
    earned = np.array([0, 2 * 100_000_00, 2 * 100_000_00 + 3 * 200_000_00])[tier]
    rate = np.array([2, 3, 4])[tier]
    start = np.array([0, 100_000_00, 300_000_00])[tier]
    tiers = divided(earned + rate * (excess - start), 200)
    over = 2 * sales - t["lo"] - t["hi"]
    rewarded = (over > 0) & (sales >= 60_000_00)
    above = np.where(rewarded, divided(np.maximum(over, 0), 400), 0)
    places = np.maximum(t["size"] // 10, 1)
    best = np.where(t["rank"] <= places, 1_000_00, 0)
    parts = base + tiers + above + best
    kicker = np.where(t["kept.num"] > 750_000 * t["kept.den"], divided(parts, 10), 0)
    before = parts + kicker
    payout = np.minimum(before, 60_000_00)
    return np.stack([base, tiers, above, best, kicker, payout - before, payout])


def in_chunks(
    work: Callable[[Chunk], Whole], table: Mapping[str, Any], rows: int, out: Whole
) -> None:
    """Run the work over chunks on two threads."""

    def one(start: int) -> None:
        piece = slice(start, start + SIZE)
        chunk = {
            name: each if isinstance(each, int) else each[piece] for name, each in table.items()
        }
        out[..., piece] = work(chunk)

    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(one, range(0, rows, SIZE)))


def sorted_within(values: Whole, units: Whole) -> tuple[Whole, Whole, Whole, Whole]:
    """Sort everyone by unit and value."""
    least = values.min()
    key = units * (int(values.max()) - int(least) + 1) + (values - least)
    order = np.argsort(key)
    sizes = np.bincount(units)
    return order, key[order], np.cumsum(sizes) - sizes, sizes


def medians(values: Whole, units: Whole) -> tuple[Whole, Whole]:
    """Give the two middle values of everyone's unit."""
    order, _, starts, sizes = sorted_within(values, units)
    middle = values[order[starts + (sizes - 1) // 2]], values[order[starts + sizes // 2]]
    return middle[0][units], middle[1][units]


def ranked(values: Whole, units: Whole) -> tuple[Whole, Whole]:
    """Give everyone's competition rank within his unit, best first, and its size."""
    order, keys, starts, sizes = sorted_within(values, units)
    first = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    ends = np.append(first[1:], len(keys))
    unit = units[order[first]]
    rank = np.empty(len(values), dtype=np.int64)
    rank[order] = np.repeat(starts[unit] + sizes[unit] - ends + 1, ends - first)
    return rank, sizes[units]


def everything(table: Mapping[str, Any], units: Whole) -> dict[str, Whole]:
    """Score, compare and pay everyone."""
    rows = len(units)
    score = np.empty(rows, dtype=np.int64)
    in_chunks(score_chunk, table, rows, score)
    rank, size = ranked(score, units)
    low, high = medians(table["sales.num"], units)
    used = {name: table[name] for name in ("sales.num", "sales.target", "kept.num", "kept.den")}
    pay = np.empty((7, rows), dtype=np.int64)
    more = {"score": score, "rank": rank, "size": size, "lo": low, "hi": high}
    in_chunks(pay_chunk, {**used, **more}, rows, pay)
    names = ("base_pay", "excess_tiers", "above_median", "best_tenth", "kicker", "cap")
    found = {f"{name}.amount": pay[row] for row, name in enumerate(names)}
    return {**found, "payout": pay[6], "score": score, "rank": rank, "lo": low, "hi": high}
