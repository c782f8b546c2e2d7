"""What is said of a stretch holds for every input in it: bounds, ends, and which way it goes."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.exact import INTS, Comparison, Rounding, Words
from domain.stretch import Moving, Stretches, Undecided

Rule = Callable[[Words, Any], Any]


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    """Random arithmetic in the words of a carrier: shares of shares, sums, limits, products."""
    steps = draw(st.lists(st.tuples(st.sampled_from(range(9)), st.integers(0, 5), st.integers(0, 5),
                                    st.integers(-7, 7), st.integers(1, 9)),
                          min_size=1, max_size=6))  # fmt: skip
    mode = draw(st.sampled_from(list(Rounding)))

    def rule(words: Words, place: Any) -> Any:
        known = [place]
        for kind, left, right, number, divisor in steps:
            a, b = known[left % len(known)], known[right % len(known)]
            known.append(_said(words, kind, (a, b, number), divisor, mode))
        return words.settle(known[-1])

    return rule


def _said(
    words: Words, kind: int, values: tuple[Any, Any, int], divisor: int, mode: Rounding
) -> Any:
    a, b, number = values
    match kind:
        case 0 | 1:
            return words.muldiv(a, number, divisor, mode)
        case 2:
            return words.plus(a, b)
        case 3:
            return words.minus(a, b)
        case 4:
            return words.lowest(a, b if number % 2 else number)
        case 5:
            return words.highest(a, b if number % 2 else number)
        case 6:
            return words.times(a, b)
        case 7:
            return words.total([words.absolute(a), b, number])
    return words.choose(words.compare(a, Comparison.AT_LEAST, number), a, b)


@settings(max_examples=300)
@given(rules(), st.integers(-40, 40), st.integers(1, 60), st.booleans())
def test_what_is_said_of_a_stretch_holds_everywhere_in_it(
    rule: Rule, low: int, length: int, corners: bool
) -> None:
    words = Stretches(corners=corners)
    high = low + length
    try:
        said = rule(words, words.moving(low, high))
    except Undecided:
        return  # asked to be cut: nothing is said
    true = [rule(INTS, place) for place in range(low, high + 1)]
    if not isinstance(said, Moving):
        assert set(true) == {said}
        return
    assert (said.first, said.last) == (true[0], true[-1])
    assert said.low <= min(true)
    assert max(true) <= said.high
    assert not said.rises or all(a <= b for a, b in pairwise(true))
    assert not said.falls or all(a >= b for a, b in pairwise(true))


def test_what_takes_back_a_rounded_share_still_rises() -> None:
    """a - 20 % of a: one part rises, one falls, and the sum never falls."""
    words = Stretches()
    commission = words.muldiv(words.moving(0, 1_000_000), 1, 100, Rounding.HALF_UP)
    rest = words.plus(commission, words.muldiv(commission, -1, 5, Rounding.HALF_UP))
    assert isinstance(rest, Moving)
    assert (rest.rises, rest.falls, rest.last) == (True, False, 8_000)


def test_to_the_even_neighbour_nothing_is_said_of_the_steps_of_a_share() -> None:
    """To even, 0.5 becomes 0 and 1.5 becomes 2: one step of the number, two of its rounding."""
    for mode, known in ((Rounding.HALF_UP, True), (Rounding.HALF_EVEN, False)):
        words = Stretches()
        own = words.moving(0, 50)
        rest = words.minus(own, words.muldiv(own, 1, 2, mode))
        assert isinstance(rest, Moving)
        assert rest.rises is known


def test_a_product_of_two_lines_is_cut_at_its_peak() -> None:
    """x (100 - x) turns at 50."""
    words = Stretches()
    place = words.moving(0, 100)
    with pytest.raises(Undecided) as undecided:
        words.times(place, words.minus(100, place))
    assert undecided.value.cut == 50


def test_the_lower_of_two_that_fall_falls_where_it_cannot_be_told_which_it_is() -> None:
    """Minus a third of x, and 5 less half of x: they cross, and both fall all the way."""
    words = Stretches()
    place = words.moving(0, 60)
    third = words.muldiv(place, -1, 3, Rounding.HALF_UP)
    half = words.plus(words.muldiv(place, -1, 2, Rounding.HALF_UP), 5)
    lower = words.lowest(third, half)
    assert isinstance(lower, Moving)
    assert (lower.first, lower.last, lower.rises, lower.falls) == (0, -25, False, True)
