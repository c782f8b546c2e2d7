"""The KPIs of everybody of a run, made again from its frozen inputs by the scorecards it used.

Of somebody whose period was cut into parts the last part speaks.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from actions.scoring import taken
from domain.component import PeerGroup
from domain.evaluate import compile_score, run
from domain.program import Program
from domain.scorecard import Scorecard
from domain.segments import prefix_of, shaped_score
from domain.talent_evidence import Kpi
from storage.definitions import scorecard_version
from storage.engine import Database
from storage.frozen import frozen_shards
from storage.shapes import read_shape
from storage.talent_history import ScoredRow, scored_rows

_PARTS = ("met", "points", "full")


@dataclass(frozen=True, slots=True, kw_only=True)
class KpiRow:
    """The KPIs of one person, and the groups the person is in."""

    kpis: Mapping[str, Kpi]
    groups: Mapping[PeerGroup, str]

    def compared_in(self, group: PeerGroup | None) -> Mapping[str, Kpi]:
        """Return the KPIs with the group they are compared in; without one they are not."""
        if group is None:
            return self.kpis
        return {
            metric: Kpi(met=kpi.met, points=kpi.points, full=kpi.full, group=self.groups[group])
            for metric, kpi in self.kpis.items()
        }


def kpis_of(connection: Database, run_id: str) -> dict[str, KpiRow]:
    """Make the KPIs of everybody again; who has no scorecard has none."""
    alike: dict[tuple[object, ...], list[ScoredRow]] = defaultdict(list)
    for row in scored_rows(connection, run_id):
        shape = "" if row.shape is None else json.dumps(row.shape, sort_keys=True)
        alike[row.shard, row.scorecard_id, row.scorecard_revision, shape].append(row)
    shards = frozen_shards(connection, run_id)
    found: dict[str, KpiRow] = {}
    for rows in alike.values():
        program, prefix, metrics = _program(connection, rows[0])
        if program is None:
            continue
        names = {line.name for line in program.lines}
        keep = [
            name
            for metric in metrics
            for part in _PARTS
            if (name := f"{prefix}{metric}.{part}") in names
        ]
        columns = shards.columns[rows[0].shard]
        wanted = {each.name: columns[each.name] for each in program.inputs if each.name in columns}
        places = np.array([row.shard_row for row in rows], dtype=np.int64)
        lines = run(program, taken(wanted, places), keep=keep)
        for place, row in enumerate(rows):
            values = {name: column.at(place) for name, column in lines.items()}
            found[row.person_id] = KpiRow(
                kpis={metric: _kpi(values, f"{prefix}{metric}") for metric in metrics},
                groups={
                    PeerGroup.UNIT: row.unit_id,
                    PeerGroup.PLATFORM: row.platform_id or "",
                    PeerGroup.COMPANY: "",
                },
            )
    return found


def _kpi(values: Mapping[str, int | None], name: str) -> Kpi:
    met = values.get(f"{name}.met")
    return Kpi(
        met=None if met is None else bool(met),
        points=values.get(f"{name}.points"),
        full=values.get(f"{name}.full"),
    )


def _program(connection: Database, row: ScoredRow) -> tuple[Program | None, str, tuple[str, ...]]:
    """Compile what scored somebody: the program, the prefix of its last part, and its KPIs."""
    held = (row.scorecard_id, row.scorecard_revision)
    if row.shape is None:
        card = _card(connection, held)
        return (None, "", ()) if card is None else (compile_score(card), "", _metrics(card))
    stored = read_shape(row.shape)
    how = stored.shape.score
    if not how.cut:
        card = _card(connection, held)
        return shaped_score([card], how), "", () if card is None else _metrics(card)
    cards = [
        _card(connection, (each.scorecard_id, each.scorecard_revision)) for each in stored.segments
    ]
    last = max((place for place in how.places if cards[place] is not None), default=0)
    card = cards[last]
    return shaped_score(cards, how), prefix_of(last), () if card is None else _metrics(card)


def _card(connection: Database, held: tuple[str | None, int | None]) -> Scorecard | None:
    series, revision = held
    if series is None or revision is None:
        return None
    stored = scorecard_version(connection, series, revision)
    return None if stored is None else stored.scorecard


def _metrics(card: Scorecard) -> tuple[str, ...]:
    return tuple(item.metric for item in card.items)
