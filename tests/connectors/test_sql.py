"""The connector for databases, against SQLite files."""

from __future__ import annotations

import sqlite3
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from connectors import sql_table
from connectors.contract import (
    Backfill,
    CheckCode,
    Checkpoint,
    Context,
    ReadRequest,
    Rejected,
    Tombstone,
)
from connectors.databases_host import databases_of
from connectors.failures import ConfigurationRefused, ConnectorFailure, Transient
from connectors.sql import SqlConnector
from connectors.sql_query import Wording, is_one_select
from connectors.sql_settings import read_settings
from connectors.testing import Case, Earlier, Faults, contract_suite
from tests.support.source_web import NOW
from tests.support.sql_source import DEALS, FILE, SqlCase, read, records, settings, way, write

DEAL = (
    "CREATE TABLE deal (id INTEGER PRIMARY KEY, day TEXT, amount DECIMAL(12,2), owner TEXT,"
    " extra TEXT, changed TEXT)"
)


def filled(folder: Path, rows: int = 12) -> None:
    made = [
        f"INSERT INTO deal VALUES ({n}, '2026-09-{n:02d}', {100 + n}.5, 'E1', 'kept',"
        f" '2026-09-{n:02d} 08:00:00')"
        for n in range(1, rows + 1)
    ]
    write(folder, DEAL, *made)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    filled(tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if not {"K28", "budget"} & {*request.node.name.split("_")}:
        monkeypatch.setattr(sql_table, "PAGE", 3)


def _faults(folder: Path) -> Faults:
    ticks = count(1)

    def put(number: int, changed: str | None, owner: str = "E2") -> tuple[str, str]:
        at = "NULL" if changed is None else f"'{changed}'"
        write(
            folder,
            "INSERT OR REPLACE INTO deal VALUES"
            f" ({number}, '2026-09-20', 7.25, '{owner}', '', {at})",
        )
        return "deals", str(number)

    def now() -> str:
        return f"2026-09-21 09:00:{next(ticks):02d}"

    def delete() -> tuple[str, str]:
        write(folder, "DELETE FROM deal WHERE id = 7")
        return "deals", "7"

    def new_field() -> tuple[str, str]:
        write(folder, "ALTER TABLE deal ADD COLUMN channel TEXT DEFAULT 'expo'")
        return "deals", "channel"

    def lost_field() -> tuple[str, str]:
        write(folder, "ALTER TABLE deal DROP COLUMN extra")
        return "deals", "extra"

    def many(rows: int) -> None:
        numbers = f"n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n LIMIT {rows})"
        deal = "i, '2026-09-20', 1, 'E', '', '2026-09-21 10:00:00'"
        write(folder, f"INSERT OR REPLACE INTO deal WITH RECURSIVE {numbers} SELECT {deal} FROM n")

    return Faults(
        insert=lambda: put(30 + (place := next(ticks)), now(), f"E{place}"),
        change=lambda: put(6, now(), f"E{next(ticks)}"),
        delete=delete,
        tie=lambda: {put(number, "2026-09-22 09:00:00") for number in range(50, 58)},
        undated=lambda: put(90, None),
        new_field=new_field,
        lost_field=lost_field,
        many=many,
    )


def sql_case(folder: Path) -> Case:
    filled(folder)
    write(folder, "CREATE TABLE note (code TEXT, text TEXT, number INTEGER)")
    write(folder, "INSERT INTO note VALUES ('A', 'one', 1), (NULL, 'two', 2), ('B', x'41ff', 3)")
    write(folder, "UPDATE note SET text = CAST(text AS TEXT)")
    numbers = {"kind": "NUMBER", "column": "number", "again": 0}
    notes = {"table": "note", "key": ["code"], "changes": numbers, "deletes": {"kind": "NONE"}}
    deals = {**DEALS, "day": "day"}
    right = settings({"deals": deals, "notes": notes}, password="unused-but-secret-1")
    return SqlCase(
        connector=SqlConnector(),
        folder=folder,
        config=right,
        streams=("deals", "notes"),
        wrong={
            CheckCode.CONFIGURATION: {**right, "database": {"kind": "SQLITE", "file": "none.db"}},
            CheckCode.UNREACHABLE: {
                **right,
                "database": {
                    "kind": "POSTGRESQL",
                    "host": "nowhere.invalid",
                    "name": "crm",
                    "user": "attain",
                    "tls": "VERIFY",
                },
            },
        },
        rejected=2,
        unknown=(("deals", "extra"),),
        secrets=("unused-but-secret-1",),
        faults=_faults(folder),
        future={"deals": {"seen": "2999-01-01 00:00:00"}, "notes": {"seen": "99"}},
        backfill=(
            Backfill(start=date(2026, 9, 3), end=date(2026, 9, 5)),
            frozenset({("deals", "3"), ("deals", "4")}),
        ),
        earlier=(Earlier(config=right, cursors={"deals": {"seen": "2026-09-10 08:00:00"}}),),
        absent={"mapping": "the tables are the company's own, and so are their columns"},
    )


TestSql = contract_suite(sql_case)


def cursors(messages: list[Any]) -> dict[str, Any]:
    return {m.stream: m.cursor for m in messages if isinstance(m, Checkpoint)}


def rejected(messages: list[Any]) -> list[tuple[str, str]]:
    return [(m.key, m.reason) for m in messages if isinstance(m, Rejected)]


def test_a_row_arrives_exact_with_its_time_as_written(folder: Path) -> None:
    found = records(read(settings(), folder))
    assert found["3"] == {
        "id": 3,
        "day": "2026-09-03",
        "amount": Decimal("103.5"),
        "owner": "E1",
        "extra": "kept",
        "changed": "2026-09-03 08:00:00",
    }
    assert len(found) == 12


def test_a_commit_that_comes_late_is_read_when_it_lies_within_what_is_read_again(
    folder: Path,
) -> None:
    seen = cursors(read(settings(), folder))
    assert seen == {"deals": {"seen": "2026-09-12 08:00:00"}}
    late = "(20, '2026-09-12', 1, 'E9', '', '2026-09-12 07:30:00')"
    write(folder, f"INSERT INTO deal VALUES {late}")
    assert set(records(read(settings(), folder, seen))) == {"12", "20"}
    shallow = {**DEALS, "changes": {**DEALS["changes"], "again_minutes": 20}}
    assert set(records(read(settings({"deals": shallow}), folder, seen))) == {"12"}


def test_a_change_in_the_future_does_not_hide_what_changes_after_it(folder: Path) -> None:
    write(folder, "UPDATE deal SET changed = '2099-01-01 00:00:00' WHERE id = 2")
    seen = cursors(read(settings(), folder))
    write(folder, "UPDATE deal SET owner = 'E5', changed = '2026-10-01 07:30:00' WHERE id = 4")
    found = records(read(settings(), folder, seen))
    assert found["4"]["owner"] == "E5"
    assert set(found) == {"2", "4"}
    # Not even when the next read comes days later: the future began with the read that saw it.
    write(folder, "UPDATE deal SET changed = '2026-10-01 12:00:00' WHERE id = 5")
    assert set(records(read(settings(), folder, seen, now=NOW + timedelta(days=3)))) == {
        "2",
        "4",
        "5",
    }


def test_where_clocks_go_back_an_hour_more_is_read_again(folder: Path) -> None:
    changes = {**DEALS["changes"], "again_minutes": 0}
    config = settings({"deals": {**DEALS, "changes": changes, "zone": "Europe/Berlin"}})
    seen = {"deals": {"seen": "2026-09-12 08:00:00"}}
    write(folder, "UPDATE deal SET changed = '2026-09-12 07:10:00' WHERE id = 4")
    found = read(config, folder, seen)
    assert set(records(found)) == {"4", "12"}
    # An hour that is told twice does not say which of two versions is older.
    assert {getattr(m, "version", "") for m in found} == {""}


def test_keys_of_several_columns_are_paged_without_loss(folder: Path) -> None:
    write(folder, "CREATE TABLE line (shop TEXT, number INTEGER, amount TEXT, at TEXT)")
    rows = [f"('{shop}|x', {n}, '1', '2026-09-01')" for shop in "BAC" for n in range(7)]
    write(folder, f"INSERT INTO line VALUES {', '.join(rows)}")
    for changes in (None, {"kind": "TIME", "column": "at", "again_minutes": 0}):
        stream: dict[str, Any] = {"table": "line", "key": ["shop", "number"], "changes": changes}
        stream["deletes"] = {"kind": "SWEEP"}
        config = settings({"lines": stream})
        found = records(read(config, folder))
        assert list(found)[:2] == [r"A\|x|0", r"A\|x|1"]
        assert len(found) == 21
        context = Context(config=config, folder=folder, now=NOW, databases=way(config, folder))
        assert list(SqlConnector().keys(context, "lines")) == sorted(found)


@pytest.mark.parametrize("changes", [None, {"kind": "TIME", "column": "at", "again_minutes": 0}])
def test_a_key_that_is_none_is_refused_also_across_pages(folder: Path, changes: Any) -> None:
    write(folder, "CREATE TABLE line (number INTEGER, at TEXT)")
    stream = {"table": "line", "key": ["number"], "changes": changes, "deletes": {"kind": "NONE"}}
    for double in (2, 3, 4):
        rows = [f"({n}, '2026-09-01')" for n in (1, 2, 3, 4, 5, double)]
        write(folder, "DELETE FROM line", f"INSERT INTO line VALUES {', '.join(rows)}")
        with pytest.raises(ConfigurationRefused) as raised:
            read(settings({"lines": stream}), folder)
        assert (raised.value.code, raised.value.values["column"]) == (
            "sql_key_not_unique",
            "number",
        )


def test_a_deleted_row_shows_by_its_mark(folder: Path) -> None:
    write(folder, "ALTER TABLE deal ADD COLUMN gone TEXT")
    write(folder, "UPDATE deal SET gone = '2026-09-30' WHERE id = 5")
    marked = {**DEALS, "deletes": {"kind": "TOMBSTONE", "column": "gone"}}
    found = read(settings({"deals": marked}), folder)
    assert [m.key for m in found if isinstance(m, Tombstone)] == ["5"]
    by_value = {**DEALS, "deletes": {"kind": "TOMBSTONE", "column": "owner", "values": ["E1"]}}
    assert records(read(settings({"deals": by_value}), folder)) == {}


def test_a_float_is_made_exact_by_the_declared_rule_or_its_row_is_refused(folder: Path) -> None:
    write(folder, "CREATE TABLE price (id INTEGER PRIMARY KEY, loose, real REAL, money DECIMAL)")
    write(folder, "INSERT INTO price VALUES (1, 0.1, 2.675, 0.1 + 0.2), (2, 'x', 1e999, 12.5)")
    stream: dict[str, Any] = {
        "table": "price",
        "key": ["id"],
        "changes": None,
        "deletes": {"kind": "NONE"},
    }
    with pytest.raises(ConfigurationRefused) as raised:
        read(settings({"prices": stream}), folder)
    assert raised.value.values == {"place": "prices", "column": "real"}
    told = {**stream, "floats": {"real": 2}}
    assert rejected(read(settings({"prices": told}), folder)) == [
        ("1", "sql_float_undeclared"),
        ("2", "sql_number_not_finite"),
    ]
    told = {**stream, "floats": {"real": 2, "loose": "SHORTEST"}}
    assert rejected(read(settings({"prices": told}), folder)) == [
        ("1", "sql_number_spoilt"),  # three tenths that are not: more digits than were written
        ("2", "sql_number_not_finite"),
    ]
    write(folder, "UPDATE price SET money = 0.3, real = 2.665")
    found = records(read(settings({"prices": told}), folder))
    assert found["1"] == {
        "id": 1,
        "loose": Decimal("0.1"),
        "real": Decimal("2.66"),
        "money": Decimal("0.3"),
    }


def test_times_of_two_forms_are_not_compared_as_texts(folder: Path) -> None:
    write(folder, "UPDATE deal SET changed = '2026-09-12T07:59:00' WHERE id = 5")
    write(folder, "UPDATE deal SET changed = 1790000000 WHERE id = 6")
    found = read(settings(), folder)
    assert rejected(found) == [("6", "sql_time_form"), ("5", "sql_time_form")]
    assert cursors(found) == {"deals": {"seen": "2026-09-12 08:00:00"}}


def test_a_select_is_read_like_a_table(folder: Path) -> None:
    query = "SELECT id AS number, day, amount * 2 AS twice FROM deal WHERE owner LIKE 'E%' "
    stream = {"query": query, "key": ["number"], "changes": None, "deletes": {"kind": "SWEEP"}}
    config = settings({"deals": {**stream, "floats": {"twice": 2}}})
    assert records(read(config, folder))["12"] == {
        "number": 12,
        "day": "2026-09-12",
        "twice": Decimal("225.00"),
    }


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("SELECT a FROM t", True),
        ("WITH x AS (SELECT 1) SELECT * FROM x", True),
        ("select ';' as s, 'it''s' as t, \"into\" from t where a like '10%'", True),
        ("SELECT 1; DROP TABLE t", False),
        ("SELECT 1) AS x; DROP TABLE t --", False),
        ("SELECT 1) UNION (SELECT 2", False),
        ("SELECT a FROM t -- and", False),
        ("SELECT a /*! INTO OUTFILE 'x' */ FROM t", False),
        ("SELECT a FROM t INTO OUTFILE 'x'", False),
        ("SELECT a FROM t WHERE b = 'x\\' OR 1=1", False),
        ("SELECT $$a$$", False),
        ("WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x", False),
        ("DELETE FROM t", False),
        ("PRAGMA query_only = OFF", False),
        ("SELECT 'open", False),
        ("", False),
    ],
)
def test_a_query_is_one_select_and_nothing_else(text: str, is_one: bool) -> None:
    assert is_one_select(text) is is_one


def test_names_are_quoted_whatever_they_hold(folder: Path) -> None:
    name = "odd ` name; DROP TABLE deal"
    quoted = name.replace("`", "``")
    write(folder, f"CREATE TABLE `{quoted}` (`a``b` INTEGER, c TEXT)")
    write(folder, f"INSERT INTO `{quoted}` VALUES (1, 'x')")
    stream = {"table": name, "key": ["a`b"], "changes": None, "deletes": {"kind": "NONE"}}
    assert records(read(settings({"odd": stream}), folder)) == {"1": {"a`b": 1, "c": "x"}}


def test_a_file_is_not_written_and_no_other_file_is_reached(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = read_settings(settings()).place(5)
    other = tmp_path_factory.mktemp("other")
    filled(other)
    outside = f"../{other.name}/{FILE}"
    config = settings()
    with way(config, folder).open(place) as database:
        for text in ("DELETE FROM deal", f"ATTACH '{other / FILE}' AS o", "PRAGMA query_only = 0"):
            with pytest.raises(ConfigurationRefused) as raised:
                database.ask(Wording(place.kind).text(text).statement("deals"))
            assert raised.value.code == "sql_query_refused"
    (folder / "link.db").symlink_to(other / FILE)
    for name in (outside, "link.db", str(other / FILE)):
        with pytest.raises(ConfigurationRefused) as raised:
            read({**config, "database": {"kind": "SQLITE", "file": name}}, folder)
        assert raised.value.code == "sql_file_outside"


def test_a_statement_that_takes_too_long_is_ended(folder: Path) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) AS i"
    stream = {"query": f"{endless} FROM n", "key": ["i"], "deletes": {"kind": "NONE"}}
    config = settings({"slow": {**stream, "changes": None}}, seconds=1)
    with pytest.raises(Transient) as raised:
        read(config, folder)
    assert (raised.value.code, raised.value.values["seconds"]) == ("sql_too_slow", "1")


def test_one_state_of_the_data_is_read_where_the_file_keeps_a_write_ahead_log(
    folder: Path,
) -> None:
    sqlite3.connect(folder / FILE).execute("PRAGMA journal_mode = WAL").connection.close()
    config = settings()
    context = Context(config=config, folder=folder, now=NOW, databases=way(config, folder))
    reading = SqlConnector().read(context, ReadRequest(streams=("deals",)))
    begun = [next(reading) for _ in range(5)]
    write(folder, "UPDATE deal SET owner = 'E7', changed = '2026-09-29 08:00:00' WHERE id = 11")
    whole = [*begun, *reading]
    assert records(whole)["11"]["owner"] == "E1"
    assert records(read(config, folder, cursors(whole)))["11"]["owner"] == "E7"


@pytest.mark.parametrize(
    ("change", "code", "column"),
    [
        ({"table": "deals"}, "sql_table_missing", None),
        ({"key": ["number"]}, "sql_column_missing", "number"),
        ({"columns": ["day", "colour"]}, "sql_column_missing", "colour"),
        ({"query": "SELECT FROM deal", "table": ""}, "sql_query_refused", None),
    ],
)
def test_check_names_what_the_database_does_not_have(
    folder: Path, change: dict[str, Any], code: str, column: str | None
) -> None:
    config = settings({"deals": {**DEALS, **change}})
    context = Context(config=config, folder=folder, now=NOW, databases=way(config, folder))
    report = SqlConnector().check(context)
    assert report.code is CheckCode.CONFIGURATION
    assert report.findings[0].code == code
    assert report.findings[0].values.get("column") == column


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"database": {"kind": "SQLITE"}}, "$.database"),
        ({"zone": "Mars"}, "$.zone"),
        ({"streams": {}}, "$.streams"),
        ({"streams": {"d": {**DEALS, "key": []}}}, "$.streams.d.key"),
        ({"streams": {"d": {**DEALS, "query": "SELECT 1"}}}, "$.streams.d.table"),
        ({"streams": {"d": {**DEALS, "schema": "main"}}}, "$.streams.d.schema"),
        ({"streams": {"d": {**DEALS, "table": "", "query": "DROP t"}}}, "$.streams.d.query"),
        ({"streams": {"d": {**DEALS, "floats": {"a": "ABOUT"}}}}, "$.streams[...].floats[...]"),
        ({"streams": {"d": {**DEALS, "offset": 3}}}, "$.streams[...]"),
    ],
)
def test_a_wrong_setting_is_named(folder: Path, change: dict[str, Any], place: str) -> None:
    with pytest.raises(ConfigurationRefused) as raised:
        read({**settings(), **change}, folder)
    assert raised.value.values == {"field": place}


def test_an_installation_that_names_no_folder_reads_no_file(folder: Path) -> None:
    config = settings()
    databases = databases_of(SqlConnector.info, config, (), None)
    context = Context(config=config, folder=folder, now=NOW, databases=databases)
    assert SqlConnector().check(context).findings[0].code == "sql_folder_unset"
    assert SqlConnector().check(Context(config=config, folder=folder, now=NOW)).code is (
        CheckCode.CONFIGURATION
    )


def test_what_is_no_database_is_told_apart_from_what_is_locked(folder: Path) -> None:
    (folder / FILE).write_bytes(b"this is no database at all" * 50)
    with pytest.raises(ConnectorFailure) as raised:
        read(settings(), folder)
    assert raised.value.code == "sql_file_unreadable"
