"""``attain plugin update``: what the template has learnt since a plug-in was made from it."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from attain.commands_plugin import RECORD, Answers, files_of, hash_of, record_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A file that the template writes otherwise by now; ``edited``: so did its owner."""

    name: str
    text: str
    edited: bool


def drift(folder: Path) -> list[Drift]:
    """Compare the template of today with that of then, and with what is there."""
    kept = _kept(folder)
    found = []
    for name, text in files_of(_answers(kept)).items():
        then, now, path = kept["files"].get(name), hash_of(text), folder / name
        there = path.is_file()
        own = hash_of(path.read_text("utf-8")) if there else None
        removed = not there and then is not None
        if now not in (then, own) and not removed:
            found.append(Drift(name=name, text=text, edited=there and own != then))
    return found


def tell(folder: Path, found: list[Drift]) -> None:
    """Print what differs; of a file that its owner edited, line by line."""
    for each in found:
        typer.echo(f"{each.name}: {'look yourself' if each.edited else 'taken with --write'}")
        if each.edited:
            own = (folder / each.name).read_text("utf-8").splitlines(keepends=True)
            lines = each.text.splitlines(keepends=True)
            typer.echo("".join(difflib.unified_diff(own, lines, each.name, "the template")))
    if not found:
        typer.echo("The template writes nothing otherwise than when this was made.")


def take(folder: Path, found: list[Drift]) -> None:
    """Take what nobody edited, and remember the template of today; the rest is told once."""
    for each in found:
        if not each.edited:
            path = folder / each.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(each.text, "utf-8")
    answers = _answers(_kept(folder))
    (folder / RECORD).write_text(record_of(answers, files_of(answers)), "utf-8")


def _kept(folder: Path) -> dict[str, Any]:
    try:
        kept: dict[str, Any] = json.loads((folder / RECORD).read_text("utf-8"))
        if kept["format"] != "attain.template/1":
            raise ValueError(kept["format"])
        _answers(kept)
        dict(kept["files"])
    except (OSError, ValueError, KeyError, TypeError):
        raise typer.BadParameter(f"{folder} has no {RECORD} of `attain plugin new`") from None
    return kept


def _answers(kept: dict[str, Any]) -> Answers:
    return Answers(**kept["answers"])
