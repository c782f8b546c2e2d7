"""Connections may have a timetable by which they are read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.types import Document

revision = "timetables"
down_revision = "old_results"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up."""
    op.add_column("connection", sa.Column("timetable", Document, nullable=True))


def downgrade() -> None:
    """Go down."""
    op.drop_column("connection", "timetable")
