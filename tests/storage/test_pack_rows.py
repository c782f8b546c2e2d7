"""What was installed before packs were kept comes through the migration, up and down."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from storage.definitions import Scope
from storage.engine import open_engine, reading
from storage.migrate import downgrade, upgrade
from storage.packs import newest_layers, pack_layers
from storage.types import Document, Instant
from tests.support.company import SYSTEM

BEFORE = "source_host"
LATE = datetime(2026, 12, 1, tzinfo=UTC)
TYPES: dict[str, Any] = {
    **dict.fromkeys(("overrides", "scope", "scopes"), Document),
    **dict.fromkeys(("revision", "cutoff_minutes", "privacy_minimum"), sa.Integer),
    "valid_from": sa.Date,
    "known_at": Instant,
}
KEPT = "id legal_entity_id pack_id pack_version pack_hash valid_from known_at made_by overrides"


def _table(name: str, columns: str) -> Any:
    return sa.table(
        name, *(sa.column(each, TYPES.get(each, sa.String)) for each in columns.split())
    )


def _pin(number: int, entity: str, version: str, month: int, hour: int, pack: str = "saas") -> Any:
    return {
        "id": f"pin_{number}",
        "legal_entity_id": entity,
        "pack_id": pack,
        "pack_version": version,
        "pack_hash": str(number) * 64,
        "valid_from": date(2026, month, 1),
        "known_at": datetime(2026, 1, 5, hour, tzinfo=UTC),
        "made_by": None if number == 1 else "acc_1",
        "overrides": {},
    }


# Two companies; one of them took two versions at one instant: then the order is that of the ids.
OLD = [
    _pin(1, "ent_a", "1.0.0", month=1, hour=8),
    _pin(3, "ent_a", "1.2.0", month=7, hour=9),
    _pin(2, "ent_a", "1.1.0", month=4, hour=9),
    _pin(4, "ent_a", "1.0.0", month=1, hour=8, pack="shop"),
    _pin(5, "ent_b", "1.0.0", month=1, hour=8),
]


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """Open a database of the release before with what was installed there, brought up to date."""
    downgrade(database_url, BEFORE)
    found = open_engine(database_url)
    entity = _table("legal_entity", "id name zone currency known_at cutoff_minutes privacy_minimum")
    shared = {"name": "A", "zone": "Asia/Shanghai", "currency": "CNY", "known_at": LATE}
    shared |= {"cutoff_minutes": 0, "privacy_minimum": 5}
    with found.connect().execution_options(writes=True) as connection, connection.begin():
        for name in ("ent_a", "ent_b"):
            connection.execute(sa.insert(entity).values(id=name, **shared))
        connection.execute(sa.insert(_table("pack_installation", KEPT)), OLD)
    upgrade(database_url)
    yield found
    found.dispose()


def _rows(connection: Connection, table: str) -> list[dict[str, Any]]:
    found = _table(table, KEPT)
    return [dict(row) for row in connection.execute(sa.select(found).order_by("id")).mappings()]


def test_what_was_installed_becomes_revisions_and_is_left_on_the_way_down(engine: Engine) -> None:
    with reading(engine, SYSTEM) as connection:
        ours = pack_layers(connection, "ent_a", known_at=LATE)
        theirs = pack_layers(connection, "ent_b", known_at=LATE)
        newest = newest_layers(connection, "ent_a", known_at=LATE)
    found = [(each.id, each.revision, each.pack_version) for each in (*ours, *theirs)]
    assert found == [
        ("pin_1", 1, "1.0.0"),
        ("pin_2", 2, "1.1.0"),
        ("pin_3", 3, "1.2.0"),
        ("pin_4", 1, "1.0.0"),
        ("pin_5", 1, "1.0.0"),
    ]
    assert {key: each.pack_version for key, each in newest.items()} == {
        "saas": "1.2.0",
        "shop": "1.0.0",
    }
    second = newest["saas"]
    assert (second.deed.value, second.hash, second.reason) == ("INSTALL", None, None)
    assert (second.scope, dict(second.scopes), dict(second.overrides)) == (Scope(), {}, {})
    assert (second.valid_from, second.made_by) == (date(2026, 7, 1), "acc_1")
    assert (second.known_at, ours[0].made_by) == (datetime(2026, 1, 5, 9, tzinfo=UTC), None)
    _demand_left(engine)


def _demand_left(engine: Engine) -> None:
    """Going down leaves what was installed and what it was brought to, and no layer over it."""
    layer = _table("pack_layer", f"{KEPT} revision deed scope scopes")
    laid = [
        {"id": "lay_6", "revision": 2, "deed": "OVERRIDE", "overrides": {"kpis/a": [3, 2]}},
        {"id": "lay_7", "revision": 3, "deed": "UPGRADE", "pack_version": "2.0.0"},
    ]
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        for each in laid:
            of = {"legal_entity_id": "ent_b", "scope": {}, "scopes": {}}
            connection.execute(sa.insert(layer).values(**(OLD[4] | of | each)))
    url = engine.url.render_as_string(hide_password=False)
    downgrade(url, BEFORE)
    with engine.connect() as connection:
        left = _rows(connection, "pack_installation")
    upgraded = OLD[4] | {"id": "lay_7", "pack_version": "2.0.0"}
    assert left == sorted([*OLD, upgraded], key=lambda each: each["id"])
    upgrade(url)
    with reading(engine, SYSTEM) as connection:
        again = pack_layers(connection, "ent_b", known_at=LATE)
    assert {each.pack_version for each in again} == {"1.0.0", "2.0.0"}
