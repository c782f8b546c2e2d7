"""Verifying the trail: every row and every checkpoint again, and the first that does not fit."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

from actions.anchor_trail import anchored_copies
from actions.deed import Runtime, demand_entity
from actions.trail_key import KeptCheckpoint, is_signed, kept, kept_file, public_key
from domain.access import Actor, Deed, Resource
from domain.merkle import Tree
from domain.problem import Problem
from domain.trail import Misfit, RowFault, first_misfit, row_leaf
from storage.audit import count_rows, trail_rows
from storage.checkpoints import StoredCheckpoint, checkpoints
from storage.engine import Database, reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What was found; without problems the sealed rows are those that were sealed, all of them."""

    sealed: int  # rows under a sound checkpoint
    unsealed: int  # rows that came later: nothing can be said of them yet
    checkpoints: int  # sound ones
    head: str | None  # the hash of the last of them
    problems: tuple[Problem, ...]


@dataclass(slots=True)
class _Sound:
    """The checkpoints that fit, from the first one on, and what they say of the rows."""

    tree: Tree = field(default_factory=Tree)
    leaves: list[bytes] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    hashes: list[str] = field(default_factory=list)
    last_seq: int | None = None

    @property
    def head(self) -> str | None:
        return self.hashes[-1] if self.hashes else None


def verify_trail(
    runtime: Runtime,
    actor: Actor,
    entity_id: str,
    *,
    public_keys: Collection[str] = (),
    copies: Iterable[KeptCheckpoint] = (),
) -> Verified:
    """Verify the trail of a legal entity against its checkpoints.

    Trusted are the key of this installation and ``public_keys``; ``copies`` are checkpoints that
    were kept elsewhere, beside those that the data folder and the anchors remember.
    """
    demand_entity(actor, Resource.AUDIT, entity_id, Deed.READ)
    own = public_key(runtime.data_folder)
    trusted = {*public_keys, *((own,) if own else ())}
    anchored, problems = anchored_copies(runtime)
    remembered = (*kept(kept_file(runtime.data_folder)), *anchored, *copies)
    with reading(runtime.engine, actor) as connection:
        found = verify_on(connection, entity_id, trusted, remembered)
    return replace(found, problems=(*found.problems, *problems))


def verify_on(
    connection: Database,
    entity_id: str,
    trusted: Collection[str],
    remembered: Iterable[KeptCheckpoint],
) -> Verified:
    """Verify on an open connection."""
    sound = _Sound()
    problems = []
    for stored in checkpoints(connection, entity_id):
        grown = Tree(sound.tree.size, sound.tree.subtrees)
        grown.grow(stored.leaves)
        broken = _fault(sound, stored, grown, trusted)
        if broken is not None:
            problems.append(broken)
            break
        _accept(sound, stored, grown)
    else:
        problems.extend(_forgotten(sound, entity_id, remembered))
    if sound.last_seq is not None:
        problems[:0] = _rows(connection, entity_id, sound)
    return Verified(
        sealed=len(sound.leaves),
        unsealed=count_rows(connection, entity_id, after=sound.last_seq),
        checkpoints=len(sound.hashes),
        head=sound.head,
        problems=tuple(problems),
    )


def _fault(
    sound: _Sound, stored: StoredCheckpoint, grown: Tree, trusted: Collection[str]
) -> Problem | None:
    said = stored.checkpoint
    wanted = len(sound.hashes) + 1
    values = {"checkpoint": str(wanted)}
    if said.number != wanted:
        return Problem(code="trail_checkpoint_missing", values=values)
    if not is_signed(said, stored.signature):
        return Problem(code="trail_checkpoint_forged", values=values)
    if said.public_key not in trusted:
        return Problem(code="trail_key_unknown", values={**values, "key": said.public_key})
    fits = (
        said.previous == sound.head
        and said.size == grown.size
        and said.root == grown.root().hex()
        and stored.subtrees == grown.subtrees
        and (sound.last_seq is None or said.last_seq > sound.last_seq)
    )
    return None if fits else Problem(code="trail_checkpoint_forged", values=values)


def _accept(sound: _Sound, stored: StoredCheckpoint, grown: Tree) -> None:
    sound.tree = grown
    sound.leaves.extend(stored.leaves)
    sound.sizes.append(stored.checkpoint.size)
    sound.hashes.append(stored.checkpoint.hash)
    sound.last_seq = stored.checkpoint.last_seq


def _forgotten(
    sound: _Sound, entity_id: str, remembered: Iterable[KeptCheckpoint]
) -> list[Problem]:
    """Find the first checkpoint that was remembered elsewhere and is not here, or not the same."""
    gone = [
        copy.number
        for copy in remembered
        if copy.entity_id == entity_id
        and copy.hash not in sound.hashes[copy.number - 1 : copy.number]
    ]
    if not gone:
        return []
    first = min(gone)
    code = "trail_checkpoint_missing" if first > len(sound.hashes) else "trail_checkpoint_forged"
    return [Problem(code=code, values={"checkpoint": str(first)})]


def _rows(connection: Database, entity_id: str, sound: _Sound) -> list[Problem]:
    numbers, leaves = [], []
    for row in trail_rows(connection, entity_id, through=sound.last_seq):
        numbers.append(row.seq)
        leaves.append(row_leaf(row))
    misfit = first_misfit(sound.leaves, leaves)
    return [] if misfit is None else [_told(misfit, numbers, sound)]


def _told(misfit: Misfit, numbers: list[int], sound: _Sound) -> Problem:
    values = {
        "row": str(misfit.index + 1),
        "checkpoint": str(min(bisect_right(sound.sizes, misfit.index) + 1, len(sound.sizes))),
    }
    if misfit.fault not in {RowFault.DELETED, RowFault.TRUNCATED}:
        values["seq"] = str(numbers[misfit.index])
    return Problem(code=misfit.fault.value, values=values)
