"""A year of 100,000 people under two plans, from frozen inputs, against the same by hand in NumPy.

Twelve months of Parquet shards, written as a run keeps them, are read, scored, compared among
peers anew and paid by the plan in force and by a draft. Bar: at most 2.0 times the hand-written
time from the same files; every person's pay and every figure must be the same to the cent.
"""

from __future__ import annotations

import copy
import json
import os
import platform
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actions.keep_run import SHARD_PEOPLE
from actions.plan_comparison import Side, side_of
from bench import plan_by_hand
from bench.sales_force import PEOPLE_PER_UNIT, PLAN, SCORECARD, sales_force
from domain.columns import Column
from domain.company_pay import Crew, Groups, Whole, pay_whole, score_whole, taken
from domain.component import PeerGroup
from domain.evaluate import compile_pay, compile_score
from domain.plan import decode_plan
from domain.program import Program
from domain.scorecard import decode_scorecard
from storage.frozen_columns import Roll, whole_of
from storage.snapshots import read_shard, write_shard

RATIO_BAR = 2.0
QUICK_RATIO_BAR = 6.0  # a small run is mostly the cost of starting threads
WISH_SECONDS = 2.0  # printed, and no bar: seconds are of one machine
UNITS_PER_PLATFORM = 10
IDLE_EVERY = 200
Months = Sequence[Sequence[Path]]
Numbers = NDArray[np.int64]


def draft_document() -> dict[str, Any]:
    """Write the draft: less for the score, dearer tiers, a wider median, a smaller kicker."""
    document = copy.deepcopy(PLAN)
    base, tiers, above, best, kicker = document["components"]
    base["amount"] = "4600"
    tiers["tiers"][0]["rate"], tiers["tiers"][2]["rate"] = "0.012", "0.025"
    above["rate"], above["peerGroup"] = "0.006", "PLATFORM"
    best["amount"] = "1200"
    kicker["percent"] = "0.08"
    return document


def programs() -> tuple[Program, Program, Program]:
    """Compile the scorecard, the plan in force and the draft."""
    card, found = decode_scorecard(SCORECARD)
    plan, more = decode_plan(PLAN)
    draft, rest = decode_plan(draft_document())
    if card is None or plan is None or draft is None:
        raise SystemExit(f"the measured documents have problems: {found} {more} {rest}")
    return compile_score(card), compile_pay(plan, card), compile_pay(draft, card)


def write_months(folder: Path, months: int, count: int, needed: set[str]) -> list[list[Path]]:
    """Freeze what the programs read, month by month, in shards as a run keeps them."""
    people = [f"per_{number:026d}" for number in range(count)]
    written = []
    for number in range(months):
        table, _ = sales_force(count, seed=number)
        columns = {
            name: each if isinstance(each, Column) else Column(np.full(count, each or 0))
            for name, each in table.items()
            if name in needed
        }
        for metric in ("sales", "margin", "fresh"):  # some sell nothing all year
            columns[f"{metric}.num"].values[::IDLE_EVERY] = 0
        paths = []
        for start in range(0, count, SHARD_PEOPLE):
            rows = np.arange(start, min(start + SHARD_PEOPLE, count))
            some = {name: taken(each, rows) for name, each in columns.items()}
            path = folder / f"{number:02d}-{start:07d}.parquet"
            path.write_bytes(write_shard(people[start : start + SHARD_PEOPLE], some))
            paths.append(path)
        written.append(paths)
    return written


def year(
    months: Months, score: Program, plans: Sequence[Program], groups: dict[PeerGroup, Groups]
) -> tuple[Numbers, Numbers, Side]:
    """Pay a year by both plans with the engine, two months at a time, and compare."""

    def month(files: Sequence[Path]) -> tuple[Any, list[Numbers]]:
        frozen = whole_of([each.read_bytes() for each in files])
        whole = Whole(count=len(frozen.people), columns=frozen.columns, groups=groups)
        scores = score_whole(whole, [Crew(score=score, pay=None)])
        paid = [pay_whole(whole, [Crew(score=score, pay=each)], scores) for each in plans]
        if any(each.payout.present is not None for each in paid):
            raise SystemExit("somebody could not be paid")
        return frozen.people, [each.payout.values for each in paid]

    roll = Roll()
    count = len(groups[PeerGroup.UNIT].codes)
    sums = [np.zeros(count, dtype=np.int64) for _ in plans]
    with ThreadPoolExecutor(max_workers=2) as pool:
        for people, found in pool.map(month, months):
            numbers = roll.numbers(people)
            for total, pay in zip(sums, found, strict=True):
                total[numbers] += pay
    before, after = sums
    return before, after, side_of(before, after)


def answered(side: Side) -> dict[str, Any]:
    """Name the figures of a comparison as the hand-written side does."""
    found: dict[str, Any] = {
        "win": side.win,
        "lose": side.lose,
        "gained": side.gained,
        "lost": side.lost,
    }
    for name, spread in (("before", side.before), ("after", side.after)):
        found[f"cost_{name}"] = spread.total
        found[f"zero_{name}"] = spread.without
        found[f"deciles_{name}"] = list(spread.deciles)
    return found


def demand_read_back(path: Path) -> None:
    """Demand that the reader of one shard and the reader of a whole run see the same."""
    people, columns = read_shard(path.read_bytes())
    whole = whole_of([path.read_bytes()])
    same = people == whole.ids() and columns.keys() == whole.columns.keys()
    if not same or any(
        not np.array_equal(each.values, whole.columns[name].values)
        for name, each in columns.items()
    ):
        raise SystemExit("a shard is read in two ways")


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Give wall and processor seconds."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processor


def measured(months: Months, count: int, rounds: int) -> dict[str, Any]:
    """Run both sides in turn; demand that they agree to the cent."""
    score, *plans = programs()
    units = np.random.default_rng(5).integers(0, max(count // PEOPLE_PER_UNIT, 1), count)
    platforms = units // UNITS_PER_PLATFORM
    groups = {
        PeerGroup.UNIT: Groups(codes=units, parents=platforms),
        PeerGroup.PLATFORM: Groups(codes=platforms, parents=np.zeros_like(units)),
    }
    demand_read_back(months[0][0])
    before, after, side = year(months, score, plans, groups)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    hand_before, hand_after, hand = plan_by_hand.year(months, units, platforms)
    different = int((before != hand_before).sum() + (after != hand_after).sum())
    if different or answered(side) != hand:
        raise SystemExit(f"the two sides differ: {different} sums, {answered(side)} and {hand}")
    ours, by_hand = [], []
    for _ in range(rounds):
        ours.append(timed(lambda: year(months, score, plans, groups)))
        by_hand.append(timed(lambda: plan_by_hand.year(months, units, platforms)))
    pairs = list(zip(ours, by_hand, strict=True))
    return {
        "people": count,
        "months": len(months),
        "seconds": round(statistics.median(wall for wall, _ in ours), 3),
        "seconds_best": round(min(wall for wall, _ in ours), 3),
        "seconds_by_hand": round(statistics.median(wall for wall, _ in by_hand), 3),
        "processor": round(statistics.median(cpu for _, cpu in ours), 3),
        "processor_by_hand": round(statistics.median(cpu for _, cpu in by_hand), 3),
        "ratio": round(statistics.median(one[0] / two[0] for one, two in pairs), 2),
        "ratio_processor": round(statistics.median(one[1] / two[1] for one, two in pairs), 2),
        "peak_mb": round(memory),
        "share_at_zero": [side.before.without / count, side.after.without / count],
        "answer": answered(side),
        "encrypted": False,
    }


def main(words: Sequence[str]) -> int:
    """Measure, print the figures, and fail when the bar is missed."""
    quick = "--quick" in words
    months, count, rounds = (3, 10_000, 3) if quick else (12, 100_000, 5)
    bar = QUICK_RATIO_BAR if quick else RATIO_BAR
    needed = {given.name for program in programs() for given in program.inputs}
    with tempfile.TemporaryDirectory() as folder:
        files = write_months(Path(folder), months, count, needed)
        figures = measured(files, count, rounds)
        size = sum(path.stat().st_size for paths in files for path in paths)
    figures |= {
        "files_mb": round(size / 1e6, 1),
        "wish_of_2_s": figures["seconds"] <= WISH_SECONDS,
        "bar": {"ratio": bar},
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, NumPy {np.__version__}",
    }
    for name, value in figures.items():
        print(f"{name:<24}{value}")
    print(json.dumps(figures))
    # what else runs on the machine moves the wall's ratio more than the processor's: both must hold
    judged = (
        figures["ratio_processor"] if quick else max(figures["ratio"], figures["ratio_processor"])
    )
    return int(judged > bar)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
