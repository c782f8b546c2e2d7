"""``./run bench NAME [--quick] ...`` runs one benchmark; ``./run bench`` lists them.

A benchmark is a file beside this one with ``main(words) -> int`` and a docstring; it fails with a
number other than zero when it misses its own bound. ``--quick`` is a small run for the tests.
``./run bench all --quick`` runs every one of them in turn.
"""

from __future__ import annotations

import ast
import importlib
import os
import sys
import time
import traceback
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
    if name == "all":
        return in_turn(known, rest)
    if name not in known:
        print(f"There is no benchmark '{name}'; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    code: int = importlib.import_module(f"bench.{name}").main(rest)
    return code


def in_turn(known: Sequence[str], words: Sequence[str]) -> int:
    """Run them all, each in a process of its own that need not import anything any more."""
    loaded = {name: importlib.import_module(f"bench.{name}") for name in known}
    failed = []
    for name, bench in loaded.items():
        started = time.monotonic()
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = bench.main(words)
            except BaseException:  # noqa: BLE001 - this process must never go on as its mother
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                os._exit(code)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(f"{name} ended with {status} after {time.monotonic() - started:.1f} s", flush=True)
        failed += [name] if status else []
    print(f"failed: {', '.join(failed)}" if failed else "All held.")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
