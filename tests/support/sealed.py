"""Encrypted columns in tests: rows that fill them, all of them read, another value written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Engine, select, update

from actions.change_people import PersonDraft, put_person
from actions.identifiers import new_id
from actions.link_identity import put_identity, put_link
from storage import tables
from storage.append_only import guard_tables, unguard_tables
from storage.bulk import add_rows
from storage.engine import Writing
from storage.rekey import sealed_tables
from storage.sealing import opened, opened_row, sealed_values
from tests.support.company import Company, as_owner

CANARY = "canary-number"
PAID = 0x1CA9A51CA9A51CA9  # an amount whose eight bytes are found again where they lie open
ENTRIES = 600


def rewrite(
    engine: Engine,
    column: Column[Any],
    change: Callable[[Any], Any],
    where: ColumnElement[bool],
) -> int:
    """Give every row that fits another value in an encrypted column; return how many those were.

    The engine must have been opened with keys. The guards are down meanwhile.
    """
    table = column.table
    with as_owner(engine) as connection:
        unguard_tables(connection)
        rows = connection.execute(select(table).where(where)).all()
        for row in rows:
            values = {column.name: change(opened(connection, column, row))}
            sealed = sealed_values(connection, table, values, row._asdict())
            same = (key == getattr(row, key.name) for key in table.primary_key)
            connection.execute(update(table).where(*same).values(**sealed))
        guard_tables(connection)
    return len(rows)


def number(writing: Writing, each: int) -> str:
    """Add a person whose name tells nothing and whose staff number is a canary."""
    key = f"{CANARY}-{each}"
    draft = PersonDraft(source_key=key, name=f"Person {each}", staff_number=key)
    person_id = put_person(writing, draft)
    put_link(
        writing,
        source_key=key,
        identity_id=put_identity(writing, "crm", key),
        person_id=person_id,
        valid_from=date(2020, 1, 1),
        valid_to=None,
    )
    return person_id


def fill(company: Company) -> None:
    """Add what lies encrypted: people, identities, links, the ledger, a record, a connection."""

    def deed(writing: Writing) -> str:
        for each in range(8):
            number(writing, each)
        entity, now = writing.entity_id, writing.known_at
        shared = {"legal_entity_id": entity, "run_id": "calc_1", "period": "2026-09"}
        shared["origin_period"] = shared["period"]
        entries = [
            {
                **shared,
                "id": new_id("led", now),
                "person_id": f"per_{number}",
                "component": "bonus.amount",
                "kind": "POST",
                "reverses_id": None,
                "amount": PAID + number,
                "currency": "CNY",
                "plan_version_id": None,
                "posted_at": now,
            }
            for number in range(ENTRIES)
        ]
        add_rows(writing.connection, tables.ledger_entry, entries)
        records = [
            {
                "id": new_id("rec", now),
                "legal_entity_id": entity,
                "connection_id": "con_1",
                "stream": "staff",
                "key": str(number),
                "revision": 1,
                "content_hash": "0" * 64,
                "content": {"number": f"{CANARY}-{number}"} if number else None,
                "position": {"place": "1"},
                "seen_at": now,
                "run_id": "run_1",
            }
            for number in range(100)
        ]
        add_rows(writing.connection, tables.record, records)
        return ""

    company.write(deed)


def everything(connection: Connection) -> list[Any]:
    """Read every encrypted value of the database."""
    found = []
    for table in sealed_tables():
        rows = connection.execute(select(table).order_by(*table.primary_key)).all()
        for row in rows:
            whole = opened_row(connection, table, row)
            kept = {c.name: getattr(whole, c.name) for c in table.c if "index" not in c.name}
            found.append((table.name, kept))
    return found


def lie_open(folder: Path) -> list[str]:
    """Name the files below ``folder`` in which a secret stands in the open."""
    marks = [CANARY.encode(), *((PAID + number).to_bytes(8, "big") for number in (0, 1, 50))]
    marks += [str(PAID).encode()]
    return [
        path.name
        for path in folder.rglob("*")
        if path.is_file() and any(mark in path.read_bytes() for mark in marks)
    ]
