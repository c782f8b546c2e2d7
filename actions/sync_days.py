"""Business dates that are read again: from a first one to the one behind the last."""

from __future__ import annotations

from datetime import date

from connectors.contract import Backfill
from domain.problem import Refused


def days_of(first: date | None, after: date | None) -> Backfill | None:
    """Return the days; none when nothing is said, and a refusal when only half of it is."""
    if first is None and after is None:
        return None
    if first is None or after is None or first >= after:
        raise Refused("sync_days_unclear")
    return Backfill(start=first, end=after)
