"""What a scorecard or a plan compiles to: an ordered list of named lines, and what they need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from domain.component import Fallback, PeerGroup
from domain.exact import Rounding
from domain.problem import Problem

TRUTH = "TRUTH"  # the unit of a line that is 1 or 0
NUMBER = "NUMBER"  # a plain whole number: a rank, a size, a denominator


class LineKind(StrEnum):
    """What a line is for; a statement shows SCORE, PAY and TOTAL, the rest explains them."""

    STEP = "STEP"  # attainment, met, excess: a step on the way
    SCORE = "SCORE"  # points that add up to the score
    REASON = "REASON"  # points won or lost against full weight: add up to score - full score
    PAY = "PAY"  # money that adds up to the payout
    TOTAL = "TOTAL"  # score, subtotal, payout


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A named number from outside: ``sales_amount.num`` counted in ``unit``."""

    name: str
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """A number of the document that a line's sentence names: the rate, the cap, the threshold."""

    name: str
    value: int
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSpec:
    """One named line: a small pure function of earlier names, written once for both carriers."""

    name: str
    code: str
    unit: str
    kind: LineKind
    key: str  # the KPI, adjustment or component it belongs to; "" for the whole
    inputs: tuple[str, ...]
    work: Callable[..., Any]  # (words, *values of the inputs) -> value
    shown: tuple[str, ...] = ()  # further names its sentence uses but its number does not
    constants: tuple[Constant, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """A comparison the pay stage needs: ``measure`` (a metric key or "score") within a peer group.

    Its results come in as inputs ``<id>.peers.size``, ``.lo_num``, ``.lo_den``, ``.hi_num``,
    ``.hi_den``, ``.rank``, ``.tied`` and are frozen with the period.
    """

    id: str
    measure: str
    unit: str
    peer_group: PeerGroup
    minimum: int
    fallback: Fallback


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A compiled scorecard or plan. The order of the lines is the definition."""

    inputs: tuple[Input, ...]
    lines: tuple[LineSpec, ...]
    metrics: tuple[str, ...]
    cohorts: tuple[Cohort, ...] = ()
    rounding: Rounding = Rounding.HALF_UP

    @property
    def totals(self) -> tuple[str, ...]:
        """The names worth keeping for everyone: scores, pay lines and totals."""
        kept = {LineKind.PAY, LineKind.TOTAL}
        return tuple(line.name for line in self.lines if line.kind in kept)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of one person, read back: the number, where it comes from and why it is missing."""

    name: str
    code: str
    unit: str
    kind: LineKind
    key: str
    value: int | None
    inputs: tuple[tuple[str, int | None, str], ...] = ()  # (name, value, unit), constants too
    problems: tuple[Problem, ...] = ()

    @property
    def places(self) -> dict[str, tuple[int | None, str]]:
        """The places of the sentence: the last part of each input's name, and ``value``."""
        found = {name.rsplit(".", 1)[-1]: (value, unit) for name, value, unit in self.inputs}
        if "score" in found:
            found.setdefault("actual", found["score"])  # the score held against a condition
        return {**found, "value": (self.value, self.unit)}
