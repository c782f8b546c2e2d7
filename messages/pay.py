"""A line of a pay sheet as a sentence: what its cause and origin are called."""

from __future__ import annotations

from domain.program import Line
from messages.lines import say_line
from messages.render import Catalogue, Locale


def say_pay_line(catalogue: Catalogue, line: Line, locale: Locale) -> str:
    """Write why a line of a pay sheet is what it is."""
    return say_line(catalogue, line, _name(catalogue, line.key, locale), locale)


def _name(catalogue: Catalogue, key: str, locale: Locale) -> str:
    kind, _, rest = key.partition(".")
    period, _, cause = rest.partition(".")
    if kind == "cause":
        told = catalogue.text(f"pay_cause_{cause.lower()}", {}, locale)
        return catalogue.text("pay_name_cause", {"period": period, "cause": told}, locale)
    if kind == "origin":
        return catalogue.text("pay_name_origin", {"period": period}, locale)
    return catalogue.text("pay_name_clawback", {}, locale) if key else ""
