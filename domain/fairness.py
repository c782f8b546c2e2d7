"""Whether goals are fair to teams that get unequal opportunities: the same results, seen adjusted.

A single fixed target misjudges whoever is given few leads (or many). The adjusted attainment is
what a group would have reached at its own yield with as many leads per head as the whole has. It
is a view: nothing is paid by it. Every number is an exact fraction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from domain.exact import INTS, added, lowest_terms

Ratio = tuple[int, int]  # num, den; den positive


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFlow:
    """What people who have something in common were to reach, did, and were given to do it."""

    key: str
    people: int
    done: int  # steps of the metric
    wanted: int  # steps of its targets
    flow: int  # steps of what they were given: leads, visits to the shop, calls in


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjusted:
    """A group beside the whole. What has nothing to divide by is missing."""

    group: GroupFlow
    attainment: Ratio | None
    per_head: Ratio | None  # flow
    per_flow: Ratio | None  # the yield: what comes of one lead
    adjusted: Ratio | None  # the attainment at the flow of the whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Fairness:
    """All groups, the whole, and whether attainment follows the flow.

    Of the pairs of groups that differ in both, in ``together`` whoever has more per head attains
    more, in ``apart`` less. Fair goals have about as many of one as of the other.
    """

    whole: Adjusted
    groups: tuple[Adjusted, ...]
    together: int
    apart: int


def fairness(groups: Sequence[GroupFlow]) -> Fairness:
    """Hold each group against the flow of all of them together."""
    whole = GroupFlow(
        key="",
        people=added(each.people for each in groups),
        done=added(each.done for each in groups),
        wanted=added(each.wanted for each in groups),
        flow=added(each.flow for each in groups),
    )
    found = tuple(_adjusted(each, whole) for each in groups)
    together = apart = 0
    for one, other in combinations(found, 2):
        ways = _way(one.attainment, other.attainment), _way(one.per_head, other.per_head)
        if 0 in ways:
            continue
        if ways[0] == ways[1]:
            together = added((together, 1))
        else:
            apart = added((apart, 1))
    return Fairness(whole=_adjusted(whole, whole), groups=found, together=together, apart=apart)


def _adjusted(group: GroupFlow, whole: GroupFlow) -> Adjusted:
    # done / wanted x (whole.flow / whole.people) / (flow / people)
    top = _times(group.done, whole.flow, group.people)
    bottom = _times(group.wanted, whole.people, group.flow)
    return Adjusted(
        group=group,
        attainment=_ratio(group.done, group.wanted),
        per_head=_ratio(group.flow, group.people),
        per_flow=_ratio(group.done, group.flow),
        adjusted=_ratio(top, bottom),
    )


def _times(*factors: int) -> int:
    product: int = 1
    for each in factors:
        product = INTS.times(product, each)
    return product


def _ratio(num: int, den: int) -> Ratio | None:
    return lowest_terms(num, den) if den > 0 else None


def _way(one: Ratio | None, other: Ratio | None) -> int:
    """Say which of two ratios is more: 1 the first, -1 the second, 0 neither."""
    if one is None or other is None:
        return 0
    left, right = INTS.times(one[0], other[1]), INTS.times(other[0], one[1])
    return int(left > right) or -int(left < right)
