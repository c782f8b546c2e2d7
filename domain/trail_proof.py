"""Proofs about the sealed trail that anybody can check who has a checkpoint and nothing else.

An *inclusion* proof says that a row stands in the trail that a checkpoint sealed; a *consistency*
proof says that an older checkpoint's trail is the beginning of a newer one's. Both are JSON
documents; hashes are in hex. Who signed a checkpoint is not looked at here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from domain.merkle import HASH_BYTES, is_consistent, is_included
from domain.trail import CHECKPOINT_FORMAT, Checkpoint, TrailRow, row_leaf

INCLUSION_FORMAT = "attain.trail_inclusion/1"
CONSISTENCY_FORMAT = "attain.trail_consistency/1"

# The names of a row and of a checkpoint in a document, and of the same thing in the code.
_ROW = {
    "entity": "entity_id",
    "account": "account_id",
    "action": "action",
    "subject": "subject_id",
    "details": "details",
    "at": "at",
}
_ACTING = {"onBehalfOf": "on_behalf_of"}  # only in the row of somebody who acted for another
_CHECKPOINT = {
    "entity": "entity_id",
    "number": "number",
    "size": "size",
    "lastSeq": "last_seq",
    "root": "root",
    "at": "at",
    "previous": "previous",
    "publicKey": "public_key",
}


def inclusion_document(
    row: TrailRow, index: int, path: Sequence[bytes], checkpoint: Checkpoint, signature: str
) -> dict[str, Any]:
    """Write the proof that ``row`` is the leaf at ``index`` of the sealed tree."""
    names = _ROW if row.on_behalf_of is None else _ROW | _ACTING
    return {
        "format": INCLUSION_FORMAT,
        "row": {name: getattr(row, field) for name, field in names.items()},
        "index": index,
        "path": [step.hex() for step in path],
        "checkpoint": checkpoint_document(checkpoint, signature),
    }


def consistency_document(
    older: Mapping[str, Any], newer: Mapping[str, Any], path: Sequence[bytes]
) -> dict[str, Any]:
    """Write the proof that the older checkpoint's trail begins the newer one's."""
    return {
        "format": CONSISTENCY_FORMAT,
        "older": dict(older),
        "newer": dict(newer),
        "path": [step.hex() for step in path],
    }


def checkpoint_document(checkpoint: Checkpoint, signature: str) -> dict[str, Any]:
    """Write a signed checkpoint."""
    said = {name: getattr(checkpoint, field) for name, field in _CHECKPOINT.items()}
    return {"format": CHECKPOINT_FORMAT, **said, "signature": signature}


def read_checkpoint(document: object) -> tuple[Checkpoint, str]:
    """Read a signed checkpoint and its signature; ValueError when it is none."""
    said = _object(document)
    texts = {"entity", "root", "at", "publicKey", "signature"}
    numbers = {"number", "size", "lastSeq"}
    wrong = [name for name in texts if not isinstance(said.get(name), str)]
    wrong.extend(name for name in numbers if type(said.get(name)) is not int)
    previous = said.get("previous")
    if wrong or said.get("format") != CHECKPOINT_FORMAT or not isinstance(previous, str | None):
        raise ValueError("not a checkpoint")
    fields: dict[str, Any] = {field: said[name] for name, field in _CHECKPOINT.items()}
    return Checkpoint(**fields), str(said["signature"])


def holds(document: object) -> bool:
    """Say whether a proof proves what it says, given that its checkpoints are genuine.

    >>> holds({"format": "attain.trail_inclusion/1"})
    False
    """
    try:
        said = _object(document)
        if said.get("format") == INCLUSION_FORMAT:
            return _is_in(said)
        return said.get("format") == CONSISTENCY_FORMAT and _begins(said)
    except (ValueError, TypeError, KeyError, RecursionError):
        return False


def checkpoints_of(document: object) -> tuple[tuple[Checkpoint, str], ...]:
    """Return the checkpoints that a proof rests on, with their signatures; ValueError if broken."""
    said = _object(document)
    names = ("checkpoint",) if said.get("format") == INCLUSION_FORMAT else ("older", "newer")
    return tuple(read_checkpoint(said.get(name)) for name in names)


def _is_in(said: Mapping[str, Any]) -> bool:
    ((checkpoint, _),) = checkpoints_of(said)
    row = _object(said["row"])
    names = _ROW if row.get("onBehalfOf") is None else _ROW | _ACTING
    if row.keys() != names.keys() or row["entity"] != checkpoint.entity_id:
        return False
    leaf = row_leaf(TrailRow(seq=0, **{field: row[name] for name, field in names.items()}))
    path, root = _hashes(said["path"]), bytes.fromhex(checkpoint.root)
    return is_included(leaf, _index(said["index"]), checkpoint.size, path, root)


def _begins(said: Mapping[str, Any]) -> bool:
    (older, _), (newer, _) = checkpoints_of(said)
    return (
        older.entity_id == newer.entity_id
        and older.number <= newer.number
        and is_consistent(
            older.size,
            newer.size,
            bytes.fromhex(older.root),
            bytes.fromhex(newer.root),
            _hashes(said["path"]),
        )
    )


def _object(document: object) -> Mapping[str, Any]:
    if not isinstance(document, dict):
        raise TypeError("a proof is an object")
    return document


def _index(value: object) -> int:
    if type(value) is not int:
        raise TypeError("an index is a whole number")
    return value


def _hashes(values: object) -> list[bytes]:
    if not isinstance(values, list):
        raise TypeError("a path is a list")
    found = [bytes.fromhex(value) for value in values]
    if any(len(step) != HASH_BYTES for step in found):
        raise ValueError("a step of a path is a hash")
    return found
