"""A late number beside frozen peers: the same number gives the same facts, and others stay."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.absolute_variant import absolute_variant
from domain.columns import Column
from domain.compare import CohortPolicy, Measure, RankPolicy, compare_everyone
from domain.evaluate import compile_pay, explain
from domain.exact import INTS
from domain.frozen_peers import FrozenGroup, peer_facts, pool_facts, rank_key
from domain.peer_rules import RankForm
from domain.plan import decode_plan
from domain.plan_document import encode_plan
from domain.split import part_of, split_everyone
from tests.support.plans import NAME, UNITS

RANKED = {RankForm.COMPETITION: RankPolicy.COMPETITION, RankForm.DENSE: RankPolicy.DENSE}


def key(value: int) -> tuple[Fraction, ...]:
    return (Fraction(value),)


def ranks(values: list[int], form: RankForm) -> list[tuple[int | None, int | None]]:
    compared = compare_everyone(
        Measure(num=Column(np.array(values, dtype=np.int64))),
        np.zeros(len(values), dtype=np.int64),
        None,
        CohortPolicy(ranking=RANKED[form]),
    )
    return [(compared.rank.at(row), compared.tied.at(row)) for row in range(len(values))]


@given(
    values=st.lists(st.integers(-3, 3), min_size=1, max_size=9),
    form=st.sampled_from(sorted(RANKED)),
    now=st.integers(-4, 4),
    data=st.data(),
)
def test_a_place_among_the_frozen_others_is_the_place_one_would_have_had(
    values: list[int], form: RankForm, now: int, data: st.DataObject
) -> None:
    group = FrozenGroup.of(map(key, values))
    row = data.draw(st.integers(0, len(values) - 1))
    before = values[row]
    # unchanged, the very facts that were frozen
    assert group.place(key(before), key(before), form) == ranks(values, form)[row]
    # changed, as if he had had the number from the beginning
    changed = [*values[:row], now, *values[row + 1 :]]
    assert group.place(key(now), key(before), form) == ranks(changed, form)[row]
    # somebody who was not there is placed among all
    assert group.place(key(now), None, form) == ranks([*values, now], form)[-1]


def test_a_tie_is_broken_by_frozen_values_too_and_less_may_be_better() -> None:
    keys = [rank_key([(Fraction(9), False), (days, True)]) for days in (Fraction(3), None)]
    group = FrozenGroup.of(each for each in keys if each is not None)
    two_days = rank_key([(Fraction(9), False), (Fraction(2), True)])
    assert two_days is not None
    assert group.place(two_days, None, RankForm.COMPETITION) == (1, 1)
    assert rank_key([(None, False), (Fraction(2), True)]) is None


def test_a_frozen_group_never_moves_and_a_small_one_stays_small() -> None:
    group = FrozenGroup.of(map(key, (1, 2, 3)))
    of_group = {"size": 3, "lo_num": 2, "lo_den": 1, "hi_num": 2, "hi_den": 1}
    found = peer_facts(of_group, group, own=key(9), before=key(1), form=RankForm.COMPETITION)
    assert found == {**of_group, "rank": 1, "tied": 1}
    small = {"size": 2}
    found = peer_facts(small, group, own=key(9), before=None, form=RankForm.COMPETITION)
    assert (found["size"], found["rank"], found["lo_num"]) == (2, None, None)


@given(
    keys=st.lists(st.integers(0, 5), min_size=1, max_size=6),
    pool=st.integers(-50, 50),
    now=st.integers(0, 9),
    data=st.data(),
)
def test_a_frozen_pool_gives_the_same_part_for_the_same_key_and_never_more_than_all_of_it(
    keys: list[int], pool: int, now: int, data: st.DataObject
) -> None:
    count = len(keys)
    column = Column(np.array(keys, dtype=np.int64))
    whole = Column(np.full(count, pool, dtype=np.int64))
    groups, ids = np.zeros(count, dtype=np.int64), [f"per_{row}" for row in range(count)]
    shares = split_everyone(whole, column, groups, ids)
    row = data.draw(st.integers(0, count - 1))
    sealed = {"keys": shares.total.at(row), "extra": shares.extra.at(row), "heads": 1}
    same = pool_facts(sealed, key_now=keys[row], key_before=keys[row])
    assert same == sealed
    changed = pool_facts(sealed, key_now=now, key_before=keys[row])
    part = part_of(INTS, pool, now, changed["keys"], changed["extra"])
    assert abs(part) <= abs(pool)
    assert (part == 0) or now > 0


MEDIAN: dict[str, Any] = {
    "id": "above", "kind": "REWARD_ABOVE_MEDIAN", "name": NAME, "missing": "BLOCK",
    "metric": "sales.amount", "peerGroup": "UNIT", "rate": "0.02", "amount": "10",
    "minimum": {"metric": "keep.rate", "comparison": "AT_LEAST", "value": "0.6"},
    "minimumCohort": 5, "fallback": "WIDEN",
}  # fmt: skip
RATE = {
    "id": "rate", "kind": "RATE", "name": NAME, "missing": "ZERO", "metric": "sales.amount",
    "rate": "0.01", "negative": "ZERO",
}  # fmt: skip


def plan_with(*components: dict[str, Any]) -> Any:
    plan, problems = decode_plan(
        {
            "format": "attain.plan/1", "cadence": "MONTH", "key": "plan", "name": NAME,
            "currency": "CNY", "rounding": "HALF_UP", "units": UNITS,
            "components": list(components),
        }
    )  # fmt: skip
    assert plan is not None, problems
    return plan


def payout(plan: Any, sales: int, **more: int | None) -> int | None:
    given_ = {"sales.amount.num": sales, "sales.amount.den": 1, **more}
    given_ |= {"keep.rate.num": 700_000, "keep.rate.den": 1}
    return next(line.value for line in explain(compile_pay(plan), given_) if line.name == "payout")


@pytest.mark.parametrize("sales", [9_999_999, 10_000_000, 10_000_001, 12_345_678])
def test_the_absolute_variant_pays_what_the_median_plan_pays_at_the_same_line(sales: int) -> None:
    plan = plan_with(RATE, MEDIAN)
    middle = {"size": 9, "lo_num": 9_000_000, "lo_den": 1, "hi_num": 11_000_000, "hi_den": 1}
    by_median = payout(plan, sales, **{f"above.peers.{part}": n for part, n in middle.items()})
    fixed = absolute_variant(plan, {"above": 10_000_000})
    assert payout(fixed, sales) == by_median
    before = absolute_variant(plan, {})
    pair = {f"above.before.{part}": n for part, n in middle.items() if part != "size"}
    assert payout(before, sales, **pair) == by_median
    assert payout(before, sales) is None  # nothing is known of the period before
    assert fixed.components[1].metrics == plan.components[1].metrics  # the minimum is kept


def test_the_absolute_variant_is_a_plan_of_its_own_and_leaves_all_else_alone() -> None:
    plan = plan_with(RATE, MEDIAN)
    found = absolute_variant(plan, {"above": 10_000_000})
    again, problems = decode_plan(encode_plan(found))
    assert (again, problems) == (found, ())
    assert found.components[0] == plan.components[0]
    assert absolute_variant(plan_with(RATE), {}) == plan_with(RATE)
    with pytest.raises(ValueError, match="rate"):
        absolute_variant(plan, {"rate": 1})
