"""The credits that a posted run was counted with, kept with it and read back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, select

from domain.credit_kind import CreditKind
from domain.crediting import CoverageStatus, Credit, Outcome
from domain.knowledge import Knowledge
from domain.problem import Problem
from storage.bulk import add_tuples
from storage.carrying import Widening, widened
from storage.crediting import Crediting, Credits, Decided, Ruled
from storage.engine import Writing
from storage.fact_rows import Window
from storage.results import Run
from storage.tables import credit

_POSTED = "POSTED"
_NAMES = [
    "legal_entity_id",
    "run_id",
    "as_of",
    "fact_seq",
    "fact_id",
    "fact_kind",
    "business_date",
    "named_id",
    "status",
    "person_id",
    "kind",
    "share",
    "quantity",
    "rule_id",
    "level",
    "role",
    "code",
    "code_values",
]


def keep_credits(writing: Writing, run_id: str, crediting: Crediting) -> None:
    """Freeze what every rule came to: who got what of which fact, or why nobody did.

    Windows that end on one day and overlap give a fact the same outcome, which is kept once.
    """
    kept: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
    for (kind, window), decided in sorted(crediting.decided.items()):
        as_of = window[1] - timedelta(days=1)
        for ruled in decided.facts.values():
            start = (writing.entity_id, run_id, as_of, ruled.seq, ruled.fact_id, kind)
            kept[as_of, kind, ruled.seq] = list(_rows(ruled, start))
    rows = (row for found in kept.values() for row in found)
    add_tuples(writing.connection, credit, _NAMES, rows)


def _rows(ruled: Ruled, start: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    outcome = ruled.outcome
    common = (*start, ruled.day, ruled.named, outcome.status.value)
    for each in outcome.credits:
        parts = (each.person, each.kind.value, each.share, each.quantity, each.rule)
        yield (*common, *parts, each.level, each.role, None, None)
    if not outcome.credits:
        problem = outcome.problem
        why = (None, None) if problem is None else (problem.code, dict(problem.values))
        yield (*common, None, None, None, None, outcome.rule, None, None, *why)


def credits_of_run(connection: Connection, run: Run) -> Credits:
    """Return the credits a run was counted with: kept with a posted one, decided anew else.

    A posted run that kept none had no rule, or is of a time when runs that started from another
    kept none. What was known to it comes to the same.
    """
    kept = credits_kept(connection, run.id) if run.mode == _POSTED else None
    return kept or Crediting(connection, run.entity_id, Knowledge.at(run.known_at))


def credits_kept(connection: Connection, run_id: str) -> FrozenCredits | None:
    """Return the credits that a run has kept; None where it kept none."""
    with widened(connection, Widening.CREDIT):
        query = select(credit.c.seq).where(credit.c.run_id == run_id).limit(1)
        has_kept = connection.execute(query).first() is not None
    return FrozenCredits(connection, run_id) if has_kept else None


class FrozenCredits:
    """The credits of a posted run: what was decided then, whatever is known by now."""

    def __init__(self, connection: Connection, run_id: str) -> None:
        self._connection = connection
        self._run_id = run_id
        self._found: dict[tuple[str, Window], Decided | None] = {}

    def of(self, kind: str, window: Window) -> Decided | None:
        """Return what became of the facts of a kind; None where no rule concerned any of them."""
        if (kind, window) not in self._found:
            self._found[kind, window] = self._read(kind, window)
        return self._found[kind, window]

    def _read(self, kind: str, window: Window) -> Decided | None:
        query = select(credit).where(
            credit.c.run_id == self._run_id,
            credit.c.fact_kind == kind,
            credit.c.as_of == window[1] - timedelta(days=1),
            credit.c.business_date >= window[0],
        )
        with widened(self._connection, Widening.CREDIT):
            rows = self._connection.execute(query.order_by(credit.c.seq)).all()
        by_fact: dict[int, list[Row[Any]]] = {}
        for row in rows:
            by_fact.setdefault(row.fact_seq, []).append(row)
        if not by_fact:
            return None
        return Decided(facts={number: _ruled(found) for number, found in by_fact.items()})


def _ruled(rows: list[Row[Any]]) -> Ruled:
    first = rows[0]
    status = CoverageStatus(first.status)
    problem = None
    if first.code is not None:
        values: Mapping[str, str] = first.code_values or {}
        problem = Problem(code=first.code, values=dict(values))
    outcome = Outcome(
        status=status,
        credits=tuple(_credit(row) for row in rows if row.person_id is not None),
        rule=None if status is CoverageStatus.CREDITED else first.rule_id,
        problem=problem,
    )
    return Ruled(
        seq=first.fact_seq,
        fact_id=first.fact_id,
        day=first.business_date,
        named=first.named_id,
        outcome=outcome,
    )


def _credit(row: Row[Any]) -> Credit:
    return Credit(
        person=row.person_id,
        kind=CreditKind(row.kind),
        share=row.share,
        quantity=row.quantity,
        rule=row.rule_id,
        level=row.level,
        role=row.role,
    )
