"""What a board as of now reads: the last state of an entity, and what its last run froze.

All of it is for the system, which calculates; what is shown of it to whom is decided above.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import BigInteger, Connection, and_, func, or_, select

from domain.access import Actor, Resource
from domain.columns import Column
from storage import tables
from storage.asked import asked, asked_instant
from storage.sealing import opened
from storage.snapshots import read_rows
from storage.visibility import people_seen

Place = tuple[int, int]  # a shard and the row in it
_cohort, _fact, _result = tables.cohort, tables.fact, tables.result
_newer = tables.person.alias()


def last_learned(connection: Connection, entity_id: str) -> datetime | None:
    """Return the instant of an entity's last write; all that was known then stays as it is."""
    return connection.execute(_LEARNED, {"entity_id": entity_id}).scalar_one_or_none()


_LEARNED = select(tables.knowledge.c.known_at).where(
    tables.knowledge.c.legal_entity_id == asked("entity_id")
)


def last_fact_of(
    connection: Connection, entity_id: str, after: int | None, known_at: datetime
) -> int | None:
    """Return the number of an entity's last fact known at an instant, from a number on.

    Its writers take turns, so whatever it learns later has a higher number.
    """
    values = {"after": after or 0, "entity_id": entity_id, "known_at": known_at}
    return connection.execute(_LAST_FACT, values).scalar_one_or_none() or after


_LAST_FACT = select(func.max(_fact.c.seq)).where(
    _fact.c.seq > asked("after", BigInteger),
    _fact.c.legal_entity_id == asked("entity_id"),
    _fact.c.known_at <= asked_instant("known_at"),
)


def units_of_measures(connection: Connection, run_id: str) -> dict[str, str]:
    """Return what a run made boards of, each with its unit."""
    query = select(_cohort.c.measure, _cohort.c.unit).where(_cohort.c.run_id == run_id).distinct()
    return {str(measure): str(unit) for measure, unit in connection.execute(query)}


class Member(NamedTuple):
    """Somebody as a run found him: where, by which rules, and where his inputs are frozen."""

    person_id: str
    platform_id: str | None
    position: str
    scorecard: tuple[str, int] | None
    plan_version_id: str | None
    is_plain: bool  # the rules were applied to the whole period
    place: Place


def members_of(connection: Connection, run_id: str, unit_id: str) -> tuple[Member, ...]:
    """Return who was in a unit in a run, by id."""
    rows = connection.execute(_MEMBERS, {"run_id": run_id, "unit_id": unit_id}).all()
    return tuple(
        Member(
            person,
            platform,
            position,
            None if card is None else (card, revision),
            plan,
            bool(plain),
            (shard, row),
        )
        for person, platform, position, card, revision, plan, plain, shard, row in rows
    )


_MEMBERS = (
    select(
        _result.c.person_id,
        _result.c.platform_id,
        _result.c.position,
        _result.c.scorecard_id,
        _result.c.scorecard_revision,
        _result.c.plan_version_id,
        _result.c.shape.is_(None),
        _result.c.shard,
        _result.c.shard_row,
    )
    .where(_result.c.run_id == asked("run_id"), _result.c.unit_id == asked("unit_id"))
    .order_by(_result.c.person_id)
)


def unit_in(connection: Connection, run_id: str, person_id: str) -> str | None:
    """Return the unit in which a run found somebody."""
    query = select(_result.c.unit_id).where(
        _result.c.run_id == run_id, _result.c.person_id == person_id
    )
    return connection.execute(query).scalar_one_or_none()


def roster_of(connection: Connection, run_id: str) -> list[tuple[str, str, str | None]]:
    """Return everybody of a run with the unit and the platform."""
    query = select(_result.c.person_id, _result.c.unit_id, _result.c.platform_id)
    rows = connection.execute(query.where(_result.c.run_id == run_id))
    return [(person, unit, platform) for person, unit, platform in rows]


def values_of(
    connection: Connection, run_id: str, measure: str, person_ids: Sequence[str] | None = None
) -> list[tuple[str, int, int]]:
    """Return what a run compared by one measure: the person, above and below the line."""
    table = tables.standing
    query = select(table.c.person_id, table.c.value_num, table.c.value_den).where(
        table.c.run_id == run_id, table.c.measure == measure
    )
    if person_ids is not None:
        query = query.where(table.c.person_id.in_(list(person_ids)))
    return [(person, num, den) for person, num, den in connection.execute(query)]


def frozen_of(
    connection: Connection,
    run_id: str,
    places: Mapping[str, Place],
    kept: dict[int, bytes],
) -> Iterator[tuple[list[str], dict[str, Column]]]:
    """Yield the frozen inputs of some people: the people of one shard, and their columns.

    ``kept`` are shards that were read before; those that are missing come in.
    """
    wanted: dict[int, dict[int, str]] = {}
    for person, (shard, row) in places.items():
        wanted.setdefault(shard, {})[row] = person
    table = tables.snapshot
    if missing := sorted(wanted.keys() - kept.keys()):
        query = select(table).where(table.c.run_id == run_id, table.c.shard.in_(missing))
        for held in connection.execute(query).all():
            kept[held.shard] = opened(connection, table.c.parquet, held)
    for shard, of_row in sorted(wanted.items()):
        rows = sorted(of_row)
        people, columns = read_rows(kept[shard], rows)
        if people != [of_row[each] for each in rows]:
            raise ValueError(f"shard {shard} of {run_id} is not the one that was stored")
        yield people, columns


def names_of(connection: Connection, person_ids: Sequence[str]) -> dict[str, str]:
    """Return the names of some people, as they are called now."""
    table = tables.person
    newest = select(func.max(table.c.revision)).where(table.c.id == _newer.c.id).scalar_subquery()
    query = select(_newer.c.id, _newer.c.name).where(
        _newer.c.id.in_(list(person_ids)), _newer.c.revision == newest
    )
    return {str(row.id): row.name for row in connection.execute(query)}


def whom(
    connection: Connection,
    actor: Actor,
    person_ids: Sequence[str],
    *,
    day: date,
    resource: Resource,
) -> frozenset[str]:
    """Name those of some people whose ``resource`` the actor may see as of ``day``."""
    table = tables.person
    seen = people_seen(actor, resource, table.c.id, table.c.legal_entity_id, day)
    query = select(table.c.id).where(table.c.id.in_(list(person_ids)), seen).distinct()
    return frozenset(connection.execute(query).scalars())


def is_one_organisation(
    connection: Connection, entity_id: str, start: date, end: date, known_at: datetime
) -> bool:
    """Say whether every unit hangs where it does on each day of ``[start, end)``."""
    closure = tables.unit_closure
    query = select(closure.c.ancestor_id).where(
        closure.c.legal_entity_id == entity_id,
        closure.c.known_at <= known_at,
        or_(closure.c.superseded_at.is_(None), closure.c.superseded_at > known_at),
        or_(
            and_(closure.c.valid_from > start, closure.c.valid_from < end),
            and_(closure.c.valid_to > start, closure.c.valid_to < end),
        ),
    )
    return connection.execute(query.limit(1)).first() is None
