"""The facts that count for one person, each with the credits by which it does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from domain.credit import WHOLE
from domain.credit_kind import OWN_SALES, CreditChoice, CreditKind, Whose
from domain.crediting import Credit
from domain.fact import Fact
from domain.knowledge import Knowledge
from domain.measure import Aggregate
from storage.carrying import Widening, widened
from storage.credit_rules import RuleName
from storage.credited import among, is_plain, is_whose, not_among
from storage.crediting import Credits, Decided
from storage.fact_rows import counted_facts, meant, standing
from storage.sources import fact_of
from storage.tables import fact, identity_link


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditedFact:
    """A fact, and how it counts for the person in question."""

    fact: Fact
    is_named: bool  # the source puts it under this person's name
    credits: tuple[Credit, ...]

    def told(self, rules: Mapping[str, RuleName]) -> Fact:
        """Return what the person may be told: of somebody else's fact not who shares in it."""
        if self.is_named:
            return self.fact
        hidden = {name for rule in rules.values() for name in rule.attributes_read}
        attributes = {
            name: value for name, value in self.fact.attributes.items() if name not in hidden
        }
        return replace(self.fact, attributes=attributes)


def facts_of_person(
    connection: Connection,
    entity_id: str,
    aggregate: Aggregate,
    *,
    at: Knowledge,
    person_id: str,
    crediting: Credits,
) -> list[CreditedFact]:
    """Return the facts that a person's sum was made of, in business order."""
    window = (aggregate.start, aggregate.end)
    decided = crediting.of(aggregate.fact, window)
    choice = aggregate.credit or OWN_SALES
    found: list[CreditedFact] = []
    plain = is_plain(aggregate.credit, decided)
    with nullcontext() if plain else widened(connection, Widening.CREDIT):
        if CreditKind.DIRECT in choice.kinds and choice.of is not Whose.OTHERS:
            query = counted_facts(entity_id, aggregate, at, window)
            query = query.where(identity_link.c.person_id == person_id)
            found.extend(_direct(connection, query, decided, person_id))
        if decided is not None:
            given = _given(decided, choice, person_id)
            rows = select(fact).where(
                *standing(entity_id, window, at),
                *meant(aggregate),
                among(connection, fact.c.seq, sorted(given)),
            )
            found.extend(_beside(connection.execute(rows).all() if given else (), decided, given))
    return _together(found)


def _direct(
    connection: Connection,
    query: Select[*tuple[Any, ...]],
    decided: Decided | None,
    person_id: str,
) -> Iterator[CreditedFact]:
    aside = [] if decided is None else decided.aside()
    if aside:
        query = query.where(not_among(connection, fact.c.seq, aside))
    for row in connection.execute(query.with_only_columns(*fact.c)):
        ruled = None if decided is None else decided.facts.get(row.seq)
        rules = [] if ruled is None else [each.rule for each in ruled.outcome.credits]
        credit = Credit(
            person=person_id,
            kind=CreditKind.DIRECT,
            share=WHOLE,
            quantity=row.quantity,
            rule=rules[0] if rules else None,  # the direct credit comes first
        )
        yield CreditedFact(fact=fact_of(row), is_named=True, credits=(credit,))


def _given(decided: Decided, choice: CreditChoice, person_id: str) -> dict[int, tuple[Credit, ...]]:
    given: dict[int, tuple[Credit, ...]] = {}
    for ruled, credit in decided.beside():
        is_mine = credit.person == person_id and credit.kind in choice.kinds
        if is_mine and is_whose(choice, ruled, credit):
            given[ruled.seq] = (*given.get(ruled.seq, ()), credit)
    return given


def _beside(
    rows: Any, decided: Decided, given: Mapping[int, tuple[Credit, ...]]
) -> Iterator[CreditedFact]:
    row: Row[Any]
    for row in rows:
        credits_of_it = given[row.seq]
        named = decided.facts[row.seq].named
        yield CreditedFact(
            fact=fact_of(row),
            is_named=named is not None and named == credits_of_it[0].person,
            credits=credits_of_it,
        )


def _together(found: list[CreditedFact]) -> list[CreditedFact]:
    """Put the credits of one fact together, and the facts in business order."""
    by_id: dict[str, CreditedFact] = {}
    for each in found:
        before = by_id.get(each.fact.id)
        credits_of_it = each.credits if before is None else (*before.credits, *each.credits)
        by_id[each.fact.id] = CreditedFact(
            fact=each.fact, is_named=each.is_named, credits=credits_of_it
        )
    return sorted(by_id.values(), key=lambda each: (each.fact.business_date, each.fact.id))
