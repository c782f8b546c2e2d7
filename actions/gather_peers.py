"""Getting ready what components read of other people: the team's numbers, and who was there.

Each function gives the columns of one kind of need, one row per participant.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from actions.gather import NAMED_MOST, listed, metric_columns, target_columns
from actions.peer_groups import Peers
from actions.scoring import Calculation
from domain.columns import Column
from domain.period import Period
from domain.presence import Presence, days_within, presence_of
from domain.program import Need
from storage.engine import Writing
from storage.measures import Grouping
from storage.peers import medians_posted
from storage.people import assignments

Found = tuple[Column, ...]  # as many as the need has inputs


def team(writing: Writing, calculation: Calculation, period: Period, need: Need) -> Found:
    """Measure the need's metric over the person's whole unit, platform or company."""
    assert need.peer_group is not None
    peers = calculation.peers_in(need.peer_group)
    groups = sorted({group for group in peers.groups if group})
    found = metric_columns(
        writing.connection,
        writing.entity_id,
        [calculation.metrics[need.metric]],
        period,
        known_at=calculation.knowledge,
        groups=groups,
        grouping=Grouping[need.peer_group.value],
        named=calculation.named,
        crediting=calculation.crediting,
    )
    num, den = found[f"{need.metric}.num"], found[f"{need.metric}.den"]
    return _by_group(groups, num, peers), _by_group(groups, den, peers)


def team_target(writing: Writing, calculation: Calculation, period: Period, need: Need) -> Found:
    """Read the goals of the groups themselves."""
    assert need.peer_group is not None
    peers = calculation.peers_in(need.peer_group)
    groups = sorted({group for group in peers.groups if group})
    found = target_columns(
        writing.connection,
        writing.entity_id,
        [need.metric],
        period,
        known_at=calculation.knowledge,
        owners=groups,
        named=True,
    )
    return (_by_group(groups, found[f"{need.metric}.target"], peers),)


def _by_group(groups: Sequence[str], column: Column, peers: Peers) -> Column:
    """Give every person the number of his group; who is in no group has none."""
    numbers = {group: column.at(row) for row, group in enumerate(groups)}
    return listed([numbers.get(group) for group in peers.groups])


def counted(writing: Writing, calculation: Calculation, period: Period, need: Need) -> Found:
    """Say who is one of the members that the need names."""
    assert need.members is not None
    there = presence_in(writing, calculation, period)
    return (Column(there.counted(need.members).astype(np.int64)),)


def days(writing: Writing, calculation: Calculation, period: Period, need: Need) -> Found:
    """Count the days on which everybody was assigned."""
    return (Column(presence_in(writing, calculation, period).days),)


def period_days(writing: Writing, calculation: Calculation, period: Period, need: Need) -> Found:
    """Count the days of the period."""
    whole = presence_in(writing, calculation, period).period_days
    return (listed([whole] * len(calculation.people)),)


def presence_in(writing: Writing, calculation: Calculation, period: Period) -> Presence:
    """Read once for how many days of the period everybody was assigned."""
    if calculation.presence is None:
        ids = [person.person_id for person in calculation.people]
        few = calculation.named and len(ids) <= NAMED_MOST
        spans: dict[str, list[tuple[date, date | None]]] = {}
        for each in assignments(
            writing.connection,
            writing.entity_id,
            start=period.start,
            end=period.end,
            known_at=calculation.knowledge.organisation,
            person_ids=ids if few else None,
        ):
            spans.setdefault(each.person_id, []).append((each.valid_from, each.valid_to))
        there = [
            days_within(spans.get(person.person_id, ()), period.start, period.end)
            for person in calculation.people
        ]
        calculation.presence = presence_of(there, period.days)
    return calculation.presence


def median_before(writing: Writing, calculation: Calculation, period: Period, need: Need) -> Found:
    """Read the frozen median of the same group in the last posted run of the period before."""
    assert need.peer_group is not None
    peers = calculation.peers_in(need.peer_group)
    found = medians_posted(
        writing.connection,
        writing.entity_id,
        period=period.earlier().name,
        known_at=calculation.knowledge.earned,
        measure=need.metric,
        peer_kind=need.peer_group.value,
    )
    rows = [found.get(group, (None, None, None, None)) for group in peers.groups]
    return tuple(listed([row[part] for row in rows]) for part in range(4))
