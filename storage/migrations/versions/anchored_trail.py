"""Anchorings: which checkpoints are remembered in places outside."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.types import Instant

revision = "anchored_trail"
down_revision = "sealed_trail"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "anchoring",
        sa.Column("legal_entity_id", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("anchor", sa.String(length=500), nullable=False),
        sa.Column("receipt", sa.String(length=500), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["legal_entity_id"], ["legal_entity.id"], name=op.f("fk_anchoring_legal_entity_id")
        ),
        sa.PrimaryKeyConstraint("legal_entity_id", "number", "anchor", name=op.f("pk_anchoring")),
    )


def downgrade() -> None:
    """Go down."""
    op.drop_table("anchoring")
