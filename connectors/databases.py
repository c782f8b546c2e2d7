"""Databases as a connector sees them: it asks one SELECT at a time, and the host decides the rest.

The host opens the connection, keeps it read-only, holds one state of the data where the database
can, and ends what takes too long. Standard library only, like the rest of the contract; no
connector imports a driver.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Protocol, TypeAlias

from connectors.failures import ConfigurationRefused

# A cell as the driver hands it over. Times are text, "2026-09-01 08:00:00.123"; Column says of what
# zone. Given back as a value of a statement, each compares as the column itself does.
Raw: TypeAlias = str | int | bool | Decimal | float | bytes | None


class DatabaseKind(StrEnum):
    """Which dialect is spoken."""

    POSTGRESQL = "POSTGRESQL"
    MYSQL = "MYSQL"  # MariaDB too
    SQLITE = "SQLITE"


class Holds(StrEnum):
    """What a column holds, as far as the database says."""

    NUMBER = "number"  # exact
    FLOAT = "float"
    DAY = "day"
    LOCAL = "local"  # a time that names no zone
    INSTANT = "instant"  # a time that the database knows in UTC, told in UTC
    BINARY = "binary"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabasePlace:
    """Where a database is and who asks; ``name`` is the file for SQLite, in the host's folder.

    ``verified``: TLS with the server's certificate checked, against ``authority`` (PEM) if given.
    ``seconds`` is the longest that one statement may take.
    """

    kind: DatabaseKind
    name: str
    host: str = ""
    port: int = 0
    user: str = ""
    password: str = field(default="", repr=False)
    verified: bool = True
    authority: str = ""
    seconds: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A SELECT in pieces, with a value between each two of them: values are never text.

    ``about`` names in failures what was asked; ``table`` lets SQLite look up declared types.
    """

    pieces: tuple[str, ...]
    values: tuple[Raw, ...] = ()
    about: str
    table: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of an answer; ``declared_exact``: floats in it were exact numbers when written."""

    name: str
    holds: Holds = Holds.OTHER
    declared_exact: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseAnswer:
    """What came back, all of it: the asker limits how much that is."""

    columns: tuple[Column, ...]
    rows: Sequence[tuple[Raw, ...]]


class OpenDatabase(Protocol):
    """A read-only connection, in one transaction where the database gives one state of the data."""

    def ask(self, statement: Statement) -> DatabaseAnswer:
        """Run one SELECT; failures are those of the contract, without a word of the data."""
        ...


class Databases(Protocol):
    """The way to databases: only to the hosts, and for files the folder, that are allowed."""

    def open(self, place: DatabasePlace) -> AbstractContextManager[OpenDatabase]:
        """Connect; leaving the context closes."""
        ...


class NoDatabases:
    """A host without a way to databases, for connectors that need none."""

    def open(self, place: DatabasePlace) -> AbstractContextManager[OpenDatabase]:
        """Refuse."""
        raise ConfigurationRefused("source_without_databases")
