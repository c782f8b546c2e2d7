"""An old result beside ours: every cause on its own, and whatever comes, the lines add up."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.parallel_run import (
    DifferenceCause,
    DifferenceLine,
    OldResult,
    OurResult,
    Place,
    Sale,
    explain_difference,
    is_rounding,
    likely_person,
)


def five_percent(base: int) -> int:
    """Pay five of a hundred, rounded half up."""
    return (base * 5 + 50) // 100


def stairs(base: int) -> int:
    """Pay on the whole by the tier reached: a cliff, so that effects are no sums of sales."""
    return base // 10 if base >= 100_000 else base // 50


def _ours(base: int, pays: Callable[[int], int] = five_percent) -> OurResult:
    return OurResult(amount=pays(base), base=base, pays=pays)


def _found(lines: tuple[DifferenceLine, ...]) -> list[tuple[str, int]]:
    return [(line.cause.value, line.amount) for line in lines]


def test_the_same_amount_has_no_line() -> None:
    assert explain_difference(OldResult(amount=5_000, base=100_000), _ours(100_000)) == ()


def test_another_rate_on_the_same_sales_is_a_rate() -> None:
    lines = explain_difference(OldResult(amount=4_001, base=100_000), _ours(100_000))
    assert _found(lines) == [("RATE", 999)]
    assert lines[0].values == {"old": 4_001, "base": 100_000, "ours": 5_000}


@pytest.mark.parametrize(
    ("amount", "sales", "difference", "is_one"),
    [
        (5_000, 0, 99, True),  # whole yuan
        (5_000, 0, 100, False),
        (5_010, 0, 9, True),  # whole jiao
        (5_010, 0, 10, False),
        (5_001, 0, 1, False),
        (5_001, 3, 1, True),  # three sales, each rounded by half a cent at most
        (5_001, 3, 2, False),
        (5_001, 4, -2, True),
    ],
)
def test_a_rounding_is_no_more_than_rounding_makes(
    amount: int, sales: int, difference: int, is_one: bool
) -> None:
    assert is_rounding(OldResult(amount=amount, sales=sales), difference) is is_one


def test_a_sale_of_another_period_is_timing_and_one_nobody_knows_is_missing() -> None:
    sales = [
        Sale(record="A", old=60_000, ours=60_000),
        Sale(record="B", old=None, ours=30_000, place=Place.OTHER_PERIOD),
        Sale(record="C", old=10_000, ours=None),
    ]
    lines = explain_difference(OldResult(amount=3_500, base=70_000), _ours(90_000), sales)
    assert _found(lines) == [("TIMING", 1_500), ("MISSING", -500)]
    assert [line.records for line in lines] == [("B",), ("C",)]


def test_a_share_is_credit_and_another_amount_of_the_same_sale_is_value() -> None:
    shared = Sale(record="A", old=80_000, ours=40_000, whole=80_000)
    typed = Sale(record="B", old=1_000, ours=9_000, whole=9_000)
    lines = explain_difference(OldResult(amount=4_050, base=81_000), _ours(49_000), [shared, typed])
    assert _found(lines) == [("CREDIT", -2_000), ("VALUE", 400)]


def test_a_sale_credited_to_somebody_else_and_one_under_nobodys_name() -> None:
    sales = [
        Sale(record="A", old=None, ours=20_000, place=Place.OTHER_PERSON),
        Sale(record="B", old=None, ours=10_000, place=Place.NOBODY),
    ]
    lines = explain_difference(OldResult(amount=0, base=0), _ours(30_000), sales)
    assert _found(lines) == [("IDENTITY", 500), ("CREDIT", 1_000)]


def test_across_a_cliff_each_cause_is_what_the_rules_make_of_it() -> None:
    sales = [
        Sale(record="A", old=90_000, ours=90_000),
        Sale(record="B", old=None, ours=20_000, place=Place.OTHER_PERIOD),
    ]
    lines = explain_difference(OldResult(amount=1_800, base=90_000), _ours(110_000, stairs), sales)
    assert _found(lines) == [("TIMING", 11_000 - 1_800)]


def test_without_single_sales_another_sum_is_told_and_its_reason_is_not_invented() -> None:
    lines = explain_difference(OldResult(amount=4_500, base=90_000), _ours(100_000))
    assert _found(lines) == [("VALUE", 500)]
    assert lines[0].values == {"old": 90_000, "ours": 100_000}


def test_what_is_not_proven_is_unexplained() -> None:
    lines = explain_difference(OldResult(amount=4_321), _ours(100_000))
    assert _found(lines) == [("UNEXPLAINED", 679)]


def test_what_one_side_does_not_have_is_missing() -> None:
    assert _found(explain_difference(OldResult(amount=700), None)) == [("MISSING", -700)]
    assert _found(explain_difference(None, OurResult(amount=700))) == [("MISSING", 700)]
    assert explain_difference(None, OurResult(amount=0)) == ()


def test_an_unknown_name_is_likely_the_only_one_who_is_paid_the_very_same() -> None:
    unmatched = {"p1": {"a": 5, "b": 0}, "p2": {"a": 6}}
    assert likely_person({"a": 5}, unmatched) == "p1"
    assert likely_person({"a": 5}, unmatched | {"p3": {"a": 5}}) == ""
    assert likely_person({"a": 0}, {"p1": {"a": 0}}) == ""


_AMOUNTS = st.integers(-10_000_000, 10_000_000)
_SALES = st.lists(
    st.builds(
        Sale,
        record=st.text("ABC", min_size=1, max_size=3),
        old=st.none() | _AMOUNTS,
        ours=st.none() | _AMOUNTS,
        whole=st.none() | _AMOUNTS,
        place=st.sampled_from(Place),
    ),
    max_size=6,
)


@given(
    old=st.builds(OldResult, amount=_AMOUNTS, base=st.none() | _AMOUNTS, sales=st.integers(0, 9))
    | st.none(),
    base=st.none() | _AMOUNTS,
    ours=_AMOUNTS | st.none(),
    pays=st.sampled_from([None, five_percent, stairs, lambda _base: None]),
    sales=_SALES,
)
def test_whatever_comes_the_lines_add_up_to_the_difference(
    old: OldResult | None,
    base: int | None,
    ours: int | None,
    pays: Callable[[int], int | None] | None,
    sales: list[Sale],
) -> None:
    mine = None if ours is None else OurResult(amount=ours, base=base, pays=pays)
    lines = explain_difference(old, mine, sales)
    assert sum(line.amount for line in lines) == (ours or 0) - (old.amount if old else 0)
    assert all(line.amount for line in lines)
    assert len({line.cause for line in lines}) == len(lines) or DifferenceCause.VALUE in {
        line.cause for line in lines
    }
