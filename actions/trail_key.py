"""What the data folder keeps of a sealed trail: the signing key, and a copy of each checkpoint."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from actions.key_file import make_once, write_for_owner
from domain.trail import Checkpoint
from domain.trail_proof import checkpoint_document


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCheckpoint:
    """What is remembered of a checkpoint outside of the database."""

    entity_id: str
    number: int
    hash: str


def key_file(folder: Path) -> Path:
    """Return where the signing key lies."""
    return folder / "trail.key"


def kept_file(folder: Path) -> Path:
    """Return where the copies of the checkpoints lie, one line each."""
    return folder / "trail.checkpoints"


def signing_key(folder: Path) -> Ed25519PrivateKey:
    """Return the key of this installation; the first call makes it, readable by its owner only."""
    place = key_file(folder)
    make_once(place, Ed25519PrivateKey.generate().private_bytes_raw().hex() + "\n")
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(place.read_text("ascii")))


def public_key(folder: Path) -> str | None:
    """Return the public key of this installation in hex, if it has a key yet."""
    return public_half(signing_key(folder)) if key_file(folder).exists() else None


def public_half(key: Ed25519PrivateKey) -> str:
    """Return the public key in hex."""
    return key.public_key().public_bytes_raw().hex()


def sign(key: Ed25519PrivateKey, checkpoint: Checkpoint) -> str:
    """Sign a checkpoint."""
    return key.sign(checkpoint.body()).hex()


def is_signed(checkpoint: Checkpoint, signature: str) -> bool:
    """Say whether the signature is that of the key which the checkpoint names."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(checkpoint.public_key))
        key.verify(bytes.fromhex(signature), checkpoint.body())
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def line_of(checkpoint: Checkpoint, signature: str) -> str:
    """Write a signed checkpoint as the line that is kept outside of the database."""
    return json.dumps(
        {**checkpoint_document(checkpoint, signature), "hash": checkpoint.hash}, sort_keys=True
    )


def keep(folder: Path, line: str) -> None:
    """Remember a checkpoint beside the database."""
    # The line break comes first: a line that a power cut tore does not spoil the next.
    write_for_owner(kept_file(folder), f"\n{line}", os.O_CREAT | os.O_APPEND)


def kept(file: Path) -> Iterator[KeptCheckpoint]:
    """Read the checkpoints that a file remembers."""
    text = file.read_text("utf-8", errors="replace") if file.exists() else ""
    yield from read_lines(text.splitlines())


def read_lines(lines: Iterable[str]) -> Iterator[KeptCheckpoint]:
    """Read lines that were kept outside; a torn line says nothing."""
    for line in lines:
        try:
            found = json.loads(line)
            yield KeptCheckpoint(
                entity_id=str(found["entity"]), number=int(found["number"]), hash=found["hash"]
            )
        except (ValueError, KeyError, TypeError):
            continue
