"""Sealing the trail: its new rows go under a signed checkpoint, so that no change stays unseen."""

from __future__ import annotations

from actions.deed import Runtime, demand_entity
from actions.trail_key import keep, line_of, public_half, sign, signing_key
from domain.access import Actor, Resource
from domain.merkle import Tree
from domain.problem import Refused
from domain.trail import Checkpoint, row_leaf
from storage.audit import count_rows, trail_rows
from storage.checkpoints import StoredCheckpoint, add_checkpoint, last_checkpoint
from storage.engine import Writing, reading
from storage.types import text_of_instant


def seal_trail(runtime: Runtime, actor: Actor, entity_id: str) -> Checkpoint | None:
    """Seal all rows that are new and return the checkpoint; None when nothing is new.

    The entity's turn to write is taken, so no row can be on its way with a lower number. A copy
    is remembered in the data folder once the checkpoint is safe in the database.
    """
    demand_entity(actor, Resource.AUDIT, entity_id)
    with reading(runtime.engine, actor) as connection:
        before = last_checkpoint(connection, entity_id)
        after = None if before is None else before.checkpoint.last_seq
        if count_rows(connection, entity_id, after=after) == 0:
            return None
    with runtime.writing(entity_id, actor) as opened:
        sealed = _seal(runtime, opened)
    if sealed is None:
        return None
    keep(runtime.data_folder, line_of(sealed.checkpoint, sealed.signature))
    return sealed.checkpoint


def _seal(runtime: Runtime, opened: Writing) -> StoredCheckpoint | None:
    before = last_checkpoint(opened.connection, opened.entity_id)
    tree = _tree_of(before)
    last_seq = None if before is None else before.checkpoint.last_seq
    leaves = []
    for row in trail_rows(opened.connection, opened.entity_id, after=last_seq):
        leaves.append(row_leaf(row))
        last_seq = row.seq
    if last_seq is None or not leaves:
        return None  # somebody else sealed them in between
    tree.grow(leaves)
    key = signing_key(runtime.data_folder)
    made = Checkpoint(
        entity_id=opened.entity_id,
        number=1 if before is None else before.checkpoint.number + 1,
        size=tree.size,
        last_seq=last_seq,
        root=tree.root().hex(),
        at=text_of_instant(opened.known_at),
        previous=None if before is None else before.checkpoint.hash,
        public_key=public_half(key),
    )
    sealed = StoredCheckpoint(
        checkpoint=made,
        signature=sign(key, made),
        leaves=tuple(leaves),
        subtrees=tree.subtrees,
    )
    add_checkpoint(opened, sealed)
    return sealed


def _tree_of(before: StoredCheckpoint | None) -> Tree:
    """Return the tree to go on from; nothing is built on a checkpoint that contradicts itself."""
    if before is None:
        return Tree()
    said = before.checkpoint
    try:
        tree = Tree(said.size, before.subtrees)
    except (ValueError, AttributeError) as broken:
        raise Refused("trail_checkpoint_forged", {"checkpoint": str(said.number)}) from broken
    if tree.root().hex() != said.root:
        raise Refused("trail_checkpoint_forged", {"checkpoint": str(said.number)})
    return tree
