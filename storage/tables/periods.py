"""Closing and correcting: what was decided about periods, and what a correction came to."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, String, Table, Text

from storage.sealed import Form, Purpose, Sealed
from storage.tables.columns import (
    Id,
    bulk_entity_column,
    entity_column,
    known_column,
    metadata,
)

period_state = Table(
    "period_state",
    metadata,
    Column("legal_entity_id", Id, ForeignKey("legal_entity.id"), primary_key=True),
    Column("period", String(20), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("state", String(20), nullable=False),
    Column("run_id", Id),  # the run that was made final by a close
    Column("decision_id", Id),  # what two people decided, where it was opened again
    known_column(),
    Column("made_by", Id),
    Column("reason", Text),
)

period_reopening = Table(  # a request and what a second person decided, as revisions
    "period_reopening",
    metadata,
    Column("id", Id, primary_key=True),
    Column("revision", Integer, primary_key=True),
    entity_column(),
    Column("period", String(20), nullable=False),
    Column("state", String(20), nullable=False),  # REQUESTED, GRANTED or REFUSED
    known_column(),
    Column("made_by", Id),
    Column("on_behalf_of", Id),
    Column("reason", Text, nullable=False),
)

_AMOUNT = Sealed(Purpose.PAY, Form.WHOLE, ("id",))

correction_line = Table(  # what one cause changed for one person and component since the close
    "correction_line",
    metadata,
    Column("run_id", Id, primary_key=True),
    Column("person_id", Id, primary_key=True),
    Column("component", String(120), primary_key=True),
    Column("currency", String(3), primary_key=True),
    Column("cause", String(30), primary_key=True),
    Column("id", Id, nullable=False, unique=True),
    bulk_entity_column(),
    Column("amount", _AMOUNT, nullable=False),  # since the close
    Column("booked", _AMOUNT, nullable=False),  # by this correction: the rest was booked before
)
