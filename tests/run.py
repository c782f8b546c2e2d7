"""``./run test``, ``check``, ``golden`` and ``live``: what stands between a change and a release.

``test [--fast] [--long] [pytest's own words]``: every check, every test and the conformance suites;
``--fast`` leaves all but the tests out, ``--long`` adds the long generated runs. ``check``: only
the checks. ``golden``: write the expected statements anew, for a person to review in the diff.
``live [NAME]``: try the connectors against servers that nobody here wrote, the slow ones too.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support.postgres import find_binaries

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
# Where the compiled form of all sources is kept for whoever wants none beside the sources.
COMPILED = ROOT / ".venv" / "compiled"

# Words of pytest that do not choose among the tests.
_CALM = frozenset({"-q", "-v", "-x", "-n", "0", "1", "2"})
# What tests/conformance/run.py answers when something it needs is missing.
CANNOT_RUN = 2

# Name and command of each check; all are run even when one has failed.
CHECKS: dict[str, tuple[str, ...]] = {
    "format": ("ruff", "format", "--check", "."),
    "lint": ("ruff", "check", "--quiet", "."),
    "floors": ("lint-imports", "--no-logo"),
    "types (mypy)": ("mypy", "--no-error-summary"),
    "types (pyright)": ("pyright", "--warnings"),
}


def main(words: Sequence[str]) -> int:
    """Run what the first word says; zero when everything is good."""
    word, *rest = words
    if word == "golden":
        return run_tests(["tests/golden", *rest], {"ATTAIN_GOLDEN": "write"})
    if word == "live":
        files = [f"tests/live/test_{name}.py" for name in rest] or ["tests/live"]
        return run_tests(["-v", *files], {"ATTAIN_LONG": "1"})
    if word == "check":
        return report(run_checks())
    fast, long = "--fast" in rest, "--long" in rest
    rest = [argument for argument in rest if argument not in {"--fast", "--long"}]
    some = [word for word in rest if word not in _CALM]
    if not find_binaries():
        install_postgres()
    with ThreadPoolExecutor(max_workers=2) as beside:
        # Side by side with the tests, whose workers often wait for a server or a process: apart,
        # each of them leaves a processor idle for minutes. What takes longest begins first.
        checks = None if fast else beside.submit(run_checks, 1)
        suites = None
        if not (fast or some):
            suites = beside.submit(run_conformance, ["--long"] if long else [])
        tests = timed_tests(rest, long=long)
        results = {**(checks.result() if checks else {})}
        if suites:
            results["conformance"] = suites.result()
    results["tests"] = tests
    if fast:
        say("--fast: format, lint, floors, types and the conformance suites were not checked.")
    elif some:
        say("Only some tests were asked for: the conformance suites were not run.")
    return report(results)


def timed_tests(words: Sequence[str], *, long: bool) -> tuple[bool, float]:
    """Run the tests; one worker per processor, a file at a time: its fixtures are made once."""
    started = time.monotonic()
    together = [] if "-n" in words else ["-n", str(os.cpu_count() or 1), "--dist", "loadfile"]
    # In the order of tests/conftest.py: what takes longest begins first.
    together += ["--no-loadscope-reorder"] if together else []
    code = run_tests([*together, *words], {"ATTAIN_LONG": "1"} if long else {})
    return code == 0, time.monotonic() - started


def run_conformance(words: Sequence[str]) -> tuple[bool, float]:
    """Run the suites that nobody here wrote. A laptop without Node is told; CI goes red."""
    started = time.monotonic()
    command = [sys.executable, "-P", str(ROOT / "tests" / "conformance" / "run.py"), *words]
    code = subprocess.run(command, cwd=ROOT, check=False).returncode
    if code == CANNOT_RUN and os.environ.get("CI") != "true":
        say("!!! The conformance suites were NOT run (see above); CI runs them.")
        code = 0
    return code == 0, time.monotonic() - started


def run_checks(at_once: int | None = None) -> dict[str, tuple[bool, float]]:
    """Run every check, as many at once as there are processors, and print what failed ones say."""
    with ThreadPoolExecutor(max_workers=at_once or os.cpu_count() or 1) as side_by_side:
        found = side_by_side.map(run_check, CHECKS.keys(), CHECKS.values())
        return dict(zip(CHECKS, found, strict=True))


def run_check(name: str, command: Sequence[str]) -> tuple[bool, float]:
    """Run one check; its words are printed only when it fails."""
    started = time.monotonic()
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - started
    if done.returncode:
        say(f"--- {name}: {' '.join(command)}\n{done.stdout}")
    say(f"{'ok    ' if done.returncode == 0 else 'FAILED'} {name} ({seconds:.1f} s)")
    return done.returncode == 0, seconds


def run_tests(words: Sequence[str], environment: dict[str, str]) -> int:
    """Run pytest from the root, whatever the working folder is."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "pytest", *words],
        cwd=ROOT,
        env={**remembering(os.environ), **environment},
        check=False,
    ).returncode


def remembering(environment: Mapping[str, str]) -> dict[str, str]:
    """Let Python keep what it compiles: hundreds of processes start here.

    A machine that forbids compiled files beside the sources keeps its sources clean.
    """
    kept = dict(environment)
    if kept.pop("PYTHONDONTWRITEBYTECODE", ""):
        kept["PYTHONPYCACHEPREFIX"] = str(COMPILED)
    return kept


def install_postgres() -> None:
    """On a machine that is ours to change, fetch the server that half of the tests need."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        say("PostgreSQL's programs were not found: database tests run on SQLite only.")
        return
    say("Installing PostgreSQL for the tests")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ("apt-get", "update", "-qq"),
        ("apt-get", "install", "-y", "-qq", "--no-install-recommends", "postgresql"),
    ):
        subprocess.run(command, env=environment, stdout=sys.stderr, check=False)


def report(results: dict[str, tuple[bool, float]]) -> int:
    """Print one line per check and the verdict."""
    say("")
    for name, (good, seconds) in results.items():
        say(f"{'ok    ' if good else 'FAILED'} {name} ({seconds:.1f} s)")
    bad = [name for name, (good, _) in results.items() if not good]
    say(f"NOT GOOD: {', '.join(bad)}" if bad else "All good.")
    return 1 if bad else 0


def say(line: str) -> None:
    """Print at once, so that our lines and those of the tools keep their order."""
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
