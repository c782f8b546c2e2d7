"""The CRM data set, put into a Tryton by what its own people would press.

Accounts become parties; people become employees, every second one a commission agent too; deals
become opportunities; won ones are converted into sales, which are quoted and confirmed by whoever
won them; the sales of two are processed, and those of December invoiced.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from tests.support.tryton_live import Rpc

READER, READER_PASSWORD = "attain", "reads-only-live-77x"
EXPORTED = date(2017, 12, 31)  # deals that nobody engaged in have no date of their own
NOBODY = "Unknown customer"  # 1,425 deals name no account, and a sale needs somebody
INVOICED = "2017-12"
PROCESSED = frozenset({"Darcel Schlecht", "Vicki Laflamme"})
SELLER = "Anna Snelling"  # in whose name the tests sell
_BATCH = 400
_READABLE = ("sale.opportunity", "sale.sale", "account.invoice")

T = TypeVar("T")


@dataclass
class Crm:
    """What is there: numbers by the names of the data set, and the deals as they were."""

    rpc: Rpc
    deals: dict[str, dict[str, str]] = field(default_factory=dict)
    employees: dict[str, int] = field(default_factory=dict)
    parties: dict[str, int] = field(default_factory=dict)
    agents: dict[str, int] = field(default_factory=dict)
    customers: dict[str, int] = field(default_factory=dict)
    opportunities: dict[str, int] = field(default_factory=dict)
    sales: dict[str, int] = field(default_factory=dict)
    invoices: dict[str, int] = field(default_factory=dict)
    credited: list[str] = field(default_factory=list)
    company: int = 0
    currency: int = 0
    revenue: int = 0

    def lead(self) -> dict[str, Any]:
        """Write a new opportunity that is none of the data set's."""
        deal = {"engage_date": "2017-12-31", "account": "Acme Corporation", "close_value": "10"}
        own = {"sales_agent": SELLER, "opportunity_id": "NEW", "product": "MG Special"}
        return _lead(self, deal | own)

    def sell(self, amount: str) -> int:
        """Make a sale in the name of SELLER, without an opportunity; it is a draft."""
        deal = {"opportunity_id": "NEW", "product": "MG Special", "close_value": amount}
        when = {"close_date": "2017-12-31", "sales_agent": SELLER}
        place = {"company": self.company, "currency": self.currency}
        customer = self.customers["Acme Corporation"]
        (address, *_) = self.rpc.find("party.address", [("party", "=", customer)])
        where = {"invoice_address": address["id"], "shipment_address": address["id"]}
        party = {"party": customer, **place, **where}
        (made,) = self.rpc.create("sale.sale", _order(self, deal | when) | party)
        return made

    def price(self, sale: int, amount: str) -> None:
        """Change the price in the only line of a sale, and nothing else."""
        (line,) = self.rpc.find("sale.line", [("sale", "=", sale)])
        price = {"unit_price": Decimal(amount)}
        self.rpc.call("sale.line", "write", [line["id"]], price)

    def credit(self, deal: str, day: date) -> None:
        """Write a credit note for the invoice of a deal, and post it."""
        number = self.invoices[deal]
        around = {"active_model": "account.invoice", "active_id": number, "active_ids": [number]}
        start = {"start": {"with_refund": False, "invoice_date": day}}
        self.rpc.wizard("account.invoice.credit", ("credit", start), **around)
        (note,) = self.rpc.find("account.invoice", [("state", "=", "draft")])
        self.rpc.call("account.invoice", "post", [note["id"]])
        self.credited.append(deal)

    def of_stage(self, stage: str) -> dict[str, dict[str, str]]:
        """Return the deals of a stage."""
        return {key: deal for key, deal in self.deals.items() if deal["deal_stage"] == stage}


def load(rpc: Rpc, data: Path) -> Crm:
    """Set up a company and put everything in."""
    crm = Crm(rpc=rpc)
    _found_company(crm)
    _open_books(crm)
    _let_read(crm)
    _employ(crm, [row["sales_agent"] for row in rows(data, "sales_teams.csv")])
    names = [*(row["account"] for row in rows(data, "accounts.csv")), NOBODY]
    places: Any = [("create", [{}])]
    made = rpc.create("party.party", *({"name": name, "addresses": places} for name in names))
    crm.customers = dict(zip(names, made, strict=True))
    crm.deals = {row["opportunity_id"]: row for row in rows(data, "sales_pipeline.csv")}
    _open_opportunities(crm)
    for seller in crm.employees:
        _win(crm, seller)
    _bill(crm)
    return crm


def rows(data: Path, name: str) -> Iterator[dict[str, str]]:
    """Read a file of the data set."""
    with (data / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def batches(all_of_it: Sequence[T]) -> Iterator[Sequence[T]]:
    """Cut into what one call takes."""
    for start in range(0, len(all_of_it), _BATCH):
        yield all_of_it[start : start + _BATCH]


def _found_company(crm: Crm) -> None:
    rpc = crm.rpc
    rate = {"date": date(2016, 1, 1), "rate": Decimal(1)}
    dollar = {"name": "US Dollar", "code": "USD", "symbol": "$", "numeric_code": "840"}
    digits = {"digits": 2, "rounding": Decimal("0.01"), "rates": [("create", [rate])]}
    (crm.currency,) = rpc.create("currency.currency", dollar | digits)
    (party,) = rpc.create("party.party", {"name": "Acme", "addresses": [("create", [{}])]})
    own = {"party": party, "currency": crm.currency}
    (crm.company,) = rpc.create("company.company", own)
    rpc.call("res.user", "write", [1], {"companies": [("add", [crm.company])]})
    rpc.call("res.user", "write", [1], {"company": crm.company})
    rpc.refresh()


def _open_books(crm: Crm) -> None:
    """Make the chart of accounts and the year 2017, as the wizards of Tryton do."""
    rpc = crm.rpc
    (template,) = rpc.find("account.account.template", [("parent", "=", None)])
    chosen = {"company": crm.company, "account_template": template["id"]}
    by_kind = {}
    rpc.wizard(
        "account.create_chart",
        ("start", {}),
        ("account", {"start": {}}),
        ("create_account", {"account": chosen}),
    )
    for kind in ("receivable", "payable", "revenue"):
        domain = [(f"type.{kind}", "=", True), ("closed", "!=", True)]
        by_kind[kind] = rpc.find("account.account", domain)[0]["id"]
    crm.revenue = by_kind["revenue"]
    accounts = {f"default_account_{kind}": by_kind[kind] for kind in ("receivable", "payable")}
    rpc.create("account.configuration", {}) if not rpc.find("account.configuration", []) else None
    rpc.call("account.configuration", "write", [1], accounts)
    sequences = {}
    for kind in ("Account Move", "Invoice"):
        (found,) = rpc.find("ir.sequence.type", [("name", "=", kind)])
        row = {"name": kind, "sequence_type": found["id"], "company": crm.company}
        (sequences[kind],) = rpc.create("ir.sequence.strict", row)
    kinds = ("out_invoice", "in_invoice", "out_credit_note", "in_credit_note")
    numbering: dict[str, int] = {f"{kind}_sequence": sequences["Invoice"] for kind in kinds}
    (year,) = rpc.create(
        "account.fiscalyear",
        {
            "name": "2017",
            "company": crm.company,
            "start_date": date(2017, 1, 1),
            "end_date": date(2017, 12, 31),
            "move_sequence": sequences["Account Move"],
            "invoice_sequences": [("create", [{"company": crm.company, **numbering}])],
        },
    )
    rpc.call("account.fiscalyear", "create_period", [year])


def _let_read(crm: Crm) -> None:
    """Make the user that docs/connectors/tryton.md asks for: it reads and nothing else."""
    rpc = crm.rpc
    (group,) = rpc.create("res.group", {"name": "Attain reads"})
    rights = {"perm_read": True, "perm_write": False, "perm_create": False, "perm_delete": False}
    rpc.create(
        "ir.model.access", *({"model": name, "group": group, **rights} for name in _READABLE)
    )
    (reader,) = rpc.create(
        "res.user", {"name": "Attain", "login": READER, "password": READER_PASSWORD}
    )
    place = {"companies": [("add", [crm.company])], "groups": [("add", [group])]}
    rpc.call("res.user", "write", [reader], place)
    rpc.call("res.user", "write", [reader], {"company": crm.company})


def _employ(crm: Crm, names: list[str]) -> None:
    rpc = crm.rpc
    parties = rpc.create("party.party", *({"name": name} for name in names))
    crm.parties = dict(zip(names, parties, strict=True))
    begin = {"company": crm.company, "start_date": date(2016, 1, 1)}
    numbers = rpc.create("company.employee", *({"party": each, **begin} for each in parties))
    crm.employees = dict(zip(names, numbers, strict=True))
    rpc.call("res.user", "write", [1], {"employees": [("add", numbers)]})
    chosen = names[::2]
    terms = {"type_": "agent", "company": crm.company, "currency": crm.currency}
    agents = rpc.create(
        "commission.agent", *({"party": crm.parties[name], **terms} for name in chosen)
    )
    crm.agents = dict(zip(chosen, agents, strict=True))


def _open_opportunities(crm: Crm) -> None:
    for keys in batches(list(crm.deals)):
        made = crm.rpc.create("sale.opportunity", *(_lead(crm, crm.deals[key]) for key in keys))
        crm.opportunities |= dict(zip(keys, made, strict=True))
    for stage, deed in (("Engaging", "opportunity"), ("Won", "opportunity"), ("Lost", "lost")):
        for keys in batches(list(crm.of_stage(stage))):
            crm.rpc.call("sale.opportunity", deed, [crm.opportunities[key] for key in keys])


def _lead(crm: Crm, deal: dict[str, str]) -> dict[str, Any]:
    began = date.fromisoformat(deal["engage_date"]) if deal["engage_date"] else EXPORTED
    return {
        "company": crm.company,
        "currency": crm.currency,
        "party": crm.customers.get(deal["account"], crm.customers[NOBODY]),
        "employee": crm.employees[deal["sales_agent"]],
        "start_date": began,
        "amount": Decimal(deal["close_value"] or 0),
        "reference": deal["opportunity_id"],
        "description": deal["product"],
        "conversion_probability": 0.5,
    }


def _win(crm: Crm, seller: str) -> None:
    """Convert, price, quote and confirm what somebody won, in their name."""
    rpc, mine = crm.rpc, crm.employees[seller]
    won = [key for key, deal in crm.of_stage("Won").items() if deal["sales_agent"] == seller]
    for keys in batches(won):
        numbers = {crm.opportunities[key]: key for key in keys}
        rpc.call("sale.opportunity", "convert", list(numbers), employee=mine)
        origins = [f"sale.opportunity,{number}" for number in numbers]
        found = rpc.find("sale.sale", [("origin", "in", origins)], "origin")
        made = {numbers[int(row["origin"].partition(",")[2])]: row["id"] for row in found}
        priced: list[Any] = []
        for key, sale in made.items():
            priced += [[sale], _order(crm, crm.deals[key])]
        rpc.call("sale.sale", "write", *priced)
        rpc.call("sale.sale", "quote", list(made.values()), employee=mine)
        rpc.call("sale.sale", "confirm", list(made.values()), employee=mine)
        if seller in PROCESSED:
            rpc.call("sale.sale", "process", list(made.values()))
        crm.sales |= made


def _order(crm: Crm, deal: dict[str, str]) -> dict[str, Any]:
    line = {"type": "line", "description": deal["product"], "quantity": 1}
    line["unit_price"] = Decimal(deal["close_value"])
    return {
        "reference": deal["opportunity_id"],
        "sale_date": date.fromisoformat(deal["close_date"]),
        "agent": crm.agents.get(deal["sales_agent"]),
        "invoice_method": "manual",
        "shipment_method": "manual",
        "lines": [("create", [line])],
    }


def _bill(crm: Crm) -> None:
    """Invoice what agents sold in one month, and post it."""
    billed = {
        key: deal
        for key, deal in crm.of_stage("Won").items()
        if deal["close_date"].startswith(INVOICED) and deal["sales_agent"] in crm.agents
    }
    by_day: dict[str, list[str]] = defaultdict(list)
    for key, deal in billed.items():
        by_day[deal["close_date"]].append(key)
    receivable = crm.rpc.find("account.account", [("type.receivable", "=", True)])[0]["id"]
    journal = crm.rpc.find("account.journal", [("type", "=", "revenue")])[0]["id"]
    addresses = {row["party"]: row["id"] for row in crm.rpc.find("party.address", [], "party")}
    for day in sorted(by_day):  # their numbers go up with their dates
        keys = by_day[day]
        around = {"account": receivable, "journal": journal}
        wanted = []
        for key in keys:
            party = crm.customers.get(crm.deals[key]["account"], crm.customers[NOBODY])
            place = {"party": party, "invoice_address": addresses[party]}
            wanted.append({**_invoice(crm, crm.deals[key]), **around, **place})
        made = crm.rpc.create("account.invoice", *wanted)
        crm.rpc.call("account.invoice", "post", made)
        crm.invoices |= dict(zip(keys, made, strict=True))


def _invoice(crm: Crm, deal: dict[str, str]) -> dict[str, Any]:
    line = {"type": "line", "description": deal["product"], "quantity": 1, "account": crm.revenue}
    line |= {"unit_price": Decimal(deal["close_value"]), "currency": crm.currency}
    return {
        "type": "out",
        "company": crm.company,
        "currency": crm.currency,
        "agent": crm.agents[deal["sales_agent"]],
        "reference": deal["opportunity_id"],
        "invoice_date": date.fromisoformat(deal["close_date"]),
        "lines": [("create", [line])],
    }
