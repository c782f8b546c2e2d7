"""A person among his peers: medians as pairs, ranks with ties, small groups, the best tenth."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.columns import Column
from domain.compare import (
    CohortPolicy,
    Compared,
    Measure,
    RankPolicy,
    above_median,
    compare_everyone,
    fractional_rank,
    gap_to_median,
    top_places,
    within_top,
)
from domain.component import CutTie, Fallback, ShareRounding
from domain.exact import Rounding
from domain.metric import Direction
from tests.support.oracle_pay import peer_facts


def measure(values: list[int | None], dens: list[int] | None = None) -> Measure:
    present = np.array([value is not None for value in values], dtype=np.bool_)
    numbers = [-(2**62) if value is None else value for value in values]
    num = Column(np.array(numbers, dtype=np.int64), present)
    if dens is None:
        return Measure(num=num)
    return Measure(num=num, den=Column(np.array(dens, dtype=np.int64)))


def together(values: list[int | None], **policy: object) -> Compared:
    rules = CohortPolicy(**policy)  # type: ignore[arg-type]
    return compare_everyone(measure(values), np.zeros(len(values), dtype=np.int64), None, rules)


def rows(column: Column) -> list[int | None]:
    return [column.at(row) for row in range(len(column))]


@pytest.mark.parametrize(
    ("values", "low", "high", "above"),
    [
        ([80, 95, 100, 120, 150], 100, 100, [0, 0, 0, 1, 1]),
        ([80, 95, 105, 120], 95, 105, [0, 0, 1, 1]),
        ([70, 70, 70], 70, 70, [0, 0, 0]),
        ([7, 8], 7, 8, [0, 1]),
    ],
)
def test_only_who_is_strictly_above_the_median_is_above_it(
    values: list[int | None], low: int, high: int, above: list[int]
) -> None:
    peers = together(values)
    assert (peers.lo_num.at(0), peers.hi_num.at(0)) == (low, high)
    assert rows(above_median(measure(values), peers)) == above


def test_the_median_of_7_and_8_is_not_rounded_before_it_decides() -> None:
    values: list[int | None] = [7, 7, 8, 8]
    assert rows(above_median(measure(values), together(values))) == [0, 0, 1, 1]


def test_equal_people_share_a_rank_and_the_next_rank_is_left_out() -> None:
    assert rows(together([150, 120, 120, 95]).rank) == [1, 2, 2, 4]
    assert rows(together([150, 120, 120, 95]).tied) == [1, 2, 2, 1]


def test_dense_ranks_leave_nothing_out() -> None:
    assert rows(together([150, 120, 120, 95], ranking=RankPolicy.DENSE).rank) == [1, 2, 2, 3]


def test_the_fractional_rank_is_the_mean_of_the_places_that_are_shared() -> None:
    assert Fraction(*fractional_rank(1, 1)) == 1
    assert Fraction(*fractional_rank(2, 2)) == Fraction(5, 2)
    assert Fraction(*fractional_rank(4, 1)) == 4


def test_ordinal_ranks_go_by_named_measures_and_never_by_row() -> None:
    policy = CohortPolicy(ranking=RankPolicy.ORDINAL)
    groups = np.zeros(4, dtype=np.int64)
    own, other = measure([120, 120, 120, 95]), measure([1, 3, 3, 9])
    assert rows(compare_everyone(own, groups, None, policy, (other,)).rank) == [3, 1, 1, 4]


def test_where_less_is_better_the_smallest_is_first() -> None:
    assert rows(together([30, 25, 27], direction=Direction.LOWER).rank) == [3, 1, 2]


def test_a_person_without_a_value_has_no_rank_and_is_not_counted() -> None:
    peers = together([10, None, 30])
    assert rows(peers.rank) == [2, None, 1]
    assert rows(peers.size) == [2, 2, 2]
    assert peers.lo_num.at(1) == 10


def test_a_group_below_the_minimum_has_no_median() -> None:
    assert rows(together([10, 20], minimum=3).lo_num) == [None, None]
    assert rows(together([10, 20], minimum=3).rank) == [None, None]
    assert rows(together([10, 20, 30], minimum=3).lo_num) == [20, 20, 20]


def test_a_small_group_is_compared_in_the_wider_one_when_the_plan_says_so() -> None:
    values: list[int | None] = [10, 20, 30, 40, 50]
    groups, parents = np.array([0, 0, 0, 1, 1]), np.array([7, 7, 7, 7, 7])
    policy = CohortPolicy(minimum=3, fallback=Fallback.WIDEN)
    peers = compare_everyone(measure(values), groups, parents, policy)
    assert rows(peers.lo_num) == [20, 20, 20, 30, 30]
    assert rows(peers.widened) == [0, 0, 0, 1, 1]
    assert rows(peers.size) == [3, 3, 3, 5, 5]


@settings(deadline=None)
@given(data=st.data())
def test_ranks_and_medians_are_what_comparing_each_with_each_gives(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 12))
    several = data.draw(st.sampled_from([[1], [1, 2, 3, 4], [1000, 2_000_003], [2**40, 2**40 + 1]]))
    dens = [data.draw(st.sampled_from(several)) for _ in range(count)]
    values = [
        data.draw(st.none() | st.integers(-5, 5).map(lambda x, d=den: x * d // 2 + x))  # type: ignore[misc]
        for den in dens
    ]
    groups = [data.draw(st.integers(0, 2)) for _ in range(count)]
    minimum, widen = data.draw(st.integers(1, 4)), data.draw(st.booleans())
    lower = data.draw(st.booleans())
    policy = CohortPolicy(
        minimum=minimum,
        fallback=Fallback.WIDEN if widen else Fallback.NO_REWARD,
        direction=Direction.LOWER if lower else Direction.HIGHER,
        ranking=data.draw(st.sampled_from([RankPolicy.COMPETITION, RankPolicy.DENSE])),
    )
    found = compare_everyone(
        measure(values, dens), np.array(groups), np.zeros(count, dtype=np.int64), policy
    )
    exact = [
        None if value is None else Fraction(value, den)
        for value, den in zip(values, dens, strict=True)
    ]
    facts = peer_facts(exact, groups, [0] * count, minimum=minimum, widen=widen, lower=lower)
    which = "dense" if policy.ranking is RankPolicy.DENSE else "rank"
    assert rows(found.rank) == [fact[which] for fact in facts]
    assert rows(found.tied) == [fact["tied"] for fact in facts]
    assert rows(found.size) == [fact["size"] for fact in facts]
    for row, fact in enumerate(facts):
        low, high = found.lo_num.at(row), found.hi_num.at(row)
        if low is None or high is None:
            assert fact["median"] is None
            continue
        middle = Fraction(low, found.lo_den.at(row)) + Fraction(high, found.hi_den.at(row))
        assert middle / 2 == fact["median"]


@settings(deadline=None)
@given(values=st.lists(st.integers(-3, 3), min_size=1, max_size=10), data=st.data())
def test_the_order_of_people_changes_nobodys_rank(values: list[int], data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(values))))
    straight = rows(together(list(values)).rank)
    turned = rows(together([values[place] for place in order]).rank)
    assert turned == [straight[place] for place in order]


def test_150_is_50_above_the_median_of_100_and_80_is_20_below() -> None:
    assert gap_to_median((150, 1), (100, 1), (100, 1), Rounding.HALF_UP) == 50
    assert gap_to_median((80, 1), (95, 1), (105, 1), Rounding.HALF_UP) == -20


@pytest.mark.parametrize(
    ("size", "floor", "ceil", "half_up"),
    [(9, 0, 1, 1), (15, 1, 2, 2), (50, 5, 5, 5), (14, 1, 2, 1)],
)
def test_ten_percent_of_people_is_a_whole_number_by_the_named_rounding(
    size: int, floor: int, ceil: int, half_up: int
) -> None:
    found = [top_places(size, 100_000, rounding, 0) for rounding in ShareRounding]
    assert found == [floor, ceil, half_up]


def test_a_tie_at_the_cut_is_decided_by_policy() -> None:
    assert within_top(5, 2, 5, CutTie.INCLUDE_ALL)
    assert not within_top(5, 2, 5, CutTie.EXCLUDE_ALL)
    assert within_top(4, 2, 5, CutTie.EXCLUDE_ALL)
    assert not within_top(6, 1, 5, CutTie.INCLUDE_ALL)
