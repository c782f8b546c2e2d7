"""The words of the ledger: what an entry does, and why an entry stands beside what was posted.

Entries are only ever added. What somebody has earned is the sum of *all* entries, whatever their
kind, the period they are booked in and the period whose sales gave them.
"""

from __future__ import annotations

from enum import StrEnum


class EntryKind(StrEnum):
    """What an entry does to the sum."""

    POST = "POST"
    REVERSE = "REVERSE"
    ADJUST = "ADJUST"


class Cause(StrEnum):
    """Why an entry stands beside what a run posted; an ordinary entry has none."""

    LATE_FACTS = "LATE_FACTS"
    CORRECTED_FACTS = "CORRECTED_FACTS"
    CREDIT_NOTES = "CREDIT_NOTES"
    LINKS = "LINKS"
    ORGANISATION = "ORGANISATION"
    GOALS = "GOALS"
    RULES = "RULES"
    RATES = "RATES"
    EARLIER = "EARLIER"
    CREDIT_NOTE_HELD = "CREDIT_NOTE_HELD"
    DISPUTE = "DISPUTE"
    DECISION = "DECISION"


# What can be learned after a period was closed, in the order in which a correction walks.
WALKED = (
    Cause.LATE_FACTS,
    Cause.CORRECTED_FACTS,
    Cause.CREDIT_NOTES,
    Cause.LINKS,
    Cause.ORGANISATION,
    Cause.GOALS,
    Cause.RULES,
    Cause.RATES,
    Cause.EARLIER,
)
# What corrections book: the steps, and what a credit note would have raised.
CORRECTING = (*WALKED, Cause.CREDIT_NOTE_HELD)
