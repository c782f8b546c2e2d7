"""What Platinum asks beside the kit: a run against the real source, and a signed origin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import typer

from actions.key_file import KeyFileUnreadable, key_of_file, make_once, new_key_text
from plugins.conformance import FILE, read_conformance
from plugins.live_note import why_not_live
from plugins.origin import Publishers, public_half

OF_OURS: Mapping[str, str] = {
    "live": "no run is noted: the package holds all of Attain's own",
    "provenance": "the package is Attain's own, which nobody signs",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """Where and when something is graded: the day, whose keys count, and what becomes of it.

    ``writes``: the grade is written anew, and ``signs`` is the public key that signs it.
    """

    today: date | None = None
    publishers: Publishers = field(default_factory=dict)
    writes: bool = False
    signs: str = ""


NOWHERE = Here()


def live_and_origin(connector: str, package: Path, here: Here) -> dict[str, str]:
    """Return why the rules are not kept; an empty text where they are."""
    return {
        "live": why_not_live(package, connector, here.today),
        "provenance": _why_unsigned(package, here),
    }


def _why_unsigned(package: Path, here: Here) -> str:
    if here.signs:
        return ""  # whose key it is, each company that installs it says for itself
    if here.writes:
        return "the grade that is written is not signed (--sign KEYFILE)"
    kept = read_conformance(package, here.publishers)
    if kept is None or kept.origin is None:
        return f"no signature that holds in {FILE} (--write --sign KEYFILE)"
    if not kept.sound:
        return f"the package is another one than {FILE} is the signed grade of"
    if kept.origin.publisher is None:
        return f"signed with the key {kept.origin.key}, which ATTAIN_PUBLISHERS does not name"
    return ""


def new_key(file: Path) -> str:
    """Make a key to sign with, readable by its owner alone, and return its public half."""
    if not make_once(file, new_key_text()):
        raise typer.BadParameter(f"{file} is there already: a key is never written over")
    return public_half(private_key(file))


def private_key(file: Path) -> str:
    """Read a key to sign with, in hex."""
    try:
        return key_of_file(file).hex()
    except KeyFileUnreadable as wrong:
        raise typer.BadParameter(f"{file} holds no key of 64 hex digits ({wrong})") from None
