"""Answers of jobs that tried a plan, and how far a job has come."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.types import Instant

revision = "plan_trials"
down_revision = "pay_seals"
branch_labels = None
depends_on = None

_ID = sa.String(length=40)


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "plan_trial",
        sa.Column("id", _ID, nullable=False),
        sa.Column("legal_entity_id", _ID, nullable=False),
        sa.Column("job_id", _ID, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("plan_hash", sa.String(length=64), nullable=True),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["legal_entity_id"], ["legal_entity.id"], name=op.f("fk_plan_trial_legal_entity_id")
        ),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_plan_trial_job_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_trial")),
        sa.UniqueConstraint("job_id", name=op.f("uq_plan_trial_job_id")),
    )
    op.create_index("ix_plan_trial_plan", "plan_trial", ["legal_entity_id", "plan_hash", "made_at"])
    op.add_column("job", sa.Column("steps_done", sa.Integer(), nullable=True))
    op.add_column("job", sa.Column("steps", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Go down."""
    op.drop_column("job", "steps")
    op.drop_column("job", "steps_done")
    op.drop_index("ix_plan_trial_plan", table_name="plan_trial")
    op.drop_table("plan_trial")
