"""What became of every fact of a period: credited, left out, or unclear, and nothing missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    false,
    func,
    or_,
    select,
    true,
    tuple_,
)

from domain.credit import WHOLE
from domain.credit_kind import CreditKind
from domain.crediting import CoverageStatus, Credit, Outcome
from domain.fact import Fact
from domain.knowledge import Knowledge
from domain.problem import Problem
from storage.credited import among, not_among
from storage.crediting import Crediting, Ruled
from storage.fact_rows import Window, linked, standing
from storage.knowing import facts_known
from storage.sources import fact_of
from storage.tables import fact, identity_link

NOBODY = "credit_nobody_linked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Facts of one kind and unit that came to the same end for the same reason."""

    status: CoverageStatus
    code: str | None  # of an error
    rule: str | None  # of what was left out
    kind: str
    unit: str
    facts: int
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """One fact, whom the source names, and what became of it."""

    fact: Fact
    named: str | None
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The facts of a window and what the rules came to for those they concern."""

    entity_id: str
    window: Window
    at: Knowledge
    ruled: Mapping[int, Ruled]

    def counts(self, connection: Connection) -> list[Count]:
        """Count every fact once, by what became of it, kind and unit."""
        found = list(self._plain_counts(connection))
        groups: dict[tuple[CoverageStatus, str | None, str | None], list[int]] = {}
        for each in self.ruled.values():
            problem = each.outcome.problem
            code = None if problem is None else problem.code
            key = (each.outcome.status, code, each.outcome.rule)
            groups.setdefault(key, []).append(each.seq)
        for (status, code, rule), numbers in groups.items():
            rows = self._by_kind(connection, among(connection, fact.c.seq, numbers))
            found.extend(_count(row, status, code, rule) for row in rows)
        return sorted(_together(found), key=_count_key)

    def _plain_counts(self, connection: Connection) -> Iterator[Count]:
        """Count what no rule concerns: credited where somebody is linked."""
        person, untouched = identity_link.c.person_id, self._untouched(connection)
        for row in self._by_kind(connection, and_(untouched, person.is_not(None))):
            yield _count(row, CoverageStatus.CREDITED, None, None)
        for row in self._by_kind(connection, and_(untouched, person.is_(None))):
            yield _count(row, CoverageStatus.ERROR, NOBODY, None)

    def _untouched(self, connection: Connection) -> ColumnElement[bool]:
        if not self.ruled:
            return true()
        return not_among(connection, fact.c.seq, list(self.ruled))

    def _by_kind(self, connection: Connection, which: ColumnElement[bool]) -> Sequence[Row[Any]]:
        query = self._facts().where(which)
        counted = query.with_only_columns(
            fact.c.kind, fact.c.unit, func.count(), func.sum(fact.c.quantity)
        )
        return connection.execute(counted.group_by(fact.c.kind, fact.c.unit)).all()

    def _facts(self) -> Select[*tuple[Any, ...]]:
        return (
            select(*fact.c, identity_link.c.person_id)
            .select_from(fact)
            .join(identity_link, linked(self.at), isouter=True)
            .where(*standing(self.entity_id, self.window, self.at))
        )

    def page(
        self,
        connection: Connection,
        *,
        status: CoverageStatus | None,
        code: str | None,
        after: tuple[date, str] | None,
        size: int,
    ) -> list[Covered]:
        """Return facts in business order, of one status and reason if named."""
        query = self._facts()
        if status is not None:
            query = query.where(self._with(connection, status, code))
        if after is not None:
            query = query.where(tuple_(fact.c.business_date, fact.c.id) > tuple_(*after))
        ordered = query.order_by(fact.c.business_date, fact.c.id).limit(size)
        return [self._covered(row) for row in connection.execute(ordered)]

    def _with(
        self, connection: Connection, status: CoverageStatus, code: str | None
    ) -> ColumnElement[bool]:
        numbers = [
            each.seq
            for each in self.ruled.values()
            if each.outcome.status is status
            and (code is None or (each.outcome.problem and each.outcome.problem.code == code))
        ]
        ruled = among(connection, fact.c.seq, numbers) if numbers else false()
        person = identity_link.c.person_id
        if status is CoverageStatus.CREDITED and code is None:
            return or_(ruled, and_(self._untouched(connection), person.is_not(None)))
        if status is CoverageStatus.ERROR and code in {None, NOBODY}:
            return or_(ruled, and_(self._untouched(connection), person.is_(None)))
        return ruled

    def _covered(self, row: Row[Any]) -> Covered:
        ruled = self.ruled.get(row.seq)
        if ruled is not None:
            outcome = ruled.outcome
        elif row.person_id is None:
            outcome = Outcome(status=CoverageStatus.ERROR, problem=Problem(code=NOBODY))
        else:
            direct = Credit(
                person=row.person_id,
                kind=CreditKind.DIRECT,
                share=WHOLE,
                quantity=row.quantity,
            )
            outcome = Outcome(status=CoverageStatus.CREDITED, credits=(direct,))
        return Covered(fact=fact_of(row), named=row.person_id, outcome=outcome)

    def of_fact(self, connection: Connection, fact_id: str) -> Covered | None:
        """Return what became of one fact, named by the id of any of its revisions."""
        same = fact.alias()
        query = self._facts().join(
            same,
            and_(
                same.c.connection_id == fact.c.connection_id,
                same.c.stream == fact.c.stream,
                same.c.key == fact.c.key,
            ),
        )
        row = connection.execute(query.where(same.c.id == fact_id)).first()
        return None if row is None else self._covered(row)


def coverage_of(
    connection: Connection, entity_id: str, window: Window, at: Knowledge, crediting: Crediting
) -> Coverage:
    """Decide the facts of a window that any rule is about."""
    ruled: dict[int, Ruled] = {}
    for kind in sorted({each.rule.fact for each in crediting.rules()}):
        decided = crediting.of(kind, window)
        if decided is not None:
            ruled.update(decided.facts)
    return Coverage(entity_id=entity_id, window=window, at=at, ruled=ruled)


def day_of_fact(connection: Connection, entity_id: str, fact_id: str, at: Knowledge) -> date | None:
    """Return the day of a fact's newest revision by the id of any, or None."""
    same = fact.alias()
    query = (
        select(fact.c.business_date)
        .join(
            same,
            and_(
                same.c.connection_id == fact.c.connection_id,
                same.c.stream == fact.c.stream,
                same.c.key == fact.c.key,
            ),
        )
        .where(
            same.c.id == fact_id,
            fact.c.legal_entity_id == entity_id,
            facts_known(at),
        )
    )
    return connection.execute(query).scalar_one_or_none()


def _count(row: Any, status: CoverageStatus, code: str | None, rule: str | None) -> Count:
    return Count(
        status=status,
        code=code,
        rule=rule,
        kind=row[0],
        unit=row[1],
        facts=row[2],
        quantity=int(row[3]),
    )


def _together(found: Sequence[Count]) -> Iterator[Count]:
    """Add up counts that say the same, of facts with a rule and without."""
    sums: dict[tuple[Any, ...], tuple[int, int]] = {}
    for each in found:
        key = (each.status, each.code, each.rule, each.kind, each.unit)
        facts, quantity = sums.get(key, (0, 0))
        sums[key] = (facts + each.facts, quantity + each.quantity)
    for (status, code, rule, kind, unit), (facts, quantity) in sums.items():
        yield Count(
            status=status,
            code=code,
            rule=rule,
            kind=kind,
            unit=unit,
            facts=facts,
            quantity=quantity,
        )


def _count_key(count: Count) -> tuple[int, str, str, str, str]:
    place = list(CoverageStatus).index(count.status)
    return (place, count.code or "", count.rule or "", count.kind, count.unit)
