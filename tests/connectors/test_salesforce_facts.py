"""From Salesforce to facts, by the mapping that comes along and by the one for splits."""

from __future__ import annotations

import copy
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.salesforce import SalesforceConnector
from tests.support.mapped_sources import shipped_mapping, synced, written
from tests.support.salesforce_sample import TYPES
from tests.support.salesforce_server import SalesforceServer, settings
from tests.support.source import ROOT

AT = datetime(2026, 9, 11, 2, 0, 0, tzinfo=UTC)
MAPPING = shipped_mapping("salesforce")
PAGE = (ROOT / "docs" / "connectors" / "salesforce.md").read_text("utf-8")


def of_splits() -> dict[str, Any]:
    """Return the mapping that the page gives to companies that split opportunities."""
    blocks = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    told = next(each for each in blocks if "attain.mapping" in each)
    found: dict[str, Any] = json.loads(told)
    return found


def filled() -> SalesforceServer:
    server = SalesforceServer(types=copy.deepcopy(TYPES))
    server.types["Opportunity"]["Type"] = server.types["Opportunity"]["LeadSource"] = "picklist"
    won = {"OwnerId": "005A", "IsClosed": True, "IsWon": True, "StageName": "Closed Won"}
    won |= {"CreatedDate": "2026-08-31T16:30:00.000+0000", "AccountId": "001A"}
    server.put("Opportunity", "006A", AT, Amount=1000.5, CloseDate="2026-09-10", **won)
    server.put("Opportunity", "006B", AT, Amount=200.0, CloseDate="2026-09-10", **won)
    lost = {**won, "IsWon": False, "StageName": "Closed Lost"}
    server.put("Opportunity", "006C", AT, Amount=7.0, CloseDate="2026-09-09", **lost)
    return server


def config(address: str) -> dict[str, Any]:
    return settings(address, streams=["opportunities"], zone="Asia/Shanghai")


def test_the_mappings_are_canonical() -> None:
    for document in (MAPPING, of_splits()):
        assert written(document) == document


def test_opportunities_become_facts_are_corrected_reopened_and_taken_back(
    database_url: str, tmp_path: Path
) -> None:
    server = filled()
    wanted = {"opportunities": MAPPING["streams"]["opportunities"]}
    place = (database_url, tmp_path)
    mapping = {**MAPPING, "streams": wanted}
    with synced(place, SalesforceConnector(), server.answer, config, mapping) as source:
        source.sync()
        assert [row for row in source.told() if row[0].startswith("006A")] == [
            # Half past midnight in China: it was made on the first of September.
            ("006A#opportunity", "opportunity", "005A", "2026-09-01", 100_050, "CNY"),
            ("006A#opportunity_closed", "opportunity_closed", "005A", "2026-09-10", 1, "COUNT"),
            ("006A#order", "order", "005A", "2026-09-10", 100_050, "CNY"),
        ]
        assert source.amounts("order") == {"006A#order": 100_050, "006B#order": 20_000}
        assert len(source.amounts("opportunity_closed")) == 3
        later = AT + timedelta(hours=2)
        server.put("Opportunity", "006A", later, Amount=900.0)
        server.put("Opportunity", "006B", later, IsWon=False, IsClosed=False)
        server.put("Opportunity", "006C", later, IsDeleted=True)
        source.sync()
        assert source.amounts("order") == {"006A#order": 90_000}
        assert list(source.amounts("opportunity_closed")) == ["006A#opportunity_closed"]
        assert source.company.open_quarantine() == []


def test_who_shares_an_opportunity_gets_his_part_as_soon_as_it_is_won(
    database_url: str, tmp_path: Path
) -> None:
    server = filled()
    parent = {"IsWon": False, "IsClosed": False, "CloseDate": "2026-09-10", "AccountId": "001A"}
    told = {f"Opportunity.{name}": value for name, value in parent.items()}
    told["Opportunity.SystemModstamp"] = "2026-09-11T02:00:00.000+0000"
    server.put("OpportunitySplit", "0SP1", AT, SplitAmount=600.3, SplitOwnerId="005A", **told)
    server.put("OpportunitySplit", "0SP2", AT, SplitAmount=400.2, SplitOwnerId="005B", **told)

    def config(address: str) -> dict[str, Any]:
        return settings(address, streams=["splits"])

    place = (database_url, tmp_path)
    with synced(place, SalesforceConnector(), server.answer, config, of_splits()) as source:
        source.sync()
        assert source.told() == []
        won: dict[str, Any] = {"Opportunity.IsWon": True, "Opportunity.IsClosed": True}
        won["Opportunity.SystemModstamp"] = "2026-09-11T09:00:00.000+0000"
        for key in ("0SP1", "0SP2"):
            server.put("OpportunitySplit", key, AT, **won)
        source.sync()
        assert [(row[0], row[2], row[4]) for row in source.told()] == [
            ("0SP1#order", "005A", 60_030),
            ("0SP2#order", "005B", 40_020),
        ]
