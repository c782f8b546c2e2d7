"""Payments, field visits, customer feedback and training of the demo company."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from attain.demo.cast import BY_ACCOUNT, SALESPEOPLE, UNLINKED_ALIAS, Staff
from attain.demo.customers import Cohorts, Customer
from attain.demo.orders import OCTOBER, WON, Order, month_days
from attain.demo.stream import Stream
from attain.demo.targets import MONTHS, Totals, quarter_of

VISIT = "外出打卡"
PROGRAMME = "customer-relationship"
_HOLIDAYS = {date(2026, 6, 19), date(2026, 9, 25)} | {date(2026, 10, day) for day in range(1, 8)}
_WORKING_SUNDAYS = {date(2026, 9, 20)}  # 调休: a Sunday worked for the October holiday
_LAST_DAY = date(2026, 10, 8)

# Who completed the programme in the third quarter: month, day, exam score. One of them twice.
TRAINED: tuple[tuple[str, int, int, int], ...] = (
    ("WangFang", 7, 8, 91),
    ("ZhouMin", 7, 8, 84),
    ("XuJing", 7, 22, 79),
    ("LuoDan", 7, 22, 88),
    ("LiangYu", 8, 5, 93),
    ("FengTao", 8, 5, 76),
    ("ChengCheng", 8, 19, 90),
    ("LvLiang", 8, 19, 82),
    ("YeZi", 9, 9, 95),
    ("MaXiao", 9, 9, 87),
    ("XuJing", 9, 16, 92),
)
# In the programme, but not of the ten: not completed, or completed outside the quarter.
_NOT_TRAINED: tuple[tuple[str, int, int, int, bool], ...] = (
    ("DongJie", 8, 5, 48, False),
    ("JiaWen", 9, 9, 55, False),
    ("SuXin", 6, 24, 86, True),
    ("DingJia", 10, 8, 89, True),
)
_COURSES = (
    ("产品知识进阶", "product-knowledge"),
    ("商务谈判技巧", "negotiation"),
    ("新客户开发技巧", "prospecting"),
    ("合同与回款管理", "collection"),
    ("合规与廉洁", "compliance"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Money received for an order."""

    number: str
    order: Order
    cents: int
    day: date
    late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckIn:
    """One check-in of the attendance system, in local time."""

    number: str
    person: Staff
    type: str
    moment: datetime
    customer: Customer | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """One answered survey; the score counts tenths of a point."""

    number: str
    person: Staff
    customer: Customer
    tenths: int
    complaint: bool
    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One person in one course."""

    number: str
    person: Staff
    title: str
    programme: str
    day: date
    score: int
    completed: bool


def payments(orders: tuple[Order, ...], totals: Totals) -> tuple[Payment, ...]:
    """Return what customers paid: exactly the total of each person and month, then October."""
    found: list[Payment] = []
    for (account, month), total in sorted(totals.items()):
        mine = [o for o in orders if o.account == account and o.day.replace(day=1) == month]
        found.extend(_pay(Stream(f"payments {account} {month}"), mine, total))
    for order in orders:
        if order.crm_name == UNLINKED_ALIAS and order.day.month in (7, 9):
            found.append(_payment(order, order.cents, order.day + timedelta(days=5)))
        if order.day >= OCTOBER and order.stage == WON and order.cents % 3 == 0:
            found.append(_payment(order, order.cents // 2, _LAST_DAY))
    found.sort(key=lambda payment: (payment.day, payment.order.number, payment.cents))
    counters: dict[str, int] = {}
    numbered: list[Payment] = []
    for paid in found:
        stem = f"PAY{paid.day:%Y%m}"
        counters[stem] = counters.get(stem, 0) + 1
        number = f"{stem}{counters[stem]:04d}"
        numbered.append(
            Payment(number=number, order=paid.order, cents=paid.cents, day=paid.day, late=paid.late)
        )
    return tuple(numbered)


def _payment(order: Order, cents: int, day: date) -> Payment:
    return Payment(number="", order=order, cents=cents, day=day, late=order.story == "late")


def _pay(stream: Stream, orders: list[Order], total: int) -> list[Payment]:
    """Pay refunds first, then one order after the other until the total is used up."""
    paid: list[Payment] = []
    rest = total
    for order in [o for o in orders if o.cents < 0 and o.stage == WON]:
        paid.append(_payment(order, order.cents, order.day))
        rest -= order.cents
    won = [order for order in orders if order.cents > 0 and order.stage == WON]
    for order in stream.shuffled(won):
        if rest == 0:
            break
        cents = min(order.cents, rest)
        rest -= cents
        for part in _instalments(stream, cents):
            end = order.day.replace(day=month_days(order.day.replace(day=1)))
            day = min(order.day + timedelta(days=stream.between(1, 16)), end)
            paid.append(_payment(order, part, day))
    if rest:
        raise ArithmeticError("more collected than sold")
    return paid


def _instalments(stream: Stream, cents: int) -> list[int]:
    if cents < 15_000_000 or stream.chance(40):
        return [cents]
    first = cents * 3 // 10 // 100 * 100
    return [first, cents - first]


def check_ins(cohorts: dict[str, Cohorts]) -> tuple[CheckIn, ...]:
    """Return the check-ins from June on, when the attendance system came in."""
    found: list[tuple[datetime, Staff, str, Customer | None]] = []
    for person in SALESPEOPLE:
        stream = Stream(f"visits of {person.account}")
        monday = date(2026, 6, 1)
        while monday <= _LAST_DAY:
            found.extend(_week(stream, person, cohorts[person.account], monday))
            monday += timedelta(days=7)
    persona = BY_ACCOUNT["LiNa"]
    buyer = cohorts["LiNa"].of_quarter(3)[0]
    # Early enough to be the day (and month) before in UTC: the business date is local.
    found.append((_at(date(2026, 7, 1), 7, 10, 5), persona, VISIT, buyer))
    found.append((_at(date(2026, 9, 1), 6, 55, 40), persona, VISIT, buyer))
    found.sort(key=lambda row: (row[0], row[1].account))
    return tuple(
        CheckIn(
            number=f"{moment:%Y%m%d%H%M%S}{index % 10_000:04d}",
            person=person,
            type=kind,
            moment=moment,
            customer=customer,
        )
        for index, (moment, person, kind, customer) in enumerate(found)
    )


def _at(day: date, hour: int, minute: int, second: int) -> datetime:
    return datetime(  # noqa: DTZ001 - the attendance system writes local time without a zone
        day.year, day.month, day.day, hour, minute, second
    )


def _week(
    stream: Stream, person: Staff, mine: Cohorts, monday: date
) -> list[tuple[datetime, Staff, str, Customer | None]]:
    days = [monday + timedelta(days=offset) for offset in range(7)]
    open_days = [
        day
        for day in days
        if (day.weekday() < 5 or day in _WORKING_SUNDAYS)
        and day not in _HOLIDAYS
        and day <= _LAST_DAY
        and person.works_at(day)
    ]
    busy = stream.between(9, 12) if monday >= date(2026, 6, 29) else stream.between(6, 9)
    if person.account == "LiNa":
        busy = stream.between(11, 13)
    rows: list[tuple[datetime, Staff, str, Customer | None]] = []
    for _ in range(busy if len(open_days) >= 4 else busy * len(open_days) // 5):
        day = stream.pick(open_days)
        moment = _at(day, stream.between(9, 18), stream.below(60), stream.below(60))
        buyers = mine.of_quarter(min(quarter_of(day.replace(day=1)), 3))
        rows.append((moment, person, VISIT, stream.pick(buyers)))
    if open_days and stream.chance(15):
        rows.append((_at(open_days[0], 8, stream.between(30, 59), 0), person, "上班打卡", None))
    return rows


def feedback(cohorts: dict[str, Cohorts]) -> tuple[Feedback, ...]:
    """Return the surveys from April on, a little better after the change than before."""
    found: list[Feedback] = []
    for month in (*MONTHS[3:], OCTOBER):
        for person in SALESPEOPLE:
            if not person.works_at(month):
                continue
            stream = Stream(f"feedback {person.account} {month}")
            buyers = cohorts[person.account].of_quarter(min(quarter_of(month), 3))
            last = month_days(month) if month < OCTOBER else 8
            for _ in range(stream.between(1, 3) if month < OCTOBER else stream.below(2)):
                base = 45 if month.month >= 7 else 42
                tenths = min(50, max(10, base + stream.between(-8, 6)))
                complaint = stream.chance(3)
                found.append(
                    Feedback(
                        number="",
                        person=person,
                        customer=stream.pick(buyers),
                        tenths=stream.between(15, 28) if complaint else tenths,
                        complaint=complaint,
                        day=month.replace(day=stream.between(1, last)),
                    )
                )
    found.sort(key=lambda row: (row.day, row.person.account, row.customer.number))
    return tuple(
        Feedback(
            number=f"FB{row.day:%Y%m}{index:05d}",
            person=row.person,
            customer=row.customer,
            tenths=row.tenths,
            complaint=row.complaint,
            day=row.day,
        )
        for index, row in enumerate(found, start=1)
    )


def courses() -> tuple[Course, ...]:
    """Return the training records: about one a month each, and the programme of the case."""
    rows = [
        (date(2026, month, day), BY_ACCOUNT[account], score, True)
        for account, month, day, score in TRAINED
    ] + [
        (date(2026, month, day), BY_ACCOUNT[account], score, completed)
        for account, month, day, score, completed in _NOT_TRAINED
    ]
    found = [
        (
            day,
            person,
            "客户关系管理" if day.month != 9 else "客户关系深度经营",
            PROGRAMME,
            score,
            ok,
        )
        for day, person, score, ok in rows
    ]
    for month in MONTHS[3:]:
        for person in SALESPEOPLE:
            stream = Stream(f"training {person.account} {month}")
            if person.works_at(month) and stream.chance(92 if month.month >= 7 else 60):
                title, programme = stream.pick(_COURSES)
                day = month.replace(day=stream.between(2, 27))
                score = stream.between(62, 99)
                found.append((day, person, title, programme, score, stream.chance(95)))
    found.sort(key=lambda row: (row[0], row[1].account, row[2]))
    return tuple(
        Course(
            number=f"TR{day:%Y%m}{index:04d}",
            person=person,
            title=title,
            programme=programme,
            day=day,
            score=score,
            completed=completed,
        )
        for index, (day, person, title, programme, score, completed) in enumerate(found, start=1)
    )
