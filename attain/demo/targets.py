"""What every salesperson of the demo company sold and collected, month by month, to the cent.

The totals come first and the orders are cut out of them afterwards: that is how the aggregates of
the case (requirement 166) hold exactly and not approximately.
"""

from __future__ import annotations

from datetime import date

from attain.demo.cast import SALESPEOPLE, Staff
from attain.demo.stream import Stream

MONTHS: tuple[date, ...] = tuple(date(2026, month, 1) for month in range(1, 10))
SECOND_QUARTER_CENTS = 15_011_842_635  # before the change: 150,118,426.35 CNY
THIRD_QUARTER_CENTS = SECOND_QUARTER_CENTS * 6 // 5  # after it: 1.2 times, to the cent
_QUARTER_CENTS = {2: SECOND_QUARTER_CENTS, 3: THIRD_QUARTER_CENTS}
_ORDINARY_MONTH = {1: 94_000_000, 2: 100_000_000, 3: 120_000_000}
_BALANCER = "CaoYing"  # takes what splitting leaves over, at most a few cents

# Stories: account -> month -> sales in cents. Everybody else is ordinary.
SALES_STORIES: dict[str, dict[int, int]] = {
    # the persona: September 1,200,000.00 exactly
    "LiNa": {4: 94_180_000, 5: 97_342_060, 6: 100_561_200}
    | {7: 108_650_000, 8: 114_230_050, 9: 120_000_000},
    # the same sales as the persona, but retention is 75 % exactly: no kicker
    "WangFang": {7: 116_420_000, 8: 111_075_080, 9: 120_000_000},
    # three people in the top ten per cent in all of July, August and September
    "ZhangWei": {7: 261_240_000, 8: 253_088_000, 9: 270_215_000},
    "LiuYang": {7: 241_875_050, 8: 246_600_000, 9: 239_060_080},
    "ChenJing": {7: 210_530_000, 8: 220_164_020, 9: 215_000_000},
    # top in July and September, not in August
    "YangFan": {7: 205_000_000, 8: 132_000_000, 9: 221_000_000},
    # top in July and August, then a gap
    "HuangLi": {7: 198_800_000, 8: 201_150_000, 9: 110_200_000},
    "GaoXiang": {7: 131_064_000, 8: 196_020_000, 9: 128_890_000},
    # a tie at rank 5 in September: six people share the top ten per cent
    "ShenYang": {7: 141_000_000, 8: 138_520_000, 9: 198_000_000},
    "FuYao": {7: 127_730_000, 8: 144_206_000, 9: 198_000_000},
    # one cent short, and exactly at the goal
    "ZhengKai": {9: 99_999_999},
    "HeJia": {9: 100_000_000},
    "WeiLai": {9: 100_000_000},
    # a correction after the close takes August from 1,004,800.00 to one cent short
    "SunQian": {8: 99_999_999},
    # two late orders lift September from 981,600.00 over the goal
    "WuHao": {9: 101_260_000},
    # around the minimum of 60,000
    "XiaoRan": {4: 8_840_000, 5: 7_912_000, 6: 6_480_050}
    | {7: 5_230_000, 8: 5_899_999, 9: 6_000_000},
    "ZhouTing": {8: 4_520_000, 9: 28_640_000},
}
_LEVELS = {"ZhangWei": 1900, "LiuYang": 1780, "ChenJing": 1620, "YangFan": 1450, "HuangLi": 1400}

# Stories of collection: account -> month -> payments received in cents.
COLLECTION_STORIES: dict[str, dict[int, int]] = {
    "LiNa": {7: 99_958_000, 8: 105_663_000, 9: 112_200_000},  # 92.00, 92.50 and 93.50 %
    "WangFang": {9: 110_400_000},  # 92 %
    "HeJia": {9: 90_000_000},  # 90 % exactly
    "WeiLai": {9: 89_999_999},  # one cent short of 90 %
}

Totals = dict[tuple[str, date], int]


def quarter_of(month: date) -> int:
    """Return the quarter of the year, 1 to 4."""
    return (month.month + 2) // 3


def works_in(person: Staff, month: date) -> bool:
    """Return whether the person sells in ``month``."""
    return person.works_at(month)


def _ordinary(person: Staff, stream: Stream) -> dict[date, int]:
    drawn = 650 + sum(stream.between(0, 233) for _ in range(3))
    level = _LEVELS.get(person.account, drawn)
    return {
        month: _ORDINARY_MONTH[quarter_of(month)] * level * stream.between(880, 1120) // 1_000_000
        for month in MONTHS
    }


def sales_totals() -> Totals:
    """Return what each salesperson sold per month, in cents; keys are (account, first of month)."""
    stream = Stream("sales totals")
    told: Totals = {}
    drawn: Totals = {}
    for person in SALESPEOPLE:
        ordinary = _ordinary(person, stream)
        for month in MONTHS:
            if not works_in(person, month):
                continue
            story = SALES_STORIES.get(person.account, {}).get(month.month)
            if story is None:
                drawn[person.account, month] = ordinary[month]
            else:
                told[person.account, month] = story
    return told | _fitted(told, drawn)


def _fitted(told: Totals, drawn: Totals) -> Totals:
    """Scale the ordinary totals so that each quarter adds up exactly."""
    fitted: Totals = {}
    for quarter in (1, 2, 3):
        mine = {key: cents for key, cents in drawn.items() if quarter_of(key[1]) == quarter}
        whole = sum(mine.values())
        fixed = sum(cents for key, cents in told.items() if quarter_of(key[1]) == quarter)
        room = _QUARTER_CENTS.get(quarter, whole + fixed) - fixed
        scaled = {key: cents * room // whole // 10 * 10 for key, cents in mine.items()}
        last = max(key for key in scaled if key[0] == _BALANCER)
        scaled[last] += room - sum(scaled.values())
        fitted |= scaled
    return fitted


def collection_totals(sales: Totals) -> Totals:
    """Return the payments each salesperson's customers made per month, in cents."""
    stream = Stream("collection totals")
    totals: Totals = {}
    for (account, month), cents in sorted(sales.items()):
        low, high = (800, 940) if month.month < 7 else (865, 985)
        drawn = cents * stream.between(low, high) // 1000 // 10 * 10
        totals[account, month] = COLLECTION_STORIES.get(account, {}).get(month.month, drawn)
    return totals
