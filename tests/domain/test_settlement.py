"""From earned to paid: engine and oracle agree, sums always agree, two limits are never broken."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.exact import Rounding
from domain.pay_policy import PayPolicy, decode_policy, encode_policy
from domain.pay_sheet import PaySheet, SheetFacts, SheetTerms, read_sheet, settle
from domain.period import period_named
from domain.plan import decode_plan
from domain.plan_document import encode_plan
from domain.settlement_terms import Settlement, paid_on
from messages.pay import say_pay_line
from messages.render import Locale
from plugins.policies.reading import policies, policy_called
from tests.support import sentences
from tests.support.oracle_settlement import Month, settle_all
from tests.support.paying import DRAW, PLAN

CATALOGUE = sentences.catalogue()
NAME = {"zh-CN": "名", "en": "name"}
TIMING = {"monthsAfter": 0, "day": 15}
RECOVERY = {"share": "1", "fromMonth": 4}
AFTER_TWO = {"kind": "AFTER_PERIODS", "periods": 2}


def terms_of(document: dict[str, Any] | None) -> Settlement | None:
    plan, problems = decode_plan(PLAN if document is None else {**PLAN, "settlement": document})
    assert plan is not None, problems
    return plan.settlement


def policy_of(limits: dict[str, Any]) -> PayPolicy:
    policy, problems = decode_policy(
        {
            "format": "attain.pay_policy/1",
            "key": "example",
            "version": "1",
            "name": NAME,
            "source": NAME,
            "clawback": {"wage": "RECORDED", **limits},
        }
    )
    assert policy is not None, problems
    return policy


def sheets_of(
    document: dict[str, Any], limits: dict[str, Any], history: list[Month]
) -> list[PaySheet]:
    """Settle a history with the engine, each month from the balances of the one before."""
    terms = SheetTerms(
        currency="CNY",
        rounding=Rounding.HALF_UP,
        settlement=terms_of(document),
        policy=policy_of(limits),
    )
    sheets: list[PaySheet] = []
    waiting: dict[int, int] = {}
    facts = SheetFacts(earned=0, adjustments={})
    for number, month in enumerate(history, start=1):
        facts = replace(
            facts,
            earned=month.earned,
            holdback_base=month.earned,
            adjustments={
                f"{origin}.{cause}": net
                for origin, causes in month.changes.items()
                for cause, net in causes.items()
            },
            month=number,
            due_now=waiting.pop(number, 0),
            wage=month.wage,
            minimum_wage=month.minimum_wage,
        )
        sheet = settle({"person": "ann", "period": "2026-09"}, terms, facts)
        if "holdback" in document:
            due = number + document["holdback"]["release"]["periods"]
            waiting[due] = -sheet.value("holdback.withheld")
        sheets.append(sheet)
        facts = replace(
            facts,
            draw_before=sheet.value("draw.balance"),
            held_before=sheet.value("holdback.balance"),
            owed_before=sheet.value("carried.balance"),
        )
    return sheets


shares = st.sampled_from(["0", "0.1", "0.2", "0.333333", "0.5", "1"])
amounts = st.sampled_from(["0", "0.01", "1000", "2500.55", "30000"])
months = st.integers(1, 13)


@st.composite
def settlements(draw: st.DrawFn) -> dict[str, Any]:
    found: dict[str, Any] = {"timing": TIMING}
    if draw(st.booleans()):
        first = draw(months)
        found["draw"] = {
            "recoverable": draw(st.sampled_from([True, True, False])),
            "amount": draw(amounts),
            "fromMonth": first,
            "toMonth": first + draw(st.integers(0, 6)),
        }
        if found["draw"]["recoverable"]:
            found["draw"]["recovery"] = {"share": draw(shares), "fromMonth": draw(months)}
    if draw(st.booleans()):
        found["guarantee"] = {"amount": draw(amounts), "months": draw(st.integers(1, 12))}
    if draw(st.booleans()):
        release = {"kind": "AFTER_PERIODS", "periods": draw(st.integers(1, 4))}
        found["holdback"] = {"share": draw(shares), "base": "TOTAL", "release": release}
    return found


cents = st.integers(-200_000, 900_000) | st.sampled_from([-1, 0, 1, 100_000, 9_999_999])
wages = st.none() | st.integers(0, 900_000)


@st.composite
def histories(draw: st.DrawFn) -> list[Month]:
    origins = st.dictionaries(st.sampled_from(["2026-07", "2026-08"]), causes, max_size=2)
    return [
        Month(
            earned=draw(cents),
            changes=draw(origins),
            wage=draw(wages),
            minimum_wage=draw(st.none() | st.sampled_from([0, 169_000, 269_000])),
        )
        for _ in range(12)
    ]


causes = st.dictionaries(st.sampled_from(["LATE", "CREDIT_NOTES", "GOALS"]), cents, max_size=3)
limits_drawn = st.sampled_from(
    [
        {"shareOfWage": "0.2", "keepsMinimumWage": True},
        {"shareOfWage": "0.2", "keepsMinimumWage": True},
        {"shareOfWage": "0.1", "keepsMinimumWage": False},
        {"keepsMinimumWage": True},
        {"keepsMinimumWage": False},
    ]
)


@settings(max_examples=40)
@given(document=settlements(), limits=limits_drawn, history=histories())
def test_twelve_months_come_out_as_the_oracle_says_and_all_sums_agree(
    document: dict[str, Any], limits: dict[str, Any], history: list[Month]
) -> None:
    sheets = sheets_of(document, limits, history)
    told = settle_all(document, limits, history)
    paid = into = 0
    for sheet, month, wanted in zip(sheets, history, told, strict=True):
        taken = sheet.value("clawback.taken")
        balances = (
            sheet.value("draw.balance"),
            sheet.value("holdback.balance"),
            sheet.value("carried.balance"),
        )
        assert (sheet.paid, taken, *balances) == (
            wanted.paid,
            wanted.taken,
            wanted.draw,
            wanted.held,
            wanted.carried,
        )
        assert sheet.paid == sum(line.value or 0 for line in sheet.amounts)
        assert sheet.paid >= 0
        _hold_the_limits(limits, month, taken)
        paid += sheet.paid
        into += month.earned + sheet.adjusted + wanted.given
        # What was paid, and what is still owed either way, is what was earned: at every month.
        drawn, held, carried = balances
        assert paid - drawn + held - carried == into
        assert min(balances) >= 0


def _hold_the_limits(limits: dict[str, Any], month: Month, taken: int) -> None:
    if "shareOfWage" in limits and taken:
        assert month.wage is not None
        assert taken * 10 <= month.wage * (2 if limits["shareOfWage"] == "0.2" else 1)
    if limits["keepsMinimumWage"] and taken:
        assert month.wage is not None
        assert month.minimum_wage is not None
        assert month.wage - taken >= month.minimum_wage


def test_the_golden_draw() -> None:
    history = [Month(earned=each * 100) for each in (500, 700, 400, 1600)]
    sheets = sheets_of(DRAW, {"keepsMinimumWage": True}, history)
    assert [sheet.paid for sheet in sheets] == [100_000] * 4
    assert [sheet.value("draw.balance") for sheet in sheets] == [50_000, 80_000, 140_000, 80_000]
    assert sheets[-1].value("draw.recovered") == -60_000


def test_causes_that_outweigh_each_other_are_no_clawback() -> None:
    month = Month(earned=100, changes={"2026-08": {"RULES": 50_000, "GOALS": -50_000}})
    (sheet,) = sheets_of({"timing": TIMING}, {"keepsMinimumWage": True}, [month])
    assert (sheet.paid, sheet.value("clawback.asked")) == (100, 0)


def test_what_is_asked_back_without_a_wage_waits_and_the_sheet_says_so() -> None:
    (sheet,) = sheets_of(
        {"timing": TIMING},
        {"shareOfWage": "0.2", "keepsMinimumWage": True},
        [Month(earned=100_000, changes={"2026-08": {"CREDIT_NOTES": -30_000}})],
    )
    assert (sheet.paid, sheet.value("carried.balance")) == (100_000, 30_000)
    assert [each.code for each in sheet.problems] == ["wage_missing", "minimum_wage_missing"]


def test_an_adjustment_of_the_own_period_belongs_to_what_it_earned() -> None:
    month = Month(earned=100_000, changes={"2026-09": {"DISPUTE": -30_000}})
    (sheet,) = sheets_of({"timing": TIMING}, {"keepsMinimumWage": True}, [month])
    assert (sheet.paid, sheet.value("clawback.asked")) == (70_000, 0)


def test_a_sheet_can_be_worked_out_again_and_a_changed_digit_is_seen() -> None:
    document = {
        "timing": TIMING,
        "holdback": {"share": "0.2", "base": "TOTAL", "release": AFTER_TWO},
    }
    (sheet,) = sheets_of(document, {"keepsMinimumWage": True}, [Month(earned=123_456)])
    again = read_sheet(sheet.document)
    assert again.hash == sheet.hash
    assert again.lines == sheet.lines
    changed: dict[str, Any] = {**sheet.document, "inputs": {**again.document["inputs"]}}  # type: ignore[dict-item]
    changed["inputs"]["sheet.earned_net"] = "123457"
    with pytest.raises(ValueError, match="not what its lines give"):
        read_sheet(changed)


@settings(max_examples=12)
@given(document=settlements(), history=histories(), locale=st.sampled_from(list(Locale)))
def test_every_line_of_a_sheet_fills_the_places_of_its_sentence(
    document: dict[str, Any], history: list[Month], locale: Locale
) -> None:
    limits = {"shareOfWage": "0.2", "keepsMinimumWage": True}
    for sheet in sheets_of(document, limits, history[:3]):
        for line in sheet.lines:
            text = say_pay_line(CATALOGUE, line, locale)
            assert "{" not in text
            assert text != line.code


@settings(max_examples=20)
@given(document=settlements())
def test_a_settlement_is_read_and_written_as_it_was(document: dict[str, Any]) -> None:
    plan, problems = decode_plan({**PLAN, "settlement": document})
    assert plan is not None, problems
    again, _ = decode_plan(encode_plan(plan))
    assert again == plan


OWN: dict[str, Any] = DRAW["draw"]
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no timing": ({}, "field_missing"),
    "a draw that ends before it begins": (
        {"timing": TIMING, "draw": {**OWN, "fromMonth": 5, "toMonth": 4}},
        "months_reversed",
    ),
    "a given draw with a recovery": (
        {"timing": TIMING, "draw": {**OWN, "recoverable": False}},
        "recovery_of_given_draw",
    ),
    "a recoverable draw without one": (
        {"timing": TIMING, "draw": {k: v for k, v in OWN.items() if k != "recovery"}},
        "field_missing",
    ),
    "more than all": (
        {
            "timing": TIMING,
            "holdback": {"share": "1.1", "base": "TOTAL", "release": AFTER_TWO},
        },
        "number_out_of_range",
    ),
    "a component that is not there": (
        {
            "timing": TIMING,
            "holdback": {"share": "0.1", "base": ["bonus"], "release": AFTER_TWO},
        },
        "base_unknown",
    ),
    "a misspelt field": ({"timing": TIMING, "gaurantee": {}}, "field_unknown"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_terms_are_refused_with_their_place(name: str) -> None:
    document, code = WRONG[name]
    plan, problems = decode_plan({**PLAN, "settlement": document})
    assert plan is None
    assert code in {each.code for each in problems}
    assert all(each.path.startswith("settlement") for each in problems)


def test_the_day_of_payment_is_named_by_the_plan() -> None:
    quarter = period_named("2026-Q3")
    assert paid_on(quarter, terms_of(DRAW)).isoformat() == "2026-10-15"
    assert paid_on(quarter, None).isoformat() == "2026-09-30"
    assert paid_on(period_named("2026-12@26"), terms_of(DRAW)).isoformat() == "2027-01-15"


def test_every_policy_of_ours_has_a_source_and_is_written_as_it_was_read() -> None:
    assert policy_called("cn_mainland") is not None
    for policy in policies():
        assert all(policy.source.values())
        assert decode_policy(encode_policy(policy))[0] == policy
