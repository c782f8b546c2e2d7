"""Calculation runs and what they found: results, standings, cohorts, the ledger."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    false,
    func,
    insert,
    not_,
    or_,
    select,
    tuple_,
    update,
)

from domain.access import Actor, Resource
from storage import tables
from storage.carrying import Purpose, Widening, look_at, widened
from storage.engine import Writing
from storage.sealing import opened, opened_row, sealed_values
from storage.shapes import StoredShape, read_shape
from storage.visibility import people_seen

_run, _result = tables.calculation_run, tables.result
_standing, _cohort, _ledger = tables.standing, tables.cohort, tables.ledger_entry

SCORE = "score"
# The columns of a standing that name the group of each kind and the rank in it.
_PLACES = {
    "UNIT": (_standing.c.unit_id, _standing.c.unit_rank),
    "PLATFORM": (_standing.c.platform_id, _standing.c.platform_rank),
    "COMPANY": (_standing.c.legal_entity_id, _standing.c.company_rank),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A calculation of one period: trial or posted, final or provisional."""

    id: str
    entity_id: str
    period: str
    mode: str
    state: str
    valid_at: date
    known_at: datetime
    started_at: datetime
    finished_at: datetime | None
    engine_version: str
    result_hash: str | None
    people: int | None
    payout: int | None
    problems: tuple[dict[str, Any], ...]
    final: bool
    waiting_for: tuple[dict[str, Any], ...]
    fact_seq: int | None
    gathered: int | None
    reused_run_id: str | None
    base_run_id: str | None
    booked_in: str | None
    scores_shown: bool  # of a trial: whoever it concerns sees the score


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One person's totals in a run; the lines are recomputed from the frozen inputs."""

    id: str
    run_id: str
    person_id: str
    entity_id: str
    unit_id: str
    platform_id: str | None
    position: str
    scorecard_id: str | None
    scorecard_revision: int | None
    plan_version_id: str | None
    shard: int
    shard_row: int
    score: int | None
    score_rank: int | None
    payout: int | None
    currency: str | None
    row_hash: str
    shape: StoredShape | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a person stands on one measure within one group; the value is ``num / den``."""

    person_id: str
    name: str
    group_id: str
    rank: int
    value_num: int | None  # None where the database does not give the value to who asks
    value_den: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """The frozen facts of a peer group: its size and the middle pair of its values."""

    group_id: str
    measure: str
    peer_kind: str
    size: int
    unit: str
    lo: tuple[int, int] | None
    hi: tuple[int, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """An amount posted or reversed. A net is always the sum of all entries."""

    id: str
    person_id: str
    period: str
    origin_period: str
    run_id: str | None
    component: str
    kind: str
    cause: str | None
    source_id: str | None
    reverses_id: str | None
    amount: int
    currency: str
    posted_at: datetime


def run_of(connection: Connection, row: Row[Any]) -> Run:
    """Read a run as it is told."""
    return Run(
        id=row.id,
        entity_id=row.legal_entity_id,
        period=row.period,
        mode=row.mode,
        state=row.state,
        valid_at=row.valid_at,
        known_at=row.known_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        engine_version=row.engine_version,
        result_hash=row.result_hash,
        people=row.people,
        payout=opened(connection, _run.c.payout, row),
        problems=tuple(row.problems),
        final=row.final,
        waiting_for=tuple(row.waiting_for),
        fact_seq=row.fact_seq,
        gathered=row.gathered,
        reused_run_id=row.reused_run_id,
        base_run_id=row.base_run_id,
        booked_in=row.booked_in,
        scores_shown=bool(row.scores_shown),
    )


def add_run(writing: Writing, run_id: str, **values: Any) -> None:
    """Add a run that has begun: its results point at it, so it comes first."""
    writing.connection.execute(
        insert(_run).values(
            id=run_id,
            legal_entity_id=writing.entity_id,
            known_at=writing.known_at,
            started_at=writing.known_at,
            made_by=writing.actor,
            **values,
        )
    )


def finish_run(
    writing: Writing, run_id: str, *, result_hash: str, payout: int, finished_at: datetime
) -> None:
    """Write down what a run came to; a run is seen as finished from then on."""
    values = {"result_hash": result_hash, "payout": payout, "finished_at": finished_at}
    row = {"id": run_id, "legal_entity_id": writing.entity_id}
    sealed = sealed_values(writing.connection, _run, values, row)
    writing.connection.execute(update(_run).where(_run.c.id == run_id).values(**sealed))


def run_by_id(connection: Connection, entity_id: str, run_id: str) -> Run | None:
    """Return one run of the entity."""
    query = select(_run).where(_run.c.id == run_id, _run.c.legal_entity_id == entity_id)
    row = connection.execute(query).one_or_none()
    return run_of(connection, row) if row else None


def runs(
    connection: Connection, entity_id: str, *, period: str | None = None, first: int = 50
) -> tuple[Run, ...]:
    """Return the newest runs first; corrections are not among them."""
    query = select(_run).where(_run.c.legal_entity_id == entity_id, _run.c.base_run_id.is_(None))
    if period is not None:
        query = query.where(_run.c.period == period)
    rows = connection.execute(
        query.order_by(_run.c.started_at.desc(), _run.c.id.desc()).limit(first)
    )
    return tuple(run_of(connection, row) for row in rows.all())


def latest_run(
    connection: Connection,
    entity_id: str,
    *,
    period: str,
    known_at: datetime,
    mode: str | None = None,
    or_shown: bool = False,
) -> Run | None:
    """Return the last run of a period that had finished at ``known_at``.

    ``or_shown`` takes those of whatever mode too whose scores are shown to whom they concern.
    """
    query = select(_run).where(
        _run.c.legal_entity_id == entity_id,
        _run.c.period == period,
        _run.c.finished_at.is_not(None),
        _run.c.finished_at <= known_at,
        _run.c.base_run_id.is_(None),  # a correction is of a few people only
    )
    if mode is not None:
        shown = _run.c.scores_shown.is_(True) if or_shown else false()
        query = query.where(or_(_run.c.mode == mode, shown))
    row = connection.execute(
        query.order_by(_run.c.known_at.desc(), _run.c.id.desc()).limit(1)
    ).one_or_none()
    return run_of(connection, row) if row else None


def results(
    connection: Connection,
    actor: Actor,
    run: Run,
    *,
    day: date,
    resource: Resource = Resource.PERFORMANCE,
    person_ids: Sequence[str] | None = None,
) -> tuple[Result, ...]:
    """Return the results of a run whose ``resource`` the actor may see as of ``day``."""
    purpose = Purpose.PAY if resource is Resource.PAY else Purpose.PERFORMANCE
    look_at(connection, day=day, purpose=purpose)
    query = select(_result).where(
        _result.c.run_id == run.id,
        people_seen(actor, resource, _result.c.person_id, _result.c.legal_entity_id, day),
    )
    if person_ids is not None:
        query = query.where(_result.c.person_id.in_(list(person_ids)))
    rows = connection.execute(query.order_by(_result.c.person_id))
    return tuple(_result_of(connection, row) for row in rows.all())


def _result_of(connection: Connection, row: Row[Any]) -> Result:
    fields = {
        name: getattr(row, name) for name in Result.__dataclass_fields__ if name != "entity_id"
    }
    fields["payout"] = opened(connection, _result.c.payout, row)
    fields["shape"] = None if row.shape is None else read_shape(row.shape)
    return Result(**fields, entity_id=row.legal_entity_id)


def people_in(connection: Connection, run_id: str, among: Collection[str]) -> set[str]:
    """Name those of some people whom a run counted."""
    query = select(_result.c.person_id).where(_result.c.run_id == run_id)
    return {person for person in connection.execute(query).scalars() if person in among}


def payouts_of(
    connection: Connection, run_id: str, person_ids: Collection[str]
) -> dict[str, int | None]:
    """Return what a run paid some people, as it is stored: for the system's own comparisons."""
    rows = connection.execute(select(_result).where(_result.c.run_id == run_id)).all()
    return {
        row.person_id: opened(connection, _result.c.payout, row)
        for row in rows
        if row.person_id in person_ids
    }


def standings(
    connection: Connection,
    run_id: str,
    *,
    measure: str,
    peer_kind: str,
    group_id: str,
    first: int,
    after: tuple[int, str] | None = None,
    before: tuple[int, str] | None = None,
    day: date,
    backwards: bool = False,
) -> tuple[Standing, ...]:
    """Return a page of a leaderboard in rank order; keys are ``(rank, person_id)``.

    The caller decides by policy whether names and values are shown: these are all ranks, with the
    values that the database lets the transaction's actor see on ``day``.
    """
    group, rank = _PLACES[peer_kind]
    query = _board(run_id, measure, peer_kind).where(group == group_id)
    key = tuple_(rank, _standing.c.person_id)
    if after is not None:
        query = query.where(key > tuple_(*after))
    if before is not None:
        query = query.where(key < tuple_(*before))
    if backwards:
        query = query.order_by(rank.desc(), _standing.c.person_id.desc())
    else:
        query = query.order_by(rank, _standing.c.person_id)
    with widened(connection, Widening.BOARD):
        found = connection.execute(query.limit(first)).all()
    look_at(connection, day=day)
    values = _values(connection, run_id, measure, [row.person_id for row in found])
    rows = [_standing_of(row, values) for row in found]
    return tuple(reversed(rows)) if backwards else tuple(rows)


def hidden_standings(
    connection: Connection, actor: Actor, run: Run, cohort: Cohort, day: date
) -> int:
    """Count those on a board whose performance ``actor`` may not see as of ``day``."""
    query = (
        select(func.count())
        .select_from(_standing)
        .where(
            _standing.c.run_id == run.id,
            _standing.c.measure == cohort.measure,
            _PLACES[cohort.peer_kind][0] == cohort.group_id,
            not_(
                people_seen(
                    actor,
                    Resource.PERFORMANCE,
                    _standing.c.person_id,
                    _standing.c.legal_entity_id,
                    day,
                )
            ),
        )
    )
    with widened(connection, Widening.BOARD):
        return int(connection.execute(query).scalar_one())


def _values(
    connection: Connection, run_id: str, measure: str, person_ids: Sequence[str]
) -> dict[str, tuple[int, int]]:
    """Read the values of some people apart: a board that is widened never holds them."""
    query = select(_standing.c.person_id, _standing.c.value_num, _standing.c.value_den).where(
        _standing.c.run_id == run_id,
        _standing.c.measure == measure,
        _standing.c.person_id.in_(person_ids),
    )
    return {person: (num, den) for person, num, den in connection.execute(query)}


def standing_of(
    connection: Connection,
    run_id: str,
    *,
    measure: str,
    peer_kind: str,
    person_id: str,
) -> Standing | None:
    """Return one person's own entry on a board; None for who is in no group of that kind."""
    query = _board(run_id, measure, peer_kind).where(
        _standing.c.person_id == person_id, _PLACES[peer_kind][0].is_not(None)
    )
    row = connection.execute(query).one_or_none()
    values = _values(connection, run_id, measure, [person_id])
    return _standing_of(row, values) if row else None


def _board(run_id: str, measure: str, peer_kind: str) -> Any:
    group, rank = _PLACES[peer_kind]
    newest = (
        select(func.max(tables.person.c.revision))
        .where(tables.person.c.id == _standing.c.person_id)
        .correlate(_standing)
        .scalar_subquery()
    )
    return (
        select(
            _standing.c.person_id,
            group.label("group_id"),
            rank.label("rank"),
            tables.person.c.name,
        )
        .join(
            tables.person,
            and_(tables.person.c.id == _standing.c.person_id, tables.person.c.revision == newest),
        )
        .where(_standing.c.run_id == run_id, _standing.c.measure == measure)
    )


def _standing_of(row: Row[Any], values: Mapping[str, tuple[int, int]]) -> Standing:
    num, den = values.get(row.person_id, (None, None))
    return Standing(
        person_id=row.person_id,
        name=row.name,
        group_id=row.group_id,
        rank=row.rank,
        value_num=num,
        value_den=den,
    )


def cohort_of(
    connection: Connection, run_id: str, *, measure: str, peer_kind: str, group_id: str
) -> Cohort | None:
    """Return the frozen facts of one peer group."""
    wanted: ColumnElement[bool] = and_(
        _cohort.c.run_id == run_id,
        _cohort.c.measure == measure,
        _cohort.c.peer_kind == peer_kind,
        _cohort.c.group_id == group_id,
    )
    row = connection.execute(select(_cohort).where(wanted)).one_or_none()
    if row is None:
        return None
    lo = None if row.median_lo_num is None else (row.median_lo_num, row.median_lo_den)
    hi = None if row.median_hi_num is None else (row.median_hi_num, row.median_hi_den)
    return Cohort(
        group_id=row.group_id,
        measure=row.measure,
        peer_kind=row.peer_kind,
        size=row.size,
        unit=row.unit,
        lo=lo,
        hi=hi,
    )


def standing_entries(writing: Writing, period: str, kind: str) -> tuple[Any, ...]:
    """Return the entries of ``kind`` of a period that no other entry reverses, as posted."""
    other = _ledger.alias()
    reversing = select(other.c.reverses_id).where(other.c.reverses_id == _ledger.c.id)
    query = select(_ledger).where(
        _ledger.c.legal_entity_id == writing.entity_id,
        _ledger.c.period == period,
        _ledger.c.kind == kind,
        ~reversing.exists(),
    )
    rows = writing.connection.execute(query.order_by(_ledger.c.seq)).all()
    return tuple(opened_row(writing.connection, _ledger, row) for row in rows)


def ledger(
    connection: Connection,
    actor: Actor,
    entity_id: str,
    *,
    period: str,
    day: date,
    known_at: datetime,
    person_ids: Sequence[str] | None = None,
) -> tuple[LedgerEntry, ...]:
    """Return all entries of a period known at ``known_at``, in the order they were posted."""
    look_at(connection, day=day, purpose=Purpose.PAY)
    query = select(_ledger).where(
        _ledger.c.legal_entity_id == entity_id,
        _ledger.c.period == period,
        _ledger.c.posted_at <= known_at,
        people_seen(actor, Resource.PAY, _ledger.c.person_id, _ledger.c.legal_entity_id, day),
    )
    if person_ids is not None:
        query = query.where(_ledger.c.person_id.in_(list(person_ids)))
    rows = connection.execute(query.order_by(_ledger.c.seq)).all()
    return tuple(entry_of(connection, row) for row in rows)


def entry_of(connection: Connection, row: Row[Any]) -> LedgerEntry:
    """Read a row of the ledger as it is told."""
    fields = {name: getattr(row, name) for name in LedgerEntry.__dataclass_fields__}
    fields["amount"] = opened(connection, _ledger.c.amount, row)
    return LedgerEntry(**fields)
