"""What rules about people look at, and how periods become evidence.

Pure: periods with what their runs found go in; what is due comes out. What was due once is due
once: a streak that goes on is not due again before it has broken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from domain.period import Period
from domain.talent import Leave, TalentRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where somebody stood in a group, on one measure: the rank, shared by how many, of how many.

    The value and the median pair of the group are exact fractions.
    """

    group: str
    rank: int
    tied: int
    size: int
    value: tuple[int, int] = (0, 1)
    middle: tuple[tuple[int, int], tuple[int, int]] | None = None
    whole: tuple[int, int] = (0, 0)  # of the group: numerators and denominators added up
    unit: str = "NUMBER"
    named: str = ""  # what people call the group


@dataclass(frozen=True, slots=True, kw_only=True)
class Kpi:
    """What one KPI of somebody's scorecard came to. ``None``: the results do not say."""

    met: bool | None
    points: int | None
    full: int | None
    group: str = ""  # with whom it is compared


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a period's run found, as far as one rule asks for it."""

    period: Period
    run_id: str
    present: frozenset[str]  # who had a result
    places: Mapping[str, Place] = field(default_factory=dict)
    scores: Mapping[str, int] = field(default_factory=dict)
    kpis: Mapping[str, Mapping[str, Kpi]] = field(default_factory=dict)  # by person and metric


class Mark(StrEnum):
    """What a period is for a streak."""

    HIT = "HIT"
    BREAK = "BREAK"
    SKIP = "SKIP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One period of the evidence, as it is kept and shown."""

    period: str
    run_id: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Something is due for somebody, in the period that completed the evidence."""

    rule_id: str
    person_id: str
    period: str
    evidence: tuple[Evidence, ...]
    metric: str | None = None


def streaks(marks: Sequence[tuple[int, Mark]], length: int) -> Iterator[tuple[int, ...]]:
    """Yield the places of the hits that complete a streak of ``length``, once per streak."""
    held: list[int] = []
    for place, mark in marks:
        if mark is Mark.BREAK:
            held = []
        if mark is Mark.HIT:
            held.append(place)
            if len(held) == length:
                yield tuple(held)


def marks_of(
    rule: TalentRule,
    looks: Sequence[Look],
    person: str,
    hits: Sequence[bool | None],
    *,
    silent: bool = False,
) -> list[tuple[int, Mark]]:
    """Mark every period for a person; a period without a run lies between and breaks.

    ``silent``: a period that says nothing (None) goes by the policy of leave, as an absence does.
    """
    found: list[tuple[int, Mark]] = []
    before: Period | None = None
    for place, (look, hit) in enumerate(zip(looks, hits, strict=True)):
        if before is not None and before.end != look.period.start:
            found.append((place, Mark.BREAK))
        before = look.period
        if hit:
            found.append((place, Mark.HIT))
        elif rule.leave is Leave.SKIPPED and (
            person not in look.present or (silent and hit is None)
        ):
            found.append((place, Mark.SKIP))
        else:
            found.append((place, Mark.BREAK))
    return found


def everybody(looks: Sequence[Look]) -> list[str]:
    """Name who had a result in any of the periods."""
    return sorted({person for look in looks for person in look.present})


def due_in(
    rule: TalentRule,
    looks: Sequence[Look],
    person: str,
    told: Sequence[tuple[int, Mapping[str, str]]],
    metric: str | None = None,
) -> Due:
    """Make what is due of the places of the periods and what each says."""
    evidence = tuple(
        Evidence(period=looks[place].period.name, run_id=looks[place].run_id, values=dict(values))
        for place, values in told
    )
    last = looks[told[-1][0]].period.name
    return Due(rule_id=rule.id, person_id=person, period=last, evidence=evidence, metric=metric)
