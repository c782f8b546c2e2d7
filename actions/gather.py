"""Getting the numbers of a period ready: sums over facts as columns, one row per participant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from domain.columns import Column
from domain.knowledge import Knowledge, as_knowledge
from domain.measure import Aggregate, aggregates, everyone
from domain.metric import Metric
from domain.period import Days, Period
from storage.crediting import Crediting, Credits
from storage.engine import Connection
from storage.goals import targets
from storage.measures import Grouping, add_up

TARGETS = ("target", "baseline", "threshold", "stretch")
NAMED_MOST = 5_000  # more are quicker found by reading everybody, and a statement has a limit


def metric_columns(
    connection: Connection,
    entity_id: str,
    metrics: Sequence[Metric],
    period: Days,
    *,
    known_at: datetime | Knowledge,
    groups: Sequence[str],
    grouping: Grouping = Grouping.PERSON,
    named: bool = False,
    crediting: Credits | None = None,
) -> dict[str, Column]:
    """Return ``<metric>.num`` and ``<metric>.den`` for every group, in the order of ``groups``.

    ``named`` says that the groups are few, so that only their facts are added up.
    """
    place = {group: row for row, group in enumerate(groups)}
    crediting = crediting or Crediting(connection, entity_id, as_knowledge(known_at))
    sums: dict[Aggregate, Column] = {}
    columns: dict[str, Column] = {}
    for metric in metrics:
        for need in aggregates(metric, period):
            if need not in sums:
                found = add_up(
                    connection,
                    entity_id,
                    need,
                    known_at=known_at,
                    grouping=grouping,
                    only=groups if named and len(groups) <= NAMED_MOST else None,
                    crediting=crediting,
                )
                sums[need] = _column(found, place)
        num, den = everyone(metric, period, sums, len(groups))
        columns[f"{metric.key}.num"], columns[f"{metric.key}.den"] = num, den
    return columns


def target_columns(
    connection: Connection,
    entity_id: str,
    metrics: Sequence[str],
    period: Period,
    *,
    known_at: datetime | Knowledge,
    owners: Sequence[str],
    named: bool = False,
) -> dict[str, Column]:
    """Return ``<metric>.target`` and its sisters for every owner; no goal is missing, not zero.

    ``named`` says that the owners are few, so that only their goals are read.
    """
    place = {owner: row for row, owner in enumerate(owners)}
    empty: list[int | None] = [None] * len(owners)
    found = {metric: [empty.copy() for _ in TARGETS] for metric in metrics}
    owner_ids = owners if named and len(owners) <= NAMED_MOST else None
    for owner, metric, *numbers in targets(
        connection,
        entity_id,
        period=period.name,
        known_at=as_knowledge(known_at).goals,
        owner_ids=owner_ids,
    ):
        row = place.get(owner)
        if row is not None and metric in found:
            for numbers_of_part, number in zip(found[metric], numbers, strict=True):
                numbers_of_part[row] = number
    return {
        f"{metric}.{part}": listed(numbers)
        for metric, parts in found.items()
        for part, numbers in zip(TARGETS, parts, strict=True)
    }


def listed(numbers: Sequence[int | None]) -> Column:
    """Make a column of numbers, of which some may be missing."""
    present = np.array([number is not None for number in numbers], dtype=np.bool_)
    values = np.array([number or 0 for number in numbers], dtype=np.int64)
    return Column(values, None if present.all() and len(numbers) else present)


def _column(found: Mapping[str, int], place: Mapping[str, int]) -> Column:
    values = np.zeros(len(place), dtype=np.int64)
    present = np.zeros(len(place), dtype=np.bool_)
    for group, number in found.items():
        row = place.get(group)
        if row is not None:
            values[row] = number
            present[row] = True
    return Column(values, None if present.all() and len(place) else present)
