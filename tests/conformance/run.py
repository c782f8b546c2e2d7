"""``./run conformance [--long] [NAME]``: what nobody here wrote, against a server here.

What they need is installed into ``.conformance``, exactly by the locks beside this file; no lock
names a registry, so npm and pip ask the ones they are set up for. Part of ``./run test``.
``--long``: 200 generated questions per operation instead of a few. Any other word chooses the
suites with it in their names.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.conformance.guessing import guess_the_schema
from tests.conformance.installing import PLACE, has_node, install, program
from tests.conformance.probes import all_probes
from tests.conformance.serving import Addresses, company

# Fewer audits than this is another package than the one we mean.
AUDITS = 61
# Generated questions per operation.
SHORT, LONG = 5, 200
SEED = "1"


@dataclass(slots=True)
class Tally:
    """What one suite found."""

    passed: int = 0
    failures: list[str] = field(default_factory=list)

    def note(self, name: str, fault: str | None) -> None:
        """Count one check."""
        if fault is None:
            self.passed += 1
        else:
            self.failures.append(f"{name}: {fault}")


def main(words: Sequence[str]) -> int:
    """Install, serve, run; zero when everything passed."""
    if not has_node():
        return give_up("Node 20 or newer with npm was not found (Debian: apt install nodejs npm).")
    missing = install()
    if missing is not None:
        return give_up(f"{missing} could not be installed; the lines above say why.")
    examples = LONG if "--long" in words else SHORT
    wanted = [word.lower() for word in words if not word.startswith("--")]
    bad = 0
    with tempfile.TemporaryDirectory() as folder, company(Path(folder)) as at:
        for name, suite in suites(examples).items():
            if wanted and not any(word in name.lower() for word in wanted):
                continue
            started = time.monotonic()
            tally = suite(at)
            for failure in tally.failures:
                print(f"FAILED {name}: {failure}", flush=True)
            bad += len(tally.failures)
            said = f"{tally.passed} passed, {len(tally.failures)} failed"
            print(f"{name}: {said} ({time.monotonic() - started:.0f} s)", flush=True)
    return 1 if bad else 0


def suites(examples: int) -> dict[str, Callable[[Addresses], Tally]]:
    """Name every suite, in the order in which they run."""
    return {
        "graphql-http, Apollo Client, urql": lambda at: node("clients.mjs", at, audited=AUDITS),
        "Relay": relay,
        "graphql-ws": sockets,
        "the contract": lambda at: node("contract.mjs", at),
        "our probes": lambda at: counted(all_probes(at)),
        "clairvoyance": lambda at: counted(guess_the_schema(at)),
        "schemathesis": lambda at: generated(at, examples),
    }


def give_up(line: str) -> int:
    """Say why there is no result."""
    print(line, file=sys.stderr)
    return 2


def counted(checks: Iterable[tuple[str, str | None]]) -> Tally:
    """Count checks that are made in this process."""
    tally = Tally()
    for name, fault in checks:
        tally.note(name, fault)
    return tally


def node(script: str, at: Addresses, **expected: int) -> Tally:
    """Run a script of ours under Node; its last line is a JSON object of counts."""
    command = ["node", str(PLACE / script), at.open, at.apq, at.trusted, at.token]
    done = subprocess.run(
        command, cwd=PLACE, stdout=subprocess.PIPE, text=True, check=False, timeout=300
    )
    tally = Tally()
    lines = done.stdout.splitlines()
    try:
        counts = json.loads(lines[-1])
        tally.passed = counts["passed"]
    except (IndexError, ValueError, TypeError, KeyError):
        tally.note(script, f"did not come to its end:\n{done.stdout}")
        return tally
    tally.failures += [line.removeprefix("FAILED ") for line in lines[:-1]]
    for name, number in expected.items():
        found = counts.get(name)
        tally.note(name, None if found == number else f"{number} were expected, {found} were run")
    return tally


def sockets(at: Addresses) -> Tally:
    """Run the client and raw probes, then 800 aborted connections; nothing may be left of them."""
    before = at.tasks()
    tally = node("sockets.mjs", at)
    for _ in range(100):
        if at.tasks() <= before and at.connections() == 0:
            break
        time.sleep(0.1)
    left = (at.tasks() - before, at.connections())
    tally.note("tasks and connections left", None if left[0] <= 0 and not left[1] else str(left))
    return tally


def relay(at: Addresses) -> Tally:
    """Compile a Relay application's questions against the contract, then run them."""
    compiled = subprocess.run(
        ["node", "node_modules/relay-compiler/cli.js", "relay.config.json"],
        cwd=PLACE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if compiled.returncode:
        return Tally(failures=[f"relay-compiler: {compiled.stdout}"])
    tally = node("relay.mjs", at)
    tally.note("relay-compiler", None)
    return tally


def generated(at: Addresses, examples: int) -> Tally:
    """Let schemathesis ask what the schema allows; any error of a whole answer is a failure."""
    report = PLACE / "schemathesis.ndjson"
    command = [
        program("schemathesis"), "run", at.roomy,
        "--seed", SEED, "--mode", "positive", "--phases", "fuzzing", "--no-color",
        "--max-examples", str(examples), "--continue-on-failure",
    ]  # fmt: skip
    environment = {
        **os.environ,
        "SCHEMATHESIS_HOOKS": "schemathesis_hooks",
        "PYTHONPATH": str(PLACE),
        "CONFORMANCE_URL": at.roomy,
    }
    done = subprocess.run(
        command, cwd=PLACE, env=environment, stdout=subprocess.PIPE, text=True, check=False
    )
    report.with_suffix(".txt").write_text(done.stdout, "utf-8")
    tally = Tally()
    found = [line.strip() for line in done.stdout.splitlines() if " generated, " in line]
    if done.returncode or not found:
        tally.note("schemathesis", f"see {report.with_suffix('.txt')}\n{done.stdout[-6000:]}")
        return tally
    tally.passed = int(found[0].split()[0])
    return tally


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
