"""``attain schema``: the printed contract, for people who read it and tests that compare it."""

from __future__ import annotations

from pathlib import Path

from api.access_page import access_page
from api.errors_page import errors_page
from api.schema import build_schema, sdl
from messages.render import load
from storage.tables.classes import classes_page

_ROOT = Path(__file__).resolve().parent.parent


def write_contract(root: Path = _ROOT) -> list[Path]:
    """Write the schema and the pages made from it below ``root``; return what was written."""
    texts = {
        root / "schema.graphql": sdl(build_schema()),
        root / "docs" / "access.md": access_page(),
        root / "docs" / "errors.md": errors_page(load()),
        root / "docs" / "data-classes.md": classes_page(),
    }
    for path, text in texts.items():
        path.write_text(text, "utf-8")
    return list(texts)
