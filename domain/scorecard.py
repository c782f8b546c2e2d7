"""A scorecard: which KPIs count, how much, and what happens to the sum. Data, never code.

Every choice the market leaders make silently is a required field here: how a missing KPI counts,
whether weights must add up to 100, how the items are combined, how numbers are rounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.curve import Curve, CurveForm, read_curve, write_curve
from domain.document import DocumentReader, decimal_text, document_hash, without_absent
from domain.exact import Comparison, Rounding, added, adds_up_to_100
from domain.metric import Dimension, Direction, read_key
from domain.problem import Problem
from domain.proration import (
    Proration,
    Ramp,
    read_proration,
    read_ramp,
    write_proration,
    write_ramp,
)

SCORECARD_FORMAT = "attain.scorecard/1"
# Names that lines and inputs of a calculation use for themselves.
RESERVED = frozenset(
    {"score", "payout", "team", "own", "limits", "total", "subtotal", "cap", "floor"}
)

# The operators that fit a direction: a KPI where less is better is never met by AT_LEAST.
COMPARISONS: Mapping[Direction, frozenset[Comparison]] = {
    Direction.HIGHER: frozenset({Comparison.AT_LEAST, Comparison.MORE_THAN}),
    Direction.BOOLEAN: frozenset({Comparison.AT_LEAST, Comparison.MORE_THAN}),
    Direction.LOWER: frozenset({Comparison.AT_MOST, Comparison.LESS_THAN}),
    Direction.TARGET: frozenset({Comparison.WITHIN}),
}


class WeightTotal(StrEnum):
    """What is demanded of the sum of the weights."""

    REJECT_UNLESS_100 = "REJECT_UNLESS_100"
    RENORMALISE = "RENORMALISE"


class MissingKpi(StrEnum):
    """What a KPI without attainment counts for. Missing is not zero unless it is said here."""

    EXCLUDE_AND_RENORMALISE = "EXCLUDE_AND_RENORMALISE"  # its weight goes to the others
    ZERO = "ZERO"  # it counts as nothing attained
    NEUTRAL = "NEUTRAL"  # it counts as exactly one whole
    BLOCK = "BLOCK"  # there is no score


class Combine(StrEnum):
    """How items become one score."""

    AVERAGE = "AVERAGE"  # sum(weight x score) / sum(weight)
    SUM = "SUM"  # sum(weight x score) / 100
    PLAIN = "PLAIN"  # sum(score)


class AdjustmentKind(StrEnum):
    """Whether points are added or taken away after weighting."""

    BONUS = "BONUS"
    PENALTY = "PENALTY"


class AdjustmentForm(StrEnum):
    """How the points are counted."""

    PER_UNIT = "PER_UNIT"  # so many points per whole unit of the metric, never negative, capped
    WHEN = "WHEN"  # flat, when the metric passes a value


class MissingInput(StrEnum):
    """What a missing input of one adjustment, team line or pay component means."""

    ZERO = "ZERO"
    BLOCK = "BLOCK"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One KPI of the scorecard; ``weight`` in POINT steps of 100, ``cap`` and ``floor`` ratios."""

    metric: str
    unit: str
    dimension: Dimension
    direction: Direction
    comparison: Comparison
    weight: int
    curve: Curve
    cap: int | None = None
    floor: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """Points after weighting: ``value`` in the metric's steps, the rest in POINT steps."""

    id: str
    name: Mapping[str, str]
    kind: AdjustmentKind
    form: AdjustmentForm
    metric: str
    unit: str
    points: int
    missing: MissingInput
    cap: int | None = None
    comparison: Comparison | None = None
    value: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamLine:
    """The second line: the person's own score and the team's, by shares that add up to 100."""

    individual: int
    team: int
    missing: MissingInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    """A whole scorecard. The order of its parts is part of its definition."""

    key: str
    name: Mapping[str, str]
    rounding: Rounding
    weight_total: WeightTotal
    missing: MissingKpi
    combine: Combine
    items: tuple[Item, ...]
    adjustments: tuple[Adjustment, ...] = ()
    team: TeamLine | None = None
    cap: int | None = None
    floor: int | None = None
    proration: Proration | None = None
    ramp: Ramp | None = None

    @property
    def metrics(self) -> tuple[str, ...]:
        """The keys of all metrics it reads, in order of first use."""
        keys = [item.metric for item in self.items]
        keys.extend(each.metric for each in self.adjustments)
        return tuple(dict.fromkeys(keys))


def decode_scorecard(document: object) -> tuple[Scorecard | None, tuple[Problem, ...]]:
    """Read a scorecard document. Every problem is reported with its JSON path.

    >>> decode_scorecard([])[1][0].code
    'document_not_an_object'
    """
    reader = DocumentReader(document)
    if not isinstance(document, Mapping):
        return None, tuple(reader.problems)
    reader.format(SCORECARD_FORMAT)
    key, name = read_key(reader, "key"), reader.texts("name")
    rounding = reader.choice("rounding", Rounding)
    weight_total = reader.choice("weightTotal", WeightTotal)
    missing = reader.choice("missing", MissingKpi)
    combine = reader.choice("combine", Combine)
    items = [_read_item(child) for child in reader.children("items")]
    adjustments = [
        _read_adjustment(child) for child in reader.children("adjustments", required=False)
    ]
    team = _read_team(reader)
    cap, floor = read_limits(reader, "POINT")
    units = {item.metric: item.unit for item in items if item is not None}
    proration, ramp = read_proration(reader, units), read_ramp(reader, units)
    reader.finish()
    _check_whole(reader, items, adjustments, weight_total)
    if reader.failed:
        return None, tuple(reader.problems)
    assert key and name and rounding  # noqa: PT018 - read above, or a problem was noted
    assert weight_total and missing and combine  # noqa: PT018 - the same
    scorecard = Scorecard(
        key=key,
        name=name,
        rounding=rounding,
        weight_total=weight_total,
        missing=missing,
        combine=combine,
        items=tuple(item for item in items if item is not None),
        adjustments=tuple(each for each in adjustments if each is not None),
        team=team,
        cap=cap,
        floor=floor,
        proration=proration,
        ramp=ramp,
    )
    return scorecard, tuple(reader.problems)


def read_limits(reader: DocumentReader, unit: str) -> tuple[int | None, int | None]:
    """Read an optional cap and an optional floor that may not cross."""
    cap = reader.steps("cap", unit, required=False)
    floor = reader.steps("floor", unit, required=False)
    if cap is not None and floor is not None and cap < floor:
        reader.note("cap_below_floor", reader.at("cap"), {})
    return cap, floor


def read_at_least(
    reader: DocumentReader, name: str, unit: str | None, *, required: bool = True
) -> int | None:
    """Read a number that may not be negative."""
    steps = reader.steps(name, unit, required=required)
    if steps is not None and steps < 0:
        reader.note("number_out_of_range", reader.at(name), {"field": name, "low": "0", "high": ""})
        return None
    return steps


def _read_item(reader: DocumentReader) -> Item | None:
    metric, unit = read_key(reader, "metric"), reader.unit("unit")
    dimension = reader.choice("dimension", Dimension)
    direction = reader.choice("direction", Direction)
    comparison = reader.choice("comparison", Comparison)
    weight = read_at_least(reader, "weight", "POINT")
    inner = reader.child("curve")
    curve = read_curve(inner, unit, direction) if inner is not None else None
    cap, floor = read_limits(reader, "RATIO")
    reader.finish()
    if (
        direction is not None
        and comparison is not None
        and comparison not in COMPARISONS[direction]
    ):
        values = {"comparison": comparison.value, "direction": direction.value}
        reader.note("comparison_direction_differs", reader.at("comparison"), values)
    if curve is not None and curve.form is CurveForm.RATIO_INV and cap is None:
        reader.note("cap_required", reader.at("cap"), {"form": curve.form.value})
    if not (metric and unit and dimension and direction and comparison and curve):
        return None
    return Item(
        metric=metric,
        unit=unit,
        dimension=dimension,
        direction=direction,
        comparison=comparison,
        weight=weight or 0,
        curve=curve,
        cap=cap,
        floor=floor,
    )


def _read_adjustment(reader: DocumentReader) -> Adjustment | None:
    identity, name = read_key(reader, "id"), reader.texts("name")
    kind, form = reader.choice("kind", AdjustmentKind), reader.choice("form", AdjustmentForm)
    metric, unit = read_key(reader, "metric"), reader.unit("unit")
    points = read_at_least(reader, "points", "POINT")
    missing = reader.choice("missing", MissingInput)
    flat = form is AdjustmentForm.WHEN
    comparison = reader.choice("comparison", Comparison) if flat else None
    value = reader.steps("value", unit) if flat else None
    cap = None if flat else read_at_least(reader, "cap", "POINT")
    reader.finish()
    if comparison is Comparison.WITHIN:
        values = {"comparison": comparison.value, "direction": Direction.HIGHER.value}
        reader.note("comparison_direction_differs", reader.at("comparison"), values)
    if not (identity and name and kind and form and metric and unit and missing):
        return None
    return Adjustment(
        id=identity,
        name=name,
        kind=kind,
        form=form,
        metric=metric,
        unit=unit,
        points=points or 0,
        missing=missing,
        cap=cap,
        comparison=comparison,
        value=value,
    )


def _read_team(reader: DocumentReader) -> TeamLine | None:
    inner = reader.child("team", required=False)
    if inner is None:
        return None
    individual = read_at_least(inner, "individual", "POINT")
    team = read_at_least(inner, "team", "POINT")
    missing = inner.choice("missing", MissingInput)
    inner.finish()
    if individual is None or team is None or missing is None:
        return None
    if not adds_up_to_100((individual, team)):
        inner.note("shares_not_100", inner.path, {})
    return TeamLine(individual=individual, team=team, missing=missing)


def _check_whole(
    reader: DocumentReader,
    items: list[Item | None],
    adjustments: list[Adjustment | None],
    weight_total: WeightTotal | None,
) -> None:
    known = [item for item in items if item is not None]
    if not items and reader.has("items"):
        reader.note("list_empty", "items", {"field": "items"})
    names = [item.metric for item in known]
    names.extend(each.id for each in adjustments if each is not None)
    for name in sorted({name for name in names if names.count(name) > 1}):
        reader.note("name_not_unique", "items", {"name": name})
    for name in sorted(RESERVED.intersection(names)):
        reader.note("key_invalid", "items", {"field": "metric", "key": name})
    _check_units(reader, known, adjustments)
    if len(known) != len(items) or not items:
        return
    weights = [item.weight for item in known]
    if not any(weights):
        reader.note("weights_all_zero", "items", {})
    elif weight_total is WeightTotal.REJECT_UNLESS_100 and not adds_up_to_100(weights):
        reader.note("weights_not_100", "items", {"sum": decimal_text(added(weights), "POINT")})


def _check_units(
    reader: DocumentReader, items: list[Item], adjustments: list[Adjustment | None]
) -> None:
    units = {item.metric: item.unit for item in items}
    for place, each in enumerate(adjustments):
        if each is not None and units.setdefault(each.metric, each.unit) != each.unit:
            values = {"metric": each.metric, "unit": each.unit, "wanted": units[each.metric]}
            reader.note("unit_differs", f"adjustments[{place}].unit", values)


def encode_scorecard(scorecard: Scorecard) -> dict[str, object]:
    """Write a scorecard as its canonical document; decoding it gives an equal scorecard."""
    return without_absent(
        {
            "format": SCORECARD_FORMAT,
            "key": scorecard.key,
            "name": dict(scorecard.name),
            "rounding": scorecard.rounding.value,
            "weightTotal": scorecard.weight_total.value,
            "missing": scorecard.missing.value,
            "combine": scorecard.combine.value,
            "items": [_write_item(item) for item in scorecard.items],
            "adjustments": [_write_adjustment(each) for each in scorecard.adjustments] or None,
            "team": _write_team(scorecard.team),
            "cap": optional_text(scorecard.cap, "POINT"),
            "floor": optional_text(scorecard.floor, "POINT"),
            "proration": write_proration(scorecard.proration),
            "ramp": write_ramp(scorecard.ramp),
        }
    )


def scorecard_hash(scorecard: Scorecard) -> str:
    """Give the SHA-256 of the canonical document: the identity of this version."""
    return document_hash(encode_scorecard(scorecard))


def optional_text(steps: int | None, unit: str) -> str | None:
    """Write steps as a decimal text, or nothing when there are none."""
    return None if steps is None else decimal_text(steps, unit)


def _write_item(item: Item) -> dict[str, object]:
    return without_absent(
        {
            "metric": item.metric,
            "unit": item.unit,
            "dimension": item.dimension.value,
            "direction": item.direction.value,
            "comparison": item.comparison.value,
            "weight": decimal_text(item.weight, "POINT"),
            "curve": write_curve(item.curve, item.unit),
            "cap": optional_text(item.cap, "RATIO"),
            "floor": optional_text(item.floor, "RATIO"),
        }
    )


def _write_adjustment(each: Adjustment) -> dict[str, object]:
    return without_absent(
        {
            "id": each.id,
            "name": dict(each.name),
            "kind": each.kind.value,
            "form": each.form.value,
            "metric": each.metric,
            "unit": each.unit,
            "points": decimal_text(each.points, "POINT"),
            "missing": each.missing.value,
            "cap": optional_text(each.cap, "POINT"),
            "comparison": None if each.comparison is None else each.comparison.value,
            "value": optional_text(each.value, each.unit),
        }
    )


def _write_team(team: TeamLine | None) -> dict[str, object] | None:
    if team is None:
        return None
    return {
        "individual": decimal_text(team.individual, "POINT"),
        "team": decimal_text(team.team, "POINT"),
        "missing": team.missing.value,
    }
