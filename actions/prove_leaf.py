"""How one sealed document hangs on a signed checkpoint: its place in a tree, and the tree's row."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Any

from actions.prove_trail import proof_of_row
from domain.document import canonical
from domain.merkle import inclusion_proof
from domain.problem import Refused
from domain.proof import Included
from domain.sealed import RunHeader, salt_of, sealed_leaf
from storage.audit import TrailFilter, trail_page
from storage.checkpoints import anchorings, checkpoint_page
from storage.engine import Database
from storage.types import text_of_instant

_LOOKED_BACK = 100  # checkpoints, for one that is remembered outside
_SEALED_AGAIN = 50  # rows about one subject, for the one that names the root


def included(
    secret: bytes,
    leaves: Sequence[bytes],
    header: RunHeader,
    kind: str,
    content: Mapping[str, Any],
) -> Included:
    """Find the leaf of some content, or refuse: then it is not what was sealed."""
    written = canonical(content)
    salt = salt_of(secret, written)
    leaf = sealed_leaf(written, header.tail(kind), salt)
    index = bisect_left(leaves, leaf)
    if index == len(leaves) or leaves[index] != leaf:
        raise Refused("proof_leaf_missing", {"run": header.run_id})
    return Included(
        document=header.document(kind, content, salt),
        index=index,
        path=inclusion_proof(index, leaves),
    )


def row_of_root(connection: Database, header: RunHeader, action: str, root: str) -> int | None:
    """Return the number of the trail's row that names a root; None while there is none."""
    wanted = TrailFilter(action=action, subject_id=header.run_id)
    found = trail_page(connection, header.entity_id, wanted, below=None, size=_SEALED_AGAIN)
    return next((each.seq for each in found if _root(each.details) == root), None)


def way_to_checkpoint(
    connection: Database, header: RunHeader, action: str, root: str
) -> tuple[dict[str, Any] | None, list[dict[str, str]]]:
    """Prove the row of the trail that names a root; nothing while no checkpoint covers it.

    The checkpoint is the newest that a place outside remembers, or the newest of all.
    """
    row = row_of_root(connection, header, action, root)
    newest = checkpoint_page(connection, header.entity_id, before=None, size=_LOOKED_BACK)
    covering = [
        each.checkpoint.number
        for each in newest
        if row is not None and each.checkpoint.last_seq >= row
    ]
    if row is None or not covering:
        return None, []
    remembered = anchorings(connection, header.entity_id, covering)
    number = max((each.number for each in remembered), default=covering[0])
    anchors = [
        {"anchor": each.anchor, "receipt": each.receipt, "at": text_of_instant(each.at)}
        for each in remembered
        if each.number == number
    ]
    return proof_of_row(connection, header.entity_id, row, number), anchors


def _root(details: Any) -> object:
    said = json.loads(details) if isinstance(details, str) else details
    return said.get("root")
