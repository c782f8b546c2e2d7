"""What became known since an instant is found without reading everything that was known before."""

from __future__ import annotations

from alembic import op

revision = "known_since"
down_revision = "pushed_directories"
branch_labels = None
depends_on = None

_TABLES = ("person", "assignment", "identity_link", "goal")


def upgrade() -> None:
    """Go up."""
    for table in _TABLES:
        op.create_index(f"ix_{table}_known", table, ["legal_entity_id", "known_at"])


def downgrade() -> None:
    """Go down."""
    for table in _TABLES:
        op.drop_index(f"ix_{table}_known", table)
