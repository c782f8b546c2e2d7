"""Seals of posted runs: leaf hashes, root, and the secret that salts come from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "run_seals"
down_revision = "closed_periods"
branch_labels = None
depends_on = None

_ID = sa.String(length=40)


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "run_seal",
        sa.Column("run_id", _ID, nullable=False),
        sa.Column("legal_entity_id", _ID, nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("root", sa.String(length=64), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("cohorts", sa.LargeBinary(), nullable=False),
        sa.Column("leaves", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["legal_entity_id"], ["legal_entity.id"], name=op.f("fk_run_seal_legal_entity_id")
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["calculation_run.id"], name=op.f("fk_run_seal_run_id")
        ),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_run_seal")),
    )


def downgrade() -> None:
    """Go down."""
    op.drop_table("run_seal")
