"""The lock files: exact, hashed, without addresses, and consistent with each other."""

from __future__ import annotations

import re
import tomllib

from tests.support.source import ROOT, assert_none

_PIN = re.compile(r"^(?P<name>[a-z0-9][a-z0-9._-]*)==(?P<version>\S+)(?P<marker> ; [^\\]*)? \\$")
LOCKS = ("requirements.lock", "requirements-dev.lock")
# Of tools and servers that the tests run in environments of their own.
OTHERS = sorted(str(lock.relative_to(ROOT)) for lock in (ROOT / "tests").glob("*/*.lock"))


def pins(text: str) -> set[tuple[str, str, str]]:
    found = (_PIN.match(line) for line in text.splitlines())
    return {(m["name"], m["version"], (m["marker"] or "").strip()) for m in found if m}


def loose_lines(text: str) -> list[str]:
    return [
        line
        for line in text.splitlines()
        if not _PIN.match(line) and not re.match(r"^    (#|--hash=sha256:[0-9a-f]{64})", line)
    ]


def text_of(lock: str) -> str:
    return (ROOT / lock).read_text("utf-8")


def test_no_lock_names_an_address() -> None:
    assert_none(
        [
            line
            for lock in (*LOCKS, *OTHERS)
            for line in text_of(lock).splitlines()
            if "://" in line
        ],
        "An address in a lock ties everybody to one mirror; it belongs to each machine's settings.",
    )


def test_every_line_of_a_lock_is_an_exact_pin_with_hashes() -> None:
    assert OTHERS
    for lock in (*LOCKS, *OTHERS):
        assert_none(loose_lines(text_of(lock)), f"{lock}: not an exact, hashed version.")


def test_a_loose_requirement_is_seen() -> None:
    assert loose_lines("numpy>=2\n") == ["numpy>=2"]
    assert loose_lines("-r other.txt\n") == ["-r other.txt"]


def test_the_development_lock_contains_the_runtime_lock() -> None:
    runtime = {(name, version) for name, version, _ in pins(text_of(LOCKS[0]))}
    development = {(name, version) for name, version, _ in pins(text_of(LOCKS[1]))}
    assert_none(
        [f"{name} {version}" for name, version in sorted(runtime - development)],
        "The tests would run on other versions than the product.",
    )


def test_every_dependency_is_locked() -> None:
    project = tomllib.loads(text_of("pyproject.toml"))["project"]
    for lock, wanted in zip(
        LOCKS,
        (project["dependencies"], project["optional-dependencies"]["dev"]),
        strict=True,
    ):
        names = {re.split(r"[^A-Za-z0-9._-]", line)[0].lower() for line in wanted}
        locked = {name for name, _, _ in pins(text_of(lock))}
        assert_none(sorted(names - locked), f"{lock} is older than pyproject.toml: compile it.")


def test_every_direct_dependency_has_its_reason() -> None:
    page = (ROOT / "docs" / "decisions" / "2026-11-libraries.md").read_text("utf-8")
    reasons = {line.split("`")[1] for line in page.splitlines() if line.startswith("| `")}
    project = tomllib.loads(text_of("pyproject.toml"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.split(r"[^A-Za-z0-9._-]", line)[0] for line in wanted}
    assert_none(
        sorted(names ^ reasons),
        "Every library is code that we answer for: say why it is here, or take its line away "
        "(docs/decisions/2026-11-libraries.md).",
    )
