"""Rules about people, what they suggested, and who is thanked in public."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.types import Document, Instant

revision = "talent"
down_revision = "disputes"
branch_labels = None
depends_on = None

_ID = sa.String(length=40)
_KEY = sa.String(length=120)


def _entity(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["legal_entity_id"], ["legal_entity.id"], name=op.f(f"fk_{table}_legal_entity_id")
    )


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "talent_rule",
        sa.Column("series_id", _ID, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("voided", sa.Boolean(), nullable=False),
        sa.Column("known_at", Instant(), nullable=False),
        sa.Column("made_by", _ID, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("legal_entity_id", _ID, nullable=False),
        sa.Column("key", _KEY, nullable=False),
        sa.Column("document", Document, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("pack_id", _KEY, nullable=True),
        _entity("talent_rule"),
        sa.PrimaryKeyConstraint("series_id", "revision", name=op.f("pk_talent_rule")),
    )
    op.create_index("ix_talent_rule_key", "talent_rule", ["legal_entity_id", "key"])
    op.create_table(
        "suggestion",
        sa.Column("id", _ID, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("legal_entity_id", _ID, nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("rule_key", _KEY, nullable=False),
        sa.Column("rule_id", _KEY, nullable=False),
        sa.Column("rule_hash", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("period", sa.String(length=20), nullable=False),
        sa.Column("metric_key", _KEY, nullable=True),
        sa.Column("course", _KEY, nullable=True),
        sa.Column("evidence", Document, nullable=False),
        sa.Column("evidence_holds", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("audience", sa.String(length=10), nullable=True),
        sa.Column("unit_id", _ID, nullable=True),
        sa.Column("words", Document, nullable=True),
        sa.Column("objection", sa.Text(), nullable=True),
        sa.Column("decided_by", _ID, nullable=True),
        sa.Column("known_at", Instant(), nullable=False),
        sa.Column("made_by", _ID, nullable=True),
        sa.Column("on_behalf_of", _ID, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        _entity("suggestion"),
        sa.PrimaryKeyConstraint("id", "revision", name=op.f("pk_suggestion")),
    )
    op.create_index("ix_suggestion_person", "suggestion", ["person_id"])
    op.create_index("ix_suggestion_entity", "suggestion", ["legal_entity_id", "state"])
    op.create_table(
        "recognition",
        sa.Column("id", _ID, nullable=False),
        sa.Column("legal_entity_id", _ID, nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("period", sa.String(length=20), nullable=False),
        sa.Column("audience", sa.String(length=10), nullable=False),
        sa.Column("unit_id", _ID, nullable=True),
        sa.Column("title", Document, nullable=False),
        sa.Column("words", Document, nullable=False),
        sa.Column("decided_by", _ID, nullable=True),
        sa.Column("known_at", Instant(), nullable=False),
        _entity("recognition"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recognition")),
    )
    op.create_index("ix_recognition_entity", "recognition", ["legal_entity_id", "known_at"])


def downgrade() -> None:
    """Go down."""
    for table in ("recognition", "suggestion", "talent_rule"):
        op.drop_table(table)
