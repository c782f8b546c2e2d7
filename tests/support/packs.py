"""The pack we ship, as its tests need it: its text, its content, and copies with one mistake."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from domain.problem import Problem
from plugins.packs.pack import Pack
from plugins.packs.reading import read_pack
from plugins.packs.shape import SCHEMA

FILE = SCHEMA.with_name("consumer_goods.toml")
TEXT = FILE.read_text("utf-8")
CONTENT: dict[str, Any] = tomllib.loads(TEXT)

Problems = tuple[Problem, ...]


def shipped() -> Pack:
    """Read the pack we ship."""
    pack, problems = read_pack(FILE)
    assert pack is not None
    assert problems == ()
    return pack


def written(folder: Path, text: str) -> Path:
    """Write a pack into ``folder`` under the name of ours."""
    path = folder / FILE.name
    path.write_text(text, "utf-8")
    return path


def changed(folder: Path, old: str, new: str) -> tuple[Pack | None, Problems]:
    """Read our pack with the first ``old`` exchanged for ``new``."""
    assert old in TEXT
    return read_pack(written(folder, TEXT.replace(old, new, 1)))


def places(problems: Problems) -> list[tuple[str, str]]:
    """Give the code and the place of each problem, without the name of the file."""
    return [(each.code, each.path.removeprefix(f"{FILE.name}/")) for each in problems]
