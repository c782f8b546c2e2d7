"""Quantities in and out: exactly, or not at all."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.document import decimal_text
from domain.unit import CURRENCIES, DECIMALS, LARGEST_STEPS, decimals_of, from_steps, to_steps

STEPS = st.integers(min_value=-LARGEST_STEPS, max_value=LARGEST_STEPS)


@pytest.mark.parametrize(("text", "unit", "steps"), [
    ("12.30", "CNY", 1230),
    ("-0.01", "CNY", -1),
    ("-0", "CNY", 0),
    ("1E+3", "JPY", 1000),
    ("1.234", "KWD", 1234),
    ("0.75", "RATIO", 750_000),
    ("100", "POINT", 1_000_000),
    (7, "COUNT", 7),
    (Decimal("0.5"), "DAY", 50),
])  # fmt: skip
def test_a_number_becomes_steps_of_its_unit(
    text: str | int | Decimal, unit: str, steps: int
) -> None:
    assert to_steps(text, unit) == steps


@pytest.mark.parametrize(("text", "unit"), [
    ("12.345", "CNY"), ("0.1", "JPY"), ("0.1", "COUNT"), ("0.0000001", "RATIO"),
    ("NaN", "CNY"), ("Infinity", "CNY"), ("", "CNY"), ("1,000", "CNY"), ("12 CNY", "CNY"),
    ("1E+999999", "CNY"), ("1E-999999", "CNY"), ("9" * 40, "CNY"), ("0." + "3" * 40, "RATIO"),
])  # fmt: skip
def test_what_a_unit_cannot_hold_exactly_is_no_number(text: str, unit: str) -> None:
    assert to_steps(text, unit) is None


@pytest.mark.parametrize("unit", sorted(DECIMALS))
def test_the_largest_number_goes_in_and_the_next_does_not(unit: str) -> None:
    for sign in (1, -1):
        assert to_steps(from_steps(sign * LARGEST_STEPS, unit), unit) == sign * LARGEST_STEPS
        assert to_steps(from_steps(sign * (LARGEST_STEPS + 1), unit), unit) is None


def test_a_thousand_of_the_largest_add_up_in_64_bits() -> None:
    assert 1000 * LARGEST_STEPS < 2**63


@given(STEPS, st.sampled_from(sorted(DECIMALS)))
def test_what_is_written_is_read_back(steps: int, unit: str) -> None:
    assert to_steps(from_steps(steps, unit), unit) == steps
    assert to_steps(decimal_text(steps, unit), unit) == steps


@pytest.mark.parametrize(("steps", "unit", "text"), [
    (1230, "CNY", "12.3"),
    (1200, "CNY", "12"),
    (-5, "CNY", "-0.05"),
    (0, "RATIO", "0"),
    (1000, "COUNT", "1000"),
    (LARGEST_STEPS, "JPY", "9000000000000000"),
])  # fmt: skip
def test_a_decimal_is_written_short_and_plain(steps: int, unit: str, text: str) -> None:
    assert decimal_text(steps, unit) == text


def test_every_currency_has_its_decimals() -> None:
    assert {unit: decimals_of(unit) for unit in ("CNY", "JPY", "KWD")} == {
        "CNY": 2,
        "JPY": 0,
        "KWD": 3,
    }
    assert DECIMALS.keys() >= CURRENCIES


def _plainly(text: str, unit: str) -> int | None:
    """Read a number with Decimals alone."""
    try:
        scaled = Decimal(text).scaleb(DECIMALS[unit])
    except InvalidOperation:
        return None
    if not scaled.is_finite() or scaled % 1 or abs(scaled) > LARGEST_STEPS:
        return None
    return int(scaled)


@given(
    st.from_regex(r"[-+]{0,2}[0-9٣_]{0,11}\.?[0-9]{0,7}[eE ]?[0-9]?", fullmatch=True),
    st.sampled_from(sorted(DECIMALS)),
)
def test_an_ordinary_number_is_read_as_any_other(text: str, unit: str) -> None:
    assert to_steps(text, unit) == _plainly(text, unit)
