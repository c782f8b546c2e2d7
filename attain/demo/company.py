"""Write the demo company's export files: two deliveries, always the same bytes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path

from attain.demo.activity import (
    CheckIn,
    Course,
    Feedback,
    Payment,
    check_ins,
    courses,
    feedback,
    payments,
)
from attain.demo.cast import BY_ACCOUNT, SALESPEOPLE
from attain.demo.customers import cohorts
from attain.demo.deliveries import (
    Made,
    as_exported,
    check_ins_file,
    courses_file,
    feedback_file,
    links_file,
    orders_file,
    payments_file,
    staff_file,
)
from attain.demo.manifest import (
    Manifest,
    WrittenFile,
    by_quarter,
    collected_by_month,
    median_of,
    persona_of,
    retention,
    sales_by_month,
    sign_ins,
    third_quarter_in,
    top_of,
    trained,
    visits_by_month,
    waiting,
)
from attain.demo.orders import OCTOBER, Order, crm_orders
from attain.demo.targets import MONTHS, collection_totals, sales_totals

FIRST_AS_OF = date(2026, 10, 1)
SECOND_AS_OF = date(2026, 10, 9)
_COPIED = ("crm/orders-2026-05.csv", "crm/orders-2026-05-副本.csv")
_HALF_YEAR_END, _THIRD_QUARTER_END = date(2026, 6, 30), date(2026, 9, 30)
# folder -> streams whose files are complete up to the day before the delivery
_STREAMS = {
    "crm": ("orders", "payments"),
    "attendance": ("check_ins",),
    "feedback": ("surveys",),
    "training": ("courses",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Truth:
    """Everything that happened, before it is cut into deliveries."""

    orders: tuple[Order, ...]
    payments: tuple[Payment, ...]
    check_ins: tuple[CheckIn, ...]
    feedback: tuple[Feedback, ...]
    courses: tuple[Course, ...]


def write_exports(folder: Path) -> Manifest:
    """Write ``deliveries/1`` and ``deliveries/2`` under ``folder`` and say what is in them.

    The result depends on nothing: no clock, no seed, no machine. Delivery 1 is what the systems
    exported on 2026-10-01. Delivery 2 holds only the files that are new or changed on 2026-10-09,
    under the names the systems always give them: laid over delivery 1 it replaces what it corrects.
    """
    truth = _make_truth()
    made = [*_first_delivery(truth), *_second_delivery(truth)]
    for file in made:
        path = folder / "deliveries" / str(file.delivery) / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
    return _manifest(truth, made)


def _make_truth() -> _Truth:
    sales = sales_totals()
    buyers, strangers = cohorts()
    orders = crm_orders(sales, buyers, strangers)
    return _Truth(
        orders=orders,
        payments=payments(orders, collection_totals(sales)),
        check_ins=check_ins(buyers),
        feedback=feedback(buyers),
        courses=courses(),
    )


def _first_delivery(truth: _Truth) -> list[Made]:
    made = [staff_file(), links_file()]
    made.extend(orders_file(truth.orders, month, 1) for month in MONTHS)
    original = next(file for file in made if file.path == _COPIED[0])
    made.append(Made(delivery=1, path=_COPIED[1], content=original.content, rows=original.rows))
    made.extend(payments_file(truth.payments, month, 1) for month in MONTHS)
    made.extend(check_ins_file(truth.check_ins, month, 1) for month in MONTHS[5:])
    made.extend(feedback_file(truth.feedback, month, 1) for month in MONTHS[3:])
    made.append(courses_file(truth.courses, MONTHS[0], OCTOBER, 1))
    return [*made, *_readiness(1, date(2026, 9, 30))]


def _second_delivery(truth: _Truth) -> list[Made]:
    august, september = MONTHS[7], MONTHS[8]
    made = [orders_file(truth.orders, month, 2) for month in (august, september, OCTOBER)]
    made.extend(payments_file(truth.payments, month, 2) for month in (september, OCTOBER))
    made.append(check_ins_file(truth.check_ins, OCTOBER, 2))
    made.append(feedback_file(truth.feedback, OCTOBER, 2))
    made.append(courses_file(truth.courses, OCTOBER, date(2026, 11, 1), 2))
    return [*made, *_readiness(2, date(2026, 10, 8))]


def _readiness(delivery: int, through: date) -> list[Made]:
    """Say beside the files until which business date each stream is complete."""
    files: list[Made] = []
    for folder, streams in _STREAMS.items():
        document = {"complete_through": {stream: through.isoformat() for stream in streams}}
        text = json.dumps(document, indent=2, sort_keys=True) + "\n"
        path = f"{folder}/manifest.json"
        files.append(Made(delivery=delivery, path=path, content=text.encode(), rows=0))
    return files


def _manifest(truth: _Truth, made: list[Made]) -> Manifest:
    sums = sales_by_month(truth.orders)
    collected = collected_by_month(truth.payments)
    third = [date(2026, month, 1) for month in (7, 8, 9)]
    tops = tuple((month, top_of(sums, month)) for month in third)
    own = tuple(
        (person.staff_number, retention(truth.orders, _THIRD_QUARTER_END, person.account))
        for person in SALESPEOPLE
    )
    kept = dict(own)[BY_ACCOUNT["LiNa"].staff_number]
    by_month = {month: _of_month(sums, month) for month in (*MONTHS, OCTOBER)}
    return Manifest(
        files=tuple(_written(file) for file in made),
        rows=sum(file.rows for file in made),
        sales_by_quarter=by_quarter(by_month.items()),
        sales_by_month=tuple(by_month.items()),
        sales_by_person=tuple((s, month, cents) for (s, month), cents in sorted(sums.items())),
        collected_by_quarter=by_quarter((month, c) for (_, month), c in collected.items()),
        third_quarter_after_first_delivery=third_quarter_in(truth.orders, 1),
        retention=(
            retention(truth.orders, _HALF_YEAR_END),
            retention(truth.orders, _THIRD_QUARTER_END),
        ),
        retention_by_person=own,
        median_by_month=tuple(median_of(sums, month) for month in third),
        top_by_month=tops,
        top_in_all=tuple(s for s in tops[0][1] if all(s in staff for _, staff in tops)),
        trained=trained(truth.courses),
        visits_by_month=visits_by_month(truth.check_ins),
        waiting=waiting(truth.orders, truth.payments),
        dirty=tuple(row for file in made for row in file.dirty),
        duplicate_files=((_COPIED[1], _COPIED[0]),),
        late=tuple(order.number for order in truth.orders if order.story == "late"),
        corrected=tuple(_correction(o) for o in truth.orders if o.story == "corrected"),
        cancelled=tuple(order.number for order in truth.orders if order.story == "cancelled"),
        persona=persona_of(sums, collected, kept, truth.check_ins),
        sign_in=sign_ins(),
    )


def _of_month(sums: dict[tuple[str, date], int], month: date) -> int:
    return sum(cents for (_, when), cents in sums.items() if when == month)


def _written(file: Made) -> WrittenFile:
    return WrittenFile(
        delivery=file.delivery,
        path=file.path,
        rows=file.rows,
        sha256=sha256(file.content).hexdigest(),
    )


def _correction(order: Order) -> tuple[str, int, int]:
    before = as_exported(order, 1)
    return order.number, before.cents if before else 0, order.cents
