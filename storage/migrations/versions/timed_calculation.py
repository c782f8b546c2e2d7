"""Legal entities may have a timetable by which their open periods are calculated."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.types import Document, Instant

revision = "timed_calculation"
down_revision = "known_since"
branch_labels = None
depends_on = None

_ID = sa.String(length=40)


def _keys(table: str, *columns: str) -> tuple[sa.Constraint, ...]:
    return (
        sa.ForeignKeyConstraint(
            ["legal_entity_id"], ["legal_entity.id"], name=op.f(f"fk_{table}_legal_entity_id")
        ),
        sa.PrimaryKeyConstraint(*columns, name=op.f(f"pk_{table}")),
    )


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "calculation_timetable",
        sa.Column("legal_entity_id", _ID, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("timetable", Document, nullable=True),
        sa.Column("kinds", Document, nullable=False),
        sa.Column("months_begin_on", sa.Integer(), nullable=False),
        sa.Column("late_sources", sa.String(length=20), nullable=False),
        sa.Column("shows_scores", sa.Boolean(), nullable=False),
        sa.Column("known_at", Instant(), nullable=False),
        sa.Column("made_by", _ID, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        *_keys("calculation_timetable", "legal_entity_id", "revision"),
    )
    op.create_table(
        "calculation_look",
        sa.Column("legal_entity_id", _ID, nullable=False),
        sa.Column("period", sa.String(length=20), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("outcome_values", Document, nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.Column("known_at", Instant(), nullable=False),
        sa.Column("settled_at", Instant(), nullable=True),
        *_keys("calculation_look", "legal_entity_id", "period"),
    )
    op.add_column("calculation_run", sa.Column("scores_shown", sa.Boolean(), nullable=True))


def downgrade() -> None:
    """Go down."""
    op.drop_column("calculation_run", "scores_shown")
    op.drop_table("calculation_look")
    op.drop_table("calculation_timetable")
