"""Identity providers push: on PostgreSQL their tokens reach the source into which they do.

No table changes. The rules of rows are made anew after every migration, and this is one.
"""

from __future__ import annotations

revision = "pushed_directories"
down_revision = "old_records"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up."""


def downgrade() -> None:
    """Go down."""
