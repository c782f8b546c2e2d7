"""People, units, platforms and assignments: dated rows in, domain objects out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    Connection,
    Date,
    Row,
    Select,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    true,
    update,
)

from domain.access import Actor, Deed, Resource, System, sees_files
from domain.ids import AssignmentId, EntityId, PersonId, PlatformId, UnitId
from domain.people import (
    Assignment,
    AssignmentRole,
    LegalEntity,
    OrgUnit,
    Person,
    Platform,
    UnitKind,
)
from storage import tables
from storage.asked import asked, asked_instant, asked_some
from storage.bulk import add_rows
from storage.engine import Writing
from storage.rules import hangs, known, overlaps, valid
from storage.sealed import Sealed
from storage.sealing import opened, opened_row, same_as, sealed_values
from storage.visibility import people_seen

_person, _unit, _place = tables.person, tables.unit, tables.unit_place
_platform, _assignment = tables.platform, tables.assignment

# ---- reading ------------------------------------------------------------------------------------


def legal_entities(connection: Connection) -> tuple[LegalEntity, ...]:
    """Return every employer of this installation; names of employers are no secret inside it."""
    rows = connection.execute(select(tables.legal_entity).order_by(tables.legal_entity.c.id))
    return tuple(_entity(row) for row in rows)


def legal_entity(connection: Connection, entity_id: str) -> LegalEntity | None:
    """Return one employer."""
    found = select(tables.legal_entity).where(tables.legal_entity.c.id == entity_id)
    row = connection.execute(found).one_or_none()
    return _entity(row) if row else None


def _entity(row: Row[Any]) -> LegalEntity:
    return LegalEntity(
        id=EntityId(row.id),
        name=row.name,
        zone=row.zone,
        currency=row.currency,
        cutoff_minutes=row.cutoff_minutes,
    )


def entity_called(connection: Connection, name: str) -> str | None:
    """Return the id of the employer of that name, or None."""
    table = tables.legal_entity
    found = connection.execute(select(table.c.id).where(table.c.name == name).limit(1)).scalar()
    return None if found is None else str(found)


def entity_of_person(connection: Connection, person_id: str) -> str | None:
    """Return the employer of a person, whoever that is, or None."""
    found = select(_person.c.legal_entity_id).where(_person.c.id == person_id)
    return connection.execute(found.limit(1)).scalar()


def strangers(connection: Connection, entity_id: str, ids: Sequence[str]) -> tuple[str, ...]:
    """Return which of the ids are no people of the legal entity, in their order."""
    query = select(_person.c.id).where(
        _person.c.legal_entity_id == entity_id, _person.c.id.in_(list(ids))
    )
    known_ids = set(connection.execute(query).scalars()) if ids else set()
    return tuple(each for each in ids if each not in known_ids)


def people(
    connection: Connection,
    actor: Actor,
    *,
    valid_at: date,
    known_at: datetime,
    ids: Sequence[str] | None = None,
    resource: Resource = Resource.PERSON,
    deed: Deed = Deed.READ,
    search: str | None = None,
) -> tuple[Person, ...]:
    """Return the people whom ``actor`` may see as of ``valid_at``, by name and id."""
    query = select(_person).where(
        known(_person, known_at, "id"),
        people_seen(actor, resource, _person.c.id, _person.c.legal_entity_id, valid_at, deed),
    )
    if ids is not None:
        query = query.where(_person.c.id.in_(list(ids)))
    shows_files = isinstance(actor, System) or sees_files(actor)
    if search:
        named = _person.c.name.contains(search, autoescape=True)
        # What is not shown is not searched either: finding it would say it.
        if shows_files:
            named = or_(named, same_as(connection, _person.c.staff_number, search))
        query = query.where(named)
    rows = connection.execute(query.order_by(_person.c.name, _person.c.id)).all()
    found = tuple(_person_from_row(connection, row, shows_file=shows_files) for row in rows)
    return found if shows_files else tuple(without_file(person) for person in found)


def without_file(person: Person) -> Person:
    """Leave the name and where somebody belongs."""
    return replace(person, staff_number=None, joined_on=None, left_on=None)


def _person_from_row(connection: Connection, row: Row[Any], *, shows_file: bool) -> Person:
    number = _person.c.staff_number
    return Person(
        id=PersonId(row.id),
        entity_id=EntityId(row.legal_entity_id),
        name=row.name,
        staff_number=opened(connection, number, row) if shows_file else None,
        joined_on=row.joined_on,
        left_on=row.left_on,
        version=row.revision,
    )


def units(
    connection: Connection,
    entity_id: str,
    *,
    valid_at: date,
    known_at: datetime,
    ids: Sequence[str] | None = None,
) -> tuple[OrgUnit, ...]:
    """Return the units that exist on ``valid_at``, each under its parent of that day."""
    query = _units_on(valid_at, known_at).where(_unit.c.legal_entity_id == entity_id)
    if ids is not None:
        query = query.where(_unit.c.id.in_(list(ids)))
    rows = connection.execute(query.order_by(_unit.c.name, _unit.c.id))
    return tuple(_org_unit(row) for row in rows)


def _units_on(valid_at: date, known_at: datetime) -> Select[*tuple[Any, ...]]:
    return (
        select(_unit, _place.c.parent_id)
        .join(_place, _place.c.unit_id == _unit.c.id)
        .where(
            known(_unit, known_at, "id"),
            known(_place, known_at, "series_id"),
            valid(_place, valid_at),
        )
    )


def _org_unit(row: Row[Any]) -> OrgUnit:
    return OrgUnit(
        id=UnitId(row.id),
        entity_id=EntityId(row.legal_entity_id),
        code=row.code,
        name=row.name,
        kind=UnitKind(row.kind),
        parent_id=UnitId(row.parent_id) if row.parent_id else None,
        version=row.revision,
    )


def platforms(
    connection: Connection, entity_id: str, *, known_at: datetime
) -> tuple[Platform, ...]:
    """Return the sales platforms."""
    query = select(_platform).where(
        known(_platform, known_at, "id"), _platform.c.legal_entity_id == entity_id
    )
    rows = connection.execute(query.order_by(_platform.c.code))
    return tuple(
        Platform(
            id=PlatformId(row.id),
            entity_id=EntityId(row.legal_entity_id),
            code=row.code,
            name=row.name,
            opened_on=row.opened_on,
            version=row.revision,
        )
        for row in rows
    )


def assignments(
    connection: Connection,
    entity_id: str,
    *,
    start: date,
    end: date,
    known_at: datetime,
    person_ids: Sequence[str] | None = None,
    unit_ids: Sequence[str] | None = None,
) -> tuple[Assignment, ...]:
    """Return the assignments that hold on any day of ``[start, end)``, oldest first."""
    values: dict[str, Any] = {
        "entity_id": entity_id,
        "start": start,
        "end": end,
        "known_at": known_at,
    }
    some = {"person_ids": person_ids, "unit_ids": unit_ids}
    values |= {name: list(ids) for name, ids in some.items() if ids is not None}
    query = _assignments_held(person_ids is not None, unit_ids is not None)
    return tuple(_assignment_of(row) for row in connection.execute(query, values))


@cache
def _assignments_held(of_people: bool, of_units: bool) -> Select[*tuple[Any, ...]]:
    query = select(_assignment).where(
        known(_assignment, asked_instant("known_at"), "series_id"),
        overlaps(_assignment, asked("start", Date), asked("end", Date)),
        _assignment.c.legal_entity_id == asked("entity_id"),
    )
    if of_people:
        query = query.where(_assignment.c.person_id.in_(asked_some("person_ids")))
    if of_units:
        query = query.where(_assignment.c.unit_id.in_(asked_some("unit_ids")))
    order = (_assignment.c.person_id, _assignment.c.valid_from, _assignment.c.series_id)
    return query.order_by(*order)


def joined_since(
    connection: Connection,
    entity_id: str,
    *,
    day: date,
    known_at: datetime,
    person_ids: Sequence[str] | None = None,
) -> dict[str, date]:
    """Return who joined on ``day`` or later, and when: by the file, else by the first assignment.

    For a calculation of the entity or of some: the days themselves are shown to nobody.
    """
    first = func.min(_assignment.c.valid_from)
    placed_ones = true() if person_ids is None else _assignment.c.person_id.in_(list(person_ids))
    filed_ones = true() if person_ids is None else _person.c.id.in_(list(person_ids))
    placed = (
        select(_assignment.c.person_id, first.label("begins"))
        .where(
            known(_assignment, known_at, "series_id"),
            _assignment.c.voided.is_(False),
            _assignment.c.legal_entity_id == entity_id,
            placed_ones,
        )
        .group_by(_assignment.c.person_id)
        .having(first >= day)
    )
    found: dict[str, date] = {row.person_id: row.begins for row in connection.execute(placed)}
    filed = select(_person.c.id, _person.c.joined_on).where(
        known(_person, known_at, "id"),
        _person.c.legal_entity_id == entity_id,
        _person.c.joined_on.is_not(None),
        filed_ones,
    )
    for person, joined_on in connection.execute(filed):
        if joined_on >= day:
            found[person] = joined_on
        else:
            found.pop(person, None)
    return found


def _assignment_of(row: Row[Any]) -> Assignment:
    return Assignment(
        id=AssignmentId(row.series_id),
        person_id=PersonId(row.person_id),
        unit_id=UnitId(row.unit_id),
        platform_id=PlatformId(row.platform_id) if row.platform_id else None,
        position=row.position,
        role=AssignmentRole(row.role),
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        version=row.revision,
    )


def units_below(connection: Connection, unit_id: str, day: date) -> tuple[str, ...]:
    """Return the ids of a unit and all units under it on ``day``, as known by now."""
    closure = tables.unit_closure
    query = select(closure.c.descendant_id).where(
        closure.c.ancestor_id == unit_id, hangs(closure, day)
    )
    return tuple(connection.execute(query.order_by(closure.c.descendant_id)).scalars())


def units_above(
    connection: Connection, day: date, known_at: datetime | None = None
) -> dict[str, tuple[str, ...]]:
    """Return for every unit on ``day`` its ancestors, itself first and the root last."""
    closure = tables.unit_closure
    query = (
        select(closure.c.descendant_id, closure.c.ancestor_id)
        .where(hangs(closure, day, known_at))
        .order_by(closure.c.descendant_id, closure.c.depth)
    )
    found: dict[str, list[str]] = {}
    for row in connection.execute(query):
        found.setdefault(row.descendant_id, []).append(row.ancestor_id)
    return {unit: tuple(above) for unit, above in found.items()}


# ---- looking up by what a source or a person calls it -----------------------------------------


def latest_row(
    connection: Connection, table: Any, series: str, known_at: datetime, **wanted: Any
) -> Any:
    """Return the one row known last whose columns equal ``wanted``, or None; it is opened."""
    entity_id = wanted.get("legal_entity_id")
    query = select(table).where(
        known(table, known_at, series),
        *(
            same_as(connection, table.c[name], value, entity_id)
            if isinstance(table.c[name].type, Sealed)
            else table.c[name] == value
            for name, value in wanted.items()
        ),
    )
    return opened_row(connection, table, connection.execute(query.limit(1)).one_or_none())


def next_revision(connection: Connection, table: Any, series: str, series_id: str) -> int:
    """Return the number of the revision that would come next."""
    highest = select(func.max(table.c.revision)).where(table.c[series] == series_id)
    return (connection.execute(highest).scalar_one() or 0) + 1


# ---- writing ------------------------------------------------------------------------------------


def add_row(writing: Writing, table: Any, **values: Any) -> None:
    """Add one row of the writing entity, known from now on."""
    row = dict(values, legal_entity_id=writing.entity_id)
    if "known_at" in table.c:
        row["known_at"] = writing.known_at
    stored = sealed_values(writing.connection, table, row)
    writing.connection.execute(table.insert().values(**stored))


def add_revision(writing: Writing, table: Any, before: Any, **changes: Any) -> None:
    """Add the revision after ``before``: the same row with ``changes``, known from now on."""
    kept = {column.name: getattr(before, column.name) for column in table.c}
    kept.pop("known_at")
    kept.pop("legal_entity_id")
    kept.update(revision=before.revision + 1, **changes)
    if "made_by" in table.c:
        kept["made_by"] = writing.actor
    add_row(writing, table, **kept)


def add_entity(writing: Writing, entity: LegalEntity, privacy_minimum: int) -> None:
    """Add the employer to which everything of this writing belongs."""
    writing.connection.execute(
        insert(tables.legal_entity).values(
            id=entity.id,
            name=entity.name,
            zone=entity.zone,
            currency=entity.currency,
            cutoff_minutes=entity.cutoff_minutes,
            privacy_minimum=privacy_minimum,
            known_at=writing.known_at,
        )
    )


def rebuild_closure(writing: Writing) -> None:
    """Bring the dated closure of the organisation to the places as known now.

    What no longer follows stays, superseded: a reading as known before still finds it.
    """
    closure = tables.unit_closure
    query = select(_place).where(
        known(_place, writing.known_at, "series_id"),
        _place.c.voided.is_(False),
        _place.c.legal_entity_id == writing.entity_id,
    )
    wanted = set(_closed(list(writing.connection.execute(query))))
    stands = select(closure).where(
        closure.c.legal_entity_id == writing.entity_id, closure.c.superseded_at.is_(None)
    )
    gone = []
    for row in writing.connection.execute(stands):
        line = (row.ancestor_id, row.descendant_id, row.valid_from, row.valid_to, row.depth)
        if line in wanted:
            wanted.discard(line)
        else:
            gone.append({"a": row.ancestor_id, "d": row.descendant_id, "f": row.valid_from})
    _supersede(writing, gone)
    names = ("ancestor_id", "descendant_id", "valid_from", "valid_to", "depth")
    shared = {"legal_entity_id": writing.entity_id, "known_at": writing.known_at}
    rows = [dict(zip(names, line, strict=True)) | shared for line in sorted(wanted, key=_first)]
    add_rows(writing.connection, closure, rows)


def _supersede(writing: Writing, gone: Sequence[dict[str, Any]]) -> None:
    if not gone:
        return
    closure = tables.unit_closure
    which = and_(
        closure.c.ancestor_id == bindparam("a"),
        closure.c.descendant_id == bindparam("d"),
        closure.c.valid_from == bindparam("f"),
        closure.c.superseded_at.is_(None),
    )
    # What this very transaction added was never read by anybody.
    fresh = closure.c.known_at == writing.known_at
    writing.connection.execute(delete(closure).where(which, fresh), gone)
    ended = update(closure).where(which).values(superseded_at=writing.known_at)
    writing.connection.execute(ended, gone)


def _first(line: tuple[str, str, date, date | None, int]) -> tuple[str, str, date]:
    return line[:3]


def _closed(places: Sequence[Row[Any]]) -> list[tuple[str, str, date, date | None, int]]:
    """Follow parents upwards, each step only for the days on which both places hold."""
    by_unit: dict[str, list[Row[Any]]] = {}
    for place in places:
        by_unit.setdefault(place.unit_id, []).append(place)
    found: dict[tuple[str, str, date], tuple[date, int]] = {}

    def climb(unit: str, descendant: str, start: date, end: date, depth: int) -> None:
        if depth > len(by_unit):
            return  # a circle: refused when it is made, never followed for ever here
        for place in by_unit.get(unit, ()):
            low = max(start, place.valid_from)
            high = min(end, place.valid_to or date.max)
            if low >= high:
                continue
            found.setdefault((unit, descendant, low), (high, depth))
            if place.parent_id:
                climb(place.parent_id, descendant, low, high, depth + 1)

    for unit in by_unit:
        climb(unit, unit, date.min, date.max, 0)
    return [
        (ancestor, descendant, start, None if end == date.max else end, depth)
        for (ancestor, descendant, start), (end, depth) in sorted(found.items())
    ]
