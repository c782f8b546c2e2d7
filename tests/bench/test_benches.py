"""Every benchmark runs in small with the tests, so that none of them rots, and keeps its bound."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.support.source import ROOT, assert_none

_SECONDS_MAX = 300  # of a quick run; they take a few, on a machine that does nothing else
_ENDED = re.compile(r"^(\w+) ended with (-?\d+) after ([0-9.]+) s$", re.MULTILINE)


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
    done = bench("all", "--quick")
    ended = {name: (code, float(took)) for name, code, took in _ENDED.findall(done.stdout)}
    assert sorted(ended) == names, done.stdout + done.stderr
    failed = [f"{name} ended with {code}" for name, (code, _) in ended.items() if code != "0"]
    slow = [name for name, (_, took) in ended.items() if took > _SECONDS_MAX]
    assert done.returncode == int(bool(failed))
    assert not slow, f"These took more than {_SECONDS_MAX} s in their quick run: {slow}"
    said = f"{done.stdout}{done.stderr}" if failed else ""
    assert_none(failed, f"A number in the docs must be one that anybody can measure again.\n{said}")


@pytest.mark.long
@pytest.mark.timeout(1_200)
def test_what_we_are_compared_with_still_gives_the_totals_that_are_kept() -> None:
    done = bench("peer", "--quick", "--ask")  # installs it from the package index first
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"


def test_every_benchmark_says_what_it_measures() -> None:
    assert_none(
        [line for line in bench().stdout.splitlines() if len(line.split(maxsplit=1)) < 2],
        "These benchmarks have no first line.",
    )


def test_an_unknown_benchmark_is_answered_with_the_known_ones() -> None:
    done = bench("nothing")
    assert done.returncode == 2
    assert "There is no benchmark 'nothing'" in done.stderr
