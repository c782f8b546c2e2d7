"""The seals of locked pay: leaf hashes, root, and the secret that their salts come from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from storage.engine import Writing
from storage.run_seals import split_leaves
from storage.sealing import opened, sealed_values
from storage.tables import pay_seal


@dataclass(frozen=True, slots=True, kw_only=True)
class PaySeal:
    """What is kept of the sealing of a batch's sheets, as they were locked."""

    id: str
    batch_id: str
    revision: int
    known_at: datetime
    root: str
    secret: bytes
    leaves: tuple[bytes, ...]


def add_pay_seal(writing: Writing, seal: PaySeal) -> None:
    """Add the seal of a batch that was locked."""
    row = {
        "id": seal.id,
        "legal_entity_id": writing.entity_id,
        "batch_id": seal.batch_id,
        "revision": seal.revision,
        "known_at": seal.known_at,
        "size": len(seal.leaves),
        "root": seal.root,
        "secret": seal.secret,
        "leaves": b"".join(seal.leaves),
    }
    writing.connection.execute(insert(pay_seal), sealed_values(writing.connection, pay_seal, row))


def pay_seal_of(connection: Connection, batch_id: str, revision: int) -> PaySeal | None:
    """Return the newest seal of a revision; there is none of what was not locked.

    It lies in a table that only the product reads: the caller has checked whose sheet it is.
    """
    query = select(pay_seal).where(pay_seal.c.batch_id == batch_id, pay_seal.c.revision == revision)
    order = (pay_seal.c.known_at.desc(), pay_seal.c.id.desc())
    row = connection.execute(query.order_by(*order).limit(1)).one_or_none()
    if row is None:
        return None
    return PaySeal(
        id=row.id,
        batch_id=row.batch_id,
        revision=row.revision,
        known_at=row.known_at,
        root=row.root,
        secret=opened(connection, pay_seal.c.secret, row),
        leaves=split_leaves(row.leaves),
    )
