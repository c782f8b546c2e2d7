"""``attain lint``: what is wrong with a plan in a file, without a database."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import typer

from attain.choosing import sentences
from domain.finding import Finding, FindingWeight
from domain.lint import lint, refused_together
from domain.plan import PLAN_FORMAT, Plan, decode_plan
from domain.problem import Problem
from domain.scorecard import Scorecard, decode_scorecard
from domain.sections import SECTIONS_FORMAT, decode_sections, lint_sections
from messages.findings import say_finding
from messages.render import Locale


def lint_file(file: Path, scorecard: Path | None, locale: Locale) -> bool:
    """Print the findings of every plan in a file (JSON, or a pack); say whether any blocks."""
    card = None if scorecard is None else _card(_documents(scorecard)[0], locale)
    blocked = False
    for document in _documents(file):
        if document.get("format") == SECTIONS_FORMAT:
            table, problems = decode_sections(document)
            found: tuple[Finding, ...] = () if table is None else lint_sections(table)
            names: Mapping[str, str] = {}
        else:
            plan, problems = decode_plan(document)
            if plan is not None and card is not None:
                problems = (*problems, *refused_together(plan, card))
            broken = plan is None or any(each.severity.value == "ERROR" for each in problems)
            found = () if plan is None or broken else lint(plan, card)
            names = {} if plan is None else _names(plan, locale)
        blocked = _told(document, problems, found, names, locale) or blocked
    return blocked


def _documents(file: Path) -> list[Mapping[str, object]]:
    """Read a plan, a table of sections, or all plans of a pack."""
    text = file.read_text(encoding="utf-8")
    content = tomllib.loads(text) if file.suffix == ".toml" else json.loads(text)
    if isinstance(content, Mapping) and isinstance(content.get("plans"), list):
        return list(content["plans"])
    return [content if isinstance(content, Mapping) else {"format": PLAN_FORMAT}]


def _card(document: object, locale: Locale) -> Scorecard:
    card, problems = decode_scorecard(document)
    if card is None:
        for line in _said(problems, locale):
            typer.echo(line, err=True)
        raise typer.Exit(2)
    return card


def _names(plan: Plan, locale: Locale) -> dict[str, str]:
    return {each.id: each.name[locale.value] for each in plan.components}


def _said(problems: tuple[Problem, ...], locale: Locale) -> Iterator[str]:
    for problem in problems:
        text = sentences().text(problem.code, problem.values, locale)
        yield f"  {problem.severity}  {problem.path}  {text}"


def _told(
    document: Mapping[str, object],
    problems: tuple[Problem, ...],
    found: tuple[Finding, ...],
    names: Mapping[str, str],
    locale: Locale,
) -> bool:
    """Print one document's problems and findings."""
    typer.echo(str(document.get("key", document.get("format", "-"))))
    for line in _said(problems, locale):
        typer.echo(line)
    for finding in found:
        typer.echo(f"  {finding.weight}  {say_finding(sentences(), finding, names, locale)}")
        for case in finding.witness:
            given = ", ".join(f"{name}={value}" for name, value in sorted(case.inputs.items()))
            typer.echo(f"      {given} -> {case.payout}")
    wrong = any(each.severity.value == "ERROR" for each in problems)
    return wrong or any(each.weight is FindingWeight.ERROR for each in found)
