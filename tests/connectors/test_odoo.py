"""The connector for Odoo, against a server that behaves as Odoo does."""

from __future__ import annotations

import copy
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors import odoo
from connectors.contract import CheckCode, Checkpoint, Record
from connectors.failures import AuthExpired, ConnectorFailure, Forbidden
from connectors.odoo import OdooConnector
from connectors.testing import Case, Earlier, Faults, contract_suite
from tests.support.loopback import Told
from tests.support.messages_read import cursors_of, keys_of
from tests.support.odoo_server import KEY, NARROW, Odoo
from tests.support.reading_sources import Reader
from tests.support.shared_simulator import SharedSimulator
from tests.support.source_web import NOW

AT = datetime(2026, 9, 1, 2, 0, 0)  # noqa: DTZ001 - naive UTC, as Odoo keeps it
TYPES = {
    "crm.lead": {
        "name": "char",
        "type": "selection",
        "user_id": "many2one",
        "stage_id": "many2one",
        "expected_revenue": "monetary",
        "date_closed": "datetime",
        "active": "boolean",
        "x_channel": "char",
        "x_photo": "binary",
    },
    "crm.stage": {"is_won": "boolean"},
    "sale.order": {"name": "char", "state": "selection", "amount_untaxed": "monetary"},
}


def filled() -> Odoo:
    server = Odoo(types=copy.deepcopy(TYPES))
    server.put("crm.stage", 4, AT, is_won=True)
    server.put("crm.stage", 1, AT, is_won=False)
    for number in range(1, 13):
        server.put(
            "crm.lead",
            number,
            AT + timedelta(seconds=number // 4, microseconds=number),
            name=f"Lead {number}",
            type="opportunity",
            user_id=[9, "李娜"],
            stage_id=[4 if number % 2 else 1, "Stage"],
            expected_revenue=1200.5 + number,
            create_date=AT,
            active=number != 5,
            x_channel="expo",
        )
    for number in range(1, 4):
        server.put(
            "sale.order", number, AT + timedelta(minutes=number), state="sale", amount_untaxed=0.1
        )
    return server


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(odoo, "PAGE", 3)


def settings(address: str, **others: Any) -> dict[str, Any]:
    return {
        "address": address,
        "database": "demo",
        "login": "bot@example.com",
        "api_key": KEY,
        "protocol": "jsonrpc",
        "streams": ["leads", "orders"],
        **others,
    }


SHARED = SharedSimulator(filled, OdooConnector)


def _faults(server: Odoo) -> Faults:
    """Give the kit a hand on the server; pages of three rows would make ``many`` slow."""

    def put(number: int, second: int, **values: Any) -> tuple[str, str]:
        at = AT + timedelta(hours=1, seconds=second, microseconds=number)
        server.put("crm.lead", number, at, **values)
        return "leads", str(number)

    def insert() -> tuple[str, str]:
        number = 200 + len(server.tables["crm.lead"])
        return put(number, number, name="inserted")

    def change() -> tuple[str, str]:
        return put(6, len(server.searches), name=f"changed {len(server.searches)}")

    def delete() -> tuple[str, str]:
        del server.tables["crm.lead"][7]
        return "leads", "7"

    def tie() -> set[tuple[str, str]]:
        return {put(number, 9, name="tied") for number in range(300, 311)}

    def new_field() -> tuple[str, str]:
        server.types["crm.lead"]["x_booth"] = "char"
        put(6, 1, x_booth="A 12")
        return "leads", "x_booth"

    def lost_field() -> tuple[str, str]:
        del server.types["crm.lead"]["expected_revenue"]
        return "leads", "expected_revenue"

    def many(count: int) -> None:
        odoo.PAGE = 200
        for number in range(1_000, 1_000 + count):
            put(number, number, name=f"Lead {number}")

    return Faults(
        insert=insert,
        change=change,
        delete=delete,
        tie=tie,
        new_field=new_field,
        lost_field=lost_field,
        many=many,
    )


def odoo_case(folder: Path) -> Case:
    server = SHARED.renew()
    right = settings(SHARED.address)
    return Case(
        connector=OdooConnector(),
        folder=folder,
        config=right,
        streams=("leads", "orders"),
        wrong={
            CheckCode.AUTHENTICATION: {**right, "api_key": "wrong-key-000"},
            CheckCode.PERMISSION: {**right, "api_key": NARROW},
            CheckCode.CONFIGURATION: {**right, "protocol": "soap"},
            CheckCode.UNREACHABLE: {**right, "address": "http://127.0.0.1:9"},
        },
        unknown=(("leads", "x_channel"),),
        secrets=(KEY, NARROW),
        web=SHARED.web,
        faults=_faults(server),
        future={name: {"seen": "2999-01-01 00:00:00"} for name in ("leads", "orders")},
        # As the first release wrote them; every later one goes on from there.
        earlier=(
            Earlier(config=right, cursors={"leads": {"seen": "2026-09-01 02:00:03"}, "orders": {}}),
        ),
        absent={"K20": "Odoo itself writes write_date into every row of these models"},
    )


TestOdoo = contract_suite(odoo_case)


@pytest.mark.parametrize("protocol", ["jsonrpc", "json2"])
def test_a_lead_arrives_exact_with_what_its_stage_means(
    reader: Reader, address: str, protocol: str
) -> None:
    found = reader.read(settings(address, protocol=protocol), "leads")
    first = next(m for m in found if isinstance(m, Record))
    assert first.content == {
        "id": 1,
        "name": "Lead 1",
        "type": "opportunity",
        "user_id": 9,
        "user_id.label": "李娜",
        "stage_id": 4,
        "stage_id.label": "Stage",
        "stage_id.is_won": True,
        "expected_revenue": Decimal("1201.5"),
        "create_date": "2026-09-01 02:00:00",
        "date_closed": None,
        "active": True,
        "x_channel": "expo",
        "write_date": "2026-09-01 02:00:00",
    }
    assert first.version == "2026-09-01 02:00:00"
    assert sorted(keys_of(found), key=int) == [str(number) for number in range(1, 13)]
    # ``false`` is a value where the field is true or false.
    assert {m.key for m in found if isinstance(m, Record) and m.content["active"] is False} == {"5"}


def test_a_second_that_fills_pages_alone_is_read_whole(
    reader: Reader, server: Odoo, address: str
) -> None:
    for number in range(20, 31):
        server.put("crm.lead", number, AT + timedelta(seconds=9, microseconds=500 - number))
    server.put("crm.lead", 40, AT + timedelta(seconds=10))
    found = keys_of(reader.read(settings(address), "leads"))
    assert len(found) == len(set(found)) == 24


def test_a_lead_that_changes_while_pages_are_read_is_not_lost(
    reader: Reader, server: Odoo, address: str
) -> None:
    def change(model: str) -> None:
        if model == "crm.lead" and len(server.searches) == 3:
            server.put("crm.lead", 6, AT + timedelta(hours=1), name="changed")
            server.put("crm.lead", 99, AT + timedelta(hours=1, microseconds=1), name="new")

    server.after = change
    found = {
        m.key: m.content["name"]
        for m in reader.read(settings(address), "leads")
        if isinstance(m, Record)
    }
    assert found["6"] == "changed"
    assert len(found) == 13


def test_the_next_read_begins_before_the_latest_change(
    reader: Reader, server: Odoo, address: str
) -> None:
    whole = reader.read(settings(address), "leads")
    cursors = cursors_of(whole)
    assert cursors == {"leads": {"seen": "2026-09-01 02:00:03"}}
    # Its transaction began before the last read and ended after it.
    server.put("crm.lead", 50, AT - timedelta(minutes=30), name="late")
    assert "50" in keys_of(reader.read(settings(address), "leads", cursors))
    assert "50" not in keys_of(reader.read(settings(address, again_minutes=10), "leads", cursors))


def test_a_stamp_from_the_future_does_not_hide_what_comes_until_then(
    reader: Reader, server: Odoo, address: str
) -> None:
    for number in range(50, 58):  # more than a page of them
        server.put("crm.lead", number, AT + timedelta(days=900))
    whole = reader.read(settings(address), "leads")
    seen = [str(m.cursor["seen"]) for m in whole if isinstance(m, Checkpoint)]
    assert max(seen) <= NOW.strftime("%Y-%m-%d %H:%M:%S")
    cursors = cursors_of(whole)
    server.put("crm.lead", 60, NOW.replace(tzinfo=None) + timedelta(hours=1))
    found = reader.read(settings(address), "leads", cursors, now=NOW + timedelta(days=1))
    assert keys_of(found) == ["60", *map(str, range(50, 58))]


@pytest.mark.parametrize("most", [1_000, 2])
def test_keys_name_archived_rows_too_however_short_the_pages(
    reader: Reader, server: Odoo, address: str, most: int
) -> None:
    server.most = most
    assert reader.keys(settings(address), "leads") == [str(n) for n in range(1, 13)]


@pytest.mark.parametrize(
    ("protocol", "told", "failure"),
    [
        ("jsonrpc", Told(body={"error": {"data": {"name": "x.AccessDenied"}}}), AuthExpired),
        ("jsonrpc", Told(body={"error": {"data": {"name": "x.AccessError"}}}), Forbidden),
        ("jsonrpc", Told(body={"error": "?"}), ConnectorFailure),
        ("jsonrpc", Told(body={"result": False}), AuthExpired),
        ("json2", Told(status=403, body={"name": "odoo.exceptions.AccessError"}), Forbidden),
        ("json2", Told(status=403, body={"name": "odoo.exceptions.AccessDenied"}), AuthExpired),
        ("json2", Told(status=422, body=b"<html>"), ConnectorFailure),
    ],
)
def test_what_odoo_refuses_is_told_by_its_consequence(
    reader: Reader, server: Odoo, address: str, protocol: str, told: Told, failure: type[Exception]
) -> None:
    server.trouble = [told] * 3
    with pytest.raises(failure) as raised:
        reader.read(settings(address, protocol=protocol), "leads")
    assert "secret data" not in str(raised.value)


def test_a_model_that_may_not_be_read_is_named_a_question_of_rights(
    reader: Reader, server: Odoo, address: str
) -> None:
    server.forbidden = {"sale.order"}
    assert reader.check(settings(address)).code is CheckCode.PERMISSION


def test_a_row_that_vanishes_is_missing_in_the_keys(
    reader: Reader, server: Odoo, address: str
) -> None:
    del server.tables["crm.lead"][3]
    assert "3" not in reader.keys(settings(address), "leads")
