"""What the connector ``sql`` is told: a database and its streams as data, every choice spoken out.

Read by ``msgspec``: a wrong setting is named by its place (``$.streams.orders.key``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, TypeAlias
from zoneinfo import ZoneInfo

import msgspec

from connectors.contract import Deletes, Json
from connectors.databases import DatabaseKind, DatabasePlace
from connectors.failures import ConfigurationRefused
from connectors.sql_query import is_one_select

Text: TypeAlias = str
CHECK_SECONDS = 5
_MINUTES_MOST = 10_080  # a week
_PORTS = {DatabaseKind.POSTGRESQL: 5432, DatabaseKind.MYSQL: 3306}


class _Told(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Settings that refuse what they do not know."""


class _Server(_Told):
    """A server; ``authority`` is the certificate (PEM) that signs the server's, if it is your own.

    ``tls`` OFF is taken only for hosts that the installation names.
    """

    host: Text
    name: Text
    user: Text
    tls: Literal["VERIFY", "OFF"]
    port: int = 0
    authority: Text = ""


class Postgresql(_Server, tag_field="kind", tag="POSTGRESQL"):
    """PostgreSQL 12 or newer, and what speaks like it."""


class Mysql(_Server, tag_field="kind", tag="MYSQL"):
    """MySQL 8 or MariaDB 10.5, or newer."""


class SqliteFile(_Told, tag_field="kind", tag="SQLITE"):
    """A file in the folder that the operator names."""

    file: Text


class TimeChanges(_Told, tag_field="kind", tag="TIME"):
    """``column`` holds when the row changed; each read begins ``again_minutes`` earlier."""

    column: Text
    again_minutes: Annotated[int, msgspec.Meta(ge=0, le=_MINUTES_MOST)]


class NumberChanges(_Told, tag_field="kind", tag="NUMBER"):
    """``column`` rises with each change; each read begins ``again`` numbers earlier."""

    column: Text
    again: Annotated[int, msgspec.Meta(ge=0)]


class KeepsRows(_Told, tag_field="kind", tag="NONE"):
    """Rows that vanish are not missed."""


class Swept(_Told, tag_field="kind", tag="SWEEP"):
    """After each read the keys that are there are compared with those we have."""


class Marked(_Told, tag_field="kind", tag="TOMBSTONE"):
    """A row is gone when ``column`` holds one of ``values``; without any: when it is filled."""

    column: Text
    values: tuple[Text, ...] = ()


class StreamSettings(_Told):
    """One table, view or SELECT.

    ``columns`` are those that are read (none: all of them). ``floats`` says how a floating number
    becomes an exact one: decimals to round to, or SHORTEST for the shortest that means the same.
    ``day`` is the column of the business date, for reading days again.
    """

    key: tuple[Text, ...]
    changes: TimeChanges | NumberChanges | None
    deletes: KeepsRows | Swept | Marked
    table: Text = ""
    schema: Text = ""
    query: Text = ""
    columns: tuple[Text, ...] = ()
    zone: Text = ""
    day: Text = ""
    floats: dict[str, Annotated[int, msgspec.Meta(ge=0, le=12)] | Literal["SHORTEST"]] = {}
    personal_fields: tuple[Text, ...] = ()

    @property
    def kind_of_deletes(self) -> Deletes:
        """The contract's word for how deletions show."""
        if isinstance(self.deletes, Marked):
            return Deletes.TOMBSTONE
        return Deletes.SWEEP if isinstance(self.deletes, Swept) else Deletes.NONE

    def wanted(self) -> tuple[str, ...]:
        """Return the columns that have to be there, each once."""
        found = [*self.columns, *self.key, self.changes.column if self.changes else "", self.day]
        if isinstance(self.deletes, Marked):
            found.append(self.deletes.column)
        return tuple(dict.fromkeys(name for name in (*found, *self.floats) if name))


class SqlSettings(_Told):
    """The whole configuration; ``zone`` is where times that name none were written."""

    database: Postgresql | Mysql | SqliteFile
    zone: Text
    streams: dict[str, StreamSettings]
    password: Annotated[Text, msgspec.Meta(extra_json_schema={"secret": True})] = ""
    seconds: Annotated[int, msgspec.Meta(ge=1, le=600)] = 60

    def stream(self, name: str) -> StreamSettings:
        """Return the named stream; an unknown one is a refusal."""
        if name not in self.streams:
            raise ConfigurationRefused("stream_unknown", {"stream": name})
        return self.streams[name]

    def zone_of(self, stream: StreamSettings) -> str:
        """Return the zone of the stream's times."""
        return stream.zone or self.zone

    def place(self, seconds: int) -> DatabasePlace:
        """Say where the database is."""
        own = self.database
        if isinstance(own, SqliteFile):
            return DatabasePlace(kind=DatabaseKind.SQLITE, name=own.file, seconds=seconds)
        kind = DatabaseKind.MYSQL if isinstance(own, Mysql) else DatabaseKind.POSTGRESQL
        return DatabasePlace(
            kind=kind,
            name=own.name,
            host=own.host,
            port=own.port or _PORTS[kind],
            user=own.user,
            password=self.password,
            verified=own.tls == "VERIFY",
            authority=own.authority,
            seconds=seconds,
        )


def read_settings(config: Mapping[str, Json]) -> SqlSettings:
    """Read the configuration, or raise ConfigurationRefused naming the place that is wrong."""
    own = {name: value for name, value in config.items() if name != "limits"}
    try:
        settings = msgspec.convert(own, SqlSettings)
    except msgspec.ValidationError as wrong:
        said = str(wrong)
        place = said.rpartition("`")[0].rpartition("`")[2] or "$"
        raise _refused(place) from None
    for field in _wrong(settings):
        raise _refused(field)
    return settings


def _wrong(settings: SqlSettings) -> Iterator[str]:
    own = settings.database
    if not isinstance(own, SqliteFile):
        if not 0 <= own.port <= 65_535:
            yield "$.database.port"
        # libpq reads a name with these as a whole address.
        if not own.name or "=" in own.name or "://" in own.name or "\0" in own.name:
            yield "$.database.name"
        if not own.user:
            yield "$.database.user"
        if not settings.password and not own.host.startswith("/"):
            yield "$.password"
    if not settings.zone or not _is_zone(settings.zone):
        yield "$.zone"
    if not settings.streams:
        yield "$.streams"
    for name, stream in settings.streams.items():
        for field in _wrong_in(stream, is_file=isinstance(own, SqliteFile)):
            yield f"$.streams.{name}.{field}"


def _wrong_in(stream: StreamSettings, *, is_file: bool) -> Iterator[str]:
    if not stream.key or len(set(stream.key)) != len(stream.key):
        yield "key"
    if bool(stream.table) == bool(stream.query):
        yield "table"
    if stream.schema and (is_file or stream.query):
        yield "schema"
    if stream.query and not is_one_select(stream.query):
        yield "query"
    if stream.changes and stream.changes.column in stream.key:
        yield "changes.column"
    if any(not name or "\0" in name for name in (*stream.wanted(), *stream.personal_fields)):
        yield "columns"
    if stream.zone and not _is_zone(stream.zone):
        yield "zone"


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        return False
    return True


def _refused(place: str) -> ConfigurationRefused:
    return ConfigurationRefused("source_setting_invalid", {"field": place})


_DEFINITIONS: Mapping[str, Any] = msgspec.json.schema(SqlSettings)["$defs"]
CONFIG_SCHEMA: Mapping[str, Json] = {**_DEFINITIONS["SqlSettings"], "$defs": _DEFINITIONS}
