"""A line of a score or a statement as a sentence: the one place that puts them together."""

from __future__ import annotations

from datetime import date

from domain.program import DATE, NUMBER, TRUTH, Line
from domain.unit import DECIMALS
from messages.render import Catalogue, Locale, Quantity, Value

_YES_NO = {Locale.EN: ("no", "yes"), Locale.ZH_CN: ("否", "是")}


def say_line(catalogue: Catalogue, line: Line, name: str, locale: Locale) -> str:
    """Write why a line's number is what it is; ``name`` is what its KPI or component is called."""
    values = {place: spoken(value, unit, locale) for place, (value, unit) in line.places.items()}
    return catalogue.text(line.code, {**values, "name": name}, locale)


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
