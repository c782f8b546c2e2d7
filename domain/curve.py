"""Attainment curves: how an actual and its target become a ratio of one whole.

A curve is chosen by name and never guessed: the same 27 days against 30 -> 25 give 60 %, 92 % or
92.59 % by three usual formulas. What a curve cannot answer (a target of zero, a ratio with a
negative target) is decided by a required field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.document import DocumentReader, decimal_text, without_absent
from domain.exact import Boundary
from domain.metric import Direction


class CurveForm(StrEnum):
    """The formula. A = actual, T = target, B = baseline."""

    RATIO = "RATIO"  # A/T, T > 0
    LINEAR_ABS = "LINEAR_ABS"  # 1 + (A-T)/|T|
    BASELINE = "BASELINE"  # (A-B)/(T-B), either direction
    LINEAR_ABS_INV = "LINEAR_ABS_INV"  # 1 - (A-T)/|T|
    RATIO_INV = "RATIO_INV"  # T/A, T > 0; A <= 0 gives the cap, which is required
    BINARY = "BINARY"  # one whole when met, else nothing
    TARGET_ABSOLUTE = "TARGET_ABSOLUTE"  # 1 - |A-T|/|T|
    TARGET_BAND = "TARGET_BAND"  # one whole inside T +/- band
    STEP = "STEP"  # the value of the step reached
    PIECEWISE = "PIECEWISE"  # straight lines through points, ends held
    POINTS_DEDUCT = "POINTS_DEDUCT"  # one whole less so much per unit of A, never below nothing


class ZeroTarget(StrEnum):
    """What a formula that divides says when it would divide by nothing."""

    REFUSE = "REFUSE"  # no attainment: the scorecard's policy for a missing KPI decides
    FULL_WHEN_MET = "FULL_WHEN_MET"  # one whole when met by the item's comparison, else nothing


class Axis(StrEnum):
    """What the points of a table are held against."""

    ACTUAL = "ACTUAL"  # the actual, in the metric's unit
    ATTAINMENT = "ATTAINMENT"  # A/T, T > 0


class Outside(StrEnum):
    """What a band gives outside itself."""

    ZERO = "ZERO"
    FALLING = "FALLING"  # 1 - (distance to the band)/|T|


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """At this place of the axis the curve gives this ratio (both in steps)."""

    at: int
    gives: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One attainment curve. Which fields are filled depends on ``form``; see `FIELDS`."""

    form: CurveForm
    zero_target: ZeroTarget | None = None
    axis: Axis | None = None
    boundary: Boundary | None = None
    below: int | None = None  # what a step table gives below its first step, in RATIO steps
    points: tuple[CurvePoint, ...] = ()
    band: int | None = None  # in steps of the metric's unit
    outside: Outside | None = None
    deduct: int | None = None  # RATIO steps lost per whole unit of the metric


_ANY = frozenset(Direction)
_HIGHER = frozenset({Direction.HIGHER})
_LOWER = frozenset({Direction.LOWER})
_TARGET = frozenset({Direction.TARGET})

# Which directions a form makes sense for; another one is refused.
DIRECTIONS: Mapping[CurveForm, frozenset[Direction]] = {
    CurveForm.RATIO: _HIGHER,
    CurveForm.LINEAR_ABS: _HIGHER,
    CurveForm.BASELINE: frozenset({Direction.HIGHER, Direction.LOWER}),
    CurveForm.LINEAR_ABS_INV: _LOWER,
    CurveForm.RATIO_INV: _LOWER,
    CurveForm.BINARY: _ANY,
    CurveForm.TARGET_ABSOLUTE: _TARGET,
    CurveForm.TARGET_BAND: _TARGET,
    CurveForm.STEP: _ANY,
    CurveForm.PIECEWISE: _ANY,
    CurveForm.POINTS_DEDUCT: _LOWER,
}
_DIVIDING = frozenset(
    {
        CurveForm.RATIO,
        CurveForm.LINEAR_ABS,
        CurveForm.BASELINE,
        CurveForm.LINEAR_ABS_INV,
        CurveForm.RATIO_INV,
        CurveForm.TARGET_ABSOLUTE,
    }
)


def read_curve(
    reader: DocumentReader, unit: str | None, direction: Direction | None
) -> Curve | None:
    """Read a curve of a scorecard item whose metric is counted in ``unit``."""
    form = reader.choice("form", CurveForm)
    if form is None:
        return None
    if direction is not None and direction not in DIRECTIONS[form]:
        values = {"form": form.value, "direction": direction.value}
        reader.note("curve_direction_differs", reader.at("form"), values)
    tabular = form in {CurveForm.STEP, CurveForm.PIECEWISE}
    banded = form is CurveForm.TARGET_BAND
    axis = reader.choice("axis", Axis) if tabular else None
    outside = reader.choice("outside", Outside) if banded else None
    divides = form in _DIVIDING or axis is Axis.ATTAINMENT or outside is Outside.FALLING
    stepped = form is CurveForm.STEP
    deducting = form is CurveForm.POINTS_DEDUCT
    curve = Curve(
        form=form,
        zero_target=reader.choice("zeroTarget", ZeroTarget) if divides else None,
        axis=axis,
        boundary=reader.choice("boundary", Boundary) if stepped else None,
        below=reader.steps("below", "RATIO") if stepped else None,
        points=_read_points(reader, unit if axis is Axis.ACTUAL else "RATIO") if tabular else (),
        band=reader.steps("band", unit) if banded else None,
        outside=outside,
        deduct=reader.steps("deductPerUnit", "RATIO") if deducting else None,
    )
    for name, steps in (("band", curve.band), ("deductPerUnit", curve.deduct)):
        if steps is not None and steps < 0:
            reader.note(
                "number_out_of_range", reader.at(name), {"field": name, "low": "0", "high": ""}
            )
    reader.finish()
    return curve


def _read_points(reader: DocumentReader, unit: str | None) -> tuple[CurvePoint, ...]:
    children = reader.children("points")
    if not children and reader.has("points"):
        reader.note("list_empty", reader.at("points"), {"field": "points"})
    points: list[CurvePoint] = []
    for child in children:
        at, gives = child.steps("at", unit), child.steps("gives", "RATIO")
        child.finish()
        if at is None or gives is None:
            continue
        if points and points[-1].at >= at:
            reader.note("points_not_rising", child.at("at"), {})
        points.append(CurvePoint(at=at, gives=gives))
    return tuple(points)


def write_curve(curve: Curve, unit: str) -> dict[str, object]:
    """Write a curve as it stands in a document."""
    axis_unit = unit if curve.axis is Axis.ACTUAL else "RATIO"
    points = [
        {"at": decimal_text(point.at, axis_unit), "gives": decimal_text(point.gives, "RATIO")}
        for point in curve.points
    ]
    return without_absent(
        {
            "form": curve.form.value,
            "zeroTarget": _name(curve.zero_target),
            "axis": _name(curve.axis),
            "boundary": _name(curve.boundary),
            "below": None if curve.below is None else decimal_text(curve.below, "RATIO"),
            "points": points or None,
            "band": None if curve.band is None else decimal_text(curve.band, unit),
            "outside": _name(curve.outside),
            "deductPerUnit": None if curve.deduct is None else decimal_text(curve.deduct, "RATIO"),
        }
    )


def _name(member: StrEnum | None) -> str | None:
    return None if member is None else member.value
