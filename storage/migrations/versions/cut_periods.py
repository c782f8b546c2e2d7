"""Results say how the rules were applied to somebody whose period was cut; entities have calendars.

A result of before was made by one scorecard and one plan for the whole period: it has no shape.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.types import Document, Instant

revision = "cut_periods"
down_revision = "pay_sheets"
branch_labels = None
depends_on = None

_ID = sa.String(length=40)


def upgrade() -> None:
    """Go up."""
    op.add_column("result", sa.Column("shape", Document, nullable=True))
    op.create_table(
        "work_calendar",
        sa.Column("legal_entity_id", _ID, nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("document", Document, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("known_at", Instant(), nullable=False),
        sa.Column("made_by", _ID, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["legal_entity_id"], ["legal_entity.id"], name=op.f("fk_work_calendar_legal_entity_id")
        ),
        sa.PrimaryKeyConstraint(
            "legal_entity_id", "year", "revision", name=op.f("pk_work_calendar")
        ),
    )


def downgrade() -> None:
    """Go down: what was cut could not be explained any more, so such results must not be there."""
    op.drop_table("work_calendar")
    with op.batch_alter_table("result") as table:
        table.drop_column("shape")
