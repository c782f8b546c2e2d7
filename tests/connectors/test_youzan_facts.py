"""From Youzan to facts: the server, the sync, the mapping that comes along, both databases."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from actions.sync_source import Outcome
from actions.take_hook import take_hook
from connectors.contract import HookRequest
from connectors.youzan import YouzanConnector
from connectors.youzan_events import SUCCESS, signature
from storage import tables
from tests.support.mapped_sources import shipped_mapping, synced, written
from tests.support.syncing import Company
from tests.support.youzan_server import (
    CLIENT,
    SECRET,
    SHOP,
    YouzanServer,
    no,
    order,
    refund,
    settings,
)

MAPPING = shipped_mapping("youzan")


def totals(company: Company) -> dict[tuple[str, str], int]:
    """Add up every fact in fen, by kind and day."""
    found: Counter[tuple[str, str]] = Counter()
    for _, kind, who, day, quantity, unit, _, _ in company.facts():
        assert (who, unit) == (SHOP, "CNY")
        found[kind, day.isoformat()] += quantity
    return dict(found)


def test_the_default_mapping_is_written_as_it_is_read() -> None:
    assert written(MAPPING) == MAPPING
    assert set(MAPPING["streams"]) == {stream.name for stream in YouzanConnector.info.streams}


def test_sales_and_refunds_become_facts_each_on_its_own_day(
    database_url: str, tmp_path: Path
) -> None:
    server = YouzanServer(
        orders=[
            order("E1", "2026-09-27 10:00:00", "100.50"),
            order("E2", "2026-09-28 23:59:59", "20.00"),
            order("E3", ""),
        ],
        refunds=[refund("R1", "E1", "2026-09-29 08:00:00", "30.25")],
    )
    place = (database_url, tmp_path)
    with synced(place, YouzanConnector(), server.answer, settings, MAPPING) as source:
        company = source.company
        assert source.sync().counts["records"] == 4
        expected = {
            ("order", "2026-09-27"): 10_050,
            ("order", "2026-09-28"): 2_000,
            ("order", "2026-09-29"): -3_025,
            ("refund", "2026-09-29"): 3_025,
        }
        assert totals(company) == expected
        assert company.open_quarantine() == []

        # Nothing new is nothing new; then E1 is closed by a full refund: the sale stays.
        assert not source.sync().counts.get("facts", 0)
        closed = {"status": "TRADE_CLOSED", "update_time": "2026-10-01 15:30:00"}
        server.orders[0]["order_info"] |= closed
        server.refunds.append(refund("R2", "E1", "2026-10-01 15:30:00", "70.25"))
        body = json.dumps({"kdt_id": int(SHOP), "type": "trade_TradeClose", "id": "E1"}).encode()
        signed = {"event-sign": signature(CLIENT, body, SECRET)}
        pushed = HookRequest(method="POST", query={}, headers=signed, body=body)
        answer = take_hook(company.runtime, source.connection, pushed)
        assert answer is not None
        assert answer.body == SUCCESS
        source.sync()
        assert totals(company) == {
            **expected,
            ("order", "2026-10-01"): -7_025,
            ("refund", "2026-10-01"): 7_025,
        }
        states = {
            row[0]: json.loads(row[7])["state"]
            for row in company.facts()
            if row[0].endswith("#sale")
        }
        assert states == {"E1#sale": "CLOSED", "E2#sale": "FINISHED"}

        server.token, server.errors = "yz-2", {"auth/token": [no(1103, "Client 不存在")]}
        done = source.sync()
        assert (done.outcome, done.code) == (Outcome.PAUSED, "youzan_access_refused")
        assert SECRET not in repr(company.all(tables.sync_run))
