"""Plans: the faults of their documents, and the rules of pay that are easy to misread."""

from __future__ import annotations

from typing import Any

import pytest

from domain.evaluate import check_together, compile_pay, compile_score, explain
from domain.plan import decode_plan
from domain.plan_document import plan_hash
from domain.problem import Refused, Severity
from domain.program import Line, LineKind
from domain.scorecard import decode_scorecard
from domain.statement import Statement, read_statement
from tests.domain.test_scorecard import NAME, card, item

UNITS = {"sales": "CNY", "retention": "RATIO"}


def component(kind: str, identity: str = "part", **own: Any) -> dict[str, Any]:
    return {"id": identity, "kind": kind, "name": NAME, "missing": "ZERO", **own}


def bonus(identity: str = "base_bonus", **changes: Any) -> dict[str, Any]:
    own = {"metric": "sales", "comparison": "AT_LEAST", "amount": "5000"}
    return component("BONUS_WHEN_MET", identity, **{**own, **changes})


def kicker(base: Any, identity: str = "kicker", **changes: Any) -> dict[str, Any]:
    condition = {"metric": "retention", "comparison": "MORE_THAN", "value": "0.75"}
    own = {"percent": "0.1", "base": base, "condition": condition}
    return component("KICKER", identity, **{**own, **changes})


def tiers(mode: str, *pairs: tuple[str | None, str], **changes: Any) -> dict[str, Any]:
    table = [{"rate": rate} if end is None else {"upTo": end, "rate": rate} for end, rate in pairs]
    own = {
        "metric": "sales",
        "measure": "ACTUAL",
        "mode": mode,
        "boundary": "UPPER_TIER",
        "negative": "ZERO",
        "tiers": table,
    }
    return component("TIERED", "tiers", **{**own, **changes})


def median(**changes: Any) -> dict[str, Any]:
    own = {
        "metric": "sales",
        "peerGroup": "UNIT",
        "amount": "100",
        "minimumCohort": 3,
        "fallback": "NO_REWARD",
    }
    return component("REWARD_ABOVE_MEDIAN", "median", **{**own, **changes})


def plan(*components: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "format": "attain.plan/1",
        "cadence": "MONTH",
        "key": "plan",
        "name": NAME,
        "currency": "CNY",
        "rounding": "HALF_UP",
        "units": UNITS,
        "components": list(components),
        **changes,
    }


def lines_of(document: dict[str, Any], **given: int | None) -> tuple[Line, ...]:
    decoded, problems = decode_plan(document)
    assert decoded is not None, problems
    inputs: dict[str, int | None] = {"sales.den": 1, "retention.den": 1}
    inputs.update({name.replace("_", ".", 1): value for name, value in given.items()})
    return explain(compile_pay(decoded), inputs)


def amounts(document: dict[str, Any], **given: int | None) -> dict[str, int | None]:
    return {line.name: line.value for line in lines_of(document, **given)}


@pytest.mark.parametrize(
    ("document", "wanted"),
    [
        (plan(), ("list_empty", "components")),
        (plan(bonus(), currency="COUNT"), ("unit_unknown", "currency")),
        (plan(bonus(), bonus()), ("name_not_unique", "components[1].id")),
        (plan(bonus("payout")), ("key_invalid", "components[0].id")),
        (plan(bonus("sales")), ("key_invalid", "components[0].id")),
        (plan(bonus(metric="visits")), ("unit_missing", "components[0].metric")),
        (plan(bonus(amount="-1")), ("number_out_of_range", "components[0].amount")),
        (plan(bonus(amount="0.005")), ("number_not_exact", "components[0].amount")),
        (plan(bonus(comparison=None)), ("field_missing", "components[0].comparison")),
        (plan(bonus(missing=None)), ("field_missing", "components[0].missing")),
        (plan(kicker(["later"]), bonus("later")), ("base_unknown", "components[0].base[0]")),
        (plan(bonus(), kicker([])), ("list_empty", "components[1].base")),
        (plan(bonus(), kicker(None)), ("field_missing", "components[1].base")),
        (
            plan(tiers("WHOLE", ("10", "0.1"), ("5", "0.2"), (None, "0.3"))),
            ("tiers_not_rising", "components[0].tiers[1].upTo"),
        ),
        (
            plan(tiers("WHOLE", ("10", "0.1"), ("20", "0.2"))),
            ("last_tier_not_open", "components[0].tiers[1].upTo"),
        ),
        (
            plan(tiers("WHOLE", (None, "0.1"), (None, "0.2"))),
            ("field_missing", "components[0].tiers[0].upTo"),
        ),
        (
            plan(tiers("ADDITIVE_PRORATED", ("10", "0.1"), (None, "0.2"))),
            ("last_tier_rate", "components[0].tiers[1].rate"),
        ),
        (
            plan(tiers("INTERPOLATED", ("10", "0.1"), (None, "0.2"))),
            ("last_tier_rate", "components[0].tiers[1].rate"),
        ),
        (
            plan(tiers("ADDITIVE_PRORATED", ("10", "0.1"), (None, "0"), negative="KEEP")),
            ("choice_unknown", "components[0].negative"),
        ),
        (
            plan(tiers("WHOLE", (None, "0.1"), metric="retention")),
            ("unit_differs", "components[0].metric"),
        ),
        (
            plan(tiers("WHOLE", (None, "0.1"), boundary=None)),
            ("field_missing", "components[0].boundary"),
        ),
        (plan(median(amount=None)), ("amount_or_rate_missing", "components[0]")),
        (plan(median(fallback="MINIMUM_ONLY")), ("minimum_required", "components[0].minimum")),
        (plan(median(minimumCohort=0)), ("number_out_of_range", "components[0].minimumCohort")),
        (plan(bonus(), cap="1", floor="2"), ("cap_below_floor", "cap")),
    ],
)
def test_a_fault_is_named_by_its_place(document: dict[str, Any], wanted: tuple[str, str]) -> None:
    decoded, problems = decode_plan(document)
    assert wanted in [(problem.code, problem.path) for problem in problems]
    assert decoded is None


def test_a_table_that_pays_less_for_more_is_warned_about_but_read() -> None:
    decoded, problems = decode_plan(plan(tiers("WHOLE", ("10", "0.2"), (None, "0.1"))))
    assert decoded is not None
    assert [(each.code, each.severity) for each in problems] == [
        ("pay_decreases", Severity.WARNING)
    ]


def test_slices_with_falling_rates_never_pay_less_and_are_not_warned_about() -> None:
    assert decode_plan(plan(tiers("MARGINAL", ("10", "0.2"), (None, "0.1"))))[1] == ()


def test_the_missing_policy_pays_nothing_or_holds_back() -> None:
    assert amounts(plan(bonus()), sales_target=100)["payout"] == 0
    held = amounts(plan(bonus(missing="BLOCK")), sales_target=100)
    assert held["base_bonus.amount"] is None
    assert held["payout"] is None


def test_what_a_policy_filled_is_named_as_a_warning() -> None:
    line = next(each for each in lines_of(plan(bonus())) if each.name == "base_bonus.amount")
    assert [(each.code, each.severity) for each in line.problems] == [
        ("input_missing", Severity.WARNING)
    ]


def test_a_kicker_on_total_takes_everything_before_it_and_nothing_after() -> None:
    document = plan(bonus(), kicker("TOTAL"), bonus("second", amount="1000"))
    found = amounts(document, sales_num=1, sales_target=1, retention_num=780_000)
    assert found["kicker.amount"] == 50_000
    assert found["payout"] == 650_000


def test_refunds_are_kept_or_cut_as_the_rate_says() -> None:
    kept = component("RATE", metric="sales", rate="0.015", negative="KEEP")
    assert amounts(plan(kept), sales_num=-100_033)["part.amount"] == -1_500
    cut = {**kept, "negative": "ZERO"}
    assert amounts(plan(cut), sales_num=-100_033)["part.amount"] == 0


def test_half_a_cent_is_rounded_once_by_the_named_mode() -> None:
    rate = component("RATE", metric="sales", rate="0.005", negative="KEEP")
    for mode, wanted in {"HALF_UP": 1, "HALF_EVEN": 0, "DOWN": 0, "UP": 1}.items():
        assert amounts(plan(rate, rounding=mode), sales_num=100)["part.amount"] == wanted


def test_cap_and_floor_are_lines_of_their_own() -> None:
    capped = amounts(plan(bonus(), cap="3000"), sales_num=1, sales_target=1)
    assert (capped["subtotal"], capped["cap.amount"], capped["payout"]) == (
        500_000,
        -200_000,
        300_000,
    )
    floored = amounts(plan(bonus(), floor="800"), sales_num=0, sales_target=1)
    assert (floored["subtotal"], floored["floor.amount"], floored["payout"]) == (0, 80_000, 80_000)


def test_a_cohort_never_compared_is_missing_and_a_small_one_is_not() -> None:
    document = plan(median(missing="BLOCK"))
    assert amounts(document, sales_num=5)["payout"] is None
    inputs = {"sales.num": 5, "sales.den": 1, "median.peers.size": 2}
    decoded, _ = decode_plan(document)
    assert decoded is not None
    found = {line.name: line.value for line in explain(compile_pay(decoded), inputs)}
    assert found["payout"] == 0


def test_a_plan_and_a_card_that_count_a_metric_differently_are_told_apart() -> None:
    scorecard, _ = decode_scorecard(card(item("sales", unit="COUNT")))
    decoded, _ = decode_plan(plan(bonus()))
    assert scorecard is not None
    assert decoded is not None
    assert [each.path for each in check_together(decoded, scorecard)] == ["units.sales"]


def statement() -> Statement:
    scorecard, _ = decode_scorecard(card(item("sales", unit="CNY")))
    decoded, _ = decode_plan(plan(bonus(), kicker("TOTAL")))
    assert scorecard is not None
    assert decoded is not None
    inputs = {"sales.num": 120, "sales.den": 1, "sales.target": 100, "retention.num": 780_000}
    inputs["retention.den"] = 1
    return read_statement(
        explain(compile_score(scorecard), inputs),
        explain(compile_pay(decoded, scorecard), inputs),
        subject={"person": "per_1", "plan": plan_hash(decoded)},
        currency="CNY",
    )


def test_a_statement_adds_up_and_has_the_same_bytes_every_time() -> None:
    first, second = statement(), statement()
    assert (first.score, first.payout) == (1_200_000, 550_000)
    assert [line.value for line in first.amounts] == [500_000, 50_000]
    assert [line.value for line in first.reasons] == [200_000]
    assert first.canonical == second.canonical
    assert first.hash == second.hash
    assert len(first.hash) == 64


def test_a_statement_whose_lines_do_not_make_the_total_is_refused() -> None:
    good = statement()
    paid = next(line for line in good.pay_lines if line.kind is LineKind.PAY)
    others = [line for line in good.pay_lines if line is not paid]
    with pytest.raises(Refused) as refused:
        read_statement(good.score_lines, others, subject={}, currency="CNY")
    assert refused.value.code == "total_differs"


def test_an_amount_beyond_63_bits_is_held_back_and_says_so() -> None:
    rate = component("RATE", metric="sales", rate="300", negative="KEEP", missing="BLOCK")
    line = lines_of(plan(rate), sales_num=2**62)[-3]
    assert line.name == "part.amount"
    assert line.value is None
    assert [problem.code for problem in line.problems] == ["line_out_of_range"]
