"""What kinds of credit there are, and which of them a formula counts.

A formula that says nothing counts what people sold themselves: DIRECT and SPLIT. Together these
make up the fact, so nothing is counted twice however many people share it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from domain.document import DocumentReader


class CreditKind(StrEnum):
    """How a fact comes to count for somebody."""

    DIRECT = "DIRECT"  # the whole of it, for whom the source names
    SPLIT = "SPLIT"  # a part of it, for each of several people
    ROLL_UP = "ROLL_UP"  # for a leader above whoever sold it
    OVERLAY = "OVERLAY"  # for a specialist, beside the direct credit


class Whose(StrEnum):
    """Whose facts a formula counts by the person's credits."""

    ANYONE = "ANYONE"
    SELF = "SELF"  # facts that the source puts under the person's own name
    OTHERS = "OTHERS"  # facts under somebody else's name, or nobody's


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditChoice:
    """Which credits a formula counts, each kind once and in the order of ``CreditKind``."""

    kinds: tuple[CreditKind, ...]
    of: Whose


# The credits that make up a fact: they belong to whoever sold it.
OWNERS = (CreditKind.DIRECT, CreditKind.SPLIT)
OWN_SALES = CreditChoice(kinds=OWNERS, of=Whose.ANYONE)


def kinds_of_group(choice: CreditChoice) -> tuple[CreditKind, ...]:
    """Return what counts in the sum of a unit, a platform or the company.

    Only what people sold themselves, if the formula counts that at all: a leader's roll-up and a
    specialist's overlay are the same facts once more.
    """
    own = tuple(kind for kind in choice.kinds if kind in OWNERS)
    return own or choice.kinds


def read_choice(reader: DocumentReader, name: str = "credit") -> CreditChoice | None:
    """Read ``{"kinds": ["DIRECT", "ROLL_UP"], "of": "ANYONE"}`` of a formula; absent is None."""
    child = reader.child(name, required=False)
    if child is None:
        return None
    named = child.names("kinds")
    unknown = [each for each in named if each not in CreditKind.__members__]
    for each in unknown:
        choices = ", ".join(CreditKind.__members__)
        values = {"field": "kinds", "value": each, "choices": choices}
        child.note("choice_unknown", child.at("kinds"), values)
    if child.raw("kinds", required=False) == []:
        child.note("list_empty", child.at("kinds"), {"field": "kinds"})
    whose = child.choice("of", Whose)
    child.finish()
    if not named or unknown or whose is None:
        return None
    return CreditChoice(kinds=tuple(each for each in CreditKind if each in named), of=whose)


def write_choice(choice: CreditChoice) -> dict[str, object]:
    """Write it back as it is read."""
    return {"kinds": [kind.value for kind in choice.kinds], "of": choice.of.value}
