"""clairvoyance tries to rebuild the schema from what error messages give away.

It is given every name of the contract as its word list, which no stranger has: what it finds is
what the messages give away, not what it could guess.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress

from tests.conformance.installing import PLACE, ROOT, program
from tests.conformance.serving import Addresses

# Enough for the control: what clairvoyance finds where messages speak freely.
_FEW = ("languages", "viewer", "language", "demo", "people")
_SECONDS = 60


def guess_the_schema(at: Addresses) -> Iterator[tuple[str, str | None]]:
    """Run it where messages speak freely, as the control, and where a stranger meets us."""
    text = (ROOT / "schema.graphql").read_text("utf-8")
    every = sorted(set(re.findall(r"\b[a-z][A-Za-z]+(?=[(:])", text)))
    found = _guessed("open", at.open, _FEW)
    yield "control (open)", None if found else "finds nothing where it must: it proves nothing"
    found = _guessed("trusted", at.trusted, every)
    yield "trusted documents", f"guessed {', '.join(found[:20])}" if found else None


def _guessed(mode: str, url: str, names: Sequence[str]) -> list[str]:
    words, out = PLACE / "words.txt", PLACE / f"guessed-{mode}.json"
    words.write_text("\n".join(names), "utf-8")
    out.unlink(missing_ok=True)
    command = [program("clairvoyance"), url, "-w", str(words), "-o", str(out), "-p", "fast"]
    with suppress(subprocess.TimeoutExpired):
        # It ends with an exception where it learns nothing, and writes no file.
        subprocess.run(command, cwd=PLACE, check=False, timeout=_SECONDS, capture_output=True)
    return _fields(out.read_text("utf-8")) if out.exists() else []


def _fields(text: str) -> list[str]:
    types = json.loads(text)["data"]["__schema"]["types"]
    return [
        f"{kind['name']}.{field['name']}"
        for kind in types
        for field in kind.get("fields") or ()
        if not kind["name"].startswith("__")
    ]
