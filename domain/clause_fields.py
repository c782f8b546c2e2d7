"""How the fields of a plan document become clauses: one function per shape of a field.

It walks the canonical document, so that nothing can be in a rule and not in its text: a field that
no function knows is a fault (`UnsaidError`), not a gap.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from domain.clause import (
    Amount,
    Clause,
    ComponentName,
    Factor,
    Many,
    MetricName,
    Said,
    Word,
)
from domain.component import SCORE, TOTAL
from domain.unit import to_steps


class UnsaidError(Exception):
    """A field of a document has no words; the message is its JSON path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One object of a document, and what is needed to say its fields."""

    id: str
    path: str
    fields: Mapping[str, Any]
    currency: str
    units: Mapping[str, str]
    own: Mapping[str, str]  # field -> the code of a sentence that is this rule's alone

    def inside(self, name: str, fields: Mapping[str, Any]) -> Rule:
        """Go into an object of this one."""
        return Rule(
            id=f"{self.id}:{name}",
            path=f"{self.path}.{name}",
            fields=fields,
            currency=self.currency,
            units=self.units,
            own={},
        )

    def unit(self, metric: object) -> str:
        """Give the unit of a metric or of the score."""
        return "POINT" if metric == SCORE else self.units[str(metric)]

    @property
    def axis_unit(self) -> str:
        """The unit of the places of a table of points."""
        measured = self.fields.get("axis") == "ACTUAL"
        return self.unit(self.fields["metric"]) if measured else "RATIO"

    def clause(self, name: str, code: str, values: Mapping[str, Said], at: str = "") -> Clause:
        """Make the clause of the field ``name``."""
        path = f"{self.path}.{at or name}".lstrip(".")
        return Clause(id=f"{self.id}:{name}", path=path, code=code, values=values)


def exact(value: object, unit: str) -> Amount:
    """Read a number of a canonical document."""
    steps = to_steps(str(value), unit)
    if steps is None:
        raise UnsaidError(f"{value} {unit}")
    return Amount(steps=steps, unit=unit)


def metric_name(key: object) -> Said:
    """Name a metric; the score has a word of its own."""
    return Word(code="clause_word_score") if key == SCORE else MetricName(key=str(key))


def names_of(base: object) -> Said:
    """Name the components of a base; TOTAL is everything before it."""
    if base == TOTAL or not isinstance(base, list):
        return Word(code="clause_word_total")
    return Many(each=tuple(ComponentName(id=str(name)) for name in base))


def snake(name: str) -> str:
    """Write a name of a document the way codes are written: ``peerGroup`` is ``peer_group``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def _money(value: object, rule: Rule) -> Said:
    return exact(value, rule.currency)


def _ratio(value: object, _rule: Rule) -> Said:
    return exact(value, "RATIO")


def _factor(value: object, _rule: Rule) -> Said:
    return Factor(steps=exact(value, "RATIO").steps)


def _plain(value: object, _rule: Rule) -> Said:
    return value if isinstance(value, int) else str(value)


def _held(value: object, rule: Rule) -> Said:
    return exact(value, rule.unit(rule.fields["metric"]))


def _word(value: object, _rule: Rule) -> Said:
    return Word(code=f"clause_word_{str(value).lower()}")


def _day(value: object, _rule: Rule) -> Said:
    return date.fromisoformat(str(value))


def _metrics(value: object, _rule: Rule) -> Said:
    keys: Sequence[object] = value if isinstance(value, list) else ()
    return Many(each=tuple(metric_name(key) for key in keys))


def _components(value: object, _rule: Rule) -> Said:
    keys: Sequence[object] = value if isinstance(value, list) else ()
    limits = {"cap", "floor"}
    return Many(
        each=tuple(
            Word(code=f"clause_word_{key}") if key in limits else ComponentName(id=str(key))
            for key in keys
        )
    )


def _shares(value: object, _rule: Rule) -> Said:
    texts: Sequence[object] = value if isinstance(value, list) else ()
    return Many(each=tuple(exact(each, "RATIO") for each in texts))


# Fields that are one value.
SAID: Mapping[str, Callable[[object, Rule], Said]] = {
    **dict.fromkeys(("amount", "cap", "floor"), _money),
    **dict.fromkeys(("rate", "percent", "share", "percentile"), _ratio),
    **dict.fromkeys(("slope",), _ratio),
    **dict.fromkeys(("comparison", "axis", "boundary"), _word),
    **dict.fromkeys(("metric", "by"), lambda value, _rule: metric_name(value)),
    **dict.fromkeys(("minimumCohort", "least", "monthsAfter", "day", "fromMonth"), _plain),
    **dict.fromkeys(("toMonth", "months", "periods", "event"), _plain),
    **dict.fromkeys(("from", "to"), _day),
    **dict.fromkeys(("tieBreak", "targets", "metrics"), _metrics),
    **dict.fromkeys(("amounts", "thresholds"), _components),
    "value": _held,
    "factor": _factor,
    "base": lambda value, _rule: names_of(value),
    "shares": _shares,
}
# Fields that are a choice: each choice has a sentence of its own.
CHOICES = frozenset(
    {
        "missing", "negative", "peerGroup", "members", "rank", "tie", "rounding", "fallback",
        "method", "boundary", "beyond", "unmeasured", "mode", "measure", "span", "spanStart",
        "spanTarget", "pays", "parts", "key", "form", "cadence", "basis", "changes", "split",
        "peers", "start",
    }
)  # fmt: skip


def said(rule: Rule) -> dict[str, Said]:
    """Say every field of a rule that is one value; sentences take what they need."""
    return {
        snake(name): SAID[name](value, rule)
        for name, value in rule.fields.items()
        if name in SAID and not _is_table(name, value)
    }


def _is_table(name: str, value: object) -> bool:
    """Say whether a list that usually names components is a list of prizes."""
    numbers = isinstance(value, list) and all(str(each)[:1].isdigit() for each in value)
    return name == "amounts" and numbers and bool(value)


def clauses_of(rule: Rule, spoken: Sequence[str] = ()) -> Iterator[Clause]:
    """Make the clauses of the fields that ``spoken`` does not name, in their order."""
    for name, value in rule.fields.items():
        if name not in spoken:
            yield from _field(rule, name, value)


def _field(rule: Rule, name: str, value: Any) -> Iterator[Clause]:
    code = rule.own.get(name, f"clause_{snake(name)}")
    if name == "amounts" and _is_table(name, value):
        yield from _prizes(rule, value)
    elif name in _SHAPES:
        yield from _SHAPES[name](rule, name, value, code)
    elif name in CHOICES:
        yield rule.clause(name, f"{code}_{str(value).lower()}", said(rule))
    elif name == "below":
        yield from _below(rule, value, code)
    elif name in SAID:
        empty = "_none" if value == [] else ""
        yield rule.clause(name, f"{code}{empty}", said(rule))
    else:
        raise UnsaidError(f"{rule.path}.{name}")


def _below(rule: Rule, value: str, code: str) -> Iterator[Clause]:
    """A choice, or the number that holds below the first point."""
    if value.isupper():
        yield rule.clause("below", f"{code}_{value.lower()}", said(rule))
    else:
        yield rule.clause("below", code, {"below": _factor(value, rule)})


def _condition(rule: Rule, name: str, value: Any, code: str) -> Iterator[Clause]:
    inner = rule.inside(name, value)
    against = f"_{value['against'].lower()}" if "against" in value else ""
    yield rule.clause(name, f"{code}{against}", said(inner))


def _tiers(rule: Rule, name: str, value: Any, code: str) -> Iterator[Clause]:
    unit = "RATIO" if rule.fields["measure"] == "ATTAINMENT" else rule.currency
    start: Said | None = None
    for place, (number, tier) in enumerate(enumerate(value, start=1)):
        values: dict[str, Said] = {"number": number, "rate": exact(tier["rate"], "RATIO")}
        if start is not None:
            values["from"] = start
        if "upTo" in tier:
            start = values["up_to"] = exact(tier["upTo"], unit)
        shape = "_".join(each for each in ("from", "up_to") if each in values)
        at = f"{name}[{place}]"
        yield rule.clause(f"{name}:{number}", f"clause_tier_{shape or 'all'}", values, at)


def _points(rule: Rule, name: str, value: Any, code: str) -> Iterator[Clause]:
    for place, (number, point) in enumerate(enumerate(value, start=1)):
        at = f"{name}[{place}]"
        if "score" in point:
            where = exact(point["score"], "POINT")
        else:
            where = exact(point["at"], rule.axis_unit)
        values: dict[str, Said] = {"number": number, "at": where}
        if "factor" in point:
            values["factor"] = _factor(point["factor"], rule)
            yield rule.clause(f"{name}:{number}", "clause_point_factor", values, at)
        else:
            values["pays"] = exact(point["pays"], "RATIO")
            yield rule.clause(f"{name}:{number}", "clause_point_pays", values, at)


def _side(rule: Rule, name: str, value: Any, code: str) -> Iterator[Clause]:
    inner = rule.inside(name, value)
    edges = tuple(exact(edge, inner.axis_unit) for edge in value["edges"])
    yield rule.clause(name, code, {**said(inner), "edges": Many(each=edges)})


def _cells(rule: Rule, name: str, value: Any, code: str) -> Iterator[Clause]:
    factor = rule.fields["pays"] == "FACTOR"
    for place, (number, row) in enumerate(enumerate(value, start=1)):
        cells = tuple((_factor if factor else _money)(cell, rule) for cell in row)
        values: dict[str, Said] = {"number": number, "cells": Many(each=cells)}
        yield rule.clause(f"{name}:{number}", "clause_cells", values, f"{name}[{place}]")


def _bands(rule: Rule, name: str, value: Any, code: str) -> Iterator[Clause]:
    for place, (number, band) in enumerate(enumerate(value, start=1)):
        inner = rule.inside(name, band)
        values: dict[str, Said] = {"number": number, **said(inner)}
        yield rule.clause(f"{name}:{number}", "clause_band", values, f"{name}[{place}]")


def _prizes(rule: Rule, amounts: Sequence[str]) -> Iterator[Clause]:
    for place, (number, amount) in enumerate(enumerate(amounts, start=1)):
        values: dict[str, Said] = {"number": number, "amount": _money(amount, rule)}
        at = f"amounts[{place}]"
        yield rule.clause(f"amounts:{number}", "clause_prize", values, at)


def _funding(rule: Rule, name: str, value: Any, code: str) -> Iterator[Clause]:
    inner = rule.inside(name, value)
    yield rule.clause(name, f"clause_pool_{value['of'].lower()}", said(inner))
    yield from clauses_of(inner, ("of", "amount", "rate", "metric"))


_Shape = Callable[[Rule, str, Any, str], Iterator[Clause]]
_SHAPES: Mapping[str, _Shape] = {
    "condition": _condition,
    "minimum": _condition,
    "tiers": _tiers,
    "points": _points,
    "rows": _side,
    "columns": _side,
    "cells": _cells,
    "bands": _bands,
    "pool": _funding,
}
