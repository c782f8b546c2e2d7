"""A version of a plan keeps what the linter found when it was published, and why it was all right.

Versions that were published before have neither.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.types import Document

revision = "plan_findings"
down_revision = "run_seals"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up."""
    op.add_column("plan_version", sa.Column("findings", Document, nullable=True))
    op.add_column("plan_version", sa.Column("override_reason", sa.Text(), nullable=True))


def downgrade() -> None:
    """Go down."""
    with op.batch_alter_table("plan_version") as table:
        table.drop_column("override_reason")
        table.drop_column("findings")
