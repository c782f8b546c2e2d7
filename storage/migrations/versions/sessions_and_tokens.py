"""Sessions of phones with refresh tokens, what sessions say of themselves, tokens of vendors."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.types import Document, Instant

revision = "sessions_and_tokens"
down_revision = "anchored_trail"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up; the sessions that there are belong to browsers."""
    with op.batch_alter_table("session", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("kind", sa.String(length=10), server_default="BROWSER", nullable=False)
        )
        batch_op.add_column(sa.Column("client", sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column("last_seen_at", Instant(), nullable=True))
        batch_op.add_column(sa.Column("token_expires_at", Instant(), nullable=True))
        batch_op.add_column(sa.Column("ended_why", sa.String(length=20), nullable=True))
        batch_op.create_index(batch_op.f("ix_session_account_id"), ["account_id"], unique=False)
    op.create_table(
        "refresh_token",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("legal_entity_id", sa.String(length=40), nullable=False),
        sa.Column("session_id", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.Column("key_hash", sa.String(length=64), nullable=True),
        sa.Column("salt", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["legal_entity_id"], ["legal_entity.id"], name=op.f("fk_refresh_token_legal_entity_id")
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name=op.f("fk_refresh_token_session_id")
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_refresh_token")),
    )
    op.create_index(op.f("ix_refresh_token_session_id"), "refresh_token", ["session_id"])
    op.create_table(
        "vendor_token",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("legal_entity_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("scopes", Document, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("salt", sa.String(length=64), nullable=True),
        sa.Column("made_by", sa.String(length=40), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("last_used_at", Instant(), nullable=True),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["legal_entity_id"], ["legal_entity.id"], name=op.f("fk_vendor_token_legal_entity_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vendor_token")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_vendor_token_token_hash")),
        sa.UniqueConstraint(
            "legal_entity_id",
            "name",
            "number",
            name=op.f("uq_vendor_token_legal_entity_id_name_number"),
        ),
    )


def downgrade() -> None:
    """Go down; phones are signed out."""
    op.drop_table("vendor_token")
    op.drop_table("refresh_token")
    op.execute("DELETE FROM session WHERE kind <> 'BROWSER'")
    with op.batch_alter_table("session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_session_account_id"))
        for name in ("ended_why", "token_expires_at", "last_seen_at", "client", "kind"):
            batch_op.drop_column(name)
