"""clairvoyance tries to rebuild the schema from what error messages give away.

It is given names of the contract as its word list, which no stranger has: what it finds is what the
messages give away, not what it could guess.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

from tests.conformance.installing import PLACE, program
from tests.conformance.serving import Addresses

# Few names, or it asks for minutes: what counts is that they are found where messages speak freely.
_NAMES = ("languages", "viewer", "language", "demo", "people")
_SECONDS = 60


def guess_the_schema(at: Addresses) -> Iterator[tuple[str, str | None]]:
    """Run it where messages speak freely, as the control, and where a stranger meets us."""
    control = _guessed("open", at.open)
    yield "control (open)", None if control else "finds nothing where it must: it proves nothing"
    for mode, url in (("trusted", at.trusted), ("masked", at.masked)):
        found = _guessed(mode, url)
        if found is None:
            yield mode, "did not come to its end: it proves nothing"
        else:
            yield mode, f"guessed {', '.join(found[:20])}" if found else None


def _guessed(mode: str, url: str) -> list[str] | None:
    """Return the fields it found; None when it ran out of time."""
    words, out = PLACE / "words.txt", PLACE / f"guessed-{mode}.json"
    words.write_text("\n".join(_NAMES), "utf-8")
    out.unlink(missing_ok=True)
    command = [program("clairvoyance"), url, "-w", str(words), "-o", str(out), "-p", "fast"]
    try:
        # It ends with an exception where it learns nothing, and writes no file.
        subprocess.run(command, cwd=PLACE, check=False, timeout=_SECONDS, capture_output=True)
    except subprocess.TimeoutExpired:
        return None
    return _fields(out.read_text("utf-8")) if out.exists() else []


def _fields(text: str) -> list[str]:
    types = json.loads(text)["data"]["__schema"]["types"]
    return [
        f"{kind['name']}.{field['name']}"
        for kind in types
        for field in kind.get("fields") or ()
        if not kind["name"].startswith("__")
    ]
