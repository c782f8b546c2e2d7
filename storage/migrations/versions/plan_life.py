"""The life of a plan version: policy, steps of its review, kept texts, offers and answers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.types import Document, Instant

revision = "plan_life"
down_revision = "plan_trials"
branch_labels = None
depends_on = None

_ID = sa.String(length=40)
_HASH = sa.String(length=64)


def _entity(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["legal_entity_id"], ["legal_entity.id"], name=op.f(f"fk_{table}_legal_entity_id")
    )


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=op.f(f"pk_{table}"))


def _review() -> None:
    op.create_table(
        "plan_policy",
        sa.Column("id", _ID, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("voided", sa.Boolean(), nullable=False),
        sa.Column("known_at", Instant(), nullable=False),
        sa.Column("made_by", _ID, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("legal_entity_id", _ID, nullable=False),
        sa.Column("review", sa.String(length=20), nullable=False),
        sa.Column("acceptance", sa.String(length=20), nullable=False),
        _entity("plan_policy"),
        _key("plan_policy", "id", "revision"),
    )
    op.create_table(
        "plan_step",
        sa.Column("plan_version_id", _ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("legal_entity_id", _ID, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("deed", sa.String(length=30), nullable=False),
        sa.Column("hash", _HASH, nullable=False),
        sa.Column("made_by", _ID, nullable=True),
        sa.Column("on_behalf_of", _ID, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        _entity("plan_step"),
        _key("plan_step", "plan_version_id", "number"),
    )


def _offers() -> None:
    op.create_table(
        "plan_text",
        sa.Column("plan_version_id", _ID, nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("hash", _HASH, nullable=False),
        sa.Column("legal_entity_id", _ID, nullable=False),
        sa.Column("text", Document, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        _entity("plan_text"),
        _key("plan_text", "plan_version_id", "language", "hash"),
    )
    op.create_table(
        "plan_offer",
        sa.Column("id", _ID, nullable=False),
        sa.Column("legal_entity_id", _ID, nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("plan_version_id", _ID, nullable=False),
        sa.Column("plan_hash", _HASH, nullable=False),
        sa.Column("text_hashes", Document, nullable=False),
        sa.Column("offered_on", sa.Date(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("made_by", _ID, nullable=True),
        _entity("plan_offer"),
        _key("plan_offer", "id"),
        sa.UniqueConstraint(
            "plan_version_id", "person_id", name=op.f("uq_plan_offer_plan_version_id_person_id")
        ),
    )
    op.create_index(op.f("ix_plan_offer_person_id"), "plan_offer", ["person_id"])
    op.create_table(
        "plan_answer",
        sa.Column("offer_id", _ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("legal_entity_id", _ID, nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("answer", sa.String(length=20), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("plan_hash", _HASH, nullable=False),
        sa.Column("text_hash", _HASH, nullable=False),
        sa.Column("made_by", _ID, nullable=True),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["offer_id"], ["plan_offer.id"], name=op.f("fk_plan_answer_offer_id")
        ),
        _entity("plan_answer"),
        _key("plan_answer", "offer_id", "number"),
    )


def upgrade() -> None:
    """Go up."""
    _review()
    _offers()


def downgrade() -> None:
    """Go down."""
    for table in ("plan_answer", "plan_offer", "plan_text", "plan_step", "plan_policy"):
        op.drop_table(table)
