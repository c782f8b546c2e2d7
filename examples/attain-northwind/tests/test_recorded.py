"""What Northwind CRM really said, read again without it: recorded by ``attain plugin record``."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from attain_northwind_crm.connector import NorthwindCrmConnector
from attain_plugin_api.contract import Record
from attain_plugin_api.testing import Player

NOT_BEFORE = date(2026, 11, 1)  # an older recording says little about the source of today


@pytest.mark.parametrize("name", ["check", "discover", "read.orders"])
def test_the_connector_does_as_it_did_when_it_was_recorded(name: str, replay: Player) -> None:
    recording = replay(name, not_before=NOT_BEFORE, all_asked=True)
    recording.demand_as_recorded(NorthwindCrmConnector())


def test_the_recorded_amounts_come_out_to_the_cent(replay: Player) -> None:
    messages = replay("read.orders").read(NorthwindCrmConnector())
    amounts = [Decimal(str(m.content["amount"])) for m in messages if isinstance(m, Record)]
    assert sum(amounts) == Decimal("1512.00")
