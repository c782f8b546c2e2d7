"""Every column has a class, and what is secret, pay or names somebody is kept encrypted."""

from __future__ import annotations

from sqlalchemy import Column, Integer, MetaData, Table

from storage.sealed import Sealed
from storage.tables import metadata
from storage.tables.classes import (
    CLASSES,
    EVERYWHERE,
    PLAIN,
    DataClass,
    class_of,
    classes_page,
)
from tests.support.source import ROOT, assert_none

_KEPT_APART = {DataClass.PAY, DataClass.IDENTITY, DataClass.SECRET}
COLUMNS = [column for table in metadata.tables.values() for column in table.c]


def test_every_column_has_a_class() -> None:
    assert_none(
        [str(column) for column in COLUMNS if class_of(column) is None],
        "Nobody has said whether this column may lie there as plain text. Add it to CLASSES in "
        "storage/tables/classes.py and run ./run schema, which prints docs/data-classes.md.",
    )


def test_pay_identity_and_secrets_are_encrypted_or_have_a_reason() -> None:
    assert_none(
        [
            str(column)
            for column in COLUMNS
            if class_of(column) in _KEPT_APART
            and not isinstance(column.type, Sealed)
            and str(column) not in PLAIN
        ],
        "A copy of the database would show it. Give it the type Sealed, or a reason in PLAIN.",
    )


def test_what_is_encrypted_has_a_class_that_asks_for_it() -> None:
    sealed = [column for column in COLUMNS if isinstance(column.type, Sealed)]
    assert len(sealed) >= 13
    assert_none(
        [str(column) for column in sealed if str(class_of(column)) != column.type.purpose],  # type: ignore[attr-defined]
        "Its key is of another purpose than its class.",
    )


def test_no_list_names_a_column_that_is_not_there() -> None:
    there = {str(column) for column in COLUMNS}
    named = {
        f"{table}.{name}"
        for table, classes in CLASSES.items()
        for names in classes.values()
        for name in names.split()
    }
    assert_none(sorted((named | PLAIN.keys()) - there), "Take these off storage/tables/classes.py.")
    assert_none(sorted(EVERYWHERE.keys() - {column.name for column in COLUMNS}), "So with these.")


def test_the_page_is_the_one_that_is_printed() -> None:
    page = ROOT / "docs" / "data-classes.md"
    assert page.read_text("utf-8") == classes_page(), "run ./run schema"


def test_a_column_without_a_class_is_seen() -> None:
    planted = Table("planted", MetaData(), Column("bank_account", Integer))
    assert class_of(planted.c.bank_account) is None
    known = Table("person", MetaData(), Column("bank_account", Integer))
    assert class_of(known.c.bank_account) is None
