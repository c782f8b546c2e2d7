"""From Odoo to facts, by the mapping that comes along; on both databases."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.contract import Record
from connectors.odoo import OdooConnector
from tests.support.mapped_sources import shipped_mapping, synced, written
from tests.support.odoo_server import KEY, Odoo
from tests.support.reading_sources import Reader
from tests.support.source_web import simulated

AT = datetime(2026, 9, 30, 16, 30)  # noqa: DTZ001 - naive UTC, as Odoo keeps it; October in China
MAPPING = shipped_mapping("odoo")
_MANY = dict.fromkeys(
    ("user_id", "invoice_user_id", "partner_id", "currency_id", "company_currency_id"), "many2one"
)
_TEXTS = dict.fromkeys(("name", "state", "move_type", "payment_type", "partner_type"), "char")
_MONEY = dict.fromkeys(("amount", "amount_untaxed", "amount_untaxed_signed"), "monetary")
_TYPES = {
    **_MANY,
    **_TEXTS,
    **_MONEY,
    "reversed_entry_id": "many2one",
    "stage_id": "many2one",
    "type": "selection",
    "date_order": "datetime",
    "invoice_date": "date",
    "date": "date",
}
LI, CNY, USD = [9, "李娜"], [7, "CNY"], [1, "USD"]


def settings(address: str, *streams: str) -> dict[str, Any]:
    return {
        "address": address,
        "database": "demo",
        "login": "bot@example.com",
        "api_key": KEY,
        "protocol": "json2",
        "streams": list(streams),
    }


def filled() -> Odoo:
    models = ("sale.order", "account.move", "account.payment", "crm.lead")
    server = Odoo(types={**dict.fromkeys(models, _TYPES), "crm.stage": {"is_won": "boolean"}})
    sold = {"state": "sale", "date_order": AT, "user_id": LI, "partner_id": [3, "Demo Trading"]}
    server.put("sale.order", 1, AT, name="S1", amount_untaxed=1200.5, currency_id=CNY, **sold)
    server.put("sale.order", 2, AT, name="S2", amount_untaxed=99.99, currency_id=USD, **sold)
    offered = {**sold, "state": "sent"}
    server.put("sale.order", 3, AT, name="S3", amount_untaxed=7.0, currency_id=CNY, **offered)
    posted = {"state": "posted", "invoice_user_id": LI, "partner_id": [3, "Demo Trading"]}
    posted["company_currency_id"] = CNY
    server.put(
        "account.move",
        11,
        AT,
        name="INV/1",
        move_type="out_invoice",
        invoice_date="2026-08-31",
        amount_untaxed_signed=1000.0,
        **posted,
    )
    server.put(
        "account.move",
        12,
        AT,
        name="RINV/1",
        move_type="out_refund",
        invoice_date="2026-09-02",
        amount_untaxed_signed=-250.25,
        reversed_entry_id=[11, "INV/1"],
        **posted,
    )
    abroad = {**posted, "company_currency_id": [2, "EUR"], "currency_id": USD}
    server.put(
        "account.move",
        15,
        AT,
        move_type="out_invoice",
        name="INV/2",
        invoice_date="2026-09-03",
        amount_untaxed_signed=10.0,
        **abroad,
    )
    draft = {**posted, "state": "draft", "amount_untaxed_signed": 5.0}
    server.put("account.move", 13, AT, move_type="out_invoice", **draft)
    server.put("account.move", 14, AT, move_type="in_invoice", **posted)
    server.put("crm.stage", 4, AT, is_won=True)
    made = {"create_date": AT, "stage_id": [4, "Won"]}
    server.put("crm.lead", 21, AT, type="opportunity", user_id=LI, **made)
    server.put("crm.lead", 22, AT, type="lead", **made)  # nobody's yet
    return server


def test_the_mapping_that_comes_along_is_canonical() -> None:
    assert written(MAPPING) == MAPPING


def config(address: str) -> dict[str, Any]:
    return settings(address, *MAPPING["streams"])


def test_orders_invoices_and_leads_become_facts_are_corrected_and_taken_back(
    database_url: str, tmp_path: Path
) -> None:
    server = filled()
    place = (database_url, tmp_path)
    with synced(place, OdooConnector(), server.answer, config, MAPPING) as source:
        company = source.company
        source.sync()
        told = [(row[0], row[2], row[3].isoformat(), *row[4:6]) for row in company.facts()]
        assert told == [
            ("11#invoice", "9", "2026-08-31", 100_000, "CNY"),
            ("12#invoice", "9", "2026-09-02", -25_025, "CNY"),
            # What is signed is in the currency of the company that wrote the invoice.
            ("15#invoice", "9", "2026-09-03", 1_000, "EUR"),
            ("21#lead", "9", "2026-10-01", 1, "COUNT"),
            # Half past midnight in China is still September in UTC.
            ("1#order", "9", "2026-10-01", 120_050, "CNY"),
            ("2#order", "9", "2026-10-01", 9_999, "USD"),
        ]
        assert json.loads(company.facts()[3][7]) == {"status": "accepted", "won": "yes"}
        note = json.loads(company.facts()[1][7])
        assert note == {"number": "RINV/1", "reverses": "11", "type": "credit_note"}
        later = AT + timedelta(hours=2)
        server.put("account.move", 11, later, state="cancel")
        server.put("sale.order", 1, later, amount_untaxed=1000.1)
        del server.tables["sale.order"][2]
        source.sync()
        assert [(row[0], row[4]) for row in company.facts()] == [
            ("12#invoice", -25_025),
            ("15#invoice", 1_000),
            ("21#lead", 1),
            ("1#order", 100_010),
        ]
        assert company.open_quarantine() == []


def test_payments_of_customers_are_read_and_those_to_suppliers_are_not() -> None:
    server = filled()
    paid = {"state": "paid", "date": "2026-09-30", "amount": 80.0, "currency_id": CNY}
    server.put("account.payment", 1, AT, partner_type="customer", payment_type="inbound", **paid)
    server.put("account.payment", 2, AT, partner_type="supplier", payment_type="outbound", **paid)
    with simulated(server.answer) as (address, web):
        reader, only = Reader(OdooConnector(), web), settings(address, "payments")
        found = [m for m in reader.read(only, "payments") if isinstance(m, Record)]
        assert reader.keys(only, "payments") == ["1"]
    assert [(m.key, m.content["date"], m.content["payment_type"]) for m in found] == [
        ("1", "2026-09-30", "inbound")
    ]
