"""Turning a right into SQL: whose rows may this actor see, on which day."""

from __future__ import annotations

from datetime import date
from typing import TypeAlias

from sqlalchemy import ColumnElement, Connection, FromClause, and_, exists, false, or_, select, true

from domain.access import Actor, Deed, Range, Reach, Resource, System, reaches
from storage.rules import valid
from storage.tables import assignment, unit_closure

Day: TypeAlias = "date | ColumnElement[date]"  # one day, or the day of each row


def people_seen(
    actor: Actor,
    resource: Resource,
    person_id: ColumnElement[str],
    entity_id: ColumnElement[str],
    day: Day,
    deed: Deed = Deed.READ,
) -> ColumnElement[bool]:
    """Keep the rows of people whom ``actor`` may see (or change) as of ``day``.

    SUBTREE follows the organisation of that day: the manager of that time sees that time.
    """
    if isinstance(actor, System):
        return true()
    parts = [_one(reach, person_id, entity_id, day) for reach in reaches(actor, resource, deed)]
    return or_(*parts) if parts else false()


def entities_seen(
    actor: Actor, resource: Resource, table: FromClause, deed: Deed = Deed.READ
) -> ColumnElement[bool]:
    """Keep the rows of legal entities in which ``actor`` has the whole right."""
    if isinstance(actor, System):
        return true()
    wide = {
        reach.entity_id
        for reach in reaches(actor, resource, deed)
        if reach.range in {Range.ENTITY, Range.ALL}
    }
    return table.c.legal_entity_id.in_(sorted(wide)) if wide else false()


def sources_seen(
    actor: Actor, table: FromClause, connection_id: ColumnElement[str]
) -> ColumnElement[bool]:
    """Keep the rows of sources: of the whole legal entity, or of a vendor's own connections."""
    whole = entities_seen(actor, Resource.SOURCE, table)
    if isinstance(actor, System):
        return whole
    own = sorted(
        reach.connection_id
        for reach in reaches(actor, Resource.SOURCE, Deed.READ)
        if reach.connection_id is not None
    )
    return or_(whole, connection_id.in_(own)) if own else whole


def _one(
    reach: Reach,
    person_id: ColumnElement[str],
    entity_id: ColumnElement[str],
    day: Day,
) -> ColumnElement[bool]:
    if reach.range is Range.SELF:
        # A vendor's own source is nobody's: "= NULL" must not become "has no person".
        return false() if reach.person_id is None else person_id == reach.person_id
    if reach.range is Range.SUBTREE:
        return and_(entity_id == reach.entity_id, _below(reach, person_id, day))
    return entity_id == reach.entity_id


def _below(
    reach: Reach, person_id: ColumnElement[str], day: date | ColumnElement[date]
) -> ColumnElement[bool]:
    newer = assignment.alias()
    latest = ~exists(
        select(1)
        .select_from(newer)
        .where(
            newer.c.series_id == assignment.c.series_id,
            newer.c.revision > assignment.c.revision,
        )
        .correlate(assignment)
    )
    return exists(
        select(1)
        .select_from(assignment)
        .join(unit_closure, unit_closure.c.descendant_id == assignment.c.unit_id)
        .where(
            assignment.c.person_id == person_id,
            latest,
            valid(assignment, day),
            unit_closure.c.ancestor_id == reach.unit_id,
            unit_closure.c.valid_from <= day,
            or_(unit_closure.c.valid_to.is_(None), unit_closure.c.valid_to > day),
        )
        .correlate_except(assignment, unit_closure)
    )


def group_seen(
    connection: Connection,
    actor: Actor,
    *,
    entity_id: str,
    group_id: str,
    day: date,
    privacy_minimum: int,
) -> bool:
    """Say whether ``actor`` may see the performance of a unit, a platform or the whole company.

    Whoever sees every person of it does; so does a member of it, unless it is so small that its
    total and one's own value would give the others away.
    """
    if isinstance(actor, System):
        return True
    for reach in reaches(actor, Resource.PERFORMANCE, Deed.READ):
        if reach.entity_id != entity_id:
            continue
        if reach.range in {Range.ENTITY, Range.ALL}:
            return True
        if reach.range is Range.SUBTREE and _is_below(connection, reach.unit_id, group_id, day):
            return True
    if actor.person_id is None:
        return False
    members = _members(connection, entity_id, group_id, day)
    return actor.person_id in members and len(members) >= privacy_minimum


def _is_below(connection: Connection, above: str | None, unit_id: str, day: date) -> bool:
    found = select(unit_closure.c.depth).where(
        unit_closure.c.ancestor_id == above,
        unit_closure.c.descendant_id == unit_id,
        unit_closure.c.valid_from <= day,
        or_(unit_closure.c.valid_to.is_(None), unit_closure.c.valid_to > day),
    )
    return connection.execute(found.limit(1)).first() is not None


def _members(connection: Connection, entity_id: str, group_id: str, day: date) -> set[str]:
    newer = assignment.alias()
    latest = ~exists(
        select(1)
        .select_from(newer)
        .where(
            newer.c.series_id == assignment.c.series_id,
            newer.c.revision > assignment.c.revision,
        )
        .correlate(assignment)
    )
    inside = select(unit_closure.c.descendant_id).where(
        unit_closure.c.ancestor_id == group_id,
        unit_closure.c.valid_from <= day,
        or_(unit_closure.c.valid_to.is_(None), unit_closure.c.valid_to > day),
    )
    query = select(assignment.c.person_id).where(
        latest, valid(assignment, day), assignment.c.legal_entity_id == entity_id
    )
    if group_id != entity_id:
        query = query.where(
            or_(assignment.c.platform_id == group_id, assignment.c.unit_id.in_(inside))
        )
    return set(connection.execute(query).scalars())
