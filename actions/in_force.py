"""The rules of a period, read once by whoever asks several questions about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from actions.chosen_rules import ByDay
from actions.publish_plan import PUBLISHED
from domain.knowledge import Knowledge
from domain.metric import Metric
from domain.period import Period
from storage.definitions import (
    StoredPlan,
    StoredScorecard,
    metrics_by_key,
    plan_versions,
    scorecards,
)
from storage.engine import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """The rules of a period and where its units hang; whoever asks often keeps them."""

    metrics: Mapping[str, Metric]
    cards: tuple[StoredScorecard, ...]
    plans: tuple[StoredPlan, ...]
    above: ByDay = field(default_factory=dict)  # as far as it was asked for


def read_in_force(
    connection: Connection, entity_id: str, period: Period, known: Knowledge
) -> InForce:
    """Read the rules that hold in a period."""
    return InForce(
        metrics=metrics_by_key(connection, entity_id, valid_at=period.start, known_at=known.rules),
        cards=scorecards(
            connection, entity_id, start=period.start, end=period.end, known_at=known.rules
        ),
        plans=plan_versions(
            connection,
            entity_id,
            known_at=known.rules,
            start=period.start,
            end=period.end,
            state=PUBLISHED,
        ),
    )
