"""The attainment line of a KPI: each form of curve as a sentence in the words of a carrier.

Every function takes the words, the curve's item and the numbers A = num/den, T, B, met, and gives
the attainment in RATIO steps, rounded once. None of them decides whether the target is met.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from domain.curve import Axis, Curve, CurveForm, Outside, ZeroTarget
from domain.exact import (
    RATIO_ONE,
    Boundary,
    Comparison,
    Rounding,
    Value,
    Words,
    lowest_terms,
    slopes,
    straight,
    ten_to,
)
from domain.metric import Direction
from domain.scorecard import Item
from domain.unit import decimals_of

AT_LEAST, MORE_THAN, AT_MOST = Comparison.AT_LEAST, Comparison.MORE_THAN, Comparison.AT_MOST


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The numbers a curve may look at."""

    num: Value
    den: Value
    target: Value
    baseline: Value
    met: Value


def attainment_inputs(item: Item) -> tuple[str, ...]:
    """Name what the attainment line reads; a curve asks for nothing it does not use."""
    names = [f"{item.metric}.num", f"{item.metric}.den"]
    if item.curve.form is not CurveForm.POINTS_DEDUCT and item.curve.axis is not Axis.ACTUAL:
        names.append(f"{item.metric}.target")
    if item.curve.form is CurveForm.BASELINE:
        names.append(f"{item.metric}.baseline")
    if item.curve.form is CurveForm.BINARY or item.curve.zero_target is ZeroTarget.FULL_WHEN_MET:
        names.append(f"{item.metric}.met")
    return tuple(names)


def attainment(item: Item, mode: Rounding) -> Callable[..., Value]:
    """Make the attainment line of an item."""
    names = [name.rsplit(".", 1)[-1] for name in attainment_inputs(item)]
    form = _FORMS[item.curve.form]

    def work(words: Words, *values: Value) -> Value:
        found = dict(zip(names, values, strict=True))
        known = Known(
            num=found["num"],
            den=found["den"],
            target=found.get("target"),
            baseline=found.get("baseline"),
            met=found.get("met"),
        )
        return form(words, item, known, mode)

    return work


def target_met(item: Item) -> Callable[..., Value]:
    """Make the line that says whether the target is met, exactly and never from the attainment."""
    band = item.curve.band or 0

    def work(words: Words, num: Value, den: Value, target: Value) -> Value:
        wanted = words.times(target, den)
        if item.comparison is Comparison.WITHIN:
            return words.compare(_distance(words, num, wanted), AT_MOST, words.times(band, den))
        return words.compare(num, item.comparison, wanted)

    return work


def _distance(words: Words, num: Value, wanted: Value) -> Value:
    return words.absolute(words.minus(num, wanted))


def _unless_zero(words: Words, curve: Curve, divisor: Value, known: Known, usual: Value) -> Value:
    """Where the formula would divide by nothing, let the named policy answer."""
    if curve.zero_target is not ZeroTarget.FULL_WHEN_MET:
        return usual
    zero = words.compare(words.absolute(divisor), AT_MOST, 0)
    return words.choose(zero, words.choose(known.met, RATIO_ONE, 0), usual)


def _above_zero(words: Words, number: Value) -> Value:
    return words.choose(words.compare(number, MORE_THAN, 0), number, None)


def _ratio(words: Words, item: Item, known: Known, mode: Rounding) -> Value:
    bottom = words.times(_above_zero(words, known.target), known.den)
    usual = words.muldiv(known.num, RATIO_ONE, bottom, mode)
    return _unless_zero(words, item.curve, known.target, known, usual)


def _ratio_inverted(words: Words, item: Item, known: Known, mode: Rounding) -> Value:
    top = words.times(_above_zero(words, known.target), known.den)
    some = _above_zero(words, known.num)
    usual = words.muldiv(top, RATIO_ONE, some, mode)
    none_at_all = words.compare(known.num, AT_MOST, 0)
    sure = words.choose(none_at_all, words.choose(words.present(top), item.cap, None), usual)
    return _unless_zero(words, item.curve, known.target, known, sure)


def _linear(words: Words, item: Item, known: Known, mode: Rounding) -> Value:
    wanted = words.times(known.target, known.den)
    whole = words.absolute(wanted)
    match item.curve.form:
        case CurveForm.LINEAR_ABS:
            change = words.minus(known.num, wanted)
        case CurveForm.LINEAR_ABS_INV:
            change = words.minus(wanted, known.num)
        case _:
            change = words.minus(0, _distance(words, known.num, wanted))
    usual = words.muldiv(words.plus(whole, change), RATIO_ONE, whole, mode)
    return _unless_zero(words, item.curve, known.target, known, usual)


def _baseline(words: Words, item: Item, known: Known, mode: Rounding) -> Value:
    start = words.times(known.baseline, known.den)
    way, span = words.minus(known.num, start), words.minus(known.target, known.baseline)
    if item.direction is Direction.LOWER:
        way, span = words.minus(start, known.num), words.minus(known.baseline, known.target)
    bottom = words.times(_above_zero(words, span), known.den)
    usual = words.muldiv(way, RATIO_ONE, bottom, mode)
    return _unless_zero(words, item.curve, span, known, usual)


def _binary(words: Words, item: Item, known: Known, mode: Rounding) -> Value:
    return words.choose(known.met, RATIO_ONE, 0)


def _band(words: Words, item: Item, known: Known, mode: Rounding) -> Value:
    wanted = words.times(known.target, known.den)
    distance = _distance(words, known.num, wanted)
    band = words.times(item.curve.band, known.den)
    inside = words.compare(distance, AT_MOST, band)
    if item.curve.outside is Outside.ZERO:
        return words.choose(inside, RATIO_ONE, 0)
    whole = words.absolute(wanted)
    left = words.minus(whole, words.minus(distance, band))
    falling = words.muldiv(left, RATIO_ONE, whole, mode)
    usual = words.choose(inside, RATIO_ONE, falling)
    return _unless_zero(words, item.curve, known.target, known, usual)


def _axis(words: Words, curve: Curve, known: Known) -> tuple[Value, Value, int]:
    """Give the place on the axis as a fraction, and the steps of one on that axis."""
    if curve.axis is Axis.ACTUAL:
        return known.num, known.den, 1
    return known.num, words.times(_above_zero(words, known.target), known.den), RATIO_ONE


def _table(words: Words, item: Item, known: Known, mode: Rounding) -> Value:
    curve = item.curve
    num, den, scale = _axis(words, curve, known)
    operator = MORE_THAN if curve.boundary is Boundary.LOWER_TIER else AT_LEAST
    places = [lowest_terms(point.at, scale) for point in curve.points]
    index = words.count(
        [
            words.compare(words.times(num, one), operator, words.times(place, den))
            for place, one in places
        ]
    )
    if curve.form is CurveForm.STEP:
        usual = words.pick(index, [curve.below or 0, *(point.gives for point in curve.points)])
    else:
        pieces = slopes([(point.at, point.gives) for point in curve.points], scale)
        top, bottom = straight(words, pieces, index, num, den)
        usual = words.muldiv(top, 1, bottom, mode)
    if curve.axis is Axis.ACTUAL:
        return usual
    return _unless_zero(words, curve, known.target, known, usual)


def _deducted(words: Words, item: Item, known: Known, mode: Rounding) -> Value:
    whole = words.times(known.den, ten_to(decimals_of(item.unit)))
    left = words.minus(
        words.times(whole, RATIO_ONE), words.times(known.num, item.curve.deduct or 0)
    )
    return words.highest(words.muldiv(left, 1, whole, mode), 0)


_FORMS: Mapping[CurveForm, Callable[[Words, Item, Known, Rounding], Value]] = {
    CurveForm.RATIO: _ratio,
    CurveForm.LINEAR_ABS: _linear,
    CurveForm.BASELINE: _baseline,
    CurveForm.LINEAR_ABS_INV: _linear,
    CurveForm.RATIO_INV: _ratio_inverted,
    CurveForm.BINARY: _binary,
    CurveForm.TARGET_ABSOLUTE: _linear,
    CurveForm.TARGET_BAND: _band,
    CurveForm.STEP: _table,
    CurveForm.PIECEWISE: _table,
    CurveForm.POINTS_DEDUCT: _deducted,
}
