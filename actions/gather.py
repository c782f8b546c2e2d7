"""Getting the numbers of a period ready: sums over facts as columns, one row per participant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from domain.columns import Column
from domain.goal import GoalLine
from domain.measure import Aggregate, aggregates, everyone
from domain.metric import Metric
from domain.period import Period
from storage.engine import Connection
from storage.measures import Grouping, add_up

TARGETS = ("target", "baseline", "threshold", "stretch")


def metric_columns(
    connection: Connection,
    entity_id: str,
    metrics: Sequence[Metric],
    period: Period,
    *,
    known_at: datetime,
    groups: Sequence[str],
    grouping: Grouping = Grouping.PERSON,
) -> dict[str, Column]:
    """Return ``<metric>.num`` and ``<metric>.den`` for every group, in the order of ``groups``."""
    place = {group: row for row, group in enumerate(groups)}
    sums: dict[Aggregate, Column] = {}
    columns: dict[str, Column] = {}
    for metric in metrics:
        for need in aggregates(metric, period):
            if need not in sums:
                found = add_up(connection, entity_id, need, known_at=known_at, grouping=grouping)
                sums[need] = _column(found, place)
        num, den = everyone(metric, period, sums, len(groups))
        columns[f"{metric.key}.num"], columns[f"{metric.key}.den"] = num, den
    return columns


def target_columns(
    targets: Mapping[str, Mapping[str, GoalLine]],
    metrics: Sequence[str],
    owners: Sequence[str],
) -> dict[str, Column]:
    """Return ``<metric>.target`` and its sisters for every owner; no goal is missing, not zero."""
    columns = {}
    for metric in metrics:
        for part in TARGETS:
            found = {
                owner: getattr(lines[metric], part)
                for owner in owners
                if metric in (lines := targets.get(owner, {}))
                and getattr(lines[metric], part) is not None
            }
            place = {owner: row for row, owner in enumerate(owners)}
            columns[f"{metric}.{part}"] = _column(found, place)
    return columns


def _column(found: Mapping[str, int], place: Mapping[str, int]) -> Column:
    values = np.zeros(len(place), dtype=np.int64)
    present = np.zeros(len(place), dtype=np.bool_)
    for group, number in found.items():
        row = place.get(group)
        if row is not None:
            values[row] = number
            present[row] = True
    return Column(values, None if present.all() and len(place) else present)
