"""The command ``attain`` in a process of its own, without the second of imports that starts one.

A mother imports what the words need, once for all tests of this process; each command is a fork of
her, with the arguments, variables and folder that it is given. What a start itself is about (what
is imported, how long it takes, which Python) is tested with real ones: ``test_front_door.py``.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from attain import cli
from tests.support.source import ROOT

# What the words import when they are called.
_ROOMS = (
    "api.app",
    "attain.commands_account",
    "attain.commands_keys",
    "attain.commands_pay",
    "attain.commands_serve",
    "storage.migrate",
)


def attain(*words: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command with these variables alone, and return what it said and how it ended."""
    mother = _mother()
    assert mother.stdin is not None
    assert mother.stdout is not None
    with tempfile.TemporaryDirectory(prefix="attain-forked-") as folder:
        order = {"words": words, "variables": dict(env), "folder": folder}
        mother.stdin.write(f"{json.dumps(order)}\n")
        mother.stdin.flush()
        code = int(mother.stdout.readline())
        said = [Path(folder, name).read_text("utf-8") for name in ("out", "error")]
    return subprocess.CompletedProcess(["attain", *words], code, *said)


@cache
def _mother() -> subprocess.Popen[str]:
    mother = subprocess.Popen(
        [sys.executable, "-P", "-m", "tests.support.forked_attain"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(mother.communicate)
    return mother


def _obey(line: str) -> int:
    """Fork for one order; return how the command ended."""
    order = json.loads(line)
    child = os.fork()
    if child == 0:
        _become(order["words"], order["variables"], Path(order["folder"]))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _become(words: list[str], variables: dict[str, str], folder: Path) -> NoReturn:
    """Be the command until its end."""
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number, name in ((1, "out"), (2, "error")):
            os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT, 0o600), number)
        os.environ.clear()
        os.environ.update(variables)
        sys.argv = ["attain", *words]
        cli.main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    for room in _ROOMS:
        import_module(room)
    gc.collect()
    gc.freeze()
    for each in sys.stdin:
        os.write(1, f"{_obey(each)}\n".encode())
