"""What the keys of a statement are called: its metrics, KPIs and components, in every language."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from storage.definitions import metric_labels
from storage.statement_history import ReadStatement


def labels_of(connection: Connection, statement: ReadStatement) -> dict[str, Mapping[str, str]]:
    """Return the texts by key, as they were when the statement was calculated."""
    run, explained = statement.run, statement.explained
    found: dict[str, Mapping[str, str]] = dict(
        metric_labels(connection, run.entity_id, valid_at=run.valid_at, known_at=run.known_at)
    )
    for card in (explained.scorecard, *explained.cards):
        if card is not None:
            found.update({each.id: each.name for each in card.scorecard.adjustments})
    for plan in (explained.plan, *explained.plans):
        if plan is not None:
            found.update({each.id: each.name for each in plan.plan.components})
    return found
