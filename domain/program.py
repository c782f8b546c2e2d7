"""What a scorecard or a plan compiles to: an ordered list of named lines, and what they need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from domain.component import Fallback, PeerGroup
from domain.exact import Rounding
from domain.peer_rules import Members, RankForm
from domain.percentile import Percentile
from domain.period import Period, PeriodKind, Window, earlier_within, span_of
from domain.problem import Problem

TRUTH = "TRUTH"  # the unit of a line that is 1 or 0
DATE = "DATE"  # a day, counted from the first of January of the year 1
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
    members: Members = Members.EVERYBODY
    ranking: RankForm = RankForm.COMPETITION
    tie_breaks: tuple[str, ...] = ()  # further measures, where the first one is equal
    percentile: Percentile | None = None  # lo and hi lie around it; without one, around the median


class NeedKind(StrEnum):
    """What a component reads beyond the plain values of the period, and comparisons."""

    WINDOW = "WINDOW"  # <name>.num .den: a metric over the days [start, end) of the need
    DUE = "DUE"  # <name>: 1 when the window is paid in this period, 0 when not
    TO_DATE = "TO_DATE"  # <name>.num .den: a metric from the span's first day to the period's
    SPAN_TARGET = "SPAN_TARGET"  # <name>: the goal of the whole span
    TARGET_TO_DATE = "TARGET_TO_DATE"  # <name>: the goals of the earlier periods
    EARNED = "EARNED"  # <name>: what the ledger says was earned earlier in the span
    TEAM = "TEAM"  # <name>.num .den: a metric over the person's whole peer group
    TEAM_TARGET = "TEAM_TARGET"  # <name>: the goal of the peer group itself
    MEDIAN_BEFORE = "MEDIAN_BEFORE"  # <name>.lo_num .lo_den .hi_num .hi_den: of the period before
    COUNTED = "COUNTED"  # <name>: 1 when the person is one of the need's members
    DAYS = "DAYS"  # <name>: the calendar days of the period on which the person was assigned
    PERIOD_DAYS = "PERIOD_DAYS"  # <name>: the calendar days of the period
    POOL = "POOL"  # <name>.keys .extra .heads: what cutting a pool depends on, see domain/pooling


_PARTS: dict[NeedKind, tuple[tuple[str, str | None], ...]] = {  # a unit of None is the need's own
    NeedKind.WINDOW: ((".num", None), (".den", NUMBER)),
    NeedKind.TO_DATE: ((".num", None), (".den", NUMBER)),
    NeedKind.TEAM: ((".num", None), (".den", NUMBER)),
    NeedKind.MEDIAN_BEFORE: (
        (".lo_num", None),
        (".lo_den", NUMBER),
        (".hi_num", None),
        (".hi_den", NUMBER),
    ),
    NeedKind.POOL: ((".keys", None), (".extra", TRUTH), (".heads", NUMBER)),
}


class Span(StrEnum):
    """How far back a component looks: to the first day of this span of the calendar."""

    QUARTER = "QUARTER"
    HALF = "HALF"
    YEAR = "YEAR"


class SpanStart(StrEnum):
    """From when what came earlier in a span counts."""

    SPAN = "SPAN"  # from its first day, by whichever version of the plan it was paid
    VERSION = "VERSION"  # from the first period of this version of the plan, if that is later


class WindowPays(StrEnum):
    """When a component that looks at days of its own pays."""

    AT_THE_END = "AT_THE_END"  # all of it in the period that contains the last day
    EACH_PERIOD = "EACH_PERIOD"  # in each period, for the days that lie in both


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A number that is neither a plain value of the period nor a comparison; frozen like those.

    It comes in as the input ``name`` (or ``<name>.num`` and ``<name>.den``). ``actions`` gathers
    it; who composes programs may rename ``name``, but not ``line``, which the ledger knows.
    """

    name: str
    kind: NeedKind
    unit: str
    metric: str = ""
    line: str = ""  # EARNED: the amount line in the ledger
    span: Span | None = None
    since: SpanStart | None = None
    start: date | None = None
    end: date | None = None  # the first day after the window
    pays: WindowPays | None = None
    peer_group: PeerGroup | None = None
    members: Members | None = None

    @property
    def is_measured(self) -> bool:
        """Say whether it is a metric over days, and so made of facts."""
        return self.kind in {NeedKind.WINDOW, NeedKind.TO_DATE}

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The inputs it becomes."""
        return tuple(
            Input(name=f"{self.name}{part}", unit=unit or self.unit)
            for part, unit in _PARTS.get(self.kind, (("", None),))
        )

    def earlier_in(self, period: Period, valid_from: date) -> tuple[Period, ...]:
        """List the earlier periods of the span that count; the plan's version begins so."""
        assert self.span is not None
        found = earlier_within(period, span_of(period, PeriodKind(self.span.value)))
        if self.since is SpanStart.VERSION:
            # what begins inside a period counts from the next one
            return tuple(each for each in found if each.start >= valid_from)
        return found

    def days_in(self, period: Period, valid_from: date) -> Window | None:
        """Say over which days it is measured in a period; None when there are none."""
        if self.span is not None:
            earlier = self.earlier_in(period, valid_from)
            return Window(start=earlier[0].start, end=period.start) if earlier else None
        if self.start is None or self.end is None:
            return None
        whole = Window(start=self.start, end=self.end)
        if self.pays is WindowPays.EACH_PERIOD:
            part = whole.within(period)
            return part if part.days else None
        return whole if period.contains(whole.last_day) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A compiled scorecard or plan. The order of the lines is the definition."""

    inputs: tuple[Input, ...]
    lines: tuple[LineSpec, ...]
    metrics: tuple[str, ...]
    cohorts: tuple[Cohort, ...] = ()
    needs: tuple[Need, ...] = ()
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
