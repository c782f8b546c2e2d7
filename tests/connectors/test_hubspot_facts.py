"""From HubSpot to facts, by the mapping that comes along; on both databases."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from actions.take_hook import take_hook
from connectors.hubspot import HubSpotConnector
from tests.support.hubspot_sample import TYPES, callback
from tests.support.hubspot_server import HubSpotServer, settings
from tests.support.mapped_sources import shipped_mapping, synced, written
from tests.support.syncing import NOW

AT = datetime(2026, 9, 11, 2, 0, 0, tzinfo=UTC)
MAPPING = shipped_mapping("hubspot")
USED = ("hs_primary_associated_company", "dealtype", "hs_analytics_source", "dealstage")


def filled() -> HubSpotServer:
    server = HubSpotServer(types=copy.deepcopy(TYPES))
    server.types["deals"] |= dict.fromkeys(USED, "string")
    won = {"hubspot_owner_id": "77", "hs_is_closed": "true", "hs_is_closed_won": "true"}
    # Half past midnight on the first of September in Shanghai.
    won |= {"closedate": "2026-08-31T16:30:00Z", "createdate": "2026-08-01T00:00:00Z"}
    server.put("deals", 1, AT, amount="1000.50", **won)
    server.put("deals", 2, AT, amount="200.00", **won)
    server.put("deals", 3, AT, amount="7.00", **{**won, "hs_is_closed_won": "false"})
    return server


def config(address: str) -> dict[str, Any]:
    return settings(address, streams=["deals"])


def test_the_mapping_that_comes_along_is_canonical() -> None:
    assert written(MAPPING) == MAPPING


def test_deals_become_facts_are_corrected_merged_and_named_by_callbacks(
    database_url: str, tmp_path: Path
) -> None:
    server = filled()
    mapping = {**MAPPING, "streams": {"deals": MAPPING["streams"]["deals"]}}
    place = (database_url, tmp_path)
    with synced(place, HubSpotConnector(), server.answer, config, mapping) as source:
        source.sync()
        assert [row for row in source.told() if row[0].startswith("1#")] == [
            ("1#opportunity", "opportunity", "77", "2026-08-01", 100_050, "CNY"),
            ("1#opportunity_closed", "opportunity_closed", "77", "2026-09-01", 1, "COUNT"),
            ("1#order", "order", "77", "2026-09-01", 100_050, "CNY"),
        ]
        assert source.amounts("order") == {"1#order": 100_050, "2#order": 20_000}
        later = AT + timedelta(hours=2)
        server.put("deals", 1, later, amount="1200.00", hs_merged_object_ids="2")
        server.archive("deals", 2, later)
        source.sync()
        assert source.amounts("order") == {"1#order": 120_000}
        # The search does not know the change yet; a callback does.
        server.lagging = {1}
        server.put("deals", 1, later + timedelta(hours=1), amount="900.00")
        event = {"eventId": 1, "subscriptionType": "deal.propertyChange", "objectId": 1}
        runtime = source.company.runtime
        answer = take_hook(runtime, source.connection, callback([event], NOW))
        assert answer is not None
        assert take_hook(runtime, source.connection, callback([event], NOW, "forged")) is None
        source.sync()
        assert source.amounts("order") == {"1#order": 90_000}
        assert source.company.open_quarantine() == []
