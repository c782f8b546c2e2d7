"""What the demo company's files must come to, counted from the true state by plain addition."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from attain.demo.activity import PROGRAMME, VISIT, CheckIn, Course, Payment
from attain.demo.cast import BY_ACCOUNT, UNLINKED_ALIAS
from attain.demo.deliveries import as_exported
from attain.demo.dirt import DirtyRow
from attain.demo.orders import WON, Order
from attain.demo.targets import quarter_of

PERSONA = "LiNa"


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalLine:
    """One line of the goal every salesperson has; the target is a decimal in the metric's unit."""

    metric: str
    target: str
    unit: str
    per: str


# Not in any file: goals are set and agreed in Attain itself.
GOALS: tuple[GoalLine, ...] = (
    GoalLine(metric="sales", target="1000000.00", unit="CNY", per="MONTH"),
    GoalLine(metric="collection", target="0.90", unit="RATIO", per="MONTH"),
    GoalLine(metric="retention", target="0.75", unit="RATIO", per="QUARTER"),
    GoalLine(metric="visits", target="10", unit="TIMES", per="WEEK"),
    GoalLine(metric="training", target="1", unit="TIMES", per="MONTH"),
)
MINIMUM_SALES = "60000.00"  # a month below it earns no reward, whatever the rank


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFile:
    """One file of a delivery."""

    delivery: int
    path: str
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Customers of the three months before who came back in the three months up to ``until``."""

    until: date
    returned: int
    base: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What an identity nobody is linked to would add, if somebody linked it."""

    system: str
    identity: str
    facts: int
    cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """The salesperson of the README; amounts in cents, her pay in whole cents too."""

    staff_number: str
    name: str
    account: str
    month: date
    sales: int
    collected: int
    customers_before: int
    customers_returned: int
    visits: int
    bonus: int
    excess_share: int
    kicker: int
    pay: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """Somebody to sign in as; ``scope`` is the code of the unit the role holds for."""

    role: str
    scope: str
    staff_number: str
    name: str
    account: str
    story: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Everything a reader of the files must find, after both deliveries unless said otherwise."""

    files: tuple[WrittenFile, ...]
    rows: int
    sales_by_quarter: tuple[int, int, int]
    sales_by_month: tuple[tuple[date, int], ...]
    sales_by_person: tuple[tuple[str, date, int], ...]  # staff number, month, cents
    collected_by_quarter: tuple[int, int, int]
    third_quarter_after_first_delivery: int
    retention: tuple[Retention, ...]
    retention_by_person: tuple[tuple[str, Retention], ...]  # staff number
    median_by_month: tuple[tuple[date, int, int], ...]  # the two middle people's sales
    top_by_month: tuple[tuple[date, tuple[str, ...]], ...]  # staff numbers, best first
    top_in_all: tuple[str, ...]
    trained: tuple[str, ...]
    visits_by_month: tuple[tuple[date, int], ...]
    waiting: tuple[Waiting, ...]
    dirty: tuple[DirtyRow, ...]
    duplicate_files: tuple[tuple[str, str], ...]  # the copy, the original
    late: tuple[str, ...]  # order numbers
    corrected: tuple[tuple[str, int, int], ...]  # order number, cents before, cents after
    cancelled: tuple[str, ...]
    persona: Persona
    sign_in: tuple[SignIn, ...]


# role, scope (a unit's code), account, why it is worth looking
_SIGN_IN: tuple[tuple[str, str, str, str], ...] = (
    ("SALESPERSON", "", "LiNa", "earns 7,700.00 CNY in September"),
    ("SALESPERSON", "", "WangFang", "the same sales, retention 75 % exactly: 7,000.00 CNY"),
    ("SALESPERSON", "", "ZhengKai", "one cent short of the goal in September"),
    ("SALESPERSON", "", "SunQian", "a correction takes August below the goal after the close"),
    ("SALESPERSON", "", "ZhangWei", "in the top ten per cent three months in a row"),
    ("MANAGER", "HJ-E1", "LuYan", "leads the Shanghai team, which somebody joins on 16 August"),
    ("MANAGER", "HJ-E", "QianZhiqiang", "regional manager of three teams"),
    ("MANAGER", "HJ", "GuMingyuan", "sales director of the whole company"),
    ("HR", "HJ", "HeJing", "goals, plans, pay and the queue of unknown identities"),
    ("AUDITOR", "HJ", "FangLiqun", "reads everything, changes nothing"),
    ("ADMIN", "HJ", "JiangBo", "accounts only, no performance and no pay"),
)


def sign_ins() -> tuple[SignIn, ...]:
    """Return the people a visitor signs in as."""
    return tuple(
        SignIn(
            role=role,
            scope=scope,
            staff_number=BY_ACCOUNT[account].staff_number,
            name=BY_ACCOUNT[account].name,
            account=account,
            story=story,
        )
        for role, scope, account, story in _SIGN_IN
    )


def sales_by_month(orders: Iterable[Order]) -> dict[tuple[str, date], int]:
    """Add up won orders of linked people by staff number and month."""
    sums: dict[tuple[str, date], int] = {}
    for order in orders:
        if order.counts:
            key = (BY_ACCOUNT[order.account].staff_number, order.day.replace(day=1))
            sums[key] = sums.get(key, 0) + order.cents
    return sums


def by_quarter(sums: Iterable[tuple[date, int]]) -> tuple[int, int, int]:
    """Add up amounts of months into the first three quarters."""
    totals = [0, 0, 0]
    for month, cents in sums:
        if month.month <= 9:
            totals[quarter_of(month) - 1] += cents
    return totals[0], totals[1], totals[2]


def third_quarter_in(orders: Iterable[Order], delivery: int) -> int:
    """Return the sales of the third quarter as the files of ``delivery`` show them."""
    priced = [order for order in orders if order.story != "unpriced" or delivery > 1]
    shown = [order for order in (as_exported(o, delivery) for o in priced) if order is not None]
    sums = sales_by_month(shown)
    return by_quarter((month, cents) for (_, month), cents in sums.items())[2]


def retention(orders: Iterable[Order], until: date, account: str = "") -> Retention:
    """Count customers of the quarter before who bought again in the quarter that ends ``until``."""
    quarter = quarter_of(until)
    before: set[str] = set()
    after: set[str] = set()
    for order in orders:
        if not order.counts or order.day > until or (account and order.account != account):
            continue
        if quarter_of(order.day) == quarter:
            after.add(order.customer.number)
        elif quarter_of(order.day) == quarter - 1:
            before.add(order.customer.number)
    return Retention(until=until, returned=len(before & after), base=len(before))


def top_of(sums: dict[tuple[str, date], int], month: date) -> tuple[str, ...]:
    """Return the top ten per cent of a month by competition rank: ties at the edge are in."""
    mine = {staff: cents for (staff, when), cents in sums.items() if when == month}
    ranked = sorted(mine, key=lambda staff: (-mine[staff], staff))
    seats = len(mine) // 10
    return tuple(s for s in ranked if sum(c > mine[s] for c in mine.values()) < seats)


def median_of(sums: dict[tuple[str, date], int], month: date) -> tuple[date, int, int]:
    """Return the sales of the two people in the middle of an even group, unrounded."""
    values = sorted(cents for (_, when), cents in sums.items() if when == month)
    return month, values[len(values) // 2 - 1], values[len(values) // 2]


def trained(courses: Iterable[Course]) -> tuple[str, ...]:
    """Return who completed the programme in the third quarter."""
    return tuple(
        sorted(
            {
                row.person.staff_number
                for row in courses
                if row.programme == PROGRAMME and row.completed and quarter_of(row.day) == 3
            }
        )
    )


def visits_by_month(check_ins: Iterable[CheckIn]) -> tuple[tuple[date, int], ...]:
    """Count field visits by local month."""
    counts: dict[date, int] = {}
    for row in check_ins:
        month = row.moment.date().replace(day=1)
        counts[month] = counts.get(month, 0) + (row.type == VISIT)
    return tuple(sorted(counts.items()))


def waiting(orders: Iterable[Order], payments: Iterable[Payment]) -> tuple[Waiting, ...]:
    """Say what linking the unlinked identities would add; the alias' customers are new ones."""
    sold = [o.cents for o in orders if o.crm_name == UNLINKED_ALIAS and o.stage == WON]
    paid = [p.cents for p in payments if p.order.crm_name == UNLINKED_ALIAS]
    return (
        Waiting(system="orders", identity=UNLINKED_ALIAS, facts=len(sold), cents=sum(sold)),
        Waiting(system="payments", identity=UNLINKED_ALIAS, facts=len(paid), cents=sum(paid)),
        Waiting(system="orders", identity="测试账号", facts=1, cents=100),
        Waiting(system="attendance", identity="ext_zhang", facts=1, cents=0),
    )


def persona_of(
    sums: dict[tuple[str, date], int],
    collected: dict[tuple[str, date], int],
    kept: Retention,
    check_ins: Iterable[CheckIn],
) -> Persona:
    """Work out what the persona earned in September, step by step."""
    person = BY_ACCOUNT[PERSONA]
    month = date(2026, 9, 1)
    sales = sums[person.staff_number, month]
    bonus = 500_000 if sales >= 100_000_000 else 0
    excess = max(sales - 100_000_000, 0) // 100
    kicker = (bonus + excess) // 10 if kept.returned * 4 > kept.base * 3 else 0
    return Persona(
        staff_number=person.staff_number,
        name=person.name,
        account=person.account,
        month=month,
        sales=sales,
        collected=collected[person.staff_number, month],
        customers_before=kept.base,
        customers_returned=kept.returned,
        visits=sum(
            row.type == VISIT and row.person.account == PERSONA and row.moment.month == 9
            for row in check_ins
        ),
        bonus=bonus,
        excess_share=excess,
        kicker=kicker,
        pay=bonus + excess + kicker,
    )


def collected_by_month(payments: Iterable[Payment]) -> dict[tuple[str, date], int]:
    """Add up payments of linked people by staff number and month."""
    sums: dict[tuple[str, date], int] = {}
    for paid in payments:
        if paid.order.account:
            key = (BY_ACCOUNT[paid.order.account].staff_number, paid.day.replace(day=1))
            sums[key] = sums.get(key, 0) + paid.cents
    return sums
