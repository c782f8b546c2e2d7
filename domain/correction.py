"""What was learned since a close, one cause after the other, so that the parts make the whole.

A walk goes from what was known at the close to what is known now and lets one subject come up at a
time. Each cause is the difference between two evaluations that follow each other: whatever the
rules are, the differences add up to the whole change, to the cent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.exact import INTS
from domain.knowledge import FactChange, Knowledge, Learned, Subject
from domain.ledger import Cause

# What one person, component and currency came to.
Key = tuple[str, str, str]
Amounts = Mapping[Key, int]

CHANGES = {
    Cause.LATE_FACTS: FactChange.NEW,
    Cause.CORRECTED_FACTS: FactChange.CORRECTED,
    Cause.CREDIT_NOTES: FactChange.CREDIT,
}
_SUBJECTS = {
    Cause.LINKS: Subject.LINKS,
    Cause.ORGANISATION: Subject.ORGANISATION,
    Cause.GOALS: Subject.GOALS,
    Cause.RULES: Subject.RULES,
    Cause.RATES: Subject.RATES,
    Cause.EARLIER: Subject.EARNED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the walk: the cause, and everything that is taken as known after it."""

    cause: Cause
    knowledge: Knowledge


def walk(before: datetime, after: datetime, causes: Sequence[Cause]) -> Iterator[Step]:
    """Let one cause after the other come up; facts that came late, then corrected, then credited.

    ``causes`` names those of which something was learned: a step without news changes nothing.
    """
    knowledge = Knowledge.at(before)
    changes: frozenset[FactChange] = frozenset()
    for cause in causes:
        if cause in CHANGES:
            changes |= {CHANGES[cause]}
            knowledge = replace(knowledge, learned=Learned(until=after, changes=changes))
        else:
            knowledge = knowledge.later(_SUBJECTS[cause], after)
        yield Step(cause=cause, knowledge=knowledge)


def differences(before: Amounts, after: Amounts) -> dict[Key, int]:
    """Say what changed, by person, component and currency; what is not there is nothing."""
    changed = {key: minus(after.get(key, 0), before.get(key, 0)) for key in {*before, *after}}
    return {key: amount for key, amount in sorted(changed.items()) if amount}


def held_back(credited: Amounts) -> dict[Key, int]:
    """Take back what credit notes would have raised, by person and currency.

    A credit note never raises the pay of the person credited, even where a plan pays more for
    selling less. Where the components of a person rise together, the largest rise goes first; what
    rises beside a greater fall stays. +500 and -200 give -300; +500 and -800 give nothing.
    """
    totals: dict[tuple[str, str], int] = {}
    for (person, _, currency), amount in credited.items():
        totals[person, currency] = plus(totals.get((person, currency), 0), amount)
    found: dict[Key, int] = {}
    for key, amount in sorted(credited.items(), key=lambda each: (-each[1], each[0])):
        over = totals[key[0], key[2]]
        if over > 0 and amount > 0:
            taken = min(over, amount)
            found[key] = minus(0, taken)
            totals[key[0], key[2]] = minus(over, taken)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseLine:
    """What one cause changed for a person and component since the close, and what is new of it."""

    key: Key
    cause: Cause
    amount: int
    booked: int  # what stands in the ledger for it already

    @property
    def delta(self) -> int:
        """What is to be booked so that the ledger says ``amount``."""
        return minus(self.amount, self.booked)


def lines_to_book(
    wanted: Iterable[tuple[Cause, Amounts]], booked: Mapping[tuple[Key, Cause], int]
) -> tuple[CauseLine, ...]:
    """Hold what should stand against what stands; what no cause asks for any more is taken back."""
    amounts: dict[tuple[Key, Cause], int] = dict.fromkeys(booked, 0)
    for cause, changed in wanted:
        for key, amount in changed.items():
            amounts[key, cause] = plus(amounts.get((key, cause), 0), amount)
    return tuple(
        CauseLine(key=key, cause=cause, amount=amount, booked=booked.get((key, cause), 0))
        for (key, cause), amount in sorted(amounts.items())
        if amount or booked.get((key, cause), 0)
    )


def plus(one: int, other: int) -> int:
    """Add two amounts, guarded."""
    return int(INTS.plus(one, other))


def minus(one: int, other: int) -> int:
    """Take one amount from another, guarded."""
    return int(INTS.minus(one, other))
