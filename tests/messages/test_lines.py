"""A line of a statement as a sentence."""

from __future__ import annotations

from fractions import Fraction

import pytest

from domain.evaluate import compile_pay, explain
from domain.plan import decode_plan
from messages.lines import say_line
from messages.render import Locale
from tests.support import sentences
from tests.support.rules import PLAN

CATALOGUE = sentences.catalogue()


@pytest.mark.parametrize(
    ("retention", "is_said"),
    [("3000001/4000001", True), ("0.78", False), ("0.75", False), ("0.74999999", False)],
)
def test_numbers_that_differ_by_less_than_is_shown_are_said_to_differ(
    retention: str, is_said: bool
) -> None:
    plan, _ = decode_plan(PLAN)
    assert plan is not None
    exact = Fraction(retention) * 1_000_000
    given = {"retention.num": exact.numerator, "retention.den": exact.denominator}
    lines = {line.name: line for line in explain(compile_pay(plan), given)}
    line = lines["retention_kicker.condition"]
    assert line.value == (exact > 750_000)
    said = say_line(CATALOGUE, line, "Kicker", Locale.EN)
    assert ("differ" in said) == is_said
