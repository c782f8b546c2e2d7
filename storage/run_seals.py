"""The seals of posted runs: leaf hashes, root, and the secret that their salts come from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select

from domain.document import canonical
from domain.merkle import HASH_BYTES
from storage.engine import Writing
from storage.sealing import opened, sealed_values
from storage.tables import run_seal


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSeal:
    """What is kept of the sealing of one run."""

    run_id: str
    root: str
    secret: bytes
    leaves: tuple[bytes, ...]
    cohorts: tuple[Mapping[str, Any], ...]  # the contents of the leaves about groups


def add_run_seal(writing: Writing, seal: RunSeal) -> None:
    """Add the seal of a run, once."""
    row = {
        "run_id": seal.run_id,
        "legal_entity_id": writing.entity_id,
        "size": len(seal.leaves),
        "root": seal.root,
        "secret": seal.secret,
        "leaves": b"".join(seal.leaves),
        "cohorts": canonical(list(seal.cohorts)),
    }
    writing.connection.execute(insert(run_seal), sealed_values(writing.connection, run_seal, row))


def run_seal_of(connection: Connection, run_id: str) -> RunSeal | None:
    """Return the seal of a run; a trial has none, and neither have runs of before there were seals.

    It lies in a table that only the product reads: the caller has checked whose statement it is.
    """
    row = connection.execute(select(run_seal).where(run_seal.c.run_id == run_id)).one_or_none()
    if row is None:
        return None
    cohorts = opened(connection, run_seal.c.cohorts, row)
    return RunSeal(
        run_id=row.run_id,
        root=row.root,
        secret=opened(connection, run_seal.c.secret, row),
        leaves=split_leaves(row.leaves),
        cohorts=tuple(json.loads(cohorts)),
    )


def split_leaves(joined: bytes) -> tuple[bytes, ...]:
    """Take hashes apart that are kept one after another."""
    return tuple(joined[start : start + HASH_BYTES] for start in range(0, len(joined), HASH_BYTES))
