"""The examples of docs/plan-language.md: each decodes, and gives what the page says it gives.

A fenced block says after ``json`` what it is. Parts of documents are put into the smallest whole
document around them. Sentences such as "`sales=80000` gives `7300`" below a block are calculated.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from domain.document import DocumentReader, canonical
from domain.evaluate import compile_pay, compile_score, explain
from domain.exact import INTS, muldiv
from domain.goal import read_goal
from domain.measure import Adding, Aggregate
from domain.measure import value as metric_value
from domain.metric import decode_metric, encode_metric
from domain.pay_sheet import SheetFacts, SheetTerms, settle
from domain.period import period_named
from domain.plan import decode_plan
from domain.plan_document import encode_plan
from domain.scorecard import decode_scorecard, encode_scorecard
from domain.unit import DECIMALS
from plugins.policies.reading import policy_called
from tests.support.needs import need_inputs
from tests.support.peer_inputs import Crowd, gathered

PAGE = Path(__file__).resolve().parents[2] / "docs" / "plan-language.md"
_BLOCK = re.compile(r"^```json (?P<kind>\S+)[^\n]*\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_GIVES = re.compile(r"`(?P<given>[^`\n]*=[^`\n]*)` gives `(?P<result>[^`\n]+)`")
NAME = {"zh-CN": "名", "en": "name"}
UNITS = {"sales": "CNY", "retention": "RATIO", "visits": "COUNT"}
PERIOD = period_named("2026-09")


@dataclass(frozen=True)
class Example:
    """One block: what it is, what it says, and the cases stated below it."""

    place: str
    kind: str
    content: dict[str, Any]
    cases: tuple[tuple[str, str], ...]

    @property
    def document(self) -> dict[str, Any]:
        """Put a part of a document into the smallest whole one."""
        whole: dict[str, Any] = _AROUND.get(self.kind, dict)(self.content)
        return whole


def examples() -> tuple[Example, ...]:
    text = PAGE.read_text("utf-8")
    blocks = list(_BLOCK.finditer(text))
    ends = [block.start() for block in blocks[1:]] + [len(text)]
    return tuple(
        Example(
            place=f"{block['kind']}-line-{text.count(chr(10), 0, block.start()) + 1}",
            kind=block["kind"],
            content=json.loads(block["text"]),
            cases=tuple(
                (case["given"], case["result"])
                for case in _GIVES.finditer(text[block.end() : end].partition("\n#")[0])
            ),
        )
        for block, end in zip(blocks, ends, strict=True)
    )


def _around_formula(formula: dict[str, Any]) -> dict[str, Any]:
    ratios = {"RATIO", "RETURNING", "GROWTH"}
    counts = {"COUNT", "DISTINCT", "RATE"}
    unit = "RATIO" if formula["kind"] in ratios else "CNY"
    return {
        "format": "attain.metric/1",
        "key": "example",
        "name": NAME,
        "explanation": NAME,
        "dimension": "RESULT",
        "direction": "HIGHER",
        "unit": "COUNT" if formula["kind"] in counts else unit,
        "empty": "NO_DATA",
        "refresh": "DAILY",
        "tags": [],
        "formula": formula,
    }


def _around_item(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "format": "attain.scorecard/1",
        "key": "example",
        "name": NAME,
        "rounding": "HALF_UP",
        "weightTotal": "RENORMALISE",
        "missing": "BLOCK",
        "combine": "AVERAGE",
        "items": [item],
    }


def _around_adjustment(adjustment: dict[str, Any]) -> dict[str, Any]:
    curve = {"form": "BINARY"}
    item = {"metric": "sales", "unit": "CNY", "dimension": "RESULT", "direction": "HIGHER"}
    whole = {**item, "comparison": "AT_LEAST", "weight": "100", "curve": curve}
    return {**_around_item(whole), "adjustments": [adjustment]}


def _around_component(component: dict[str, Any]) -> dict[str, Any]:
    return {
        "format": "attain.plan/1",
        "key": "example",
        "name": NAME,
        "cadence": "MONTH",
        "currency": "CNY",
        "rounding": "HALF_UP",
        "units": UNITS,
        "components": [component],
    }


def _around_settlement(settlement: dict[str, Any]) -> dict[str, Any]:
    flat = {
        "id": "commission",
        "kind": "RATE",
        "name": NAME,
        "missing": "ZERO",
        "metric": "sales",
        "rate": "1",
        "negative": "KEEP",
    }
    return {**_around_component(flat), "settlement": settlement}


_AROUND: dict[str, Any] = {
    "settlement": _around_settlement,
    "formula": _around_formula,
    "item": _around_item,
    "adjustment": _around_adjustment,
    "component": _around_component,
}
_CODECS: dict[str, tuple[Any, Any]] = {
    "metric": (decode_metric, encode_metric),
    "formula": (decode_metric, encode_metric),
    "scorecard": (decode_scorecard, encode_scorecard),
    "item": (decode_scorecard, encode_scorecard),
    "adjustment": (decode_scorecard, encode_scorecard),
    "plan": (decode_plan, encode_plan),
    "component": (decode_plan, encode_plan),
    "settlement": (decode_plan, encode_plan),
}

ALL = examples()


def _decoded(example: Example) -> Any:
    if example.kind == "goal":
        keys = {"key": "sales", "unit": "CNY"}, {"key": "retention", "unit": "RATIO"}
        whole = _around_formula({"kind": "SUM", "fact": "order", "unit": "CNY"})
        known = {key["key"]: decode_metric({**whole, **key})[0] for key in keys}
        found, problems = read_goal(example.document, known)  # type: ignore[arg-type]
    else:
        found, problems = _CODECS[example.kind][0](example.document)
    assert problems == (), example.place
    return found


@pytest.mark.parametrize("example", ALL, ids=lambda example: example.place)
def test_every_example_decodes_and_is_written_as_it_would_be_stored(example: Example) -> None:
    found = _decoded(example)
    assert found is not None
    if example.kind != "goal":
        assert canonical(_CODECS[example.kind][1](found)) == canonical(example.document)


def _steps(text: str, unit: str) -> Fraction:
    steps: int = 10 ** DECIMALS[unit]
    return Fraction(text) * steps


def _inputs(given: str, units: dict[str, str]) -> dict[str, int | None]:
    """Read "sales=80000, sales.target=1000000" into the inputs of a calculation."""
    found: dict[str, int | None] = {}
    for part in given.split(","):
        name, _, text = part.strip().partition("=")
        metric, _, which = name.partition(".")
        if name in {"score", "team.score"}:
            found[name] = int(_steps(text, "POINT"))
        elif which:
            found[name] = int(_steps(text, units[metric]))
        else:
            exact = _steps(text, units[metric])
            found[f"{name}.num"], found[f"{name}.den"] = exact.numerator, exact.denominator
    return found


def _calculated(program: Any, inputs: dict[str, int | None], name: str) -> Fraction | None:
    line = next(line for line in explain(program, inputs) if line.name == name)
    return None if line.value is None else Fraction(line.value, 10 ** DECIMALS.get(line.unit, 0))


def _attained(example: Example, given: str) -> Fraction | None:
    card = _decoded(example)
    item = card.items[0]
    inputs = _inputs(given, {item.metric: item.unit})
    return _calculated(compile_score(card), inputs, f"{item.metric}.score")


def _adjusted(example: Example, given: str) -> Fraction | None:
    card = _decoded(example)
    each = card.adjustments[0]
    inputs = _inputs(given, {each.metric: each.unit})
    return _calculated(compile_score(card), inputs, f"{each.id}.points")


def _scored(example: Example, given: str) -> Fraction | None:
    card = _decoded(example)
    units = {item.metric: item.unit for item in card.items}
    units.update({each.metric: each.unit for each in card.adjustments})
    return _calculated(compile_score(card), _inputs(given, units), "score")


def _paid(example: Example, given: str) -> Fraction | None:
    """Pay one person; "sales=120000 among 80000 95000" names the others of the peer group."""
    plan = _decoded(example)
    own, _, others = given.partition(" among ")
    program = compile_pay(plan)
    needs = {need.name for need in program.needs}
    told = [part.strip().partition("=") for part in own.split(",")]
    plain = ", ".join("".join(part) for part in told if part[0] not in needs)
    inputs = _inputs(plain, dict(plan.units)) if plain else {}
    inputs.update(need_inputs(program, {name: text for name, _, text in told}))
    first, _, text = told[0]
    unit = "POINT" if first == "score" else plan.units.get(first, "COUNT")
    crowd = [inputs, *(_inputs(f"{first}={each}", dict(plan.units)) for each in others.split())]
    # the team is whoever is named
    whole = sum(int(_steps(each, unit)) for each in [text, *others.split()])
    team = {f"{first}.num": whole, f"{first}.den": 1}
    everybody = gathered(program, Crowd(people=crowd, teams={0: team}))
    return _calculated(program, everybody[0], "payout")


def _measured(example: Example, given: str) -> Fraction | None:
    """Put a metric together from sums: "sum=300, count=4"; "before" is the earlier period."""
    metric = _decoded(example)
    told = dict(part.strip().split("=") for part in given.split(","))

    def read(need: Aggregate) -> int | None:
        name = need.adding.value.lower()
        if need.adding in {Adding.SUM, Adding.COUNT} and f"{need.fact}.{name}" in told:
            name = f"{need.fact}.{name}"
        if need.end <= PERIOD.start and need.adding is Adding.SUM:
            name = "before"
        text = told.get(name)
        counted = need.adding not in {Adding.SUM, Adding.LAST}
        return None if text is None else int(_steps(text, "COUNT" if counted else need.unit or ""))

    num, den = metric_value(INTS, metric, PERIOD, read)
    if num is None or den is None:
        return None
    return Fraction(num, den * 10 ** DECIMALS[metric.unit])


def _settled(example: Example, given: str) -> Fraction | None:
    """Settle one sheet: "draw.balance of earned=500, month=1"; without a line, what is paid."""
    plan = _decoded(example)
    line, _, told = given.rpartition(" of ")
    values = dict(part.strip().split("=") for part in told.split(","))
    month = values.pop("month", None)
    steps = {name: int(_steps(text, "CNY")) for name, text in values.items()}
    policy = policy_called("cn_mainland")
    assert policy is not None
    facts = SheetFacts(
        earned=steps.pop("earned"),
        adjustments={f"2026-08.{name}": steps.pop(name) for name in set(steps) & {"CREDIT_NOTES"}},
        month=None if month is None else int(month),
        **steps,
    )
    terms = SheetTerms(
        currency="CNY", rounding=plan.rounding, settlement=plan.settlement, policy=policy
    )
    sheet = settle({"period": "2026-09"}, terms, replace(facts, holdback_base=facts.earned))
    return Fraction(sheet.value(line or "sheet.paid"), 100)


_CALCULATORS = {
    "settlement": _settled,
    "item": _attained,
    "adjustment": _adjusted,
    "scorecard": _scored,
    "component": _paid,
    "plan": _paid,
    "formula": _measured,
    "metric": _measured,
}
CASES = [(example, given, result) for example in ALL for given, result in example.cases]


@pytest.mark.parametrize(
    ("example", "given", "result"),
    CASES,
    ids=[f"{example.place}-{given}" for example, given, _ in CASES],
)
def test_every_example_gives_what_the_page_says(example: Example, given: str, result: str) -> None:
    found = _CALCULATORS[example.kind](example, given)
    if result == "nothing known":
        assert found is None
        return
    assert found is not None
    shown = Fraction(result)
    places = len(result.partition(".")[2])
    assert Fraction(muldiv(found.numerator, 10**places, found.denominator), 10**places) == shown


def test_every_part_of_the_language_has_an_example() -> None:
    kinds = {example.kind for example in ALL}
    assert kinds == {*_CODECS, "goal"}
    assert len(CASES) >= 40


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> tuple[set[str], set[type[StrEnum]]]:
    """Collect the fields and the enums that the decoders ask for while a test runs."""
    fields: set[str] = set()
    enums: set[type[StrEnum]] = set()
    get, choice = DocumentReader._get, DocumentReader.choice

    def spied_get(reader: DocumentReader, name: str, *, required: bool) -> object:
        fields.add(name)
        return get(reader, name, required=required)

    def spied_choice(
        reader: DocumentReader, name: str, kind: type[StrEnum], *, required: bool = True
    ) -> Any:
        enums.add(kind)
        return choice(reader, name, kind, required=required)

    monkeypatch.setattr(DocumentReader, "_get", spied_get)
    monkeypatch.setattr(DocumentReader, "choice", spied_choice)
    return fields, enums


def test_the_page_names_every_field_and_every_choice_that_a_decoder_asks_for(
    asked: tuple[set[str], set[type[StrEnum]]],
) -> None:
    fields, enums = asked
    for example in ALL:
        _decoded(example)
    words = set(re.findall(r"`([A-Za-z0-9_]+)`", PAGE.read_text("utf-8")))
    wanted = {name.partition("[")[0] for name in fields} - {"zh-CN", "en"} - set(UNITS)
    wanted |= {member.value for each in enums for member in each}
    assert sorted(wanted - words) == []
    assert len(fields) > 50
