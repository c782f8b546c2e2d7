"""Disputes: what somebody disagrees with, every step since, and what they show for it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.types import Instant

revision = "disputes"
down_revision = "credit_rules"
branch_labels = None
depends_on = None

_ID = sa.String(length=40)


def _entity(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["legal_entity_id"], ["legal_entity.id"], name=op.f(f"fk_{table}_legal_entity_id")
    )


def _dispute(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["dispute_id"], ["dispute.id"], name=op.f(f"fk_{table}_dispute_id")
    )


def _disputes() -> None:
    op.create_table(
        "dispute",
        sa.Column("id", _ID, nullable=False),
        sa.Column("legal_entity_id", _ID, nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("period", sa.String(length=20), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("subject", sa.String(length=20), nullable=False),
        sa.Column("run_id", _ID, nullable=True),
        sa.Column("line", sa.String(length=200), nullable=True),
        sa.Column("component", sa.String(length=120), nullable=True),
        sa.Column("fact_id", _ID, nullable=True),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("made_by", _ID, nullable=True),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        _entity("dispute"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute")),
    )
    op.create_index("ix_dispute_person", "dispute", ["person_id", "period"])
    op.create_index("ix_dispute_period", "dispute", ["legal_entity_id", "period"])


def _steps() -> None:
    op.create_table(
        "dispute_step",
        sa.Column("dispute_id", _ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("legal_entity_id", _ID, nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("deed", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("assignee_id", _ID, nullable=True),
        sa.Column("entry_id", _ID, nullable=True),
        sa.Column("made_by", _ID, nullable=True),
        sa.Column("on_behalf_of", _ID, nullable=True),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        _dispute("dispute_step"),
        _entity("dispute_step"),
        sa.PrimaryKeyConstraint("dispute_id", "number", name=op.f("pk_dispute_step")),
    )
    op.create_table(
        "dispute_evidence",
        sa.Column("id", _ID, nullable=False),
        sa.Column("legal_entity_id", _ID, nullable=False),
        sa.Column("dispute_id", _ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        _dispute("dispute_evidence"),
        _entity("dispute_evidence"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute_evidence")),
    )
    op.create_index("ix_dispute_evidence_dispute_id", "dispute_evidence", ["dispute_id"])


def upgrade() -> None:
    """Go up."""
    _disputes()
    _steps()


def downgrade() -> None:
    """Go down."""
    for table in ("dispute_evidence", "dispute_step", "dispute"):
        op.drop_table(table)
