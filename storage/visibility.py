"""Turning a right into SQL: whose rows may this actor see, on which day."""

from __future__ import annotations

from datetime import date
from typing import TypeAlias

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    and_,
    exists,
    false,
    literal,
    or_,
    select,
    true,
)

from domain.access import Actor, Deed, Range, Reach, Resource, System, covers, reaches
from storage.rules import hangs, valid
from storage.tables import assignment, person, unit_closure

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

    SUBTREE follows the organisation of that day, as known by now, and the days for which the right
    was given: the manager of that time sees that time.
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


def person_reached(connection: Connection, reach: Reach, person_id: str, day: date) -> bool:
    """Say whether a right reaches the rows that a person has on ``day``."""
    query = select(person.c.id).where(
        person.c.id == person_id, _one(reach, person.c.id, person.c.legal_entity_id, day)
    )
    return connection.execute(query.limit(1)).first() is not None


def _one(
    reach: Reach,
    person_id: ColumnElement[str],
    entity_id: ColumnElement[str],
    day: Day,
) -> ColumnElement[bool]:
    parts = [entity_id == reach.entity_id]
    if reach.range is Range.SELF:
        if reach.person_id is None:
            # A vendor's own source is nobody's: "= NULL" must not become "has no person".
            return false()
        parts.append(person_id == reach.person_id)
    if reach.range is Range.SUBTREE:
        parts.append(_below(reach, person_id, day))
    if reach.without is not None:
        parts.append(person_id != reach.without)
    return and_(*parts, *_of_the_time(reach, day))


def _of_the_time(reach: Reach, day: Day) -> list[ColumnElement[bool]]:
    """Keep the days for which the right was given: the manager of that time sees that time."""
    at = literal(day) if isinstance(day, date) else day
    found = [] if reach.valid_from is None else [at >= reach.valid_from]
    return found if reach.valid_to is None else [*found, at < reach.valid_to]


def _below(reach: Reach, person_id: ColumnElement[str], day: Day) -> ColumnElement[bool]:
    return exists(
        select(1)
        .select_from(assignment)
        .join(unit_closure, unit_closure.c.descendant_id == assignment.c.unit_id)
        .where(
            assignment.c.person_id == person_id,
            newest(assignment),
            valid(assignment, day),
            unit_closure.c.ancestor_id == reach.unit_id,
            hangs(unit_closure, day),
        )
        .correlate_except(assignment, unit_closure)
    )


def newest(table: FromClause) -> ColumnElement[bool]:
    """Keep of each series the last revision: a right follows what is known by now.

    Not what was known at an instant the asker names: else whoever asks would choose, by the
    instant, an organisation that has been corrected since.
    """
    newer = table.alias()
    return ~exists(
        select(1)
        .select_from(newer)
        .where(newer.c.series_id == table.c.series_id, newer.c.revision > table.c.revision)
        .correlate(table)
    )


def unit_reached(
    connection: Connection,
    actor: Actor,
    resource: Resource,
    *,
    entity_id: str,
    unit_id: str,
    day: date,
    deed: Deed = Deed.READ,
) -> bool:
    """Say whether ``actor`` has the right over a unit, and so over everybody in it, on ``day``."""
    if isinstance(actor, System):
        return True
    return any(
        reach.entity_id == entity_id
        and (reach.range >= Range.ENTITY or _is_below(connection, reach, unit_id, day))
        for reach in reaches(actor, resource, deed)
    )


def _is_below(connection: Connection, reach: Reach, unit_id: str, day: date) -> bool:
    if reach.range is not Range.SUBTREE or not covers(day, reach.valid_from, reach.valid_to):
        return False
    found = select(unit_closure.c.depth).where(
        unit_closure.c.ancestor_id == reach.unit_id,
        unit_closure.c.descendant_id == unit_id,
        hangs(unit_closure, day),
    )
    return connection.execute(found.limit(1)).first() is not None
