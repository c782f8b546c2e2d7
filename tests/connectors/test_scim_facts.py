"""From a SCIM directory to people and units, by the mapping that comes along; on both databases."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from actions.sync_source import Outcome
from connectors.scim import ScimConnector
from connectors.scim_rows import ENTERPRISE
from storage import tables
from storage.engine import reading
from storage.rules import known
from storage.sealing import opened_row
from tests.support.mapped_sources import shipped_mapping, synced, written
from tests.support.scim_server import TOKEN, filled
from tests.support.syncing import HOST, Company

MAPPING = shipped_mapping("scim")
_LATER = datetime(2100, 1, 1, tzinfo=UTC)


def people(company: Company) -> dict[str, tuple[str | None, date | None]]:
    """List who is known, with his number and the day he left."""
    person = tables.person
    with reading(company.runtime.engine, HOST) as connection:
        rows = connection.execute(select(person).where(known(person, _LATER, "id"))).all()
        opened = [opened_row(connection, person, row) for row in rows]
    return {row.name: (row.staff_number, row.left_on) for row in opened}


def test_the_mapping_that_comes_along_is_canonical() -> None:
    assert written(MAPPING) == MAPPING


def config(address: str) -> dict[str, Any]:
    own = {"address": f"{address}/scim/v2", "token": TOKEN, "zone": "Asia/Shanghai"}
    return {**own, "changes": "LAST_MODIFIED", "groups": ["Sales East"]}


def test_people_and_teams_arrive_and_who_is_switched_off_has_left(
    database_url: str, tmp_path: Path
) -> None:
    server = filled()
    server.user("U9", datetime(2026, 9, 2, tzinfo=UTC), displayName="Contractor", emails=[])
    place = (database_url, tmp_path)
    with synced(place, ScimConnector(), server.answer, config, MAPPING) as source:
        company = source.company
        done = source.sync()
        assert (done.outcome, company.open_quarantine()) == (Outcome.SUCCEEDED, [])
        found = people(company)
        assert len(found) == 9
        assert found["U3 Li"] == ("A003", None)
        assert found["Contractor"] == (None, None)
        kinds = Counter((row.kind, row.name) for row in company.all(tables.unit))
        assert kinds == {
            ("DEPARTMENT", "East"): 1,
            ("DEPARTMENT", "West"): 1,
            ("TEAM", "Sales East"): 1,
        }
        # Switched off half past midnight of October in China; then deleted.
        at = datetime(2026, 9, 30, 16, 30, tzinfo=UTC)
        number = {ENTERPRISE: {"employeeNumber": "A003"}}
        server.user("U3", at, active="False", **number)
        source.sync()
        assert people(company)["U3 Li"] == ("A003", date(2026, 10, 1))
        del server.tables["Users"]["U3"]
        assert source.sync().outcome is Outcome.SUCCEEDED
        assert people(company)["U3 Li"] == ("A003", date(2026, 10, 1))
        assert company.open_quarantine() == []
