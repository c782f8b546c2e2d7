"""The keys of an installation: a key from outside wraps the data keys, which seal the values.

The key from outside (the key-encryption key) is behind ``KeyWrapper``: a file or a variable now, a
key service later. Data keys lie wrapped in the table ``data_key`` and are unwrapped in memory.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection, Row, Select, and_, insert, inspect, select

from storage.cipher import (
    ID_BYTES,
    KEY_BYTES,
    Aead,
    SealBroken,
    Suite,
    aead_of,
    head_of,
    key_id_of,
    keyed_hash,
    seal,
    unseal,
)
from storage.sealed import Purpose
from storage.tables import data_key, knowledge

ACTIVE, RETIRING, RETIRED = "ACTIVE", "RETIRING", "RETIRED"
_OPTION = "attain_keys"


class KeyWrong(Exception):  # noqa: N818 - a fault, named after what is wrong
    """The key from outside is not the one that wraps the data keys of this database."""


class KeyWrapper(Protocol):
    """The key-encryption key, wherever it is kept: a file here, a key service elsewhere."""

    @property
    def name(self) -> str:
        """Tell this key from others without giving anything of it away: 16 characters."""
        ...

    def wrap(self, key: bytes, about: bytes) -> bytes:
        """Encrypt a data key for the place that ``about`` names."""
        ...

    def unwrap(self, wrapped: bytes, about: bytes) -> bytes:
        """Decrypt it again, or raise KeyWrong."""
        ...


class LocalKey:
    """A key-encryption key that is held in memory; it does not show itself."""

    def __init__(self, key: bytes, suite: Suite = Suite.INTL) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a key has {KEY_BYTES} bytes")
        self._aead = aead_of(suite, key)
        told = hashlib.sha256(b"attain key-encryption key" + key).digest()
        self._head = head_of(suite, told[:ID_BYTES].hex())

    @property
    def name(self) -> str:
        """Tell this key from others."""
        return self._head[1:].hex()

    def wrap(self, key: bytes, about: bytes) -> bytes:
        """Encrypt a data key."""
        return seal(self._aead, self._head, key, about)

    def unwrap(self, wrapped: bytes, about: bytes) -> bytes:
        """Decrypt it again."""
        try:
            return unseal(self._aead, wrapped, about)
        except SealBroken:
            raise KeyWrong("a data key does not open under this key") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataKey:
    """A data key ready for use."""

    id: str
    head: bytes
    suite: Suite
    secret: bytes = field(repr=False)
    aead: Aead = field(repr=False)

    def seal(self, place: str, plain: bytes) -> bytes:
        """Encrypt ``plain`` for ``place``."""
        return seal(self.aead, self.head, plain, f"{place}|{self.id}".encode())

    def open(self, place: str, sealed: bytes) -> bytes:
        """Decrypt what was sealed for ``place``."""
        return unseal(self.aead, sealed, f"{place}|{self.id}".encode())

    def index(self, place: str, text: str) -> bytes:
        """Return the bytes by which ``text`` is found again in ``place``."""
        about = f"{place}|{text}".encode("utf-8", "surrogatepass")
        return bytes.fromhex(self.id) + keyed_hash(self.suite, self.secret, about)


class Keyring:
    """Finds, makes and remembers data keys; one for the life of the process."""

    def __init__(self, wrapper: KeyWrapper, suite: Suite = Suite.INTL) -> None:
        self.wrapper = wrapper
        self.suite = suite
        self._opened: dict[str, DataKey] = {}

    def active(self, connection: Connection, entity_id: str, purpose: Purpose) -> DataKey:
        """Return the key under which new values of an entity are sealed; the first use makes it.

        Asked anew in every transaction: a rotation elsewhere counts from its commit on.
        """
        found: Row[Any] | None = None
        for row in connection.execute(_keys_of(entity_id, purpose)):
            if row.state == RETIRED:
                self._opened.pop(row.id, None)
            if row.state == ACTIVE:
                found = row
        if found is None:
            return self.add(connection, entity_id, purpose, version=1)
        return self._unwrapped(found)

    def of_value(self, connection: Connection, sealed: bytes) -> DataKey:
        """Return the key under which a stored value lies; a retired one is refused."""
        key_id = key_id_of(sealed)
        found = self._opened.get(key_id)
        if found is not None:
            return found
        row = connection.execute(select(data_key).where(data_key.c.id == key_id)).one_or_none()
        if row is None or row.state == RETIRED or row.wrapped is None:
            raise SealBroken("a stored value lies under a key that is gone")
        return self._unwrapped(row)

    def indexing(self, connection: Connection, entity_id: str | None) -> tuple[DataKey, ...]:
        """Return the keys by which texts may be indexed: two while a rotation is under way.

        Without an entity those of every entity that the transaction sees.
        """
        wanted = and_(data_key.c.purpose == Purpose.INDEX, data_key.c.state != RETIRED)
        if entity_id is not None:
            wanted &= data_key.c.legal_entity_id == entity_id
        rows = connection.execute(select(data_key).where(wanted).order_by(data_key.c.id))
        return tuple(self._unwrapped(row) for row in rows)

    def add(
        self, connection: Connection, entity_id: str, purpose: Purpose, version: int
    ) -> DataKey:
        """Make the active key of a purpose, wrapped; the caller has taken the entity's turn."""
        key_id, secret = os.urandom(ID_BYTES).hex(), os.urandom(KEY_BYTES)
        now = select(knowledge.c.known_at).where(knowledge.c.legal_entity_id == entity_id)
        made_at: datetime = connection.execute(now).scalar_one()
        connection.execute(
            insert(data_key).values(
                id=key_id,
                legal_entity_id=entity_id,
                purpose=purpose.value,
                version=version,
                state=ACTIVE,
                suite=self.suite.value,
                wrapped=self.wrapper.wrap(secret, about_key(key_id, entity_id, purpose)),
                kek=self.wrapper.name,
                made_at=made_at,
            )
        )
        # Behind the insert, which waits for a rotation of the outer key: a process that still has
        # the old one must not wrap with it.
        self.demand_own(connection)
        return _ready(key_id, self.suite, secret)

    def demand_own(self, connection: Connection) -> None:
        """Raise KeyWrong when a live data key is wrapped by another key than ours."""
        other = select(data_key.c.id).where(
            data_key.c.kek != self.wrapper.name, data_key.c.state != RETIRED
        )
        if connection.execute(other.limit(1)).first() is not None:
            raise KeyWrong("the data keys are wrapped by another key")

    def check(self, connection: Connection) -> None:
        """Raise KeyWrong unless every live data key opens; they are remembered."""
        self.demand_own(connection)
        for row in connection.execute(select(data_key).where(data_key.c.state != RETIRED)):
            self._unwrapped(row)

    def forget(self, key_id: str) -> None:
        """Refuse a key that was retired."""
        self._opened.pop(key_id, None)

    def _unwrapped(self, row: Row[Any]) -> DataKey:
        found = self._opened.get(row.id)
        if found is None:
            about = about_key(row.id, row.legal_entity_id, Purpose(row.purpose))
            found = _ready(row.id, Suite(row.suite), self.wrapper.unwrap(row.wrapped, about))
            self._opened[row.id] = found
        return found


def about_key(key_id: str, entity_id: str, purpose: Purpose) -> bytes:
    """Say what a wrapped key is: it opens in no other row of the table."""
    return f"data_key|{key_id}|{entity_id}|{purpose.value}".encode()


def _ready(key_id: str, suite: Suite, secret: bytes) -> DataKey:
    return DataKey(
        id=key_id,
        head=head_of(suite, key_id),
        suite=suite,
        secret=secret,
        aead=aead_of(suite, secret),
    )


def _keys_of(entity_id: str, purpose: Purpose) -> Select[Any]:
    return select(data_key).where(
        data_key.c.legal_entity_id == entity_id, data_key.c.purpose == purpose.value
    )


def options_for(keys: Keyring | None) -> dict[str, object]:
    """Return the options by which every connection of an engine knows its keys."""
    return {_OPTION: keys}


def keys_of(connection: Connection) -> Keyring:
    """Return the keys of the installation whose database this is."""
    keys = connection.get_execution_options().get(_OPTION)
    if not isinstance(keys, Keyring):
        raise KeyWrong("the database was opened without its keys")
    return keys


def has_data_keys(connection: Connection) -> bool:
    """Say whether anything in the database may be encrypted already."""
    if not inspect(connection).has_table(data_key.name):
        return False
    return connection.execute(select(data_key.c.id).limit(1)).first() is not None
