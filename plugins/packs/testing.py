"""The pack kit for pytest: one line in a vendor's tests makes a test of every check.

``TestPack = pack_suite(Path(__file__).parent / "retail.toml")``
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from domain.problem import Problem
from messages.render import Locale, load
from plugins.packs.kit import CHECKS, Candidate, Check, candidate


def pack_suite(file: Path, before: Path | None = None) -> type:
    """Return a class of tests, one for each check; ``before`` is the version that is installed."""
    read: list[Candidate] = []

    def method(check: Check) -> Callable[[object], None]:
        def test(self: object) -> None:
            if not read:
                read.append(candidate(file, before))
            problems = tuple(check(read[0]))
            assert not problems, told(problems)

        test.__doc__ = check.__doc__
        return test

    tests = {f"test_{number}_{check.__name__}": method(check) for number, check in CHECKS.items()}
    return type("TestPack", (), tests)


def told(problems: tuple[Problem, ...], locale: Locale = Locale.EN) -> str:
    """Write problems with their places, one a line."""
    catalogue = load()
    return "\n".join(
        f"{each.path} {each.code}: {catalogue.text(each.code, each.values, locale)}"
        for each in problems
    )
