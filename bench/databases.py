"""A benchmark that is made on both databases, one after the other."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.support.postgres import Cluster, find_binaries, start_cluster

Measure = Callable[[Path, Cluster | None], dict[str, Any]]
Show = Callable[[str, dict[str, Any]], dict[str, Any]]


def count_of(words: Sequence[str], name: str, usual: int) -> int:
    """Read what stands behind a word of the command, if it is there."""
    return int(words[list(words).index(name) + 1]) if name in words else usual


def without_postgresql(*, quick: bool) -> int | None:
    """Say how a benchmark ends on a machine without PostgreSQL; None where there is one."""
    if find_binaries() is not None:
        return None
    print("not measured: PostgreSQL's programs were not found", file=sys.stderr)
    return 0 if quick and not os.environ.get("CI") else 2


def on_both(prepare: Callable[[Path], Any], measure: Measure, show: Show) -> dict[str, Any]:
    """Put what is read into a folder, measure SQLite and PostgreSQL, and return what was shown."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "in").mkdir()
        prepare(folder / "in")
        found = {"sqlite": show("sqlite", measure(folder, None))}
        cluster = start_cluster(durable=True)
        try:
            measured = measure(folder, cluster)
        finally:
            cluster.stop()
        found["postgresql"] = show("postgresql", measured)
    return found
