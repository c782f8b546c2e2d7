"""Scorecards: the formula of every curve, the policies that must be named, the faults."""

from __future__ import annotations

from typing import Any

import pytest

from domain.evaluate import compile_score, explain
from domain.program import Program
from domain.scorecard import decode_scorecard, encode_scorecard, scorecard_hash

NAME = {"zh-CN": "卡", "en": "card"}
REFUSE = {"zeroTarget": "REFUSE"}


def item(metric: str = "m", weight: str = "100", **changes: Any) -> dict[str, Any]:
    return {
        "metric": metric,
        "unit": "COUNT",
        "dimension": "RESULT",
        "direction": "HIGHER",
        "comparison": "AT_LEAST",
        "weight": weight,
        "curve": {"form": "RATIO", **REFUSE},
        **changes,
    }


def card(*items: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "format": "attain.scorecard/1",
        "key": "card",
        "name": NAME,
        "rounding": "HALF_UP",
        "weightTotal": "REJECT_UNLESS_100",
        "missing": "BLOCK",
        "combine": "AVERAGE",
        "items": list(items),
        **changes,
    }


def program(document: dict[str, Any]) -> Program:
    scorecard, problems = decode_scorecard(document)
    assert scorecard is not None, problems
    return compile_score(scorecard)


def value(document: dict[str, Any], name: str, **given: int | None) -> int | None:
    inputs: dict[str, int | None] = {"m.den": 1}
    inputs.update({key.replace("_", ".", 1): number for key, number in given.items()})
    return {line.name: line.value for line in explain(program(document), inputs)}[name]


def attained(
    form: dict[str, Any], direction: str, actual: int, target: int | None, **more: Any
) -> Any:
    operators = {
        "HIGHER": "AT_LEAST",
        "LOWER": "AT_MOST",
        "TARGET": "WITHIN",
        "BOOLEAN": "AT_LEAST",
    }
    baseline = more.pop("baseline", None)
    document = card(item(direction=direction, comparison=operators[direction], curve=form, **more))
    return value(document, "m.attainment", m_num=actual, m_target=target, m_baseline=baseline)


@pytest.mark.parametrize(
    ("form", "direction", "actual", "target", "wanted"),
    [
        ("RATIO", "HIGHER", 45, 50, 900_000),
        ("RATIO", "HIGHER", 1_200_000, 1_000_000, 1_200_000),
        ("RATIO", "HIGHER", 95, 90, 1_055_556),
        ("RATIO", "HIGHER", 15, 10, 1_500_000),
        ("RATIO", "HIGHER", 4, 3, 1_333_333),
        ("RATIO", "HIGHER", 2, 1, 2_000_000),
        ("RATIO", "HIGHER", 3, -2, None),
        ("LINEAR_ABS", "HIGHER", -50, -50, 1_000_000),
        ("LINEAR_ABS", "HIGHER", 0, -50, 2_000_000),
        ("LINEAR_ABS_INV", "LOWER", 50, 50, 1_000_000),
        ("LINEAR_ABS_INV", "LOWER", 100, 50, 0),
        ("LINEAR_ABS_INV", "LOWER", 0, 50, 2_000_000),
        ("LINEAR_ABS_INV", "LOWER", 200, 50, -2_000_000),
        ("LINEAR_ABS_INV", "LOWER", -50, -50, 1_000_000),
        ("LINEAR_ABS_INV", "LOWER", -100, -50, 2_000_000),
        ("LINEAR_ABS_INV", "LOWER", 0, -50, 0),
        ("TARGET_ABSOLUTE", "TARGET", 55, 50, 900_000),
        ("TARGET_ABSOLUTE", "TARGET", 45, 50, 900_000),
        ("RATIO", "HIGHER", 1, 0, None),
        ("LINEAR_ABS", "HIGHER", 1, 0, None),
    ],
)
def test_attainment_follows_the_named_formula(
    form: str, direction: str, actual: int, target: int, wanted: int | None
) -> None:
    assert attained({"form": form, **REFUSE}, direction, actual, target) == wanted


@pytest.mark.parametrize(
    ("form", "direction", "actual", "wanted"),
    [
        ("RATIO", "HIGHER", 0, 1_000_000),
        ("RATIO", "HIGHER", -1, 0),
        ("LINEAR_ABS_INV", "LOWER", 0, 1_000_000),
        ("LINEAR_ABS_INV", "LOWER", 1, 0),
        ("TARGET_ABSOLUTE", "TARGET", 0, 1_000_000),
    ],
)
def test_a_target_of_nought_is_full_when_met_if_the_card_says_so(
    form: str, direction: str, actual: int, wanted: int
) -> None:
    curve = {"form": form, "zeroTarget": "FULL_WHEN_MET"}
    assert attained(curve, direction, actual, 0) == wanted


def test_no_complaint_at_all_gives_the_cap_of_the_inverse_ratio() -> None:
    curve = {"form": "RATIO_INV", **REFUSE}
    assert attained(curve, "LOWER", 0, 2, cap="1.5") == 1_500_000
    assert attained(curve, "LOWER", 4, 2, cap="1.5") == 500_000


def test_a_baseline_on_the_wrong_side_of_the_target_gives_no_attainment() -> None:
    curve = {"form": "BASELINE", **REFUSE}
    assert attained(curve, "LOWER", 27, 30, baseline=25) is None
    assert attained(curve, "HIGHER", 27, 30, baseline=25) == 400_000


def test_points_are_lost_per_event_and_never_more_than_all() -> None:
    curve = {"form": "POINTS_DEDUCT", "deductPerUnit": "0.3"}
    assert [attained(curve, "LOWER", many, 0) for many in (0, 1, 3, 4)] == [
        1_000_000,
        700_000,
        100_000,
        0,
    ]


def test_inside_the_band_counts_in_full_its_ends_included() -> None:
    curve = {"form": "TARGET_BAND", "band": "5", "outside": "ZERO"}
    assert [attained(curve, "TARGET", actual, 50) for actual in (44, 45, 55, 56)] == [
        0,
        1_000_000,
        1_000_000,
        0,
    ]


@pytest.mark.parametrize(
    ("boundary", "wanted"), [("UPPER_TIER", 1_000_000), ("LOWER_TIER", 500_000)]
)
def test_exactly_on_a_step_belongs_where_the_boundary_says(boundary: str, wanted: int) -> None:
    steps = [{"at": "10", "gives": "0.5"}, {"at": "20", "gives": "1"}]
    curve = {"form": "STEP", "axis": "ACTUAL", "boundary": boundary, "below": "0", "points": steps}
    assert attained(curve, "HIGHER", 20, None) == wanted


def test_met_is_decided_on_the_number_and_not_on_its_rounded_ratio() -> None:
    document = card(item(unit="CNY"))
    assert value(document, "m.attainment", m_num=99_999_999, m_target=100_000_000) == 1_000_000
    assert value(document, "m.met", m_num=99_999_999, m_target=100_000_000) == 0
    assert value(document, "m.met", m_num=100_000_000, m_target=100_000_000) == 1
    strict = card(item(unit="CNY", comparison="MORE_THAN"))
    assert value(strict, "m.met", m_num=100_000_000, m_target=100_000_000) == 0


@pytest.mark.parametrize(
    ("policy", "score"),
    [
        ("EXCLUDE_AND_RENORMALISE", 800_000),
        ("ZERO", 480_000),
        ("NEUTRAL", 880_000),
        ("BLOCK", None),
    ],
)
def test_a_missing_kpi_counts_as_the_card_says(policy: str, score: int | None) -> None:
    document = card(item("m", "60"), item("n", "40"), missing=policy)
    found = value(document, "score", m_num=8, m_target=10, n_den=1, n_target=10)
    assert found == score


def test_three_equal_kpis_attained_in_full_make_exactly_100() -> None:
    items = [item(metric, "1") for metric in ("m", "n", "o")]
    document = card(*items, weightTotal="RENORMALISE")
    given = {f"{metric}_{part}": 5 for metric in "mno" for part in ("num", "target")}
    assert value(document, "score", **given, n_den=1, o_den=1) == 1_000_000


def test_a_kpi_is_capped_before_its_weight_and_the_whole_after_everything() -> None:
    document = card(item("m", "50", cap="1.2"), item("n", "50"), cap="130")
    found = value(document, "score", m_num=30, m_target=10, n_num=15, n_target=10, n_den=1)
    assert found == 1_300_000
    assert value(document, "m.points", m_num=30, m_target=10) == 600_000


@pytest.mark.parametrize(
    ("combine", "score"), [("AVERAGE", 1_000_000), ("SUM", 1_000_000), ("PLAIN", 2_000_000)]
)
def test_kpis_are_combined_as_named(combine: str, score: int) -> None:
    document = card(item("m", "70"), item("n", "30"), combine=combine)
    assert value(document, "score", m_num=1, m_target=1, n_num=1, n_target=1, n_den=1) == score


@pytest.mark.parametrize(
    ("ideas", "score"), [(0, 1_000_000), (3, 1_030_000), (9, 1_030_000), (None, 1_000_000)]
)
def test_bonus_points_are_added_after_weighting_up_to_their_cap(
    ideas: int | None, score: int
) -> None:
    bonus = {
        "id": "innovation",
        "name": NAME,
        "kind": "BONUS",
        "form": "PER_UNIT",
        "metric": "ideas",
        "unit": "COUNT",
        "points": "1",
        "cap": "3",
        "missing": "ZERO",
    }
    document = card(item(), adjustments=[bonus])
    assert value(document, "score", m_num=5, m_target=5, ideas_num=ideas, ideas_den=1) == score


def faults(document: Any) -> list[tuple[str, str]]:
    return [(problem.code, problem.path) for problem in decode_scorecard(document)[1]]


@pytest.mark.parametrize(
    ("document", "wanted"),
    [
        ([], ("document_not_an_object", "")),
        (card(item(), format="attain.plan/1"), ("document_format_unknown", "format")),
        (card(item(weight="99.9999")), ("weights_not_100", "items")),
        (card(item(weight="0"), weightTotal="RENORMALISE"), ("weights_all_zero", "items")),
        (card(item("m", "50"), item("m", "50")), ("name_not_unique", "items")),
        (card(item("score")), ("key_invalid", "items")),
        (card(item("Sales!")), ("key_invalid", "items[0].metric")),
        (card(item() | {"weight": 100.0}), ("field_wrong_type", "items[0].weight")),
        (card(item(weight="-1")), ("number_out_of_range", "items[0].weight")),
        (card(item(weight="33.33333")), ("number_not_exact", "items[0].weight")),
        (card(item(unit="APPLES")), ("unit_unknown", "items[0].unit")),
        (card(item(colour="red")), ("field_unknown", "items[0].colour")),
        (card(item(comparison="AT_MOST")), ("comparison_direction_differs", "items[0].comparison")),
        (card(item(cap="0.5", floor="1")), ("cap_below_floor", "items[0].cap")),
        (card(), ("list_empty", "items")),
        (
            card(item(curve={"form": "RATIO"})),
            ("field_missing", "items[0].curve.zeroTarget"),
        ),
        (
            card(item(direction="LOWER", comparison="AT_MOST")),
            ("curve_direction_differs", "items[0].curve.form"),
        ),
        (
            card(
                item(direction="LOWER", comparison="AT_MOST", curve={"form": "RATIO_INV", **REFUSE})
            ),
            ("cap_required", "items[0].cap"),
        ),
        (
            card(item(), team={"individual": "70", "team": "40", "missing": "ZERO"}),
            ("shares_not_100", "team"),
        ),
    ],
)
def test_a_fault_is_named_by_its_place(document: Any, wanted: tuple[str, str]) -> None:
    assert wanted in faults(document)
    assert decode_scorecard(document)[0] is None


def test_every_fault_is_found_in_one_pass() -> None:
    found = faults(card(item(unit="X", weight="-1"), rounding="SOMEHOW", missing=None))
    assert {path for _, path in found} >= {
        "items[0].unit",
        "items[0].weight",
        "rounding",
        "missing",
    }


def test_the_hash_is_of_the_content_and_not_of_its_spelling() -> None:
    plain, _ = decode_scorecard(card(item(weight="100")))
    spelt, _ = decode_scorecard(card(item(weight="100.00", cap=None)))
    other, _ = decode_scorecard(card(item(weight="100", cap="1.5")))
    assert plain is not None
    assert spelt is not None
    assert other is not None
    assert scorecard_hash(plain) == scorecard_hash(spelt) != scorecard_hash(other)
    assert encode_scorecard(spelt)["items"] == [item()]
