"""Checkpoints: sealed states of the trail, one after another per legal entity."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, exists, insert, literal, select

from domain.merkle import HASH_BYTES
from domain.trail import Checkpoint
from storage.engine import Writing
from storage.tables import anchoring, checkpoint
from storage.types import instant_text


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCheckpoint:
    """A checkpoint as it lies there, with the leaves that it added."""

    checkpoint: Checkpoint
    signature: str
    leaves: tuple[bytes, ...]
    subtrees: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchoring:
    """That a place outside remembers a checkpoint; the receipt helps to find it there."""

    number: int
    anchor: str
    receipt: str
    at: datetime


def add_checkpoint(writing: Writing, sealed: StoredCheckpoint) -> None:
    """Add the next checkpoint; its instant is the transaction's."""
    said = sealed.checkpoint
    writing.connection.execute(
        insert(checkpoint).values(
            legal_entity_id=writing.entity_id,
            number=said.number,
            size=said.size,
            last_seq=said.last_seq,
            root=said.root,
            at=writing.known_at,
            previous=said.previous,
            public_key=said.public_key,
            signature=sealed.signature,
            leaves=b"".join(sealed.leaves),
            subtrees=b"".join(sealed.subtrees),
        )
    )


def last_checkpoint(connection: Connection, entity_id: str) -> StoredCheckpoint | None:
    """Return the newest checkpoint of a legal entity."""
    query = _all(connection, entity_id).order_by(checkpoint.c.number.desc()).limit(1)
    row = connection.execute(query).first()
    return None if row is None else _of(row)


def checkpoints(
    connection: Connection, entity_id: str, *, through: int | None = None
) -> Iterator[StoredCheckpoint]:
    """Read the checkpoints of a legal entity from the first on, to the one of a number."""
    query = _all(connection, entity_id).order_by(checkpoint.c.number)
    if through is not None:
        query = query.where(checkpoint.c.number <= through)
    with connection.execute(query, execution_options={"yield_per": 100}) as found:
        yield from map(_of, found)


def checkpoint_page(
    connection: Connection, entity_id: str, *, before: int | None, size: int
) -> tuple[StoredCheckpoint, ...]:
    """Read the newest checkpoints below a number, without their leaves."""
    query = _all(connection, entity_id, with_leaves=False).order_by(checkpoint.c.number.desc())
    if before is not None:
        query = query.where(checkpoint.c.number < before)
    return tuple(_of(row) for row in connection.execute(query.limit(size)))


def first_covering(connection: Connection, entity_id: str, seq: int) -> Checkpoint | None:
    """Read the first checkpoint that seals a row of the trail; later ones seal it as well."""
    query = _all(connection, entity_id, with_leaves=False).where(checkpoint.c.last_seq >= seq)
    row = connection.execute(query.order_by(checkpoint.c.number).limit(1)).first()
    return None if row is None else _of(row).checkpoint


def unanchored(connection: Connection, entity_id: str, anchor: str) -> tuple[StoredCheckpoint, ...]:
    """Read, without their leaves, the checkpoints that a place does not remember yet."""
    remembered = exists().where(
        anchoring.c.legal_entity_id == checkpoint.c.legal_entity_id,
        anchoring.c.number == checkpoint.c.number,
        anchoring.c.anchor == anchor,
    )
    query = _all(connection, entity_id, with_leaves=False).where(~remembered)
    return tuple(_of(row) for row in connection.execute(query.order_by(checkpoint.c.number)))


def add_anchoring(connection: Connection, entity_id: str, added: Anchoring) -> None:
    """Write down that a place remembers a checkpoint."""
    connection.execute(
        insert(anchoring).values(
            legal_entity_id=entity_id,
            number=added.number,
            anchor=added.anchor,
            receipt=added.receipt,
            at=added.at,
        )
    )


def anchorings(connection: Connection, entity_id: str, numbers: list[int]) -> tuple[Anchoring, ...]:
    """Read where checkpoints are remembered."""
    query = select(anchoring).where(
        anchoring.c.legal_entity_id == entity_id, anchoring.c.number.in_(numbers)
    )
    rows = connection.execute(query.order_by(anchoring.c.number, anchoring.c.anchor))
    return tuple(
        Anchoring(number=row.number, anchor=row.anchor, receipt=row.receipt, at=row.at)
        for row in rows
    )


def _all(
    connection: Connection, entity_id: str, *, with_leaves: bool = True
) -> Select[*tuple[Any, ...]]:
    row = checkpoint.c
    return select(
        row.legal_entity_id,
        row.number,
        row.size,
        row.last_seq,
        row.root,
        instant_text(connection, row.at).label("at"),
        row.previous,
        row.public_key,
        row.signature,
        row.leaves if with_leaves else literal(b"").label("leaves"),
        row.subtrees,
    ).where(row.legal_entity_id == entity_id)


def _of(row: Row[Any]) -> StoredCheckpoint:
    return StoredCheckpoint(
        checkpoint=Checkpoint(
            entity_id=row.legal_entity_id,
            number=row.number,
            size=row.size,
            last_seq=row.last_seq,
            root=row.root,
            at=row.at,
            previous=row.previous,
            public_key=row.public_key,
        ),
        signature=row.signature,
        leaves=_hashes(row.leaves),
        subtrees=_hashes(row.subtrees),
    )


def _hashes(joined: bytes) -> tuple[bytes, ...]:
    return tuple(joined[start : start + HASH_BYTES] for start in range(0, len(joined), HASH_BYTES))
