"""PostgreSQL as a source: one repeatable-read, read-only transaction with a limit on each SELECT.

Only whole numbers, exact numbers, floats, booleans and bytes become Python values; everything else
stays the text that the server wrote, times included: ``infinity`` and years beyond 9999 have no
Python value, and a text given back compares as the column does.
"""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, ClassVar

import psycopg
from psycopg import adapt
from psycopg.types import bool as booleans
from psycopg.types import none, numeric, string

from connectors.databases import (
    Column,
    DatabaseAnswer,
    DatabasePlace,
    Holds,
    Statement,
)
from connectors.failures import (
    AuthExpired,
    ConfigurationRefused,
    ConnectorFailure,
    Forbidden,
    Transient,
)

_CONNECT_SECONDS = 5
_BOOL, _BYTEA, _INT8, _INT2, _INT4, _OID, _NUMERIC = 16, 17, 20, 21, 23, 26, 1700
_FLOATS = (700, 701)
_DATE, _TIMESTAMP, _TIMESTAMPTZ = 1082, 1114, 1184
_HOLDS = {
    **dict.fromkeys((_INT8, _INT2, _INT4, _OID, _NUMERIC), Holds.NUMBER),
    **dict.fromkeys(_FLOATS, Holds.FLOAT),
    _DATE: Holds.DAY,
    _TIMESTAMP: Holds.LOCAL,
    _TIMESTAMPTZ: Holds.INSTANT,
    _BYTEA: Holds.BINARY,
}


class _Text(adapt.Loader):
    """Text as the server wrote it; what is no UTF-8 spoils its own row, not the page."""

    def load(self, data: Any) -> str:
        return bytes(data).decode("utf-8", "surrogateescape")


class _InUtc(_Text):
    """A time with a zone: the session is in UTC, so what is left without it is UTC."""

    def load(self, data: Any) -> str:
        return super().load(data).removesuffix("+00")


class _Adapters:
    """The few conversions there are; what has none arrives as text."""

    made: ClassVar[adapt.AdaptersMap | None] = None

    @classmethod
    def get(cls) -> adapt.AdaptersMap:
        if cls.made is None:
            found = adapt.AdaptersMap(types=psycopg.adapters.types)
            found.register_loader(0, _Text)
            found.register_loader(_BYTEA, string.ByteaLoader)
            found.register_loader(_BOOL, booleans.BoolLoader)
            found.register_loader(_NUMERIC, numeric.NumericLoader)
            found.register_loader(_TIMESTAMPTZ, _InUtc)
            for oid in (_INT8, _INT2, _INT4, _OID):
                found.register_loader(oid, numeric.IntLoader)
            for oid in _FLOATS:
                found.register_loader(oid, numeric.FloatLoader)
            found.register_dumper(str, string.StrDumperUnknown)
            found.register_dumper(bool, booleans.BoolDumper)
            found.register_dumper(int, numeric.IntDumper)
            found.register_dumper("decimal.Decimal", numeric.DecimalDumper)
            found.register_dumper(type(None), none.NoneDumper)
            cls.made = found
        return cls.made


@contextmanager
def open_postgresql(place: DatabasePlace, addresses: tuple[str, ...]) -> Iterator[_Postgresql]:
    """Connect to the addresses that were checked, or to the socket when there are none."""
    with _authority(place) as authority:
        try:
            connection = psycopg.connect(
                **_parameters(place, addresses, authority),
                context=_Context(),
                prepare_threshold=None,  # prepared statements do not survive a pooler
            )
        except (psycopg.Error, UnicodeError) as error:
            raise _not_connected(error, place) from None
    try:
        yield _Postgresql(connection, place)
    finally:
        with suppress(psycopg.Error):
            connection.close()


class _Context:
    """What psycopg wants around a map of adapters."""

    connection = None

    @property
    def adapters(self) -> adapt.AdaptersMap:
        return _Adapters.get()


def _parameters(place: DatabasePlace, addresses: tuple[str, ...], authority: str) -> dict[str, Any]:
    where: dict[str, Any] = {"host": place.host, "port": place.port}
    if addresses:
        many = len(addresses)
        where = {
            "host": ",".join([place.host] * many),
            "hostaddr": ",".join(addresses),
            "port": ",".join([str(place.port)] * many),
        }
    # Nothing of the machine's own accounts: no password file, no certificate of the home folder.
    return {
        **where,
        "dbname": place.name,
        "user": place.user,
        "password": place.password,
        "connect_timeout": _CONNECT_SECONDS,
        "application_name": "attain",
        "client_encoding": "UTF8",
        "passfile": f"{os.devnull}/none",  # libpq says aloud of a device that it is no file
        "sslcertmode": "disable",
        "gssencmode": "disable",
        "sslmode": "verify-full" if place.verified and addresses else "disable",
        "sslrootcert": authority or f"{os.devnull}/none",
        "keepalives_idle": 30,
        "tcp_user_timeout": (place.seconds + 10) * 1000,
    }


@contextmanager
def _authority(place: DatabasePlace) -> Iterator[str]:
    """Give the file of the certificates that count: the settings' own, or the system's."""
    if not place.verified:
        yield ""
    elif not place.authority:
        yield ssl.get_default_verify_paths().cafile or "system"
    else:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".pem") as file:
            file.write(place.authority)
            file.flush()
            yield file.name


class _Postgresql:
    """One connection in one transaction."""

    def __init__(self, connection: psycopg.Connection[Any], place: DatabasePlace) -> None:
        self._connection = connection
        self._place = place
        connection.read_only = True
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        try:
            connection.execute(
                "SELECT set_config('TimeZone', 'UTC', true), set_config('DateStyle', 'ISO', true),"
                " set_config('statement_timeout', %s, true), set_config('lock_timeout', %s, true),"
                " set_config('extra_float_digits', '1', true)",
                (str(place.seconds * 1000), str(place.seconds * 1000)),
            )
        except psycopg.Error as error:
            raise _failed(error, place, place.name) from None

    def ask(self, statement: Statement) -> DatabaseAnswer:
        """Run one SELECT; with values psycopg asks in the protocol that takes one statement."""
        text = "%s".join(piece.replace("%", "%%") for piece in statement.pieces)
        try:
            # A statement that fails must not spoil the transaction for the next question.
            with self._connection.transaction():
                cursor = self._connection.execute(text.encode(), statement.values)
                rows = cursor.fetchall()
        except psycopg.Error as error:
            raise _failed(error, self._place, statement.about) from None
        columns = tuple(
            Column(name=each.name, holds=_HOLDS.get(each.type_code, Holds.OTHER))
            for each in cursor.description or ()
        )
        return DatabaseAnswer(columns=columns, rows=rows)


def _not_connected(error: Exception, place: DatabasePlace) -> ConnectorFailure:
    """Tell why there is no connection; before one there is, only the text says it."""
    state = getattr(error, "sqlstate", None)
    if state:
        return _failed(error, place, place.name)
    said = str(error)
    for sign, failure in (
        (
            "password authentication failed",
            AuthExpired("source_access_refused", {"status": "28P01"}),
        ),
        ("no password supplied", AuthExpired("source_access_refused", {"status": "28P01"})),
        ("authentication failed", AuthExpired("source_access_refused", {"status": "28000"})),
        ("no pg_hba.conf entry", AuthExpired("source_access_refused", {"status": "28000"})),
        ("permission denied for database", Forbidden("sql_database_forbidden", _named(place))),
        ("database", ConfigurationRefused("sql_database_unknown", _named(place))),
    ):
        if "FATAL" in said and sign in said:
            return failure
    if "role" in said and "FATAL" in said:
        return AuthExpired("source_access_refused", {"status": "28000"})
    if any(sign in said for sign in ("SSL", "certificate", "TLS", "tls")):
        return ConfigurationRefused("sql_tls_refused", {"host": place.host})
    return Transient("source_unreachable", {"host": place.host})


def _named(place: DatabasePlace) -> dict[str, str]:
    return {"database": place.name}


def _failed(error: Exception, place: DatabasePlace, about: str) -> ConnectorFailure:
    """Tell what a SQLSTATE means; the server's own text may hold data and is not told."""
    state = str(getattr(error, "sqlstate", None) or "")
    if state in ("28P01", "28000"):
        return AuthExpired("source_access_refused", {"status": state})
    if state == "3D000":
        return ConfigurationRefused("sql_database_unknown", _named(place))
    if state == "42501":
        return Forbidden("sql_table_forbidden", {"place": about})
    if state in ("42P01", "3F000"):
        return ConfigurationRefused("sql_table_missing", {"place": about})
    if state == "42703":
        return ConfigurationRefused("sql_column_missing", {"place": about, "column": "-"})
    if state in ("57014", "55P03"):
        return Transient("sql_too_slow", {"place": about, "seconds": str(place.seconds)})
    if not state or state[:2] in ("08", "53", "57", "40", "25"):
        # Gone, full, shutting down, or a standby that had to give way; 25006 is a SELECT that
        # writes, and no trying again helps it.
        if state == "25006":
            return ConfigurationRefused("sql_query_refused", {"place": about})
        return Transient("source_unreachable", {"host": place.host})
    if state[:2] in ("42", "22", "21", "0A"):
        return ConfigurationRefused("sql_query_refused", {"place": about})
    return ConfigurationRefused("source_answer_refused", {"status": state})
