"""``attain lint``: what is wrong with a plan in a file, without a database."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import typer

from attain.choosing import sentences
from domain.finding import Case, Finding, FindingWeight
from domain.lint import lint, pay_route, refused_together
from domain.plan import PLAN_FORMAT, Plan, decode_plan
from domain.problem import Problem
from domain.program import NUMBER
from domain.scorecard import Scorecard, decode_scorecard
from domain.sections import AMOUNT, SECTIONS_FORMAT, decode_sections, lint_sections
from messages.findings import say_finding
from messages.lines import spoken
from messages.render import Locale, display


def lint_file(file: Path, scorecard: Path | None, locale: Locale) -> bool:
    """Print the findings of every plan in a file (JSON, or a pack); say whether any blocks."""
    card = None if scorecard is None else _card(_documents(scorecard)[0], locale)
    blocked = False
    for document in _documents(file):
        if document.get("format") == SECTIONS_FORMAT:
            table, problems = decode_sections(document)
            found: tuple[Finding, ...] = () if table is None else lint_sections(table)
            names: Mapping[str, str] = {}
            units = {} if table is None else {AMOUNT: table.currency}
        else:
            plan, problems = decode_plan(document)
            if plan is not None and card is not None:
                problems = (*problems, *refused_together(plan, card))
            broken = plan is None or any(each.severity.value == "ERROR" for each in problems)
            found = () if plan is None or broken else lint(plan, card)
            names = {} if plan is None else _names(plan, locale)
            used = card if plan is not None and plan.uses_score else None
            units = {} if plan is None or broken else pay_route(plan, used).inputs
        blocked = _told(document, problems, found, names, units, locale) or blocked
    return blocked


def _documents(file: Path) -> list[Mapping[str, object]]:
    """Read a plan, a table of sections, or all plans of a pack."""
    try:
        text = file.read_text(encoding="utf-8")
        content = tomllib.loads(text) if file.suffix == ".toml" else json.loads(text)
    except ValueError as fault:
        raise typer.BadParameter(f"{file.name} is no JSON or TOML") from fault
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
    units: Mapping[str, str],
    locale: Locale,
) -> bool:
    """Print one document's problems and findings."""
    typer.echo(str(document.get("key", document.get("format", "-"))))
    for line in _said(problems, locale):
        typer.echo(line)
    money = str(document.get("currency", ""))
    for finding in found:
        typer.echo(f"  {finding.weight}  {say_finding(sentences(), finding, names, locale)}")
        for line in _proof(finding.witness, {**units, "": money}, locale):
            typer.echo(f"      {line}")
    wrong = any(each.severity.value == "ERROR" for each in problems)
    return wrong or any(each.weight is FindingWeight.ERROR for each in found)


def _proof(witness: tuple[Case, ...], units: Mapping[str, str], locale: Locale) -> Iterator[str]:
    """Write the two people: first what both have, then what differs and what it pays."""
    if not witness:
        return
    first, last = witness[0].inputs, witness[-1].inputs
    same = [name for name in sorted(first) if first[name] == last.get(name)]
    if same:
        yield ", ".join(_number(name, first[name], units, locale) for name in same)
    for case in witness:
        own = [name for name in sorted(case.inputs) if name not in same]
        given = ", ".join(_number(name, case.inputs[name], units, locale) for name in own)
        other = "" if case.document is None else " *"
        paid = display(spoken(case.payout, units[""], locale), locale)
        yield f"{given or '='}{other} -> {paid}"


def _number(name: str, value: int | None, units: Mapping[str, str], locale: Locale) -> str:
    return f"{name} {display(spoken(value, units.get(name, NUMBER), locale), locale)}"
