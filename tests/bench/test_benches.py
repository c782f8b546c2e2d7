"""Every benchmark runs in small with the tests, so that none of them rots, and keeps its bound."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from tests.support.source import ROOT, assert_none

_SECONDS_MAX = 300  # of a quick run; they take a few, on a machine that does nothing else
_INSTALLS = {"peer": 600}  # what it is compared with comes from the package index first


def bench(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", str(ROOT / "bench" / "run.py"), *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=4 * _SECONDS_MAX,
    )


def listed() -> list[str]:
    return [line.split()[0] for line in bench().stdout.splitlines()]


@pytest.mark.timeout(900)
def test_every_benchmark_runs_in_small() -> None:
    names = listed()
    assert names, "There are no benchmarks."
    failed = []
    for name in names:
        started = time.monotonic()
        done = bench(name, "--quick")
        if done.returncode:
            failed.append(f"{name} ended with {done.returncode}\n{done.stdout}{done.stderr}")
        most = _INSTALLS.get(name, _SECONDS_MAX)
        if time.monotonic() - started > most:
            failed.append(f"{name} took more than {most} s in its quick run")
    assert_none(failed, "A number in the docs must be one that anybody can measure again.")


def test_every_benchmark_says_what_it_measures() -> None:
    assert_none(
        [line for line in bench().stdout.splitlines() if len(line.split(maxsplit=1)) < 2],
        "These benchmarks have no first line.",
    )


def test_an_unknown_benchmark_is_answered_with_the_known_ones() -> None:
    done = bench("nothing")
    assert done.returncode == 2
    assert "There is no benchmark 'nothing'" in done.stderr
