"""Callbacks of sources are kept once, and the breakers of connections can be reset."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.types import Document, Instant

revision = "source_host"
down_revision = "lead_notes"
branch_labels = None
depends_on = None

_ID = sa.String(length=40)


def _entity(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["legal_entity_id"], ["legal_entity.id"], name=op.f(f"fk_{table}_legal_entity_id")
    )


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "hook_delivery",
        sa.Column("id", _ID, nullable=False),
        sa.Column("legal_entity_id", _ID, nullable=False),
        sa.Column("connection_id", _ID, nullable=False),
        sa.Column("delivery", sa.String(length=200), nullable=False),
        sa.Column("reread", Document, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("known_at", Instant(), nullable=False),
        _entity("hook_delivery"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook_delivery")),
        sa.UniqueConstraint(
            "connection_id", "delivery", name=op.f("uq_hook_delivery_connection_id_delivery")
        ),
    )
    op.create_table(
        "breaker_reset",
        sa.Column("id", _ID, nullable=False),
        sa.Column("legal_entity_id", _ID, nullable=False),
        sa.Column("connection_id", _ID, nullable=False),
        sa.Column("known_at", Instant(), nullable=False),
        sa.Column("made_by", _ID, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        _entity("breaker_reset"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_breaker_reset")),
    )
    op.create_index("ix_breaker_reset_connection", "breaker_reset", ["connection_id"])


def downgrade() -> None:
    """Go down."""
    op.drop_table("breaker_reset")
    op.drop_table("hook_delivery")
