"""From earned to paid: policies, wages, pay batches, pay sheets and balances."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.types import Document, Instant

revision = "pay_sheets"
down_revision = "plan_findings"
branch_labels = None
depends_on = None

_ID = sa.String(length=40)
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _rule(table: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", _ID, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("voided", sa.Boolean(), nullable=False),
        sa.Column("known_at", Instant(), nullable=False),
        sa.Column("made_by", _ID, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("legal_entity_id", _ID, nullable=False),
        sa.PrimaryKeyConstraint("id", "revision", name=op.f(f"pk_{table}")),
        _entity(table),
    ]


def _entity(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["legal_entity_id"], ["legal_entity.id"], name=op.f(f"fk_{table}_legal_entity_id")
    )


def _rules() -> None:
    op.create_table(
        "pay_setting",
        *_rule("pay_setting"),
        sa.Column("policy", sa.String(length=120), nullable=False),
        sa.Column("policy_version", sa.String(length=40), nullable=False),
        sa.Column("policy_hash", sa.String(length=64), nullable=False),
        sa.Column("approval", Document, nullable=False),
        sa.Column("payroll_columns", Document, nullable=True),
    )
    op.create_table(
        "wage",
        *_rule("wage"),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("amount", sa.LargeBinary(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("region", sa.String(length=60), nullable=False),
    )
    op.create_index("ix_wage_person_id", "wage", ["person_id"])
    op.create_table(
        "minimum_wage",
        *_rule("minimum_wage"),
        sa.Column("region", sa.String(length=60), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
    )


def _batches() -> None:
    op.create_table(
        "pay_batch",
        sa.Column("id", _ID, nullable=False),
        sa.Column("legal_entity_id", _ID, nullable=False),
        sa.Column("period", sa.String(length=20), nullable=False),
        sa.Column("cadence", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("ledger_through", _BIG, nullable=False),
        sa.Column("before_id", _ID, nullable=True),
        sa.Column("before_revision", sa.Integer(), nullable=True),
        sa.Column("policy_hash", sa.String(length=64), nullable=False),
        sa.Column("approvals", sa.Integer(), nullable=False),
        sa.Column("approval", Document, nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        _entity("pay_batch"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pay_batch")),
        sa.UniqueConstraint(
            "legal_entity_id", "period", name=op.f("uq_pay_batch_legal_entity_id_period")
        ),
    )
    op.create_table(
        "pay_batch_step",
        sa.Column("batch_id", _ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("legal_entity_id", _ID, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("deed", sa.String(length=20), nullable=False),
        sa.Column("account_id", _ID, nullable=True),
        sa.Column("on_behalf_of", _ID, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        _entity("pay_batch_step"),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["pay_batch.id"], name=op.f("fk_pay_batch_step_batch_id")
        ),
        sa.PrimaryKeyConstraint("batch_id", "number", name=op.f("pk_pay_batch_step")),
    )
    op.create_table(
        "pay_total",
        sa.Column("batch_id", _ID, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("id", _ID, nullable=False),
        sa.Column("legal_entity_id", _ID, nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("amounts", sa.LargeBinary(), nullable=False),
        sa.Column("problems", Document, nullable=False),
        _entity("pay_total"),
        sa.PrimaryKeyConstraint("batch_id", "revision", "currency", name=op.f("pk_pay_total")),
        sa.UniqueConstraint("id", name=op.f("uq_pay_total_id")),
    )


def _sheets() -> None:
    op.create_table(
        "pay_sheet",
        sa.Column("batch_id", _ID, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("id", _ID, nullable=False),
        sa.Column("legal_entity_id", _ID, nullable=False),
        sa.Column("period", sa.String(length=20), nullable=False),
        sa.Column("plan_version_id", _ID, nullable=True),
        sa.Column("releases", Document, nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint(
            "batch_id", "revision", "person_id", "currency", name=op.f("pk_pay_sheet")
        ),
        sa.UniqueConstraint("id", name=op.f("uq_pay_sheet_id")),
    )
    op.create_index("ix_pay_sheet_person", "pay_sheet", ["person_id", "period"])
    op.create_table(
        "pay_balance",
        sa.Column("seq", _BIG, nullable=False, autoincrement=True),
        sa.Column("id", _ID, nullable=False),
        sa.Column("legal_entity_id", _ID, nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("amount", sa.LargeBinary(), nullable=False),
        sa.Column("batch_id", _ID, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("period", sa.String(length=20), nullable=False),
        sa.Column("reverses_id", _ID, nullable=True),
        sa.Column("releases_id", _ID, nullable=True),
        sa.Column("due_from", sa.Date(), nullable=True),
        sa.Column("event", sa.String(length=200), nullable=True),
        sa.Column("posted_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_pay_balance")),
        sa.UniqueConstraint("id", name=op.f("uq_pay_balance_id")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_pay_balance_reverses_id")),
    )
    op.create_index("ix_pay_balance_person", "pay_balance", ["person_id", "kind"])
    op.create_index("ix_pay_balance_batch", "pay_balance", ["batch_id", "revision"])
    op.create_table(
        "holdback_release",
        sa.Column("entry_id", _ID, nullable=False),
        sa.Column("legal_entity_id", _ID, nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_by", _ID, nullable=True),
        sa.Column("posted_at", Instant(), nullable=False),
        _entity("holdback_release"),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_holdback_release")),
    )
    op.create_index("ix_holdback_release_person_id", "holdback_release", ["person_id"])


def upgrade() -> None:
    """Go up."""
    _rules()
    _batches()
    _sheets()


def downgrade() -> None:
    """Go down."""
    for table in (
        "holdback_release",
        "pay_balance",
        "pay_sheet",
        "pay_total",
        "pay_batch_step",
        "pay_batch",
        "minimum_wage",
        "wage",
        "pay_setting",
    ):
        op.drop_table(table)
