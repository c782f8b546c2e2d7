"""The proof of one payout as a document: whoever holds it needs neither our server nor our code.

Everything in it is checked by ``verifier/attain_verify.py`` but what stands under ``labels``: names
for the reader. A trial has no ``seal``, and neither has a run whose row no checkpoint covers yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from domain.document import without_absent
from domain.program import Line
from domain.sealed import RunHeader
from domain.statement import Statement
from domain.unit import DECIMALS, from_steps

PROOF_FORMAT = "attain.proof/1"
PACK_FORMAT = "attain.pack/1"
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Included:
    """A sealed document with its way up to the root of the run."""

    document: Mapping[str, Any]
    index: int
    path: Sequence[bytes]

    def write(self) -> dict[str, Any]:
        """Write it as it stands in a proof."""
        return {
            "document": dict(self.document),
            "index": self.index,
            "path": [step.hex() for step in self.path],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """How the sealed documents of a payout hang on a signed checkpoint."""

    result: Included
    cohorts: tuple[Included, ...]
    root: str
    size: int
    trail: Mapping[str, Any] | None  # the inclusion of the run's row; None when it waits
    anchors: Sequence[Mapping[str, str]] = ()

    def write(self) -> dict[str, Any]:
        """Write it as it stands in a proof."""
        return {
            "result": self.result.write(),
            "cohorts": [each.write() for each in self.cohorts],
            "root": self.root,
            "size": self.size,
            "trail": self.trail,
        }


def proof_document(
    *,
    header: RunHeader,
    statement: Statement,
    documents: Mapping[str, Any],
    seal: Seal | Mapping[str, Any],
    labels: Mapping[str, Any],
) -> dict[str, Any]:
    """Write the proof of a statement; ``documents`` are the scorecard and the plan, where any.

    What is not sealed has its bare content in place of a seal, so that its lines can be computed.
    """
    anchors = list(seal.anchors) if isinstance(seal, Seal) else []
    unsealed = {} if isinstance(seal, Seal) else {"content": dict(seal)}
    return {
        "format": PROOF_FORMAT,
        "run": run_document(header),
        "statement": statement.document,
        "hash": statement.hash,
        "shown": {
            "score": _shown(statement.score_lines),
            "pay": _shown(statement.pay_lines),
        },
        "documents": without_absent(documents),
        "seal": seal.write() if isinstance(seal, Seal) else None,
        **unsealed,
        "labels": {**labels, "anchors": anchors},
    }


def run_document(header: RunHeader) -> dict[str, Any]:
    """Write of which run a proof is, as it is checked against the leaf."""
    return {
        "id": header.run_id,
        "entity": header.entity_id,
        "period": header.period,
        "mode": header.mode,
        "knownAt": header.known_at,
        "final": header.final,
    }


def pack_manifest(
    header: RunHeader, person_id: str, files: Mapping[str, bytes], public_key: str
) -> dict[str, Any]:
    """Name the files of a pack with their hashes: what is signed of it."""
    return {
        "format": PACK_FORMAT,
        "person": person_id,
        "run": run_document(header),
        "files": {name: sha256(content).hexdigest() for name, content in sorted(files.items())},
        "publicKey": public_key,
    }


def _shown(lines: Sequence[Line]) -> dict[str, str | None]:
    return {line.name: shown(line.value, line.unit) for line in lines}


def shown(value: int | None, unit: str) -> str | None:
    """Write a number as a person reads it, in the decimals of its unit: "5000.00"."""
    if value is None:
        return None
    return f"{from_steps(value, unit):f}" if unit in DECIMALS else str(value)
