"""Where the sealed numbers of a statement lie, for whoever reads it on paper."""

from __future__ import annotations

from dataclasses import dataclass

from actions.deed import Runtime
from actions.prove_leaf import included, row_of_root
from actions.prove_statement import header_of, sealed_contents
from actions.seal_run import SEAL_DEED
from domain.access import System
from domain.sealed import RESULT
from domain.trail import Checkpoint
from storage.checkpoints import first_covering
from storage.engine import reading
from storage.run_seals import run_seal_of
from storage.statement_history import ReadStatement

_OWN = System(name="statement")


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedPlace:
    """Where the sealed numbers of a person lie: the leaf, and what it hangs on."""

    leaf: str
    index: int
    size: int
    root: str
    row: int | None  # of the trail
    checkpoint: Checkpoint | None  # the first that covers the row; None while there is none


def sealed_place(runtime: Runtime, read: ReadStatement) -> SealedPlace | None:
    """Find the leaf of a statement that the asker was allowed to read; None without a seal.

    The first checkpoint that covers it is named, not the newest: paper is to stay the same.
    """
    header = header_of(read.run)
    with reading(runtime.engine, _OWN) as connection:
        sealed = run_seal_of(connection, read.run.id)
        if sealed is None:
            return None
        content, _ = sealed_contents(sealed, read.result, read.explained, read.run.id)
        leaf = included(sealed.secret, sealed.leaves, header, RESULT, content)
        row = row_of_root(connection, header, SEAL_DEED, sealed.root)
        covering = first_covering(connection, read.run.entity_id, row) if row else None
        return SealedPlace(
            leaf=sealed.leaves[leaf.index].hex(),
            index=leaf.index,
            size=len(sealed.leaves),
            root=sealed.root,
            row=row,
            checkpoint=covering,
        )
