"""Column types that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Dialect,
    String,
    TypeDecorator,
    func,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.types import TypeEngine

_SORTABLE = "%Y-%m-%dT%H:%M:%S.%f"


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant: ``timestamptz`` on PostgreSQL, sortable text on SQLite.

    A naive datetime is refused: nobody can say later which zone it was.
    """

    impl = String(26)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the database's own type."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        return dialect.type_descriptor(String(26))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Write an aware instant."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a zone")
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.strftime(_SORTABLE)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Read it back in UTC."""
        if value is None:
            return None
        if dialect.name == "postgresql":
            return value.astimezone(UTC)  # type: ignore[no-any-return]
        return datetime.fromisoformat(value).replace(tzinfo=UTC)  # ten times as quick as by pattern


Document = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def instant_text(connection: Connection, column: ColumnElement[datetime]) -> ColumnElement[Any]:
    """Read an instant as the same text on both databases, whatever lies there.

    An instant before the year 1 or past 9999, which no datetime holds, is a text as well.
    """
    if connection.dialect.name != "postgresql":
        return type_coerce(column, String)
    utc = func.timezone("UTC", column)
    text = func.to_char(utc, 'YYYY-MM-DD"T"HH24:MI:SS.US BC')
    return func.coalesce(func.replace(text, " AD", ""), "infinite")


def text_of_instant(value: datetime) -> str:
    """Write an instant as ``instant_text`` reads it."""
    return value.astimezone(UTC).strftime(_SORTABLE)
