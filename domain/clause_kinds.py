"""How each kind of component opens in words, and which of its fields that opening says.

Every other field becomes a clause of its own (`domain/clause_fields.py`). A kind without a line
here has no text, and a plan with it cannot be offered: a test compares the list with the kinds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from domain.component import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """The fields that the opening says; ``by`` names fields whose choice picks the sentence."""

    says: tuple[str, ...]
    by: tuple[str, ...] = ()
    own: tuple[str, ...] = ()  # fields whose sentence is this kind's alone


OPENINGS: Mapping[Kind, Opening] = {
    Kind.BONUS_WHEN_MET: Opening(says=("metric", "comparison", "amount")),
    Kind.RATE_ON_EXCESS: Opening(says=("metric", "comparison", "rate")),
    Kind.RATE: Opening(says=("metric", "rate")),
    Kind.KICKER: Opening(says=("percent", "base")),
    Kind.REWARD_ABOVE_MEDIAN: Opening(says=("metric",), own=("rate",)),
    Kind.TOP_SHARE: Opening(says=("metric", "share", "amount")),
    Kind.TIERED: Opening(says=("metric",)),
    Kind.SCORE_PAY: Opening(says=("amount",)),
    Kind.PAY_CURVE: Opening(says=("metric", "amount")),
    Kind.MULTIPLIER: Opening(
        says=("metric", "axis", "base"), own=("below", "beyond", "slope", "negative")
    ),
    Kind.GATE: Opening(says=("base",), own=("condition", "negative", "missing")),
    Kind.MATRIX: Opening(says=("pays",), by=("pays",), own=("negative",)),
    Kind.SPIFF: Opening(
        says=("form", "metric", "from", "to", "comparison", "value", "amount", "rate"),
        by=("form",),
    ),
    Kind.POINTS: Opening(says=("metric", "amount")),
    Kind.PROJECT_PRIZE: Opening(says=("metric", "from", "to", "comparison", "value", "amount")),
    Kind.TOP_BANDS: Opening(says=("metric",)),
    Kind.RANK_TABLE: Opening(says=("metric",)),
    Kind.ABOVE_PERCENTILE: Opening(says=("metric", "percentile"), own=("rate",)),
    Kind.REWARD_ABOVE_LINE: Opening(says=("metric", "line", "value"), by=("line",), own=("rate",)),
    Kind.POOL: Opening(says=("team", "metric"), by=("team",), own=("condition",)),
}
