"""What a component reads beyond the period, as a person writes it: ``tiers.earned=3000``."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from domain.program import Program
from domain.unit import DECIMALS


def need_inputs(program: Program, written: Mapping[str, str]) -> dict[str, int | None]:
    """Turn the numbers of needs into the inputs of the program; the others are no needs."""
    found: dict[str, int | None] = {}
    for need in program.needs:
        if need.name not in written:
            continue
        exact = Fraction(written[need.name]) * 10 ** DECIMALS.get(need.unit, 0)
        values = (exact.numerator, exact.denominator)
        found.update(zip((each.name for each in need.inputs), values, strict=False))
    return found
