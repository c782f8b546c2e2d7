"""Lines of a score or a statement: each with its sentence, its inputs, and the facts behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import strawberry
from strawberry.dataloader import DataLoader

from api.access import output, resolved, shown
from api.asking import After, Before, First, Last
from api.context import Context, Info
from api.errors import DataProblem, data_problem
from api.fact_credit import FactCredit, credit_from_domain
from api.line_clauses import LineClause, SheetClauses
from api.paging import Connection, Page, Slice, connect, cut, page
from api.scalars import Document, closed_set
from api.values import Quantity, number
from domain.access import Deed, Resource, may
from domain.component import SCORE
from domain.knowledge import Knowledge
from domain.measure import Aggregate, aggregates
from domain.metric import Metric
from domain.period import Days, Period
from domain.problem import Problem, Refused, Severity
from domain.program import Line, LineKind
from domain.unit import DECIMALS, from_steps
from messages.lines import say_line, spoken
from messages.render import Locale, display
from messages.render import Value as Spoken
from messages.statement_changes import say_name, say_part
from storage.carrying import look_at
from storage.credit_rules import RuleName, rule_names
from storage.credited_facts import CreditedFact, facts_of_person
from storage.crediting import Crediting, Credits
from storage.engine import Database
from storage.frozen_credits import credits_kept
from storage.sources import SourceRecord, records

closed_set(
    LineKind,
    "What a line is for.",
    {
        LineKind.STEP: "A step on the way; it adds nothing by itself.",
        LineKind.SCORE: "Points that add up to the score.",
        LineKind.REASON: "Points won or lost against full weight.",
        LineKind.PAY: "Money that adds up to the payout.",
        LineKind.TOTAL: "A total: score, subtotal, payout.",
    },
)


Reading = tuple[Metric, Days]


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """What a line needs to find its facts: kept beside it, never shown."""

    facts: SheetFacts
    reads: tuple[Reading, ...]  # the metrics that the line reads, each over its days
    line: Line
    clauses: SheetClauses | None  # None where the line belongs to no plan


@output(access=Resource.PERFORMANCE, description="A number of a line, in the unit of the line.")
class LineNumber:
    """A unit of a quantity, or NUMBER for a plain count, or TRUTH for yes (1) and no (0)."""

    name: str = shown("The name of the number, unique within the statement.")
    value: Decimal | None = shown("The number; null when it is missing.")
    unit: str = shown("What is counted: a unit code, NUMBER or TRUTH.")
    text: str = shown("The number as the language of the request writes it.")


@output(access=Resource.PERFORMANCE, description="A record as its source wrote it.")
class SourceEntry:
    """The last link of the chain."""

    id: strawberry.ID = shown("The id of the record.")
    stream: str = shown("The stream of the source.")
    key: str = shown("The key of the source.")
    revision: int = shown("Which version of the record it is.")
    content: Document | None = shown("The content; null when the source says it is gone.")
    position: Document = shown("Where it stood: file and row, or page and item.")
    seen_at: datetime = shown("When it was seen.")


@output(access=Resource.PERFORMANCE, description="Something that happened, which a line counted.")
class FactRow:
    """A fact with the record it came from."""

    id: strawberry.ID = shown("The id of this revision of the fact.")
    kind: str = shown("What happened.")
    business_date: date = shown("The day it counts for.")
    quantity: Quantity = shown("How much.")
    subject: str | None = shown("The other party, such as a customer.")
    attributes: Document = shown(
        "What else the source said; of somebody else's fact not who shares in it."
    )
    credits: list[FactCredit] = shown(
        "How it counts for the person: nearly always one, may be empty."
    )
    record: SourceEntry | None = shown("The record it came from, if the viewer may see it.")


@output(access=Resource.PERFORMANCE, description="One line: a number, its sentence, its inputs.")
class StatementLine:
    """A line of ``explain``."""

    name: str = shown("The permanent name within the statement.")
    kind: LineKind = shown("What it is for.")
    key: str = shown("The KPI or component it belongs to; empty for the whole.")
    code: str = shown("The code of its sentence.")
    text: str = shown("The sentence, in the language of the request.")
    number: LineNumber = shown("The number of the line.")
    inputs: list[LineNumber] = shown("What it was made of, at most some dozens.")
    problems: list[DataProblem] = shown("What was missing; may be empty.")
    behind: strawberry.Private[Behind]

    @resolved(
        "The clause of the plan's text that the line follows; null for a line of no plan.",
        access=Resource.PLAN,
    )
    async def clause(self, info: Info) -> LineClause | None:
        """Read it in the language of the request."""
        clauses = self.behind.clauses
        return None if clauses is None else await clauses.of(self.behind.line, info.context)

    @resolved(
        "The facts behind the line, oldest first, down to the records of the sources.",
        access=Resource.PERFORMANCE,
    )
    async def facts(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[FactRow] | None:
        """Read them as known to the calculation."""
        asked = page("facts", first=first, after=after, last=last, before=before)
        return await self.behind.facts.of(self.behind.reads, asked, info.context)


@dataclass(slots=True, kw_only=True)
class SheetFacts:
    """The facts of one sheet: all lines that are asked for at once are read together."""

    entity_id: str
    person_id: str
    period: Period
    known_at: datetime
    frozen_run: str | None = None  # the posted run whose credits are read back
    _loader: DataLoader[tuple[tuple[Reading, ...], Page], Connection[FactRow]] | None = None

    async def of(
        self, reads: tuple[Reading, ...], asked: Page, context: Context
    ) -> Connection[FactRow]:
        """Return the page of one line."""
        if self._loader is None:

            async def read(asked: list[tuple[tuple[Reading, ...], Page]]) -> Any:
                return await context.read(lambda database: self._pages(database, asked, context))

            self._loader = DataLoader(load_fn=read, cache=False)
        return await self._loader.load((reads, asked))

    def _pages(
        self,
        database: Database,
        asked: list[tuple[tuple[Reading, ...], Page]],
        context: Context,
    ) -> list[Connection[FactRow] | Refused]:
        """Read every kind of fact once, whichever lines count it, and their records together."""
        look_at(database, day=self.period.last_day)
        read: dict[Aggregate, list[CreditedFact]] = {}
        parts: list[Slice[CreditedFact] | Refused] = []
        crediting: Credits = Crediting(database, self.entity_id, Knowledge.at(self.known_at))
        if self.frozen_run is not None:
            crediting = credits_kept(database, self.frozen_run) or crediting
        for reads, which in asked:
            found: dict[str, CreditedFact] = {}
            for metric, days in reads:
                for need in aggregates(metric, days):
                    if need not in read:
                        read[need] = self._facts(database, need, crediting)
                    found |= {each.fact.id: each for each in read[need]}
            try:
                parts.append(cut(sorted(found.values(), key=_fact_key), which, _fact_key))
            except Refused as refused:  # a wrong cursor is the fault of its own line alone
                parts.append(refused)
        pages = [part for part in parts if not isinstance(part, Refused)]
        ids = sorted({each.fact.record_id for part in pages for each in part.rows})
        sources = records(database, context.asker, ids)
        rules = rule_names(database, self.entity_id)

        def answer(part: Slice[CreditedFact] | Refused) -> Connection[FactRow] | Refused:
            if isinstance(part, Refused):
                return part
            return connect(
                "facts", part, lambda each: fact_row(each, sources, rules, context), _fact_key
            )

        return [answer(part) for part in parts]

    def _facts(self, database: Database, need: Aggregate, crediting: Credits) -> list[CreditedFact]:
        return facts_of_person(
            database,
            self.entity_id,
            need,
            at=Knowledge.at(self.known_at),
            person_id=self.person_id,
            crediting=crediting,
        )


def _fact_key(each: CreditedFact) -> tuple[str, str]:
    return (each.fact.business_date.isoformat(), each.fact.id)


def fact_row(
    each: CreditedFact,
    sources: Mapping[str, SourceRecord],
    rules: Mapping[str, RuleName],
    context: Context,
) -> FactRow:
    """Show a fact with its record, and how it counts for somebody."""
    fact = each.fact
    record = sources.get(fact.record_id)
    return FactRow(
        id=strawberry.ID(fact.id),
        kind=fact.kind,
        business_date=fact.business_date,
        quantity=number(fact.quantity, fact.unit, context),
        subject=fact.subject,
        attributes=Document(_attributes_shown(each, rules, context)),
        credits=[credit_from_domain(own, fact.unit, rules, context) for own in each.credits],
        record=None if record is None else source_entry(record),
    )


def _attributes_shown(
    each: CreditedFact, rules: Mapping[str, RuleName], context: Context
) -> dict[str, str]:
    """Leave out who shares in somebody else's fact, unless all rules and credits may be read."""
    sees_all = may(context.asker, Resource.CALCULATION, Deed.READ)
    return dict((each.fact if sees_all else each.told(rules)).attributes)


def source_entry(record: SourceRecord) -> SourceEntry:
    """Show a record."""
    return SourceEntry(
        id=strawberry.ID(record.id),
        stream=record.stream,
        key=record.key,
        revision=record.revision,
        content=None if record.content is None else Document(dict(record.content)),
        position=Document(dict(record.position)),
        seen_at=record.seen_at,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What all lines of one person's sheet share."""

    context: Context
    facts: SheetFacts
    metrics: Mapping[str, Metric]
    names: Mapping[str, Mapping[str, str]]  # the texts of KPIs and components by key
    own_days: Mapping[str, Reading] = field(default_factory=dict)  # what needs look at, by name
    clauses: SheetClauses | None = None  # of the plan that pays, where there is one


def line_from_domain(line: Line, sheet: Sheet) -> StatementLine:
    """Show one line in the language of the request."""
    context = sheet.context
    name = sheet.names.get(line.key)
    shown_name = line.key if name is None else name[context.locale.value]
    return StatementLine(
        name=line.name,
        kind=line.kind,
        key=line.key,
        code=line.code,
        text=say_line(context.runtime.catalogue, line, shown_name, context.locale),
        number=line_number(line.name, line.value, line.unit, context.locale),
        inputs=[
            line_number(each, value, unit, context.locale) for each, value, unit in line.inputs
        ],
        problems=[data_problem(problem, context) for problem in line.problems],
        behind=Behind(
            facts=sheet.facts, reads=_reads_of(line, sheet), line=line, clauses=sheet.clauses
        ),
    )


def gaps_of(lines: Sequence[Line], sheet: Sheet) -> list[DataProblem]:
    """Say what was missing, each once and by the name of its KPI.

    What could not be worked out for that reason goes without saying: its lines say so themselves.
    """
    made = {line.name for line in lines}
    found = [problem for line in lines for problem in line.problems]
    kept = [
        each
        for each in found
        if each.code != "input_missing" or each.path.removeprefix("own.") not in made
    ]
    causes = [each for each in kept if each.code != "line_undefined"] or kept
    once: dict[tuple[object, str], DataProblem] = {}
    for each in (data_problem(_named(cause, sheet), sheet.context) for cause in causes):
        known = once.get((each.code, each.message))
        if known is None or known.severity is Severity.WARNING:
            once[each.code, each.message] = each
    return list(once.values())


def _named(problem: Problem, sheet: Sheet) -> Problem:
    """Call a value that is missing by its KPI, such as ``Sales (target)``."""
    if problem.code != "input_missing":
        return problem
    catalogue, locale = sheet.context.runtime.catalogue, sheet.context.locale
    key, _, part = problem.values["name"].rpartition(".")
    names = {each: texts[locale.value] for each, texts in sheet.names.items()}
    part = "reached" if part in {"num", "den"} else part
    values = {
        "name": say_name(catalogue, key, names, locale),
        "part": say_part(catalogue, part, locale),
    }
    name = catalogue.text("input_name", values, locale)
    return replace(problem, values={"name": name})


def _reads_of(line: Line, sheet: Sheet) -> tuple[Reading, ...]:
    """Find the metrics a line speaks of: by its key, and by the names of its inputs."""
    names = {line.key, *(name.rpartition(".")[0] for name, _, _ in line.inputs)} - {SCORE}
    period = sheet.facts.period
    plain = [(sheet.metrics[key], period) for key in sorted(names) if key in sheet.metrics]
    return (*plain, *(sheet.own_days[key] for key in sorted(names) if key in sheet.own_days))


def line_number(name: str, value: int | None, unit: str, locale: Locale) -> LineNumber:
    """Show a number of a line."""
    exact = None
    if value is not None:
        exact = from_steps(value, unit) if unit in DECIMALS else Decimal(value)
    return LineNumber(
        name=name, value=exact, unit=unit, text=str(speak(spoken(value, unit, locale), locale))
    )


def speak(value: Spoken, locale: Locale) -> str:
    """Write a value of a sentence."""
    return display(value, locale)
