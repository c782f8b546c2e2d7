"""clairvoyance tries to rebuild the schema from what error messages give away.

It is given every name of the contract as its word list, which no stranger has: what it finds is
what the messages give away, not what it could guess.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator

from tests.conformance.installing import PLACE, ROOT, program
from tests.conformance.serving import Addresses

_BUILT_IN = {"String", "Int", "Float", "Boolean", "ID", "Query", "Mutation", "Subscription"}


def guess_the_schema(at: Addresses) -> Iterator[tuple[str, str | None]]:
    """Run it against what a stranger meets in production; nothing may come out."""
    names = sorted(set(re.findall(r"\b[a-z][A-Za-z]+(?=[(:])", (ROOT / "schema.graphql").read_text())))
    words = PLACE / "words.txt"
    words.write_text("\n".join(names), "utf-8")
    for mode, url in (("trusted", at.trusted), ("masked", at.masked)):
        out = PLACE / f"guessed-{mode}.json"
        out.unlink(missing_ok=True)
        done = subprocess.run(
            [program("clairvoyance"), url, "-w", str(words), "-o", str(out)],
            cwd=PLACE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=120,
        )
        found = _fields(out.read_text("utf-8")) if out.exists() else []
        said = done.stdout[-400:] if done.returncode and not out.exists() else ""
        print(mode, done.returncode, found, said[-300:])
        yield f"clairvoyance ({mode})", None if not found else f"guessed {', '.join(found[:20])}"


def _fields(text: str) -> list[str]:
    types = json.loads(text)["data"]["__schema"]["types"]
    return [
        f"{kind['name']}.{field['name']}"
        for kind in types
        for field in kind.get("fields") or ()
        if not kind["name"].startswith("__")
    ]
