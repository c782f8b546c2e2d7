"""The history that rules about people look at: frozen results and standings, period by period."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from domain.component import PeerGroup
from domain.talent_evidence import Place
from storage import tables
from storage.runs import RunState

_run, _result, _standing = tables.calculation_run, tables.result, tables.standing
_cohort = tables.cohort
_PLACES = {
    PeerGroup.UNIT: (_standing.c.unit_id, _standing.c.unit_rank),
    PeerGroup.PLATFORM: (_standing.c.platform_id, _standing.c.platform_rank),
    PeerGroup.COMPANY: (_standing.c.legal_entity_id, _standing.c.company_rank),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodRun:
    """The run that speaks for a period."""

    id: str
    period: str
    state: RunState


def speaking_runs(
    connection: Connection, entity_id: str, states: Collection[RunState]
) -> tuple[PeriodRun, ...]:
    """Return for each period the newest posted run in one of the states; no corrections."""
    query = select(_run.c.id, _run.c.period, _run.c.state).where(
        _run.c.legal_entity_id == entity_id,
        _run.c.base_run_id.is_(None),
        _run.c.finished_at.is_not(None),
        _run.c.state.in_([each.value for each in states]),
    )
    found: dict[str, PeriodRun] = {}
    for row in connection.execute(query.order_by(_run.c.known_at, _run.c.id)):
        found[row.period] = PeriodRun(id=row.id, period=row.period, state=RunState(row.state))
    return tuple(found.values())


def people_scored(connection: Connection, run_id: str) -> dict[str, tuple[int | None, str]]:
    """Return by person the score and the unit of the result."""
    query = select(_result.c.person_id, _result.c.score, _result.c.unit_id).where(
        _result.c.run_id == run_id
    )
    return {person: (score, unit) for person, score, unit in connection.execute(query)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredRow:
    """Where somebody's frozen inputs are, and what they were scored by."""

    person_id: str
    unit_id: str
    platform_id: str | None
    scorecard_id: str | None
    scorecard_revision: int | None
    shard: int
    shard_row: int
    shape: Mapping[str, Any] | None


def scored_rows(connection: Connection, run_id: str) -> tuple[ScoredRow, ...]:
    """Return the rows of everybody of a run, in the order of the frozen inputs."""
    names = tuple(ScoredRow.__dataclass_fields__)
    query = select(*(_result.c[name] for name in names)).where(_result.c.run_id == run_id)
    rows = connection.execute(query.order_by(_result.c.shard, _result.c.shard_row)).mappings()
    return tuple(ScoredRow(**row) for row in rows)


def places(
    connection: Connection,
    run_id: str,
    *,
    measure: str,
    group: PeerGroup,
    names: Mapping[str, str],
) -> dict[str, Place]:
    """Return where everybody stands on a measure in the groups of one kind."""
    column, rank = _PLACES[group]
    query = select(
        _standing.c.person_id,
        column.label("grouped"),
        rank.label("rank"),
        _standing.c.value_num,
        _standing.c.value_den,
    ).where(_standing.c.run_id == run_id, _standing.c.measure == measure, column.is_not(None))
    rows = connection.execute(query).all()
    tied = Counter((row.grouped, row.rank) for row in rows)
    facts = _facts(connection, run_id, measure, group)
    sizes = Counter(row.grouped for row in rows)
    nums: Counter[str] = Counter()
    dens: Counter[str] = Counter()
    for row in rows:
        nums[row.grouped] += row.value_num
        dens[row.grouped] += row.value_den
    return {
        row.person_id: Place(
            group=row.grouped,
            rank=row.rank,
            tied=tied[row.grouped, row.rank],
            size=sizes[row.grouped],
            value=(row.value_num, row.value_den),
            middle=facts.get(row.grouped, (None, ""))[0],
            whole=(nums[row.grouped], dens[row.grouped]),
            unit=facts.get(row.grouped, (None, "NUMBER"))[1],
            named=names.get(row.grouped, ""),
        )
        for row in rows
    }


def _facts(connection: Connection, run_id: str, measure: str, group: PeerGroup) -> dict[str, Any]:
    query = select(_cohort).where(
        _cohort.c.run_id == run_id,
        _cohort.c.measure == measure,
        _cohort.c.peer_kind == group.value,
        _cohort.c.median_lo_num.is_not(None),
    )
    return {
        row.group_id: (
            (
                (row.median_lo_num, row.median_lo_den),
                (row.median_hi_num, row.median_hi_den),
            ),
            row.unit,
        )
        for row in connection.execute(query)
    }
