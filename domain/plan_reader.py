"""Words for reading the components of a plan in order; each may lean on those before it."""

from __future__ import annotations

from collections.abc import Mapping

from domain.component import SCORE, TOTAL, Condition, Terms, unit_of
from domain.document import DocumentReader, decimal_text
from domain.exact import Comparison, Rounding
from domain.period import PeriodKind
from domain.problem import Problem
from domain.scorecard import RESERVED, read_at_least


class PlanReader:
    """What the reader of a component knows of the plan so far."""

    def __init__(
        self,
        *,
        currency: str | None,
        rounding: Rounding | None,
        cadence: PeriodKind | None,
        units: Mapping[str, str],
        problems: list[Problem],
    ) -> None:
        self.currency = currency or ""
        self.rounding = rounding or Rounding.HALF_UP
        self.cadence = cadence
        self.units = units
        self.problems = problems
        self.earlier: list[str] = []
        self.gates: list[str] = []

    def claim(self, identity: str, reader: DocumentReader) -> None:
        """Take a component's id, which nothing else of the plan may have."""
        if identity in self.earlier:
            reader.note("name_not_unique", reader.at("id"), {"name": identity})
        if identity in RESERVED or identity in self.units:
            reader.note("key_invalid", reader.at("id"), {"field": "id", "key": identity})
        self.earlier.append(identity)

    def metric(
        self, reader: DocumentReader, *, money: bool = False, score: bool = False
    ) -> str | None:
        """Read the key of a metric whose unit the plan declares."""
        found = reader.text("metric")
        if found is None or (score and found == SCORE):
            return found
        if found not in self.units:
            reader.note("unit_missing", reader.at("metric"), {"metric": found[:80]})
            return None
        if money and self.units[found] != self.currency:
            values = {"metric": found, "unit": self.units[found], "wanted": self.currency}
            reader.note("unit_differs", reader.at("metric"), values)
        return found

    def unit(self, metric: str | None) -> str | None:
        """Give the unit of a metric or of the score."""
        return "POINT" if metric == SCORE else self.units.get(metric or "")

    def condition(self, reader: DocumentReader, name: str, *, required: bool) -> Condition | None:
        """Read a metric, an operator and a value."""
        inner = reader.child(name, required=required)
        if inner is None:
            return None
        metric = self.metric(inner, score=True)
        comparison = read_comparison(inner)
        value = inner.steps("value", self.unit(metric))
        inner.finish()
        if metric is None or comparison is None or value is None:
            return None
        return Condition(metric=metric, comparison=comparison, value=value)

    def amount(self, reader: DocumentReader, name: str, *, required: bool = True) -> int | None:
        """Read an amount of the plan's money that is not negative."""
        return read_at_least(reader, name, self.currency or None, required=required)

    def base(self, reader: DocumentReader, field: str = "base") -> tuple[str, ...]:
        """Read the components something is taken of; they must stand before it. TOTAL is ()."""
        if reader.raw(field, required=False) == TOTAL:
            return ()
        base = reader.names(field)
        if not base and isinstance(reader.raw(field, required=False), list):
            reader.note("list_empty", reader.at(field), {"field": field})
        for place, name in enumerate(base):
            if name not in self.earlier or name in base[:place]:
                reader.note("base_unknown", f"{reader.at(field)}[{place}]", {"base": name[:80]})
            if name in self.gates:  # a gate is counted with what it takes away
                reader.note("base_is_a_gate", f"{reader.at(field)}[{place}]", {"base": name[:80]})
        return base


def read_comparison(reader: DocumentReader, *, upwards: bool = False) -> Comparison | None:
    """Read an operator; WITHIN needs a band and is only for scorecards."""
    found = reader.choice("comparison", Comparison)
    wrong = {Comparison.WITHIN}
    if upwards:
        wrong = {Comparison.WITHIN, Comparison.AT_MOST, Comparison.LESS_THAN}
    if found in wrong:
        values = {"comparison": str(found), "direction": "HIGHER"}
        reader.note("comparison_direction_differs", reader.at("comparison"), values)
        return None
    return found


def write_condition(condition: Condition | None, terms: Terms) -> dict[str, object] | None:
    """Write a condition, if there is one."""
    if condition is None:
        return None
    return {
        "metric": condition.metric,
        "comparison": condition.comparison.value,
        "value": decimal_text(condition.value, unit_of(terms, condition.metric)),
    }
