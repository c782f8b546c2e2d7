"""A scorecard is published for somebody from a date on."""

from __future__ import annotations

from datetime import date

from actions.check_proration import weighing_problems
from actions.check_scope import refuse_strangers
from actions.deed import demand_entity
from actions.define_metric import put_definition, refuse_unread
from domain.access import Actor, Resource
from domain.metric import Metric
from domain.problem import Problem
from domain.scorecard import Scorecard, decode_scorecard, encode_scorecard
from storage import tables
from storage.definitions import Scope, metrics_by_key
from storage.engine import Writing


def publish_scorecard(
    writing: Writing,
    actor: Actor,
    document: object,
    scope: Scope,
    *,
    valid_from: date,
    expected_version: int | None = None,
    pack_id: str | None = None,
) -> str:
    """Publish a scorecard for ``scope`` from ``valid_from`` on; return the id of its series.

    Every metric it names must be defined on that day, in the same unit and direction.
    """
    demand_entity(actor, Resource.METRIC, writing.entity_id)
    card, problems = decode_scorecard(document)
    if card is None:
        raise refuse_unread("scorecard", problems)
    refuse_strangers(writing, scope)
    known = metrics_by_key(
        writing.connection, writing.entity_id, valid_at=valid_from, known_at=writing.known_at
    )
    wrong = (*_against_metrics(card, known), *weighing_problems(card.proration, known))
    if wrong:
        raise refuse_unread("scorecard", wrong)
    return put_definition(
        writing,
        tables.scorecard,
        prefix="card",
        key=card.key,
        document=encode_scorecard(card),
        valid_from=valid_from,
        expected_version=expected_version,
        pack_id=pack_id,
        scope=scope.document(),
    )


def _against_metrics(card: Scorecard, known: dict[str, Metric]) -> tuple[Problem, ...]:
    found: list[Problem] = []
    for index, item in enumerate(card.items):
        found.extend(metric_problems(known, item.metric, item.unit, f"items[{index}]"))
        metric = known.get(item.metric)
        if metric is not None and metric.direction is not item.direction:
            values = {"metric": item.metric, "wanted": metric.direction.value}
            path = f"items[{index}].direction"
            found.append(Problem(code="direction_differs", path=path, values=values))
    for index, each in enumerate(card.adjustments):
        found.extend(metric_problems(known, each.metric, each.unit, f"adjustments[{index}]"))
    return tuple(found)


def metric_problems(
    known: dict[str, Metric], key: str, unit: str, path: str
) -> tuple[Problem, ...]:
    """Say what is wrong with a document's use of a metric."""
    metric = known.get(key)
    if metric is None:
        return (Problem(code="metric_unknown", path=f"{path}.metric", values={"metric": key}),)
    if metric.unit != unit:
        values = {"metric": key, "unit": unit, "wanted": metric.unit}
        return (Problem(code="unit_differs", path=f"{path}.unit", values=values),)
    return ()
