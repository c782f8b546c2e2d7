"""Golden cases: read a TOML that finance can write, calculate it, print it as a person sees it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

from domain.columns import Column
from domain.evaluate import compile_pay, compile_score, explain, run
from domain.plan import decode_plan
from domain.program import DATE, NUMBER, TRUTH, Line, LineKind, Program
from domain.scorecard import decode_scorecard
from domain.statement import Statement, read_statement
from domain.unit import DECIMALS, from_steps
from messages.render import Catalogue, Locale, Quantity, Value
from tests.support.needs import need_inputs
from tests.support.peer_inputs import Crowd, Person, column, gathered

CASES = Path(__file__).parent / "cases"
_PLAIN = {TRUTH: 0, NUMBER: 0}
_SHOWN = {LineKind.SCORE, LineKind.REASON, LineKind.PAY, LineKind.TOTAL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case: its documents compiled, its people calculated one by one and all together."""

    title: str
    document: Mapping[str, Any]
    people: tuple[Mapping[str, Any], ...]
    statements: tuple[Statement, ...]
    together: tuple[Mapping[str, int | None], ...]

    def value(self, row: int, name: str) -> Fraction | None:
        """Give the number of a line of one person, in its unit."""
        statement = self.statements[row]
        for line in (*statement.score_lines, *statement.pay_lines):
            if line.name == name:
                places = DECIMALS.get(line.unit, 0)
                return None if line.value is None else Fraction(line.value, 10**places)
        raise KeyError(name)


def read_case(path: Path) -> Case:
    """Read and calculate a case."""
    document = tomllib.loads(path.read_text("utf-8"))
    people = document["people"]
    inputs = [_inputs(document, person) for person in people]
    programs: list[Program] = []
    currency = "CNY"
    if "scorecard" in document:
        scorecard, problems = decode_scorecard(document["scorecard"])
        assert scorecard is not None, problems
        programs.append(compile_score(scorecard))
        scores = run(programs[0], _table(inputs), ["score"])["score"]
        for row, given in enumerate(inputs):
            given["score"] = scores.at(row)
    if "plan" in document:
        plan, problems = decode_plan(document["plan"])
        assert plan is not None, problems
        currency = plan.currency
        programs.append(compile_pay(plan))
        for person, given in zip(people, inputs, strict=True):
            given.update(need_inputs(programs[-1], person.get("needs", {})))
        inputs = gathered(programs[-1], _crowd(document, inputs))
    together: list[dict[str, int | None]] = [{} for _ in people]
    for program in programs:
        for name, numbers in run(program, _table(inputs)).items():
            for row, found in enumerate(together):
                found[name] = numbers.at(row)
    statements = []
    for person, given in zip(people, inputs, strict=True):
        lines = [explain(program, given) for program in programs]
        statements.append(
            read_statement(
                lines[0] if "scorecard" in document else (),
                lines[-1] if "plan" in document else (),
                subject={"person": person["name"]},
                currency=currency,
            )
        )
    return Case(
        title=path.stem,
        document=document,
        people=tuple(people),
        statements=tuple(statements),
        together=tuple(together),
    )


def _units(document: Mapping[str, Any]) -> dict[str, str]:
    units = {
        item["metric"]: item["unit"] for item in document.get("scorecard", {}).get("items", ())
    }
    return {**units, **document.get("plan", {}).get("units", {})}


def _inputs(document: Mapping[str, Any], person: Mapping[str, Any]) -> Person:
    found: Person = {}
    for metric, unit in _units(document).items():
        written = person["actual"].get(metric)
        if written is not None:
            exact = Fraction(written) * 10 ** DECIMALS[unit]
            found[f"{metric}.num"] = exact.numerator
            found[f"{metric}.den"] = exact.denominator
        for part in ("target", "baseline"):
            value = person.get(part, {}).get(metric)
            if value is not None:
                found[f"{metric}.{part}"] = int(Fraction(value) * 10 ** DECIMALS[unit])
    if "team_score" in person:
        found["team.score"] = int(Fraction(person["team_score"]) * 10_000)
    return found


def _table(inputs: Sequence[Person]) -> dict[str, Column]:
    names = {name for person in inputs for name in person}
    return {name: column([person.get(name) for person in inputs]) for name in names}


def _crowd(document: Mapping[str, Any], inputs: Sequence[Person]) -> Crowd:
    """Read what surrounds the people: their teams, the days of their presence, what was before."""
    people, units = document["people"], _units(document)
    teams = {
        int(group): dict(_team(told, units)) for group, told in document.get("teams", {}).items()
    }
    period_days = int(document.get("period_days", 30))
    days = [(person.get("days", period_days), not person.get("left")) for person in people]
    return Crowd(
        people=inputs,
        groups=[person.get("unit", 0) for person in people],
        days=days,
        period_days=period_days,
        teams=teams,
        lower=frozenset(document.get("lower", ())),
        ids=[person["name"] for person in people],
    )


def _team(told: Mapping[str, Any], units: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    for metric, written in told.get("actual", {}).items():
        exact = Fraction(written) * 10 ** DECIMALS[units[metric]]
        yield f"{metric}.num", exact.numerator
        yield f"{metric}.den", exact.denominator
    for metric, written in told.get("target", {}).items():
        yield f"{metric}.target", int(Fraction(written) * 10 ** DECIMALS[units[metric]])
    for metric, pair in told.get("median_before", {}).items():
        low, high = (int(Fraction(each) * 10 ** DECIMALS[units[metric]]) for each in pair)
        yield f"{metric}.before", (low, 1, high, 1)


def printed(case: Case, catalogue: Catalogue, locale: Locale) -> str:
    """Print the statements of a case as their readers see them."""
    names = dict(case.document.get("names", {}))
    for part in case.document.get("plan", {}).get("components", ()):
        names[part["id"]] = part["name"]
    pages = []
    for person, statement in zip(case.people, case.statements, strict=True):
        shown = [
            f"{_number(line):>14}  {_sentence(line, names, catalogue, locale)}"
            for line in (*statement.score_lines, *statement.pay_lines)
            if line.kind in _SHOWN or line.unit == TRUTH
        ]
        pages.append("\n".join([f"== {person['name']}", *shown]))
    return "\n\n".join(pages) + "\n"


def _spoken(value: int, unit: str) -> Value:
    if unit == DATE:
        return date.fromordinal(value)
    return value if unit in _PLAIN or not unit else Quantity(num=value, unit=unit)


def _number(line: Line) -> str:
    if line.value is None:
        return "-"
    if line.unit in _PLAIN:
        return str(line.value)
    return f"{from_steps(line.value, line.unit):,f}"


def _sentence(
    line: Line, names: Mapping[str, Mapping[str, str]], catalogue: Catalogue, locale: Locale
) -> str:
    values: dict[str, Value] = {
        place: _spoken(value, unit)
        for place, (value, unit) in line.places.items()
        if value is not None
    }
    values["name"] = names.get(line.key, {}).get(locale.value, line.key)
    return catalogue.text(line.code, values, locale)
