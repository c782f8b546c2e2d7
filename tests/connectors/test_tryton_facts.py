"""From Tryton to people and facts, by the mapping that comes along; on both databases."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from connectors.contract import Context
from connectors.default_mappings import default_mapping
from connectors.tryton import TrytonConnector
from storage import tables
from tests.support.mapped_sources import synced, written
from tests.support.source_web import NOW, simulated
from tests.support.syncing import Company
from tests.support.tryton_server import PASSWORD, TrytonServer

AT = datetime(2026, 9, 1, 2)  # noqa: DTZ001 - naive UTC, as Tryton keeps it
MAPPING = default_mapping(TrytonConnector.info, shipped=True) or {}
STREAMS = ["employees", "opportunities", "sales", "invoices"]
_MONEY = ("state", "untaxed_amount", "party", "currency", "number")


def filled(*, commission: bool) -> TrytonServer:
    agent = ("agent",) if commission else ()
    server = TrytonServer(
        fields={
            "company.employee": ("party", "start_date"),
            "sale.opportunity": ("state", "start_date", "employee", "party", "number"),
            "sale.sale": (*_MONEY, "sale_date", "quoted_by", *agent),
            "account.invoice": (*_MONEY, "invoice_date", *agent),
        },
        beyond={
            ("agent", 7): {"party": 70},
            ("quoted_by", 1): {"party": 50},
            ("employee", 1): {"party": 50},
            ("currency", 2): {"code": "USD"},
            ("party", 50): {"rec_name": "Li Na"},
        },
    )
    server.put("company.employee", 1, AT, party=50, start_date="2020-02-01")
    lead = {"state": "lost", "start_date": "2026-08-20", "party": 3, "number": "11"}
    server.put("sale.opportunity", 11, AT, employee=1, **lead)
    server.put("sale.opportunity", 12, AT, employee=None, **lead)
    sold = {"state": "processing", "sale_date": "2026-08-31", "party": 3, "currency": 2}
    for number, who in ((21, 7), (22, None)):
        told = {**sold, "number": f"S{number}", "untaxed_amount": Decimal("120000.50")}
        server.put("sale.sale", number, AT, agent=who, quoted_by=1, **told)
    offered = {**sold, "state": "quotation", "untaxed_amount": Decimal(1)}
    server.put("sale.sale", 23, AT, agent=7, quoted_by=1, **offered)
    billed = {"type": "out", "invoice_date": "2026-09-02", "party": 3, "currency": 2, "agent": 7}
    for number, state, amount in ((31, "posted", "10.10"), (32, "paid", "-2.05"), (33, "draft", 1)):
        told = {**billed, "number": str(number), "untaxed_amount": Decimal(amount)}
        server.put("account.invoice", number, AT, state=state, **told)
    return server


def settings(address: str, *streams: str) -> dict[str, Any]:
    entry = {"address": address, "database": "crm", "user": "bot", "password": PASSWORD}
    return {**entry, "streams": list(streams)}


def told(company: Company) -> list[tuple[Any, ...]]:
    return [(row[0], row[2], row[3].isoformat(), *row[4:6]) for row in company.facts()]


def test_the_mapping_that_comes_along_is_canonical() -> None:
    assert written(MAPPING) == MAPPING


def config(address: str) -> dict[str, Any]:
    return settings(address, *STREAMS)


def test_employees_sales_and_invoices_become_people_and_facts_and_are_taken_back(
    database_url: str, tmp_path: Path
) -> None:
    server = filled(commission=True)
    place = (database_url, tmp_path)
    with synced(place, TrytonConnector(), server.answer, config, MAPPING) as source:
        company = source.company
        source.sync()
        assert told(company) == [
            ("31#invoice", "70", "2026-09-02", 10_10, "USD"),
            ("32#invoice", "70", "2026-09-02", -2_05, "USD"),
            ("11#lead", "50", "2026-08-20", 1, "COUNT"),
            # The agent goes before whoever wrote the quotation.
            ("21#order", "70", "2026-08-31", 120_000_50, "USD"),
            ("22#order_quoted", "50", "2026-08-31", 120_000_50, "USD"),
        ]
        (person,) = company.all(tables.person)
        assert (person.name, person.joined_on.isoformat()) == ("Li Na", "2020-02-01")
        later = AT + timedelta(hours=2)
        server.change("sale.sale", 21, later, state="cancelled")
        server.change("sale.sale", 22, later, agent=7)
        del server.tables["account.invoice"][31]
        source.sync()
        assert [row[:2] for row in told(company)] == [
            ("32#invoice", "70"),
            ("11#lead", "50"),
            ("22#order", "70"),
        ]
        assert company.open_quarantine() == []


def test_without_the_module_commission_the_same_mapping_takes_who_quoted(
    sqlite_url: str, tmp_path: Path
) -> None:
    server = filled(commission=False)
    company = Company(sqlite_url, tmp_path, {"tryton": TrytonConnector()})
    mapping = json.loads(json.dumps(MAPPING))
    del mapping["streams"]["invoices"]  # nothing else says whose an invoice is
    try:
        with simulated(server.answer) as (address, web):
            company.runtime = replace(company.runtime, web=lambda _info, _config, _wait: web)
            config = settings(address, *STREAMS[:-1])
            company.sync(company.connect(config, mapping, "tryton"))
            found = TrytonConnector().discover(
                Context(config=config, folder=tmp_path, now=NOW, web=web)
            )
        assert [row[0] for row in told(company)] == [
            "11#lead",
            "21#order_quoted",
            "22#order_quoted",
        ]
        assert company.open_quarantine() == []
        (sales,) = (stream for stream in found.streams if stream.name == "sales")
        assert {"agent.party", "quoted_by.party"} <= set(sales.columns)
        assert "agent" not in sales.columns
    finally:
        company.runtime.engine.dispose()
