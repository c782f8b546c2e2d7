"""A clause of a plan as a sentence: the one place that puts them together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from domain.clause import (
    Amount,
    Clause,
    ComponentName,
    Factor,
    Many,
    MetricName,
    Said,
    Texts,
    Word,
)
from domain.plan import Plan
from domain.unit import from_steps
from messages.render import Catalogue, Locale, Quantity, display, number

_BETWEEN = {Locale.EN: ", ", Locale.ZH_CN: "、"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What a clause needs to be said: the sentences, the language, what things are called."""

    catalogue: Catalogue
    locale: Locale
    metrics: Mapping[str, Mapping[str, str]]  # the names of metrics by language
    components: Mapping[str, Mapping[str, str]]


def wording(
    catalogue: Catalogue, plan: Plan, metrics: Mapping[str, Mapping[str, str]], locale: Locale
) -> Wording:
    """Say a plan's clauses in one language; a metric without a name is named by its key."""
    components = {each.id: each.name for each in plan.components}
    return Wording(catalogue=catalogue, locale=locale, metrics=metrics, components=components)


def say_clause(clause: Clause, words: Wording) -> str:
    """Write a clause."""
    values = {name: _say(value, words) for name, value in clause.values.items()}
    return words.catalogue.text(clause.code, values, words.locale)


def _say(value: Said, words: Wording) -> str:
    language = words.locale.value
    match value:
        case Amount():
            return _amount(value, words.locale)
        case Factor():
            return number(from_steps(value.steps, "RATIO").normalize(), words.locale)
        case MetricName():
            return words.metrics.get(value.key, {}).get(language, value.key)
        case ComponentName():
            return words.components.get(value.id, {}).get(language, value.id)
        case Word():
            return words.catalogue.text(value.code, {}, words.locale)
        case Texts():
            return value.by_language.get(language, "")
        case Many():
            return _BETWEEN[words.locale].join(_say(each, words) for each in value.each)
        case int() | str() | date():
            return display(value, words.locale)


def _amount(value: Amount, locale: Locale) -> str:
    """Write a number with nothing cut off: a contract says 0.0123 %, not 0.01 %."""
    if value.unit == "RATIO":
        percent = from_steps(value.steps, "RATIO").scaleb(2)
        return f"{number(percent.normalize(), locale)}%"
    return display(Quantity(num=value.steps, unit=value.unit), locale)
