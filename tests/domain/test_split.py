"""Cutting an amount by keys: the parts make the whole, whoever stands where."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.columns import Column
from domain.exact import INTS, LARGEST
from domain.split import part_of, split, split_everyone, sums_within

wholes = st.integers(-(10**6), 10**6) | st.integers(-LARGEST, LARGEST) | st.integers(-9, 9)
some_keys = st.dictionaries(
    st.text("abc", min_size=1, max_size=3),
    st.integers(0, 9) | st.integers(0, 10**17),
    min_size=1,
    max_size=8,
).filter(lambda keys: any(keys.values()))


def test_five_cents_at_seventy_to_thirty_are_cut_alike_in_either_order() -> None:
    assert split(5, {"a": 70, "b": 30}) == {"a": 4, "b": 1}
    assert split(5, {"b": 30, "a": 70}) == {"a": 4, "b": 1}
    assert split(-5, {"a": 70, "b": 30}) == {"a": -4, "b": -1}


def test_a_third_each_of_a_hundred_leaves_its_cent_with_the_smallest_id() -> None:
    assert split(100, {"c": 1, "b": 1, "a": 1}) == {"a": 34, "b": 33, "c": 33}


def test_the_cents_left_over_go_to_the_largest_fractions() -> None:
    # 10 x 1/16, 5/16 and 10/16 are 0.625, 3.125 and 6.25
    assert split(10, {"a": 1, "b": 5, "c": 10}) == {"a": 1, "b": 3, "c": 6}


@pytest.mark.parametrize("keys", [{}, {"a": 0}, {"a": 3, "b": -1}])
def test_keys_that_cut_nothing_are_refused(keys: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="keys"):
        split(10, keys)


@given(whole=wholes, keys=some_keys, data=st.data())
def test_the_parts_add_up_to_the_whole_in_any_order(
    whole: int, keys: dict[str, int], data: st.DataObject
) -> None:
    parts = split(whole, keys)
    assert sum(parts.values()) == whole
    turned = data.draw(st.permutations(sorted(keys)))
    assert split(whole, {each: keys[each] for each in turned}) == parts
    total = sum(keys.values())
    for each, part in parts.items():
        assert abs(part - Fraction(whole * keys[each], total)) < 1
        assert part == 0 or keys[each] > 0
        assert part * whole >= 0


@given(whole=wholes, keys=some_keys)
def test_the_negative_whole_is_the_positive_one_turned_round(
    whole: int, keys: dict[str, int]
) -> None:
    assert split(-whole, keys) == {each: -part for each, part in split(whole, keys).items()}


people = st.lists(
    st.tuples(
        st.integers(0, 2),  # the group
        st.none() | st.integers(-3, 9) | st.integers(0, 10**15),  # the key
    ),
    min_size=1,
    max_size=12,
)
pools = st.lists(st.none() | wholes, min_size=3, max_size=3)


@settings(deadline=None)
@given(crowd=people, pool=pools, data=st.data())
def test_everybody_at_once_gets_what_each_group_alone_gives(
    crowd: list[tuple[int, int | None]], pool: list[int | None], data: st.DataObject
) -> None:
    names = data.draw(st.permutations([f"per_{place:02}" for place in range(len(crowd))]))
    groups = np.array([group for group, _ in crowd], dtype=np.int64)
    keys = _column([key for _, key in crowd])
    shares = split_everyone(_column([pool[group] for group, _ in crowd]), keys, groups, names)
    for group, whole in enumerate(pool):
        rows = [row for row, (each, _) in enumerate(crowd) if each == group]
        own = {row: max(crowd[row][1] or 0, 0) for row in rows}
        if not rows:
            continue
        assert {shares.total.at(row) for row in rows} == {sum(own.values())}
        found = {
            names[row]: part_of(INTS, whole, own[row], shares.total.at(row), shares.extra.at(row))
            for row in rows
        }
        if whole is None:
            assert set(found.values()) == {None}
        elif any(own.values()):
            assert found == split(whole, {names[row]: own[row] for row in rows})
        else:
            assert set(found.values()) == {0}


def test_a_sum_of_more_than_63_bits_is_missing_and_never_wraps() -> None:
    groups = np.array([0, 0, 1], dtype=np.int64)
    found = sums_within(groups, _column([LARGEST, 1, 5]))
    assert [found.at(row) for row in range(3)] == [None, None, 5]
    shares = split_everyone(_column([7, 7, 7]), _column([LARGEST, 1, 5]), groups, ["a", "b", "c"])
    assert [shares.extra.at(row) for row in range(3)] == [None, None, 0]


def _column(values: list[int | None]) -> Column:
    present = np.array([value is not None for value in values], dtype=np.bool_)
    numbers = np.array([-1 if value is None else value for value in values], dtype=np.int64)
    return Column(numbers, None if present.all() else present)
