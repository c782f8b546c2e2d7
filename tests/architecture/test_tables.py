"""Every table knows whose data it holds."""

from __future__ import annotations

from sqlalchemy import Column, Integer, MetaData, Table

from storage.tables import metadata
from tests.support.source import assert_none

# Tables without a legal entity, each with its reason.
WITHOUT_ENTITY: dict[str, str] = {
    "legal_entity": "it is the list of legal entities itself",
}


def homeless(tables: MetaData) -> set[str]:
    return {name for name, table in tables.tables.items() if "legal_entity_id" not in table.columns}


def test_every_table_has_its_legal_entity() -> None:
    assert_none(
        sorted(homeless(metadata) - WITHOUT_ENTITY.keys()),
        "A row without its legal entity is outside every predicate and every row-level policy: "
        "another company's people will see it.",
    )


def test_the_list_of_exceptions_is_not_stale() -> None:
    assert_none(sorted(WITHOUT_ENTITY.keys() - homeless(metadata)), "Take these off the list.")


def test_a_legal_entity_is_never_optional() -> None:
    optional = [
        name
        for name, table in metadata.tables.items()
        if "legal_entity_id" in table.columns and table.columns["legal_entity_id"].nullable
    ]
    assert_none(optional, "A row may not be nobody's: its legal entity must not be null.")


def test_a_table_without_a_legal_entity_is_seen() -> None:
    planted = MetaData()
    Table("planted", planted, Column("id", Integer, primary_key=True))
    assert homeless(planted) == {"planted"}
