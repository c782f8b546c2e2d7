"""What a group may show to somebody who does not see everybody in it.

A total, a mean or a median gives people away when few are behind it, or when few are left after
what one knows already is taken off: the own value, people one sees anyway, a smaller group inside.
The decision is made once, here, for every aggregate the product offers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

PRIVACY_MINIMUM = 5
PRIVACY_FLOOR = 3


class BoardVisibility(StrEnum):
    """What a leaderboard shows to those who do not see the performance of everybody on it."""

    NAMES_AND_VALUES = "NAMES_AND_VALUES"
    NAMES_AND_RANKS = "NAMES_AND_RANKS"
    OWN_LINE_AND_MEDIAN = "OWN_LINE_AND_MEDIAN"
    OWN_LINE_ONLY = "OWN_LINE_ONLY"

    @property
    def shows_others(self) -> bool:
        """Whether there are lines of other people at all."""
        return self in {BoardVisibility.NAMES_AND_VALUES, BoardVisibility.NAMES_AND_RANKS}


@dataclass(frozen=True, slots=True, kw_only=True)
class EntitySettings:
    """What a legal entity has decided about who sees what, from a day on."""

    privacy_minimum: int
    leaderboard: BoardVisibility
    team_pay: bool  # whether managers may be given the pay of their team
    valid_from: date | None = None  # None: nobody has decided anything yet
    version: int = 0


def strictest(settings: Sequence[EntitySettings]) -> EntitySettings:
    """Join what held on several days: a promise made then is kept, and so is one made since."""
    closed = list(BoardVisibility)
    return EntitySettings(
        privacy_minimum=max(each.privacy_minimum for each in settings),
        leaderboard=max((each.leaderboard for each in settings), key=closed.index),
        team_pay=all(each.team_pay for each in settings),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """People of whom one sees nothing by themselves, and those of one's groups they are in."""

    groups: frozenset[str]
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Days on which nobody of concern moved.

    ``chain`` are the units that hold the viewer with all of the viewer's assignments, the smallest
    first and the company not among them; ``platform`` is the one platform of all of them.
    """

    chain: tuple[str, ...]
    platform: str | None
    crowds: tuple[Crowd, ...]

    def count(self, holds: Callable[[frozenset[str]], bool]) -> int:
        """Count the hidden people whose groups ``holds`` accepts."""
        return sum(crowd.people for crowd in self.crowds if holds(crowd.groups))


def total_is_shown(group: str, company: str, stretches: Sequence[Stretch], minimum: int) -> bool:
    """Say whether a member of ``group`` may see its total over the days of ``stretches``.

    On every single day at least ``minimum`` hidden people must be behind it, and behind all that
    remains when it is taken off any group around it. The wider group wins: it does not depend on
    whether the narrower one is shown, so the answer is the same whatever was asked before, and for
    every period that contains the day.
    """
    return bool(stretches) and all(_holds(group, company, each, minimum) for each in stretches)


def _holds(group: str, company: str, stretch: Stretch, minimum: int) -> bool:
    whole = sum(crowd.people for crowd in stretch.crowds)
    if group == company:
        return whole >= minimum
    if group in stretch.chain:
        inside = stretch.count(lambda groups: group in groups)
        # In no unit at all: whom nobody counted may be the only one left, so nothing left is no
        # comfort against the company as it is against a unit.
        if inside < minimum or whole - inside < minimum:
            return False
        around = stretch.chain[stretch.chain.index(group) + 1 :]
        return all(_is_safe_inside(group, each, stretch, minimum) for each in around)
    return group == stretch.platform and _is_safe_across(group, stretch, minimum)


def _is_safe_inside(group: str, around: str, stretch: Stretch, minimum: int) -> bool:
    """Look at what a wider unit has besides the group: nobody, or enough."""
    rest = stretch.count(lambda groups: around in groups and group not in groups)
    return rest == 0 or rest >= minimum


def _is_safe_across(platform: str, stretch: Stretch, minimum: int) -> bool:
    """Look at a platform, which lies across the units.

    Whatever sums are added to its total, of each ring between two units of the chain either those
    on the platform or those beside it remain; so the smaller parts together must be enough.
    """
    rings: dict[frozenset[str], list[int]] = {}
    for crowd in stretch.crowds:
        ring = rings.setdefault(crowd.groups - {platform}, [0, 0])
        ring[platform in crowd.groups] += crowd.people
    return sum(min(ring) for ring in rings.values()) >= minimum


def middle_is_shown(size: int, hidden: int, minimum: int) -> bool:
    """Say whether the median of ``size`` people, ``hidden`` of them unseen, may be shown.

    The own value and the gap give the median, so both stand or fall together.
    """
    return hidden == 0 or (size >= minimum and hidden >= minimum - 1)


def hidden_groups(sizes: Sequence[int], minimum: int) -> frozenset[int]:
    """Say which of the groups that make up a whole are not shown beside its total.

    Too small ones are not, and what the rest leaves of the total must not give them away either:
    while the hidden ones together are too few, the smallest that is shown is hidden as well.
    """
    order = sorted(range(len(sizes)), key=lambda place: (sizes[place], place))
    hidden = [place for place in order if sizes[place] < minimum]
    rest = order[len(hidden) :]
    while hidden and rest and sum(sizes[place] for place in hidden) < minimum:
        hidden.append(rest.pop(0))
    return frozenset(hidden)
