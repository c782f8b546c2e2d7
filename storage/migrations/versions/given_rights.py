"""Settings of a legal entity, delegations and reasons; who acted for whom in the trail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.types import Document, Instant

revision = "given_rights"
down_revision = "sign_in"
branch_labels = None
depends_on = None

_ID = sa.String(length=40)


def _rule() -> list[sa.Column[object]]:
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
    ]


def _key(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"))


def _entity(table: str) -> sa.ForeignKeyConstraint:
    return _key(table, "legal_entity_id", "legal_entity.id")


def upgrade() -> None:
    """Go up."""
    op.add_column("audit_event", sa.Column("on_behalf_of", _ID, nullable=True))
    op.create_table(
        "entity_setting",
        *_rule(),
        sa.Column("privacy_minimum", sa.Integer(), nullable=False),
        sa.Column("leaderboard", sa.String(length=30), nullable=False),
        sa.Column("team_pay", sa.Boolean(), nullable=False),
        _entity("entity_setting"),
        sa.PrimaryKeyConstraint("id", "revision", name=op.f("pk_entity_setting")),
    )
    op.create_table(
        "delegation",
        *_rule(),
        sa.Column("from_account", _ID, nullable=False),
        sa.Column("to_account", _ID, nullable=False),
        sa.Column("rights", Document, nullable=False),
        _entity("delegation"),
        _key("delegation", "from_account", "account.id"),
        _key("delegation", "to_account", "account.id"),
        sa.PrimaryKeyConstraint("id", "revision", name=op.f("pk_delegation")),
    )
    op.create_index("ix_delegation_from_account", "delegation", ["from_account"])
    op.create_index("ix_delegation_to_account", "delegation", ["to_account"])
    op.create_table(
        "access_reason",
        sa.Column("id", _ID, nullable=False),
        sa.Column("legal_entity_id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("person_id", _ID, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        _entity("access_reason"),
        _key("access_reason", "account_id", "account.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_reason")),
    )
    op.create_index("ix_access_reason_account_id", "access_reason", ["account_id"])
    op.create_table(
        "access_reading",
        sa.Column("reason_id", _ID, nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("period", sa.String(length=20), nullable=False),
        sa.Column("legal_entity_id", _ID, nullable=False),
        sa.Column("read_at", Instant(), nullable=False),
        _entity("access_reading"),
        _key("access_reading", "reason_id", "access_reason.id"),
        sa.PrimaryKeyConstraint("reason_id", "person_id", "period", name=op.f("pk_access_reading")),
    )


def downgrade() -> None:
    """Go down."""
    for table in ("access_reading", "access_reason", "delegation", "entity_setting"):
        op.drop_table(table)
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        batch_op.drop_column("on_behalf_of")
