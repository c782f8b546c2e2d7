"""``attain plugin update``: what the template has learnt since a plug-in was made from it.

Three texts of each file are there: what the template wrote then (kept beside the plug-in), what its
owner has by now, and what the template writes today. What only one of them changed is taken, what
both did is merged, and what cannot be is left for a person with both in it.
"""

from __future__ import annotations

import difflib
import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import typer

from attain.commands_plugin import (
    FORMAT,
    RECORD,
    Answers,
    demand_sound,
    files_of,
    hash_of,
    record_of,
)
from attain.three_way import has_marks, merge

_FIRST_FORMAT = "attain.template/1"  # it kept hashes of what was written, and not the texts


class Deed(Enum):
    """What becomes of a file, in words for its owner."""

    TAKE = "taken: you have not edited it"
    MERGE = "merged with your edits"
    CONFLICT = "both changed the same lines: look for <<<<<<<"
    REMOVE = "removed: the template has it no longer, and you have not edited it"
    KEEP = "left: the template has it no longer, and you have edited it"
    GONE = "left out: you have removed it, and the template has changed it"
    BESIDE = "look yourself: what the template wrote then is not known, see"


_FOR_A_PERSON = frozenset({Deed.CONFLICT, Deed.KEEP, Deed.GONE, Deed.BESIDE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is done about one file; ``edited``: its owner has another one than was written."""

    name: str
    deed: Deed
    text: str = ""
    edited: bool = False
    conflicts: int = 0

    @property
    def is_open(self) -> bool:
        """Whether something is left for a person to decide."""
        return self.deed in _FOR_A_PERSON

    @property
    def place(self) -> str:
        """Where ``text`` is written to."""
        return f"{self.name}.template" if self.deed is Deed.BESIDE else self.name


def steps(folder: Path) -> list[Step]:
    """Compare what was written then, what is there, and what the template writes today."""
    kept = _kept(folder)
    now = files_of(Answers(**kept["answers"]))
    names = list(dict.fromkeys((*now, *kept["files"])))
    found = (_step(folder, name, kept["files"].get(name), now.get(name)) for name in names)
    return [each for each in found if each is not None]


def _step(folder: Path, name: str, then: Any, now: str | None) -> Step | None:
    """Say what is to do about a file; None: nothing."""
    own = _own(folder, name)
    told = then if isinstance(then, str) or then is None else hash_of("\n".join(then))
    edited = own is not None and hash_of(own) != told
    if told == (None if now is None else hash_of(now)) or own == now:
        return None
    if own is None:
        return Step(name=name, deed=Deed.TAKE if then is None else Deed.GONE, text=now or "")
    if now is None:
        return Step(name=name, deed=Deed.KEEP if edited else Deed.REMOVE, edited=edited)
    if not edited:
        return Step(name=name, deed=Deed.TAKE, text=now)
    if isinstance(then, str):
        return Step(name=name, deed=Deed.BESIDE, text=now, edited=True)
    if has_marks(own):
        raise typer.BadParameter(f"{name} still has the marks of a conflict: decide that first")
    merged = merge("\n".join(then or ()), own, now)
    deed = Deed.CONFLICT if merged.conflicts else Deed.MERGE
    return Step(name=name, deed=deed, text=merged.text, edited=True, conflicts=merged.conflicts)


def tell(folder: Path, found: list[Step], *, lines: bool) -> None:
    """Print what is to do, or was done; where edits meet the template, line by line."""
    for each in found:
        beside = f" {each.place}" if each.deed is Deed.BESIDE else ""
        typer.echo(f"{each.name}: {each.deed.value}{beside}")
        if lines and each.edited and each.text:
            own = (_own(folder, each.name) or "").splitlines(keepends=True)
            new = each.text.splitlines(keepends=True)
            typer.echo("".join(difflib.unified_diff(own, new, each.name, "with --write")))
    if not found:
        typer.echo("The template writes nothing otherwise than when this was made.")


def take(folder: Path, found: list[Step], *, force: bool) -> list[Path]:
    """Write it down and remember the template of today; return where the old texts were put.

    What git does not have is copied first: no edit of anybody's is only in this program's hands.
    """
    safe = _in_git(folder, force=force)
    copies = []
    for each in found:
        path = folder / each.place
        if each.edited and each.deed in (Deed.MERGE, Deed.CONFLICT) and each.name not in safe:
            copies.append(_copied(path))
        if each.deed is Deed.REMOVE:
            path.unlink()
        elif each.deed not in (Deed.KEEP, Deed.GONE):
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, each.text)
    answers = Answers(**_kept(folder)["answers"])
    (folder / RECORD).write_text(record_of(answers, files_of(answers)), "utf-8")
    return copies


def _in_git(folder: Path, *, force: bool) -> frozenset[str]:
    """Name the files that git has as they are; refuse a folder where it has them otherwise."""
    listed = _git(folder, "ls-files", "-z")
    if listed is None:
        return frozenset()
    if _git(folder, "status", "--porcelain", "--", "."):
        if not force:
            raise typer.BadParameter(
                f"{folder} has changes that are not committed: commit them first, or --force"
            )
        return frozenset()
    return frozenset(listed.split("\0"))


def _git(folder: Path, *words: str) -> str | None:
    """Ask git; None where there is none, or no repository."""
    program = shutil.which("git")
    if program is None:
        return None
    done = subprocess.run(
        [program, *words], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.stdout if done.returncode == 0 else None


def _copied(path: Path) -> Path:
    """Put a file beside itself, under a name that nobody has."""
    copy = next(each for each in _free_names(path) if not each.exists())
    shutil.copyfile(path, copy)
    return copy


def _free_names(path: Path) -> Iterator[Path]:
    number = 0
    while True:
        yield path.with_name(f"{path.name}.orig{number or ''}")
        number += 1


def _own(folder: Path, name: str) -> str | None:
    """Read what is there, with the line breaks of the template; None: nothing."""
    try:
        return (folder / name).read_bytes().decode("utf-8").replace("\r\n", "\n")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError):
        raise typer.BadParameter(f"{name} cannot be read as text of UTF-8") from None


def _write(path: Path, text: str) -> None:
    """Write a text with the line breaks that the file has."""
    crlf = path.is_file() and b"\r\n" in path.read_bytes()
    path.write_bytes((text.replace("\n", "\r\n") if crlf else text).encode())


def _kept(folder: Path) -> dict[str, Any]:
    try:
        kept: dict[str, Any] = json.loads((folder / RECORD).read_text("utf-8"))
        if kept["format"] not in (FORMAT, _FIRST_FORMAT):
            raise ValueError(kept["format"])
        demand_sound(Answers(**kept["answers"]))
        kinds = str if kept["format"] == _FIRST_FORMAT else list
        home = folder.resolve()
        for name, then in kept["files"].items():
            if not isinstance(then, kinds) or not (home / name).resolve().is_relative_to(home):
                raise ValueError(name)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, typer.BadParameter):
        raise typer.BadParameter(f"{folder} has no {RECORD} of `attain plugin new`") from None
    return kept
