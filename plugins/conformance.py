"""What the kit found about a plug-in, as its vendor ships it: ``conformance.json``, under a seal.

The seal shows that neither the grade nor a file of the package was changed afterwards. It does not
show who ran the kit: a signature by a publisher whom the company trusts does
(``plugins/origin.py``), and whoever wants to know runs ``attain plugin grade`` themselves.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

from plugins.live_note import LiveNote, document_of, note_of, read_note
from plugins.origin import (
    Origin,
    Publishers,
    SignatureWrong,
    distribution_named,
    files_beside,
    origin_of,
    sign,
)
from plugins.seals import GRADE, SealBroken, fingerprint, read_sealed, seal_of, write_sealed

FORMAT = "attain.conformance/1"
FILE = GRADE
PLATINUM, BELOW_PLATINUM = "Platinum", "Gold"
_GROUP = "attain"
_NOBODY: Publishers = {}


class PlatinumLack(StrEnum):
    """What an installation itself finds missing for Platinum, whatever the grade says."""

    CHANGED = "CHANGED"
    NO_LIVE_RUN = "NO_LIVE_RUN"
    LIVE_RUN_OLD = "LIVE_RUN_OLD"
    UNSIGNED = "UNSIGNED"
    UNKNOWN_PUBLISHER = "UNKNOWN_PUBLISHER"
    FILES_BESIDE = "FILES_BESIDE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conformance:
    """What was found, when, and whether the package still is what was looked at.

    ``tier`` is what the grade says; ``tier_on`` what of it holds here, on a day.
    """

    connector: str
    tier: str
    api: str
    graded: date
    checks: Mapping[str, str]
    sound: bool
    live: LiveNote | None = None
    origin: Origin | None = None

    def tier_on(self, today: date) -> str:
        """Platinum is not taken on trust: it holds here and today, or it is the tier below."""
        return BELOW_PLATINUM if self.tier == PLATINUM and self.lacks(today) else self.tier

    def lacks(self, today: date) -> list[PlatinumLack]:
        """List what this installation finds missing for Platinum on a day."""
        found = [] if self.sound else [PlatinumLack.CHANGED]
        if self.live is None:
            found.append(PlatinumLack.NO_LIVE_RUN)
        elif not self.live.is_fresh(today):
            found.append(PlatinumLack.LIVE_RUN_OLD)
        if self.origin is None:
            found.append(PlatinumLack.UNSIGNED)
        elif self.origin.publisher is None:
            found.append(PlatinumLack.UNKNOWN_PUBLISHER)
        elif not self.origin.whole:
            found.append(PlatinumLack.FILES_BESIDE)
        return found


def write_conformance(folder: Path, said: Mapping[str, Any], private: str | None = None) -> Path:
    """Seal what the kit found, with the package and its live run; sign it with a key in hex."""
    document = {"format": FORMAT, **said, "files": fingerprint(folder)}
    with suppress(SealBroken):  # an edited note counts for nothing
        note = read_note(folder)
        if note is not None:
            document["live"] = document_of(note)
    beside = {} if private is None else {"signature": sign(private, seal_of(document))}
    return write_sealed(folder / FILE, document, **beside)


def read_conformance(folder: Path, publishers: Publishers = _NOBODY) -> Conformance | None:
    """Read the grade in a package; one whose seal or signature is broken says nothing at all."""
    try:
        document, beside = read_sealed(folder / FILE, FORMAT, "signature")
        files = fingerprint(folder)
        return Conformance(
            connector=str(document["connector"]),
            tier=str(document["tier"]),
            api=str(document["api"]),
            graded=date.fromisoformat(document["graded"]),
            checks={str(name): str(each) for name, each in document["checks"].items()},
            sound=document["files"] == files,
            live=_live(document, files),
            origin=origin_of(beside.get("signature"), beside["seal"], publishers),
        )
    except (SignatureWrong, OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _live(document: Mapping[str, Any], files: str) -> LiveNote | None:
    """Return the run that was sealed with the grade, if it was of this code and connector."""
    if "live" not in document:
        return None
    note = note_of(document["live"])
    counts = note.files == files and note.connector == document["connector"] and note.records > 0
    return note if counts else None


def conformances(
    owners: Mapping[str, str], publishers: Publishers = _NOBODY
) -> dict[str, Conformance]:
    """Read the grades of installed connectors, which ``owners`` tells with their distributions.

    Nothing of them is imported. What a distribution says of somebody else's connector is nothing.
    """
    found = {}
    for owner in sorted(set(owners.values())):
        distribution = distribution_named(owner)
        if distribution is None:
            continue
        read = {folder: read_conformance(folder, publishers) for folder in _packages(distribution)}
        told = {folder: each for folder, each in read.items() if each is not None}
        signed = [at for at, each in told.items() if each.sound and each.origin]
        beside = bool(signed) and files_beside(distribution, signed)
        for each in told.values():
            if owners.get(each.connector) == owner:
                origin = each.origin and replace(each.origin, whole=not beside)
                found[each.connector] = replace(each, origin=origin)
    return found


def _packages(distribution: importlib.metadata.Distribution) -> Iterable[Path]:
    for point in distribution.entry_points:
        if point.group == _GROUP:
            top = point.value.partition(":")[0].partition(".")[0].strip()
            with suppress(ImportError, ValueError):
                spec = importlib.util.find_spec(top)  # of a name without dots: nothing is run
                for folder in (spec.submodule_search_locations or ()) if spec else ():
                    yield Path(folder)
