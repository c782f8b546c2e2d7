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
    """Why an entry stands beside what a run posted; an ordinary entry has none.

    The first eight are what can be learned after a period was closed, in the order in which a
    correction walks through them (``domain/correction.py``).
    """

    LATE_FACTS = "LATE_FACTS"
    CORRECTED_FACTS = "CORRECTED_FACTS"
    CREDIT_NOTES = "CREDIT_NOTES"
    LINKS = "LINKS"
    ORGANISATION = "ORGANISATION"
    GOALS = "GOALS"
    RULES = "RULES"
    RATES = "RATES"
    CREDIT_NOTE_HELD = "CREDIT_NOTE_HELD"
    DISPUTE = "DISPUTE"
    DECISION = "DECISION"
