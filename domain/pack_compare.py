"""Two packs side by side: which KPIs count the same under other keys, and what each asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.document import document_hash
from domain.metric import Metric, encode_metric

_MEANING = ("formula", "unit", "direction", "empty")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """The KPIs of two packs by what they count; names and words do not matter."""

    shared: tuple[tuple[Metric, Metric], ...]
    only_first: tuple[Metric, ...]
    only_second: tuple[Metric, ...]


def meaning(metric: Metric) -> str:
    """Return a text that two KPIs share exactly when they count the same."""
    document = encode_metric(metric)
    return document_hash({name: document.get(name) for name in _MEANING})


def compare(first: Sequence[Metric], second: Sequence[Metric]) -> Compared:
    """Pair KPIs that count the same, those of one key first, each at most once."""
    waiting: dict[str, list[Metric]] = {}
    for each in second:
        waiting.setdefault(meaning(each), []).append(each)
    shared, alone = [], []
    for each in sorted(first, key=lambda one: all(one.key != other.key for other in second)):
        found = waiting.get(meaning(each), [])
        if not found:
            alone.append(each)
            continue
        match = next((other for other in found if other.key == each.key), found[0])
        found.remove(match)
        shared.append((each, match))
    order = {each.key: place for place, each in enumerate(first)}
    return Compared(
        shared=tuple(sorted(shared, key=lambda pair: order[pair[0].key])),
        only_first=tuple(sorted(alone, key=lambda each: order[each.key])),
        only_second=tuple(
            each for each in second if any(each is other for other in waiting[meaning(each)])
        ),
    )
