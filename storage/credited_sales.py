"""The sales that count for some people at once, each by what its source calls it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from sqlalchemy import Connection, select

from domain.knowledge import Knowledge
from domain.measure import Aggregate
from storage.credited import credited_rows
from storage.crediting import Credits
from storage.tables import fact


class CreditedSale(NamedTuple):
    """A sale as it counts for somebody."""

    person: str
    key: str
    part: int  # what counts for the person
    whole: int
    facts: int  # of how many facts it is made: a source may call two the same


def sales_of_people(
    connection: Connection,
    entity_id: str,
    aggregate: Aggregate,
    *,
    at: Knowledge,
    people: Sequence[str],
    crediting: Credits,
) -> Iterator[CreditedSale]:
    """Read the sales that the sums of some people were made of, by one statement for all."""
    window = (aggregate.start, aggregate.end)
    decided = crediting.of(aggregate.fact, window)
    rows = credited_rows(connection, entity_id, aggregate, at, window, decided, of_group=False)
    query = (
        select(rows.c.person_id, fact.c.key, fact.c.seq, rows.c.quantity, rows.c.whole)
        .join(fact, fact.c.seq == rows.c.seq)
        .where(rows.c.person_id.in_(list(people)))
        .order_by(rows.c.person_id, fact.c.key, fact.c.seq)
    )
    for (person, key), listed in groupby(connection.execute(query), lambda row: row[:2]):
        parts = list(listed)
        # one fact may count for somebody by several credits
        wholes = {seq: whole for _, _, seq, _, whole in parts}
        quantity = sum(row[3] for row in parts)
        yield CreditedSale(person, key, quantity, sum(wholes.values()), len(wholes))
