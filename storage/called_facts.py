"""Facts by what their source calls them: where a sale is that somebody else counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from domain.knowledge import Knowledge
from domain.metric import Condition, Operator
from storage.fact_rows import linked, standing
from storage.tables import fact, identity_link

_EVER = (date(1, 1, 1), date(9999, 12, 31))
_KEYS_AT_A_TIME = 500


class CalledFact(NamedTuple):
    """A fact that stands, and whom its source names; None where that is nobody's name."""

    key: str
    kind: str
    business_date: date
    quantity: int
    unit: str
    attributes: Mapping[str, Any]
    person_id: str | None

    def holds(self, where: Sequence[Condition]) -> bool:
        """Say whether its attributes hold all conditions, as the database decides it."""
        return all(
            (self.attributes.get(each.attribute) in each.values) == (each.operator is Operator.IN)
            for each in where
        )


def facts_called(
    connection: Connection, entity_id: str, keys: Sequence[str], at: Knowledge
) -> Iterator[CalledFact]:
    """Find the facts that have one of these keys, whatever their day."""
    todo = iter(keys)
    while some := list(islice(todo, _KEYS_AT_A_TIME)):
        query = (
            select(
                fact.c.key,
                fact.c.kind,
                fact.c.business_date,
                fact.c.quantity,
                fact.c.unit,
                fact.c.attributes,
                identity_link.c.person_id,
            )
            .select_from(fact)
            .outerjoin(identity_link, linked(at))
            .where(*standing(entity_id, _EVER, at), fact.c.key.in_(some))
        )
        for row in connection.execute(query):
            yield CalledFact(*row)
