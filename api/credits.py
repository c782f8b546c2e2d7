"""Whose a fact is: the credits of a person, the coverage of a period, one fact by its id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated

import strawberry

from api.access import Audience, output, resolved, shown
from api.asking import After, Before, Entity, First, KnownAt, Last, entity_of, moment
from api.context import Context, Info
from api.credit_rows import Seen, SharedCredit, seen_people, shared
from api.errors import DataProblem, data_problem
from api.fact_credit import CreditRuleRef, FactCredit, credit_from_domain, rule_ref
from api.lines import FactRow, fact_row
from api.paging import Connection, Page, Slice, connect, cut, described, page
from api.scalars import PeriodName, UnitCode, closed_set
from api.values import Quantity, number
from domain.access import Deed, Resource, may_all
from domain.credit_kind import CreditKind
from domain.crediting import CoverageStatus, Credit
from domain.knowledge import Knowledge
from domain.period import Period, period_named
from domain.problem import Problem, Refused
from storage.carrying import Widening, look_at, widened
from storage.coverage import Count, Coverage, Covered, coverage_of, day_of_fact
from storage.credit_rules import RuleName, rule_names
from storage.credited_facts import CreditedFact
from storage.crediting import Crediting
from storage.credits_of_person import credits_of_person
from storage.engine import Database
from storage.sources import records

closed_set(
    CoverageStatus,
    "What became of a fact: one of three, for every fact there is.",
    {
        CoverageStatus.CREDITED: "It counts for somebody.",
        CoverageStatus.EXCLUDED: "A rule leaves it out, for a reason.",
        CoverageStatus.ERROR: "It counts for nobody until somebody mends what is unclear.",
    },
)


@output(access=Resource.PERFORMANCE, description="A fact that counts for a person, and how.")
class CreditRow:
    """One credit."""

    fact: FactRow = shown("The fact; its own credits are this person's.")
    credit: FactCredit = shown("This credit.")
    others: list[SharedCredit] = shown(
        "Credits of others on the same fact, if the viewer sees their performance; may be empty."
    )


@output(access=Resource.PERFORMANCE, description="What became of one fact.")
class FactState:
    """A fact by its id."""

    fact: FactRow = shown("The fact in its newest revision.")
    status: CoverageStatus = shown("What became of it.")
    problem: DataProblem | None = shown("Why it is an error.")
    rule: CreditRuleRef | None = shown("The rule that leaves it out.")
    credits: list[SharedCredit] = shown(
        "Whom it counts for: those alone whose performance the viewer sees; may be empty."
    )


@output(access=Resource.CALCULATION, description="Facts that came to the same end.")
class CoverageCount:
    """A line of the coverage report; all lines together are all facts of the period."""

    status: CoverageStatus = shown("What became of them.")
    problem: DataProblem | None = shown("Why, of errors.")
    rule: CreditRuleRef | None = shown("The rule that leaves them out.")
    kind: str = shown("The kind of facts.")
    unit: UnitCode = shown("What is counted; currencies are never added up together.")
    facts: int = shown("How many facts.")
    quantity: Quantity = shown("Their sum.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a coverage report is of: kept beside it, never shown."""

    entity_id: str
    period: Period
    at: Knowledge


@output(access=Resource.CALCULATION, description="What became of every fact of a period.")
class CreditCoverage:
    """The coverage report."""

    facts: int = shown("How many facts the period has: credited, left out and errors together.")
    counts: list[CoverageCount] = shown(
        "By what became of them, kind and unit; at most some dozens."
    )
    asked: strawberry.Private[Asked]

    @resolved("The facts themselves in business order, forwards only.", access=Resource.CALCULATION)
    async def rows(
        self,
        info: Info,
        status: Annotated[CoverageStatus | None, described("Only facts with this end.")] = None,
        code: Annotated[str | None, described("Of errors: only those of this code.")] = None,
        first: First = None,
        after: After = None,
    ) -> Connection[FactState] | None:
        """Read a page."""
        context, asked = info.context, self.asked
        cut_at = page("rows", first=first, after=after, last=None, before=None)
        return await context.read(
            lambda database: _coverage_page(database, context, asked, cut_at, status, code)
        )


def _window(period: Period) -> tuple[date, date]:
    return period.start, period.end


def _covering(database: Database, entity_id: str, period: Period, at: Knowledge) -> Coverage:
    crediting = Crediting(database, entity_id, at)
    return coverage_of(database, entity_id, _window(period), at, crediting)


def _coverage_page(
    database: Database,
    context: Context,
    asked: Asked,
    cut_at: Page,
    status: CoverageStatus | None,
    code: str | None,
) -> Connection[FactState]:
    after = _place(cut_at)
    coverage = _covering(database, asked.entity_id, asked.period, asked.at)
    wanted = None if code is None else code.lower()
    rows = coverage.page(
        database, status=status, code=wanted, after=after, size=cut_at.size + 1
    )  # fmt: skip
    shown_rows = rows[: cut_at.size]
    part = Slice(
        rows=shown_rows,
        has_next=len(rows) > cut_at.size,
        has_previous=after is not None,
        total=None,
    )
    seen = _seen(database, context, asked.entity_id, asked.period, shown_rows)
    return connect("rows", part, lambda row: _state(row, seen, context), _covered_key)


def _place(cut_at: Page) -> tuple[date, str] | None:
    if cut_at.after is None:
        return None
    try:
        day, identifier = cut_at.after
        return date.fromisoformat(str(day)), str(identifier)
    except ValueError as error:
        raise Refused("cursor_invalid") from error


def _covered_key(row: Covered) -> tuple[str, str]:
    return (row.fact.business_date.isoformat(), row.fact.id)


def _seen(
    database: Database, context: Context, entity_id: str, period: Period, rows: Iterable[Covered]
) -> Seen:
    rows = list(rows)
    wanted = {each.person for row in rows for each in row.outcome.credits}
    return Seen(
        people=seen_people(database, context, wanted, period),
        rules=rule_names(database, entity_id),
        records=records(database, context.asker, sorted({row.fact.record_id for row in rows})),
    )


def _state(row: Covered, seen: Seen, context: Context) -> FactState:
    mine = context.asker.person_id
    own = tuple(each for each in row.outcome.credits if each.person == mine)
    whole = CreditedFact(
        fact=row.fact, is_named=row.named is not None and row.named == mine, credits=own
    )
    problem = row.outcome.problem
    return FactState(
        fact=fact_row(whole, seen.records, seen.rules, context),
        status=row.outcome.status,
        problem=None if problem is None else data_problem(problem, context),
        rule=rule_ref(row.outcome.rule, seen.rules, context),
        credits=shared(row.outcome.credits, row.fact.unit, seen, context),
    )


@output(access=Audience.SIGNED_IN, description="Queries about whose facts are.")
class CreditQuery:
    """Part of the query root."""

    @resolved(
        "What became of every fact of a period: credited, left out for a reason, or unclear.",
        access=Resource.CALCULATION,
    )
    async def credit_coverage(
        self,
        info: Info,
        period: Annotated[PeriodName, described("The period.")],
        legal_entity: Entity = None,
        known_at: KnownAt = None,
    ) -> CreditCoverage | None:
        """Read the counts; the facts are asked for in pages."""
        context = info.context
        entity, span = entity_of(context.asker, legal_entity), period_named(period)
        if not may_all(context.asker, Resource.PERFORMANCE, Deed.READ, entity):
            raise Refused("forbidden")
        at = Knowledge.at(moment(context, None, known_at).known_at)

        def work(database: Database) -> CreditCoverage:
            counts = _covering(database, entity, span, at).counts(database)
            rules = rule_names(database, entity)
            return CreditCoverage(
                facts=sum(each.facts for each in counts),
                counts=[_count(each, rules, context) for each in counts],
                asked=Asked(entity_id=entity, period=span, at=at),
            )

        return await context.read(work)

    @resolved(
        "Every fact that counts for a person in a period, in business order, and how it does.",
        access=Resource.PERFORMANCE,
    )
    async def credits(
        self,
        info: Info,
        period: Annotated[PeriodName, described("The period.")],
        person: Annotated[
            strawberry.ID | None,
            described("Whose; the person of the viewer's account if absent."),
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        legal_entity: Entity = None,
        known_at: KnownAt = None,
    ) -> Connection[CreditRow] | None:
        """Read a page."""
        context = info.context
        entity, span = entity_of(context.asker, legal_entity), period_named(period)
        at = Knowledge.at(moment(context, None, known_at).known_at)
        asked = page("credits", first=first, after=after, last=last, before=before)
        whose = person or context.asker.person_id or "-"

        def work(database: Database) -> Connection[CreditRow]:
            look_at(database, day=span.last_day)
            if whose not in seen_people(database, context, {whose}, span):
                raise Refused("not_found", {"id": whose})
            return _credits_page(database, context, Asked(entity_id=entity, period=span, at=at),
                                 whose, asked)  # fmt: skip

        return await context.read(work)

    @resolved(
        "One fact by the id of any of its revisions, counted in the month of its day.",
        access=Resource.PERFORMANCE,
    )
    async def fact(
        self,
        info: Info,
        id: Annotated[strawberry.ID, described("The id.")],  # noqa: A002
        legal_entity: Entity = None,
        known_at: KnownAt = None,
    ) -> FactState | None:
        """Read one that counts for somebody whose performance the viewer sees."""
        context = info.context
        entity = entity_of(context.asker, legal_entity)
        at = Knowledge.at(moment(context, None, known_at).known_at)

        def work(database: Database) -> FactState:
            with widened(database, Widening.CREDIT):
                day = day_of_fact(database, entity, id, at)
                if day is None:
                    raise Refused("not_found", {"id": id})
                span = period_named(f"{day:%Y-%m}")
                row = _covering(database, entity, span, at).of_fact(database, id)
            return _one_fact(database, context, entity, span, row, id)

        return await context.read(work)


def _one_fact(
    database: Database,
    context: Context,
    entity_id: str,
    span: Period,
    row: Covered | None,
    identifier: str,
) -> FactState:
    """Show a fact to whom it may be shown: of whoever is named or credited, one must be seen."""
    look_at(database, day=span.last_day)
    if row is None:
        raise Refused("not_found", {"id": identifier})
    concerned = {each.person for each in row.outcome.credits}
    concerned |= set() if row.named is None else {row.named}
    sees_all = may_all(context.asker, Resource.PERFORMANCE, Deed.READ, entity_id)
    if not sees_all and not seen_people(database, context, concerned, span):
        raise Refused("not_found", {"id": identifier})
    return _state(row, _seen(database, context, entity_id, span, [row]), context)


def _count(count: Count, rules: Mapping[str, RuleName], context: Context) -> CoverageCount:
    problem = None if count.code is None else data_problem(Problem(code=count.code), context)
    return CoverageCount(
        status=count.status,
        problem=problem,
        rule=rule_ref(count.rule, rules, context),
        kind=count.kind,
        unit=UnitCode(count.unit),
        facts=count.facts,
        quantity=number(count.quantity, count.unit, context),
    )


_Row = tuple[CreditedFact, Credit]


def _credit_key(row: _Row) -> tuple[str, str, int, int, str]:
    fact, credit = row[0].fact, row[1]
    place = list(CreditKind).index(credit.kind)
    return (fact.business_date.isoformat(), fact.id, place, credit.level, credit.role)


def _credits_page(
    database: Database, context: Context, asked: Asked, whose: str, cut_at: Page
) -> Connection[CreditRow]:
    crediting = Crediting(database, asked.entity_id, asked.at)
    window = _window(asked.period)
    facts = credits_of_person(
        database, asked.entity_id, window, at=asked.at, person_id=whose, crediting=crediting
    )
    rows = sorted(((each, credit) for each in facts for credit in each.credits), key=_credit_key)
    part = cut(rows, cut_at, _credit_key)
    beside = _others(crediting, window, part.rows, whose)
    wanted = {each.person for found in beside.values() for each in found}
    seen = Seen(
        people=seen_people(database, context, wanted, asked.period),
        rules=rule_names(database, asked.entity_id),
        records=records(
            database, context.asker, sorted({row[0].fact.record_id for row in part.rows})
        ),
    )

    def show(row: _Row) -> CreditRow:
        each, credit = row
        return CreditRow(
            fact=fact_row(each, seen.records, seen.rules, context),
            credit=credit_from_domain(credit, each.fact.unit, seen.rules, context),
            others=shared(beside.get(each.fact.id, ()), each.fact.unit, seen, context),
        )

    return connect("credits", part, show, _credit_key)


def _others(
    crediting: Crediting, window: tuple[date, date], rows: Sequence[_Row], whose: str
) -> dict[str, tuple[Credit, ...]]:
    """Find who else is credited with the facts of a page."""
    wanted = {row[0].fact.id: row[0].fact.kind for row in rows}
    found: dict[str, tuple[Credit, ...]] = {}
    for kind in sorted(set(wanted.values())):
        decided = crediting.of(kind, window)
        for ruled in decided.facts.values() if decided is not None else ():
            if ruled.fact_id in wanted:
                found[ruled.fact_id] = tuple(
                    each for each in ruled.outcome.credits if each.person != whose
                )
    return found
