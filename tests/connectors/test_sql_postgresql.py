"""The connector for databases, against PostgreSQL: rights, exact values, one state of the data."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import psycopg
import pytest

from connectors import sql_table
from connectors.contract import CheckCode, Checkpoint, Context, ReadRequest, Rejected
from connectors.databases import DatabasePlace
from connectors.databases_host import GuardedDatabases
from connectors.failures import AuthExpired, ConfigurationRefused, ConnectorFailure, Transient
from connectors.sql import SqlConnector
from connectors.sql_query import Wording
from connectors.sql_settings import read_settings
from connectors.testing import CHECKS, Case, Faults
from tests.support.certificate import self_signed
from tests.support.postgres import Cluster
from tests.support.source_web import NOW
from tests.support.sql_source import DEALS, read, records, way

READER, PASSWORD = "attain_reader", "reader-pass-91c4"
_TABLES = """
CREATE SCHEMA crm;
CREATE TABLE crm.deal (
    id bigint PRIMARY KEY, day date, amount numeric(14,4), rate double precision, open boolean,
    at timestamptz, "local" timestamp, tags text[], note jsonb, photo bytea,
    changed timestamptz);
INSERT INTO crm.deal SELECT n, date '2026-09-01' + n, 100 + n + 0.0001, 0.1, n % 2 = 0,
    timestamptz '2026-09-01 08:00:00+08' + n * interval '1 day', timestamp '2026-09-01 08:00:00.25',
    '{a,b}', '{"x": 0.10}', '\\x00ff', timestamptz '2026-09-01 00:00:00+00' + n * interval '1 day'
    FROM generate_series(1, 10) AS n;
CREATE TABLE crm.secret_pay (id int);
CREATE ROLE attain_reader LOGIN PASSWORD 'reader-pass-91c4';
GRANT USAGE ON SCHEMA crm TO attain_reader;
GRANT SELECT ON crm.deal TO attain_reader;
GRANT USAGE ON SCHEMA public TO attain_reader;
"""
STREAM: dict[str, Any] = {**DEALS, "schema": "crm", "floats": {"rate": 2}}


@dataclass(frozen=True)
class Crm:
    cluster: Cluster
    database: str

    def settings(self, streams: Any = None, **others: Any) -> dict[str, Any]:
        own = {"host": self.cluster.host, "name": self.database, "user": READER, "tls": "OFF"}
        return {
            "database": {"kind": "POSTGRESQL", "port": self.cluster.port, **own},
            "password": PASSWORD,
            "zone": "Asia/Shanghai",
            "streams": streams or {"deals": STREAM},
            **others,
        }

    def connect(self) -> Any:
        host, port = self.cluster.host, self.cluster.port
        return psycopg.connect(
            host=host, port=port, user="attain", dbname=self.database, autocommit=True
        )

    def execute(self, text: str) -> None:
        with self.connect() as connection:
            connection.execute(text)

    def read(self, config: Any = None, cursors: Any = None) -> list[Any]:
        return read(config or self.settings(), Path(), cursors, private=[self.cluster.host])

    def check(self, config: Any) -> tuple[CheckCode, str, dict[str, str]]:
        context = self.context(config)
        report = SqlConnector().check(context)
        found = report.findings[0] if report.findings else None
        return report.code, found.code if found else "", dict(found.values) if found else {}

    def context(self, config: Any) -> Context:
        databases = way(config, Path(), [self.cluster.host])
        return Context(config=config, folder=Path(), now=NOW, databases=databases)


@pytest.fixture(scope="module")
def server(postgres_cluster: Cluster) -> Iterator[Crm]:
    """A database beside ours, and an account with a password that may read one table of it."""
    made = Crm(postgres_cluster, postgres_cluster.create_database())
    made.execute(_TABLES)
    rules = postgres_cluster.folder / "data" / "pg_hba.conf"
    before = rules.read_text("utf-8")
    rules.write_text(f"local all {READER} scram-sha-256\n{before}", "utf-8")
    made.execute("SELECT pg_reload_conf()")
    wrong = made.settings(password="not-the-password")
    for _ in range(100):
        if made.check(wrong)[0] is CheckCode.AUTHENTICATION:
            break
        time.sleep(0.05)
    yield made
    rules.write_text(before, "utf-8")
    made.execute("SELECT pg_reload_conf()")
    made.execute(f"DROP OWNED BY {READER}; DROP ROLE {READER}")
    postgres_cluster.drop_database(made.database)


@pytest.fixture
def crm(server: Crm, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crm]:
    monkeypatch.setattr(sql_table, "PAGE", 3)
    yield server
    server.execute("DELETE FROM crm.deal WHERE id > 10")


class _Case(Case):
    """A case whose context leads to the server."""

    crm: ClassVar[Crm]

    def context(self, config: Any = None, web: Any = None) -> Context:
        return self.crm.context(self.config if config is None else config)


def _faults(crm: Crm) -> Faults:
    ticks = count(1)

    def put(number: int, changed: str) -> tuple[str, str]:
        crm.execute(
            "INSERT INTO crm.deal (id, amount, changed)"
            f" VALUES ({number}, {next(ticks)}, {changed})"
            " ON CONFLICT (id) DO UPDATE SET amount = excluded.amount, changed = excluded.changed"
        )
        return "deals", str(number)

    def soon() -> str:
        return f"timestamptz '2026-09-20 00:00:00+00' + {next(ticks)} * interval '1 microsecond'"

    def delete() -> tuple[str, str]:
        crm.execute("DELETE FROM crm.deal WHERE id = 99")
        return "deals", "99"

    return Faults(
        insert=lambda: put(100 + next(ticks), soon()),
        change=lambda: put(98, soon()),
        delete=delete,
        tie=lambda: {put(number, "'2026-09-21 00:00:00+00'") for number in range(200, 208)},
        undated=lambda: put(97, "NULL"),
    )


@pytest.mark.parametrize("number", ["K06", "K17", "K18", "K19", "K20", "K25", "K26", "K31"])
def test_the_contract_is_kept_with_a_server_too(crm: Crm, number: str) -> None:
    crm.execute(
        "INSERT INTO crm.deal (id, amount, changed) SELECT n, 1, '2026-09-15 00:00:00+00'"
        " FROM generate_series(98, 99) AS n"
    )
    _Case.crm = crm
    CHECKS[number](
        _Case(
            connector=SqlConnector(),
            folder=Path(),
            config=crm.settings(),
            streams=("deals",),
            faults=_faults(crm),
        )
    )


def test_every_kind_of_column_arrives_exact(crm: Crm) -> None:
    found = records(crm.read())
    assert len(found) == 10
    digest = "06eb7d6a69ee19e5fbdf749018d3d2abfa04bcbd1365db312eb86dc7169389b8"
    assert found["1"] == {
        "id": 1,
        "day": "2026-09-02",
        "amount": Decimal("101.0001"),
        "rate": Decimal("0.10"),
        "open": False,
        "at": "2026-09-02T00:00:00+00:00",
        "local": "2026-09-01T08:00:00.25",
        "tags": "{a,b}",
        "note": '{"x": 0.10}',
        "photo": f"sha256:{digest}",
        "changed": "2026-09-02T00:00:00+00:00",
    }


def test_infinite_and_ancient_times_and_nan_spoil_nothing(crm: Crm) -> None:
    crm.execute(
        "INSERT INTO crm.deal (id, amount, at, changed) VALUES"
        " (20, 1, '0044-03-15 00:00:00+00 BC', 'infinity'), (21, 'NaN', NULL, NULL)"
    )
    messages = crm.read()
    found = records(messages)
    assert (found["20"]["at"], found["20"]["changed"]) == (
        "0044-03-15 00:00:00+00 BC",
        "infinity",
    )
    bad = [(m.key, m.reason) for m in messages if isinstance(m, Rejected)]
    assert bad == [("21", "sql_number_not_finite")]
    # Infinity is later than everything: as a cursor it would hide every change to come.
    ends = [m.cursor for m in messages if isinstance(m, Checkpoint)]
    assert ends[-1] == {"seen": "2026-09-11 00:00:00"}


def test_a_transaction_that_commits_late_is_read_by_the_next_run(crm: Crm) -> None:
    late = crm.connect()
    late.autocommit = False
    late.execute("INSERT INTO crm.deal (id, changed) VALUES (30, '2026-09-10 23:30:00+00')")
    first = crm.read()
    late.commit()
    late.close()
    assert "30" not in records(first)
    seen = {m.stream: m.cursor for m in first if isinstance(m, Checkpoint)}
    assert set(records(crm.read(cursors=seen))) == {"10", "30"}


def test_one_read_sees_one_state_of_the_data(crm: Crm) -> None:
    config = crm.settings()
    reading = SqlConnector().read(crm.context(config), ReadRequest(streams=("deals",)))
    begun = [next(reading) for _ in range(4)]
    crm.execute("UPDATE crm.deal SET changed = changed + interval '9 days' WHERE id = 5")
    crm.execute("DELETE FROM crm.deal WHERE id = 8")
    whole = records([*begun, *reading])
    assert whole["5"]["changed"] == "2026-09-06T00:00:00+00:00"
    assert "8" in whole
    crm.execute("UPDATE crm.deal SET changed = changed - interval '9 days' WHERE id = 5")
    crm.execute("INSERT INTO crm.deal (id, amount, changed) VALUES (8, 1, '2026-09-09 00:00+00')")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"password": "not-the-password"}, (CheckCode.AUTHENTICATION, "source_access_refused")),
        ({"user": "nobody_here"}, (CheckCode.AUTHENTICATION, "source_access_refused")),
        ({"name": "no_such"}, (CheckCode.CONFIGURATION, "sql_database_unknown")),
        ({"host": "/tmp/elsewhere"}, (CheckCode.CONFIGURATION, "source_host_refused")),
        ({"table": "no_such"}, (CheckCode.CONFIGURATION, "sql_table_missing")),
        ({"schema": "no_such"}, (CheckCode.CONFIGURATION, "sql_table_missing")),
        ({"table": "secret_pay"}, (CheckCode.PERMISSION, "sql_table_forbidden")),
        ({"key": ["no_such"]}, (CheckCode.CONFIGURATION, "sql_column_missing")),
        ({"columns": ["no_such"]}, (CheckCode.CONFIGURATION, "sql_column_missing")),
        ({"key": ["rate"]}, (CheckCode.CONFIGURATION, "sql_key_unusable")),
        ({"floats": {}}, (CheckCode.CONFIGURATION, "sql_float_undeclared")),
        (
            {"changes": {"kind": "TIME", "column": "amount", "again_minutes": 1}},
            (CheckCode.CONFIGURATION, "sql_changes_unusable"),
        ),
        (
            {"query": "SELECT id, id, changed FROM crm.deal"},
            (CheckCode.CONFIGURATION, "sql_column_twice"),
        ),
    ],
)
def test_check_tells_apart_what_is_wrong(crm: Crm, change: dict[str, Any], told: Any) -> None:
    config: dict[str, Any] = crm.settings()
    stream = {**STREAM, **{name: value for name, value in change.items() if name in STREAM}}
    if "query" in change:
        stream = {**DEALS, "table": "", "query": change["query"]}
    own = {name: value for name, value in change.items() if name in config["database"]}
    config["database"] = {**config["database"], **own}
    config["streams"] = {"deals": {**stream, **{n: change[n] for n in ("columns",) if n in change}}}
    config["password"] = change.get("password", PASSWORD)
    code, finding, values = crm.check(config)
    assert (code, finding) == told
    if finding == "sql_column_missing":
        assert values["column"] == "no_such"


@pytest.mark.parametrize(
    "query",
    [
        "SELECT id, changed, set_config('transaction_read_only', 'off', true) FROM crm.deal",
        "SELECT id, changed, pg_notify('x', 'y') FROM crm.deal",
        "SELECT id, changed, nextval('crm.number') FROM crm.deal",
    ],
)
def test_the_transaction_is_read_only_whatever_is_selected(crm: Crm, query: str) -> None:
    crm.execute("CREATE SEQUENCE IF NOT EXISTS crm.number; GRANT ALL ON crm.number TO public")
    stream = {**DEALS, "table": "", "query": query, "deletes": {"kind": "NONE"}}
    config = crm.settings({"deals": stream})
    place = read_settings(config).place(5)
    with way(config, Path(), [crm.cluster.host]).open(place) as database:
        if "pg_notify" not in query:
            with pytest.raises(ConnectorFailure):
                database.ask(
                    Wording(place.kind).text(query).text(" LIMIT ").value(1).statement("x")
                )
        for text in ("DELETE FROM crm.deal", "SELECT 1; SELECT 2", "COMMIT; DROP TABLE crm.deal"):
            with pytest.raises(ConnectorFailure):
                database.ask(Wording(place.kind).text(text).text(" -- ").value(1).statement("x"))
    assert len(records(crm.read())) == 10


def test_a_percent_sign_in_a_select_is_no_place_for_a_value(crm: Crm) -> None:
    query = "SELECT id, changed, id % 4 AS rest FROM crm.deal WHERE tags[1] LIKE 'a%'"
    stream = {**DEALS, "table": "", "query": query}
    assert records(crm.read(crm.settings({"deals": stream})))["7"]["rest"] == 3


def test_columns_that_may_not_be_read_need_not_be(crm: Crm) -> None:
    crm.execute("REVOKE SELECT ON crm.deal FROM attain_reader")
    crm.execute("GRANT SELECT (id, changed, amount) ON crm.deal TO attain_reader")
    try:
        config = crm.settings()
        assert crm.check(config)[1] == "sql_table_forbidden"
        config["streams"] = {"deals": {**DEALS, "schema": "crm", "columns": ["amount"]}}
        assert crm.check(config)[0] is CheckCode.OK
        assert set(records(crm.read(config))["1"]) == {"amount", "id", "changed"}
    finally:
        crm.execute("GRANT SELECT ON crm.deal TO attain_reader")


def test_what_takes_too_long_is_ended_by_the_server(crm: Crm) -> None:
    query = "SELECT id, changed, pg_sleep(5) FROM crm.deal"
    config = crm.settings({"deals": {**DEALS, "table": "", "query": query}}, seconds=1)
    with pytest.raises(Transient) as raised:
        crm.read(config)
    assert raised.value.code == "sql_too_slow"


def test_a_connection_that_is_cut_is_tried_again_and_not_called_a_mistake(crm: Crm) -> None:
    reading = SqlConnector().read(crm.context(crm.settings()), ReadRequest(streams=("deals",)))
    next(reading)
    cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{READER}'"
    crm.execute(cut)
    with pytest.raises(Transient) as raised:
        list(reading)
    assert raised.value.code == "source_unreachable"


def place(host: str, **others: Any) -> DatabasePlace:
    own = {"kind": "POSTGRESQL", "host": host, "name": "crm", "user": "u", "tls": "VERIFY"}
    config: dict[str, Any] = {"database": {**own, **others}, "password": "secret-1", "zone": "UTC"}
    return read_settings({**config, "streams": {"deals": DEALS}}).place(5)


def guarded(*addresses: str, private: str = "", host: str = "db.acme.example") -> GuardedDatabases:
    return GuardedDatabases(
        hosts=frozenset({host}),
        private=frozenset({private} - {""}),
        folder=None,
        resolve=lambda _host, _port: addresses,
    )


@pytest.mark.parametrize(
    ("databases", "asked", "code"),
    [
        (guarded("10.0.0.5"), place("db.acme.example"), "source_host_refused"),
        (guarded("93.184.216.34", "127.0.0.1"), place("db.acme.example"), "source_host_refused"),
        (guarded("93.184.216.34"), place("other.example"), "source_host_refused"),
        (guarded("93.184.216.34"), place("db.acme.example,127.0.0.1"), "source_host_refused"),
        (guarded("93.184.216.34"), place("/var/run/postgresql"), "source_host_refused"),
        (guarded("93.184.216.34"), place("@abstract"), "source_host_refused"),
        (guarded("93.184.216.34"), place("db.acme.example", tls="OFF"), "source_host_refused"),
        (guarded(), place("db.acme.example"), "source_unknown_host"),
    ],
)
def test_a_server_is_held_to_the_same_rule_as_a_web_address(
    databases: GuardedDatabases, asked: DatabasePlace, code: str
) -> None:
    with pytest.raises(ConnectorFailure) as raised:
        databases.open(asked)
    assert raised.value.code == code


@pytest.mark.parametrize("name", ["host=127.0.0.1", "postgresql://x/y", ""])
def test_the_name_of_a_database_is_no_address(name: str) -> None:
    with pytest.raises(ConfigurationRefused) as raised:
        place("db.acme.example", name=name)
    assert raised.value.values == {"field": "$.database.name"}


@pytest.fixture
def without_tls() -> Iterator[int]:
    """A server that answers the question for TLS with no, as PostgreSQL does."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            while True:
                try:
                    peer, _ = listening.accept()
                except OSError:
                    return
                with peer:
                    if peer.recv(8):
                        peer.sendall(b"N")

        threading.Thread(target=answer, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def test_without_tls_no_password_is_told(without_tls: int) -> None:
    databases = guarded("127.0.0.1", private="db.acme.example")
    with (
        pytest.raises(ConfigurationRefused) as raised,
        databases.open(place("db.acme.example", port=without_tls)),
    ):
        pass
    assert raised.value.code == "sql_tls_refused"


def test_a_wrong_password_is_never_tried_twice(crm: Crm) -> None:
    with pytest.raises(AuthExpired) as raised:
        crm.read(crm.settings(password="not-the-password"))
    assert raised.value.values == {"status": "28P01"}
    assert "not-the-password" not in repr(raised.value) + repr(raised.value.__context__)


@pytest.mark.long
def test_a_certificate_is_checked_against_its_name_and_its_authority(
    durable_postgres: Cluster,
) -> None:
    folder = durable_postgres.folder / "data"
    authority = self_signed(folder / "server.crt", folder / "server.key")
    owner = folder.stat()
    for name in ("server.crt", "server.key"):
        os.chown(folder / name, owner.st_uid, owner.st_gid)
        (folder / name).chmod(0o600)
    where: dict[str, Any] = {"host": "127.0.0.1", "port": durable_postgres.port, "user": "attain"}
    with psycopg.connect(**where, dbname="postgres", autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET ssl = on")
        connection.execute("SELECT pg_reload_conf()")
    asked = {"port": durable_postgres.port, "name": "postgres", "user": "attain"}
    found = {}
    for host, own in (("localhost", authority), ("127.0.0.1", authority), ("localhost", "")):
        databases = guarded("127.0.0.1", private=host, host=host)
        told = place(host, **asked, authority=own)
        words = Wording(told.kind).text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        for _ in range(50):
            try:
                with databases.open(told) as database:
                    found[host, bool(own)] = str(database.ask(words.statement("x")).rows)
                break
            except ConfigurationRefused as refused:
                found[host, bool(own)] = refused.code
                if (host, own) != ("localhost", authority):
                    break
                time.sleep(0.05)  # the server has not read its settings yet
    assert found == {
        ("localhost", True): "[(True,)]",
        ("127.0.0.1", True): "sql_tls_refused",
        ("localhost", False): "sql_tls_refused",
    }


def test_nothing_is_said_aloud_of_an_account_without_a_password(
    crm: Crm, capfd: pytest.CaptureFixture[str]
) -> None:
    config = crm.settings(password="")
    config["database"] = {**config["database"], "user": "attain"}
    assert crm.check(config)[0] is CheckCode.OK
    assert capfd.readouterr() == ("", "")
