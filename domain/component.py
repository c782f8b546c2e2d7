"""The choices that the components of an incentive plan must state, and what they share.

The components themselves are in `domain/kinds`, one file each; `domain/kinds/registry.py` lists
them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from domain.exact import Comparison, Rounding

TOTAL = "TOTAL"  # as a base: everything that stands before
SCORE = "score"  # the metric key that means the score of the person's scorecard, in points


class Kind(StrEnum):
    """The kinds of components."""

    BONUS_WHEN_MET = "BONUS_WHEN_MET"
    RATE_ON_EXCESS = "RATE_ON_EXCESS"
    RATE = "RATE"
    KICKER = "KICKER"
    REWARD_ABOVE_MEDIAN = "REWARD_ABOVE_MEDIAN"
    TOP_SHARE = "TOP_SHARE"
    TIERED = "TIERED"
    SCORE_PAY = "SCORE_PAY"
    PAY_CURVE = "PAY_CURVE"
    MULTIPLIER = "MULTIPLIER"
    GATE = "GATE"
    MATRIX = "MATRIX"
    SPIFF = "SPIFF"
    POINTS = "POINTS"
    PROJECT_PRIZE = "PROJECT_PRIZE"
    TOP_BANDS = "TOP_BANDS"
    RANK_TABLE = "RANK_TABLE"
    ABOVE_PERCENTILE = "ABOVE_PERCENTILE"
    REWARD_ABOVE_LINE = "REWARD_ABOVE_LINE"
    POOL = "POOL"


class Negative(StrEnum):
    """What a rate does with a negative amount, such as a month of refunds."""

    KEEP = "KEEP"  # the line is negative too
    ZERO = "ZERO"


class PeerGroup(StrEnum):
    """The people one is compared with."""

    UNIT = "UNIT"
    PLATFORM = "PLATFORM"
    COMPANY = "COMPANY"


class Fallback(StrEnum):
    """What happens when the peer group is smaller than the minimum cohort."""

    NO_REWARD = "NO_REWARD"
    MINIMUM_ONLY = "MINIMUM_ONLY"  # the minimum target alone decides
    WIDEN = "WIDEN"  # the next wider group; when that is too small as well, no reward


class ShareRounding(StrEnum):
    """How a share of people becomes a whole number of people."""

    FLOOR = "FLOOR"
    CEIL = "CEIL"
    HALF_UP = "HALF_UP"


class CutTie(StrEnum):
    """What happens to people who share the rank at the cut. Never decided by row."""

    INCLUDE_ALL = "INCLUDE_ALL"
    EXCLUDE_ALL = "EXCLUDE_ALL"


class TierMode(StrEnum):
    """How tiers apply; the market's documents contradict each other, so the name is required."""

    WHOLE = "WHOLE"  # the rate of the tier reached applies to the whole amount
    MARGINAL = "MARGINAL"  # each slice at its own rate
    ADDITIVE_PRORATED = "ADDITIVE_PRORATED"  # full rates so far + part of this tier's, on the whole
    INTERPOLATED = "INTERPOLATED"  # straight line between the tiers' upper ends, on the whole


class TierMeasure(StrEnum):
    """The amount that is held against the tiers."""

    ACTUAL = "ACTUAL"
    EXCESS_OVER_TARGET = "EXCESS_OVER_TARGET"  # nothing at or below the target
    ATTAINMENT = "ATTAINMENT"  # actual / target; the tiers end at parts of the target


class BelowFirst(StrEnum):
    """What a pay curve pays below its first point."""

    NOTHING = "NOTHING"
    FIRST_POINT = "FIRST_POINT"


class SpanTarget(StrEnum):
    """What tiers to date are held against."""

    SPAN = "SPAN"  # the goal of the whole span: the year's quota
    TO_DATE = "TO_DATE"  # the goals of the periods of the span so far, added up


class Beyond(StrEnum):
    """What a curve does after its last point."""

    LEVEL = "LEVEL"
    SLOPE = "SLOPE"  # it rises on, by ``slope`` for each whole of the axis


class TableForm(StrEnum):
    """How a table of points gives a value between two of them."""

    STEP = "STEP"  # that of the step reached
    PIECEWISE = "PIECEWISE"  # straight from point to point


class Unmeasured(StrEnum):
    """What a gate does when nobody can say whether its condition holds."""

    OPEN = "OPEN"  # everything is paid
    SHUT = "SHUT"  # nothing is paid
    BLOCK = "BLOCK"  # the payout is not known


class MatrixPays(StrEnum):
    """What the cells of a matrix are."""

    AMOUNT = "AMOUNT"
    FACTOR = "FACTOR"  # of a base


class SpiffForm(StrEnum):
    """What a special programme pays."""

    BONUS = "BONUS"  # an amount when the value passes
    RATE = "RATE"  # a rate on the value
    PER_UNIT = "PER_UNIT"  # an amount for each unit


class Parts(StrEnum):
    """Whether a part of a unit is paid."""

    PRORATED = "PRORATED"
    WHOLE_ONLY = "WHOLE_ONLY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A metric held against a fixed value (in the metric's steps)."""

    metric: str
    comparison: Comparison
    value: int


class Terms(Protocol):
    """What a component needs to know of the plan it stands in; a `Plan` is one."""

    @property
    def currency(self) -> str:
        """The money of every amount."""
        ...

    @property
    def rounding(self) -> Rounding:
        """How each amount is rounded, once."""
        ...

    @property
    def units(self) -> Mapping[str, str]:
        """The unit of every metric."""
        ...


def unit_of(terms: Terms, metric: str) -> str:
    """Give the unit of a metric or of the score."""
    return "POINT" if metric == SCORE else terms.units[metric]
