"""Lint a plan before it is even a draft: what is wrong with it, and who proves it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from actions.lint_plan import more_lose_in_trial, surroundings
from api.access import Audience, output, resolved, shown
from api.asking import Entity, entity_of, moment
from api.context import Context, Info
from api.definitions import metric_names
from api.errors import DataProblem, data_problem
from api.paging import described
from api.plan_findings import PlanFinding, finding_from_domain, findings_of_plan
from api.scalars import Document
from domain.access import Resource
from domain.lint import blocks, lint, refused_together
from domain.plan import decode_plan, has_errors
from domain.plan_document import plan_hash
from domain.problem import Problem
from domain.scorecard import Scorecard, decode_scorecard
from domain.sections import AMOUNT, SECTION, SECTIONS_FORMAT, decode_sections, lint_sections
from storage.engine import Database

MOST_COMPONENTS = 60  # of a plan that is linted while somebody waits


@output(access=Resource.PLAN, description="What is wrong with a plan.")
class PlanLint:
    """The answer of the linter."""

    blocks: bool = shown("Whether it cannot be used, or only be published with a reason.")
    findings: list[PlanFinding] = shown("What was found, the worst first; may be empty.")
    problems: list[DataProblem] = shown("Faults of the document itself; may be empty.")


def _lint(
    document: object, scorecard: object | None, entity: str, database: Database, context: Context
) -> PlanLint:
    if isinstance(document, Mapping) and document.get("format") == SECTIONS_FORMAT:
        return _lint_sections(document, context)
    card: Scorecard | None = None
    plan, problems = decode_plan(document)
    if scorecard is not None:
        card, more = decode_scorecard(scorecard)
        problems = (*problems, *more)
    if plan is not None and card is not None:
        problems = (*problems, *refused_together(plan, card))
    if plan is not None and len(plan.components) > MOST_COMPONENTS:
        values = {"field": "components", "low": "1", "high": str(MOST_COMPONENTS)}
        problem = Problem(code="number_out_of_range", path="components", values=values)
        problems = (*problems, problem)
    if plan is None or has_errors(problems):
        return _answer([], problems, context, blocked=True)
    metrics = metric_names(database, entity, moment(context, None, None))
    names = {key: metric.name[context.locale.value] for key, metric in metrics.items()}
    used = card if plan.uses_score else None
    tried = more_lose_in_trial(database, entity, plan_hash(plan), context.now)
    found = (*lint(plan, used, surroundings(metrics)), *tried)
    shown_findings = findings_of_plan(plan, found, context, names, used)
    return _answer(shown_findings, problems, context, blocked=blocks(found))


def _lint_sections(document: Mapping[str, object], context: Context) -> PlanLint:
    table, problems = decode_sections(document)
    if table is None:
        return _answer([], problems, context, blocked=True)
    found = lint_sections(table)
    units = {AMOUNT: table.currency, SECTION: "NUMBER"}
    findings = [
        finding_from_domain(each, {}, context, units=units, currency=table.currency)
        for each in found
    ]
    return _answer(findings, problems, context, blocked=blocks(found))


def _answer(
    findings: list[PlanFinding], problems: tuple[Problem, ...], context: Context, *, blocked: bool
) -> PlanLint:
    return PlanLint(
        blocks=blocked,
        findings=findings,
        problems=[data_problem(each, context) for each in problems],
    )


@output(access=Audience.SIGNED_IN, description="Queries about plans that are not there yet.")
class PlanLintQuery:
    """Part of the query root."""

    @resolved(
        "What is wrong with a plan, or with a table of sections, before it is published.",
        access=Resource.CALCULATION,
    )
    async def plan_lint(
        self,
        info: Info,
        document: Annotated[
            Document, described("The plan (attain.plan/1) or sections (attain.sections/1).")
        ],
        scorecard: Annotated[
            Document | None, described("The scorecard, where the score pays.")
        ] = None,
        legal_entity: Entity = None,
    ) -> PlanLint | None:
        """Run it."""
        context = info.context
        entity = entity_of(context.asker, legal_entity)
        return await context.read(
            lambda database: _lint(document, scorecard, entity, database, context)
        )
