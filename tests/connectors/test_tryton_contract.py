"""Tryton before the conformance kit: everything that the kit can try, it can try here."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors import tryton
from connectors.contract import CheckCode
from connectors.testing import Case, Earlier, Faults, Place, contract_suite
from connectors.tryton import TrytonConnector
from tests.support.shared_simulator import SharedSimulator
from tests.support.tryton_server import NARROW, PASSWORD, TrytonServer

AT = datetime(2026, 9, 1, 2, 0, 0, 123456)  # noqa: DTZ001 - naive UTC, as Tryton keeps it
SALES = "sale.sale"
FIELDS = {
    SALES: ("number", "state", "untaxed_amount", "party", "agent", "currency"),
    "company.employee": ("party", "start_date"),
}


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tryton, "PAGE", 3)


def filled() -> TrytonServer:
    server = TrytonServer(fields=dict(FIELDS))
    for number in range(1, 11):
        amount = Decimal("1200.50") + number
        sold = {"number": f"S{number}", "untaxed_amount": amount, "party": 3, "currency": 8}
        server.put(SALES, number, AT + timedelta(minutes=number), **sold)
    server.put("company.employee", 1, AT, party=5)
    return server


SHARED = SharedSimulator(filled, TrytonConnector)


def _faults(server: TrytonServer) -> Faults:
    """Give the kit a hand on the server; pages of three rows would make ``many`` slow."""
    times = itertools.count(1)

    def now() -> datetime:
        return AT + timedelta(hours=1, seconds=next(times))

    def made(number: int, at: Any) -> Place:
        server.put(SALES, number, at, number=f"S{number}", untaxed_amount=Decimal("7.25"))
        return "sales", str(number)

    def change() -> Place:
        server.change(SALES, 2, now(), number=f"changed {next(times)}")
        return "sales", "2"

    def delete() -> Place:
        del server.tables[SALES][3]
        return "sales", "3"

    def new_field() -> Place:  # as when a module is activated
        server.fields[SALES] += ("reference",)
        server.change(SALES, 2, now(), reference="PO 7")
        return "sales", "reference"

    def lost_field() -> Place:
        server.fields[SALES] = tuple(f for f in server.fields[SALES] if f != "untaxed_amount")
        return "sales", "untaxed_amount"

    def many(count: int) -> None:
        tryton.PAGE = 200
        for number in range(1_000, 1_000 + count):
            made(number, AT)

    return Faults(
        insert=lambda: made(100 + next(times), now()),
        change=change,
        delete=delete,
        tie=lambda: {made(number, AT + timedelta(hours=2)) for number in range(300, 311)},
        # Not even made at any time, as rows are that were put into the database beside Tryton.
        undated=lambda: made(400, None),
        new_field=new_field,
        lost_field=lost_field,
        many=many,
    )


def tryton_case(folder: Path) -> Case:
    server = SHARED.renew()
    right = {
        "address": SHARED.address,
        "database": "crm",
        "user": "bot",
        "password": PASSWORD,
        "streams": ["employees", "sales"],
    }
    return Case(
        connector=TrytonConnector(),
        folder=folder,
        config=right,
        streams=("employees", "sales"),
        wrong={
            CheckCode.AUTHENTICATION: {**right, "password": "wrong-pass-000"},
            CheckCode.PERMISSION: {**right, "user": NARROW},
            CheckCode.CONFIGURATION: {**right, "database": "other"},
            CheckCode.UNREACHABLE: {**right, "address": "http://127.0.0.1:9"},
        },
        secrets=(PASSWORD,),
        web=SHARED.web,
        faults=_faults(server),
        future={name: {"seen": "2999-01-01T00:00:00.000000"} for name in ("employees", "sales")},
        # As the first release wrote them.
        earlier=(
            Earlier(
                config=right,
                cursors={"employees": {}, "sales": {"seen": "2026-09-01T02:05:00.123456"}},
            ),
        ),
    )


TestTryton = contract_suite(tryton_case)
