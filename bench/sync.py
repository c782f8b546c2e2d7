"""100,000 records from a source over HTTP: our sync against plain reading and against a Singer tap.

The source is a process of its own on this machine, 1,000 records a page. Every side has a process
of its own; counted is its processor time without starting up. *Plain*: httpx2 gets the pages and
``json`` takes them apart (``bench/sync_plain.py``). *Read*: our connector ``rest`` reads them
through the host's guarded way out, with flat exact rows and checkpoints. *Host*: the whole sync,
with mapping, people by name, records and facts kept encrypted on SQLite. *Singer*:
tap-rest-api-msdk on singer-sdk, in an environment of its own (``.bench/singer``, from the package
index), writes the records as lines into a file and keeps nothing; a run of one record is taken off
as its start.

Bars: *read* costs at most READ_BAR times *plain* and at most SINGER_BAR of *singer*, and the peak
of memory of *host* grows by at most MEMORY_BAR_MB from a tenth of the records to all of them. What
*host* costs beside *singer* is printed without a bar, for the tap keeps nothing.
All sides must find the same records and the same total. ``--quick`` is few records, without Singer
and without the bar of memory.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from bench.machine import machine

RECORDS, RECORDS_QUICK, SIZE, SIZE_QUICK = 100_000, 4_000, 1_000, 500
READ_BAR, READ_BAR_QUICK, SINGER_BAR, MEMORY_BAR_MB = 8.0, 20.0, 0.6, 16
PACKAGES = ("tap-rest-api-msdk==1.4.2", "singer-sdk==0.40.0")
HERE = Path(__file__).resolve().parent
PLACE = HERE.parent / ".bench" / "singer"
WAYS = ("plain", "read", "host")


@contextmanager
def serving(records: int, size: int) -> Iterator[int]:
    """Serve so many records from a process of its own; give the port."""
    words = (sys.executable, str(HERE / "sync_server.py"), str(records), str(size))
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline())
        finally:
            server.terminate()


def side(way: str, port: int, size: int) -> dict[str, Any]:
    """Run one of our ways in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        asked = (str(port), str(size))
        words = [sys.executable, str(HERE / "sync_side.py"), way, *asked, folder]
        if way == "plain":
            words = [sys.executable, str(HERE / "sync_plain.py"), *asked]
        done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def tap_program() -> Path:
    """Return the tap's program, installed into its own environment on first use."""
    program = PLACE / "bin" / "tap-rest-api-msdk"
    if not program.exists():
        venv.create(PLACE, with_pip=True)
        pip = (str(PLACE / "bin" / "python"), "-m", "pip", "install", "-q")
        words = (*pip, "--disable-pip-version-check", *PACKAGES)
        subprocess.run(words, check=True, stdout=sys.stderr)
    return program


def singer(port: int, size: int) -> dict[str, Any]:
    """Let the tap read the same pages and write its lines into a file."""
    stream = {
        "name": "orders",
        "path": "/orders",
        "primary_keys": ["id"],
        "records_path": "$.items[*]",
        "num_inference_records": 1,
        "params": {"size": size},
    }
    config = {
        "api_url": f"http://127.0.0.1:{port}",
        "pagination_request_style": "jsonpath_paginator",
        "next_page_token_path": "$.next",
        "streams": [stream],
    }
    with tempfile.TemporaryDirectory() as folder:
        settings, written = Path(folder) / "config.json", Path(folder) / "lines"
        settings.write_text(json.dumps(config))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        with written.open("wb") as lines:
            words = (str(tap_program()), "--config", str(settings))
            subprocess.run(words, check=True, stdout=lines, stderr=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        count, total = 0, Decimal(0)
        for line in written.open(encoding="utf-8"):
            said = json.loads(line)
            if said["type"] == "RECORD":
                count += 1
                total += Decimal(said["record"]["amount"])
    spent = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return {"cpu_s": spent, "records": count, "total": str(total)}


def measure(records: int, size: int, *, with_singer: bool) -> dict[str, dict[str, Any]]:
    """Run every side, ours twice in the full run, of which the better one counts."""
    found: dict[str, dict[str, Any]] = {}
    if with_singer:
        with serving(records // 10, size) as port:
            found["tenth"] = side("host", port, size)
    with serving(records, size) as port:
        for way in WAYS:
            runs = [side(way, port, size) for _ in range(2 if with_singer else 1)]
            found[way] = min(runs, key=lambda run: run["cpu_s"])
        if with_singer:
            tap_program()
            found["singer"] = singer(port, size)
    if with_singer:
        with serving(1, size) as port:
            found["singer"]["start_cpu_s"] = singer(port, size)["cpu_s"]
        found["singer"]["cpu_s"] -= found["singer"]["start_cpu_s"]
    return found


def main(words: Sequence[str]) -> int:
    """Measure, compare what was read, and fail when a bar is missed."""
    quick = "--quick" in words
    records, size = (RECORDS_QUICK, SIZE_QUICK) if quick else (RECORDS, SIZE)
    found = measure(records, size, with_singer=not quick)
    whole = [found[way] for way in (*WAYS, "singer") if way in found]
    differing = sum(
        run["records"] != records or Decimal(run["total"]) != Decimal(whole[0]["total"])
        for run in whole
    )
    figures: dict[str, Any] = {"records": records, "sides_that_differ": differing}
    for way, run in found.items():
        figures[f"{way}_cpu_us_per_record"] = round(run["cpu_s"] / run["records"] * 1e6, 1)
        if "peak_mb" in run:
            figures[f"{way}_peak_mb"] = run["peak_mb"]
        if "wall_s" in run:
            figures[f"{way}_records_per_s"] = round(run["records"] / run["wall_s"])
    ratio = {"read": found["read"]["cpu_s"] / found["plain"]["cpu_s"]}
    bar = {"read": READ_BAR_QUICK if quick else READ_BAR}
    if not quick:
        ratio["memory_mb"] = found["host"]["peak_mb"] - found["tenth"]["peak_mb"]
        bar["memory_mb"] = MEMORY_BAR_MB
        figures["singer_start_cpu_s"] = round(found["singer"]["start_cpu_s"], 2)
        ratio["host_of_singer"] = found["host"]["cpu_s"] / found["singer"]["cpu_s"]
        ratio["read_of_singer"] = found["read"]["cpu_s"] / found["singer"]["cpu_s"]
        bar["read_of_singer"] = SINGER_BAR
    for name, value in figures.items():
        print(f"{name:<28}{value}")
    report = {
        "figures": figures,
        "ratio": {name: round(value, 2) for name, value in ratio.items()},
        "bar": bar,
        "machine": machine(),
    }
    print(json.dumps(report))
    return int(bool(differing) or any(ratio[name] > most for name, most in bar.items()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
