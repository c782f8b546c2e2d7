"""The list of all kinds: how a component's kind in a document becomes a class."""

from __future__ import annotations

from collections.abc import Mapping

from domain.component import Kind
from domain.kinds.above_percentile import AbovePercentile
from domain.kinds.base import Component
from domain.kinds.bonus_when_met import BonusWhenMet
from domain.kinds.gate import Gate
from domain.kinds.kicker import Kicker
from domain.kinds.matrix import Matrix
from domain.kinds.multiplier import Multiplier
from domain.kinds.pay_curve import PayCurve
from domain.kinds.points import Points
from domain.kinds.pool import Pool
from domain.kinds.project_prize import ProjectPrize
from domain.kinds.rank_table import RankTable
from domain.kinds.rate import Rate
from domain.kinds.rate_on_excess import RateOnExcess
from domain.kinds.reward_above_line import RewardAboveLine
from domain.kinds.reward_above_median import RewardAboveMedian
from domain.kinds.score_pay import ScorePay
from domain.kinds.spiff import Spiff
from domain.kinds.tiered import Tiered
from domain.kinds.top_bands import TopBands
from domain.kinds.top_share import TopShare

_CLASSES: tuple[type[Component], ...] = (
    BonusWhenMet,
    RateOnExcess,
    Rate,
    Kicker,
    RewardAboveMedian,
    TopShare,
    Tiered,
    ScorePay,
    Spiff,
    ProjectPrize,
    Points,
    PayCurve,
    Multiplier,
    Matrix,
    Gate,
    TopBands,
    RankTable,
    AbovePercentile,
    RewardAboveLine,
    Pool,
)
KINDS: Mapping[Kind, type[Component]] = {each.kind: each for each in _CLASSES}
