"""The closure of the organisation keeps what was known before it was corrected."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.types import Instant

revision = "known_organisation"
down_revision = "sessions_and_tokens"
branch_labels = None
depends_on = None

_SHARED = "ancestor_id, descendant_id, valid_from, valid_to, depth, legal_entity_id"


def upgrade() -> None:
    """Go up: what stood so far is taken as known from the beginning of its legal entity on."""
    _begin()
    _create(sa.Column("known_at", Instant(), nullable=False), sa.Column("superseded_at", Instant()))
    op.execute(
        f"INSERT INTO unit_closure ({_SHARED}, known_at)"  # noqa: S608 - our own names
        " SELECT old.ancestor_id, old.descendant_id, old.valid_from, old.valid_to, old.depth,"
        " old.legal_entity_id, legal_entity.known_at FROM unit_closure_before AS old"
        " JOIN legal_entity ON legal_entity.id = old.legal_entity_id"
    )
    _end()


def downgrade() -> None:
    """Go down: only what is known by now stays."""
    _begin()
    _create()
    op.execute(
        f"INSERT INTO unit_closure ({_SHARED}) SELECT {_SHARED}"  # noqa: S608 - our own names
        " FROM unit_closure_before WHERE superseded_at IS NULL"
    )
    _end()


def _begin() -> None:
    op.drop_index("ix_unit_closure_descendant", table_name="unit_closure")
    op.rename_table("unit_closure", "unit_closure_before")
    if op.get_bind().dialect.name == "postgresql":
        for kind in ("pk_unit_closure", "fk_unit_closure_legal_entity_id"):
            op.execute(f"ALTER TABLE unit_closure_before RENAME CONSTRAINT {kind} TO {kind}_before")


def _create(*known: sa.Column[object]) -> None:
    key = ["ancestor_id", "descendant_id", "valid_from", *(["known_at"] if known else [])]
    op.create_table(
        "unit_closure",
        sa.Column("ancestor_id", sa.String(length=40), nullable=False),
        sa.Column("descendant_id", sa.String(length=40), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        *known,
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("legal_entity_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["legal_entity_id"], ["legal_entity.id"], name=op.f("fk_unit_closure_legal_entity_id")
        ),
        sa.PrimaryKeyConstraint(*key, name=op.f("pk_unit_closure")),
    )
    op.create_index("ix_unit_closure_descendant", "unit_closure", ["descendant_id"])


def _end() -> None:
    op.drop_table("unit_closure_before")
