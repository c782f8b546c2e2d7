"""A finding of the plan linter as a sentence: the one place that puts them together."""

from __future__ import annotations

from collections.abc import Mapping

from domain.finding import Finding
from messages.lines import spoken
from messages.render import Catalogue, Locale, Value

_NAMES = ("component", "metric", "other")  # values that may be keys with a name of their own


def say_finding(
    catalogue: Catalogue, finding: Finding, names: Mapping[str, str], locale: Locale
) -> str:
    """Write what is wrong; ``names`` says what components and metrics are called."""
    values: dict[str, Value] = {}
    for place, value in finding.values.items():
        values[place] = value if isinstance(value, str) else spoken(*value, locale)
    whole = catalogue.text("lint_whole_plan", {}, locale)
    values["component"] = finding.component or whole
    for place in _NAMES:
        key = values.get(place)
        if isinstance(key, str):
            values[place] = names.get(key, key)
    return catalogue.text(f"lint_{finding.code.value.lower()}", values, locale)
