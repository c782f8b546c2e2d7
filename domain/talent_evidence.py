"""Finding evidence in frozen results: who was in the best share so often in a row, and the like.

Pure: periods with what their runs found go in, in their order; what is due comes out. What was due
once is due once: a streak that goes on is not due again before it has broken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from domain.compare import top_places, within_top
from domain.exact import INTS
from domain.peers import twice_above_median
from domain.period import Period
from domain.talent import Leave, Share, TalentKind, TalentRule


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a period's run found, as far as one rule asks for it."""

    period: Period
    run_id: str
    present: frozenset[str]  # who had a result
    places: Mapping[str, Place] = field(default_factory=dict)
    scores: Mapping[str, int] = field(default_factory=dict)


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


def due_for(rule: TalentRule, looks: Sequence[Look]) -> tuple[Due, ...]:
    """Return what a rule finds in these periods, in the order of periods and people."""
    ordered = sorted(looks, key=lambda look: look.period.start)
    found = list(_FINDERS[rule.kind](rule, ordered))
    place = {look.period.name: index for index, look in enumerate(ordered)}
    return tuple(sorted(found, key=lambda d: (place[d.period], d.person_id, d.metric or "")))


def in_share(share: Share, place: Place, *, last: bool) -> tuple[bool, int]:
    """Say whether a place is within the best (or last) share of its group, and how many that is."""
    places = top_places(place.size, share.share, share.rounding, share.least)
    # Competition rank counted from the other end: so many are worse, and one more.
    behind = INTS.minus(INTS.plus(place.size, 1), INTS.plus(place.rank, place.tied))
    rank = int(INTS.plus(behind, 1)) if last else place.rank
    return within_top(rank, place.tied, places, share.tie), places


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


def _marks(
    rule: TalentRule, looks: Sequence[Look], person: str, hits: Sequence[bool | None]
) -> list[tuple[int, Mark]]:
    """Mark every period for a person; a period without a run lies between and breaks."""
    found: list[tuple[int, Mark]] = []
    before: Period | None = None
    for place, (look, hit) in enumerate(zip(looks, hits, strict=True)):
        if before is not None and before.end != look.period.start:
            found.append((place, Mark.BREAK))
        before = look.period
        if hit:
            found.append((place, Mark.HIT))
        elif person not in look.present and rule.leave is Leave.SKIPPED:
            found.append((place, Mark.SKIP))
        else:
            found.append((place, Mark.BREAK))
    return found


def _everybody(looks: Sequence[Look]) -> list[str]:
    return sorted({person for look in looks for person in look.present})


def _share_streak(rule: TalentRule, looks: Sequence[Look]) -> Iterator[Due]:
    share, last = rule.share, rule.kind is TalentKind.BOTTOM_SHARE_STREAK
    if share is None:
        return
    for person in _everybody(looks):
        hits: list[bool | None] = []
        told: list[dict[str, str]] = []
        for look in looks:
            place = look.places.get(person)
            if place is None or place.size < rule.minimum_cohort:
                hits.append(None)
                told.append({})
                continue
            hit, places = in_share(share, place, last=last)
            hits.append(hit)
            told.append(
                {"rank": str(place.rank), "size": str(place.size), "places": str(places)}
                | ({"tied": str(place.tied)} if place.tied > 1 else {})
            )
        marks = _marks(rule, looks, person, hits)
        for streak in streaks(marks, rule.periods):
            yield _due(rule, looks, person, [(place, told[place]) for place in streak])


def _score_streak(rule: TalentRule, looks: Sequence[Look]) -> Iterator[Due]:
    wanted = rule.score
    if wanted is None:
        return
    for person in _everybody(looks):
        scores = [look.scores.get(person) for look in looks]
        hits = [None if score is None else score >= wanted for score in scores]
        for streak in streaks(_marks(rule, looks, person, hits), rule.periods):
            told = [(place, {"score": str(scores[place])}) for place in streak]
            yield _due(rule, looks, person, told)


def _first_above(rule: TalentRule, looks: Sequence[Look]) -> Iterator[Due]:
    """Find the first period over the median of somebody who has been at or below it before."""
    for person in _everybody(looks):
        below = False
        for index, look in enumerate(looks):
            place = look.places.get(person)
            if place is None or place.middle is None or place.size < rule.minimum_cohort:
                continue
            over, _ = twice_above_median(INTS, place.value, *place.middle)
            if over > 0:
                if below:
                    told = {"rank": str(place.rank), "size": str(place.size)}
                    yield _due(rule, looks, person, [(index, told)])
                break
            below = True


def _due(
    rule: TalentRule,
    looks: Sequence[Look],
    person: str,
    told: Sequence[tuple[int, Mapping[str, str]]],
    metric: str | None = None,
) -> Due:
    evidence = tuple(
        Evidence(period=looks[place].period.name, run_id=looks[place].run_id, values=dict(values))
        for place, values in told
    )
    last = looks[told[-1][0]].period.name
    return Due(rule_id=rule.id, person_id=person, period=last, evidence=evidence, metric=metric)


_FINDERS = {
    TalentKind.TOP_SHARE_STREAK: _share_streak,
    TalentKind.BOTTOM_SHARE_STREAK: _share_streak,
    TalentKind.SCORE_STREAK: _score_streak,
    TalentKind.FIRST_ABOVE_MEDIAN: _first_above,
}
