"""Whom what was learned since a run can have touched, for one period and its rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime

from actions.scoring import Variant, metrics_needed
from domain.correction import CHANGES
from domain.knowledge import Knowledge
from domain.ledger import WALKED, Cause
from domain.measure import aggregates
from domain.metric import Metric
from domain.period import Period
from storage import tables
from storage.credit_rules import has_credit_rules
from storage.credits_of_facts import CreditsOfFacts
from storage.engine import Connection
from storage.knowing import changes_between
from storage.results import Run
from storage.touched import (
    ORGANISATION,
    RULES,
    FactsRead,
    Since,
    changed_tables,
    names_of_facts,
    numbers_of_facts,
    owners_of_goals,
    people_of_assignments,
    people_of_entries,
    people_of_files,
    people_of_identities,
    people_of_links,
)

# Names of attributes are found by links, so a new link can move the credit of anything.
CREDITED_MOST = 5_000  # facts that are followed one by one; beyond, everybody is calculated
_MOVING_CREDIT = frozenset(table.name for table in (tables.credit_rule, tables.identity_link))


def since_run(run: Run, until: datetime) -> Since:
    """Name the time from what a run knew until an instant."""
    return Since(entity_id=run.entity_id, after=run.known_at, until=until, fact_seq=run.fact_seq)


def touched_people(
    connection: Connection, period: Period, since: Since, read: FactsRead
) -> frozenset[str] | None:
    """Name who must be calculated anew, and perhaps some more; None is everybody.

    A changed rule or a moved unit can concern anybody, and so can a link or a seat that rules of
    credit ask for; a rule that begins after the period concerns nobody in it. All else concerns
    the people it names, and those who are credited with it.
    """
    of_people = (tables.identity_link, tables.assignment, tables.person, tables.goal)
    of_all = (*RULES, ORGANISATION)
    asked = (*of_all, tables.credit_rule, *of_people)
    changed = changed_tables(connection, since, asked, before=period.end)
    if changed & {table.name for table in of_all}:
        return None
    names = names_of_facts(connection, since, read)
    found = people_of_identities(connection, names)
    if has_credit_rules(connection, since.entity_id, since.until):
        credited = _credited_people(connection, since, read, changed, any_facts=bool(names))
        if credited is None:
            return None
        found |= credited
    if tables.identity_link.name in changed:
        found |= people_of_links(connection, since)
    if tables.assignment.name in changed:
        found |= people_of_assignments(connection, since)
    if tables.person.name in changed:
        found |= people_of_files(connection, since)
    if tables.goal.name in changed:
        found |= owners_of_goals(connection, since, None if read.beyond else period.name)
    if read.beyond:
        found |= people_of_entries(connection, since, period.name)
    return frozenset(found)


def _credited_people(
    connection: Connection,
    since: Since,
    read: FactsRead,
    changed: AbstractSet[str],
    *,
    any_facts: bool,
) -> frozenset[str] | None:
    """Name whom rules credit, or credited, with the facts that changed; None may be anybody."""
    if changed & _MOVING_CREDIT:
        return None
    follower = CreditsOfFacts(connection, since.entity_id, Knowledge.at(since.until), read.kinds)
    if tables.assignment.name in changed and follower.asks_for_seats:
        return None
    if not any_facts:
        return frozenset()
    numbers = numbers_of_facts(connection, since, read, CREDITED_MOST)
    return None if numbers is None else follower.people(numbers)


def facts_read(
    metrics: Mapping[str, Metric], variants: Iterable[Variant], period: Period
) -> FactsRead:
    """Say which facts the rules of a period can read, and from which days."""
    variants = list(variants)
    needed = [metrics[key] for key in metrics_needed(variants) if key in metrics]
    kinds = {kind for metric in needed for kind in metric.fact_kinds}
    if any(each.pay_program and each.pay_program.needs for each in variants):
        return FactsRead(kinds=kinds, beyond=True)
    sums = [need for metric in needed for need in aggregates(metric, period)]
    if not sums:
        return FactsRead(kinds=kinds)
    return FactsRead(
        kinds=kinds,
        start=min(each.base_start or each.start for each in sums),
        end=max(each.end for each in sums),
    )


def reading_both(one: FactsRead, other: FactsRead) -> FactsRead:
    """Say which facts either of two sets of rules can read."""
    starts, ends = (one.start, other.start), (one.end, other.end)
    return FactsRead(
        kinds={*one.kinds, *other.kinds},
        start=None if None in starts else min(each for each in starts if each),
        end=None if None in ends else max(each for each in ends if each),
        beyond=one.beyond or other.beyond,
    )


def causes_since(
    connection: Connection, period: Period, since: Since, read: FactsRead, *, everybody: bool
) -> tuple[Cause, ...]:
    """Name the causes of which something was learned, in the order of the walk.

    Where ``everybody`` may be touched, a rule or the organisation may have changed in a way that
    the tables named here do not tell: both steps are taken.
    """
    changed = changed_tables(
        connection,
        since,
        (*RULES, ORGANISATION, tables.identity_link, tables.assignment, tables.person, tables.goal),
    )
    found = {Cause.ORGANISATION, Cause.RULES} if everybody else set()
    if names_of_facts(connection, since, read):
        news = changes_between(connection, since.entity_id, since.after, since.until)
        found |= {cause for cause, change in CHANGES.items() if change in news}
    if tables.identity_link.name in changed:
        found.add(Cause.LINKS)
    if changed & {tables.assignment.name, tables.person.name, ORGANISATION.name}:
        found.add(Cause.ORGANISATION)
    if tables.goal.name in changed:
        found.add(Cause.GOALS)
    if changed & {table.name for table in RULES}:
        found.add(Cause.RULES)
    if read.beyond and people_of_entries(connection, since, period.name):
        found.add(Cause.EARLIER)
    return tuple(cause for cause in WALKED if cause in found)
