"""Notes to whoever leads a person, beside the suggestion they are about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.types import Instant

revision = "lead_notes"
down_revision = "plan_life"
branch_labels = None
depends_on = None

_ID = sa.String(length=40)


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "manager_note",
        sa.Column("id", _ID, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("legal_entity_id", _ID, nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("suggestion_id", _ID, nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("read_by", _ID, nullable=True),
        sa.Column("known_at", Instant(), nullable=False),
        sa.Column("made_by", _ID, nullable=True),
        sa.Column("on_behalf_of", _ID, nullable=True),
        sa.ForeignKeyConstraint(
            ["legal_entity_id"],
            ["legal_entity.id"],
            name=op.f("fk_manager_note_legal_entity_id"),
        ),
        sa.PrimaryKeyConstraint("id", "revision", name=op.f("pk_manager_note")),
    )
    op.create_index("ix_manager_note_entity", "manager_note", ["legal_entity_id", "state"])
    op.create_index("ix_manager_note_suggestion", "manager_note", ["suggestion_id"])


def downgrade() -> None:
    """Go down."""
    op.drop_table("manager_note")
