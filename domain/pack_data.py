"""Whether what the connected sources bring can feed a KPI: yes, in part, or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.mapping import FactTarget, SourceMapping
from domain.metric import Formula, FormulaKind, Metric

_OWN = ("subject", "person")  # what every fact may have without an attribute of that name


class Feed(StrEnum):
    """Can the connected sources feed it?"""

    GREEN = "GREEN"
    AMBER = "AMBER"
    RED = "RED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """One thing that is not there, as a code with its values."""

    code: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeding:
    """Whether a KPI can be fed, and what it lacks, each once."""

    feed: Feed
    lacks: tuple[Lack, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What the mappings make: facts by kind, one entry for each way in which a kind is made."""

    facts: Mapping[str, tuple[FactTarget, ...]]
    promised: frozenset[str] = frozenset()  # kinds that somebody says could be connected


def brought_by(mappings: Iterable[SourceMapping], promised: Iterable[str] = ()) -> Brought:
    """Gather what the mappings of all connections make."""
    facts: dict[str, list[FactTarget]] = {}
    for mapping in mappings:
        for stream in mapping.streams.values():
            for target in stream.targets:
                if target.fact is not None:
                    facts.setdefault(target.fact.kind, []).append(target.fact)
    kept = {kind: tuple(targets) for kind, targets in facts.items()}
    return Brought(facts=kept, promised=frozenset(promised))


def feeding_of(metric: Metric, brought: Brought) -> Feeding:
    """Look for every fact that the formula reads, in its unit and with its attributes.

    GREEN: nothing is lacking. RED: no fact that it reads is there or promised. AMBER: the rest.
    """
    leaves = leaves_of_formula(metric)
    lacks: dict[tuple[str, tuple[str, ...]], Lack] = {}
    for leaf in leaves:
        for lack in _lacks(leaf, brought):
            lacks.setdefault((lack.code, tuple(lack.values.values())), lack)
    known = brought.promised | set(brought.facts)
    feed = Feed.AMBER if metric.fact_kinds & known else Feed.RED
    return Feeding(feed=feed if lacks else Feed.GREEN, lacks=tuple(lacks.values()))


def leaves_of_formula(metric: Metric) -> tuple[Formula, ...]:
    """Return the parts of a metric's formula that read facts."""
    return tuple(_leaves(metric.formula))


def _leaves(formula: Formula) -> Iterator[Formula]:
    if formula.fact is not None:
        yield formula
    for part in formula.parts:
        yield from _leaves(part)


def _lacks(leaf: Formula, brought: Brought) -> Iterator[Lack]:
    kind = str(leaf.fact)
    ways = brought.facts.get(kind, ())
    if not ways:
        code = "pack_feed_promised" if kind in brought.promised else "pack_feed_absent"
        yield Lack(code=code, values={"fact": kind})
        return
    if leaf.unit is not None and not any(_unit_fits(way, leaf.unit) for way in ways):
        yield Lack(code="pack_feed_unit", values={"fact": kind, "unit": leaf.unit})
    for attribute in sorted(_attributes(leaf)):
        if not any(attribute in way.attributes for way in ways):
            yield Lack(code="pack_feed_attribute", values={"fact": kind, "attribute": attribute})
    if _asks_subject(leaf) and not any(way.subject is not None for way in ways):
        yield Lack(code="pack_feed_subject", values={"fact": kind})


def _unit_fits(way: FactTarget, unit: str) -> bool:
    """A unit that a column names may be any."""
    return way.quantity.unit is None or way.quantity.unit == unit


def _attributes(leaf: Formula) -> set[str]:
    named = {condition.attribute for condition in leaf.where}
    return named | ({leaf.of} if leaf.of is not None and leaf.of not in _OWN else set())


def _asks_subject(leaf: Formula) -> bool:
    return leaf.of == "subject" or leaf.kind is FormulaKind.RETURNING
