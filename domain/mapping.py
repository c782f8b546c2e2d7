"""How a source's rows become facts, people, units and links: data owned by the host.

A mapping document (``attain.mapping/1``) names, for each stream of a connection, what to make of a
row and which columns say what. ``to_drafts`` applies it to one row: pure, exact and complete, so
that every fault of a row is named by its place in the source. What a row makes when it is good is
all or nothing: one error, and the row makes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

MAPPING_FORMAT = "attain.mapping/1"


class Make(StrEnum):
    """What a target makes of a row."""

    FACT = "FACT"
    PERSON = "PERSON"
    UNIT = "UNIT"
    PLATFORM = "PLATFORM"
    ASSIGNMENT = "ASSIGNMENT"
    LINK = "LINK"


class Comparison(StrEnum):
    """How a cell is held against values; cells are compared as trimmed text."""

    IN = "IN"
    NOT_IN = "NOT_IN"
    EMPTY = "EMPTY"
    NOT_EMPTY = "NOT_EMPTY"
    STARTS_WITH = "STARTS_WITH"


class Sign(StrEnum):
    """Which sign a quantity gets."""

    AS_IS = "AS_IS"
    NEGATED = "NEGATED"
    NOT_NEGATIVE = "NOT_NEGATIVE"  # a negative one is a problem


class WhenMissing(StrEnum):
    """What an empty cell means."""

    REJECT = "REJECT"
    WARN = "WARN"
    ALLOW = "ALLOW"


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """A filter: the row makes something only when every filter of the target holds."""

    column: str
    comparison: Comparison
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The only values a column may have; any other is a problem, not silently left out."""

    column: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A text: a column's, with its spellings put right by ``values``, or a constant."""

    column: str | None = None
    constant: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()  # texts that mean "nothing here", such as null
    when_missing: WhenMissing = WhenMissing.REJECT


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A date or an instant: a column read with the first of ``formats`` that fits.

    Formats are those of ``strptime`` (``%Y-%m-%d``). ``ahead_days`` is how many days after the day
    of reading a date may lie; None: as far as it likes.
    """

    column: str | None = None
    constant: date | None = None
    formats: tuple[str, ...] = ()
    when_missing: WhenMissing = WhenMissing.REJECT
    ahead_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """How much: a column or a constant, in steps of ``unit`` (or of the unit a column names)."""

    unit: str | None
    unit_cell: Cell | None
    column: str | None
    constant: str | None
    sign: Sign
    grouping: str  # the separator of thousands that may stand in the cell, "" for none


@dataclass(frozen=True, slots=True, kw_only=True)
class FactTarget:
    """A fact of ``kind``: whose (``namespace`` and ``person``), when, how much, about whom."""

    kind: str
    namespace: str
    person: Cell
    day: Moment | None
    instant: Moment | None
    quantity: Quantity
    subject: Cell | None
    attributes: Mapping[str, Cell]


# make -> (texts that must be there, texts that may, dates that must, dates that may)
DIRECTORY_FIELDS: Mapping[Make, tuple[tuple[str, ...], ...]] = {
    Make.PERSON: (("key", "name"), ("staffNumber",), (), ("joinedOn", "leftOn")),
    Make.UNIT: (("code", "name", "kind"), ("parent",), ("validFrom",), ("validTo",)),
    Make.PLATFORM: (("code", "name"), (), (), ("openedOn",)),
    Make.ASSIGNMENT: (
        ("person", "unit", "position", "role"),
        ("platform", "line"),
        ("validFrom",),
        ("validTo",),
    ),
    Make.LINK: (("namespace", "value", "person"), ("line",), ("validFrom",), ("validTo",)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryTarget:
    """A person, unit, platform, assignment or link: its texts and its dates, by field name."""

    cells: Mapping[str, Cell]
    moments: Mapping[str, Moment]
    identities: Mapping[str, Cell] = field(default_factory=dict)  # namespace -> value


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One thing to make of a row; ``name`` is permanent, it is a part of the fact's key.

    The document calls it ``target``: ``name`` there is the name of a person, unit or platform.
    """

    name: str
    make: Make
    where: tuple[Where, ...]
    fact: FactTarget | None = None
    directory: DirectoryTarget | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamMapping:
    """All targets of a stream. ``zone`` is where instants without an offset were written."""

    name: str
    zone: str | None
    choices: tuple[Choices, ...]
    targets: tuple[Target, ...]

    @property
    def fact_kinds(self) -> tuple[str, ...]:
        """The kinds of facts this stream feeds."""
        return tuple(sorted({t.fact.kind for t in self.targets if t.fact is not None}))

    @property
    def makes(self) -> frozenset[Make]:
        """Everything the stream makes."""
        return frozenset(target.make for target in self.targets)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceMapping:
    """The mapping of a connection."""

    streams: Mapping[str, StreamMapping]


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryDraft:
    """What a row says of the organisation: ``texts`` and ``days`` under the fields' own names.

    PERSON: key, name, staffNumber / joinedOn, leftOn, and identities. UNIT: code, name, kind,
    parent / validFrom, validTo. PLATFORM: code, name / openedOn. ASSIGNMENT: person (a person's
    key), unit, platform, position, role / validFrom, validTo. LINK: namespace, value, person /
    validFrom, validTo. What is empty in the row is absent. An assignment or a link is the same one
    as before when its ``line`` is (the row's key, where the mapping names no other).
    """

    name: str
    make: Make
    texts: Mapping[str, str]
    days: Mapping[str, date]
    identities: Mapping[str, str]
