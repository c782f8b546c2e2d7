"""Processes that die in the middle of their work: at one of its steps, not when a clock says so.

A kill after so many milliseconds falls beside the work on a busy machine. Here a step is a
statement or a commit, and a child dies within the one that it is told, or soon after it.
"""

from __future__ import annotations

import gc
import mmap
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import TypeAlias

from sqlalchemy import Engine, event

ROOT = Path(__file__).resolve().parents[2]
# Order a deed with the step to die in (0: none); gives the steps that it took, None if it died.
Order: TypeAlias = Callable[[str, int], int | None]


class _Steps:
    """Counts the statements and commits of a process; its mother sees the number too."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, 8)
        self._last, self._seconds = 0, 0.0

    def forget(self) -> None:
        """Begin at zero."""
        self._shared[:] = bytes(8)

    @property
    def taken(self) -> int:
        """How many there were."""
        return int.from_bytes(self._shared[:], "big")

    def count(self, last: int, seconds: float) -> None:
        """Count from here on; die so many seconds after a step began, at the latest."""
        self._last, self._seconds = last, seconds
        signal.signal(signal.SIGALRM, signal.SIG_DFL)  # ends the process wherever it is
        event.listen(Engine, "before_cursor_execute", self._step)
        event.listen(Engine, "commit", self._step)

    def _step(self, *_: object) -> None:
        taken = self.taken + 1
        self._shared[:] = taken.to_bytes(8, "big")
        if taken == self._last:
            signal.setitimer(signal.ITIMER_REAL, self._seconds)


def obey(work: Callable[..., object]) -> None:
    """Fork a child for each line on standard input; what is slow was imported once, before."""
    steps = _Steps()
    gc.collect()
    gc.freeze()  # what was imported is not to be walked, and so copied, by each child
    for line in sys.stdin:
        last, seconds, *words = line.split()
        steps.forget()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                steps.count(int(last), float(seconds))
                work(*words)
                status = 0
            finally:
                os._exit(status)
        print(os.waitpid(child, 0)[1], steps.taken, flush=True)


@contextmanager
def obeying(chance: Random, module: str, *words: str) -> Iterator[Order]:
    """Start a module that obeys, and give orders to it."""
    with subprocess.Popen(
        [sys.executable, "-P", "-m", module, *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        orders, told = process.stdin, process.stdout

        def once(deed: str, last: int) -> int | None:
            orders.write(f"{last} {chance.uniform(1e-6, 2e-3):.6f} {deed}\n")
            orders.flush()
            status, steps = map(int, told.readline().split())
            assert status in {0, signal.SIGALRM}, f"{deed} failed"
            return None if status else steps

        yield once
        orders.close()
