"""What the kit found about a plug-in, as its vendor ships it: ``conformance.json``, under a seal.

The seal shows that neither the grade nor a file of the package was changed afterwards. It does not
show who ran the kit: whoever wants to know runs ``attain plugin grade`` themselves.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

FORMAT = "attain.conformance/1"
FILE = "conformance.json"
_GROUP = "attain"
_BYTES_MAX = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Conformance:
    """What was found, when, and whether the package still is what was looked at."""

    connector: str
    tier: str
    api: str
    graded: date
    checks: Mapping[str, str]
    sound: bool


def write_conformance(folder: Path, said: Mapping[str, Any]) -> Path:
    """Seal what the kit found, with the package as it is now, and put it into the package."""
    document = {"format": FORMAT, **said, "files": fingerprint(folder)}
    path = folder / FILE
    text = json.dumps(document | {"seal": _seal(document)}, ensure_ascii=False, indent=2)
    path.write_text(text + "\n", "utf-8")
    return path


def fingerprint(folder: Path) -> str:
    """Hash every file of a package but its grade and what Python makes itself."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*"), key=lambda each: each.relative_to(folder).as_posix()):
        made = "__pycache__" in path.parts or path.suffix == ".pyc"
        if path.is_file() and not made and path != folder / FILE:
            inner = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{path.relative_to(folder).as_posix()} {inner}\n".encode())
    return digest.hexdigest()


def read_conformance(folder: Path) -> Conformance | None:
    """Read the grade in a package; one whose seal is broken says nothing at all."""
    path = folder / FILE
    try:
        if path.stat().st_size > _BYTES_MAX:
            return None
        document = json.loads(path.read_text("utf-8"))
        seal = document.pop("seal")
        if document["format"] != FORMAT or seal != _seal(document):
            return None
        return Conformance(
            connector=str(document["connector"]),
            tier=str(document["tier"]),
            api=str(document["api"]),
            graded=date.fromisoformat(document["graded"]),
            checks={str(name): str(each) for name, each in document["checks"].items()},
            sound=document["files"] == fingerprint(folder),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def conformances(owners: Iterable[str]) -> dict[str, Conformance]:
    """Read the grades of installed distributions, by connector; nothing of them is imported."""
    found = {}
    for owner in sorted(set(owners)):
        for folder in _packages(owner):
            told = read_conformance(folder)
            if told is not None:
                found[told.connector] = told
    return found


def _packages(owner: str) -> Iterable[Path]:
    with suppress(importlib.metadata.PackageNotFoundError, ImportError, ValueError):
        for point in importlib.metadata.distribution(owner).entry_points:
            if point.group == _GROUP:
                top = point.value.partition(":")[0].partition(".")[0].strip()
                spec = importlib.util.find_spec(top)  # of a name without dots: nothing is run
                for folder in (spec.submodule_search_locations or ()) if spec else ():
                    yield Path(folder)


def _seal(document: Mapping[str, Any]) -> str:
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
