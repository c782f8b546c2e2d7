"""Installed packs: what was pinned, and the layers that a company laid over it."""

from __future__ import annotations

from sqlalchemy import Column, Date, Integer, String, Table, Text, UniqueConstraint

from storage.tables.columns import Id, entity_column, known_column, metadata
from storage.types import Document

# What a version of a pack said when it was installed: the file may be gone, or say more by now.
pack_content = Table(
    "pack_content",
    metadata,
    Column("id", Id, primary_key=True),
    entity_column(),
    Column("pack_id", String(120), nullable=False),
    Column("pack_version", String(40), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("document", Document, nullable=False),
    known_column(),
    UniqueConstraint("legal_entity_id", "hash"),
)

# A revision for every step: installed, changed, brought to another version.
pack_layer = Table(
    "pack_layer",
    metadata,
    Column("id", Id, primary_key=True),
    entity_column(),
    Column("pack_id", String(120), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("deed", String(20), nullable=False),  # INSTALL, OVERRIDE, UPGRADE
    Column("pack_version", String(40), nullable=False),
    Column("pack_hash", String(64), nullable=False),
    Column("overrides", Document, nullable=False),  # by path: the value, and since which revision
    Column("scope", Document, nullable=False),
    Column("scopes", Document, nullable=False),  # of documents that are for somebody else, by key
    Column("hash", String(64)),  # of what holds; null for what was installed before it was kept
    Column("valid_from", Date, nullable=False),
    known_column(),
    Column("made_by", Id),
    Column("reason", Text),
    UniqueConstraint("legal_entity_id", "pack_id", "revision"),
)
