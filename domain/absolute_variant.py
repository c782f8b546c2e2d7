"""A plan with rewards above the median, turned into the same plan above lines nobody moves.

Under a median half of a group earns nothing, however much it sells, and helping a colleague costs
money. A backtest puts the absolute counterpart beside it: the same amounts, rates and minimums,
against a fixed line or against the median that the group had in the period before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from domain.kinds.base import Component
from domain.kinds.reward_above_line import LineFrom, RewardAboveLine
from domain.kinds.reward_above_median import RewardAboveMedian
from domain.plan import Plan


def absolute_variant(plan: Plan, targets: Mapping[str, int]) -> Plan:
    """Replace each reward above the median by the same reward above a line.

    ``targets`` holds fixed lines by component id, in steps of the metric's unit; a component that
    is not named is held against its group's median of the period before. What is said about small
    groups falls away: such a line is there however many people there are. A plan without a median
    comes back as it is, and a target for anything else is a fault of the caller.
    """
    medians = {each.id for each in plan.components if isinstance(each, RewardAboveMedian)}
    unknown = sorted(set(targets).difference(medians))
    if unknown:
        raise ValueError(f"no reward above the median is called {', '.join(unknown)}")
    return replace(plan, components=tuple(_absolute(each, targets) for each in plan.components))


def _absolute(component: Component, targets: Mapping[str, int]) -> Component:
    if not isinstance(component, RewardAboveMedian):
        return component
    fixed = targets.get(component.id)
    return RewardAboveLine(
        id=component.id,
        name=component.name,
        missing=component.missing,
        cap=component.cap,
        floor=component.floor,
        metric=component.metric,
        line=LineFrom.MEDIAN_BEFORE if fixed is None else LineFrom.VALUE,
        value=fixed,
        peer_group=component.peer_group if fixed is None else None,
        minimum=component.minimum,
        amount=component.amount,
        rate=component.rate,
    )
