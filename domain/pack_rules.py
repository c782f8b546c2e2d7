"""The documents of a pack under a company's layer: whether they can hold, and in their one form."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from domain.metric import Metric, decode_metric, encode_metric
from domain.pack_layer import SECTIONS, PackRules, held, pack_leaves
from domain.pack_merge import Leaves, overrides_of
from domain.plan import Plan, decode_plan, has_errors
from domain.plan_document import encode_plan
from domain.problem import Problem
from domain.scorecard import Scorecard, decode_scorecard, encode_scorecard

Reader = Callable[[object], tuple[Any, tuple[Problem, ...]]]
_DECODERS: Mapping[str, Reader] = {
    "metrics": decode_metric,
    "scorecards": decode_scorecard,
    "plans": decode_plan,
}
_ENCODERS: Mapping[str, Callable[[Any], dict[str, object]]] = {
    "metrics": encode_metric,
    "scorecards": encode_scorecard,
    "plans": encode_plan,
}


def settled(
    pack_id: str, base: Leaves, layer: Leaves
) -> tuple[Leaves, PackRules, tuple[Problem, ...]]:
    """Read the documents that would hold, and return the layer as it says the same canonically.

    5500.00 and 5500 are the same amount: kept in two forms they would look like a conflict.
    """
    problems: list[Problem] = []
    written: dict[str, list[Mapping[str, Any]]] = {name: [] for name in SECTIONS}
    rules = held(base, layer)
    names = {str(each["key"]) for each in rules.metrics}
    for section in SECTIONS:
        for document in rules.section(section):
            read, wrong = _DECODERS[section](document)
            place = f"{section}[{document['key']}]"
            if has_errors(wrong):
                problems.extend(replace(each, path=f"{place}.{each.path}") for each in wrong)
                continue
            written[section].append(_ENCODERS[section](read))
            problems.extend(_strangers(pack_id, names, place, read))
    if problems:
        return layer, rules, tuple(problems)
    whole = PackRules(**{name: tuple(listed) for name, listed in written.items()})
    leaves = pack_leaves(whole.metrics, whole.scorecards, whole.plans)
    return overrides_of(base, leaves), whole, ()


def _strangers(
    pack_id: str, names: set[str], place: str, document: Metric | Scorecard | Plan
) -> Iterator[Problem]:
    """Find metrics of the pack that are read and not in it any more."""
    used: tuple[str, ...] = ()
    if isinstance(document, Plan):
        used = tuple(document.units)
    elif isinstance(document, Scorecard):
        used = (*document.metrics, *(each.metric for each in document.adjustments))
    for key in dict.fromkeys(used):
        if key.startswith(f"{pack_id}.") and key not in names:
            yield Problem(code="metric_not_in_pack", path=place, values={"metric": key})
