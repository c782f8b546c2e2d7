"""What is assumed about periods that are not over, as a client says it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import strawberry

from api.scalars import closed_set
from domain.problem import Refused
from domain.scenario import USUAL, Change, Level, Newcomers, Repeats, Scenario
from domain.unit import to_steps

closed_set(
    Repeats,
    "Whose facts are repeated.",
    {
        Repeats.LAST_YEAR: "Those of the same period a year before.",
        Repeats.LATEST: "Those of the last period of the kind that is over.",
    },
)
closed_set(
    Level,
    "Where everybody stands in what has a goal.",
    {
        Level.AS_REPEATED: "Where the repeated facts put them.",
        Level.AT_THRESHOLD: "Exactly at the threshold of the goal.",
        Level.AT_TARGET: "Exactly at the target of the goal.",
        Level.AT_EXCELLENCE: "Exactly at the stretch number of the goal.",
    },
)
closed_set(
    Newcomers,
    "What those do who were not there in the period that is repeated.",
    {
        Newcomers.NOTHING: "Nothing.",
        Newcomers.AS_TEAM: "What the others of their team did on average.",
    },
)


@strawberry.input(description="How much happens of what is repeated.")
class ScenarioChangeInput:
    """One change."""

    factor: Decimal = strawberry.field(
        description="0.9 for a tenth less; 0 to 100, at most six decimals."
    )
    metric: str | None = strawberry.field(
        default=None, description="The key of the metric; all amounts of money if absent."
    )
    unit: strawberry.ID | None = strawberry.field(
        default=None, description="For people of this unit and below; everybody if absent."
    )
    platform: strawberry.ID | None = strawberry.field(
        default=None, description="For people of this platform; everybody if absent."
    )


@strawberry.input(description="One way in which periods that are not over may turn out.")
class ScenarioInput:
    """A scenario."""

    name: str = strawberry.field(description="Its name, which the answer repeats.")
    repeats: Repeats = strawberry.field(description="Whose facts are repeated.")
    level: Level = strawberry.field(description="Where everybody stands in what has a goal.")
    changes: list[ScenarioChangeInput] = strawberry.field(
        default_factory=list,
        description="What changes about what is repeated, at most 20; several are multiplied.",
    )


def scenarios_of(given: Sequence[ScenarioInput] | None) -> tuple[Scenario, ...]:
    """Read scenarios; without any they are the usual ones."""
    if given is None:
        return USUAL
    return tuple(
        Scenario(
            name=each.name.strip()[:80],
            repeats=each.repeats,
            level=each.level,
            changes=tuple(_change(change) for change in each.changes),
        )
        for each in given
    )


def _change(given: ScenarioChangeInput) -> Change:
    factor = to_steps(given.factor, "RATIO")
    if factor is None:
        values = {"value": f"{given.factor:f}"[:40], "unit": "RATIO"}
        raise Refused("number_not_exact", values, path="factor")
    return Change(factor=factor, metric=given.metric, unit=given.unit, platform=given.platform)
