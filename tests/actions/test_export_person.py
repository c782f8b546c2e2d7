"""Everything about a person is in the export, and nothing of anybody else."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from actions.export_person import export_person
from storage import tables
from storage.engine import reading
from storage.migrate import upgrade
from storage.people import add_row
from storage.personal import CONCERNS, WRITERS
from storage.personal_rows import kept_columns, rows_about, subject_of
from storage.sealing import opened_row
from storage.snapshots import read_shard
from storage.tables import metadata
from tests.support.company import SYSTEM
from tests.support.world import World, ordinary, world

WHO = "chen"
# Rows that speak in somebody's mark and yet are told to be nobody's: a seller no one is linked to.
GHOST = ".ghost"
_KEYS = itertools.count(1)
ASK = """mutation { personExport(input: {idempotencyKey: "%s", person: "%s"}) {
  ... on PersonExportSuccess { document tables rows } ... on Problem { code } } }"""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def built(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("export")
    if request.param == "sqlite":
        url = f"sqlite:///{folder / 'attain.db'}"
        upgrade(url)
    else:
        cluster = request.getfixturevalue("postgres_cluster")
        template = request.getfixturevalue("_postgres_template")
        url = cluster.url(cluster.create_database(template=template))
    with world(url, folder, ordinary()) as found:
        yield found


def asked(built: World, who: str, whose: str, key: str) -> dict[str, Any]:
    found: dict[str, Any] = built.ask(who, ASK % (key, whose))
    return found


def exported(built: World, who: str, name: str) -> dict[str, Any]:
    made = asked(built, who, built.ids[name], f"key-{next(_KEYS):08}")["data"]["personExport"]
    document: dict[str, Any] = json.loads(made["document"])
    assert made["rows"] == sum(document["counts"].values())
    return document


def marks_of(built: World, name: str) -> tuple[str, ...]:
    account = built.ids.get(f"account:{name}")
    secret = built.numbers[name]
    return (built.ids[name], secret.mark, f"{name}.crm", *([account] if account else []))


def told(row: dict[str, Any]) -> str:
    """Write a row as the text that is searched; who wrote it is another matter."""
    values = {
        name: read_shard(value)[0] if name == "parquet" else value
        for name, value in row.items()
        if name not in WRITERS
    }
    return json.dumps(values, default=str, ensure_ascii=False)


def test_every_row_that_speaks_of_a_person_is_in_the_export(built: World) -> None:
    exported(built, "hr", WHO)  # what others did to the person is about the person too
    sections = exported(built, WHO, WHO)["sections"]
    marks, seen = marks_of(built, WHO), set()
    engine = built.served.runtime.engine
    with reading(engine, SYSTEM) as connection:
        for table in metadata.tables.values():
            keys = [column.name for column in table.primary_key.columns]
            if table.name == "refresh_token":
                keys = ["session_id", "number"]
            for row in connection.execute(select(table)):
                found = row._asdict() | _opened(connection, table, row)
                text = told(found)
                if not any(mark in text for mark in marks) or GHOST in text:
                    continue
                if table.name in {"identity", "fact", "quarantine", "record"} and _is_ghost(found):
                    continue
                key = [_written(found[name]) for name in keys]
                rows = [[each[name] for name in keys] for each in sections.get(table.name, ())]
                assert key in rows, f"{table.name} {key} is not in the export: {text}"
                seen.add(table.name)
    assert seen >= {"person", "assignment", "identity", "identity_link", "account", "session"}
    assert seen >= {"goal", "fact", "record", "quarantine", "result", "standing", "ledger_entry"}
    assert seen >= {"snapshot", "audit_event", "idempotency"}


def _opened(connection: Any, table: Any, row: Any) -> dict[str, Any]:
    made = opened_row(connection, table, row)
    return row._asdict() if made is row else vars(made)  # type: ignore[no-any-return]


def _written(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _is_ghost(row: dict[str, Any]) -> bool:
    """Say whether a fact, or what is behind it, is of the seller whom nobody is linked to."""
    return str(row.get("key") or "").endswith(("-w", "-w#order"))


def test_nobody_elses_mark_is_in_the_export(built: World) -> None:
    text = json.dumps(exported(built, WHO, WHO), ensure_ascii=False)
    for name in built.numbers:
        if name != WHO:
            for mark in marks_of(built, name):
                assert mark not in text, f"{mark} of {name}"


def test_totals_are_in_it_opened_and_secrets_are_not(built: World) -> None:
    document = exported(built, WHO, WHO)
    posted, _trial = sorted(
        document["sections"]["result"], key=lambda row: row["run_id"] != built.ids["run"]
    )
    (entry,) = document["sections"]["ledger_entry"][:1]
    assert isinstance(posted["payout"], int)
    assert isinstance(entry["amount"], int)
    assert document["sections"]["snapshot"][0]["inputs"]
    assert document["sections"]["person"][0]["staff_number"] == built.numbers[WHO].staff_number
    assert "token_hash" not in json.dumps(document)
    assert (document["format"], document["version"]) == ("attain.person", 1)


def test_who_may_export_whom(built: World) -> None:
    chen, anna, bea = (built.ids[name] for name in (WHO, "anna", "bea"))

    def outcome(who: str, whose: str) -> str:
        answer = asked(built, who, whose, f"key-{who}-{whose}"[:60])
        if "errors" in answer:
            return str(answer["errors"][0]["extensions"]["code"])
        made = answer["data"]["personExport"]
        return "done" if "document" in made else str(made["code"])

    assert outcome(WHO, chen) == "done"
    assert outcome("hr", chen) == "done"
    assert outcome("hr", bea) == outcome("hr", "per_nobody") == "NOT_FOUND"
    for who in (WHO, "meng", "auditor", "admin", "vendor"):
        assert outcome(who, anna) == outcome(who, "per_nobody") == "FORBIDDEN", who
    assert outcome("b_hr", chen) == "NOT_FOUND"
    assert outcome("meng", built.ids["meng"]) == "done"


def test_hr_gets_the_rows_of_its_legal_entity_and_the_person_those_of_every_one(
    built: World,
) -> None:
    runtime = built.served.runtime
    with runtime.writing(built.ids["branch"], SYSTEM) as writing:
        add_row(
            writing,
            tables.role_grant,
            id="grant_elsewhere",
            revision=1,
            valid_from=date(2026, 1, 1),
            valid_to=date(2026, 2, 1),
            voided=False,
            account_id=built.ids[f"account:{WHO}"],
            role="AUDITOR",
        )
    own, hr = (exported(built, who, WHO)["sections"] for who in (WHO, "hr"))
    assert [row["id"] for row in own["role_grant"]] == ["grant_elsewhere"]
    assert hr["role_grant"] == []
    entities = {row["legal_entity_id"] for rows in hr.values() for row in rows}
    assert entities == {built.ids["hejia"]}


def test_the_trail_says_who_exported_whom(built: World) -> None:
    def lines() -> list[str]:
        done = asked(built, WHO, built.ids[WHO], f"key-{next(_KEYS):08}")["data"]["personExport"]
        rows = json.loads(done["document"])["sections"]["audit_event"]
        return [row["account_id"] for row in rows if row["action"] == "personExport"]

    before = lines()
    asked(built, "hr", built.ids[WHO], "key-of-hr")
    # The same key shows it once more, so there is one more line.
    asked(built, "hr", built.ids[WHO], "key-of-hr")
    hr, own = built.ids["account:hr"], built.ids[f"account:{WHO}"]
    assert lines() == [*before, hr, hr, own]


def test_without_the_right_to_pay_there_is_no_pay(built: World) -> None:
    with reading(built.served.runtime.engine, SYSTEM) as connection:
        subject = subject_of(connection, built.ids[WHO], built.ids["hejia"])
        found = rows_about(connection, subject, with_pay=False)
    assert {"ledger_entry", "snapshot"}.isdisjoint(found)
    assert "payout" not in found["result"][0]
    assert "score" in found["result"][0]


def test_an_export_is_quick(built: World) -> None:
    start = time.perf_counter()
    made = export_person(built.served.runtime, SYSTEM, built.ids[WHO])
    took = time.perf_counter() - start
    print(f"{made.rows} rows, {len(made.document):,} characters, {took:.3f} s")
    assert took < 10


def test_no_secret_column_is_kept() -> None:
    kept = {
        str(column)
        for name, concern in CONCERNS.items()
        for column in kept_columns(metadata.tables[name], concern, with_pay=True)
    }
    assert "session.token_hash" not in kept
    assert "refresh_token.salt" not in kept
    assert "identity.value_index" not in kept
    assert "ledger_entry.amount" in kept
