"""One person's result read back line by line: why the score, why the money, in canonical form.

Nothing is calculated here. The lines come from `explain`; the statement only checks that the pay
lines make the payout and the points make the score, and gives the whole a hash.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.document import canonical, document_hash
from domain.exact import INTS
from domain.problem import Problem, Refused, Severity
from domain.program import Line, LineKind

STATEMENT_FORMAT = "attain.statement/1"
_SEGMENT = re.compile(r"s\d+\.")  # the prefix of a segment's names
ENGINE_VERSION = "1"  # changes whenever the same inputs and documents would give another line


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a person is shown, signed over and paid by.

    ``subject`` names whose it is and what it was made from (person, period, scorecard and plan
    hashes); the caller fills it with texts.
    """

    subject: Mapping[str, str]
    currency: str
    score_lines: tuple[Line, ...]
    pay_lines: tuple[Line, ...]

    @property
    def score(self) -> int | None:
        """The score in POINT steps; None when it is held back or there is no scorecard."""
        return _value_of(self.score_lines, "score")

    @property
    def payout(self) -> int | None:
        """The payout in minor units; None when a component holds it back."""
        return _value_of(self.pay_lines, "payout")

    @property
    def amounts(self) -> tuple[Line, ...]:
        """The pay lines whose sum is the payout, in order."""
        return of_kind(self.pay_lines, LineKind.PAY)

    @property
    def reasons(self) -> tuple[Line, ...]:
        """The points won or lost per KPI against its full weight."""
        return of_kind(self.score_lines, LineKind.REASON)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What was missing, each named once."""
        found: dict[tuple[str, str], Problem] = {}
        for line in (*self.score_lines, *self.pay_lines):
            for problem in line.problems:
                known = found.get((problem.code, problem.path))
                if known is None or known.severity is Severity.WARNING:
                    found[problem.code, problem.path] = problem
        return tuple(found.values())

    @property
    def document(self) -> dict[str, object]:
        """The canonical document: every line with its inputs, numbers as texts of whole steps."""
        return {
            "format": STATEMENT_FORMAT,
            "engine": ENGINE_VERSION,
            "subject": dict(self.subject),
            "currency": self.currency,
            "score": [_write_line(line) for line in self.score_lines],
            "pay": [_write_line(line) for line in self.pay_lines],
        }

    @property
    def canonical(self) -> bytes:
        """The bytes that are hashed: the same on any machine and in any batch."""
        return canonical(self.document)

    @property
    def hash(self) -> str:
        """The SHA-256 of the canonical bytes, in hexadecimal."""
        return document_hash(self.document)


def read_statement(
    score_lines: Sequence[Line],
    pay_lines: Sequence[Line],
    *,
    subject: Mapping[str, str],
    currency: str,
) -> Statement:
    """Read explained lines into a statement.

    Refuses with ``total_differs`` when the pay lines do not make the payout exactly: such a
    statement must never be shown.
    """
    statement = Statement(
        subject=dict(subject),
        currency=currency,
        score_lines=tuple(score_lines),
        pay_lines=tuple(pay_lines),
    )
    _check(statement.amounts, statement.payout, "payout")
    for prefix, lines in _by_segment(score_lines).items():
        reasons = [*of_kind(lines, LineKind.REASON), *_after_weighting(lines)]
        own, full = (_value_of(lines, f"{prefix}own.{part}") for part in ("score", "full"))
        _check(reasons, INTS.minus(own, full), f"{prefix}own.score")
    return statement


def _by_segment(lines: Sequence[Line]) -> dict[str, list[Line]]:
    """Sort the lines of a period that was cut by segment: the points of each make its score."""
    found: dict[str, list[Line]] = {}
    for line in lines:
        match = _SEGMENT.match(line.name)
        found.setdefault(match[0] if match else "", []).append(line)
    return found


def of_kind(lines: Sequence[Line], kind: LineKind) -> tuple[Line, ...]:
    """Pick the lines of one kind, in order."""
    return tuple(line for line in lines if line.kind is kind)


def _after_weighting(lines: Sequence[Line]) -> list[Line]:
    kpis = {line.key for line in of_kind(lines, LineKind.REASON)}
    return [
        line
        for line in of_kind(lines, LineKind.SCORE)
        if line.key not in kpis and not line.name.endswith("limits.points")
    ]


def _check(parts: Sequence[Line], total: int | None, name: str) -> None:
    values = [line.value for line in parts]
    if total is not None and INTS.total(values) != total:
        raise Refused("total_differs", {"line": name}, path=name)


def _value_of(lines: Sequence[Line], name: str) -> int | None:
    return next((line.value for line in lines if line.name == name), None)


def _write_line(line: Line) -> dict[str, object]:
    return {
        "name": line.name,
        "code": line.code,
        "unit": line.unit,
        "value": _digits(line.value),
        "inputs": [[name, _digits(value), unit] for name, value, unit in line.inputs],
        "problems": [[problem.code, problem.path] for problem in line.problems],
    }


def _digits(value: int | None) -> str | None:
    return None if value is None else str(value)
