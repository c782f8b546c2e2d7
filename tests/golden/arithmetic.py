"""What a person would type into a spreadsheet to check a number, worked out on exact fractions.

``IF(999999.99 >= 1000000, 5000, 0) + 1% * 200000``: put a ``=`` before it, and a spreadsheet says
the same. Nothing of the product is used here.
"""

from __future__ import annotations

import ast
import operator
import re
import statistics
from collections.abc import Callable
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal
from fractions import Fraction
from typing import Any

_NUMBER = re.compile(r"(?<![A-Za-z_.\d])(\d+(?:\.\d+)?)(%?)")
_SIGNS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.GtE: operator.ge,
    ast.Gt: operator.gt,
    ast.LtE: operator.le,
    ast.Lt: operator.lt,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


def worked_out(text: str) -> Fraction:
    """Work out one expression; whatever a spreadsheet would not know is an error."""
    quoted = _NUMBER.sub(lambda found: f"'{found[1]}{found[2]}'", text)
    tree = ast.parse(quoted.replace("<>", "!=").strip(), mode="eval")
    return Fraction(_value(tree.body))


def _value(node: ast.expr) -> Any:
    match node:
        case ast.Constant(value=str(text)):
            return Fraction(text.rstrip("%")) / (100 if text.endswith("%") else 1)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand)
        case ast.BinOp(left=left, op=sign, right=right):
            return _SIGNS[type(sign)](_value(left), _value(right))
        case ast.Compare(left=left, ops=[sign], comparators=[right]):
            return _SIGNS[type(sign)](_value(left), _value(right))
        case ast.Call(func=func, args=args, keywords=[]):
            return _called(ast.unparse(func), args)
    raise ValueError(f"no spreadsheet knows {ast.unparse(node)}")


def _called(name: str, args: list[ast.expr]) -> Any:
    if name == "IF":
        condition, yes, no = args
        return _value(yes) if _value(condition) else _value(no)
    return _FUNCTIONS[name](*map(_value, args))


def _rounded(mode: str) -> Callable[[Fraction, Fraction], Fraction]:
    def work(value: Fraction, places: Fraction) -> Fraction:
        scaled = value * 10 ** int(places)
        whole, rest = divmod(abs(scaled.numerator), scaled.denominator)
        # what is left over decides only by being nothing, less than half, half, or more
        size = (2 * rest > scaled.denominator) - (2 * rest < scaled.denominator)
        tail = Decimal(0) if not rest else Decimal(5 + 2 * size).scaleb(-1)
        found = int((Decimal(whole) + tail).quantize(Decimal(1), rounding=mode))
        return Fraction(found if scaled >= 0 else -found, 10 ** int(places))

    return work


def _percentile(exclusive: bool) -> Callable[..., Fraction]:
    def work(*given: Fraction) -> Fraction:
        *values, share = given
        ordered = sorted(values)
        count = len(ordered)
        at = share * (count + 1) - 1 if exclusive else share * (count - 1)
        low = int(at)
        high = min(low + 1, count - 1)
        return ordered[low] + (at - low) * (ordered[high] - ordered[low])

    return work


def _large(*given: Fraction) -> Fraction:
    *values, place = given
    return sorted(values, reverse=True)[int(place) - 1]


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "SUM": lambda *values: sum(values, Fraction(0)),
    "MIN": min,
    "MAX": max,
    "ABS": abs,
    "AND": lambda *values: all(values),
    "MEDIAN": lambda *values: statistics.median(values),
    "AVERAGE": lambda *values: sum(values, Fraction(0)) / len(values),
    "LARGE": _large,
    "ROUND": _rounded(ROUND_HALF_UP),
    "ROUNDEVEN": _rounded(ROUND_HALF_EVEN),
    "ROUNDDOWN": _rounded(ROUND_DOWN),
    "ROUNDUP": _rounded(ROUND_UP),
    "PERCENTILE.INC": _percentile(exclusive=False),
    "PERCENTILE.EXC": _percentile(exclusive=True),
}
