"""Proofs about the sealed trail, for somebody who will check them without this database."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from actions.deed import Runtime, demand_entity
from actions.trail_key import is_signed
from domain.access import Actor, Deed, Resource
from domain.merkle import consistency_proof, inclusion_proof
from domain.problem import Refused
from domain.trail import row_leaf
from domain.trail_proof import (
    checkpoint_document,
    checkpoints_of,
    consistency_document,
    holds,
    inclusion_document,
)
from storage.audit import count_rows, trail_rows
from storage.checkpoints import StoredCheckpoint, checkpoints
from storage.engine import Database, reading


def prove_row(
    runtime: Runtime, actor: Actor, entity_id: str, seq: int, *, number: int | None = None
) -> dict[str, Any]:
    """Prove that the row with the number ``seq`` is among those that a checkpoint sealed.

    The checkpoint is the newest one, or that of ``number``. A row that no longer says what was
    sealed has no proof: that is ``trail_row_edited``.
    """
    demand_entity(actor, Resource.AUDIT, entity_id, Deed.READ)
    with reading(runtime.engine, actor) as connection:
        return proof_of_row(connection, entity_id, seq, number)


def proof_of_row(
    connection: Database, entity_id: str, seq: int, number: int | None
) -> dict[str, Any]:
    """Prove one row on an open connection; whether the asker may is the caller's to know."""
    sealed, leaves = _sealed(connection, entity_id, number)
    rows = list(trail_rows(connection, entity_id, after=seq - 1, through=seq))
    if not rows:
        raise Refused("not_found", {"id": str(seq)})
    index = count_rows(connection, entity_id, through=seq) - 1
    said = sealed.checkpoint
    if seq > said.last_seq or index >= len(leaves):
        raise Refused("trail_row_unsealed", {"seq": str(seq)})
    if row_leaf(rows[0]) != leaves[index]:
        values = {"row": str(index + 1), "seq": str(seq), "checkpoint": str(said.number)}
        raise Refused("trail_row_edited", values)
    path = inclusion_proof(index, leaves)
    return inclusion_document(rows[0], index, path, said, sealed.signature)


def prove_growth(
    runtime: Runtime, actor: Actor, entity_id: str, older: int, newer: int
) -> dict[str, Any]:
    """Prove that the trail of checkpoint ``older`` is the beginning of that of ``newer``."""
    demand_entity(actor, Resource.AUDIT, entity_id, Deed.READ)
    with reading(runtime.engine, actor) as connection:
        first, begun = _sealed(connection, entity_id, min(older, newer))
        second, leaves = _sealed(connection, entity_id, max(older, newer))
    return consistency_document(
        checkpoint_document(first.checkpoint, first.signature),
        checkpoint_document(second.checkpoint, second.signature),
        consistency_proof(len(begun), leaves),
    )


def check_proof(document: object, trusted: Collection[str]) -> None:
    """Refuse a proof that proves nothing to whoever trusts these public keys; needs no database."""
    try:
        found = checkpoints_of(document)
    except (ValueError, TypeError) as broken:
        raise Refused("trail_proof_unreadable") from broken
    for checkpoint, signature in found:
        values = {"checkpoint": str(checkpoint.number)}
        if not is_signed(checkpoint, signature):
            raise Refused("trail_checkpoint_forged", values)
        if checkpoint.public_key not in trusted:
            raise Refused("trail_key_unknown", {**values, "key": checkpoint.public_key})
    if not holds(document):
        raise Refused("trail_proof_wrong")


def _sealed(
    connection: Database, entity_id: str, number: int | None
) -> tuple[StoredCheckpoint, list[bytes]]:
    stored = list(checkpoints(connection, entity_id, through=number))
    if not stored or number not in {None, stored[-1].checkpoint.number}:
        raise Refused("trail_checkpoint_missing", {"checkpoint": str(number or 1)})
    return stored[-1], [leaf for each in stored for leaf in each.leaves]
