"""Rights beside the roles: settings of a legal entity, delegations, an auditor's reasons."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Integer, String, Table, Text

from storage.tables.columns import Id, entity_column, metadata, rule_columns
from storage.types import Document, Instant

entity_setting = Table(  # what a legal entity decides about who sees what; the latest start holds
    "entity_setting",
    metadata,
    *rule_columns("id"),
    entity_column(),
    Column("privacy_minimum", Integer, nullable=False),
    Column("leaderboard", String(30), nullable=False),
    Column("team_pay", Boolean, nullable=False),
)

delegation = Table(  # what one account may do on behalf of another; taken back by ``voided``
    "delegation",
    metadata,
    *rule_columns("id"),
    entity_column(),
    Column("from_account", Id, ForeignKey("account.id"), nullable=False, index=True),
    Column("to_account", Id, ForeignKey("account.id"), nullable=False, index=True),
    Column("rights", Document, nullable=False),  # [resource, deed] pairs
)

access_reason = Table(  # why an auditor reads pay, until it expires
    "access_reason",
    metadata,
    Column("id", Id, primary_key=True),
    entity_column(),
    Column("account_id", Id, ForeignKey("account.id"), nullable=False, index=True),
    Column("person_id", Id),  # whose pay; null for anybody's of the legal entity
    Column("reason", Text, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
)

access_reading = Table(  # whose pay was read under a reason: once per person and period
    "access_reading",
    metadata,
    Column("reason_id", Id, ForeignKey("access_reason.id"), primary_key=True),
    Column("person_id", Id, primary_key=True),
    Column("period", String(20), primary_key=True),
    entity_column(),
    Column("read_at", Instant, nullable=False),
)
