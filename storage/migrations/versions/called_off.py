"""Whoever queued a trial may call it off."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.types import Instant

revision = "called_off"
down_revision = "timetables"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up."""
    op.add_column("job", sa.Column("cancelled_at", Instant(), nullable=True))


def downgrade() -> None:
    """Go down: what was called off made nothing."""
    job = sa.table("job", sa.column("state", sa.String))
    op.execute(sa.update(job).where(job.c.state == "CANCELLED").values(state="FAILED"))
    op.drop_column("job", "cancelled_at")
