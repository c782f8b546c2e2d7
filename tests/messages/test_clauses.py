"""A plan's text is made from its rules, so that the two cannot disagree."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from domain.clause_kinds import OPENINGS
from domain.day_lines import How
from domain.evaluate import explain
from domain.kinds.registry import KINDS
from domain.line_clauses import clause_of_line
from domain.plan import decode_plan
from domain.plan_clauses import plan_clauses
from domain.plan_document import encode_plan
from domain.program import LineKind
from domain.segments import shaped_pay
from messages.clauses import say_clause, wording
from messages.render import Locale
from tests.support import sentences

CATALOGUE = sentences.catalogue()
PAGE = Path(__file__).parents[2] / "docs" / "plan-language.md"
NAMES = {"zh-CN": "名", "en": "name"}
HELD = {"metric": "visits", "comparison": "AT_LEAST", "value": "7"}
TO_COMPARE = {"metric": "sales", "peerGroup": "UNIT", "minimumCohort": 5, "fallback": "WIDEN"}
DAYS = {"from": "2026-09-10", "to": "2026-10-20"}
SIDE = {"metric": "sales", "axis": "ATTAINMENT", "boundary": "UPPER_TIER", "edges": ["0.8", "1"]}
FIRST = {"metric": "sales", "rate": "0.01", "negative": "KEEP"}
# One or more of every kind, so that together they have every field of it.
EXAMPLES: dict[str, list[dict[str, Any]]] = {
    "RATE": [{**FIRST, "minimum": HELD, "cap": "9000", "floor": "5"}],
    "BONUS_WHEN_MET": [
        {"metric": "sales", "comparison": "AT_LEAST", "amount": "5000", "minimum": HELD}
    ],
    "RATE_ON_EXCESS": [
        {"metric": "sales", "comparison": "AT_LEAST", "rate": "0.02", "minimum": HELD}
    ],
    "KICKER": [{"percent": "0.1", "base": ["first"], "condition": HELD}],
    "REWARD_ABOVE_MEDIAN": [{**TO_COMPARE, "amount": "800", "rate": "0.03", "minimum": HELD}],
    "TOP_SHARE": [
        {**TO_COMPARE, "share": "0.25", "rounding": "FLOOR", "least": 1, "tie": "INCLUDE_ALL",
         "amount": "700"}
    ],
    "TIERED": [
        {"metric": "sales", "measure": measure, "mode": mode, "boundary": "UPPER_TIER",
         "negative": "ZERO",
         "tiers": [{"upTo": "1000", "rate": "0.01"}, {"upTo": "5000", "rate": "0.02"},
                   {"rate": last}], **more}
        for measure, mode, last, more in (
            ("ACTUAL", "MARGINAL", "0.03", {}),
            ("EXCESS_OVER_TARGET", "WHOLE", "0.03",
             {"span": "YEAR", "spanStart": "SPAN", "spanTarget": "SPAN"}),
        )
    ],
    "SCORE_PAY": [
        {"amount": "3000", "below": "NOTHING",
         "points": [{"score": "60", "pays": "0.5"}, {"score": "100", "pays": "1"}]}
    ],
    "PAY_CURVE": [
        {"metric": "sales", "amount": "4000", "boundary": "UPPER_TIER", "below": "NOTHING",
         "points": [{"at": "0.8", "pays": "0.5"}, {"at": "1", "pays": "1"}],
         "beyond": "SLOPE", "slope": "2", "minimum": HELD}
    ],
    "MULTIPLIER": [
        {"metric": "sales", "axis": "ATTAINMENT", "form": "PIECEWISE", "base": ["first"],
         "points": [{"at": "0.8", "factor": "0.9"}, {"at": "1", "factor": "1.1"}],
         "boundary": "UPPER_TIER", "below": "0.5", "beyond": "SLOPE", "slope": "2",
         "negative": "KEEP"}
    ],
    "GATE": [{"condition": HELD, "base": ["first"], "negative": "KEEP", "unmeasured": "SHUT"}],
    "MATRIX": [
        {"rows": SIDE, "columns": {**SIDE, "metric": "visits", "axis": "ACTUAL", "edges": ["3"]},
         "pays": pays, "cells": [["1", "2"], ["3", "4"], ["5", "6"]], **more}
        for pays, more in (
            ("AMOUNT", {}), ("FACTOR", {"base": ["first"], "negative": "ZERO"})
        )
    ],
    "SPIFF": [
        {"form": "BONUS", "metric": "visits", **DAYS, "pays": "AT_THE_END",
         "comparison": "AT_LEAST", "value": "9", "amount": "300"},
        {"form": "RATE", "metric": "sales", **DAYS, "pays": "EACH_PERIOD", "rate": "0.02",
         "negative": "KEEP"},
        {"form": "PER_UNIT", "metric": "visits", **DAYS, "pays": "EACH_PERIOD", "amount": "20",
         "parts": "WHOLE_ONLY", "negative": "ZERO"},
    ],
    "POINTS": [
        {"metric": "visits", "amount": "30", "parts": "PRORATED", "negative": "KEEP",
         "minimum": HELD}
    ],
    "PROJECT_PRIZE": [
        {"metric": "visits", **DAYS, "comparison": "AT_LEAST", "value": "9", "amount": "300"}
    ],
    "TOP_BANDS": [
        {**TO_COMPARE, "members": "FULL_PERIOD", "rank": "COMPETITION", "rounding": "FLOOR",
         "least": 1, "tie": "TIE_BREAK", "tieBreak": ["visits"],
         "bands": [{"share": "0.1", "amount": "900"}, {"share": "0.2", "amount": "500"}]}
    ],
    "RANK_TABLE": [
        {**TO_COMPARE, "members": "EVERYBODY", "rank": "FRACTIONAL", "tieBreak": tie,
         "amounts": ["3000", "2000"]}
        for tie in ([], ["visits"])
    ],
    "ABOVE_PERCENTILE": [
        {**TO_COMPARE, "members": "PRORATED", "percentile": "0.9", "method": "R7_INCLUSIVE",
         "rate": "0.1", "amount": "50", "minimum": HELD}
    ],
    "REWARD_ABOVE_LINE": [
        {"metric": "sales", "line": "VALUE", "value": "5000", "rate": "0.1", "amount": "50",
         "minimum": HELD},
        {"metric": "sales", "line": "MEDIAN_BEFORE", "peerGroup": "UNIT", "rate": "0.1"},
    ],
    "POOL": [
        {"team": "UNIT", "members": "EVERYBODY", "minimum": HELD, **more}
        for more in (
            {"pool": {"of": "RATE", "metric": "sales", "rate": "0.02", "negative": "ZERO"},
             "key": "METRIC", "metric": "visits",
             "condition": {"metric": "sales", "comparison": "AT_LEAST", "against": "VALUE",
                           "value": "9000"}},
            {"pool": {"of": "PER_HEAD", "amount": "100"}, "key": "EQUAL",
             "condition": {"metric": "sales", "comparison": "AT_LEAST",
                           "against": "TEAM_TARGET"}},
            {"pool": {"of": "PER_UNIT", "amount": "3", "metric": "visits", "negative": "KEEP"},
             "key": "SCORE"},
        )
    ],
}  # fmt: skip
SETTLEMENT = {
    "timing": {"monthsAfter": 1, "day": 15},
    "draw": {
        "recoverable": True,
        "amount": "4000",
        "fromMonth": 1,
        "toMonth": 6,
        "recovery": {"share": "0.5", "fromMonth": 7},
    },
    "guarantee": {"amount": "3000", "months": 3},
    "holdback": {
        "share": "0.2",
        "base": ["first"],
        "release": {"kind": "AFTER_PERIODS", "periods": 3},
    },
}

PRORATION = {
    "basis": "CALENDAR_DAYS",
    "targets": ["sales"],
    "changes": "SEGMENTS",
    "split": "ACTUALS",
    "by": "sales",
    "amounts": ["part_0"],
    "thresholds": ["part_0"],
    "peers": "LAST_PLACE",
}
RAMP = {"metrics": ["sales"], "shares": ["0.3", "0.6"], "start": "FIRST_MONTH"}  # fmt: skip


def document(*components: dict[str, Any], **more: Any) -> dict[str, Any]:
    first = {"id": "first", "kind": "RATE", "name": NAMES, "missing": "BLOCK", **FIRST}
    parts = [
        {"id": f"part_{place}", "name": NAMES, "missing": "ZERO", **each}
        for place, each in enumerate(components)
    ]
    return {
        "format": "attain.plan/1", "key": "plan", "name": NAMES, "cadence": "MONTH",
        "currency": "CNY", "rounding": "HALF_UP", "units": {"sales": "CNY", "visits": "COUNT"},
        "components": [first, *parts], **more,
    }  # fmt: skip


def example(kind: str, place: int = 0) -> dict[str, Any]:
    return {"kind": kind, **EXAMPLES[kind][place]}


WHOLE = document(example("RATE"), cap="20000", floor="100", settlement=SETTLEMENT)
DOCUMENTS = [
    *(document({"kind": kind, **each}) for kind, every in EXAMPLES.items() for each in every),
    WHOLE,
    document(example("BONUS_WHEN_MET"), proration=PRORATION, ramp=RAMP),
]  # fmt: skip


def text(written: dict[str, Any], locale: Locale = Locale.EN) -> dict[str, str] | None:
    plan, _ = decode_plan(written)
    if plan is None:
        return None
    words = wording(CATALOGUE, plan, {}, locale)
    return {each.id: say_clause(each, words) for each in plan_clauses(plan)}


def leaves(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in items:
        if isinstance(value, dict | list) and value:
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key), value


ENUMS = re.compile(r"[A-Z][A-Z0-9_]+")


def changes_of(written: dict[str, Any], path: tuple[Any, ...], value: Any) -> Iterator[Any]:
    """Offer other values for a leaf; the document's reader says which of them are any good."""
    shown = str(value)
    if isinstance(value, bool):
        return
    if isinstance(value, int):
        yield from (value + 1, value - 1)
    elif ENUMS.fullmatch(shown):
        yield from (each for each in choices_at(written, path) if each != value)
    elif re.fullmatch(r"[0-9]+[.][0-9]+", shown):
        yield f"{shown}1"
    elif re.fullmatch(r"[0-9]+", shown):
        yield from (str(int(shown) + 1), f"{shown}.1")
    elif re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", shown):
        yield shown[:-1] + "1"
    elif shown in {"sales", "visits"}:
        yield from ("sales", "visits", "score")


def choices_at(written: dict[str, Any], path: tuple[Any, ...]) -> list[str]:
    """Ask the document's reader what a field may be."""
    _, problems = decode_plan(put(written, path, "NONSENSE"))
    named = [each.values["choices"] for each in problems if each.code == "choice_unknown"]
    found = [choice for each in named for choice in each.split(", ")]
    return found or ["TOTAL", "USD", "POINT"]


def put(written: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    copied = copy.deepcopy(written)
    node: Any = copied
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return copied


def test_every_field_of_every_kind_is_in_the_text_of_both_languages() -> None:
    unchanged, tried = set(), 0
    for written in DOCUMENTS:
        assert decode_plan(written)[0] is not None, decode_plan(written)[1]
        before = [text(written, locale) for locale in Locale]
        for path, value in leaves(written):
            if path[:2] == ("components", 0) and len(written["components"]) > 1:
                continue  # the same in every document
            for other in changes_of(written, path, value):
                changed = put(written, path, other)
                after = [text(changed, locale) for locale in Locale]
                if after[0] is None or _hash(changed) == _hash(written):
                    continue
                tried += 1
                for one, two in zip(before, after, strict=True):
                    if one == two:
                        unchanged.add((path, value, other))
    assert not unchanged
    assert tried > 300


def _hash(written: dict[str, Any]) -> str:
    plan, _ = decode_plan(written)
    assert plan is not None
    return json.dumps(encode_plan(plan), sort_keys=True)


def test_every_kind_opens_in_words_and_has_an_example_here() -> None:
    assert set(OPENINGS) == set(KINDS)
    assert set(EXAMPLES) == {kind.value for kind in KINDS}


def test_every_sentence_has_all_its_places_in_both_languages() -> None:
    for written in DOCUMENTS:
        plan, _ = decode_plan(written)
        assert plan is not None
        for clause in plan_clauses(plan):
            assert clause.code in CATALOGUE.codes, clause
            assert CATALOGUE.places(clause.code) <= set(clause.values), clause


def test_a_clause_has_an_id_of_its_own_and_leads_to_its_rule() -> None:
    for written in DOCUMENTS:
        plan, _ = decode_plan(written)
        assert plan is not None
        clauses = plan_clauses(plan)
        assert len({each.id for each in clauses}) == len(clauses)
        for clause in clauses:
            node: Any = encode_plan(plan)
            for step in re.findall(r"[^.\[\]]+", clause.path):
                node = node[int(step)] if step.isdigit() and isinstance(node, list) else node[step]
            assert node is not None


def test_every_line_that_pays_leads_to_a_clause_of_its_component_or_of_the_limits() -> None:
    found: dict[str, str | None] = {}
    for written in DOCUMENTS:
        plan, _ = decode_plan(written)
        assert plan is not None
        ids = {each.id for each in plan_clauses(plan)}
        for program in (shaped_pay([plan], How()), shaped_pay([plan], How(by_days=True))):
            assert program is not None
            for line in explain(program, {each.name: 1 for each in program.inputs}):
                found[line.name] = clause = clause_of_line(plan, line, ids)
                if line.kind is LineKind.PAY:
                    start = f"component:{line.key}" if line.key else "plan:"
                    assert str(clause).startswith(start), line
    assert found["part_0.cap.amount"] == "component:part_0:cap"
    assert found["part_0.minimum"] == "component:part_0:minimum"
    assert (found["cap.amount"], found["payout"]) == ("plan:cap", "plan")
    assert found["sales.target"] == "proration:targets"


def test_an_id_stays_when_the_components_change_their_places() -> None:
    one, other = example("BONUS_WHEN_MET"), example("RATE_ON_EXCESS")
    swapped = document(one, other)
    swapped["components"] = [swapped["components"][0], *reversed(swapped["components"][1:])]
    assert text(swapped) == text(document(one, other))


def test_a_commission_reads_like_a_contract() -> None:
    found = text(document(example("RATE")), Locale.ZH_CN)
    assert found is not None
    assert found["component:part_0"] == "名：按本期sales全额的 1% 支付。"
    assert found["component:part_0:minimum"] == "须本期visits不低于 7，方予支付。"
    assert found["component:part_0:cap"] == "本项每期金额不超过 ¥9,000.00。"


def test_a_small_rate_is_said_in_full() -> None:
    found = text(document({"kind": "RATE", **FIRST, "rate": "0.000123"}))
    assert found is not None
    assert "0.0123%" in found["component:part_0"]


def test_every_plan_of_the_language_page_has_a_text() -> None:
    blocks = re.findall(r"```json plan\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    texts = [text(json.loads(each)) for each in blocks]
    assert len(texts) > 3
    assert all(texts)
