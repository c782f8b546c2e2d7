"""Reading single entries of the ledger for whoever books beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, select

from domain.ledger import EntryKind
from storage import tables
from storage.engine import Writing
from storage.sealing import opened_row

_ledger = tables.ledger_entry


def entries_of_source(writing: Writing, source_id: str) -> tuple[Any, ...]:
    """Return every entry that a correction, dispute or decision gave, as booked."""
    return _entries(writing, _ledger.c.source_id == source_id)


def entry_by_id(writing: Writing, entry_id: str) -> Any | None:
    """Return one entry of the legal entity."""
    found = _entries(writing, _ledger.c.id == entry_id)
    return found[0] if found else None


def reversal_of(writing: Writing, entry_id: str) -> Any | None:
    """Return the entry that takes another one back, if one does."""
    found = _entries(writing, _ledger.c.reverses_id == entry_id)
    return found[0] if found else None


def standing_adjustments(
    writing: Writing, origin_period: str, causes: Sequence[str]
) -> tuple[Any, ...]:
    """Return the adjustments of a period's sales for some causes that nobody took back."""
    other = _ledger.alias()
    reversing = select(other.c.reverses_id).where(other.c.reverses_id == _ledger.c.id)
    return _entries(
        writing,
        _ledger.c.origin_period == origin_period,
        _ledger.c.kind == EntryKind.ADJUST.value,
        _ledger.c.cause.in_(list(causes)),
        ~reversing.exists(),
    )


def _entries(writing: Writing, *wanted: ColumnElement[bool]) -> tuple[Any, ...]:
    query = select(_ledger).where(_ledger.c.legal_entity_id == writing.entity_id, *wanted)
    rows = writing.connection.execute(query.order_by(_ledger.c.seq)).all()
    return tuple(opened_row(writing.connection, _ledger, row) for row in rows)
