"""Units and their steps: every quantity is an int counting steps of ``10**-decimals``."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

# Currencies by ISO 4217 exponent; the rest are ours.
DECIMALS: dict[str, int] = {
    "CNY": 2,
    "USD": 2,
    "EUR": 2,
    "GBP": 2,
    "HKD": 2,
    "SGD": 2,
    "JPY": 0,
    "KRW": 0,
    "KWD": 3,
    "COUNT": 0,
    "TIMES": 4,  # things per span: 12.6 visits a week
    "RATIO": 6,
    "POINT": 4,
    "DAY": 2,
    "HOUR": 2,
    "MINUTE": 0,
}
CURRENCIES: frozenset[str] = frozenset(
    {"CNY", "USD", "EUR", "GBP", "HKD", "SGD", "JPY", "KRW", "KWD"}
)

# The largest magnitude of a stored quantity: it leaves room to add a thousand of them in 64 bits.
LARGEST_STEPS = 9_000_000_000_000_000
_SHORT = 10  # fewer digits than that are within it in every unit


def decimals_of(unit: str) -> int:
    """Return the number of decimals of ``unit``; an unknown unit is a KeyError of the caller."""
    return DECIMALS[unit]


def to_steps(text: str | int | Decimal, unit: str) -> int | None:
    """Read a decimal exactly into steps: ``to_steps("12.30", "CNY") == 1230``.

    None when the text is no finite number, has more decimals than the unit, or is too large:
    nothing is ever rounded on the way in.
    """
    if type(text) is str:
        whole, _, rest = text.removeprefix("-").partition(".")
        digits = whole + rest
        if len(digits) < _SHORT and digits.isdigit() and digits.isascii():
            lacking = DECIMALS[unit] - len(rest)
            if lacking >= 0:  # an ordinary number: the same without a Decimal
                steps = int(digits + "0" * lacking)
                return -steps if text[0] == "-" else steps
    try:
        number = Decimal(text)
    except (InvalidOperation, ValueError):
        return None
    if not number.is_finite() or len(number.as_tuple().digits) > 28 or number.adjusted() > 27:
        return None
    scaled = number.scaleb(DECIMALS[unit])
    if scaled != scaled.to_integral_value() or abs(scaled) > LARGEST_STEPS:
        return None
    return int(scaled)


def from_steps(steps: int, unit: str) -> Decimal:
    """Write steps as a Decimal with the unit's decimals: ``from_steps(1230, "CNY")`` is 12.30."""
    return Decimal(steps).scaleb(-DECIMALS[unit])
