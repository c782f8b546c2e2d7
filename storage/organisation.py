"""What is known of people, units, assignments and links while some of it is changed.

One transaction asks and adds; the database hears of it by the table and not by the row. What holds
is the same whether one thing is changed or a thousand: the rules are in ``actions`` and see nothing
but the shelves.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from storage import tables
from storage.engine import Writing
from storage.identities import Identities
from storage.people import rebuild_closure
from storage.shelves import Shelf


class Organisation:
    """The shelves of one legal entity, open for changes in one transaction."""

    def __init__(self, writing: Writing) -> None:
        self.writing = writing
        self.people = Shelf(writing, tables.person, "id", ("source_key", "staff_number"))
        self.places = Shelf(
            writing, tables.unit_place, "series_id", ("unit_id",), self._want_parent
        )
        self.units = Shelf(writing, tables.unit, "id", ("code",), self._want_places)
        self.platforms = Shelf(writing, tables.platform, "id", ("code",))
        self.assignments = Shelf(
            writing, tables.assignment, "series_id", ("source_key", "series_id")
        )
        self.links = Shelf(
            writing, tables.identity_link, "series_id", ("source_key", "identity_id")
        )
        self.identities = Identities(writing, self.links)

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Take back what the block added when it does not end well."""
        shelves = self._shelves()
        marks = [shelf.mark() for shelf in shelves]
        try:
            yield
        except BaseException:
            for shelf, mark in zip(shelves, marks, strict=True):
                shelf.back_to(mark)
            raise

    def write(self) -> None:
        """Bring everything that was added to the database."""
        self.identities.write()  # links refer to them
        for shelf in (self.people, self.units, self.platforms, self.assignments, self.links):
            shelf.write()
        if self.places.write():
            rebuild_closure(self.writing)

    def _shelves(self) -> tuple[Shelf | Identities, ...]:
        of_units = (self.units, self.places, self.platforms)
        return (self.people, self.assignments, self.identities, self.links, *of_units)

    def _want_places(self, unit: Any) -> None:
        self.places.want("unit_id", unit.id)

    def _want_parent(self, place: Any) -> None:
        if place.parent_id is not None:
            self.places.want("unit_id", place.parent_id)
