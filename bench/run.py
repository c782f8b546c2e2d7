"""``./run bench NAME [--quick] ...`` runs one benchmark; ``./run bench`` lists them.

A benchmark is a file beside this one with ``main(words) -> int`` and a docstring; it fails with a
number other than zero when it misses its own bound. ``--quick`` is a small run for the tests.
"""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))


def names() -> list[str]:
    """List the benchmarks."""
    return sorted(
        path.stem for path in HERE.glob("[!_]*.py") if path.stem != "run" and has_main(path)
    )


def has_main(path: Path) -> bool:
    """Tell a benchmark from a file that benchmarks share."""
    body = ast.parse(path.read_text("utf-8")).body
    return any(isinstance(node, ast.FunctionDef) and node.name == "main" for node in body)


def main(words: Sequence[str]) -> int:
    """List the benchmarks, or run the one that is named."""
    known = names()
    if not words:
        for name in known:
            about = ast.get_docstring(ast.parse((HERE / f"{name}.py").read_text("utf-8"))) or ""
            print(f"{name:<16}{about.partition(chr(10))[0]}")
        return 0
    name, *rest = words
    if name not in known:
        print(f"There is no benchmark '{name}'; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    code: int = importlib.import_module(f"bench.{name}").main(rest)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
