"""The example of a vendor as a guest: read end to end, with a callback and a sweep of deletions."""

from __future__ import annotations

import hashlib
import hmac
import json
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from actions.source_secrets import SecretPlaces
from actions.sync_source import Outcome
from actions.take_hook import take_hook
from connectors.contract import HookRequest
from plugins.loading import Plugins
from plugins.vendor_names import lend_names
from storage import tables
from tests.support.syncing import Company

MAPPING: dict[str, Any] = {
    "format": "attain.mapping/1",
    "streams": {
        "orders": {
            "targets": [
                {
                    "target": "order",
                    "make": "FACT",
                    "kind": "order",
                    "namespace": "crm",
                    "person": {"column": "owner"},
                    "date": {"column": "day", "formats": ["%Y-%m-%d"]},
                    "quantity": {"unit": "CNY", "column": "amount", "sign": "AS_IS"},
                }
            ]
        }
    },
}


def read_the_example(plugins: Plugins, url: str, folder: Path) -> None:
    """Sync the example's own simulated source through the host, and see what comes of it."""
    connector = plugins.nouns("connectors")["northwind.crm"]
    assert type(connector).__module__ == "plugins.outside"
    assert not any(name.startswith("attain_northwind_crm") for name in sys.modules)
    company = Company(url, folder, {"northwind.crm": connector})
    try:
        _read(company)
    finally:
        company.runtime.engine.dispose()
        forget_the_example()


def forget_the_example() -> None:
    """Take its modules out again, so that the next one can say that nobody has imported them."""
    for name in [name for name in sys.modules if name.startswith("attain_northwind_crm")]:
        del sys.modules[name]


def _read(company: Company) -> None:
    lend_names()
    simulated = import_module("attain_northwind_crm.simulated")
    source = simulated.SimulatedSource.filled(30)
    company.runtime = replace(
        company.runtime,
        web=lambda _info, _config, _wait: simulated.SimulatedWeb(source),
        secrets=SecretPlaces(variables={"ATTAIN_SECRET_NORTHWIND": simulated.TOKEN}),
    )
    config = {"address": simulated.ADDRESS, "token": {"$env": "ATTAIN_SECRET_NORTHWIND"}}
    made = company.connect(config, MAPPING, "northwind.crm")
    first = company.sync(made)
    assert (first.outcome, first.counts["records"], first.counts["bad"]) == (
        Outcome.PARTIAL,
        30,
        1,
    )
    total = sum(fact[4] for fact in company.facts(made))
    assert total == sum(10_050 + 100 * number for number in range(1, 31))
    _call_back(company, made, simulated.TOKEN)
    source.put(3, gone=True)
    source.put(31, amount="0.07")
    assert company.sync(made).outcome is Outcome.SUCCEEDED
    assert sum(fact[4] for fact in company.facts(made)) == total - 10_350 + 7
    everything = "".join(repr(company.all(table)) for table in tables.metadata.sorted_tables)
    assert simulated.TOKEN not in everything


def _call_back(company: Company, made: str, token: str) -> None:
    body = json.dumps({"id": "D3", "delivery": "d-1"}).encode()
    signed = hmac.new(token.encode(), body, hashlib.sha256).hexdigest()
    for signature, taken in ((signed, True), ("0" * 64, False)):
        request = HookRequest(
            method="POST", query={}, headers={"x-signature": signature}, body=body
        )
        assert (take_hook(company.runtime, made, request) is not None) is taken
    assert len(company.all(tables.hook_delivery)) == 1
