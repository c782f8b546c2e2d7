"""The customers of each salesperson, and in which quarters they buy.

Retention is told first (600 of 1,000 at the end of June, 819 of 1,050 at the end of September)
and split over people; a customer belongs to one salesperson.
"""

from __future__ import annotations

from dataclasses import dataclass

from attain.demo.cast import JOINER, LEAVER, SALESPEOPLE
from attain.demo.stream import Stream, settle

FIRST_BASE, FIRST_RETURNED = 1_000, 600  # 60 % at 2026-06-30
SECOND_BASE, SECOND_RETURNED = 1_050, 819  # 78 % at 2026-09-30

# account -> (customers of the first quarter, of the second quarter, of those back in the third)
_STORIES: dict[str, tuple[int, int, int]] = {
    "LiNa": (44, 50, 39),  # 78 % over her own customers
    "WangFang": (20, 20, 15),  # 75 % exactly
    LEAVER: (18, 17, 9),
}
_STORY_FIRST_RETURNED = {"LiNa": 27}

_CITIES = {
    "HJ-E1": ("上海", "苏州", "嘉兴"),
    "HJ-E2": ("杭州", "绍兴", "宁波"),
    "HJ-E3": ("南京", "常州", "合肥"),
    "HJ-S1": ("广州", "佛山", "中山"),
    "HJ-S2": ("深圳", "东莞", "惠州"),
    "HJ-S3": ("厦门", "泉州", "福州"),
}
_FIRST = "恒嘉瑞宏盛泰华美雅欣安居乐信达丰锦悦和润佳源"
_SECOND = "居家屋舍轩庭阁苑园坊堂林木石川海辰星光远帆诚"
_TRADES = ("家居", "装饰", "建材", "地产", "酒店用品", "装修工程", "商贸", "软装设计")
_FORMS = ("有限公司", "有限公司", "有限责任公司", "经营部", "工作室")


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A customer of the demo company."""

    number: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohorts:
    """Which of one salesperson's customers buy in the first, second and third quarter."""

    buyers: tuple[tuple[Customer, ...], tuple[Customer, ...], tuple[Customer, ...]]

    def of_quarter(self, quarter: int) -> tuple[Customer, ...]:
        """Return the customers who buy in ``quarter`` (1 to 3)."""
        return self.buyers[quarter - 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counts:
    first: int
    back_in_second: int
    second: int
    back_in_third: int


def _sized(topic: str, accounts: list[str], told: dict[str, int], total: int) -> dict[str, int]:
    stream = Stream(topic)
    ordinary = [account for account in accounts if account not in told]
    drawn = [stream.between(17, 23) for _ in ordinary]
    fixed = settle(drawn, total - sum(told.values()), [range(14, 27)] * len(ordinary))
    return told | dict(zip(ordinary, fixed, strict=True))


def _returning(
    topic: str, bases: dict[str, int], told: dict[str, int], total: int, percents: tuple[int, int]
) -> dict[str, int]:
    """Split ``total`` returning customers; only a story may come to 75 % exactly."""
    stream = Stream(topic)
    ordinary = [account for account in bases if account not in told]
    drawn: list[int] = []
    allowed: list[list[int]] = []
    for account in ordinary:
        base = bases[account]
        options = [count for count in range(base // 3, base + 1) if count * 4 != base * 3]
        wanted = base * stream.between(*percents) // 100
        drawn.append(wanted if wanted in options else wanted + 1)
        allowed.append(options)
    fixed = settle(drawn, total - sum(told.values()), allowed)
    return told | dict(zip(ordinary, fixed, strict=True))


def _count_all() -> dict[str, _Counts]:
    accounts = [person.account for person in SALESPEOPLE if person.account != JOINER]
    first = _sized("first base", accounts, {a: s[0] for a, s in _STORIES.items()}, FIRST_BASE)
    second = _sized("second base", accounts, {a: s[1] for a, s in _STORIES.items()}, SECOND_BASE)
    back = _returning("back one", first, _STORY_FIRST_RETURNED, FIRST_RETURNED, (48, 70))
    third = _returning(
        "back two", second, {a: s[2] for a, s in _STORIES.items()}, SECOND_RETURNED, (66, 92)
    )
    return {
        account: _Counts(
            first=first[account],
            back_in_second=back[account],
            second=second[account],
            back_in_third=third[account],
        )
        for account in accounts
    }


class _Names:
    """Gives out customers with numbers in sequence and names that do not repeat."""

    def __init__(self) -> None:
        self._stream = Stream("customer names")
        self._used: set[str] = set()

    def take(self, unit: str, count: int) -> list[Customer]:
        """Return ``count`` new customers in the cities of ``unit``."""
        return [self._one(unit) for _ in range(count)]

    def _one(self, unit: str) -> Customer:
        stream = self._stream
        while True:
            name = (
                stream.pick(_CITIES[unit])
                + stream.pick(_FIRST)
                + stream.pick(_SECOND)
                + stream.pick(_TRADES)
                + stream.pick(_FORMS)
            )
            if name not in self._used:
                self._used.add(name)
                return Customer(number=f"C{len(self._used):05d}", name=name)


def cohorts() -> tuple[dict[str, Cohorts], tuple[Customer, ...]]:
    """Return the cohorts by account, and four customers of the alias nobody is linked to."""
    counts = _count_all()
    names = _Names()
    stream = Stream("cohorts")
    result: dict[str, Cohorts] = {}
    for person in SALESPEOPLE:
        if person.account == JOINER:
            fresh = tuple(names.take(person.unit, 12))
            result[person.account] = Cohorts(buyers=((), (), fresh))
            continue
        mine = counts[person.account]
        first = names.take(person.unit, mine.first)
        back = stream.shuffled(first)[: mine.back_in_second]
        second = back + names.take(person.unit, mine.second - len(back))
        again = stream.shuffled(second)[: mine.back_in_third]
        # The leaver has no time left to win anybody new.
        won = 0 if person.account == LEAVER else stream.between(3, 7)
        third = again + names.take(person.unit, won)
        result[person.account] = Cohorts(buyers=(tuple(first), tuple(second), tuple(third)))
    return result, tuple(names.take("HJ-S2", 4))
