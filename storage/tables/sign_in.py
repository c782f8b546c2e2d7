"""Signing in elsewhere: which login of which provider is which account, and attempts under way."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, String, Table

from storage.tables.columns import Id, entity_column, metadata, rule_columns
from storage.types import Instant

account_login = Table(  # a login elsewhere is an account's, from a day to a day
    "account_login",
    metadata,
    *rule_columns("id"),
    entity_column(),
    Column("account_id", Id, ForeignKey("account.id"), nullable=False, index=True),
    Column("provider", String(40), nullable=False),
    # Whose subject it is. A provider whose issuer was changed keeps none of its old links.
    Column("issuer", String(400), nullable=False),
    Column("subject", String(255), nullable=False),
    Index("ix_account_login_subject", "subject", "provider"),
)

sign_in_attempt = Table(  # short-lived; what the browser holds is known by its hash alone
    "sign_in_attempt",
    metadata,
    Column("browser_hash", String(64), primary_key=True),
    entity_column(),
    Column("provider", String(40), nullable=False),
    Column("return_to", String(600), nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
)
