"""The same attainment of teams with unequal flows is seen unequal, exactly."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.fairness import GroupFlow, fairness

MANY = GroupFlow(key="many", people=10, done=900, wanted=1000, flow=200)
FEW = GroupFlow(key="few", people=10, done=900, wanted=1000, flow=100)


def test_two_teams_of_one_attainment_differ_once_the_flow_of_leads_is_seen() -> None:
    found = fairness([MANY, FEW])
    many, few = found.groups
    assert many.attainment == few.attainment == (9, 10)
    assert (many.adjusted, few.adjusted) == ((27, 40), (27, 20))  # 67.5 % and 135 % at 15 a head
    assert found.whole.adjusted == found.whole.attainment == (9, 10)
    assert (found.together, found.apart) == (0, 0)


def test_whether_attainment_follows_the_flow_is_counted_over_pairs() -> None:
    third = GroupFlow(key="third", people=5, done=100, wanted=1000, flow=10)
    found = fairness([replace(MANY, done=990), FEW, third])
    assert (found.together, found.apart) == (3, 0)
    found = fairness([replace(MANY, done=500), FEW, third])
    assert (found.together, found.apart) == (2, 1)


def test_what_has_nothing_to_divide_by_is_missing_and_decides_nothing() -> None:
    found = fairness([MANY, GroupFlow(key="none", people=3, done=5, wanted=0, flow=0)])
    none = found.groups[1]
    assert (none.attainment, none.per_flow, none.adjusted) == (None, None, None)
    assert none.per_head == (0, 1)
    assert (found.together, found.apart) == (0, 0)


NUMBERS = st.integers(1, 10**12)


@settings(max_examples=25)
@given(NUMBERS, NUMBERS, NUMBERS, st.integers(1, 1000), st.integers(2, 9))
def test_equal_flow_per_head_adjusts_nothing(
    done: int, wanted: int, flow: int, people: int, times: int
) -> None:
    one = GroupFlow(key="one", people=people, done=done, wanted=wanted, flow=flow)
    other = GroupFlow(
        key="other", people=people * times, done=wanted, wanted=done, flow=flow * times
    )
    for each in fairness([one, other]).groups:
        assert each.adjusted == each.attainment
