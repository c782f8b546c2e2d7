"""Tryton's side of ``bench/peer.py``; runs in an environment of its own, never in ours.

Reads the invoice lines from the file named first, makes the invoices through Tryton's own models,
times its commission module, and prints one JSON line: processor seconds and each agent's total.
"""

from __future__ import annotations

import json
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

from proteus import Model
from trytond.modules.account.tests.tools import create_chart, get_accounts
from trytond.modules.company.tests.tools import create_company, get_company
from trytond.pool import Pool
from trytond.tests.tools import activate_modules
from trytond.transaction import Transaction

LINES_PER_INVOICE = 10


def measured(path: str) -> None:
    """Make the invoices, then compute, then compute and store."""
    asked = json.loads(Path(path).read_text("utf-8"))
    config = activate_modules("commission", create_company, create_chart)
    agents = make_agents(asked)
    account, company = int(get_accounts()["revenue"].id), int(get_company().id)
    started = time.process_time()
    with Transaction().start(config.database_name, config.user, context=config.context) as running:
        invoices = make_invoices(asked["lines"], agents, account, company)
        running.commit()
        making = time.process_time() - started
        pool = Pool()
        invoice_model = pool.get("account.invoice")
        ids = [invoice.id for invoice in invoices]
        computed = min(compute(invoice_model.browse(ids)) for _ in range(2))
        started = time.process_time()
        made = invoice_model.create_commissions(invoice_model.browse(ids))
        running.commit()
        stored = time.process_time() - started
        totals: dict[str, Decimal] = {}
        for commission in made:
            name = commission.agent.party.name
            totals[name] = totals.get(name, Decimal(0)) + commission.amount
    print(
        json.dumps(
            {
                "making": making,
                "compute": computed,
                "store": stored,
                "commissions": len(made),
                "totals": {name: str(total) for name, total in totals.items()},
            }
        )
    )


def make_agents(asked: dict[str, Any]) -> list[int]:
    """Make the plan with its formula, and an agent for each seller."""
    party, template = Model.get("party.party"), Model.get("product.template")
    (unit,) = Model.get("product.uom").find([("name", "=", "Unit")])
    category = Model.get("product.category")(name="Accounts", accounting=True)
    category.account_expense = get_accounts()["expense"]
    category.account_revenue = get_accounts()["revenue"]
    category.save()
    paid = template(name="Commission", default_uom=unit, type="service", list_price=Decimal(0))
    paid.account_category = category
    paid.save()
    plan = Model.get("commission.plan")(name="Plan", commission_method="posting")
    (plan.commission_product,) = paid.products
    plan.lines.new().formula = asked["formula"]
    plan.save()
    agents = []
    for number in range(asked["agents"]):
        someone = party(name=str(number))
        someone.save()
        agent = Model.get("commission.agent")(party=someone, type_="agent", plan=plan)
        agent.currency = get_company().currency
        agent.save()
        agents.append(int(agent.id))
    return agents


def make_invoices(
    lines: list[list[Any]], agents: list[int], account: int, company: int
) -> list[Any]:
    """Make draft invoices of some lines each, all of one seller."""
    pool = Pool()
    (customer,) = pool.get("party.party").create(
        [{"name": "Customer", "addresses": [("create", [{}])]}]
    )
    (journal,) = pool.get("account.journal").search([("type", "=", "revenue")], limit=1)
    own = pool.get("company.company")(company)
    drafts: list[dict[str, Any]] = []
    for start in range(0, len(lines), LINES_PER_INVOICE):
        part = lines[start : start + LINES_PER_INVOICE]
        drafts.append(
            {
                "type": "out",
                "company": company,
                "party": customer.id,
                "invoice_address": customer.addresses[0].id,
                "journal": journal.id,
                "currency": own.currency.id,
                "account": customer.account_receivable_used.id,
                "agent": agents[part[0][0]],
                "lines": [
                    (
                        "create",
                        [
                            {
                                "type": "line",
                                "company": company,
                                "currency": own.currency.id,
                                "account": account,
                                "quantity": 1,
                                "unit_price": Decimal(amount),
                                "description": "line",
                            }
                            for _, amount in part
                        ],
                    )
                ],
            }
        )
    invoices: list[Any] = pool.get("account.invoice").create(drafts)
    return invoices


def compute(invoices: list[Any]) -> float:
    """Compute each line's commissions and keep nothing."""
    started = time.process_time()
    for invoice in invoices:
        for line in invoice.lines:
            line.get_commissions()
    return time.process_time() - started


if __name__ == "__main__":
    measured(sys.argv[1])
