"""Points of a pay curve: read, written, and the height of the curve as an exact fraction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.component import Beyond
from domain.document import DocumentReader, decimal_text
from domain.exact import (
    Boundary,
    Comparison,
    Slope,
    Value,
    Words,
    lowest_terms,
    slopes,
    straight,
    ten_to,
)
from domain.problem import Severity
from domain.scorecard import read_at_least
from domain.unit import decimals_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """At this place of the axis (steps of its unit) the curve gives so much (RATIO steps)."""

    at: int
    gives: int


def read_points(reader: DocumentReader, unit: str | None, gives: str) -> tuple[Point, ...]:
    """Read rising points; one that gives less than the one before gets a warning."""
    children = reader.children("points")
    if not children and reader.has("points"):
        reader.note("list_empty", reader.at("points"), {"field": "points"})
    points: list[Point] = []
    for child in children:
        at, height = child.steps("at", unit), read_at_least(child, gives, "RATIO")
        child.finish()
        if at is None or height is None:
            continue
        if points and points[-1].at >= at:
            reader.note("points_not_rising", child.at("at"), {})
        if points and points[-1].gives > height:
            reader.note("pay_decreases", child.at(gives), {}, Severity.WARNING)
        points.append(Point(at=at, gives=height))
    return tuple(points)


def write_points(points: Sequence[Point], unit: str, gives: str) -> list[dict[str, str]]:
    """Write points back."""
    return [
        {"at": decimal_text(each.at, unit), gives: decimal_text(each.gives, "RATIO")}
        for each in points
    ]


def read_beyond(reader: DocumentReader) -> tuple[Beyond | None, int | None]:
    """Read what comes after the last point; only SLOPE has a slope, and needs one."""
    beyond = reader.choice("beyond", Beyond)
    if beyond is not Beyond.SLOPE:
        return beyond, None
    return beyond, read_at_least(reader, "slope", "RATIO")


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Straight lines between points, in the words of a carrier."""

    points: tuple[Point, ...]
    pieces: tuple[Slope, ...]
    operator: Comparison

    def reached(self, words: Words, num: Value, den: Value) -> Value:
        """Count the points that ``num/den`` has reached, exactly."""
        return words.count(
            [words.compare(num, self.operator, words.times(each.at, den)) for each in self.points]
        )

    def height(self, words: Words, num: Value, den: Value) -> tuple[Value, Value]:
        """Give what the curve gives at ``num/den``, as a fraction of RATIO steps."""
        return straight(words, self.pieces, self.reached(words, num, den), num, den)


def curve_of(
    points: Sequence[Point],
    *,
    unit: str,
    boundary: Boundary,
    below: int,
    slope: int | None = None,
    step: bool = False,
) -> Curve:
    """Make a curve ready: ``below`` before the first point, level or ``slope`` after the last."""
    pairs = [(each.at, each.gives) for each in points]
    pieces = slopes(pairs, 1, below)
    if step:
        pieces = [Slope(below, 0, 1, 0, 1), *(Slope(each.gives, 0, 1, 0, 1) for each in points)]
    elif slope is not None:
        # so many RATIO steps for each whole unit of the axis
        rise, run = lowest_terms(slope, ten_to(decimals_of(unit)))
        pieces[-1] = Slope(points[-1].gives, rise, run, points[-1].at, 1)
    upper = boundary is Boundary.UPPER_TIER
    return Curve(
        points=tuple(points),
        pieces=tuple(pieces),
        operator=Comparison.AT_LEAST if upper else Comparison.MORE_THAN,
    )
