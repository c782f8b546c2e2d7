"""What is sealed of a posted run: one leaf per result, and one per fact of a peer group.

A leaf is the canonical JSON of a *sealed document*: the content, the run it belongs to, and a salt.
The content says everything that determines a statement and can be built again from what is frozen;
numbers are texts of whole steps. The salt keeps a neighbour, who is handed the leaf's hash in a
path, from guessing sales and pay until a hash fits.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from domain.document import canonical
from domain.merkle import leaf_hash
from domain.program import NeedKind, Program

SEALED_FORMAT = "attain.sealed/1"
RESULT, COHORT = "result", "cohort"
# Modes: a correction is no run of its period, and its leaves are a tree of their own.
POSTED, CORRECTION = "POSTED", "CORRECTION"
SECRET_BYTES = 32
_SALT_BYTES = 16
# What a component shares with its whole group, by the beginning of the names of its inputs ...
_SHARED = ("peers.", "pool.", "team.", "team_held.")
# ... and what of that says something of one person alone.
PERSONAL_FACTS = frozenset(
    {"peers.rank", "peers.tied", "peers.counted", "peers.days"}
    | {"pool.extra", "pool.counted", "pool.days"}
)
_POOL = ".pool"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHeader:
    """What all sealed documents of one run have in common."""

    entity_id: str
    run_id: str
    period: str
    mode: str
    known_at: str
    final: bool

    def document(self, kind: str, content: Mapping[str, Any], salt: str) -> dict[str, Any]:
        """Return the sealed document of some content."""
        return {"content": dict(content), "salt": salt, **self._fields(kind)}

    def _fields(self, kind: str) -> dict[str, Any]:
        return {
            "entity": self.entity_id,
            "final": self.final,
            "format": SEALED_FORMAT,
            "kind": kind,
            "knownAt": self.known_at,
            "mode": self.mode,
            "period": self.period,
            "run": self.run_id,
        }

    def tail(self, kind: str) -> bytes:
        """Return what follows the content in the canonical form, up to the salt."""
        return b"," + canonical({**self._fields(kind), "salt": ""})[1:-2]


def salt_of(secret: bytes, content: bytes) -> str:
    """Return the salt of one leaf: nobody without the run's secret can make it."""
    return hmac.digest(secret, sha256(content).digest(), "sha256")[:_SALT_BYTES].hex()


def sealed_leaf(content: bytes, tail: bytes, salt: str) -> bytes:
    """Return the hash of a leaf from the canonical bytes of its content."""
    return leaf_hash(b'{"content":%b%b%b"}' % (content, tail, salt.encode()))


def result_content(
    *,
    person_id: str,
    rules: Mapping[str, str | None],
    inputs: Mapping[str, int | None],
    score: int | None,
    payout: int | None,
    amounts: Mapping[str, int | None],
    cohorts: Mapping[str, str | None],
) -> dict[str, Any]:
    """Return what is sealed of one person: ``rules`` are engine, scorecard, plan and currency.

    ``cohorts`` name, per component, the hash of the content of the group's facts it leans on.
    """
    return {
        "amounts": _digits(amounts),
        "cohorts": dict(cohorts),
        "inputs": _digits(inputs),
        "payout": None if payout is None else str(payout),
        "person": person_id,
        "score": None if score is None else str(score),
        **rules,
    }


def cohort_content(
    *,
    component: str,
    plan: str,
    measure: str,
    unit: str,
    peer_group: str,
    group_id: str,
    facts: Mapping[str, int | None],
) -> dict[str, Any]:
    """Return what is sealed of a peer group as one component of a plan sees it."""
    return {
        "component": component,
        "facts": _digits(facts),
        "group": group_id,
        "measure": measure,
        "peerGroup": peer_group,
        "plan": plan,
        "unit": unit,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """A component of a plan that leans on facts of a group: a comparison, or a pool."""

    component: str
    measure: str
    unit: str
    peer_group: str


def shared_of(program: Program | None) -> tuple[Shared, ...]:
    """List the components of a program that lean on facts of a group."""
    if program is None:
        return ()
    found = [
        Shared(
            component=each.id,
            measure=each.measure,
            unit=each.unit,
            peer_group=each.peer_group.value,
        )
        for each in program.cohorts
    ]
    found.extend(
        Shared(
            component=need.name.removesuffix(_POOL),
            measure=need.metric,
            unit=need.unit,
            peer_group=need.peer_group.value,
        )
        for need in program.needs
        if need.kind is NeedKind.POOL and need.peer_group is not None
    )
    return tuple(found)


def group_facts(component: str, names: Iterable[str]) -> dict[str, str]:
    """Pick the inputs that a component shares with its whole group: input by its short name."""
    head, found = f"{component}.", {}
    for name in names:
        short = name.removeprefix(head)
        if name.startswith(head) and short.startswith(_SHARED) and short not in PERSONAL_FACTS:
            found[short] = name
    return found


def _digits(numbers: Mapping[str, int | None]) -> dict[str, str | None]:
    return {name: None if value is None else str(value) for name, value in numbers.items()}


class ResultMould:
    """The canonical contents of many people who share rules: `result_content`, by the column."""

    def __init__(
        self,
        rules: Mapping[str, str | None],
        inputs: Sequence[str],
        amounts: Sequence[str],
        cohorts: Sequence[str],
    ) -> None:
        self._names = (sorted(amounts), sorted(cohorts), sorted(inputs))
        blank = "\u0000"  # stands in no name and no value of ours
        made = {
            **dict(zip(("amounts", "cohorts", "inputs"), self._blanks(blank), strict=True)),
            "payout": blank,
            "person": blank,
            "score": blank,
            **rules,
        }
        text = canonical(made).decode().replace("%", "%%")
        self._text = text.replace(json.dumps(blank), "%s")

    def _blanks(self, blank: str) -> list[dict[str, str]]:
        return [dict.fromkeys(names, blank) for names in self._names]

    def fill(
        self,
        people: Sequence[str],
        inputs: Mapping[str, Sequence[int | None]],
        amounts: Mapping[str, Sequence[int | None]],
        cohorts: Mapping[str, Sequence[str | None]],
        totals: tuple[Sequence[int | None], Sequence[int | None]],
    ) -> Iterator[bytes]:
        """Yield the content of each person; ``totals`` are payout and score."""
        payout, score = totals
        columns: list[list[str]] = [_quoted_numbers(amounts[name]) for name in self._names[0]]
        columns.extend(_quoted(cohorts[name]) for name in self._names[1])
        columns.extend(_quoted_numbers(inputs[name]) for name in self._names[2])
        columns += [_quoted_numbers(payout), _quoted(people), _quoted_numbers(score)]
        for cells in zip(*columns, strict=True):
            yield (self._text % cells).encode()


def _quoted_numbers(values: Sequence[int | None]) -> list[str]:
    return ["null" if value is None else f'"{value}"' for value in values]


def _quoted(values: Sequence[str | None]) -> list[str]:
    return ["null" if value is None else json.dumps(value, ensure_ascii=False) for value in values]
