"""What is assumed about months that have not happened: whose numbers they repeat, and what changes.

An assumption is data and comes back with every answer. Factors are exact: they are joined first,
and the number that moves is rounded once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.exact import INTS, RATIO_ONE, lowest_terms
from domain.problem import Refused

MOST_SCENARIOS = 8
MOST_CHANGES = 20
MOST_TIMES = 100  # what sells a hundred times as much is a slip of the pen


class Repeats(StrEnum):
    """Whose facts the months to come repeat."""

    LAST_YEAR = "LAST_YEAR"  # the same period a year before
    LATEST = "LATEST"  # the last period of the kind that is over


class Level(StrEnum):
    """Where everybody stands in what has a goal."""

    AS_REPEATED = "AS_REPEATED"
    AT_THRESHOLD = "AT_THRESHOLD"
    AT_TARGET = "AT_TARGET"
    AT_EXCELLENCE = "AT_EXCELLENCE"

    @property
    def part(self) -> str | None:
        """Name the number of the goal that everybody has."""
        return _PARTS.get(self)


class Newcomers(StrEnum):
    """What those do who were not here in the period that is repeated."""

    NOTHING = "NOTHING"
    AS_TEAM = "AS_TEAM"  # as their colleagues of the team, on average


_PARTS = {
    Level.AT_THRESHOLD: "threshold",
    Level.AT_TARGET: "target",
    Level.AT_EXCELLENCE: "stretch",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How much of a metric happens, in millionths of what is repeated: 900,000 is 10 % less.

    Without a metric it moves every amount of money that is added up; without a unit or a platform
    it is for everybody.
    """

    factor: int
    metric: str | None = None
    unit: str | None = None
    platform: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One way in which the months to come may turn out."""

    name: str
    repeats: Repeats = Repeats.LAST_YEAR
    level: Level = Level.AS_REPEATED
    changes: tuple[Change, ...] = ()


# What is asked by itself: a bad year, the same again, a good one, and three fixed heights.
USUAL: tuple[Scenario, ...] = (
    Scenario(name="as_last_year"),
    Scenario(name="a_tenth_less", changes=(Change(factor=900_000),)),
    Scenario(name="a_fifth_more", changes=(Change(factor=1_200_000),)),
    Scenario(name="at_threshold", level=Level.AT_THRESHOLD),
    Scenario(name="at_target", level=Level.AT_TARGET),
    Scenario(name="at_excellence", level=Level.AT_EXCELLENCE),
)


def joined(changes: Sequence[Change]) -> tuple[int, int]:
    """Multiply factors: the fraction of what is repeated, in its lowest terms."""
    num, den = 1, 1
    for each in changes:
        num, den = lowest_terms(INTS.times(num, each.factor), INTS.times(den, RATIO_ONE))
    return num, den


def demand_scenarios(scenarios: Sequence[Scenario], likely: str | None) -> None:
    """Refuse scenarios that cannot be told apart, are too many, or are out of all bounds."""
    _between("scenarios", len(scenarios), 1, MOST_SCENARIOS)
    names = [each.name for each in scenarios]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise Refused("forecast_name_twice", {"name": doubled[0]}, path="scenarios")
    if likely is not None and likely not in names:
        raise Refused("forecast_likely_unknown", {"name": likely}, path="likely")
    for scenario in scenarios:
        _between("changes", len(scenario.changes), 0, MOST_CHANGES)
        for change in scenario.changes:
            _between("factor", change.factor, 0, INTS.times(MOST_TIMES, RATIO_ONE))


def _between(field: str, number: int | None, low: int, high: int | None) -> None:
    if number is None or high is None or not low <= number <= high:
        values = {"field": field, "low": str(low), "high": str(high)}
        raise Refused("number_out_of_range", values, path=field)
