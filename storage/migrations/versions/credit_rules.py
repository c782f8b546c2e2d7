"""Credit rules, and the credits that posted runs were counted with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.types import Document, Instant

revision = "credit_rules"
down_revision = "cut_periods"
branch_labels = None
depends_on = None

_ID = sa.String(length=40)


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "credit_rule",
        sa.Column("id", _ID, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("voided", sa.Boolean(), nullable=False),
        sa.Column("known_at", Instant(), nullable=False),
        sa.Column("made_by", _ID, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("legal_entity_id", _ID, nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("document", Document, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["legal_entity_id"], ["legal_entity.id"], name=op.f("fk_credit_rule_legal_entity_id")
        ),
        sa.PrimaryKeyConstraint("id", "revision", name=op.f("pk_credit_rule")),
    )
    op.create_index("ix_credit_rule_key", "credit_rule", ["legal_entity_id", "key"])
    op.create_table(
        "credit",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("legal_entity_id", _ID, nullable=False),
        sa.Column("run_id", _ID, nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("fact_seq", sa.BigInteger(), nullable=False),
        sa.Column("fact_id", _ID, nullable=False),
        sa.Column("fact_kind", sa.String(length=60), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("named_id", _ID, nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("person_id", _ID, nullable=True),
        sa.Column("kind", sa.String(length=10), nullable=True),
        sa.Column("share", sa.BigInteger(), nullable=True),
        sa.Column("quantity", sa.BigInteger(), nullable=True),
        sa.Column("rule_id", _ID, nullable=True),
        sa.Column("level", sa.Integer(), nullable=True),
        sa.Column("role", sa.String(length=200), nullable=True),
        sa.Column("code", sa.String(length=80), nullable=True),
        sa.Column("code_values", Document, nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["calculation_run.id"], name=op.f("fk_credit_run_id")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_credit")),
    )
    op.create_index("ix_credit_run", "credit", ["run_id", "fact_kind", "as_of"])
    op.create_index("ix_credit_person", "credit", ["person_id", "run_id"])


def downgrade() -> None:
    """Go down."""
    op.drop_table("credit")
    op.drop_table("credit_rule")
