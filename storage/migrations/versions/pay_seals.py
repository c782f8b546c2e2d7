"""Seals of the pay sheets of locked batches."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.types import Instant

revision = "pay_seals"
down_revision = "talent"
branch_labels = None
depends_on = None

_ID = sa.String(length=40)


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "pay_seal",
        sa.Column("id", _ID, nullable=False),
        sa.Column("legal_entity_id", _ID, nullable=False),
        sa.Column("batch_id", _ID, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("known_at", Instant(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("root", sa.String(length=64), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("leaves", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["legal_entity_id"], ["legal_entity.id"], name=op.f("fk_pay_seal_legal_entity_id")
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["pay_batch.id"], name=op.f("fk_pay_seal_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pay_seal")),
    )
    op.create_index("ix_pay_seal_batch_id", "pay_seal", ["batch_id"])


def downgrade() -> None:
    """Go down."""
    op.drop_table("pay_seal")
