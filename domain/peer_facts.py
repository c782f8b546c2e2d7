"""The peer facts that a plan's comparison needs, for everybody at once.

One place says what a `Cohort` of a program means, so that a calculation, a what-if and a test can
not understand it differently.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from domain.columns import COLUMNS, Column, column_of, column_of_value, lane_of
from domain.compare import CohortPolicy, Compared, Measure, RankPolicy, compare_everyone
from domain.metric import Direction
from domain.peer_rules import Members, RankForm
from domain.presence import Presence
from domain.program import Cohort

Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Compare:
    """What is compared with what: own values, groups and parent groups by row.

    ``tie_breaks`` are further measures in the order of the cohort's, each with its direction.
    Without ``presence`` everybody was there all the time.
    """

    own: Measure
    direction: Direction
    groups: Codes
    parents: Codes
    tie_breaks: Sequence[tuple[Measure, Direction]] = ()
    presence: Presence | None = None


def compare_cohort(cohort: Cohort, given: Compare) -> Compared:
    """Compare everybody as one comparison of a program asks."""
    own, ranking = counted_measure(cohort.members, given), RankPolicy.COMPETITION
    if cohort.ranking is RankForm.DENSE:
        ranking = RankPolicy.DENSE
    elif cohort.tie_breaks:
        ranking = RankPolicy.ORDINAL
    policy = CohortPolicy(
        minimum=cohort.minimum,
        fallback=cohort.fallback,
        ranking=ranking,
        direction=given.direction,
        percentile=cohort.percentile,
    )
    breaks = tuple(
        part
        for measure, direction in given.tie_breaks
        for part in _tie_break(measure, direction, given.direction)
    )
    return compare_everyone(own, given.groups, given.parents, policy, breaks)


def counted_measure(members: Members, given: Compare) -> Measure:
    """Give the values that are compared: of those who count, scaled where the rule says so."""
    if given.presence is None or members is Members.EVERYBODY:
        return given.own
    own = given.own
    if members is Members.PRORATED:
        num, den = given.presence.scaled(own.num, own.den)
        own = Measure(num=num, den=den)
    counted = given.presence.counted(members)
    present = counted if own.num.present is None else np.logical_and(counted, own.num.present)
    return replace(own, num=column_of(own.num.values, present))


def _tie_break(
    measure: Measure, direction: Direction, wanted: Direction
) -> tuple[Measure, Measure]:
    """Give what breaks a tie: who has no value comes after all who have one.

    The ranking runs in the direction of the first measure; one of the other is turned round.
    """
    present, count = measure.num.present, len(measure.num)
    there = np.ones(count, dtype=np.bool_) if present is None else present
    num = Column(np.where(there, measure.num.values, 0))
    if _lower(direction) != _lower(wanted):
        num = column_of_value(COLUMNS.minus(0, lane_of(num, 0, count)), count)
    den = measure.den
    if not isinstance(den, int):
        den = Column(np.where(there, den.values, 1))
    first = np.logical_not(there) if _lower(wanted) else there
    return Measure(num=Column(first.astype(np.int64))), Measure(num=num, den=den)


def _lower(direction: Direction) -> bool:
    return direction is Direction.LOWER
