"""From Neocrm to facts, by the mapping that comes along; on both databases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from actions.sync_source import Outcome
from connectors.neocrm import NeocrmConnector
from connectors.neocrm_settings import STREAMS
from storage import tables
from tests.support.loopback import Told
from tests.support.mapped_sources import shipped_mapping, synced, written
from tests.support.neocrm_server import AT, HOUR, PASSWORD, TYPES, NeocrmServer, settings

MAPPING = shipped_mapping("neocrm")
NAMES = ("opportunities", "orders", "payments")
DAY = "1788969600000"  # 2026-09-10 in Shanghai


def test_the_mapping_that_comes_along_is_canonical_and_knows_the_streams() -> None:
    assert written(MAPPING) == MAPPING
    assert set(MAPPING["streams"]) <= {stream.name for stream in STREAMS}


def config(address: str) -> dict[str, Any]:
    return settings(address, streams=list(NAMES), sweep=True)


def test_deals_orders_and_receipts_become_facts_are_corrected_and_taken_back(
    database_url: str, tmp_path: Path
) -> None:
    server = NeocrmServer(types=TYPES)
    owned = {"ownerId": "31", "accountId": "A1"}
    for key, rate in (("2001", "100"), ("2002", "50")):
        values = {"money": "120000.50", "winRate": rate, "closeDate": DAY, **owned}
        server.put("opportunity", key, AT, **values)
    server.put("order", "3001", AT, amount="1000.50", transactionDate=DAY, **owned)
    server.put("order", "3002", AT, amount="200.00", transactionDate=DAY, **owned)
    for number in range(3003, 3012):  # a fifth may go at once; more waits for a person
        server.put("order", str(number), AT, amount="0.01", transactionDate=DAY, **owned)
    server.put("payment", "4001", AT, amount="500.25", paymentDate=DAY, **owned)
    wanted = {**MAPPING, "streams": {name: MAPPING["streams"][name] for name in NAMES}}
    place = (database_url, tmp_path)
    with synced(place, NeocrmConnector(), server.answer, config, wanted) as source:
        company = source.company
        assert source.sync().counts["records"] == 14
        big = {row[0]: (row[1], row[2], row[3].isoformat(), row[4]) for row in company.facts()}
        assert big["2001#opportunity_closed"] == (
            "opportunity_closed",
            "31",
            "2026-09-10",
            12_000_050,
        )
        assert "2002#opportunity_closed" not in big
        assert big["2002#opportunity"][3] == 1
        assert big["3001#order"] == ("order", "31", "2026-09-10", 100_050)
        assert big["4001#payment"] == ("payment", "31", "2026-09-10", 50_025)

        # Nothing new is nothing new; then an amount changes and an order is deleted.
        assert not source.sync().counts.get("facts", 0)
        server.put("order", "3001", AT + HOUR, amount="900.00")
        del server.tables["order"]["3002"]
        source.sync()
        left = {row[0]: row[4] for row in company.facts() if row[1] == "order"}
        assert left["3001#order"] == 90_000
        assert "3002#order" not in left
        assert company.open_quarantine() == []

        server.token, server.token_trouble = "neo-token-2", [Told(body={"error": "locked"})]
        done = source.sync()
        assert (done.outcome, done.code) == (Outcome.PAUSED, "neocrm_access_refused")
        assert PASSWORD not in repr(company.all(tables.sync_run))
