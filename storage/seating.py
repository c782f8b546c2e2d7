"""The organisation and the links of some days, read as crediting takes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, or_, select

from domain.knowledge import Knowledge
from domain.people import AssignmentRole
from domain.seating import Link, Place, Seat, Seating, seating_of
from storage.fact_rows import Window
from storage.rules import known
from storage.sealing import indexes_of
from storage.tables import assignment, identity, identity_link, unit_closure

_AT_A_TIME = 500
_held = assignment.alias()


def seating(
    connection: Connection,
    entity_id: str,
    window: Window,
    at: Knowledge,
    names: Mapping[str, AbstractSet[str]],
    *,
    with_seats: bool,
    asked: Few | None = None,
) -> Seating:
    """Read who stood where until the end of ``window``, and whom ``names`` by namespace mean.

    Without seats only the names are looked up: most rules ask for nothing else. Where few facts
    are ``asked`` about, the seats of nobody are read who cannot matter to them.
    """
    links = tuple(_links(connection, entity_id, at.links, names))
    if not with_seats:
        return seating_of((), (), links)
    if asked is not None:
        asked = replace(asked, people=asked.people | {each.person for each in links})
    seats = tuple(_seats(connection, entity_id, window, at.organisation, asked))
    places = tuple(_places(connection, entity_id, window, at.organisation))
    return seating_of(seats, places, links)


@dataclass(frozen=True, slots=True, kw_only=True)
class Few:
    """Whose seats matter to some facts: those people, all who lead, all who hold a position."""

    people: frozenset[str]
    positions: frozenset[str]


def _seats(
    connection: Connection, entity_id: str, window: Window, known_at: datetime, few: Few | None
) -> Iterator[Seat]:
    # Those that ended before count too: a leaver's leader is that of the last day.
    query = select(assignment).where(
        known(assignment, known_at, "series_id"),
        assignment.c.legal_entity_id == entity_id,
        assignment.c.voided.is_(False),
        assignment.c.valid_from < window[1],
    )
    if few is not None:
        # All seats of such a person, for a holder of a position may have a seat elsewhere, too.
        holders = select(_held.c.person_id).where(
            _held.c.legal_entity_id == entity_id,
            or_(
                _held.c.role == AssignmentRole.LEAD.value,
                _held.c.position.in_(sorted(few.positions)),
            ),
        )
        person = assignment.c.person_id
        query = query.where(or_(person.in_(sorted(few.people)), person.in_(holders)))
    for row in connection.execute(query):
        yield Seat(
            person=row.person_id,
            unit=row.unit_id,
            platform=row.platform_id,
            position=row.position,
            leads=row.role == AssignmentRole.LEAD.value,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
        )


def _places(
    connection: Connection, entity_id: str, window: Window, known_at: datetime
) -> Iterator[Place]:
    table = unit_closure
    query = select(table).where(
        table.c.legal_entity_id == entity_id,
        table.c.known_at <= known_at,
        or_(table.c.superseded_at.is_(None), table.c.superseded_at > known_at),
        table.c.valid_from < window[1],
        or_(table.c.valid_to.is_(None), table.c.valid_to > window[0]),
    )
    for row in connection.execute(query):
        yield Place(
            unit=row.descendant_id,
            above=row.ancestor_id,
            depth=row.depth,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
        )


def _links(
    connection: Connection,
    entity_id: str,
    known_at: datetime,
    names: Mapping[str, AbstractSet[str]],
) -> Iterator[Link]:
    for namespace, wanted in sorted(names.items()):
        # Names are kept encrypted, and found by a keyed hash of each.
        indexes = indexes_of(connection, identity.c.value, sorted(wanted), entity_id)
        listed = sorted(indexes)
        for start in range(0, len(listed), _AT_A_TIME):
            query = (
                select(identity.c.value_index, identity_link)
                .join(identity_link, identity_link.c.identity_id == identity.c.id)
                .where(
                    identity.c.legal_entity_id == entity_id,
                    identity.c.namespace == namespace,
                    identity.c.value_index.in_(listed[start : start + _AT_A_TIME]),
                    known(identity_link, known_at, "series_id"),
                    identity_link.c.voided.is_(False),
                )
            )
            for row in connection.execute(query):
                yield Link(
                    namespace=namespace,
                    name=indexes[bytes(row.value_index)],
                    person=row.person_id,
                    valid_from=row.valid_from,
                    valid_to=row.valid_to,
                )
