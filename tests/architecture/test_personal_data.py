"""Every table says how its rows concern a person, or why none do."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Column, ForeignKey, MetaData, String, Table

from storage.personal import CONCERNS, NOBODYS, WRITERS
from storage.tables import metadata
from storage.tables.classes import DataClass, class_of
from tests.support.source import assert_none

# What a column is called that leads to a person, and the tables whose keys do.
NAMES = frozenset(
    {
        "person_id",
        "account_id",
        "identity_id",
        "owner_id",
        "subject_id",
        "session_id",
        "record_id",
        "reason_id",
        "goal_id",
        "from_account",
        "to_account",
        "on_behalf_of",
        "login",
        "source_key",
        "staff_number",
    }
)
TARGETS = frozenset({"person", "account", "identity", "session", "access_reason"})


def leads_to_a_person(column: Column[object]) -> bool:
    ends = column.name.rpartition("_")[2]
    return (
        column.name in NAMES
        or ends in {"person", "account"}
        or any(key.target_fullname.split(".")[0] in TARGETS for key in column.foreign_keys)
        or (class_of(column) is DataClass.IDENTITY and not column.name.endswith("_index"))
    )


def unsaid(tables: Iterable[Table]) -> list[str]:
    """List the tables and columns of which nobody has said how they concern a person."""
    found = []
    for table in tables:
        concern = CONCERNS.get(table.name)
        if concern is None and table.name not in NOBODYS:
            found.append(table.name)
        by = concern.by if concern else ()
        found += [
            f"{table.name}.{column.name}"
            for column in table.c
            if leads_to_a_person(column) and column.name not in by and column.name not in WRITERS
        ]
    return found


def test_every_table_and_every_column_that_leads_to_a_person_is_in_the_list() -> None:
    assert_none(
        unsaid(metadata.tables.values()),
        "An export of everything about a person would lack it. Say in storage/personal.py how its "
        "rows concern a person (CONCERNS, with the columns it goes by), or why none do (NOBODYS).",
    )


def test_no_list_names_what_is_not_there() -> None:
    known = {table.name for table in metadata.tables.values()}
    stale = [*(CONCERNS.keys() - known), *(NOBODYS.keys() - known)]
    stale += sorted(CONCERNS.keys() & NOBODYS.keys())
    stale += [
        f"{name}.{column}"
        for name, concern in CONCERNS.items()
        for column in (*concern.by, *concern.only)
        if name in known and column not in metadata.tables[name].c
    ]
    assert_none(stale, "Take these off the lists of storage/personal.py.")


def test_a_table_or_column_that_nobody_declared_is_seen() -> None:
    other = MetaData()
    Table("account", other, Column("id", String, primary_key=True))
    table = Table(
        "diary",
        other,
        Column("id", String, primary_key=True),
        Column("written_by", String, ForeignKey("account.id")),
        Column("person_id", String),
    )
    assert unsaid([table]) == ["diary", "diary.written_by", "diary.person_id"]
