"""Facts with whom each is credited to, as rows for sums: the source's own, and those of rules.

Credits that rules gave come as one list in one parameter, so that everything is still added up by
the same statements in the database, however many there are.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    String,
    Subquery,
    bindparam,
    case,
    cast,
    column,
    exists,
    false,
    func,
    null,
    select,
    union_all,
)

from domain.credit_kind import OWN_SALES, CreditChoice, CreditKind, Whose, kinds_of_group
from domain.crediting import Credit
from domain.knowledge import Knowledge
from domain.measure import Aggregate
from storage.crediting import Decided, Ruled
from storage.fact_rows import Window, counted, counted_facts, meant, standing
from storage.tables import fact, identity_link


def is_plain(choice: CreditChoice | None, decided: Decided | None) -> bool:
    """Say whether a sum counts what sources say and nothing else: nearly always."""
    return decided is None and (choice is None or _counts_direct(choice, choice.kinds))


def _counts_direct(choice: CreditChoice, kinds: Sequence[CreditKind]) -> bool:
    return CreditKind.DIRECT in kinds and choice.of is not Whose.OTHERS


def credited_rows(
    connection: Connection,
    entity_id: str,
    aggregate: Aggregate,
    at: Knowledge,
    window: Window,
    decided: Decided | None,
    *,
    of_group: bool,
    people: Collection[str] | None = None,
) -> Subquery:
    """Select a row per fact and credited person: what counts for them, and the whole fact.

    Where it is about some ``people`` only, rows of others may be missing.
    """
    choice = aggregate.credit or OWN_SALES
    kinds = kinds_of_group(choice) if of_group else choice.kinds
    parts: list[Select[*tuple[Any, ...]]] = []
    if _counts_direct(choice, kinds):
        aside = [] if decided is None else decided.aside(people)
        parts.append(_direct(connection, entity_id, aggregate, at, window, aside))
    if decided is not None:
        chosen: dict[tuple[int, str], int] = {}
        for ruled, found in decided.beside(people):
            if found.kind in kinds and is_whose(choice, ruled, found):
                key = (ruled.seq, found.person)
                chosen[key] = chosen.get(key, 0) + found.quantity
        parts.append(_given(connection, entity_id, aggregate, at, window, chosen))
    if not parts:
        person: ColumnElement[Any] = cast(null(), String)
        parts.append(_columns(select(fact).where(false()), aggregate, person, fact.c.quantity))
    return (parts[0] if len(parts) == 1 else union_all(*parts)).subquery()


def is_whose(choice: CreditChoice, ruled: Ruled, found: Credit) -> bool:
    """Say whether a credit is from a fact that is one's own, or somebody else's, as is asked."""
    is_own = ruled.named == found.person
    return choice.of is Whose.ANYONE or is_own == (choice.of is Whose.SELF)


def _columns(
    query: Select[*tuple[Any, ...]],
    aggregate: Aggregate,
    person: ColumnElement[Any],
    quantity: ColumnElement[Any],
) -> Select[*tuple[Any, ...]]:
    return query.with_only_columns(
        fact.c.seq,
        fact.c.legal_entity_id,
        person.label("person_id"),
        quantity.label("quantity"),
        fact.c.quantity.label("whole"),
        fact.c.business_date,
        fact.c.instant,
        counted(aggregate, person).label("counted"),
    )


def _direct(
    connection: Connection,
    entity_id: str,
    aggregate: Aggregate,
    at: Knowledge,
    window: Window,
    aside: Sequence[int],
) -> Select[*tuple[Any, ...]]:
    query = counted_facts(entity_id, aggregate, at, window)
    if aside:
        query = query.where(not_among(connection, fact.c.seq, aside))
    return _columns(query, aggregate, identity_link.c.person_id, fact.c.quantity)


def _given(
    connection: Connection,
    entity_id: str,
    aggregate: Aggregate,
    at: Knowledge,
    window: Window,
    chosen: Mapping[tuple[int, str], int],
) -> Select[*tuple[Any, ...]]:
    given = listed(connection, ((*key, part) for key, part in chosen.items()), "given")
    query = (
        select(fact)
        .join(given, given.c.seq == fact.c.seq)
        .where(*standing(entity_id, window, at), *meant(aggregate))
    )
    return _columns(query, aggregate, given.c.person_id, given.c.quantity)


def listed(connection: Connection, rows: Iterable[tuple[int, str, int]], name: str) -> Subquery:
    """Make a table of number, person and quantity out of one parameter."""
    text = bindparam(None, json.dumps(list(rows)), String, unique=True)
    postgresql = connection.dialect.name == "postgresql"
    if postgresql:
        each = func.json_array_elements(cast(text, JSON)).table_valued(column("value", JSON))
        cells: list[ColumnElement[Any]] = [each.c.value.op("->>")(place) for place in range(3)]
    else:
        each = func.json_each(text).table_valued(column("value", String))
        cells = [func.json_extract(each.c.value, f"$[{place}]") for place in range(3)]
    found = select(
        cast(cells[0], BigInteger).label("seq"),
        cast(cells[1], String).label("person_id"),
        cast(cells[2], BigInteger).label("quantity"),
    )
    # Different rows already: it makes SQLite read the text once and index what it finds, instead
    # of reading all of it again for every fact.
    return (found if postgresql else found.distinct()).subquery(name)


def among(
    connection: Connection, number: ColumnElement[int], numbers: Sequence[int]
) -> ColumnElement[bool]:
    """Keep rows whose number is one of many."""
    return number.in_(_numbers(connection, numbers))


def not_among(
    connection: Connection, number: ColumnElement[int], numbers: Sequence[int]
) -> ColumnElement[bool]:
    """Keep rows whose number is none of many."""
    found = _numbers(connection, numbers)
    if connection.dialect.name != "postgresql":
        return number.not_in(found)
    # An anti-join by hash, which may spill: a long NOT IN would be looked through once a row.
    rows = found.subquery()
    return ~exists(select(1).select_from(rows).where(rows.c.number == number))


def _numbers(connection: Connection, numbers: Sequence[int]) -> Select[*tuple[Any, ...]]:
    text = bindparam(None, json.dumps(list(numbers)), String, unique=True)
    if connection.dialect.name == "postgresql":
        each = func.json_array_elements_text(cast(text, JSON)).table_valued("value")
    else:
        each = func.json_each(text).table_valued("value")
    return select(cast(each.c.value, BigInteger).label("number"))


def once_each(rows: Subquery, *, of_group: bool) -> Select[*tuple[Any, ...]]:
    """Put together what one fact counts for one group, in one row.

    A group gets no more of a fact than the fact: people of one team who share an order, over-
    assigned or not, bring it there once.
    """
    total = func.sum(rows.c.quantity)
    most = func.max(rows.c.whole)
    quantity = case((func.abs(total) > func.abs(most), most), else_=total) if of_group else total
    return select(
        rows.c.seq,
        rows.c.group_id,
        quantity.label("quantity"),
        func.max(rows.c.business_date).label("business_date"),
        func.max(rows.c.instant).label("instant"),
        rows.c.counted,
    ).group_by(rows.c.seq, rows.c.group_id, rows.c.counted)
