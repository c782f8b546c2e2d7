"""From Fxiaoke to facts, by the mapping that comes along; on both databases."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors.fxiaoke import FxiaokeConnector
from domain.drafts import Surroundings, to_drafts
from domain.mapping_document import decode_mapping
from tests.support.fxiaoke_server import AT, HOUR, TYPES, FxiaokeServer, settings
from tests.support.mapped_sources import shipped_mapping, synced, written

MAPPING = shipped_mapping("fxiaoke")
NAMES = ("orders", "payments")


def test_the_mapping_that_comes_along_is_canonical() -> None:
    assert written(MAPPING) == MAPPING


@pytest.mark.parametrize(
    ("stream", "subject"), [("visits", "ACC1"), ("followups", "R1"), ("leads", "R1")]
)
def test_what_is_counted_is_one_of_its_day_and_owner(stream: str, subject: str) -> None:
    mapping, _ = decode_mapping(MAPPING)
    assert mapping is not None
    row = {
        "_id": "R1",
        "owner.first": "FSUID_1",
        "create_time.day": "2026-09-10",
        "account_id": "ACC1",
        "leads_status": None,
        "source": None,
    }
    zone = ZoneInfo("Asia/Shanghai")
    around = Surroundings(today=date(2026, 10, 1), zone=zone, home=zone)
    drafts = to_drafts(row, "place", mapping.streams[stream], around)
    assert drafts.problems == ()
    (fact,) = drafts.facts.values()
    assert (fact.identity, fact.business_date) == ("FSUID_1", date(2026, 9, 10))
    assert (fact.quantity, fact.unit, fact.subject) == (1, "COUNT", subject)


def config(address: str) -> dict[str, Any]:
    return settings(address, streams=list(NAMES))


def test_orders_and_receipts_become_facts_are_corrected_and_taken_back(
    database_url: str, tmp_path: Path
) -> None:
    day = 1788969600000  # 2026-09-10 in Shanghai
    server = FxiaokeServer(types=TYPES)
    alive = {"owner": ["FSUID_1"], "account_id": "ACC1", "life_status": "normal"}
    server.put("SalesOrderObj", "SO1", AT, order_amount="1000.50", order_time=day, **alive)
    server.put("SalesOrderObj", "SO2", AT, order_amount="200.00", order_time=day, **alive)
    server.put("SalesOrderObj", "SO3", AT, order_amount="7.00", order_time=day, **alive)
    draft = {**alive, "life_status": "under_review"}
    server.put("SalesOrderObj", "SO4", AT, order_amount="9.00", order_time=day, **draft)
    server.put("PaymentObj", "P1", AT, payment_amount="500.25", payment_time=day, **alive)
    wanted = {**MAPPING, "streams": {name: MAPPING["streams"][name] for name in NAMES}}
    place = (database_url, tmp_path)
    with synced(place, FxiaokeConnector(), server.answer, config, wanted) as source:
        company = source.company
        assert source.sync().counts["records"] == 5
        told = [(row[0], row[1], row[3].isoformat(), row[4]) for row in company.facts()]
        assert told == [
            ("SO1#order", "order", "2026-09-10", 100_050),
            ("SO2#order", "order", "2026-09-10", 20_000),
            ("SO3#order", "order", "2026-09-10", 700),
            ("P1#payment", "payment", "2026-09-10", 50_025),
        ]
        server.put("SalesOrderObj", "SO1", AT + HOUR, order_amount="900.00")
        server.put("SalesOrderObj", "SO2", AT + HOUR, life_status="invalid")
        source.sync()
        assert [(row[0], row[4]) for row in company.facts() if row[1] == "order"] == [
            ("SO1#order", 90_000),
            ("SO3#order", 700),
        ]
        assert company.open_quarantine() == []
