"""Holds the parts of a pack against each other: keys, units, directions, facts, examples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from domain.metric import Metric
from domain.plan import Plan
from domain.problem import Problem, Severity
from domain.scorecard import Scorecard

_LISTS = ("metrics", "scorecards", "plans")


def together_problems(
    content: Mapping[str, Any],
    metrics: Sequence[Metric | None],
    cards: Sequence[Scorecard | None],
    plans: Sequence[Plan | None],
) -> tuple[Problem, ...]:
    """Find what is wrong between documents that may each be right.

    ``content`` has the form of the schema; None stands for a document with problems of its own,
    whose key counts as known so that one fault is not reported twice.
    """
    keys = {name: [_key_of(each) for each in content.get(name, [])] for name in _LISTS}
    known = {metric.key: metric for metric in metrics if metric is not None}
    names = frozenset(keys["metrics"])
    wrong_keys = tuple(_key_problems(content["id"], keys))
    # a wrong key has been named: that the synonyms of the right one are without a KPI says no more
    synonyms = {} if wrong_keys or None in metrics else content.get("synonyms", {})
    return tuple(
        chain(
            wrong_keys,
            _entity_problems(content["requires"]["entities"], metrics),
            _card_problems(cards, names, known),
            _plan_problems(plans, names, known),
            _example_problems(content["examples"], names, keys),
            _synonym_problems(synonyms, names),
            _untried(content["examples"], keys),
        )
    )


def _key_of(document: Any) -> str:
    key = document.get("key") if isinstance(document, Mapping) else None
    return key if isinstance(key, str) else ""


def _problem(code: str, path: str, **values: str) -> Problem:
    return Problem(code=code, path=path, values=values)


def _key_problems(pack: str, keys: Mapping[str, list[str]]) -> Iterator[Problem]:
    for name, listed in keys.items():
        for index, key in enumerate(listed):
            path = f"{name}[{index}].key"
            if key and not key.startswith(f"{pack}."):
                yield _problem("pack_key_foreign", path, key=key[:80], pack=pack)
            if key and key in listed[:index]:
                yield _problem("name_not_unique", path, name=key)


def _entity_problems(declared: list[str], metrics: Sequence[Metric | None]) -> Iterator[Problem]:
    for index, metric in enumerate(metrics):
        kinds = frozenset() if metric is None else metric.fact_kinds
        for kind in sorted(kinds.difference(declared)):
            yield _problem("pack_entity_undeclared", f"metrics[{index}].formula", entity=kind)


def _use_problems(
    names: frozenset[str], known: Mapping[str, Metric], key: str, unit: str, paths: tuple[str, str]
) -> Iterator[Problem]:
    metric = known.get(key)
    if key not in names:
        yield _problem("metric_not_in_pack", paths[0], metric=key)
    elif metric is not None and metric.unit != unit:
        yield _problem("unit_differs", paths[1], metric=key, unit=unit, wanted=metric.unit)


def _card_problems(
    cards: Sequence[Scorecard | None], names: frozenset[str], known: Mapping[str, Metric]
) -> Iterator[Problem]:
    for place, card in enumerate(cards):
        if card is None:
            continue
        for index, item in enumerate(card.items):
            path = f"scorecards[{place}].items[{index}]"
            paths = (f"{path}.metric", f"{path}.unit")
            yield from _use_problems(names, known, item.metric, item.unit, paths)
            metric = known.get(item.metric)
            if metric is not None and metric.direction is not item.direction:
                values = {"metric": item.metric, "wanted": metric.direction.value}
                yield _problem("direction_differs", f"{path}.direction", **values)
        for index, each in enumerate(card.adjustments):
            path = f"scorecards[{place}].adjustments[{index}]"
            paths = (f"{path}.metric", f"{path}.unit")
            yield from _use_problems(names, known, each.metric, each.unit, paths)


def _plan_problems(
    plans: Sequence[Plan | None], names: frozenset[str], known: Mapping[str, Metric]
) -> Iterator[Problem]:
    for place, plan in enumerate(plans):
        for key, unit in ({} if plan is None else plan.units).items():
            path = f"plans[{place}].units.{key}"
            yield from _use_problems(names, known, key, unit, (path, path))


def _example_problems(
    examples: list[Any], names: frozenset[str], keys: Mapping[str, list[str]]
) -> Iterator[Problem]:
    seen: set[str] = set()
    for place, example in enumerate(examples):
        path = f"examples[{place}]"
        if example["id"] in seen:
            yield _problem("name_not_unique", f"{path}.id", name=example["id"])
        seen.add(example["id"])
        for field, listed in (("scorecard", keys["scorecards"]), ("plan", keys["plans"])):
            if field in example and example[field] not in listed:
                yield _problem("pack_document_unknown", f"{path}.{field}", key=example[field])
        for index, person in enumerate(example["people"]):
            for key in person["given"]:
                if key not in names:
                    where = f"{path}.people[{index}].given.{key}"
                    yield _problem("metric_not_in_pack", where, metric=key)


def _synonym_problems(synonyms: Mapping[str, Any], names: frozenset[str]) -> Iterator[Problem]:
    for key in sorted(set(synonyms) - names):
        yield _problem("metric_not_in_pack", f"synonyms.{key}", metric=key[:80])


def _untried(examples: Iterable[Any], keys: Mapping[str, list[str]]) -> Iterator[Problem]:
    """Warn about a scorecard or a plan that no example proves."""
    tried = {each.get(field) for each in examples for field in ("scorecard", "plan")}
    for name in ("scorecards", "plans"):
        for index, key in enumerate(keys[name]):
            if key not in tried:
                yield Problem(
                    code="pack_example_missing",
                    path=f"{name}[{index}]",
                    values={"key": key},
                    severity=Severity.WARNING,
                )
