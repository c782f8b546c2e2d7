"""What the ledger says that one amount line of a plan has earned somebody in some periods."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select, true

from domain.ledger import WALKED
from storage import tables
from storage.engine import Writing
from storage.sealing import opened

_ledger = tables.ledger_entry
_SEGMENT = re.compile(r"s\d+\.")  # a person who moved within a period has the line once per segment


def earned_in(
    writing: Writing,
    periods: Sequence[str],
    line: str,
    *,
    known_at: datetime,
    only: Sequence[str] | None = None,
) -> dict[str, int]:
    """Return what a line gave each person for the sales of some periods, as known then.

    ``only`` names the people, when they are few.
    Whatever was booked for these sales counts, in whichever period: what was posted, and what a
    correction added when the period was closed. What a dispute or a decision gave beside the rule
    is none of the rule's earning, so the rule does not take it back. Amounts are kept encrypted,
    so they are added up here and not by the database.
    """
    if not periods:
        return {}
    people = true() if only is None else _ledger.c.person_id.in_(list(only))
    named = or_(_ledger.c.component == line, _ledger.c.component.endswith(f".{line}"))
    query = select(_ledger).where(
        _ledger.c.legal_entity_id == writing.entity_id,
        _ledger.c.origin_period.in_(list(periods)),
        _ledger.c.posted_at <= known_at,
        or_(_ledger.c.cause.is_(None), _ledger.c.cause.in_([each.value for each in WALKED])),
        named,
        people,
    )
    found: dict[str, int] = {}
    for row in writing.connection.execute(query):
        if row.component == line or _SEGMENT.sub("", row.component, count=1) == line:
            amount = opened(writing.connection, _ledger.c.amount, row)
            found[row.person_id] = found.get(row.person_id, 0) + amount
    return found
