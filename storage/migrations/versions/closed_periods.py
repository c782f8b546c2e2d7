"""Runs say from what they were made; decisions about periods, and the lines of corrections."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.types import Instant

revision = "closed_periods"
down_revision = "ledger_causes"
branch_labels = None
depends_on = None

_ID = sa.String(length=40)
_RUN = (
    ("fact_seq", sa.BigInteger()),
    ("gathered", sa.Integer()),
    ("reused_run_id", _ID),
    ("base_run_id", _ID),
    ("booked_in", sa.String(length=20)),
)


def upgrade() -> None:
    """Go up."""
    for name, kind in _RUN:
        op.add_column("calculation_run", sa.Column(name, kind, nullable=True))
    op.create_table(
        "period_reopening",
        sa.Column("id", _ID, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("legal_entity_id", _ID, nullable=False),
        sa.Column("period", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("known_at", Instant(), nullable=False),
        sa.Column("made_by", _ID, nullable=True),
        sa.Column("on_behalf_of", _ID, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["legal_entity_id"],
            ["legal_entity.id"],
            name=op.f("fk_period_reopening_legal_entity_id"),
        ),
        sa.PrimaryKeyConstraint("id", "revision", name=op.f("pk_period_reopening")),
    )
    op.create_table(
        "correction_line",
        sa.Column("run_id", _ID, nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("component", sa.String(length=120), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("cause", sa.String(length=30), nullable=False),
        sa.Column("id", _ID, nullable=False),
        sa.Column("legal_entity_id", _ID, nullable=False),
        sa.Column("amount", sa.LargeBinary(), nullable=False),
        sa.Column("booked", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(
            "run_id",
            "person_id",
            "component",
            "currency",
            "cause",
            name=op.f("pk_correction_line"),
        ),
        sa.UniqueConstraint("id", name=op.f("uq_correction_line_id")),
    )


def downgrade() -> None:
    """Go down: a correction would be taken for a run of its period, so none may be there."""
    op.drop_table("correction_line")
    op.drop_table("period_reopening")
    for name, _ in reversed(_RUN):
        op.drop_column("calculation_run", name)
