"""What part of a period's targets, amounts and thresholds somebody gets who is not there all of it.

Two optional blocks of a plan and of a scorecard: ``proration`` (joiners, leavers, and what a change
inside a period does) and ``ramp`` (a newcomer's share of the full quota). Without them nothing is
taken by days.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.document import DocumentReader, decimal_text, without_absent

RATIOS = frozenset({"RATIO", "POINT"})  # units of what does not grow with the days
LONGEST_RAMP = 36  # months


class Basis(StrEnum):
    """Which days are counted."""

    NONE = "NONE"  # nothing is taken by days
    CALENDAR_DAYS = "CALENDAR_DAYS"
    WORKING_DAYS = "WORKING_DAYS"  # by the legal entity's calendar, make-up days included


class Changes(StrEnum):
    """From when a document counts that takes over inside a period."""

    NEXT_PERIOD = "NEXT_PERIOD"
    SEGMENTS = "SEGMENTS"  # from its day: the period is cut there


class Split(StrEnum):
    """How a period that was cut is calculated."""

    DAYS = "DAYS"  # each segment alone: the facts of its days against its part of the target
    FULL = "FULL"  # each segment's rules on the whole period; what comes out counts by days
    ACTUALS = "ACTUALS"  # the same, but it counts by what was achieved in the segment


class SegmentPeers(StrEnum):
    """With whom somebody is compared whose period was cut."""

    LAST_PLACE = "LAST_PLACE"  # with the peers of the last day, by the whole period
    NOT_COMPARED = "NOT_COMPARED"  # with nobody: what needs peers has no input


class RampStart(StrEnum):
    """Which month of a newcomer is the first one."""

    FIRST_MONTH = "FIRST_MONTH"  # the month of joining, however late in it
    FIRST_FULL_MONTH = "FIRST_FULL_MONTH"  # the first one that begins with the person there


@dataclass(frozen=True, slots=True, kw_only=True)
class Proration:
    """The choices of one document. ``amounts`` and ``thresholds`` name components of a plan."""

    basis: Basis
    targets: tuple[str, ...]
    changes: Changes
    amounts: tuple[str, ...] = ()
    thresholds: tuple[str, ...] = ()
    split: Split | None = None
    by: str | None = None  # the metric whose actuals weigh the segments
    peers: SegmentPeers | None = None

    @property
    def cuts(self) -> bool:
        """Say whether the document counts from its day inside a period."""
        return self.changes is Changes.SEGMENTS

    @property
    def is_by_segment(self) -> bool:
        """Say whether each segment of a cut period has its own facts and its own target."""
        return self.split is Split.DAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp:
    """A newcomer's shares of the target (RATIO steps), month by month; then the full target."""

    metrics: tuple[str, ...]
    shares: tuple[int, ...]
    start: RampStart


def read_proration(reader: DocumentReader, units: Mapping[str, str]) -> Proration | None:
    """Read the block of a scorecard."""
    inner = reader.child("proration", required=False)
    if inner is None:
        return None
    found = read_choices(inner, units)
    inner.finish()
    return found


def read_choices(reader: DocumentReader, units: Mapping[str, str]) -> Proration | None:
    """Read what a scorecard's block and a plan's have in common."""
    basis = reader.choice("basis", Basis)
    targets = read_metrics(reader, "targets", units)
    changes = reader.choice("changes", Changes)
    split = by = None
    if changes is Changes.SEGMENTS:
        split = reader.choice("split", Split)
        by = _read_weighing(reader, units) if split is Split.ACTUALS else None
    if basis is Basis.NONE and (targets or changes is Changes.SEGMENTS):
        reader.note("proration_needs_days", reader.at("basis"))
    if basis is None or changes is None:
        return None
    return Proration(basis=basis, targets=targets, changes=changes, split=split, by=by)


def _read_weighing(reader: DocumentReader, units: Mapping[str, str]) -> str | None:
    name = reader.text("by")
    if name is not None and units.get(name) in {None, *RATIOS}:
        reader.note("proration_name_unknown", reader.at("by"), {"field": "by", "name": name[:80]})
    return name


def read_metrics(reader: DocumentReader, field: str, units: Mapping[str, str]) -> tuple[str, ...]:
    """Read a list of metrics of the document that grow with the days."""
    names = read_once(reader, field)
    for place, name in enumerate(names):
        path = f"{reader.at(field)}[{place}]"
        unit = units.get(name)
        if unit is None:
            reader.note("proration_name_unknown", path, {"field": field, "name": name[:80]})
        elif unit in RATIOS:
            reader.note("proration_of_ratio", path, {"metric": name, "unit": unit})
    return names


def read_once(reader: DocumentReader, field: str) -> tuple[str, ...]:
    """Read a list of names, each of them once."""
    names = reader.names(field)
    for name in sorted({name for name in names if names.count(name) > 1}):
        reader.note("name_not_unique", reader.at(field), {"name": name[:80]})
    return names


def read_ramp(reader: DocumentReader, units: Mapping[str, str]) -> Ramp | None:
    """Read a newcomer's shares of the quota."""
    inner = reader.child("ramp", required=False)
    if inner is None:
        return None
    metrics = read_metrics(inner, "metrics", units)
    shares = _shares(inner)
    start = inner.choice("start", RampStart)
    for field, found in (("metrics", metrics), ("shares", shares)):
        if not found and inner.has(field):
            inner.note("list_empty", inner.at(field), {"field": field})
    inner.finish()
    return None if start is None else Ramp(metrics=metrics, shares=shares, start=start)


def _shares(reader: DocumentReader) -> tuple[int, ...]:
    texts = reader.names("shares")
    if len(texts) > LONGEST_RAMP:
        values = {"field": "shares", "low": "1", "high": str(LONGEST_RAMP)}
        reader.note("number_out_of_range", reader.at("shares"), values)
    # each is read like a field of its own, so that a wrong one is named by its place
    inner = DocumentReader(
        {str(place): text for place, text in enumerate(texts)},
        reader.at("shares"),
        reader.problems,
    )
    found = []
    for place in range(len(texts)):
        share = inner.steps(str(place), "RATIO")
        if share is not None and share < 0:
            values = {"field": "shares", "low": "0", "high": ""}
            reader.note("number_out_of_range", inner.at(str(place)), values)
        found.append(share or 0)
    return tuple(found)


def write_proration(proration: Proration | None) -> dict[str, object] | None:
    """Write the block of a scorecard."""
    if proration is None:
        return None
    return without_absent(
        {
            "basis": proration.basis.value,
            "targets": list(proration.targets),
            "changes": proration.changes.value,
            "split": proration.split.value if proration.split else None,
            "by": proration.by,
        }
    )


def write_ramp(ramp: Ramp | None) -> dict[str, object] | None:
    """Write a ramp."""
    if ramp is None:
        return None
    return {
        "metrics": list(ramp.metrics),
        "shares": [decimal_text(share, "RATIO") for share in ramp.shares],
        "start": ramp.start.value,
    }
