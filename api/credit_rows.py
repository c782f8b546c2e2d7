"""What the viewer may know of the people who share a fact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import strawberry

from api.access import output, shown
from api.asking import ALL_KNOWN
from api.context import Context
from api.fact_credit import FactCredit, credit_from_domain
from api.incentives import PersonRef
from domain.access import Resource
from domain.crediting import Credit
from domain.period import Period
from storage.credit_rules import RuleName
from storage.engine import Database
from storage.people import people
from storage.sources import SourceRecord


@output(access=Resource.PERFORMANCE, description="What of a fact counts for one of several people.")
class SharedCredit:
    """A credit and whose it is."""

    person: PersonRef = shown("Whose credit it is.")
    credit: FactCredit = shown("The credit.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a page shows of others: names of those who may be seen, rules, records."""

    people: Mapping[str, str]
    rules: Mapping[str, RuleName]
    records: Mapping[str, SourceRecord]


def seen_people(
    database: Database, context: Context, wanted: AbstractSet[str], period: Period
) -> dict[str, str]:
    """Return the names of those whose performance the viewer sees on the period's last day.

    Of everybody else neither the name nor the share nor that there is anybody is told.
    """
    if not wanted:
        return {}
    found = people(
        database,
        context.asker,
        valid_at=period.last_day,
        known_at=ALL_KNOWN,
        ids=sorted(wanted),
        resource=Resource.PERFORMANCE,
    )
    return {str(each.id): each.name for each in found}


def shared(
    credits_of_it: Iterable[Credit], unit: str, seen: Seen, context: Context
) -> list[SharedCredit]:
    """Show the credits of those who may be seen."""
    return [
        SharedCredit(
            person=PersonRef(id=strawberry.ID(each.person), name=seen.people[each.person]),
            credit=credit_from_domain(each, unit, seen.rules, context),
        )
        for each in credits_of_it
        if each.person in seen.people
    ]
