"""Many rows at once: few of them in one statement, more by COPY, and it cannot be seen which."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.dialects.postgresql import dialect
from sqlalchemy.exc import DBAPIError

from actions.deed import Runtime
from actions.found_company import found_company
from storage import bulk, tables
from storage.among import among
from storage.bulk import add_rows, add_tuples
from storage.engine import open_engine, reading
from storage.json_text import json_text
from storage.quarantine import open_keys
from storage.tables import metadata
from tests.support.keys import keys
from tests.support.syncing import HOST, NOW

_TEXTS = [
    "plain",
    'a "quote"',
    "back\\slash",
    "\\u0000",
    "tab\tline\nend",
    "\\N",
    "",
    "，李伟😀",
    "%s",
    "{}",
]


@pytest.fixture
def runtime(database_url: str, tmp_path: Any) -> Any:
    engine = open_engine(database_url, keys())
    yield Runtime(engine=engine, clock=lambda: NOW, data_folder=tmp_path)
    engine.dispose()


def _facts(entity_id: str, identity_id: str, count: int) -> list[dict[str, Any]]:
    east = timezone(timedelta(hours=8))
    return [
        {
            "id": f"fact_{number}",
            "legal_entity_id": entity_id,
            "connection_id": "con",
            "stream": "orders",
            "key": f"{_TEXTS[number % len(_TEXTS)]}#{number}",
            "revision": number % 3 + 1,
            "record_id": f"rec_{number}",
            "kind": "order",
            "identity_id": identity_id,
            "business_date": date(2026, 1, 1) + timedelta(days=number),
            "instant": None if number % 2 else datetime(2026, 1, 1, 8, 0, number, 123456, east),
            "quantity": (-1) ** number * (2**53 + number),
            "unit": "CNY",
            "subject": None if number % 5 == 0 else _TEXTS[number % len(_TEXTS)],
            "attributes": {text: text for text in _TEXTS[: number % 4]},
            "deleted": number % 4 == 0,
            "known_at": NOW.astimezone(UTC) + timedelta(microseconds=number % 2),
        }
        for number in range(count)
    ]  # fmt: skip


def _name(runtime: Runtime, entity_id: str) -> None:
    """Add the name that the facts stand under."""
    name = {
        "id": "idn_1",
        "legal_entity_id": entity_id,
        "namespace": "crm",
        "value": "李 '伟'\\x00",
    }
    with runtime.writing(entity_id, HOST) as writing:
        add_rows(writing.connection, tables.identity, [{**name, "first_seen_at": NOW}])


def test_rows_that_are_sent_and_rows_that_are_copied_are_the_same(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    entity_id = found_company(runtime, "Test")
    wanted = _facts(entity_id, "idn_1", 40)
    _name(runtime, entity_id)
    with runtime.writing(entity_id, HOST) as writing:
        add_rows(writing.connection, tables.fact, wanted[:20])
        monkeypatch.setattr(bulk, "_FEW", 5)
        add_rows(writing.connection, tables.fact, wanted[20:])
    with reading(runtime.engine, HOST) as connection:
        rows = connection.execute(select(tables.fact).order_by(tables.fact.c.seq)).all()
    assert [{n: v for n, v in row._asdict().items() if n != "seq"} for row in rows] == wanted


def test_a_text_that_is_too_long_is_refused_and_not_cut(runtime: Runtime) -> None:
    entity_id = found_company(runtime, "Test")
    row = _facts(entity_id, "idn_1", 1)[0] | {"subject": "x" * 201}
    _name(runtime, entity_id)
    if runtime.engine.dialect.name == "sqlite":  # it knows no lengths: the text is there as a whole
        with runtime.writing(entity_id, HOST) as writing:
            add_rows(writing.connection, tables.fact, [row])
            kept = writing.connection.execute(select(tables.fact.c.subject)).scalar_one()
        assert kept == row["subject"]
        return
    with (
        pytest.raises(DBAPIError, match="too long"),
        runtime.writing(entity_id, HOST) as writing,
    ):
        add_rows(writing.connection, tables.fact, [row])


def test_no_rows_are_no_statement(runtime: Runtime) -> None:
    entity_id = found_company(runtime, "Test")
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    with runtime.writing(entity_id, HOST) as writing:
        event.listen(runtime.engine, "before_cursor_execute", note)
        add_tuples(writing.connection, tables.fact, ["id"], [])
        add_tuples(
            writing.connection, tables.record, ["id", "legal_entity_id", "content"], iter(())
        )
        event.remove(runtime.engine, "before_cursor_execute", note)
    assert sent == []


def test_every_column_of_every_table_can_be_sent() -> None:
    postgresql: Any = dialect
    for table in metadata.tables.values():
        for column in table.c:
            assert bulk._cast(table, column.name, postgresql()) in {
                "bytea", "jsonb", "boolean", "bigint", "integer", "date", "timestamptz", "text",
            }  # fmt: skip


def test_a_document_is_written_as_by_the_plain_encoder_where_the_quick_one_cannot() -> None:
    assert json_text({"b": 2**70, "a": "伟"}) == '{"a": "伟", "b": 1180591620717411303424}'.encode()
    assert json_text({"b": 1, "a": None}) == b'{"a":null,"b":1}'
    with pytest.raises(TypeError):
        json_text({"a": Decimal(1)})
    with pytest.raises(TypeError):
        json_text({"a": NOW})


def test_thousands_of_values_are_looked_up_at_once(runtime: Runtime) -> None:
    entity_id = found_company(runtime, "Test")
    wanted = ["id", "'; --", "x,y", '{"a"}', *(str(number) for number in range(3_000)), entity_id]
    with reading(runtime.engine, HOST) as connection:
        entity = tables.legal_entity.c.id
        assert connection.execute(
            select(entity).where(among(connection, entity, wanted))
        ).all() == [(entity_id,)]
        assert open_keys(connection, "con", "orders") == []
