"""What an old system paid, kept beside ours while both run."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.types import Document, Instant

revision = "old_results"
down_revision = "pack_layers"
branch_labels = None
depends_on = None

_ID = sa.String(length=40)


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "old_result_set",
        sa.Column("id", _ID, nullable=False),
        sa.Column("legal_entity_id", _ID, nullable=False),
        sa.Column("period", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("layout", Document, nullable=False),
        sa.Column("rows_read", sa.Integer(), nullable=False),
        sa.Column("rows_taken", sa.Integer(), nullable=False),
        sa.Column("problems", Document, nullable=False),
        sa.Column("taken_at", Instant(), nullable=False),
        sa.Column("made_by", _ID, nullable=True),
        sa.ForeignKeyConstraint(
            ["legal_entity_id"],
            ["legal_entity.id"],
            name=op.f("fk_old_result_set_legal_entity_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_old_result_set")),
        sa.UniqueConstraint(
            "legal_entity_id",
            "period",
            "name",
            "revision",
            name=op.f("uq_old_result_set_legal_entity_id_period_name_revision"),
        ),
    )
    op.create_table(
        "old_result",
        sa.Column("set_id", _ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("component", sa.String(length=120), nullable=False),
        sa.Column("legal_entity_id", _ID, nullable=False),
        sa.Column("person_id", _ID, nullable=True),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["set_id"], ["old_result_set.id"], name=op.f("fk_old_result_set_id")
        ),
        sa.PrimaryKeyConstraint("set_id", "number", "component", name=op.f("pk_old_result")),
    )
    op.create_index("ix_old_result_person", "old_result", ["person_id"])


def downgrade() -> None:
    """Go down."""
    op.drop_table("old_result")
    op.drop_table("old_result_set")
