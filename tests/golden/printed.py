"""Golden cases: read a TOML that finance can write, calculate it, print it as a person sees it.

Most people of a case are there for the whole period, by one scorecard and one plan. Somebody may
also be there for a part of it (``days``), be new (``joined``), or have a period that was cut
(``segments``, each with its own ``plan`` and ``scorecard`` out of several).
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from domain.columns import Column
from domain.day_lines import How
from domain.evaluate import explain, run
from domain.period import period_named
from domain.plan import Plan, decode_plan
from domain.program import TRUTH, Line, LineKind, Program
from domain.proration import Basis, Proration, Split
from domain.ramping import ramp_share
from domain.scorecard import Scorecard, decode_scorecard
from domain.segment_codes import SEGMENT_CODES
from domain.segments import Shape, place_of_line, prefix_of, shaped_pay, shaped_score
from domain.statement import Statement, read_statement
from domain.unit import DECIMALS, from_steps
from messages.lines import say_line
from messages.render import Catalogue, Locale
from tests.golden.answer import Answer, Row, name_in, plain_name
from tests.support.needs import need_inputs
from tests.support.peer_inputs import Crowd, Person, column, gathered

CASES = Path(__file__).parent / "cases"
_SHOWN = {LineKind.SCORE, LineKind.REASON, LineKind.PAY, LineKind.TOTAL}
_TRUTHS = {None: "–", 0: "✗", 1: "✓"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """By what one person is scored and paid: one document of each, or one for each segment."""

    cards: tuple[Scorecard | None, ...]
    plans: tuple[Plan | None, ...]
    shape: Shape
    score: Program | None
    pay: Program | None

    @property
    def plan(self) -> Plan | None:
        """The plan that ends the period."""
        return next((plan for plan in reversed(self.plans) if plan is not None), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case: its documents compiled, its people calculated one by one and all together."""

    title: str
    document: Mapping[str, Any]
    people: tuple[Row, ...]
    rules: tuple[Rules, ...]
    statements: tuple[Statement, ...]
    together: tuple[Mapping[str, int | None], ...]

    @property
    def numbers(self) -> tuple[Mapping[str, Fraction | None], ...]:
        """The numbers of everybody's lines, in their units."""
        return tuple(
            {
                line.name: None
                if line.value is None
                else Fraction(line.value, 10 ** DECIMALS.get(line.unit, 0))
                for line in (*statement.score_lines, *statement.pay_lines)
            }
            for statement in self.statements
        )


@cache
def read_case(path: Path) -> Case:
    """Read and calculate a case."""
    return calculated(path.stem, tomllib.loads(path.read_text("utf-8")))


def read(path: Path) -> Answer:
    """Read a case as every kind of case is read."""
    case = read_case(path)
    return Answer(
        rows=case.people,
        numbers=case.numbers,
        page=lambda catalogue, locale: printed(case, catalogue, locale),
    )


def calculated(title: str, document: Mapping[str, Any]) -> Case:
    """Calculate a case: everybody alone, and everybody of the same rules at once."""
    people = document["people"]
    known = _known_rules(document)
    compiled: dict[tuple[object, ...], Program | None] = {}
    rules = [_rules_of(document, known, person, compiled) for person in people]
    inputs = [_inputs(document, person, each) for person, each in zip(people, rules, strict=True)]
    together: list[dict[str, int | None]] = [{} for _ in people]
    lines: list[dict[str, tuple[Line, ...]]] = [{} for _ in people]
    for part in ("score", "pay"):
        for program, rows in _by_program([getattr(each, part) for each in rules]):
            if part == "pay":
                _gather(document, program, rows, inputs)
            for name, numbers in run(program, _table([inputs[row] for row in rows])).items():
                for place, row in enumerate(rows):
                    together[row][name] = numbers.at(place)
            for row in rows:
                lines[row][part] = explain(program, inputs[row])
                if part == "score":
                    inputs[row]["score"] = together[row]["score"]
    statements = tuple(
        read_statement(
            found.get("score", ()),
            found.get("pay", ()),
            subject={"person": plain_name(person)},
            currency=each.plan.currency if each.plan is not None else "CNY",
        )
        for person, each, found in zip(people, rules, lines, strict=True)
    )
    return Case(
        title=title,
        document=document,
        people=tuple(people),
        rules=tuple(rules),
        statements=statements,
        together=tuple(together),
    )


# ---- the rules of each person --------------------------------------------------------------------


def _known_rules(document: Mapping[str, Any]) -> dict[str, Any]:
    """Read every scorecard and plan of a case once, by its name; the only one is called ""."""
    found: dict[str, Any] = {}
    for one, several, decode in (
        ("scorecard", "scorecards", decode_scorecard),
        ("plan", "plans", decode_plan),
    ):
        documents = {"": document[one]} if one in document else document.get(several, {})
        for name, written in documents.items():
            rule, problems = decode(written)
            assert rule is not None, (name, problems)
            found[f"{one} {name}"] = rule
    return found


def _rules_of(
    document: Mapping[str, Any],
    known: Mapping[str, Any],
    person: Row,
    compiled: dict[tuple[object, ...], Program | None],
) -> Rules:
    parts = person.get("segments") or [person]
    cards = tuple(known.get(f"scorecard {part.get('scorecard', '')}") for part in parts)
    plans = tuple(known.get(f"plan {part.get('plan', '')}") for part in parts)
    scored, paid = (_how(document, person, each) for each in (cards, plans))
    return Rules(
        cards=cards,
        plans=plans,
        shape=Shape(score=scored, pay=paid),
        score=_once(compiled, (*map(id, cards), scored), lambda: shaped_score(cards, scored)),
        pay=_once(compiled, (*map(id, plans), paid), lambda: shaped_pay(plans, paid)),
    )


def _once(
    known: dict[tuple[object, ...], Program | None],
    key: tuple[object, ...],
    compiled: Callable[[], Program | None],
) -> Program | None:
    if key not in known:
        known[key] = compiled()
    return known[key]


def _how(document: Mapping[str, Any], person: Row, rules: Sequence[Any]) -> How:
    whole = document.get("period_days", 30)
    segments = person.get("segments", ())
    days = sum(part["days"] for part in segments) if segments else person.get("days", whole)
    blocks = [rule.proration for rule in rules if rule is not None and rule.proration is not None]
    asked = [block for block in blocks if block.basis is not Basis.NONE]
    # a scorecard and a plan without the block take nothing by days and are not cut
    cut = tuple(range(len(segments))) if asked else ()
    by_days = bool(asked) and (days < whole or (bool(cut) and _is_split_by_days(asked[-1])))
    ramped = "joined" in person and any(rule.ramp is not None for rule in rules if rule)
    return How(places=cut, by_days=by_days, ramped=ramped)


def _is_split_by_days(block: Proration) -> bool:
    return block.split is Split.DAYS


def _by_program(programs: Sequence[Program | None]) -> Iterator[tuple[Program, list[int]]]:
    rows: dict[int, list[int]] = {}
    for row, program in enumerate(programs):
        if program is not None:
            rows.setdefault(id(program), []).append(row)
    for found in rows.values():
        program = programs[found[0]]
        assert program is not None
        yield program, found


# ---- the numbers of each person ------------------------------------------------------------------


def _units(document: Mapping[str, Any]) -> dict[str, str]:
    cards = [document.get("scorecard", {}), *document.get("scorecards", {}).values()]
    plans = [document.get("plan", {}), *document.get("plans", {}).values()]
    found = {}
    for card in cards:
        for item in (*card.get("items", ()), *card.get("adjustments", ())):
            found[item["metric"]] = item["unit"]
    for plan in plans:
        found.update(plan.get("units", {}))
    return found


def _inputs(document: Mapping[str, Any], person: Row, rules: Rules) -> Person:
    found = _measured(document, person, "")
    whole = int(document.get("period_days", 30))
    segments = person.get("segments", ())
    days = sum(part["days"] for part in segments) if segments else person.get("days", whole)
    found |= _days("", document, {"days": days, **person})
    for place, part in enumerate(segments):
        prefix = prefix_of(place)
        found |= _measured(document, part, prefix) | _days(prefix, document, part)
        for metric, written in part.get("achieved", {}).items():
            steps = Fraction(written) * 10 ** DECIMALS[_units(document)[metric]]
            found[f"{prefix}{metric}.achieved"] = int(steps)
    for part, rule in (("score", rules.cards[-1]), ("pay", rules.plans[-1])):
        if rule is not None and rule.ramp is not None and "joined" in person:
            share, full = ramp_share(
                rule.ramp,
                date.fromisoformat(person["joined"]),
                period_named(document["period"]),
            )
            found |= {f"ramp.{part}.share": share, f"ramp.{part}.full": full}
    if "team_score" in person:
        found["team.score"] = int(Fraction(person["team_score"]) * 10_000)
    return found


def _measured(document: Mapping[str, Any], told: Row, prefix: str) -> Person:
    """Read what was measured, and the goal, which is also the full one that days are taken of."""
    found: Person = {}
    for metric, unit in _units(document).items():
        written = told.get("actual", {}).get(metric)
        if written is not None:
            exact = Fraction(written) * 10 ** DECIMALS[unit]
            found[f"{prefix}{metric}.num"] = exact.numerator
            found[f"{prefix}{metric}.den"] = exact.denominator
        for part in ("target", "baseline"):
            value = told.get(part, {}).get(metric)
            if value is not None:
                steps = int(Fraction(value) * 10 ** DECIMALS[unit])
                found[f"{prefix}{metric}.{part}"] = steps
                found[f"{prefix}{metric}.full_{part}"] = steps
    return found


def _days(prefix: str, document: Mapping[str, Any], told: Row) -> Person:
    whole = int(document.get("period_days", 30))
    working = int(document.get("period_working_days", 22))
    found: Person = {
        f"{prefix}calendar_days.present": told["days"],
        f"{prefix}working_days.present": told.get("working_days"),
    }
    if not prefix:
        found |= {"calendar_days.period": whole, "working_days.period": working}
    return found


def _table(inputs: Sequence[Person]) -> dict[str, Column]:
    names = {name for person in inputs for name in person}
    return {name: column([person.get(name) for person in inputs]) for name in names}


def _gather(
    document: Mapping[str, Any], program: Program, rows: Sequence[int], inputs: list[Person]
) -> None:
    people = [document["people"][row] for row in rows]
    for row, person in zip(rows, people, strict=True):
        inputs[row].update(need_inputs(program, person.get("needs", {})))
    crowd = _crowd(document, people, [inputs[row] for row in rows])
    for row, found in zip(rows, gathered(program, crowd), strict=True):
        inputs[row] = found


def _crowd(document: Mapping[str, Any], people: Sequence[Row], inputs: Sequence[Person]) -> Crowd:
    """Read what surrounds the people: their teams, the days of their presence, what was before."""
    units = _units(document)
    teams = {
        int(group): dict(_team(told, units)) for group, told in document.get("teams", {}).items()
    }
    period_days = int(document.get("period_days", 30))
    days = [(person.get("days", period_days), not person.get("left")) for person in people]
    return Crowd(
        people=inputs,
        groups=[person.get("unit", 0) for person in people],
        parents=[person.get("parent", 0) for person in people],
        days=days,
        period_days=period_days,
        teams=teams,
        lower=frozenset(document.get("lower", ())),
        ids=[plain_name(person) for person in people],
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


# ---- the printed page ----------------------------------------------------------------------------


def printed(case: Case, catalogue: Catalogue, locale: Locale) -> str:
    """Print the statements of a case as their readers see them."""
    names = _names(case.document)
    pages = []
    for person, statement in zip(case.people, case.statements, strict=True):
        shown: list[str] = []
        place = None
        for line in (*statement.score_lines, *statement.pay_lines):
            if not _is_shown(line, cut="segments" in person):
                continue
            if place_of_line(line.name) != place:
                place = place_of_line(line.name)
                shown.append(_segment_title(person, place, locale))
            named = names.get(line.key, {}).get(locale.value, line.key)
            shown.append(f"{_number(line):>14}  {say_line(catalogue, line, named, locale)}")
        pages.append("\n".join([f"== {name_in(person, locale)}", *shown]))
    return "\n\n".join(pages) + "\n"


def _names(document: Mapping[str, Any]) -> dict[str, Mapping[str, str]]:
    names = dict(document.get("names", {}))
    for plan in (document.get("plan", {}), *document.get("plans", {}).values()):
        for part in plan.get("components", ()):
            names[part["id"]] = part["name"]
    cards = (document.get("scorecard", {}), *document.get("scorecards", {}).values())
    for card in cards:
        for part in card.get("adjustments", ()):
            names[part["id"]] = part["name"]
    return names


_TOGETHER = {Locale.EN: "All parts together", Locale.ZH_CN: "各分段合计"}


def _segment_title(person: Row, place: int | None, locale: Locale) -> str:
    if place is None:
        return f"-- {_TOGETHER[locale]}"
    return f"-- {name_in(person['segments'][place], locale)}"


def _is_shown(line: Line, *, cut: bool) -> bool:
    if line.kind in _SHOWN or line.unit == TRUTH or line.code in SEGMENT_CODES:
        return True
    # of a period that was cut the amounts of a part are steps on the way
    return cut and line.name.endswith((".amount", ".payout", ".score", ".points"))


def _number(line: Line) -> str:
    if line.unit == TRUTH:
        return _TRUTHS[line.value]
    if line.value is None:
        return "–"
    if line.unit not in DECIMALS:
        return str(line.value)
    return f"{from_steps(line.value, line.unit):,f}"
