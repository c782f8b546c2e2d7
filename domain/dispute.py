"""A dispute: somebody disagrees with a line of their statement, or misses a sale in it.

NEW -> ASSIGNED -> NEEDS_INFO -> ACCEPTED | REJECTED -> CLOSED. Accepting books an adjustment.
Nobody decides what concerns themself, or what they opened in somebody's name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from domain.problem import Refused


class DisputeState(StrEnum):
    """How far a dispute has come."""

    NEW = "NEW"
    ASSIGNED = "ASSIGNED"
    NEEDS_INFO = "NEEDS_INFO"
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    CLOSED = "CLOSED"


class DisputeDeed(StrEnum):
    """What is done with a dispute."""

    OPEN = "OPEN"
    ASSIGN = "ASSIGN"
    ASK = "ASK"
    ANSWER = "ANSWER"
    ACCEPT = "ACCEPT"
    REJECT = "REJECT"
    CLOSE = "CLOSE"
    WITHDRAW = "WITHDRAW"


class DisputeSubject(StrEnum):
    """What a dispute is about."""

    LINE = "LINE"  # a line of the posted statement
    TRANSACTION = "TRANSACTION"  # something sold that was not credited


_S, _D = DisputeState, DisputeDeed
MOVES: Mapping[tuple[DisputeState, DisputeDeed], DisputeState] = {
    (_S.NEW, _D.ASSIGN): _S.ASSIGNED,
    (_S.ASSIGNED, _D.ASSIGN): _S.ASSIGNED,
    (_S.NEEDS_INFO, _D.ASSIGN): _S.ASSIGNED,
    (_S.ASSIGNED, _D.ASK): _S.NEEDS_INFO,
    (_S.NEEDS_INFO, _D.ANSWER): _S.ASSIGNED,
    (_S.ASSIGNED, _D.ACCEPT): _S.ACCEPTED,
    (_S.ASSIGNED, _D.REJECT): _S.REJECTED,
    (_S.NEEDS_INFO, _D.REJECT): _S.REJECTED,
    (_S.ACCEPTED, _D.CLOSE): _S.CLOSED,
    (_S.REJECTED, _D.CLOSE): _S.CLOSED,
    (_S.NEW, _D.WITHDRAW): _S.CLOSED,
    (_S.ASSIGNED, _D.WITHDRAW): _S.CLOSED,
    (_S.NEEDS_INFO, _D.WITHDRAW): _S.CLOSED,
}
UNDECIDED = frozenset({_S.NEW, _S.ASSIGNED, _S.NEEDS_INFO})

ANSWER_DAYS = 10  # calendar days from opening to a decision, without those spent on a question
TEXT_MOST = 4_000
EVIDENCE_MOST = 5  # pieces with one step
EVIDENCE_BYTES = 131_072  # of one file: a request is at most twice as large


def moved(state: DisputeState, deed: DisputeDeed) -> DisputeState:
    """Return the state after ``deed``; refused with ``dispute_state_wrong`` where it has none."""
    after = MOVES.get((state, deed))
    if after is None:
        raise Refused("dispute_state_wrong", {"state": state.value, "deed": deed.value})
    return after


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What somebody shows for what they say: a link, or a small file."""

    name: str
    media_type: str = ""
    link: str | None = None
    content: bytes | None = None


def refuse_evidence(pieces: Sequence[Evidence]) -> None:
    """Refuse evidence that is too much, too large, or neither a link nor a file."""
    if len(pieces) > EVIDENCE_MOST:
        raise Refused("dispute_evidence_many", {"most": str(EVIDENCE_MOST)}, path="evidence")
    for index, piece in enumerate(pieces):
        path = f"evidence[{index}]"
        if not piece.name.strip():
            raise Refused("text_empty", {"field": "name"}, path=path)
        if (piece.link is None) == (piece.content is None):
            raise Refused("dispute_evidence_form", path=path)
        if piece.link is not None and not piece.link.startswith(("https://", "http://")):
            raise Refused("dispute_evidence_form", path=path)
        if piece.content is not None and len(piece.content) > EVIDENCE_BYTES:
            values = {"name": piece.name, "most": str(EVIDENCE_BYTES // 1024)}
            raise Refused("dispute_evidence_large", values, path=path)


def due_on(opened_on: date, steps: Sequence[tuple[date, DisputeState]], today: date) -> date:
    """Return the day by which it is to be decided; days spent on a question do not count."""
    waited, asked = 0, None
    for day, state in steps:
        if asked is not None:
            waited += (day - asked).days
        asked = day if state is DisputeState.NEEDS_INFO else None
    if asked is not None:
        waited += max(0, (today - asked).days)
    return opened_on + timedelta(days=ANSWER_DAYS + waited)
