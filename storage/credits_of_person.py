"""All credits of one person in a period, of every kind of fact."""

from __future__ import annotations

from sqlalchemy import Connection, select

from domain.credit_kind import CreditChoice, CreditKind, Whose
from domain.knowledge import Knowledge
from domain.measure import Adding, Aggregate
from storage.credited_facts import CreditedFact, facts_of_person
from storage.crediting import Crediting
from storage.fact_rows import Window, linked, standing
from storage.tables import fact, identity_link

_ALL = CreditChoice(kinds=tuple(CreditKind), of=Whose.ANYONE)


def credits_of_person(
    connection: Connection,
    entity_id: str,
    window: Window,
    *,
    at: Knowledge,
    person_id: str,
    crediting: Crediting,
) -> list[CreditedFact]:
    """Return every fact that counts for a person in any way, in business order."""
    own = (
        select(fact.c.kind)
        .select_from(fact)
        .join(identity_link, linked(at))
        .where(*standing(entity_id, window, at), identity_link.c.person_id == person_id)
        .distinct()
    )
    kinds = set(connection.execute(own).scalars())
    kinds |= {each.rule.fact for each in crediting.rules()}
    found = []
    for kind in sorted(kinds):
        every = Aggregate(
            adding=Adding.SUM,
            fact=kind,
            where=(),
            unit=None,
            of=None,
            start=window[0],
            end=window[1],
            credit=_ALL,
        )
        found.extend(
            facts_of_person(
                connection, entity_id, every, at=at, person_id=person_id, crediting=crediting
            )
        )
    return sorted(found, key=lambda each: (each.fact.business_date, each.fact.id))
