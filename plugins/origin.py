"""Who published a plug-in: an Ed25519 signature over the seal of its grade.

The seal covers the hash of every file of the package, the grade and the note of the live run, so
one signature covers them all. Whose keys count is the company's to say (``ATTAIN_PUBLISHERS``):
the key in the document only says which of them to try. Nothing is asked over a network.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_WHAT = b"attain plug-in\n"  # a signature over something else can never be taken for one
KEY_DIGITS = 64
Publishers = Mapping[str, str]  # public key in hex -> what the company calls its owner


class SignatureWrong(ValueError):  # noqa: N818 - what is wrong, like Refused
    """A signature that is there and does not hold: the document is not what was signed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A signature that holds: by which key, whose that is here, and whether it covers all files."""

    key: str
    publisher: str | None
    whole: bool = True


def sign(private: str, seal: str) -> dict[str, str]:
    """Sign a seal with a private key in hex."""
    value = _private(private).sign(_WHAT + seal.encode()).hex()
    return {"key": public_half(private), "value": value}


def public_half(private: str) -> str:
    """Return the public key of a private one, both in hex."""
    return _private(private).public_key().public_bytes_raw().hex()


def _private(text: str) -> Ed25519PrivateKey:
    # A server without signed plug-ins does not pay for the import.
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(text))


def origin_of(signature: Any, seal: str, publishers: Publishers) -> Origin | None:
    """Verify a signature; none is None, a wrong one raises SignatureWrong."""
    if signature is None:
        return None
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = str(signature["key"])
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
        public.verify(bytes.fromhex(signature["value"]), _WHAT + seal.encode())
    except (InvalidSignature, ValueError, KeyError, TypeError):
        raise SignatureWrong("signature") from None
    key = public.public_bytes_raw().hex()
    return Origin(key=key, publisher=publishers.get(key))


def files_beside(distribution: importlib.metadata.Distribution, signed: Iterable[Path]) -> bool:
    """Say whether a distribution installs a file that lies in none of the signed packages.

    What pip itself writes about it (``….dist-info``) is no code.
    """
    folders = [folder.resolve() for folder in signed]
    for file in distribution.files or ():
        if file.parts and file.parts[0].endswith(".dist-info"):
            continue
        place = Path(str(file.locate())).resolve()
        if not any(place.is_relative_to(folder) for folder in folders):
            return True
    return False


def distribution_named(name: str) -> importlib.metadata.Distribution | None:
    """Find an installed distribution."""
    with suppress(importlib.metadata.PackageNotFoundError, ValueError):
        return importlib.metadata.distribution(name)
    return None
