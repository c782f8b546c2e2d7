"""Where the time of a calculation goes: its functions wrapped, each second counted once.

A part inside another is taken out of the outer one. Time is measured on three clocks: the wall's,
our processor's, and that of all of the database server's processes (where ``/proc`` tells).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any

from actions import calculate, gather, keep_run, post_ledger, prepare
from domain.measure import Aggregate

REST = "transaction, trail, commit"
Name = str | Callable[..., str]


def _sum_name(_connection: Any, _entity: str, aggregate: Aggregate, **_more: Any) -> str:
    return f"facts: {aggregate.adding.value.lower()} of {aggregate.fact}"


def _write_name(_connection: Any, table: Any, *_rows: Any) -> str:
    return f"write: {table.name}"


WRAPPED: tuple[tuple[Any, str, Name], ...] = (
    (prepare, "participants", "read: people and rules"),
    (prepare, "metrics_by_key", "read: people and rules"),
    (prepare, "target_columns", "read: targets"),
    (prepare, "metric_columns", "facts: into columns"),
    (gather, "add_up", _sum_name),
    (calculate, "score_all", "compute: score"),
    (calculate, "compare_all", "compute: compare"),
    (calculate, "pay_all", "compute: pay"),
    (calculate, "keep_results", "keep: rows and hashes"),
    (keep_run, "write_shard", "keep: snapshot"),
    (keep_run, "keep_shards", "keep: snapshot"),
    (keep_run, "add_tuples", _write_name),
    (post_ledger, "add_tuples", _write_name),
    (calculate, "keep_boards", "keep: boards"),
    (calculate, "amounts_of", "keep: ledger"),
    (calculate, "post_amounts", "keep: ledger"),
)


@dataclass(slots=True)
class Part:
    """Seconds on the three clocks."""

    wall: float = 0.0
    own: float = 0.0
    server: float = 0.0

    def add(self, other: Part, sign: int = 1) -> None:
        """Add or take away the seconds of another part."""
        self.wall += sign * other.wall
        self.own += sign * other.own
        self.server += sign * other.server


@dataclass(slots=True)
class Parts:
    """The parts of one run, in order of first appearance."""

    server: int  # the server's first process
    found: dict[str, Part] = field(default_factory=dict)
    _open: list[Part] = field(default_factory=list)

    @contextmanager
    def measured(self, name: str) -> Iterator[None]:
        """Count what happens inside as ``name``, and not as what is around it."""
        inner = Part()
        self._open.append(inner)
        before = self._now()
        try:
            yield
        finally:
            spent = self._now()
            spent.add(before, -1)
            self._open.pop()
            if self._open:
                self._open[-1].add(spent)
            spent.add(inner, -1)
            self.found.setdefault(name, Part()).add(spent)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Wrap the functions for as long as the block lasts."""
        before = [(place, name, getattr(place, name)) for place, name, _ in WRAPPED]
        for (place, name, call), (_, _, part) in zip(before, WRAPPED, strict=True):
            setattr(place, name, self._wrapped(call, part))
        try:
            yield
        finally:
            for place, name, call in before:
                setattr(place, name, call)

    def _wrapped(self, call: Callable[..., Any], part: Name) -> Callable[..., Any]:
        @wraps(call)
        def timed(*words: Any, **named: Any) -> Any:
            with self.measured(part if isinstance(part, str) else part(*words, **named)):
                return call(*words, **named)

        return timed

    def _now(self) -> Part:
        return Part(time.perf_counter(), time.process_time(), server_seconds(self.server))


def server_seconds(first: int) -> float:
    """Return the processor time of a server's processes, those that ended included."""
    home = Path(f"/proc/{first}")
    if not home.exists():
        return 0.0
    children = (home / "task" / str(first) / "children").read_text().split()
    ticks = sum(_ticks(home, buried=True))
    for child in children:
        ticks += sum(_ticks(Path(f"/proc/{child}"), buried=False))
    return ticks / os.sysconf("SC_CLK_TCK")


def _ticks(process: Path, *, buried: bool) -> list[int]:
    try:
        fields = (process / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [int(each) for each in fields[11 : 15 if buried else 13]]


def forget_peak() -> None:
    """Let the peak of memory be counted from now on, where the system can."""
    place = Path("/proc/self/clear_refs")
    if place.exists():
        place.write_text("5")


def peak_mb() -> int:
    """Return the peak of our own memory in megabytes; 0 where the system does not tell."""
    place = Path("/proc/self/status")
    lines = place.read_text().splitlines() if place.exists() else []
    found = [int(line.split()[1]) for line in lines if line.startswith("VmHWM")]
    return found[0] // 1024 if found else 0
