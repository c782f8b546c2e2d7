"""What a package is, in one hash, and the seal over what somebody wrote about it.

A seal shows that nothing was changed afterwards. It does not show who wrote it: that is what a
publisher's signature over the seal is for (``plugins/origin.py``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

GRADE = "conformance.json"
LIVE = "live.json"
_BYTES_MAX = 64 * 1024


class SealBroken(ValueError):  # noqa: N818 - what is wrong, like Refused
    """A document was edited, is of another format, or is none."""


def fingerprint(folder: Path) -> str:
    """Hash every file of a package but what is written about it, and what Python makes itself."""
    digest = hashlib.sha256()
    apart = {folder / GRADE, folder / LIVE}
    for path in sorted(folder.rglob("*"), key=lambda each: each.relative_to(folder).as_posix()):
        if path.is_file() and path not in apart and not _is_cache(path):
            inner = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{path.relative_to(folder).as_posix()} {inner}\n".encode())
    return digest.hexdigest()


def _is_cache(path: Path) -> bool:
    """Say whether Python made a file itself and looks at its source before it believes it.

    Byte code that stands alone, or that says it need not be compared, runs in the source's place.
    """
    if path.parent.name != "__pycache__" or path.suffix != ".pyc":
        return False
    with path.open("rb") as file:
        flags = int.from_bytes(file.read(8)[4:], "little")
    return flags & 0b11 != 0b01


def seal_of(document: Mapping[str, Any]) -> str:
    """Hash a document that has no seal yet."""
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def write_sealed(path: Path, document: Mapping[str, Any], **beside: Any) -> Path:
    """Write a document under its seal; what stands ``beside`` it is not sealed."""
    whole = {**document, "seal": seal_of(document), **beside}
    path.write_text(json.dumps(whole, ensure_ascii=False, indent=2) + "\n", "utf-8")
    return path


def read_sealed(path: Path, form: str, *beside: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read a document whose seal holds, and what stands beside it, or raise SealBroken.

    A file that is not there raises FileNotFoundError.
    """
    try:
        if path.stat().st_size > _BYTES_MAX:
            raise SealBroken("too large")
        document = json.loads(path.read_text("utf-8"))
        apart = {name: document.pop(name) for name in (*beside, "seal") if name in document}
        sealed = document["format"] == form and apart["seal"] == seal_of(document)
    except FileNotFoundError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as wrong:
        raise SealBroken(type(wrong).__name__) from None
    if not sealed:
        raise SealBroken("seal")
    return document, apart
