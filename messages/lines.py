"""A line of a score or a statement as a sentence: the one place that puts them together."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from domain.program import DATE, NUMBER, TRUTH, Line
from domain.unit import DECIMALS
from messages.render import Catalogue, Locale, Quantity, Value, display

# What is said only where the numbers differ, and what an actual is held against.
_DIFFERENT = (
    *("_more_than_yes", "_less_than_yes", "_at_least_no", "_at_most_no"),
    *("_above_median_yes", "_above_percentile_yes", "_above_line_yes"),
)
_HELD_AGAINST = ("threshold", "target", "median", "percentile", "line")
_YES_NO = {Locale.EN: ("no", "yes"), Locale.ZH_CN: ("否", "是")}


def say_line(catalogue: Catalogue, line: Line, name: str, locale: Locale) -> str:
    """Write why a line's number is what it is; ``name`` is what its KPI or component is called."""
    values = {place: spoken(value, unit, locale) for place, (value, unit) in line.places.items()}
    said = catalogue.text(line.code, {**values, "name": name}, locale)
    if line.code.endswith(_DIFFERENT) and _looks_equal(values, locale):
        return said + catalogue.text("exactly_different", {}, locale)
    return said


def _looks_equal(values: Mapping[str, Value], locale: Locale) -> bool:
    """Say whether two numbers that differ are written alike: 3,000,001 / 4,000,001 and 75 %."""
    own = values.get("actual")
    others = [values[name] for name in _HELD_AGAINST if name in values]
    return own is not None and any(display(own, locale) == display(each, locale) for each in others)


def spoken(value: int | None, unit: str, locale: Locale) -> Value:
    """Turn a number of the core into what a sentence can say; missing is a dash, never zero."""
    if value is None:
        return "–"
    if unit == TRUTH:
        return _YES_NO[locale][1 if value else 0]
    if unit == DATE:
        return date.fromordinal(value)
    if unit == NUMBER or unit not in DECIMALS:
        return value
    return Quantity(num=value, unit=unit)
