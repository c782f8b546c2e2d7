"""The words of printed cases that are no sentences of the product, in both languages."""

from __future__ import annotations

import tomllib
from fractions import Fraction
from functools import cache
from pathlib import Path

from domain.unit import DECIMALS
from messages.render import Locale, quantity


@cache
def _words() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = tomllib.loads(
        Path(__file__).with_name("words.toml").read_text("utf-8")
    )
    return found


def say(word: str, locale: Locale, **values: str | int) -> str:
    """Say a word or sentence with its values."""
    return _words()[locale.value][word].format(**values)


def steps_of(text: str, unit: str) -> int:
    """Read a number as whole steps of its unit; one that is finer is a fault of the case."""
    scale: int = 10 ** DECIMALS[unit]
    steps = Fraction(text) * scale
    assert steps.denominator == 1, f"{text} is finer than {unit}"
    return steps.numerator


def shown(value: Fraction, unit: str, locale: Locale) -> str:
    """Write a number in its unit."""
    steps = value * 10 ** DECIMALS[unit]
    return quantity(steps.numerator, steps.denominator, unit, locale)
