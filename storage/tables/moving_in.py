"""What an old system paid, kept beside ours while both run."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from storage.sealed import Form, Purpose, Sealed
from storage.tables.columns import Id, Name, bulk_entity_column, entity_column, metadata
from storage.types import Document, Instant

old_result_set = Table(  # a sheet of an old system; the newest revision of a name stands
    "old_result_set",
    metadata,
    Column("id", Id, primary_key=True),
    entity_column(),
    Column("period", String(20), nullable=False),
    Column("name", Name, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("file_name", Name, nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("layout", Document, nullable=False),
    Column("rows_read", Integer, nullable=False),
    Column("rows_taken", Integer, nullable=False),
    Column("problems", Document, nullable=False),  # codes with how often, and the first by row
    Column("taken_at", Instant, nullable=False),
    Column("made_by", Id),
    UniqueConstraint("legal_entity_id", "period", "name", "revision"),
)

old_result = Table(  # one amount of a row: what was paid somebody for a component, or for a sale
    "old_result",
    metadata,
    Column("set_id", Id, ForeignKey("old_result_set.id"), primary_key=True),
    Column("number", Integer, primary_key=True),  # the row of the sheet
    Column("component", String(120), primary_key=True),
    bulk_entity_column(),
    Column("record", String(300)),  # the number of the sale, where each row is one
    Column("person_id", Id),  # null: the name in the sheet is nobody's here, or more than one's
    Column(
        "document",
        Sealed(Purpose.PAY, Form.DOCUMENT, ("set_id", "number", "component")),
        nullable=False,
    ),
    Index("ix_old_result_person", "person_id"),
    Index("ix_old_result_record", "record"),
)
