"""Our own source as the architecture tests see it: files with their syntax trees.

Each house rule is a function from files to offences. The same function looks at the repository
and at a planted violation, so that a rule which stopped seeing anything cannot stay green.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("attain", "api", "actions", "plugins", "storage", "connectors", "messages", "domain")
LOOSE = ("tests", "bench", "examples")


@dataclass(frozen=True)
class Source:
    """One Python file: its path from the root, and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return ast.parse(self.text, self.path)

    @cached_property
    def room(self) -> str:
        """The top-level folder; empty for a file at the root."""
        return self.path.partition("/")[0] if "/" in self.path else ""

    def at(self, node: ast.expr | ast.stmt, what: str) -> str:
        """Write an offence as path, line and what is wrong."""
        return f"{self.path}:{node.lineno} {what}"


def read(*folders: str) -> list[Source]:
    """Read every Python file below the folders; a folder that is not there yet has none."""
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return [_source(path) for path in paths if "__pycache__" not in path.parts]


@cache
def _source(path: Path) -> Source:
    """Read a file once in a run: thirty rules look at the same trees."""
    return Source(path.relative_to(ROOT).as_posix(), path.read_text("utf-8"))


def imports(source: Source) -> Iterator[tuple[ast.stmt, str]]:
    """List the modules that a file imports, with the statement; ``from a.b import c`` is a.b.c."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)


def strings(tree: ast.AST) -> Iterator[ast.Constant]:
    """List the string constants of a tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node


def dotted(node: ast.expr) -> str:
    """Write ``a.b.c`` for a chain of names; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        left = dotted(node.value)
        return f"{left}.{node.attr}" if left else ""
    return ""


def assert_none(offences: Iterable[str], danger: str) -> None:
    """Fail with the sentence that explains the danger, and every offence."""
    found = list(offences)
    if found:
        raise AssertionError("\n".join((danger, *found)))
