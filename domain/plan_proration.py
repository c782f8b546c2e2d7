"""The proration block of a plan: which of its amounts and thresholds are taken by days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from domain.component import SCORE, Condition, Fallback, TierMeasure
from domain.document import DocumentReader, without_absent
from domain.kinds.base import Component
from domain.kinds.gate import Gate
from domain.kinds.kicker import Kicker
from domain.kinds.multiplier import Multiplier
from domain.kinds.tiered import Tiered
from domain.problem import Severity
from domain.proration import (
    RATIOS,
    Basis,
    Changes,
    Proration,
    SegmentPeers,
    Split,
    read_choices,
    read_once,
    write_proration,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a plan has that can be taken by days."""

    units: Mapping[str, str]
    components: Sequence[Component]
    limits: Sequence[str]  # of "cap" and "floor", those that are there


def read_plan_proration(reader: DocumentReader, contents: Contents) -> Proration | None:
    """Read the block and hold it against the rest of its plan."""
    inner = reader.child("proration", required=False)
    if inner is None:
        return None
    common = read_choices(inner, contents.units)
    amounts, thresholds = _amounts(inner, contents), _thresholds(inner, contents)
    peers = None
    if common is not None and common.changes is Changes.SEGMENTS:
        peers = inner.choice("peers", SegmentPeers)
    inner.finish()
    if common is None:
        return None
    found = replace(common, amounts=amounts, thresholds=thresholds, peers=peers)
    _check(inner, found, contents)
    return found


def _check(reader: DocumentReader, found: Proration, contents: Contents) -> None:
    if found.basis is Basis.NONE and (found.amounts or found.thresholds):
        reader.note("proration_needs_days", reader.at("basis"))
    if found.split is not Split.DAYS:
        return
    for component in contents.components:
        compares = getattr(component, "peer_group", None) is not None
        if compares and found.peers is SegmentPeers.LAST_PLACE:
            # a part of the period cannot be held against the median of the whole
            values = {"component": component.id, "split": Split.DAYS.value}
            reader.note("proration_split_compares", reader.at("peers"), values)
        if getattr(component, "amount", None) is not None and component.id not in found.amounts:
            values = {"component": component.id}
            place = reader.at("amounts")
            reader.note("proration_amount_kept", place, values, Severity.WARNING)


def _amounts(reader: DocumentReader, contents: Contents) -> tuple[str, ...]:
    names = read_once(reader, "amounts")
    known = {component.id: component for component in contents.components}
    for place, name in enumerate(names):
        path = f"{reader.at('amounts')}[{place}]"
        if name in contents.limits:
            continue
        if name not in known:
            reader.note("proration_name_unknown", path, {"field": "amounts", "name": name[:80]})
        elif _is_of_others(known[name]):
            # its base is taken by days already
            reader.note("proration_of_percentage", path, {"component": name})
    return names


def _is_of_others(component: Component) -> bool:
    """Say whether a component pays a part of what others pay, which is taken by days already."""
    if isinstance(component, Kicker | Multiplier | Gate):
        return True
    base: tuple[str, ...] | None = getattr(component, "base", None)
    return bool(base)


def _thresholds(reader: DocumentReader, contents: Contents) -> tuple[str, ...]:
    names = read_once(reader, "thresholds")
    known = {component.id: component for component in contents.components}
    for place, name in enumerate(names):
        path = f"{reader.at('thresholds')}[{place}]"
        if name not in known:
            reader.note("proration_name_unknown", path, {"field": "thresholds", "name": name[:80]})
        elif not _has_threshold(known[name], contents.units):
            reader.note("proration_without_threshold", path, {"component": name})
    return names


def _has_threshold(component: Component, units: Mapping[str, str]) -> bool:
    if getattr(component, "fallback", None) is Fallback.MINIMUM_ONLY:
        return False  # a rate is paid on what exceeds its minimum, which is not a threshold alone
    tiered = isinstance(component, Tiered) and tiers_by_days(component)
    return tiered or condition_by_days(component, units) is not None


def tiers_by_days(component: Tiered) -> bool:
    """Say whether the tiers of a table end at amounts of this period, which grow with its days."""
    return component.span is None and component.measure in {
        TierMeasure.ACTUAL,
        TierMeasure.EXCESS_OVER_TARGET,
    }


def condition_by_days(
    component: Component, units: Mapping[str, str]
) -> tuple[str, Condition] | None:
    """Return the condition of a component whose fixed value can be taken by days, and its name."""
    for name in ("minimum", "condition"):
        found = getattr(component, name, None)
        if (
            isinstance(found, Condition)
            and found.metric != SCORE
            and units.get(found.metric, "RATIO") not in RATIOS
        ):
            return name, found
    return None


def write_plan_proration(proration: Proration | None) -> dict[str, object] | None:
    """Write the block of a plan, which names its amounts and thresholds too."""
    found = write_proration(proration)
    if proration is None or found is None:
        return None
    return without_absent(
        {
            **found,
            "amounts": list(proration.amounts),
            "thresholds": list(proration.thresholds),
            "peers": proration.peers.value if proration.peers else None,
        }
    )
