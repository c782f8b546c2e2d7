"""The components an incentive plan is made of, and the choices each must state.

Each component is one or more named lines of the calculation and exactly one amount.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from domain.exact import Boundary, Comparison
from domain.scorecard import MissingInput

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


class BelowFirst(StrEnum):
    """What a pay curve pays below its first point."""

    NOTHING = "NOTHING"
    FIRST_POINT = "FIRST_POINT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A metric held against a fixed value (in the metric's steps)."""

    metric: str
    comparison: Comparison
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What every component has. ``id`` names its lines: ``base_bonus.amount``."""

    id: str
    name: Mapping[str, str]
    missing: MissingInput


@dataclass(frozen=True, slots=True, kw_only=True)
class BonusWhenMet(Named):
    """A flat amount when the actual passes the person's target, and the minimum if there is one."""

    metric: str
    comparison: Comparison
    amount: int
    minimum: Condition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RateOnExcess(Named):
    """A rate on what exceeds the person's target, only when the target is met."""

    metric: str
    comparison: Comparison
    rate: int
    minimum: Condition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate(Named):
    """A flat commission: a rate on the whole actual."""

    metric: str
    rate: int
    negative: Negative
    minimum: Condition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kicker(Named):
    """A percentage on top of named components when a condition holds.

    An empty ``base`` is TOTAL: everything that stands before it.
    """

    percent: int
    base: tuple[str, ...]
    condition: Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardAboveMedian(Named):
    """Paid strictly above the median of the peer group, if the minimum is reached.

    ``amount`` is flat, ``rate`` is on the part above the median; at least one is there.
    """

    metric: str
    peer_group: PeerGroup
    minimum: Condition | None
    amount: int | None
    rate: int | None
    minimum_cohort: int
    fallback: Fallback


@dataclass(frozen=True, slots=True, kw_only=True)
class TopShare(Named):
    """A flat amount for the best share of the peer group by competition rank."""

    metric: str
    peer_group: PeerGroup
    share: int
    rounding: ShareRounding
    least: int
    tie: CutTie
    amount: int
    minimum_cohort: int
    fallback: Fallback


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """One tier: from where the last one ended up to ``up_to``; the last one is open (None)."""

    up_to: int | None
    rate: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiered(Named):
    """A rate table over an amount."""

    metric: str
    measure: TierMeasure
    mode: TierMode
    boundary: Boundary
    negative: Negative
    tiers: tuple[Tier, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PayPoint:
    """At this score (POINT steps) this part of the base (RATIO steps) is paid."""

    score: int
    pays: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorePay(Named):
    """A base amount times a pay curve over the score, straight between its points."""

    amount: int
    points: tuple[PayPoint, ...]
    below: BelowFirst


Component: TypeAlias = (
    BonusWhenMet | RateOnExcess | Rate | Kicker | RewardAboveMedian | TopShare | Tiered | ScorePay
)


def metrics_of(component: Component) -> tuple[str, ...]:
    """Give the keys of the metrics a component reads; `SCORE` stands for the score."""
    match component:
        case Kicker():
            return (component.condition.metric,)
        case ScorePay():
            return (SCORE,)
        case TopShare() | Tiered():
            return (component.metric,)
        case _:
            gate = component.minimum
            return (component.metric,) if gate is None else (component.metric, gate.metric)
