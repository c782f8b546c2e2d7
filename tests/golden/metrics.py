"""Golden metrics: sums over facts put together into a value, or into no data."""

from __future__ import annotations

import tomllib
from fractions import Fraction
from pathlib import Path

from domain.exact import INTS
from domain.measure import Adding, Aggregate, value
from domain.metric import Metric, decode_metric
from domain.period import period_named
from domain.unit import DECIMALS
from messages.render import Catalogue, Locale, Quantity
from tests.golden.answer import Answer, Row, name_in
from tests.golden.words import steps_of


def read(path: Path) -> Answer:
    """Read a metric and give its value for the sums of each row."""
    document = tomllib.loads(path.read_text("utf-8"))
    metric, problems = decode_metric(document["metric"])
    assert metric is not None, problems
    rows = document["rows"]
    values = [_value(metric, row) for row in rows]

    def page(catalogue: Catalogue, locale: Locale) -> str:
        pairs = zip(rows, values, strict=True)
        return "".join(
            f"== {name_in(row, locale)}\n{_said(metric, found, catalogue, locale)}\n"
            for row, found in pairs
        )

    return Answer(rows=rows, numbers=[{"value": found} for found in values], page=page)


def _value(metric: Metric, row: Row) -> Fraction | None:
    period = period_named(row["period"])

    def read_sum(need: Aggregate) -> int | None:
        when = "before." if need.end <= period.start and need.adding is Adding.SUM else ""
        written = row["sums"].get(f"{when}{need.fact}.{need.adding.value.lower()}")
        unit = need.unit if need.adding in {Adding.SUM, Adding.LAST} else "COUNT"
        return None if written is None else steps_of(written, unit or "COUNT")

    num, den = value(INTS, metric, period, read_sum)
    if num is None or den is None:
        return None
    return Fraction(num, den * 10 ** DECIMALS[metric.unit])


def _said(metric: Metric, found: Fraction | None, catalogue: Catalogue, locale: Locale) -> str:
    name = metric.name[locale.value]
    if found is None:
        return catalogue.text("line_missing", {"name": name}, locale)
    steps = found * 10 ** DECIMALS[metric.unit]
    told = Quantity(num=steps.numerator, den=steps.denominator, unit=metric.unit)
    return catalogue.text("line_actual", {"name": name, "value": told}, locale)
