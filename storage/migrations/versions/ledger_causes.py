"""Ledger entries say whose sales gave them and why; periods have states.

What was posted so far has its origin in the period where it is booked.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.types import Instant

revision = "ledger_causes"
down_revision = "given_rights"
branch_labels = None
depends_on = None

_ID = sa.String(length=40)


def upgrade() -> None:
    """Go up."""
    op.add_column("ledger_entry", sa.Column("origin_period", sa.String(length=20), nullable=True))
    op.add_column("ledger_entry", sa.Column("cause", sa.String(length=30), nullable=True))
    op.add_column("ledger_entry", sa.Column("source_id", _ID, nullable=True))
    op.execute("UPDATE ledger_entry SET origin_period = period")
    with op.batch_alter_table("ledger_entry") as table:
        table.alter_column("origin_period", existing_type=sa.String(length=20), nullable=False)
        table.alter_column("run_id", existing_type=_ID, nullable=True)
    op.create_index(
        "ix_ledger_entry_origin", "ledger_entry", ["legal_entity_id", "origin_period", "kind"]
    )
    op.create_index("ix_ledger_entry_source", "ledger_entry", ["source_id"])
    op.create_table(
        "period_state",
        sa.Column("legal_entity_id", _ID, nullable=False),
        sa.Column("period", sa.String(length=20), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("run_id", _ID, nullable=True),
        sa.Column("decision_id", _ID, nullable=True),
        sa.Column("known_at", Instant(), nullable=False),
        sa.Column("made_by", _ID, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["legal_entity_id"], ["legal_entity.id"], name=op.f("fk_period_state_legal_entity_id")
        ),
        sa.PrimaryKeyConstraint(
            "legal_entity_id", "period", "revision", name=op.f("pk_period_state")
        ),
    )


def downgrade() -> None:
    """Go down: adjustments would be taken for what a run posted, so they must not be there."""
    op.drop_table("period_state")
    op.drop_index("ix_ledger_entry_source", table_name="ledger_entry")
    op.drop_index("ix_ledger_entry_origin", table_name="ledger_entry")
    with op.batch_alter_table("ledger_entry") as table:
        table.alter_column("run_id", existing_type=_ID, nullable=False)
        for column in ("source_id", "cause", "origin_period"):
            table.drop_column(column)
