"""The year under two plans written by hand in NumPy, from the same Parquet files.

What a good engineer would write for these two plans alone: it reads only the columns that they
need, scores once, sorts once for each comparison, and knows that nothing is missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench.by_hand import (
    ONE,
    SIZE,
    Chunk,
    Whole,
    capped,
    curve,
    divided,
    kept_curve,
    medians,
    ranked,
    signed,
)

PERSON = "person_id"
NAMES = (
    *(f"{metric}.num" for metric in ("sales", "margin", "kept", "fresh", "visits")),
    *(f"{metric}.num" for metric in ("cycle", "complaints", "training")),
    *(f"{metric}.target" for metric in ("sales", "margin", "fresh", "visits")),
    *("cycle.target", "cycle.baseline", "complaints.target", "kept.den"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The numbers in which the two plans differ; rates in thousandths, money in cents."""

    base: int
    rates: tuple[int, int, int]
    above: int
    best: int
    kicker: int
    group: str  # whose median it is


IN_FORCE = Terms(
    base=5_000_00, rates=(10, 15, 20), above=5, best=1_000_00, kicker=100, group="unit"
)
DRAFT = Terms(
    base=4_600_00, rates=(12, 15, 25), above=6, best=1_200_00, kicker=80, group="platform"
)


def scored(t: Chunk) -> Whole:
    """Score one chunk; unlike in `by_hand.py` every target is a number of the file."""
    visits, goal = t["visits.num"] * 5, t["visits.target"]
    step = (visits >= 3 * goal).astype(np.intp)
    step += visits >= 4 * goal
    step += visits >= 5 * goal
    step += visits >= 6 * goal
    allowed = t["complaints.target"]
    cycle = (t["cycle.baseline"] - t["cycle.num"]) * ONE
    scores = (
        (capped(signed(t["sales.num"] * ONE, t["sales.target"])), 350_000),
        (capped(curve(t["margin.num"], t["margin.target"])), 150_000),
        (capped(kept_curve(t["kept.num"], t["kept.den"])), 150_000),
        (capped(curve(t["fresh.num"], t["fresh.target"])), 100_000),
        (np.array([0, 500_000, 800_000, 1_000_000, 1_200_000])[step], 100_000),
        (capped(signed(cycle, t["cycle.baseline"] - t["cycle.target"])), 100_000),
        (capped(signed((2 * allowed - t["complaints.num"]) * ONE, allowed)), 50_000),
    )
    points: Whole = np.minimum(t["training.num"] * 5_000, 30_000)
    for score, weight in scores:
        points = points + divided(score * weight, ONE)
    return np.minimum(points, 1_500_000)


def paid(t: Chunk, terms: Terms) -> Whole:
    """Pay one chunk by one plan."""
    score, sales = t["score"], t["sales.num"]
    high = score >= 1_000_000
    exact = np.where(high, (2 * score - 1_000_000) * 4, 5 * score - 1_000_000)
    exact = np.where(score >= 1_500_000, 8_000_000, exact)
    base = np.where(
        score < 600_000, 0, divided(np.maximum(exact, 0) * terms.base, np.int64(4 * ONE))
    )
    excess = np.maximum(sales - t["sales.target"], 0)
    tier = (excess >= 100_000_00).astype(np.intp)
    tier += excess >= 300_000_00
    first, second, third = terms.rates
    full = first * 100_000_00
    earned = np.array([0, full, full + second * 200_000_00])[tier]
    rate = np.array([first, second, third])[tier]
    start = np.array([0, 100_000_00, 300_000_00])[tier]
    tiers = divided(earned + rate * (excess - start), 1_000)
    over = 2 * sales - t[f"{terms.group}.middle"]
    rewarded = (over > 0) & (sales >= 60_000_00)
    above = np.where(rewarded, divided(np.maximum(over, 0) * terms.above, 2_000), 0)
    best = np.where(t["rank"] <= np.maximum(t["size"] // 10, 1), terms.best, 0)
    parts = base + tiers + above + best
    kicks = t["kept.num"] > 750_000 * t["kept.den"]
    return np.minimum(parts + np.where(kicks, divided(parts * terms.kicker, 1_000), 0), 60_000_00)


def _read(files: Sequence[Path]) -> tuple[Any, dict[str, Whole]]:
    read = [pq.read_table(each, columns=[PERSON, *NAMES], use_threads=False) for each in files]
    table = pa.concat_tables(read)
    columns = {name: table.column(name).combine_chunks().to_numpy() for name in NAMES}
    return table.column(PERSON).combine_chunks(), columns


def _pieces(table: Mapping[str, Whole], count: int) -> list[dict[str, Whole]]:
    return [
        {name: each[start : start + SIZE] for name, each in table.items()}
        for start in range(0, count, SIZE)
    ]


def month(files: Sequence[Path], units: Whole, platforms: Whole) -> tuple[Any, Whole, Whole]:
    """Pay one month by both plans."""
    people, table = _read(files)
    count = len(units)
    table["score"] = np.concatenate([scored(each) for each in _pieces(table, count)])
    table["rank"], table["size"] = ranked(table["score"], units)
    for name, groups in (("unit", units), ("platform", platforms)):
        low, high = medians(table["sales.num"], groups)
        table[f"{name}.middle"] = low + high
    pieces = _pieces(table, count)
    before = np.concatenate([paid(each, IN_FORCE) for each in pieces])
    return people, before, np.concatenate([paid(each, DRAFT) for each in pieces])


def figures(before: Whole, after: Whole) -> dict[str, Any]:
    """Answer what both plans cost, who wins and who loses."""
    change = after - before
    found: dict[str, Any] = {
        "win": int((change > 0).sum()),
        "lose": int((change < 0).sum()),
        "gained": int(np.maximum(change, 0).sum()),
        "lost": int(np.maximum(-change, 0).sum()),
    }
    places = [(len(before) - 1) * tenth // 10 for tenth in range(11)]
    for name, pay in (("before", before), ("after", after)):
        found[f"cost_{name}"] = int(pay.sum())
        found[f"zero_{name}"] = int((pay == 0).sum())
        found[f"deciles_{name}"] = np.sort(pay)[places].tolist()
    return found


def year(
    months: Sequence[Sequence[Path]], units: Whole, platforms: Whole
) -> tuple[Whole, Whole, dict[str, Any]]:
    """Pay a year by both plans, two months at a time, and compare."""
    before, after = np.zeros(len(units), dtype=np.int64), np.zeros(len(units), dtype=np.int64)
    first = None
    with ThreadPoolExecutor(max_workers=2) as pool:
        for people, one, other in pool.map(lambda files: month(files, units, platforms), months):
            first = people if first is None else first
            if not people.equals(first):
                raise SystemExit("the months have other people")
            before += one
            after += other
    return before, after, figures(before, after)
