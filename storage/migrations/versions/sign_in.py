"""Signing in elsewhere, and a version on accounts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.types import Instant

revision = "sign_in"
down_revision = "sealed_columns"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "account_login",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("voided", sa.Boolean(), nullable=False),
        sa.Column("known_at", Instant(), nullable=False),
        sa.Column("made_by", sa.String(length=40), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("legal_entity_id", sa.String(length=40), nullable=False),
        sa.Column("account_id", sa.String(length=40), nullable=False),
        sa.Column("provider", sa.String(length=40), nullable=False),
        sa.Column("issuer", sa.String(length=400), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_account_login_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["legal_entity_id"], ["legal_entity.id"], name=op.f("fk_account_login_legal_entity_id")
        ),
        sa.PrimaryKeyConstraint("id", "revision", name=op.f("pk_account_login")),
    )
    op.create_index(op.f("ix_account_login_account_id"), "account_login", ["account_id"])
    op.create_index("ix_account_login_subject", "account_login", ["subject", "provider"])
    op.create_table(
        "sign_in_attempt",
        sa.Column("browser_hash", sa.String(length=64), nullable=False),
        sa.Column("legal_entity_id", sa.String(length=40), nullable=False),
        sa.Column("provider", sa.String(length=40), nullable=False),
        sa.Column("return_to", sa.String(length=600), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["legal_entity_id"],
            ["legal_entity.id"],
            name=op.f("fk_sign_in_attempt_legal_entity_id"),
        ),
        sa.PrimaryKeyConstraint("browser_hash", name=op.f("pk_sign_in_attempt")),
    )
    op.create_index(op.f("ix_sign_in_attempt_expires_at"), "sign_in_attempt", ["expires_at"])
    op.add_column("account", sa.Column("version", sa.Integer(), nullable=False, server_default="1"))


def downgrade() -> None:
    """Go down."""
    op.drop_column("account", "version")
    op.drop_table("sign_in_attempt")
    op.drop_table("account_login")
