"""The kinds of golden cases: a folder of TOML files each, and who reads it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from tests.golden import (
    comparisons,
    corrections,
    crediting,
    goals,
    metrics,
    printed,
    refusals,
    sheets,
)
from tests.golden.answer import Answer

HERE = Path(__file__).parent
KINDS: dict[str, Callable[[Path], Answer]] = {
    "cases": printed.read,
    "sheets": sheets.read,
    "comparisons": comparisons.read,
    "goals": goals.read,
    "metrics": metrics.read,
    "credits": crediting.read,
    "corrections": corrections.read,
    "refusals": refusals.read,
}
FILES = [path for kind in KINDS for path in sorted((HERE / kind).glob("*.toml"))]


def name_of(path: Path) -> str:
    """Name a case as the list of examples names it: ``cases/two_targets``."""
    return f"{path.parent.name}/{path.stem}"


@cache
def answer(path: Path) -> Answer:
    """Read and calculate a case once."""
    return KINDS[path.parent.name](path)
