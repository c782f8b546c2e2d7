"""What is taken as known, subject by subject: all at one instant, or some subjects later.

A correction of a closed period walks from what was known at its close to what is known now, one
subject at a time, so that each difference has one cause. A calculation knows everything at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum


class FactChange(StrEnum):
    """What was learned about a fact between two instants."""

    NEW = "NEW"  # it was not there before
    CORRECTED = "CORRECTED"  # another revision of it
    CREDIT = "CREDIT"  # less than before, and negative or taken back: a credit note


class Subject(StrEnum):
    """What can be known up to an instant of its own."""

    LINKS = "links"
    ORGANISATION = "organisation"
    GOALS = "goals"
    RULES = "rules"
    RATES = "rates"
    EARNED = "earned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """Changes of facts that are taken as known although they were learned later."""

    until: datetime
    changes: frozenset[FactChange]


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """An instant per subject. ``learned`` adds some changes of facts made after ``facts``."""

    facts: datetime
    links: datetime  # who is who
    organisation: datetime  # assignments, units, who gets credit for whom
    goals: datetime
    rules: datetime  # metrics, scorecards, plans
    rates: datetime
    earned: datetime  # what the ledger says of other periods
    learned: Learned | None = None

    @classmethod
    def at(cls, instant: datetime) -> Knowledge:
        """Know everything that was known at one instant."""
        return cls(
            facts=instant,
            links=instant,
            organisation=instant,
            goals=instant,
            rules=instant,
            rates=instant,
            earned=instant,
        )

    def later(self, subject: Subject, instant: datetime) -> Knowledge:
        """Know one subject up to another instant."""
        match subject:
            case Subject.LINKS:
                return replace(self, links=instant)
            case Subject.ORGANISATION:
                return replace(self, organisation=instant)
            case Subject.GOALS:
                return replace(self, goals=instant)
            case Subject.RULES:
                return replace(self, rules=instant)
            case Subject.RATES:
                return replace(self, rates=instant)
            case Subject.EARNED:
                return replace(self, earned=instant)


def as_knowledge(known: datetime | Knowledge) -> Knowledge:
    """Take an instant for the knowledge of everything at that instant."""
    return known if isinstance(known, Knowledge) else Knowledge.at(known)
