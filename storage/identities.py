"""Who a source means: its names for people, and the dated links from a name to a person."""

from __future__ import annotations

from sqlalchemy import Connection, select

from storage.bulk import add_rows
from storage.engine import Writing
from storage.records import identity_ids
from storage.sealing import opened
from storage.shelves import Shelf
from storage.tables import identity

_Name = tuple[str, str]  # namespace and what the source calls somebody


def identity_value(connection: Connection, entity_id: str, identity_id: str) -> str | None:
    """Return what a source calls the person, or None when the entity has no such identity."""
    found = connection.execute(
        select(identity).where(
            identity.c.id == identity_id, identity.c.legal_entity_id == entity_id
        )
    ).one_or_none()
    return None if found is None else str(opened(connection, identity.c.value, found))


class Identities:
    """Sources' names for people: the id of each, as far as they were asked for or added."""

    def __init__(self, writing: Writing, links: Shelf) -> None:
        self._writing = writing
        self._links = links
        self._wanted: set[_Name] = set()
        self._asked: set[_Name] = set()
        self._ids: dict[_Name, str] = {}
        self._values: dict[str, str] = {}
        self._added: list[_Name] = []

    def want(self, namespace: str, value: str) -> None:
        """Say that a name is going to be asked for."""
        self._wanted.add((namespace, value))

    def find(self, namespace: str, value: str) -> str | None:
        """Return the id of a name, or None when it was never seen."""
        name = (namespace, value)
        if name not in self._asked:
            names = sorted((self._wanted | {name}) - self._asked)
            self._asked.update(names)
            self._wanted.clear()
            found = identity_ids(self._writing.connection, self._writing.entity_id, names)
            self._ids |= found
            for (_, text), identifier in found.items():
                self._values[identifier] = text
                self._links.want("identity_id", identifier)
        return self._ids.get(name)

    def add(self, identifier: str, namespace: str, value: str) -> None:
        """Remember a name that was never seen, linked to nobody yet."""
        self._ids[(namespace, value)] = identifier
        self._values[identifier] = value
        self._added.append((namespace, value))
        self._links.has_none("identity_id", identifier)

    def value_of(self, identifier: str) -> str | None:
        """Return what a source calls the person, or None when there is no such identity."""
        if identifier in self._values:
            return self._values[identifier]
        return identity_value(self._writing.connection, self._writing.entity_id, identifier)

    def mark(self) -> int:
        """Return how many were added, for ``back_to``."""
        return len(self._added)

    def back_to(self, mark: int) -> None:
        """Forget those added since."""
        while len(self._added) > mark:
            del self._ids[self._added.pop()]

    def write(self) -> None:
        """Bring those added to the database."""
        shared = {
            "legal_entity_id": self._writing.entity_id,
            "first_seen_at": self._writing.known_at,
        }
        rows = [
            {"id": self._ids[name], "namespace": name[0], "value": name[1], **shared}
            for name in self._added
        ]
        add_rows(self._writing.connection, identity, rows)
        self._added.clear()
