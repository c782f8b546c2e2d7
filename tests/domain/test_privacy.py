"""No aggregate gives anybody away: whoever adds and subtracts all that is shown learns nobody.

The attacker asks for every total the rule lets him see, over every period, knows his own value and
those he sees anyway, and solves the linear system exactly. He wins when some combination speaks of
fewer than the minimum of other people.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.privacy import (
    BoardVisibility,
    Crowd,
    EntitySettings,
    Stretch,
    hidden_groups,
    middle_is_shown,
    strictest,
    total_is_shown,
)

COMPANY = "company"
Vector = tuple[Fraction, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where somebody is on a day: a leaf unit and a platform."""

    unit: str
    platform: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A tree of units (child to parent), and per day where everybody is; person 0 asks."""

    parents: dict[str, str | None]
    days: tuple[tuple[tuple[Place, ...], ...], ...]  # day -> person -> places
    visible: frozenset[int]

    def units(self, place: Place) -> frozenset[str]:
        found, unit = set(), place.unit
        while True:
            found.add(unit)
            above = self.parents[unit]
            if above is None:
                return frozenset(found)
            unit = above

    def groups(self, day: int, person: int) -> frozenset[str]:
        held: set[str] = {COMPANY}
        for place in self.days[day][person]:
            held |= self.units(place)
            if place.platform is not None:
                held.add(place.platform)
        return frozenset(held)

    def stretch(self, day: int) -> Stretch:
        mine = self.days[day][0]
        common = frozenset.intersection(*(self.units(each) for each in mine))
        platforms = {each.platform for each in mine}
        platform = platforms.pop() if len(platforms) == 1 else None
        chain = tuple(sorted(common, key=lambda unit: -self._depth(unit)))
        asked = {*chain, *([platform] if platform else [])}
        hidden = [person for person in range(1, self.size) if person not in self.visible]
        return Stretch(
            chain=chain,
            platform=platform,
            crowds=tuple(
                Crowd(groups=self.groups(day, person) & asked, people=1) for person in hidden
            ),
        )

    def _depth(self, unit: str) -> int:
        above = self.parents[unit]
        return 0 if above is None else 1 + self._depth(above)

    @property
    def size(self) -> int:
        return len(self.days[0])

    def spans(self) -> list[tuple[int, int]]:
        count = len(self.days)
        return [(start, end) for start in range(count) for end in range(start + 1, count + 1)]

    def shown(self, minimum: int) -> list[tuple[str, int, int]]:
        names = [COMPANY, *self.parents, "p0", "p1", "p2"]
        return [
            (group, start, end)
            for start, end in self.spans()
            for group in names
            if total_is_shown(
                group, COMPANY, [self.stretch(day) for day in range(start, end)], minimum
            )
        ]

    def vector(self, group: str, start: int, end: int) -> Vector:
        """Write a total as a 0/1 membership vector over the hidden person-days."""
        return tuple(
            Fraction(int(start <= day < end and group in self.groups(day, person)))
            for day in range(len(self.days))
            for person in range(1, self.size)
            if person not in self.visible
        )

    def people_of(self, vector: Vector) -> set[int]:
        cells = [
            person
            for _ in self.days
            for person in range(1, self.size)
            if person not in self.visible
        ]
        return {person for person, part in zip(cells, vector, strict=True) if part}


def reduced(rows: list[Vector], order: list[int]) -> list[Vector]:
    """Bring vectors to reduced echelon form, exactly, with the columns taken in ``order``."""
    left = [list(row) for row in rows]
    done: list[list[Fraction]] = []
    for column in order:
        pivot = next((row for row in left if row[column]), None)
        if pivot is None:
            continue
        left.remove(pivot)
        lead = pivot[column]
        pivot = [part / lead for part in pivot]
        for row in (*left, *done):
            factor = row[column]
            if factor:
                row[:] = [a - factor * b for a, b in zip(row, pivot, strict=True)]
        done.append(pivot)
    return [tuple(row) for row in done]


def learned(world: World, minimum: int) -> set[int] | None:
    """Return fewer than ``minimum`` people of whom the attacker learns a combination, or None."""
    kept = sorted({world.vector(*ask) for ask in world.shown(minimum)})
    rows = [row for row in kept if any(row)]
    if not rows:
        return None
    # Equal columns belong to one cell: only whole cells appear in any combination.
    columns: dict[Vector, int] = {}
    for index in range(len(rows[0])):
        columns.setdefault(tuple(row[index] for row in rows), index)
    order = [index for key, index in columns.items() if any(key)]
    tries = [order, order[::-1], *(order[i:] + order[:i] for i in range(1, len(order)))]
    for attempt in tries:
        basis = reduced(rows, attempt)
        # A row, and the sum or difference of two, are what elimination can isolate.
        pairs = [
            tuple(a + sign * b for a, b in zip(one, two, strict=True))
            for one, two in combinations(basis, 2)
            for sign in (1, -1)
        ]
        for row in (*basis, *pairs):
            people = world.people_of(row)
            if 0 < len(people) < minimum:
                return people
    return None


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Draw a tree, people in it over one to three days, and who sees some of them anyway."""
    units = [f"u{index}" for index in range(draw(st.integers(1, 6)))]
    parents: dict[str, str | None] = {"u0": None}
    for index, unit in enumerate(units[1:], 1):
        above = draw(st.integers(-1, index - 1))  # not everybody is under one root
        parents[unit] = None if above < 0 else f"u{above}"
    place = st.builds(
        Place, unit=st.sampled_from(units), platform=st.sampled_from([None, "p0", "p1"])
    )
    first = draw(st.lists(st.lists(place, min_size=1, max_size=2), min_size=4, max_size=24))
    # Most people are in one place; two at once is the exception, as in life.
    start = tuple(tuple(each[: 1 + draw(st.integers(0, 9)) // 9]) for each in first)
    days = [start]
    for _ in range(draw(st.integers(0, 2))):
        moved = draw(st.dictionaries(st.integers(0, len(start) - 1), place, max_size=3))
        before = days[-1]
        days.append(
            tuple((moved[who],) if who in moved else before[who] for who in range(len(start)))
        )
    seen = draw(st.sets(st.integers(1, len(start) - 1), max_size=3))
    return World(parents=parents, days=tuple(days), visible=frozenset(seen))


@settings(max_examples=200, deadline=None)
@given(worlds(), st.integers(3, 6))
def test_adding_and_subtracting_what_is_shown_isolates_fewer_than_the_minimum_of_nobody(
    world: World, minimum: int
) -> None:
    assert learned(world, minimum) is None


def nested(*sizes: int) -> list[Stretch]:
    """Units inside one another, ``sizes`` hidden people in each ring, the smallest first."""
    chain = tuple(f"u{index}" for index in range(len(sizes) - 1))
    crowds = tuple(
        Crowd(groups=frozenset(chain[index:]), people=size) for index, size in enumerate(sizes)
    )
    return [Stretch(chain=chain, platform=None, crowds=crowds)]


def shown(stretches: list[Stretch]) -> list[str]:
    names = [*stretches[0].chain, COMPANY]
    return [name for name in names if total_is_shown(name, COMPANY, stretches, 5)]


@pytest.mark.parametrize(
    ("rings", "expected"),
    [
        ((5, 5, 5), ["u0", "u1", COMPANY]),
        ((4, 20), [COMPANY]),  # a small team
        ((6, 2, 20), ["u1", COMPANY]),  # two are left of the department without the team
        ((6, 0, 20), ["u0", "u1", COMPANY]),  # a department of one team says the same twice
        ((6, 3), [COMPANY]),  # three are left of the company
        ((4,), []),
    ],
)
def test_a_total_is_shown_when_enough_are_behind_it_and_beside_it(
    rings: tuple[int, ...], expected: list[str]
) -> None:
    assert shown(nested(*rings)) == expected


def test_one_day_with_too_few_hides_the_whole_period() -> None:
    (wide,), (narrow,) = nested(6, 9), nested(2, 9)
    assert total_is_shown("u0", COMPANY, [wide], 5)
    assert not total_is_shown("u0", COMPANY, [wide, narrow], 5)
    assert not total_is_shown("u0", COMPANY, [], 5)


def test_a_platform_across_the_units_needs_enough_on_it_and_beside_it() -> None:
    def across(on: int, beside: int) -> bool:
        crowds = (
            Crowd(groups=frozenset({"u0", "p"}), people=on),
            Crowd(groups=frozenset({"u0"}), people=beside),
            Crowd(groups=frozenset(), people=9),
        )
        return total_is_shown(
            "p", COMPANY, [Stretch(chain=("u0",), platform="p", crowds=crowds)], 5
        )

    assert across(5, 5)
    assert not across(4, 9)
    assert not across(9, 4)


def test_a_median_needs_the_group_and_enough_of_it_unseen() -> None:
    assert middle_is_shown(5, 4, 5)  # the own value is one of the five
    assert not middle_is_shown(4, 3, 5)
    assert not middle_is_shown(9, 1, 5)  # a leader who sees eight of nine
    assert middle_is_shown(2, 0, 5)  # whoever sees everybody learns nothing


def test_of_two_days_the_stricter_setting_counts() -> None:
    early = EntitySettings(
        privacy_minimum=8, leaderboard=BoardVisibility.NAMES_AND_VALUES, team_pay=True
    )
    late = EntitySettings(
        privacy_minimum=5, leaderboard=BoardVisibility.OWN_LINE_AND_MEDIAN, team_pay=False
    )
    assert strictest([early, late]) == EntitySettings(
        privacy_minimum=8, leaderboard=BoardVisibility.OWN_LINE_AND_MEDIAN, team_pay=False
    )


@given(st.lists(st.integers(0, 12), max_size=8), st.integers(3, 6))
@settings(max_examples=60)
def test_hidden_groups_cannot_be_worked_out_from_the_total(sizes: list[int], minimum: int) -> None:
    hidden = hidden_groups(sizes, minimum)
    assert {place for place, size in enumerate(sizes) if size < minimum} <= hidden
    left = sum(sizes[place] for place in hidden)
    # What the total leaves when all that is shown is taken off belongs to enough people.
    assert not hidden or left >= minimum or len(hidden) == len(sizes)


def test_no_group_is_hidden_without_need() -> None:
    assert hidden_groups([7, 9], 5) == frozenset()
    assert hidden_groups([2, 9, 7], 5) == {0, 2}
    assert hidden_groups([2, 3, 9], 5) == {0, 1}
