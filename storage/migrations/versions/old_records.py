"""The sales of an old sheet are found by their numbers; those taken before are taken again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "old_records"
down_revision = "called_off"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up."""
    op.add_column("old_result", sa.Column("record", sa.String(length=300), nullable=True))
    op.create_index("ix_old_result_record", "old_result", ["record"])


def downgrade() -> None:
    """Go down."""
    op.drop_index("ix_old_result_record", table_name="old_result")
    op.drop_column("old_result", "record")
