"""The connector for databases, against a running MariaDB: rights, TLS, exact values."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from connectors import sql_table
from connectors.contract import CheckCode, Checkpoint, Context, ReadRequest
from connectors.failures import ConnectorFailure, Transient
from connectors.sql import SqlConnector
from connectors.sql_query import Wording
from connectors.sql_settings import read_settings
from tests.support.source_web import NOW
from tests.support.sql_source import DEALS, read, records, way

if TYPE_CHECKING:
    from tests.support.mariadb import MariaDb

pytestmark = pytest.mark.long
PASSWORD = "reader-päss-91c4-中"
STREAM: dict[str, Any] = {**DEALS, "floats": {"rate": 2}, "personal_fields": []}
_DEAL = """CREATE TABLE crm.deal (id bigint unsigned PRIMARY KEY, day date, amount decimal(14,4),
    rate double, open boolean, flags bit(8), at timestamp(6) NULL, `local` datetime(3),
    tags set('a','b'), note json, photo blob, changed timestamp(6) NULL)"""
_ROW = """({n}, '2026-09-{n:02d}', {amount}.0001, 0.1, {open}, b'101', '2026-09-{n:02d} 00:00:00',
    '2026-09-01 08:00:00.250', 'a,b', '{{"x": 0.10}}', x'00ff', '2026-09-{n:02d} 00:00:00')"""
_SETUP = (
    "CREATE DATABASE crm",
    _DEAL,
    "CREATE TABLE crm.secret_pay (id int)",
    f"CREATE USER reader@'%' IDENTIFIED BY '{PASSWORD}'",
    "GRANT SELECT ON crm.deal TO reader@'%'",
    "CREATE USER nothing@'%' IDENTIFIED BY 'nothing-pass-1'",
)


@pytest.fixture(scope="module")
def server() -> Iterator[MariaDb]:
    from tests.support.mariadb import running_mariadb

    with running_mariadb() as made:
        made.execute(*_SETUP)
        yield made


@pytest.fixture
def crm(server: MariaDb, monkeypatch: pytest.MonkeyPatch) -> MariaDb:
    monkeypatch.setattr(sql_table, "PAGE", 3)
    rows = [_ROW.format(n=n, amount=100 + n, open=n % 2) for n in range(1, 11)]
    server.execute(
        "SET time_zone = '+00:00'",
        "DELETE FROM crm.deal",
        f"INSERT INTO crm.deal VALUES {', '.join(rows)}",
    )
    return server


def settings(server: MariaDb, streams: Any = None, **others: Any) -> dict[str, Any]:
    database = {
        "kind": "MYSQL",
        "host": "localhost",
        "port": server.port,
        "name": "crm",
        "user": "reader",
        "tls": "VERIFY",
        "authority": server.certificate,
        **others.pop("database", {}),
    }
    own = {"database": database, "password": PASSWORD, "zone": "Asia/Shanghai"}
    return {**own, "streams": streams or {"deals": STREAM}, **others}


def context(config: Any) -> Context:
    databases = way(config, Path(), ["localhost", "127.0.0.1"])
    return Context(config=config, folder=Path(), now=NOW, databases=databases)


def read_all(config: Any, cursors: Any = None) -> list[Any]:
    return read(config, Path(), cursors, private=["localhost", "127.0.0.1"])


def test_every_kind_of_column_arrives_exact(crm: MariaDb) -> None:
    found = records(read_all(settings(crm)))
    assert len(found) == 10
    digest = "06eb7d6a69ee19e5fbdf749018d3d2abfa04bcbd1365db312eb86dc7169389b8"
    assert found["1"] == {
        "id": 1,
        "day": "2026-09-01",
        "amount": Decimal("101.0001"),
        "rate": Decimal("0.10"),
        "open": 1,
        "flags": 5,
        "at": "2026-09-01T00:00:00.000000+00:00",
        "local": "2026-09-01T08:00:00.250",
        "tags": "a,b",
        "note": '{"x": 0.10}',
        "photo": f"sha256:{digest}",
        "changed": "2026-09-01T00:00:00.000000+00:00",
    }


def test_a_day_that_is_none_spoils_nothing_and_late_commits_are_read(crm: MariaDb) -> None:
    crm.execute(
        "SET time_zone = '+00:00', sql_mode = ''",
        "UPDATE crm.deal SET day = '0000-00-00', `local` = '0000-00-00' WHERE id = 3",
    )
    first = read_all(settings(crm))
    assert records(first)["3"]["day"] == "0000-00-00"
    seen = {m.stream: m.cursor for m in first if isinstance(m, Checkpoint)}
    assert seen == {"deals": {"seen": "2026-09-10 00:00:00.000000"}}
    crm.execute(
        "SET time_zone = '+00:00'",
        "INSERT INTO crm.deal (id, changed) VALUES (30, '2026-09-09 23:30:00'), (31, NULL)",
    )
    assert set(records(read_all(settings(crm), seen))) == {"10", "30", "31"}


def test_one_read_sees_one_state_of_the_data(crm: MariaDb) -> None:
    config = settings(crm)
    reading = SqlConnector().read(context(config), ReadRequest(streams=("deals",)))
    begun = [next(reading) for _ in range(4)]
    crm.execute("DELETE FROM crm.deal WHERE id = 8")
    assert "8" in records([*begun, *reading])
    assert "8" not in list(SqlConnector().keys(context(config), "deals"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, (CheckCode.OK, "")),
        ({"password": "not-the-password"}, (CheckCode.AUTHENTICATION, "source_access_refused")),
        ({"user": "nobody_here"}, (CheckCode.AUTHENTICATION, "source_access_refused")),
        (
            {"user": "nothing", "password": "nothing-pass-1"},
            (CheckCode.PERMISSION, "sql_database_forbidden"),
        ),
        ({"name": "no_such"}, (CheckCode.PERMISSION, "sql_database_forbidden")),
        ({"port": 1}, (CheckCode.UNREACHABLE, "source_unreachable")),
        ({"authority": ""}, (CheckCode.CONFIGURATION, "sql_tls_refused")),
        ({"authority": "no PEM"}, (CheckCode.CONFIGURATION, "source_setting_invalid")),
        ({"host": "127.0.0.1"}, (CheckCode.CONFIGURATION, "sql_tls_refused")),
        ({"tls": "OFF"}, (CheckCode.OK, "")),
        ({"table": "no_such"}, (CheckCode.PERMISSION, "sql_table_forbidden")),
        ({"table": "secret_pay"}, (CheckCode.PERMISSION, "sql_table_forbidden")),
        ({"key": ["no_such"]}, (CheckCode.CONFIGURATION, "sql_column_missing")),
        ({"floats": {}}, (CheckCode.CONFIGURATION, "sql_float_undeclared")),
    ],
)
def test_check_tells_apart_what_is_wrong(crm: MariaDb, change: dict[str, Any], told: Any) -> None:
    password = change.get("password", PASSWORD)
    stream = {**STREAM, **{name: value for name, value in change.items() if name in STREAM}}
    own = {n: v for n, v in change.items() if n not in STREAM and n != "password"}
    config = settings(crm, {"deals": stream}, password=password, database=own)
    report = SqlConnector().check(context(config))
    assert (report.code, report.findings[0].code if report.findings else "") == told


def test_a_missing_table_and_database_are_named_to_who_may_know(crm: MariaDb) -> None:
    crm.execute("GRANT SELECT ON *.* TO reader@'%'")
    try:
        config = settings(crm, {"deals": {**STREAM, "table": "no_such"}})
        assert SqlConnector().check(context(config)).findings[0].code == "sql_table_missing"
        config = settings(crm, database={"name": "no_such"})
        assert SqlConnector().check(context(config)).findings[0].code == "sql_database_unknown"
    finally:
        crm.execute("REVOKE SELECT ON *.* FROM reader@'%'")


def test_the_transaction_is_read_only_and_takes_one_statement(crm: MariaDb) -> None:
    crm.execute("GRANT ALL ON crm.* TO reader@'%'")
    try:
        place = read_settings(settings(crm)).place(5)
        with way(settings(crm), Path(), ["localhost"]).open(place) as database:
            for text in (
                "DELETE FROM deal WHERE 1 <> ",
                "SELECT 1; SELECT ",
                "SELECT 1 INTO OUTFILE ",
            ):
                with pytest.raises(ConnectorFailure):
                    database.ask(Wording(place.kind).text(text).value("x").statement("x"))
            (row,) = database.ask(
                Wording(place.kind).text("SELECT ").value("a'\\b%s").statement("x")
            ).rows
        assert row == ("a'\\b%s",)
        assert len(records(read_all(settings(crm)))) == 10
    finally:
        crm.execute("REVOKE ALL ON crm.* FROM reader@'%'")


def test_what_takes_too_long_is_ended_by_the_server(crm: MariaDb) -> None:
    query = "SELECT id, changed, SLEEP(3) AS slept FROM deal"
    config = settings(crm, {"deals": {**DEALS, "table": "", "query": query}}, seconds=1)
    with pytest.raises(Transient) as raised:
        read_all(config)
    assert raised.value.code == "sql_too_slow"
