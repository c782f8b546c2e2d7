"""Metric documents: what goes in comes out, and every fault is named by its path."""

from __future__ import annotations

from typing import Any

import pytest

from domain.metric import decode_metric, encode_metric
from tests.support.rules import METRICS, changed, metric

COUNT = {"kind": "COUNT", "fact": "visit"}
ONLINE = [{"attribute": "channel", "operator": "IN", "values": ["online", "shop"]}]
FORMULAS: dict[str, dict[str, Any]] = {
    "SUM": {"kind": "SUM", "fact": "order", "unit": "CNY", "where": ONLINE},
    "COUNT": COUNT,
    "DISTINCT": {"kind": "DISTINCT", "fact": "order", "of": "subject"},
    "MEAN": {"kind": "MEAN", "fact": "order", "unit": "CNY"},
    "LAST": {"kind": "LAST", "fact": "stock", "unit": "COUNT"},
    "RATIO": {"kind": "RATIO", "numerator": COUNT, "denominator": COUNT},
    "RETURNING": {"kind": "RETURNING", "fact": "order", "baseMonths": 3, "returnMonths": 1},
    "RATE": {"kind": "RATE", "of": COUNT, "per": "WEEK"},
    "GROWTH": {"kind": "GROWTH", "of": {"kind": "RATE", "of": COUNT, "per": "DAY"},
               "periodsBack": 12},
}  # fmt: skip


@pytest.mark.parametrize("kind", FORMULAS)
def test_every_formula_comes_out_as_it_went_in(kind: str) -> None:
    document = metric("m", "RATIO", FORMULAS[kind], tags=["ADMINISTRATIVE"])
    read, problems = decode_metric(document)
    assert problems == ()
    assert read is not None
    assert encode_metric(read) == document
    assert decode_metric(encode_metric(read))[0] == read


def test_a_metric_names_all_kinds_of_facts_that_feed_it() -> None:
    ratio = {"kind": "RATIO", "numerator": FORMULAS["SUM"], "denominator": COUNT}
    read, _ = decode_metric(metric("m", "RATIO", ratio))
    assert read is not None
    assert read.fact_kinds == {"order", "visit"}


@pytest.mark.parametrize(("change", "code", "path"), [
    ({"format": "attain.metric/2"}, "document_format_unknown", "format"),
    ({"key": None}, "field_missing", "key"),
    ({"name": {"en": "a"}}, "field_missing", "name.zh-CN"),
    ({"explanation": "a"}, "document_not_an_object", "explanation"),
    ({"dimension": "OTHER"}, "choice_unknown", "dimension"),
    ({"direction": "UP"}, "choice_unknown", "direction"),
    ({"unit": "XYZ"}, "unit_unknown", "unit"),
    ({"empty": None}, "field_missing", "empty"),
    ({"refresh": None}, "field_missing", "refresh"),
    ({"tags": ["a", 1]}, "field_wrong_type", "tags"),
    ({"formula": None}, "field_missing", "formula"),
    ({"colour": "red"}, "field_unknown", "colour"),
])  # fmt: skip
def test_a_fault_is_named_by_its_path(change: dict[str, Any], code: str, path: str) -> None:
    read, problems = decode_metric(changed(METRICS[0], **change))
    assert read is None
    assert (code, path) in [(problem.code, problem.path) for problem in problems]


@pytest.mark.parametrize(("formula", "code", "path"), [
    ({"kind": "MEDIAN"}, "choice_unknown", "formula.kind"),
    (FORMULAS["SUM"] | {"fact": None}, "field_missing", "formula.fact"),
    (FORMULAS["SUM"] | {"unit": None}, "field_missing", "formula.unit"),
    (COUNT | {"unit": "CNY"}, "field_unknown", "formula.unit"),
    (FORMULAS["DISTINCT"] | {"of": None}, "field_missing", "formula.of"),
    (FORMULAS["RETURNING"] | {"baseMonths": 0}, "number_out_of_range", "formula.baseMonths"),
    (FORMULAS["RETURNING"] | {"returnMonths": 37}, "number_out_of_range", "formula.returnMonths"),
    (FORMULAS["RATIO"] | {"denominator": None}, "field_missing", "formula.denominator"),
    (FORMULAS["RATE"] | {"per": "YEAR"}, "choice_unknown", "formula.per"),
    (FORMULAS["RATE"] | {"of": {"kind": "COUNT"}}, "field_missing", "formula.of.fact"),
    (FORMULAS["GROWTH"] | {"periodsBack": 61}, "number_out_of_range", "formula.periodsBack"),
    (COUNT | {"where": [{"attribute": "a", "operator": "IN", "values": []}]},
     "list_empty", "formula.where[0].values"),
    (COUNT | {"where": [{"attribute": "a", "operator": "LIKE", "values": ["x"]}]},
     "choice_unknown", "formula.where[0].operator"),
    (COUNT | {"where": [{"attribute": "a", "operator": "IN"}]},
     "field_missing", "formula.where[0].values"),
    (COUNT | {"where": [{"attribute": "a", "operator": "IN", "values": "x"}]},
     "field_wrong_type", "formula.where[0].values"),
])  # fmt: skip
def test_a_fault_of_a_formula_is_the_only_one_and_named_by_its_path(
    formula: dict[str, Any], code: str, path: str
) -> None:
    read, problems = decode_metric(metric("m", "RATIO", formula))
    assert read is None
    assert [(problem.code, problem.path) for problem in problems] == [(code, path)]


def test_all_faults_are_found_in_one_pass() -> None:
    document = changed(METRICS[0], unit="XYZ", refresh=None, formula={"kind": "SUM"})
    _, problems = decode_metric(document)
    assert {problem.path for problem in problems} == {
        "unit",
        "refresh",
        "formula.fact",
        "formula.unit",
    }
