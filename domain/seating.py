"""The organisation as crediting needs it: who stood where, what lay above, whom a name meant.

Plain rows with dates in, answers for one day out. Which rows were known when is the caller's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from domain.access import covers


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One assignment of a person."""

    person: str
    unit: str
    platform: str | None
    position: str
    leads: bool
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One line of the organisation's closure: ``above`` lies ``depth`` steps over ``unit``."""

    unit: str
    above: str
    depth: int
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Whom a name of a source means."""

    namespace: str
    name: str
    person: str
    valid_from: date
    valid_to: date | None


Row = TypeVar("Row", Seat, Place, Link)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seating:
    """Everybody's seats, every unit's place and every name's links, found by what is asked for."""

    by_person: Mapping[str, tuple[Seat, ...]]
    by_unit: Mapping[str, tuple[Seat, ...]]
    places: Mapping[str, tuple[Place, ...]]
    links: Mapping[tuple[str, str], tuple[Link, ...]]

    def seats(self, person: str, day: date) -> tuple[Seat, ...]:
        """Return where somebody stands on ``day``, in a stable order; may be nowhere."""
        return _on(self.by_person.get(person, ()), day)

    def last_seats(self, person: str, day: date) -> tuple[Seat, ...]:
        """Return where somebody stands on ``day``, or stood last before it."""
        found = self.seats(person, day)
        if found:
            return found
        ended = [each for each in self.by_person.get(person, ()) if _end(each) <= day]
        last = max((_end(each) for each in ended), default=None)
        return tuple(each for each in ended if each.valid_to == last)

    def above(self, unit: str, day: date) -> tuple[str, ...]:
        """Return a unit and all that lie over it on ``day``, the nearest first."""
        found = sorted(_on(self.places.get(unit, ()), day), key=lambda each: each.depth)
        return tuple(each.above for each in found) or (unit,)

    def leaders(self, unit: str, day: date) -> tuple[str, ...]:
        """Return who leads a unit on ``day``, by id."""
        seats = _on(self.by_unit.get(unit, ()), day)
        return tuple(sorted({each.person for each in seats if each.leads}))

    def holders(self, position: str, unit: str, day: date) -> tuple[str, ...]:
        """Return who holds a position in a unit itself on ``day``, by id."""
        seats = _on(self.by_unit.get(unit, ()), day)
        return tuple(sorted({each.person for each in seats if each.position == position}))

    def holders_below(self, position: str, unit: str, day: date) -> tuple[str, ...]:
        """Return who holds a position in a unit or anywhere under it on ``day``, by id."""
        return tuple(
            sorted(
                {
                    person
                    for each in self.by_unit
                    if unit in self.above(each, day)
                    for person in self.holders(position, each, day)
                }
            )
        )

    def meant(self, namespace: str, name: str, day: date) -> tuple[str, ...]:
        """Return whom a name is linked to on ``day``: one person, or nobody."""
        links = _on(self.links.get((namespace, name), ()), day)
        return tuple(sorted({each.person for each in links}))


def seating_of(seats: Iterable[Seat], places: Iterable[Place], links: Iterable[Link]) -> Seating:
    """Put rows in order, whatever order they come in."""
    by_person: dict[str, list[Seat]] = {}
    by_unit: dict[str, list[Seat]] = {}
    for seat in sorted(seats, key=_seat_key):
        by_person.setdefault(seat.person, []).append(seat)
        by_unit.setdefault(seat.unit, []).append(seat)
    over: dict[str, list[Place]] = {}
    for place in places:
        over.setdefault(place.unit, []).append(place)
    named: dict[tuple[str, str], list[Link]] = {}
    for link in links:
        named.setdefault((link.namespace, link.name), []).append(link)
    return Seating(
        by_person={key: tuple(rows) for key, rows in by_person.items()},
        by_unit={key: tuple(rows) for key, rows in by_unit.items()},
        places={key: tuple(rows) for key, rows in over.items()},
        links={key: tuple(rows) for key, rows in named.items()},
    )


def _seat_key(seat: Seat) -> tuple[str, date, str, str, str]:
    return (seat.person, seat.valid_from, seat.unit, seat.platform or "", seat.position)


def _end(seat: Seat) -> date:
    return seat.valid_to or date.max


def _on(rows: tuple[Row, ...], day: date) -> tuple[Row, ...]:
    return tuple(each for each in rows if covers(day, each.valid_from, each.valid_to))
