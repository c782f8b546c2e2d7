"""A factor on a base: the base's own line, and what the factor changes."""

from __future__ import annotations

from collections.abc import Sequence

from domain.bases import base_of
from domain.component import Negative, Terms
from domain.exact import RATIO_ONE, Value, Words
from domain.kinds.base import Component
from domain.program import LineKind, LineSpec


def base_line(
    terms: Terms, identity: str, names: Sequence[str], earlier: Sequence[Component]
) -> LineSpec:
    """Make the line that adds up what a factor is taken of."""
    named = base_of(names, earlier)

    def work(words: Words, *amounts: Value) -> Value:
        return named.total(words, amounts)

    return LineSpec(
        name=f"{identity}.base",
        code="line_multiplier_base",
        unit=terms.currency,
        kind=LineKind.STEP,
        key=identity,
        inputs=named.inputs,
        work=work,
    )


def changed(
    words: Words, terms: Terms, base: Value, factor: tuple[Value, Value], negative: Negative
) -> Value:
    """Give base x (factor - 1), rounded once; the factor is a fraction of RATIO steps."""
    top, bottom = factor
    whole = words.times(bottom, RATIO_ONE)
    held = base if negative is Negative.KEEP else words.highest(base, 0)
    return words.muldiv(held, words.minus(top, whole), whole, terms.rounding)
