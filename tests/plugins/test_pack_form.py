"""The published form of a pack and the core never part, and no value in a pack is a fault."""

from __future__ import annotations

import json
from copy import deepcopy
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from domain import component, curve, exact, metric, period, scorecard
from domain.plan import has_errors
from domain.unit import CURRENCIES, DECIMALS
from plugins.packs import reading
from plugins.packs.reading import run_examples
from plugins.packs.shape import SCHEMA
from tests.support.packs import CONTENT, FILE, TEXT

FORM: dict[str, Any] = json.loads(SCHEMA.read_text("utf-8"))

CHOICES: list[tuple[type[StrEnum], str]] = [
    (metric.Direction, "direction"),
    (metric.Dimension, "dimension"),
    (exact.Comparison, "comparison"),
    (exact.Rounding, "rounding"),
    (scorecard.MissingInput, "missingInput"),
    (metric.FormulaKind, "formula.properties.kind"),
    (metric.Per, "formula.properties.per"),
    (metric.Operator, "where.items.properties.operator"),
    (metric.EmptyPolicy, "metric.properties.empty"),
    (metric.Refresh, "metric.properties.refresh"),
    (curve.CurveForm, "curve.properties.form"),
    (curve.ZeroTarget, "curve.properties.zeroTarget"),
    (curve.Axis, "curve.properties.axis"),
    (curve.Outside, "curve.properties.outside"),
    (exact.Boundary, "curve.properties.boundary"),
    (scorecard.WeightTotal, "scorecard.properties.weightTotal"),
    (scorecard.MissingKpi, "scorecard.properties.missing"),
    (scorecard.Combine, "scorecard.properties.combine"),
    (scorecard.AdjustmentKind, "adjustment.properties.kind"),
    (scorecard.AdjustmentForm, "adjustment.properties.form"),
    (period.PeriodKind, "plan.properties.cadence"),
    (component.Kind, "component.properties.kind"),
    (component.Negative, "classicComponent.properties.negative"),
    (component.PeerGroup, "classicComponent.properties.peerGroup"),
    (component.Fallback, "classicComponent.properties.fallback"),
    (component.ShareRounding, "classicComponent.properties.rounding"),
    (component.CutTie, "classicComponent.properties.tie"),
    (component.TierMeasure, "classicComponent.properties.measure"),
    (component.TierMode, "classicComponent.properties.mode"),
    (component.BelowFirst, "classicComponent.properties.below"),
    (exact.Boundary, "classicComponent.properties.boundary"),
]


def test_the_shipped_pack_has_the_form_that_is_published() -> None:
    Draft202012Validator.check_schema(FORM)
    assert list(Draft202012Validator(FORM).iter_errors(CONTENT)) == []


def test_an_editor_finds_the_form_from_the_first_line() -> None:
    first = TEXT.splitlines()[0]
    assert first.startswith("#:schema ./")
    assert FILE.with_name(first.rpartition("/")[2]) == SCHEMA


def choices(path: str) -> list[str]:
    found: Any = FORM["$defs"]
    for part in path.split("."):
        found = found[part]
    return list(found["enum"])


@pytest.mark.parametrize(("kind", "path"), CHOICES, ids=[path for _, path in CHOICES])
def test_the_form_offers_exactly_the_choices_of_the_core(kind: type[StrEnum], path: str) -> None:
    assert choices(path) == list(kind.__members__)


def test_the_form_offers_exactly_the_units_of_the_core() -> None:
    assert choices("unit") == list(DECIMALS)
    assert set(choices("plan.properties.currency")) == CURRENCIES


def nodes(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        return [value, *(node for each in value.values() for node in nodes(each))]
    return [node for each in value for node in nodes(each)] if isinstance(value, list) else []


def test_every_field_of_the_form_is_described_and_no_other_is_let_in() -> None:
    tables = [node for node in nodes(FORM) if node.get("type") == "object"]
    assert len(tables) > 20
    for table in tables:
        assert "additionalProperties" in table
        for name, field in table.get("properties", {}).items():
            shared = FORM["$defs"].get(field.get("$ref", "").rpartition("/")[2], {})
            assert field.get("description") or shared.get("description"), name


def paths(value: Any, so_far: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner: Any = value.items() if isinstance(value, dict) else ()
    inner = enumerate(value) if isinstance(value, list) else inner
    return [so_far, *(path for key, each in inner for path in paths(each, (*so_far, key)))]


def put(content: Any, path: tuple[Any, ...], leaf: Any) -> None:
    """Put ``leaf`` in its place; a place that an earlier change took away is left alone."""
    *way, last = path
    try:
        for step in way:
            content = content[step]
        if leaf is None:
            del content[last]
        else:
            content[last] = leaf
    except (KeyError, IndexError, TypeError):
        return


PLACES = paths(CONTENT)[1:]
LEAVES = st.one_of(
    st.none(),  # the place is taken away
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.dates(),
    st.sampled_from([[], {}, [1], {"x": 1}, [{"key": []}], ["score"], {"kind": "KICKER"}]),
    st.sampled_from(["CNY", "RATIO", "score", "TOTAL", "-1", "1e9", "9" * 40, "total", "5 of 3"]),
    st.sampled_from(["0", "none", "yes", "WIDEN", "consumer_goods.retention", "a\n"]),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PLACES), LEAVES), min_size=1, max_size=3))
def test_any_value_in_any_place_is_a_problem_or_a_pack_that_runs(
    changes: list[tuple[tuple[Any, ...], Any]],
) -> None:
    content: Any = deepcopy(CONTENT)
    for path, leaf in changes:
        put(content, path, deepcopy(leaf))
    pack, problems = reading._checked(FILE.name, content)
    assert (pack is None) == has_errors(problems)
    if pack is not None:
        run_examples(pack)
