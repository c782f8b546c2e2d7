"""What speaks of two people: a name that was handed on, a record of both, a run's problems."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update

from actions.calculate import Mode, calculate
from actions.export_person import export_person
from actions.link_identity import put_identity, put_link
from storage import tables
from storage.engine import Writing
from storage.sealing import sealed_values
from tests.api.company import Served, served
from tests.support.company import SYSTEM, as_owner


@pytest.fixture
def made(database_url: str, tmp_path: Path) -> Iterator[Served]:
    with served(database_url, tmp_path) as found:
        yield found


def sections(made: Served, name: str) -> dict[str, Any]:
    document = export_person(made.runtime, SYSTEM, made.ids[name]).document
    found: dict[str, Any] = json.loads(document)["sections"]
    return found


def record(made: Served, identifier: str, content: object) -> None:
    def deed(writing: Writing) -> str:
        row = {
            "id": identifier,
            "legal_entity_id": writing.entity_id,
            "connection_id": "con_test",
            "stream": "orders",
            "key": identifier,
            "revision": 1,
            "content_hash": "0" * 64,
            "content": content,
            "position": {},
            "seen_at": datetime(2026, 9, 9, tzinfo=UTC),
            "run_id": "sync_test",
        }
        sealed = sealed_values(writing.connection, tables.record, row)
        writing.connection.execute(insert(tables.record).values(**sealed))
        return identifier

    made.company.write(deed)


def test_a_name_that_was_handed_on_brings_each_their_own_days(made: Served) -> None:
    def deed(writing: Writing) -> str:
        seat = put_identity(writing, "crm", "seat-7")
        for name, start, end in (
            ("anna", date(2026, 1, 1), date(2026, 7, 1)),
            ("bo", date(2026, 8, 1), None),
        ):
            put_link(
                writing,
                source_key=f"seat-7-{name}",
                identity_id=seat,
                person_id=made.ids[name],
                valid_from=start,
                valid_to=end,
            )
        return seat

    made.company.write(deed)
    days = {month: made.company.fact("seat-7", date(2026, month, 3), 5) for month in (6, 7, 8)}
    record(made, "rec_of_seat", {"seller": "seat-7", "amount": "about 5"})
    for name, month in (("anna", 6), ("bo", 8)):
        found = sections(made, name)
        ids = {row["id"] for row in found["fact"]}
        assert ids & set(days.values()) == {days[month]}, name
        # Nobody can tell whose a spoilt row under a name of two is.
        assert "rec_of_seat" not in {row["id"] for row in found["record"]}


def test_a_record_that_speaks_of_two_people_comes_without_its_content(made: Served) -> None:
    record(made, "rec_alone", {"seller": "anna", "amount": "1.00"})
    record(made, "rec_both", {"seller": "anna", "approved": ["bo"]})
    for name, identifier in (("anna", "rec_alone"), ("anna", "rec_both")):
        fact = made.company.fact(name, date(2026, 9, 3), 5)
        _behind(made, fact, identifier)
    record(made, "rec_facts", {"team": "north"})
    for name in ("anna", "bo"):
        _behind(made, made.company.fact(name, date(2026, 9, 4), 5), "rec_facts")
    found = {row["id"]: row for row in sections(made, "anna")["record"]}
    assert found["rec_alone"]["content"] == {"seller": "anna", "amount": "1.00"}
    for identifier in ("rec_both", "rec_facts"):
        assert found[identifier]["content"] is None
        assert found[identifier]["left_out"] == ["content"]
    assert "rec_both" not in {row["id"] for row in sections(made, "bo")["record"]}


def _behind(made: Served, fact: str, identifier: str) -> None:
    """Move a fact to another record: its place in the test company has none."""
    with as_owner(made.company.engine) as connection:
        _unguarded(connection)
        fits = tables.fact.c.id == fact
        connection.execute(update(tables.fact).where(fits).values(record_id=identifier))


def _unguarded(connection: Any) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
    else:
        rows = connection.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'fact'"
        )
        for (name,) in rows.all():
            connection.exec_driver_sql(f'DROP TRIGGER "{name}"')


def test_of_what_a_run_found_amiss_each_sees_what_names_them(made: Served) -> None:
    run = calculate(
        made.company.runtime, SYSTEM, made.entity, "2026-09", Mode.TRIAL, accept_provisional=True
    ).id
    problems = [
        {"code": "goal_missing", "path": "m", "values": {"first": made.ids[name]}}
        for name in ("anna", "bo")
    ]
    with as_owner(made.company.engine) as connection:
        table = tables.calculation_run
        connection.execute(update(table).where(table.c.id == run).values(problems=problems))
    (row,) = sections(made, "anna")["calculation_run"]
    assert row["problems"] == problems[:1]
    assert "payout" not in row
    assert sections(made, "chen")["calculation_run"] == []
