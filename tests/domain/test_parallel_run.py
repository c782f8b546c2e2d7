"""An old result beside ours: every cause on its own, and whatever comes, the lines add up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.metric import decode_metric
from domain.old_numbers import Number, NumberKind, OldNumbers, sold, walk_of
from domain.parallel_run import (
    DifferenceLine,
    OldResult,
    Paid,
    Place,
    Sale,
    Told,
    Walk,
    explain_difference,
    is_rounding,
    likely_person,
)
from domain.period import period_named
from tests.support.rules import SALES


def five_percent(base: int) -> int:
    """Pay five of a hundred, rounded half up."""
    return (base * 5 + 50) // 100


def stairs(base: int) -> int:
    """Pay on the whole by the tier reached: a cliff, so that effects are no sums of sales."""
    return base // 10 if base >= 100_000 else base // 50


SALES_OF_SEPTEMBER = Number(
    key="sales",
    kind=NumberKind.MEASURE,
    num="sales.num",
    den="sales.den",
    unit="CNY",
    metric=decode_metric(SALES)[0],
    days=period_named("2026-09"),
)
(SUM,) = SALES_OF_SEPTEMBER.sums
Pays = Callable[[int], int | None]


def explain(
    amount: int,
    base: int | None,
    ours: int,
    sales: Sequence[Sale] = (),
    pays: Pays = five_percent,
) -> tuple[DifferenceLine, ...]:
    """Walk from an old amount for old sales to what we pay for ours."""
    inputs = {"sales.num": ours, "sales.den": 1}
    told = OldNumbers(bases={} if base is None else {"sales": base})
    if sales:
        found = sold(SALES_OF_SEPTEMBER, {SUM: tuple(sales)}, {})
        told = OldNumbers(sold={"sales": found})
    walk = walk_of([SALES_OF_SEPTEMBER], inputs, told)
    now, after = {**inputs, **walk.start}, []
    first = pays(now["sales.num"] or 0)
    for stage in walk.stages:
        now |= stage.inputs
        after.append(pays(now["sales.num"] or 0))
    paid = Paid(first=first, after=tuple(after))
    return explain_difference(OldResult(amount=amount), pays(ours), walk, paid)


def _found(lines: tuple[DifferenceLine, ...]) -> list[tuple[str, int]]:
    return [(line.cause.value, line.amount) for line in lines]


def test_the_same_amount_has_no_line() -> None:
    assert explain(5_000, 100_000, 100_000) == ()


def test_another_rate_on_the_same_sales_is_a_rate() -> None:
    lines = explain(4_001, 100_000, 100_000)
    assert _found(lines) == [("RATE", 999)]
    assert lines[0].values == {"old": Told(4_001), "base": Told(100_000), "ours": Told(5_000)}


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
    lines = explain(3_500, 70_000, 90_000, sales)
    assert _found(lines) == [("TIMING", 1_500), ("MISSING", -500)]
    assert [line.records for line in lines] == [("B",), ("C",)]


def test_a_share_is_credit_and_another_amount_of_the_same_sale_is_value() -> None:
    shared = Sale(record="A", old=80_000, ours=40_000, whole=80_000)
    typed = Sale(record="B", old=1_000, ours=9_000, whole=9_000)
    lines = explain(4_050, 81_000, 49_000, [shared, typed])
    assert _found(lines) == [("CREDIT", -2_000), ("VALUE", 400)]


def test_a_sale_credited_to_somebody_else_and_one_under_nobodys_name() -> None:
    sales = [
        Sale(record="A", old=None, ours=20_000, place=Place.OTHER_PERSON),
        Sale(record="B", old=None, ours=10_000, place=Place.NOBODY),
    ]
    lines = explain(0, 0, 30_000, sales)
    assert _found(lines) == [("IDENTITY", 500), ("CREDIT", 1_000)]


def test_across_a_cliff_each_cause_is_what_the_rules_make_of_it() -> None:
    sales = [
        Sale(record="A", old=90_000, ours=90_000),
        Sale(record="B", old=None, ours=20_000, place=Place.OTHER_PERIOD),
    ]
    lines = explain(1_800, 90_000, 110_000, sales, stairs)
    assert _found(lines) == [("TIMING", 11_000 - 1_800)]


def test_without_single_sales_another_sum_is_told_and_its_reason_is_not_invented() -> None:
    lines = explain(4_500, 90_000, 100_000)
    assert _found(lines) == [("VALUE", 500)]
    assert lines[0].values == {"old": Told(90_000, 1, "CNY"), "ours": Told(100_000, 1, "CNY")}


def test_what_is_not_proven_is_unexplained() -> None:
    lines = explain(4_321, None, 100_000)
    assert _found(lines) == [("UNEXPLAINED", 679)]


def test_what_one_side_does_not_have_is_missing() -> None:
    nothing = (Walk(), Paid(first=None))
    assert _found(explain_difference(OldResult(amount=700), None, *nothing)) == [("MISSING", -700)]
    assert _found(explain_difference(None, 700, *nothing)) == [("MISSING", 700)]
    assert _found(explain_difference(None, -700, *nothing, is_limit=True)) == [("LIMIT", -700)]
    assert explain_difference(None, 0, *nothing) == ()


def test_what_a_cap_makes_is_told_apart_from_a_rate() -> None:
    walk = Walk(known=True)

    def capped(old: int, first: int, limits: int) -> list[tuple[str, int]]:
        paid = Paid(first=first, limits=limits)
        return _found(explain_difference(OldResult(amount=old), first, walk, paid))

    assert capped(8_123, 5_000, -3_123) == [("LIMIT", -3_123)]
    assert capped(8_100, 5_000, -3_123) == [("LIMIT", -3_123), ("ROUNDING", 23)]
    assert capped(7_123, 5_000, -3_123) == [("RATE", -2_123)]
    assert capped(5_023, 5_000, -23) == [("LIMIT", -23)]
    assert capped(5_100, 5_123, -3_000) == [("ROUNDING", 23)]


def test_another_goal_is_a_goal_and_one_that_nobody_set_is_said() -> None:
    goal = Number(key="sales", kind=NumberKind.GOAL, num="sales.target", den=None, unit="CNY")
    told = OldNumbers(bases={"sales": 100}, goals={"sales": 90})
    walk = walk_of([SALES_OF_SEPTEMBER, goal], {"sales.num": 100, "sales.den": 1}, told)
    assert (walk.start, walk.known) == ({"sales.target": 90}, True)
    lines = explain_difference(OldResult(amount=50), 0, walk, Paid(first=50, after=(None,)))
    assert _found(lines) == [("GOAL", -50)]
    silent = walk_of([SALES_OF_SEPTEMBER, goal], {"sales.num": 100, "sales.den": 1}, OldNumbers())
    lines = explain_difference(OldResult(amount=12_345), None, silent, Paid(first=None))
    assert [(line.cause.value, line.amount, line.subject) for line in lines] == [
        ("GOAL", -12_345, "sales")
    ]


def test_a_number_that_is_written_shorter_is_ours_if_ours_rounds_to_it() -> None:
    rate = replace(SALES_OF_SEPTEMBER, key="kept", num="kept.num", den="kept.den", unit="RATIO")
    ours: dict[str, int | None] = {"kept.num": 2_000_000, "kept.den": 3}  # two of three
    told = OldNumbers(values={"kept": (670_000, 10_000)})  # 67 %
    assert walk_of([rate], ours, told) == Walk(known=True)
    off = walk_of([rate], ours, OldNumbers(values={"kept": (660_000, 10_000)}))
    assert off.start == {"kept.num": 660_000, "kept.den": 1}
    assert off.stages[0].inputs == ours
    fine = walk_of([rate], ours, OldNumbers(values={"kept": (666_667, 1)}))
    assert fine.start == {}


def test_an_unknown_name_is_likely_the_only_one_who_is_paid_the_very_same() -> None:
    alone = {frozenset({("a", 5)}): "p1", frozenset({("a", 6)}): "", frozenset({("b", 7)}): "p2"}
    assert likely_person({"a": 5, "b": 0}, alone) == "p1"
    assert likely_person({"a": 6}, alone) == ""  # two are paid so
    assert likely_person({"a": 7}, alone) == ""
    assert likely_person({"a": 0}, {frozenset(): "p1"}) == ""


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
    old=st.builds(OldResult, amount=_AMOUNTS, sales=st.integers(0, 9)) | st.none(),
    ours=_AMOUNTS | st.none(),
    sales=_SALES,
    base=st.none() | _AMOUNTS,
    first=_AMOUNTS | st.none(),
    limits=st.just(0) | _AMOUNTS,
    after=st.lists(_AMOUNTS | st.none(), min_size=6, max_size=6),
)
def test_whatever_comes_the_lines_add_up_to_the_difference(
    old: OldResult | None,
    ours: int | None,
    sales: list[Sale],
    base: int | None,
    first: int | None,
    limits: int,
    after: list[int | None],
) -> None:
    told = OldNumbers(bases={} if base is None else {"sales": base})
    if sales:
        told = replace(told, sold={"sales": sold(SALES_OF_SEPTEMBER, {SUM: tuple(sales)}, {})})
    walk = walk_of([SALES_OF_SEPTEMBER], {"sales.num": ours, "sales.den": 1}, told)
    paid = Paid(first=first, limits=limits, after=tuple(after[: len(walk.stages)]))
    lines = explain_difference(old, ours, walk, paid)
    assert sum(line.amount for line in lines) == (ours or 0) - (old.amount if old else 0)
    assert all(line.amount for line in lines)


@given(ours=_SALES)
def test_the_sales_of_one_cause_after_the_other_become_ours(ours: list[Sale]) -> None:
    sales = tuple({each.record: each for each in ours}.values())
    if not sales:
        return
    found = sold(SALES_OF_SEPTEMBER, {SUM: sales}, {})
    assert found.base == sum(each.old or 0 for each in sales)
    if found.steps:
        assert (found.steps[-1].num or 0) == sum(each.ours or 0 for each in sales)
    moved = sum(each.moved for each in found.steps)
    assert moved == sum((each.ours or 0) - (each.old or 0) for each in sales)
