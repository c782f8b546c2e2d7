"""Faults in the documents of curves, factors, gates, matrices, programmes and tiers to date."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.evaluate import compile_pay, explain
from domain.period import period_named
from domain.plan import decode_plan
from domain.program import NeedKind, Program
from domain.unit import from_steps
from messages.lines import say_line
from messages.render import Locale, load
from tests.support.plans import NAME, UNITS

Document = dict[str, Any]
RATE: Document = {"metric": "sales.amount", "rate": "0.01", "negative": "KEEP"}
GATE: Document = {
    "condition": {"metric": "keep.rate", "comparison": "AT_LEAST", "value": "0.5"},
    "base": "TOTAL",
    "negative": "KEEP",
    "unmeasured": "OPEN",
}
CURVE: Document = {
    "metric": "visits",
    "amount": "100",
    "points": [{"at": "0.8", "pays": "0.5"}, {"at": "1", "pays": "1"}],
    "boundary": "UPPER_TIER",
    "below": "NOTHING",
    "beyond": "LEVEL",
}
FACTOR: Document = {
    "metric": "score",
    "axis": "ACTUAL",
    "form": "STEP",
    "points": [{"at": "60", "factor": "1"}],
    "boundary": "UPPER_TIER",
    "below": "0",
    "base": "TOTAL",
    "negative": "KEEP",
}
SIDE: Document = {
    "metric": "visits",
    "axis": "ACTUAL",
    "boundary": "UPPER_TIER",
    "edges": ["1", "2"],
}
MATRIX: Document = {
    "rows": SIDE,
    "columns": {**SIDE, "edges": ["5"]},
    "pays": "AMOUNT",
    "cells": [["0", "1"], ["2", "3"], ["4", "5"]],
}
SPIFF: Document = {
    "metric": "visits",
    "form": "PER_UNIT",
    "from": "2026-09-10",
    "to": "2026-09-10",
    "pays": "AT_THE_END",
    "amount": "50",
    "parts": "WHOLE_ONLY",
    "negative": "ZERO",
}
PRIZE: Document = {
    "metric": "visits",
    "comparison": "AT_LEAST",
    "value": "100",
    "amount": "2000",
    "from": "2026-07-01",
    "to": "2026-09-30",
}
POINTS: Document = {"metric": "visits", "amount": "5", "parts": "PRORATED", "negative": "ZERO"}
TIERS: Document = {
    "metric": "sales.amount",
    "measure": "ATTAINMENT",
    "mode": "MARGINAL",
    "boundary": "UPPER_TIER",
    "negative": "KEEP",
    "tiers": [{"upTo": "1", "rate": "0.05"}, {"rate": "0.08"}],
    "span": "QUARTER",
    "spanStart": "SPAN",
    "spanTarget": "SPAN",
}
OWN = {
    "RATE": RATE,
    "GATE": GATE,
    "PAY_CURVE": CURVE,
    "MULTIPLIER": FACTOR,
    "MATRIX": MATRIX,
    "SPIFF": SPIFF,
    "PROJECT_PRIZE": PRIZE,
    "POINTS": POINTS,
    "TIERED": TIERS,
}


def component(kind: str, identity: str = "", **own: Any) -> Document:
    fields = {"id": identity or kind.lower(), "kind": kind, "name": NAME, "missing": "ZERO"}
    found = {**fields, **OWN[kind], **own}
    return {name: value for name, value in found.items() if value is not None}


def plan(*components: Document, cadence: str = "MONTH") -> Document:
    return {
        "format": "attain.plan/1",
        "key": "plan",
        "name": NAME,
        "cadence": cadence,
        "currency": "CNY",
        "rounding": "HALF_UP",
        "units": UNITS,
        "components": list(components),
    }


def faults(*components: Document, cadence: str = "MONTH") -> list[tuple[str, str]]:
    _, problems = decode_plan(plan(*components, cadence=cadence))
    return [(each.code, each.path) for each in problems]


@pytest.mark.parametrize("kind", sorted(OWN))
def test_every_choice_of_a_kind_is_required(kind: str) -> None:
    optional = {"span", "spanStart", "spanTarget"} if kind == "TIERED" else set()
    for name in OWN[kind].keys() - optional:
        without: Document = {name: None}
        found = faults(component("RATE", "first"), component(kind, **without))
        assert ("field_missing", f"components[1].{name}") in found, name


@pytest.mark.parametrize(
    ("wrong", "code", "place"),
    [
        (component("TIERED", spanStart=None), "field_missing", "spanStart"),
        (component("TIERED", spanTarget=None), "field_missing", "spanTarget"),
        (component("TIERED", span=None, spanTarget=None), "field_unknown", "spanStart"),
        (component("TIERED", measure="ACTUAL"), "field_unknown", "spanTarget"),
        (component("PAY_CURVE", beyond="SLOPE"), "field_missing", "slope"),
        (component("PAY_CURVE", slope="1"), "field_unknown", "slope"),
        (component("PAY_CURVE", points=[]), "list_empty", "points"),
        (
            component("PAY_CURVE", points=[{"at": "1", "pays": "1"}, {"at": "1", "pays": "2"}]),
            "points_not_rising",
            "points[1].at",
        ),
        (
            component("PAY_CURVE", points=[{"at": "1", "pays": "1"}, {"at": "2", "pays": "0.9"}]),
            "pay_decreases",
            "points[1].pays",
        ),
        (component("MULTIPLIER", axis="ATTAINMENT"), "choice_unknown", "axis"),
        (component("MULTIPLIER", beyond="LEVEL"), "field_unknown", "beyond"),
        (component("MULTIPLIER", base=["nobody"]), "base_unknown", "base[0]"),
        (component("GATE", base=["gate"]), "base_unknown", "base[0]"),
        (component("GATE", cap="5"), "field_unknown", "cap"),
        (component("MATRIX", cells=[["0", "1"], ["2", "3"]]), "cells_do_not_fit", "cells"),
        (component("MATRIX", cells=[["0"], ["1"], ["2"]]), "cells_do_not_fit", "cells"),
        (
            component("MATRIX", cells=[["0", "1"], ["2", "-3"], ["4", "5"]]),
            "number_out_of_range",
            "cells[1][1]",
        ),
        (component("MATRIX", base="TOTAL"), "field_unknown", "base"),
        (component("MATRIX", pays="FACTOR"), "field_missing", "base"),
        (
            component("MATRIX", rows={**SIDE, "edges": ["2", "2"]}),
            "points_not_rising",
            "rows.edges[1]",
        ),
        (component("SPIFF", to="2026-09-09"), "dates_reversed", "to"),
        (component("SPIFF", form="RATE", metric="sales.amount"), "field_unknown", "parts"),
        (component("SPIFF", form="RATE", rate="0.1"), "unit_differs", "metric"),
        (component("POINTS", metric="sales.amount"), "unit_differs", "metric"),
        (component("RATE", cap="1", floor="2"), "cap_below_floor", "cap"),
    ],
)
def test_a_fault_is_named_at_its_place(wrong: Document, code: str, place: str) -> None:
    assert (code, f"components[0].{place}") in faults(wrong)


def test_a_gate_cannot_be_in_a_base() -> None:
    kinds = [component("RATE"), component("GATE"), component("MULTIPLIER", base=["rate", "gate"])]
    assert faults(*kinds) == [("base_is_a_gate", "components[2].base[1]")]


@pytest.mark.parametrize(
    ("cadence", "span"), [("WEEK", "YEAR"), ("QUARTER", "QUARTER"), ("YEAR", "HALF")]
)
def test_a_span_is_made_of_several_periods(cadence: str, span: str) -> None:
    found = faults(component("TIERED", span=span), cadence=cadence)
    assert found == [("span_not_longer", "components[0].span")]
    assert faults(component("TIERED", span="YEAR"), cadence="HALF") == []


def test_no_id_may_have_the_name_of_what_another_component_reads_or_pays() -> None:
    capped = component("RATE", "first", cap="5")
    assert faults(capped, component("RATE", "first.cap")) == [
        ("name_not_unique", "components[0].id")
    ]
    assert faults(component("SPIFF"), component("RATE", "spiff.window")) == [
        ("name_not_unique", "components[0].id")
    ]
    assert faults(component("RATE", "first"), component("RATE", "first.cap")) == []


def program_of(*components: Document) -> Program:
    found, problems = decode_plan(plan(*components))
    assert found is not None, problems
    return compile_pay(found)


def test_a_need_says_over_which_days_and_from_which_version_it_looks() -> None:
    program = program_of(
        component("TIERED"),
        component("TIERED", "anew", spanStart="VERSION"),
        component("SPIFF", "once", **{"from": "2026-08-10", "to": "2026-09-09"}),
        component("SPIFF", "parts", pays="EACH_PERIOD", **{"from": "2026-08-10"}),
    )
    september, since = period_named("2026-09"), date(2026, 7, 15)
    needs = {need.name: need for need in program.needs}
    days = {
        name: (found.start.isoformat(), found.last_day.isoformat())
        for name, need in needs.items()
        if need.is_measured and (found := need.days_in(september, since)) is not None
    }
    assert days == {
        "tiered.before": ("2026-07-01", "2026-08-31"),
        "anew.before": ("2026-08-01", "2026-08-31"),
        "once.window": ("2026-08-10", "2026-09-09"),
        "parts.window": ("2026-09-01", "2026-09-10"),
    }
    assert needs["once.window"].days_in(period_named("2026-08"), since) is None
    assert needs["tiered.before"].days_in(period_named("2026-07"), since) is None
    assert {need.line for need in program.needs if need.kind is NeedKind.EARNED} == {
        "tiered.amount",
        "anew.amount",
    }
    assert program.metrics == ("sales.amount", "visits")


def test_a_statement_names_the_first_and_the_last_day_of_a_programme() -> None:
    inputs = {"spiff.window.num": 12, "spiff.window.den": 1, "spiff.due": 1}
    line, amount, *_ = [
        each for each in explain(program_of(component("SPIFF")), inputs) if each.key == "spiff"
    ]
    english = say_line(load(), line, "Launch", Locale.EN)
    chinese = say_line(load(), line, "新品", Locale.ZH_CN)
    assert english == "Launch: 12 counts from Sep 10, 2026 to Sep 10, 2026."
    assert chinese == "新品：2026年9月10日 至 2026年9月10日 期间计入 12。"
    assert amount.value is not None
    assert from_steps(amount.value, amount.unit) == 600
