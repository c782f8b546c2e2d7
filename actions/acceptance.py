"""What a person accepts of a suspicious run: what that run said, and nothing beyond it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from actions.deed import Runtime
from domain.access import Actor
from storage.engine import reading
from storage.syncs import problem_of_run

_NUMBERS = ("gone", "rows")


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """Nothing (not ``given``), whatever there is, or what the run said that somebody looked at.

    ``code`` and ``values`` are of that run; without a code everything is accepted.
    """

    given: bool = False
    code: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)

    def covers(self, code: str, values: Mapping[str, str]) -> bool:
        """Say whether it is what was looked at: the same stream, and no more of it gone by now."""
        if not self.given or self.code is None:
            return self.given
        same = code == self.code and values.get("stream") == self.values.get("stream")
        gone, rows = (_number(values, name) - _number(self.values, name) for name in _NUMBERS)
        return same and gone <= 0 and rows >= 0


def acceptance_of(
    runtime: Runtime, actor: Actor, connection_id: str, run_id: str | None, *, accept: bool
) -> Acceptance:
    """Return what a person accepts: what a run said or, without one, everything or nothing."""
    if run_id is None:
        return Acceptance(given=accept)
    with reading(runtime.engine, actor) as connection:
        code, values = problem_of_run(connection, connection_id, run_id)
    return Acceptance(given=code is not None, code=code, values=values)


def _number(values: Mapping[str, str], name: str) -> int:
    told = values.get(name, "")
    return int(told) if told.isascii() and told.isdigit() else 0
