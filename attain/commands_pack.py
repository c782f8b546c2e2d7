"""Checking packs from the command line, and the kit on packs that are broken on purpose."""

from __future__ import annotations

import tomllib
from copy import deepcopy
from pathlib import Path

import typer

from messages.render import Locale
from plugins.packs.kit import CHECKS, FOLDER, candidate, candidate_of, examined
from plugins.packs.mutants import MUTANTS
from plugins.packs.pack import PACK_FORMAT
from plugins.packs.testing import told

SOUND = FOLDER / "consumer_goods.toml"


def check_packs(path: Path, before: Path | None, locale: Locale) -> bool:
    """Print what every check finds in every pack at a path; say whether none found anything."""
    files = [path] if path.is_file() else [each for each in _tomls(path) if _is_pack(each)]
    if not files:
        typer.echo(f"no pack in {path}")
    clean = bool(files)
    for file in files:
        found = candidate(file.resolve(), before)
        title = "-" if found.pack is None else f"{found.pack.version} {found.pack.hash}"
        typer.echo(f"{file.name} {title}")
        for number, problems in examined(found).items():
            sentence = (CHECKS[number].__doc__ or "").strip()
            typer.echo(f"{'FAILED' if problems else 'ok    '} {number} {sentence}")
            if problems:
                typer.echo(told(problems, locale))
                clean = False
    return clean


def _tomls(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.toml"))


def _is_pack(file: Path) -> bool:
    try:
        return tomllib.loads(file.read_text("utf-8")).get("format") == PACK_FORMAT
    except (OSError, ValueError):
        return False


def try_kit() -> bool:
    """Print which check sees which broken pack; say whether all die where they have to."""
    sound = candidate(SOUND)
    alive = [number for number, found in examined(sound).items() if found]
    for number, mutants in MUTANTS.items():
        for mutant in mutants:
            content = deepcopy(dict(sound.content))
            mutant(content)
            broken = candidate_of(SOUND.name, content, is_ours=number != "P10", before=sound.pack)
            dead = bool(tuple(CHECKS[number](broken)))
            told_what = (mutant.__doc__ or "").strip()
            typer.echo(f"{'dead ' if dead else 'ALIVE'} {number} {mutant.__name__}: {told_what}")
            if not dead:
                alive.append(number)
    return not alive
