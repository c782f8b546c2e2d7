"""What changed on a statement, in sentences: made of the facts, in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from domain.statement_changes import CauseStep, ComponentChange, Moved, Reading, StatementChange
from domain.unit import DECIMALS
from messages.lines import spoken
from messages.render import Catalogue, Locale, Quantity, Value, display, money

_SEGMENT = re.compile(r"^s(\d+)\.")
_SHORT = 12  # digits of a hash, enough to tell versions apart
Names = Mapping[str, str]  # what metrics, KPIs and components are called, by their keys


def signed(steps: int, currency: str, locale: Locale) -> str:
    """Write a difference with its sign: ``+CN¥800.00``."""
    written = money(steps, currency, locale)
    return f"+{written}" if steps > 0 else written


def say_name(catalogue: Catalogue, key: str, names: Names, locale: Locale) -> str:
    """Say what a key is called; a key of a part of the period names the part too."""
    segment = _SEGMENT.match(key)
    plain = _SEGMENT.sub("", key)
    name = names.get(plain) or names.get(plain.partition(".")[0]) or plain
    if not name:
        return catalogue.text("change_whole", {}, locale)
    if segment is None:
        return name
    return catalogue.text("change_in_part", {"name": name, "part": segment[1]}, locale)


def say_total(
    catalogue: Catalogue, change: StatementChange, period: str, currency: str, locale: Locale
) -> str:
    """Say how the payout differs from that of the period before."""
    if change.difference is None:
        return catalogue.text("change_total_unknown", {"period": period}, locale)
    code = "change_total" if change.difference else "change_total_none"
    values = {"period": period, "difference": signed(change.difference, currency, locale)}
    return catalogue.text(code, values, locale)


def say_component(
    catalogue: Catalogue, change: ComponentChange, names: Names, currency: str, locale: Locale
) -> str:
    """Say how a component differs."""
    values = {
        "name": say_name(catalogue, change.key, names, locale),
        "before": _amount(change.before, currency, locale),
        "after": _amount(change.after, currency, locale),
        "difference": _signed(change.difference, currency, locale),
    }
    if change.difference is None:
        return catalogue.text("change_component_unknown", values, locale)
    if not change.was_there:
        return catalogue.text("change_component_new", values, locale)
    if not change.is_there:
        return catalogue.text("change_component_gone", values, locale)
    return catalogue.text(
        "change_component" if change.difference else "change_component_none", values, locale
    )


def _amount(steps: int | None, currency: str, locale: Locale) -> str:
    return "–" if steps is None else money(steps, currency, locale)


def _signed(steps: int | None, currency: str, locale: Locale) -> str:
    return "–" if steps is None else signed(steps, currency, locale)


def say_step(catalogue: Catalogue, step: CauseStep, currency: str, locale: Locale) -> str:
    """Say what one cause changed."""
    code = f"change_cause_{step.cause.value.lower()}"
    return catalogue.text(code, {"amount": signed(step.amount, currency, locale)}, locale)


def say_moved(catalogue: Catalogue, moved: Moved, names: Names, locale: Locale) -> str:
    """Say which number is another one now."""
    values = {
        "name": say_name(catalogue, moved.key, names, locale),
        "part": say_part(catalogue, moved.part, locale),
        "before": say_reading(moved.before, locale),
        "after": say_reading(moved.after, locale),
    }
    if moved.before is None:
        return catalogue.text("change_moved_new", values, locale)
    if moved.after is None:
        return catalogue.text("change_moved_gone", values, locale)
    return catalogue.text("change_moved", values, locale)


def say_part(catalogue: Catalogue, part: str, locale: Locale) -> str:
    """Say what of a metric or component a number is."""
    code = f"change_part_{part}"
    return catalogue.text(code, {}, locale) if code in catalogue.codes else part


def say_reading(reading: Reading | None, locale: Locale) -> str:
    """Write a number, cut to what is read; missing is a dash."""
    if reading is None or reading.num is None:
        return "–"
    if reading.den != 1 and reading.unit in DECIMALS:
        return display(Quantity(num=reading.num, unit=reading.unit, den=reading.den), locale)
    return display(spoken(reading.num, reading.unit, locale), locale)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleVersion:
    """A version of a plan or a scorecard, as a person recognises it."""

    name: Mapping[str, str]
    valid_from: date
    hash: str


def say_rule(
    catalogue: Catalogue,
    code: str,
    before: RuleVersion | None,
    after: RuleVersion | None,
    locale: Locale,
) -> str:
    """Say which version took the place of which; ``code`` says of what."""
    values = {
        "before": _version(catalogue, before, locale),
        "after": _version(catalogue, after, locale),
    }
    return catalogue.text(code, values, locale)


def _version(catalogue: Catalogue, version: RuleVersion | None, locale: Locale) -> str:
    if version is None:
        return catalogue.text("change_version_none", {}, locale)
    values: dict[str, Value] = {
        "name": version.name[locale.value],
        "day": version.valid_from,
        "hash": version.hash[:_SHORT],
    }
    return catalogue.text("change_version", values, locale)
