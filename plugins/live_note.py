"""The note that a run against a real source leaves in a package: ``live.json``, under a seal.

It says when, which streams, how many records and which code. It holds for 30 days and for that
code alone, and it names neither the source nor anybody in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from plugins.seals import LIVE, SealBroken, fingerprint, read_sealed, write_sealed

FORMAT = "attain.live/1"
DAYS = 30


class Nearness(StrEnum):
    """Where a real source was. One on the machine of the run leaves no note."""

    PUBLIC = "PUBLIC"
    PRIVATE = "PRIVATE"


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveNote:
    """A run against a real source, and the hash of the code that ran."""

    connector: str
    ran: datetime
    source: Nearness
    streams: Mapping[str, int]
    files: str

    @property
    def records(self) -> int:
        """How many records were read."""
        return sum(self.streams.values())

    def days_old(self, today: date) -> int:
        """How many days ago it was; negative, when it is dated in the future."""
        return (today - self.ran.astimezone(UTC).date()).days

    def is_fresh(self, today: date) -> bool:
        """Say whether it counts for as long as a run may."""
        return 0 <= self.days_old(today) <= DAYS


def write_note(folder: Path, note: LiveNote) -> Path:
    """Put the note into the package."""
    return write_sealed(folder / LIVE, document_of(note))


def document_of(note: LiveNote) -> dict[str, Any]:
    """Write the note as a document, for a file of its own and inside a grade."""
    return {
        "format": FORMAT,
        "connector": note.connector,
        "ran": note.ran.astimezone(UTC).isoformat(timespec="seconds"),
        "source": note.source.value,
        "streams": dict(note.streams),
        "files": note.files,
    }


def note_of(document: Mapping[str, Any]) -> LiveNote:
    """Read such a document; of what is none the error that Python has for it is raised."""
    ran = datetime.fromisoformat(document["ran"])
    streams = {str(name): int(count) for name, count in document["streams"].items()}
    if ran.tzinfo is None or document["format"] != FORMAT or min(streams.values(), default=0) < 0:
        raise ValueError(document["ran"])
    return LiveNote(
        connector=str(document["connector"]),
        ran=ran,
        source=Nearness(document["source"]),
        streams=streams,
        files=str(document["files"]),
    )


def read_note(folder: Path) -> LiveNote | None:
    """Read the note in a package; raise SealBroken for one that was edited."""
    try:
        document, _ = read_sealed(folder / LIVE, FORMAT)
        return note_of(document)
    except FileNotFoundError:
        return None
    except SealBroken:
        raise
    except (ValueError, KeyError, TypeError, AttributeError):
        raise SealBroken(FORMAT) from None


def why_not_live(folder: Path, connector: str, today: date | None) -> str:
    """Return why a package has no run against the real source that counts; empty: it has one."""
    try:
        note = read_note(folder)
    except SealBroken:
        return f"{LIVE} was edited: it counts for nothing"
    if note is None:
        return "no run against the real source is noted (attain plugin live)"
    if note.connector != connector:
        return f"the run that is noted was of {note.connector}"
    if not note.records:
        return "the run that is noted read no record"
    if note.files != fingerprint(folder):
        return "the code is another one than in the run that is noted"
    if today is None or not note.is_fresh(today):
        return f"the run that is noted was on {note.ran.date()}; it counts for {DAYS} days"
    return ""
