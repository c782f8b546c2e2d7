"""The trail: who did what to what and when, one row per deed, only ever added."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert

from storage.engine import Writing
from storage.tables import audit_event


def add_event(writing: Writing, action: str, subject_id: str, details: Mapping[str, Any]) -> None:
    """Add a line to the trail in the transaction of the deed itself."""
    writing.connection.execute(
        insert(audit_event).values(
            legal_entity_id=writing.entity_id,
            account_id=writing.actor,
            action=action,
            subject_id=subject_id,
            details=dict(details),
            at=writing.known_at,
        )
    )
