"""MySQL and MariaDB as a source: a read-only transaction over one state of the data."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from typing import Any

import pymysql
from pymysql import converters
from pymysql.constants import FIELD_TYPE

from connectors.databases import Column, DatabaseAnswer, DatabasePlace, Holds, Statement
from connectors.failures import (
    AuthExpired,
    ConfigurationRefused,
    ConnectorFailure,
    Forbidden,
    Transient,
)

_CONNECT_SECONDS = 5.0
_MILLISECONDS = 1_000
_BINARY_CHARSET = 63
_WHOLE = (
    FIELD_TYPE.TINY,
    FIELD_TYPE.SHORT,
    FIELD_TYPE.INT24,
    FIELD_TYPE.LONG,
    FIELD_TYPE.LONGLONG,
    FIELD_TYPE.YEAR,
)
_EXACT = (FIELD_TYPE.DECIMAL, FIELD_TYPE.NEWDECIMAL)
_FLOATS = (FIELD_TYPE.FLOAT, FIELD_TYPE.DOUBLE)
_TEXTS = (
    FIELD_TYPE.STRING,
    FIELD_TYPE.VAR_STRING,
    FIELD_TYPE.VARCHAR,
    FIELD_TYPE.BLOB,
    FIELD_TYPE.TINY_BLOB,
    FIELD_TYPE.MEDIUM_BLOB,
    FIELD_TYPE.LONG_BLOB,
)
_HOLDS = {
    **dict.fromkeys((*_WHOLE, *_EXACT, FIELD_TYPE.BIT), Holds.NUMBER),
    **dict.fromkeys(_FLOATS, Holds.FLOAT),
    FIELD_TYPE.DATE: Holds.DAY,
    FIELD_TYPE.NEWDATE: Holds.DAY,
    FIELD_TYPE.DATETIME: Holds.LOCAL,
    FIELD_TYPE.TIMESTAMP: Holds.INSTANT,
    FIELD_TYPE.GEOMETRY: Holds.BINARY,
}
# Times stay text: MySQL's zero days have no Python value.
_CONVERSIONS: dict[Any, Any] = {
    **converters.encoders,
    **dict.fromkeys(_WHOLE, int),
    **dict.fromkeys(_EXACT, Decimal),
    **dict.fromkeys(_FLOATS, float),
    FIELD_TYPE.BIT: lambda raw: int.from_bytes(raw, "big"),
}
_REFUSED = (1045, 1698, 1251, 1862, 4151)
_TOO_SLOW = (1205, 1317, 1969, 3024)
_WRONG_TEXT = (1064, 1060, 1052, 1054, 1149, 1222, 1248, 1305, 1792, 1290)


@contextmanager
def open_mysql(place: DatabasePlace, addresses: tuple[str, ...]) -> Iterator[_Mysql]:
    """Connect to one of the addresses that were checked, or to the socket that was named."""
    connection = pymysql.Connection(
        host=place.host,
        port=place.port,
        user=place.user,
        password=place.password.encode(),  # a text would have to be Latin-1
        database=place.name,
        charset="utf8mb4",
        conv=_CONVERSIONS,
        ssl=_tls(place) if place.verified and addresses else None,
        ssl_disabled=not (place.verified and addresses),
        connect_timeout=int(_CONNECT_SECONDS),
        read_timeout=place.seconds + 10,
        write_timeout=place.seconds + 10,
        local_infile=False,
        program_name="attain",
        defer_connect=True,
    )
    try:
        connection.connect(_plugged(place, addresses))
    except (pymysql.Error, OSError) as error:
        raise _failed(error, place, place.name) from None
    try:
        yield _Mysql(connection, place)
    finally:
        with suppress(pymysql.Error, OSError):
            connection.close()


def _plugged(place: DatabasePlace, addresses: tuple[str, ...]) -> socket.socket:
    """Connect a socket, for the driver would look the name up once more."""
    failure: OSError = OSError("no address")
    for address in addresses or (place.host,):
        try:
            if addresses:
                return socket.create_connection((address, place.port), _CONNECT_SECONDS)
            return _plugged_into(address)
        except OSError as error:
            failure = error
    raise failure


def _plugged_into(path: str) -> socket.socket:
    plug = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    plug.settimeout(_CONNECT_SECONDS)
    try:
        plug.connect(path)
    except OSError:
        plug.close()
        raise
    return plug


def _tls(place: DatabasePlace) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cadata=place.authority or None)
    except (ssl.SSLError, ValueError):
        raise ConfigurationRefused(
            "source_setting_invalid", {"field": "$.database.authority"}
        ) from None


class _Mysql:
    """One connection in one transaction."""

    def __init__(self, connection: pymysql.Connection[Any], place: DatabasePlace) -> None:
        self._connection = connection
        self._place = place
        limit = ("max_execution_time", place.seconds * _MILLISECONDS)
        if "mariadb" in str(connection.get_server_info()).lower():
            limit = ("max_statement_time", place.seconds)
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"SET SESSION time_zone = '+00:00', {limit[0]} = %s", (limit[1],))
                cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        except (pymysql.Error, OSError) as error:
            raise _failed(error, place, place.name) from None

    def ask(self, statement: Statement) -> DatabaseAnswer:
        """Run one SELECT; the driver does not take several statements at once."""
        text = "%s".join(piece.replace("%", "%%") for piece in statement.pieces)
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(text, statement.values)
                rows = cursor.fetchall()
                fields = cursor._result.fields  # noqa: SLF001 - only it tells text from bytes
        except (pymysql.Error, OSError) as error:
            raise _failed(error, self._place, statement.about) from None
        columns = tuple(Column(name=each.name, holds=_holds(each)) for each in fields)
        return DatabaseAnswer(columns=columns, rows=rows)


def _holds(about: Any) -> Holds:
    if about.type_code in _TEXTS and about.charsetnr == _BINARY_CHARSET:
        return Holds.BINARY
    return _HOLDS.get(about.type_code, Holds.OTHER)


def _failed(error: Exception, place: DatabasePlace, about: str) -> ConnectorFailure:
    """Tell what a number of MySQL means; the server's own text may hold data and is not told."""
    if isinstance(error, ssl.SSLError):
        return ConfigurationRefused("sql_tls_refused", {"host": place.host})
    number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    if number in _REFUSED:
        return AuthExpired("source_access_refused", {"status": str(number)})
    if number == 1044:
        return Forbidden("sql_database_forbidden", {"database": place.name})
    if number == 1049:
        return ConfigurationRefused("sql_database_unknown", {"database": place.name})
    if number in (1142, 1143, 1227, 1370):
        return Forbidden("sql_table_forbidden", {"place": about})
    if number == 1146:
        return ConfigurationRefused("sql_table_missing", {"place": about})
    if number == 1054:
        return ConfigurationRefused("sql_column_missing", {"place": about, "column": "-"})
    if number in _TOO_SLOW:
        return Transient("sql_too_slow", {"place": about, "seconds": str(place.seconds)})
    if number == 2026 or isinstance(getattr(error, "original_exception", None), ssl.SSLError):
        return ConfigurationRefused("sql_tls_refused", {"host": place.host})
    if number in _WRONG_TEXT:
        return ConfigurationRefused("sql_query_refused", {"place": about})
    if isinstance(error, OSError | pymysql.OperationalError | pymysql.InterfaceError):
        return Transient("source_unreachable", {"host": place.host})
    return ConfigurationRefused("source_answer_refused", {"status": str(number)})
