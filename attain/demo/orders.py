"""The orders as they really were: what both deliveries together must come to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from attain.demo.cast import (
    BY_ACCOUNT,
    PLATFORM_NAMES,
    SALESPEOPLE,
    SECOND_ALIAS,
    UNLINKED_ALIAS,
    Staff,
)
from attain.demo.customers import Cohorts, Customer
from attain.demo.stream import Stream, split
from attain.demo.targets import MONTHS, Totals, quarter_of

WON, OPEN, LOST, VOID = "已成交", "跟进中", "已丢单", "作废"
OCTOBER = date(2026, 10, 1)
SECOND_EXPORT = date(2026, 10, 9)

_PRODUCTS = {
    "和嘉高定": ("全屋定制", "实木橱柜", "定制衣柜", "护墙板", "木门"),
    "和嘉优选": ("餐桌椅", "床垫", "布艺沙发", "灯具", "收纳柜"),
    "和嘉云店": ("智能晾衣架", "床品套件", "电动沙发", "书桌", "地毯"),
}
# account, month: a refund (退货) is a won order with a negative amount
_REFUNDS: tuple[tuple[str, int, int], ...] = (
    ("LuoDan", 4, 1_286_000),
    ("FengTao", 5, 864_050),
    ("XueBing", 6, 2_310_000),
    ("LiNa", 7, 980_000),
    ("SongJia", 8, 1_545_500),
    ("JiaWen", 9, 724_080),
)
_LATE_STORY = {("WuHao", 9): (1_240_000, 1_860_000)}
_LATE_ACCOUNTS = ("LuoDan", "LiangYu", "ZhuLin", "PengBowen", "DingJia", "YeZi", "SuXin")
# September orders that delivery 1 shows without an amount, and twice with different amounts.
_UNPRICED, _CONFLICTING = "SO2026090072", "SO2026090121"
CONFLICT_CENTS = 1_000_000
CORRECTED_ACCOUNT, CORRECTED_MONTH, CORRECTED_BY = "SunQian", 8, 480_001
_CANCELLED = (("XieTing", 8, 3_680_000), ("DongJie", 9, 2_145_060))
_ALIAS_ORDERS = ((7, 21, 4_620_000), (8, 6, 2_880_050), (8, 19, 5_130_000), (9, 11, 3_260_000))


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order of the CRM. ``story`` says how it differs between the deliveries, if it does."""

    number: str
    account: str  # whose it is; empty when only the source's alias is known
    crm_name: str
    customer: Customer
    platform: str
    product: str
    cents: int
    stage: str
    day: date
    modified: datetime
    newly_won: bool = False
    story: str = ""

    @property
    def counts(self) -> bool:
        """Whether it is a won order of a linked person: only these are sales."""
        return self.stage == WON and self.account != ""


def month_days(month: date) -> int:
    """Return the number of days of the month that starts at ``month``."""
    return ((month + timedelta(days=32)).replace(day=1) - month).days


def crm_orders(
    totals: Totals, cohorts: dict[str, Cohorts], strangers: tuple[Customer, ...]
) -> tuple[Order, ...]:
    """Return every order of both deliveries in its last state, numbered within its month."""
    drafts: list[Order] = []
    for person in SALESPEOPLE:
        drafts.extend(_orders_of(person, totals, cohorts[person.account]))
    drafts.extend(_alias_orders(strangers))
    drafts.extend(_october(cohorts))
    drafts.sort(key=lambda order: (order.day, order.modified, order.customer.number, order.cents))
    counters: dict[str, int] = {}
    numbered: list[Order] = []
    for draft in drafts:
        stem = f"SO{draft.day:%Y%m}"
        counters[stem] = counters.get(stem, 0) + 1
        number = f"{stem}{counters[stem]:04d}"
        story = {_UNPRICED: "unpriced", _CONFLICTING: "conflicting"}.get(number, draft.story)
        numbered.append(replace(draft, number=number, story=story))
    return tuple(numbered)


def _orders_of(person: Staff, totals: Totals, mine: Cohorts) -> list[Order]:
    stream = Stream(f"orders of {person.account}")
    orders: list[Order] = []
    seen: set[str] = set()
    for quarter in (1, 2, 3):
        buyers = mine.of_quarter(quarter)
        months = [m for m in MONTHS if quarter_of(m) == quarter and (person.account, m) in totals]
        plan = _spread(stream, buyers, months)
        for month in months:
            made = _month_orders(stream, person, month, totals[person.account, month], plan[month])
            for order in sorted(made, key=lambda order: order.day):
                fresh = quarter > 1 and order.customer.number not in seen
                seen.add(order.customer.number)
                orders.append(replace(order, newly_won=fresh))
            orders.extend(_not_won(stream, person, month, buyers))
    return orders


def _spread(
    stream: Stream, buyers: tuple[Customer, ...], months: list[date]
) -> dict[date, list[Customer]]:
    """Give every buyer of the quarter one month at least, and every month ten orders or more."""
    plan: dict[date, list[Customer]] = {month: [] for month in months}
    for position, customer in enumerate(stream.shuffled(buyers)):
        plan[months[position % len(months)]].append(customer)
    for chosen in plan.values():
        wanted = stream.between(10, 13)
        while len(chosen) < wanted:
            chosen.append(stream.pick(buyers))
    return plan


def _month_orders(
    stream: Stream, person: Staff, month: date, total: int, buyers: list[Customer]
) -> list[Order]:
    """Cut one person's month into orders, one for each entry of ``buyers``."""
    refunds = [r for a, m, r in _REFUNDS if (a, m) == (person.account, month.month)]
    late = _LATE_STORY.get((person.account, month.month), ())
    weights = [stream.between(35, 165) for _ in buyers[len(late) :]]
    amounts = [*late, *split(total + sum(refunds) - sum(late), weights, 10)]
    orders = [
        _order(stream, person, month, customer, cents)
        for customer, cents in zip(buyers, amounts, strict=True)
    ]
    for index in range(len(late)):
        orders[index] = replace(orders[index], story="late")
    if person.account in _LATE_ACCOUNTS and month.month == 9:
        orders[3] = replace(orders[3], story="late")
    if (person.account, month.month) == (CORRECTED_ACCOUNT, CORRECTED_MONTH):
        orders[4] = replace(orders[4], story="corrected")
    for cents in refunds:
        sold = orders[2]
        back = replace(sold, product="退货", cents=-cents, newly_won=False)
        orders.append(replace(back, day=min(sold.day + timedelta(days=4), _last_day(month))))
    for account, number, cents in _CANCELLED:
        if (account, number) == (person.account, month.month):
            void = _order(stream, person, month, buyers[0], cents)
            orders.append(replace(void, stage=VOID, story="cancelled"))
    return orders


def _last_day(month: date) -> date:
    return month.replace(day=month_days(month))


def _order(stream: Stream, person: Staff, month: date, customer: Customer, cents: int) -> Order:
    day = month.replace(day=stream.between(1, month_days(month)))
    platform = PLATFORM_NAMES[person.platform_at(day)]
    alias = person.account == "LiuYang" and stream.chance(20)
    return Order(
        number="",
        account=person.account,
        crm_name=SECOND_ALIAS if alias else person.crm_name,
        customer=customer,
        platform=platform,
        product=stream.pick(_PRODUCTS[platform]),
        cents=cents,
        stage=WON,
        day=day,
        modified=_touched(stream, day),
    )


def _touched(stream: Stream, day: date) -> datetime:
    later = min(day + timedelta(days=stream.below(3)), max(day, date(2026, 9, 30)))
    return datetime(  # noqa: DTZ001 - the CRM writes local time without a zone
        later.year,
        later.month,
        later.day,
        stream.between(9, 20),
        stream.below(60),
        stream.below(60),
    )


def _not_won(
    stream: Stream, person: Staff, month: date, buyers: tuple[Customer, ...]
) -> list[Order]:
    """Now and then something is still open or lost; it is no sale."""
    if not stream.chance(55):
        return []
    order = _order(stream, person, month, stream.pick(buyers), stream.between(80, 900) * 10_000)
    return [replace(order, stage=LOST if month.month < 9 or stream.chance(30) else OPEN)]


def _alias_orders(strangers: tuple[Customer, ...]) -> list[Order]:
    stream = Stream("alias orders")
    orders: list[Order] = []
    for customer, (month, day, cents) in zip(strangers, _ALIAS_ORDERS, strict=True):
        order = _order(stream, BY_ACCOUNT["WangFang2"], date(2026, month, 1), customer, cents)
        placed = date(2026, month, day)
        touched = _touched(stream, placed)
        orders.append(
            replace(order, account="", crm_name=UNLINKED_ALIAS, day=placed, modified=touched)
        )
    return orders


def _october(cohorts: dict[str, Cohorts]) -> list[Order]:
    """The first days of the open period: one or two orders each."""
    orders: list[Order] = []
    for person in SALESPEOPLE:
        if not person.works_at(OCTOBER):
            continue
        stream = Stream(f"october of {person.account}")
        for _ in range(stream.between(1, 2)):
            customer = stream.pick(cohorts[person.account].of_quarter(3))
            order = _order(stream, person, OCTOBER, customer, stream.between(150, 1900) * 5_000)
            day = date(2026, 10, stream.between(1, 8))
            orders.append(replace(order, day=day, modified=_touched(stream, day)))
    return orders
