"""The linter finds planted faults, leaves sound plans alone, and every proof is real."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.backwards import pay_lines
from domain.finding import Finding, FindingCode, FindingWeight, read_finding, write_finding
from domain.lint import InForce, Surroundings, blocks, holds, lint, pay_route
from domain.lint_rules import search_ended
from domain.lint_search import search
from domain.metric import Direction
from domain.plan import Plan, decode_plan
from domain.plan_document import encode_plan
from domain.scorecard import Scorecard, decode_scorecard
from domain.sections import as_tiers, decode_sections, lint_sections
from domain.stretch import Moving
from domain.walk import Route, Stretch
from tests.support.plans import plans, scorecards
from tests.support.rules import CARD, PLAN, changed, texts
from tests.support.source import ROOT

NAME = texts("part")


def plan_of(document: Mapping[str, Any]) -> Plan:
    plan, problems = decode_plan(document)
    assert plan is not None, problems
    return plan


def card_of(document: Mapping[str, Any]) -> Scorecard:
    card, problems = decode_scorecard(document)
    assert card is not None, problems
    return card


def part(identity: str, kind: str, **own: Any) -> dict[str, Any]:
    return {"id": identity, "kind": kind, "name": NAME, "missing": "ZERO", **own}


def rate(identity: str, **own: Any) -> dict[str, Any]:
    return part(identity, "RATE", **{"metric": "sales", "rate": "0.01", "negative": "KEEP", **own})


def with_parts(*parts: dict[str, Any], **more: Any) -> Plan:
    return plan_of(changed(PLAN, components=list(parts), **more))


def codes(found: tuple[Finding, ...], weight: FindingWeight | None = None) -> set[FindingCode]:
    return {each.code for each in found if weight in {None, each.weight}}


@settings(max_examples=20)
@given(plans(), st.booleans(), scorecards())
def test_every_proof_is_real(
    document: dict[str, Any], scored: bool, card_document: dict[str, Any]
) -> None:
    plan = plan_of(document)
    card = card_of(card_document) if scored and plan.uses_score else None
    route = pay_route(plan, card)
    for finding in lint(plan, card):
        assert holds(finding, route), finding
        assert read_finding(write_finding(finding)) == finding
        if finding.code is FindingCode.PAY_FALLS:
            worse, better = (each.payout for each in finding.witness)
            assert worse is not None
            assert better is not None
            assert better < worse


@st.composite
def rising_plans(draw: st.DrawFn) -> Plan:
    """Plans that cannot pay less for more: growing rates, gates that open upwards, a cap."""
    parts: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(["RATE", "BONUS", "TIERED", "KICKER"]))
        name = f"part_{number}"
        rates = sorted(draw(st.lists(st.integers(0, 200), min_size=3, max_size=3)))
        written = [f"0.{each:03d}" for each in rates]
        if kind == "RATE":
            parts.append(rate(name, rate=written[0]))
        elif kind == "BONUS":
            own = {"metric": "sales", "comparison": "AT_LEAST", "amount": "3000"}
            parts.append(part(name, "BONUS_WHEN_MET", **own))
        elif kind == "TIERED":
            ends = sorted(draw(st.sets(st.integers(1, 900_000), min_size=2, max_size=2)))
            tiers = [{"upTo": str(end), "rate": each} for end, each in zip(ends, written[:2],
                                                                          strict=True)]  # fmt: skip
            own = {
                "metric": "sales", "measure": "ACTUAL", "negative": "ZERO",
                "mode": draw(st.sampled_from(["WHOLE", "MARGINAL"])),
                "boundary": draw(st.sampled_from(["UPPER_TIER", "LOWER_TIER"])),
            }  # fmt: skip
            parts.append(part(name, "TIERED", **own, tiers=[*tiers, {"rate": written[2]}]))
        elif parts:
            gate = {"metric": "retention", "comparison": "AT_LEAST", "value": "0.5"}
            parts.append(part(name, "KICKER", percent="0.1", base="TOTAL", condition=gate))
    more = {"cap": "50000"} if draw(st.booleans()) else {}
    return with_parts(*(parts or [rate("only")]), **more)


@settings(max_examples=25)
@given(rising_plans())
def test_a_plan_that_only_rises_is_never_said_to_fall(plan: Plan) -> None:
    found = lint(plan)
    if any(each["negative"] == "KEEP" for each in _written(plan) if "negative" in each):
        found = tuple(each for each in found if each.witness[:1] and _positive(each))
    assert FindingCode.PAY_FALLS not in codes(found)
    assert not blocks(found)


def _written(plan: Plan) -> list[Any]:
    components: Any = encode_plan(plan)["components"]
    return list(components)


def _positive(finding: Finding) -> bool:
    """A kicker on a month of refunds takes more away: that is a fall along retention, and real."""
    return all((case.inputs.get("sales.num") or 0) >= 0 for case in finding.witness)


@settings(max_examples=15)
@given(rising_plans(), st.integers(1, 900_000), st.integers(1, 50))
def test_a_fault_that_was_planted_is_found(plan: Plan, edge: int, lower: int) -> None:
    """A whole-amount tier with a falling rate that outweighs what the rest of the plan adds."""
    fall = part(
        "planted", "TIERED", metric="sales", measure="ACTUAL", mode="WHOLE", negative="ZERO",
        boundary="UPPER_TIER",
        tiers=[{"upTo": str(edge), "rate": f"0.{900 + lower:03d}"}, {"rate": "0.001"}],
    )  # fmt: skip
    parts = _written(plan)
    planted = with_parts(*parts, fall)
    found = [each for each in lint(planted) if each.code is FindingCode.PAY_FALLS]
    assert found
    assert all(holds(each, pay_route(planted)) for each in found)


def test_a_fall_through_a_gate_of_another_component_is_found() -> None:
    """A kicker that is lost by selling more than 50,000 takes back more than the step brings."""
    gate = {"metric": "sales", "comparison": "LESS_THAN", "value": "50000"}
    plan = with_parts(
        rate("commission"), part("kicker", "KICKER", percent="0.5", base="TOTAL", condition=gate)
    )
    (found,) = (each for each in lint(plan) if each.code is FindingCode.PAY_FALLS)
    assert found.component == "kicker"
    assert [each.inputs["sales.num"] for each in found.witness] == [4_999_999, 5_000_000]
    assert [each.payout for each in found.witness] == [75_000, 50_000]


def test_the_direction_of_a_metric_says_what_a_fall_is() -> None:
    """Fewer visits pay more: a fall where more visits are better, and none where less is."""
    few = part(
        "few", "BONUS_WHEN_MET", metric="visits", comparison="AT_MOST", amount="500"
    )  # fmt: skip
    plan = with_parts(few, units={"visits": "COUNT"})
    fewer = Surroundings(directions={"visits": Direction.LOWER})
    more = Surroundings(directions={"visits": Direction.HIGHER})
    assert FindingCode.PAY_FALLS not in codes(lint(plan, around=fewer))
    assert FindingCode.PAY_FALLS in codes(lint(plan, around=more))
    assert FindingCode.PAY_FALLS not in codes(lint(plan))  # guessed from the plan itself


def test_a_fall_that_comes_through_the_score_is_found() -> None:
    """The pay curve over the score drops at 90 points: more sales pay less."""
    curve = part(
        "by_score", "SCORE_PAY", amount="10000", below="NOTHING",
        points=[{"score": "60", "pays": "1"}, {"score": "90", "pays": "0.5"}],
    )  # fmt: skip
    plan, card = with_parts(curve), card_of(CARD)
    found = [each for each in lint(plan, card) if each.code is FindingCode.PAY_FALLS]
    assert {"sales.num", "retention.num", "visits.num"} & set(found[0].witness[0].inputs)
    assert "score" not in found[0].witness[0].inputs
    assert all(holds(each, pay_route(plan, card)) for each in found)


def test_a_target_that_is_best_does_not_fall_on_its_far_side() -> None:
    stock = {
        "metric": "sales", "unit": "CNY", "dimension": "RESULT", "direction": "TARGET",
        "comparison": "WITHIN", "weight": "100",
        "curve": {"form": "TARGET_ABSOLUTE", "zeroTarget": "REFUSE"},
    }  # fmt: skip
    curve = part(
        "by_score", "SCORE_PAY", amount="10000", below="NOTHING",
        points=[{"score": "0", "pays": "0"}, {"score": "100", "pays": "1"}],
    )  # fmt: skip
    card = card_of(changed(CARD, items=[stock]))
    assert FindingCode.PAY_FALLS not in codes(lint(with_parts(curve), card))


def test_what_is_administrative_should_not_be_paid() -> None:
    around = Surroundings(administrative=frozenset({"sales"}))
    (found,) = (
        each
        for each in lint(with_parts(rate("clock")), around=around)
        if each.code is FindingCode.ADMINISTRATIVE_METRIC
    )
    assert (found.weight, found.component) == (FindingWeight.WARNING, "clock")


def person(sales: int, target: int = 100_000_000) -> dict[str, int | None]:
    return {
        "sales.num": sales, "sales.den": 1, "sales.target": target,
        "retention.num": 800_000, "retention.den": 1,
    }  # fmt: skip


def test_over_real_people_who_lose_are_counted_and_the_one_who_loses_most_is_shown() -> None:
    old, new = plan_of(PLAN), with_parts(rate("commission", rate="0.005"))
    people = [person(90_000_000), person(100_000_000), person(120_000_000), person(150_000_000)]
    around = Surroundings(people=people, in_force=InForce(plan=old, route=pay_route(old)))
    (found,) = (
        each for each in lint(new, around=around) if each.code is FindingCode.MORE_LOSE_THAN_WIN
    )
    # 0 -> 4,500 wins; 5,500 -> 5,000, 7,700 -> 6,000 and 11,000 -> 7,500 lose
    assert (found.values["lose"], found.values["win"]) == ("3", "1")
    assert [each.payout for each in found.witness] == [1_100_000, 750_000]
    assert holds(found, pay_route(new))
    fewer = Surroundings(people=people[:2], in_force=around.in_force)
    assert FindingCode.MORE_LOSE_THAN_WIN not in codes(lint(new, around=fewer))


def test_a_target_that_nobody_ever_reached_is_said() -> None:
    around = Surroundings(people=[person(80_000_000), person(99_999_999)])
    found = [each for each in lint(plan_of(PLAN), around=around)
             if each.code is FindingCode.NOBODY_REACHES]  # fmt: skip
    assert {each.component for each in found} == {"base_bonus", "excess_share"}
    assert found[0].witness[1].inputs["sales.num"] == 99_999_999
    one = Surroundings(people=[person(80_000_000), person(100_000_000)])
    assert FindingCode.NOBODY_REACHES not in codes(lint(plan_of(PLAN), around=one))


def test_real_targets_make_a_cap_below_them_a_warning() -> None:
    plan = with_parts(rate("commission"), cap="500")
    (found,) = (
        each
        for each in lint(plan, around=Surroundings(targets={"sales": 10_000_000}))
        if each.code is FindingCode.CAP_BELOW_TARGET
    )
    assert found.weight is FindingWeight.WARNING
    assert found.values["due"] == (100_000, "CNY")


# What thresholds and accelerators without an end are for: HR sees both before it publishes.
_MEANT = {FindingCode.CLIFF, FindingCode.ENDLESS_ACCELERATOR}


@pytest.mark.parametrize(
    "pack", sorted((ROOT / "plugins/packs").glob("*.toml")), ids=lambda p: p.stem
)
def test_the_plans_of_the_packs_have_no_fault(pack: Any) -> None:
    read = tomllib.loads(pack.read_text("utf-8"))
    directions = {each["key"]: Direction(each["direction"]) for each in read["metrics"]}
    for document in read["plans"]:
        found = lint(plan_of(document), around=Surroundings(directions=directions))
        assert codes(found, FindingWeight.ERROR) == set()
        assert codes(found, FindingWeight.WARNING) <= _MEANT


def sections(*rows: tuple[str, str | None]) -> dict[str, Any]:
    return {
        "format": "attain.sections/1",
        "currency": "CNY",
        "sections": [
            {"from": low, "rate": "0.02"} | ({} if high is None else {"to": high})
            for low, high in rows
        ],
    }


def test_sections_that_include_both_ends_overlap_where_they_touch() -> None:
    table, _ = decode_sections(
        sections(("0", "9999.99"), ("10000", "20000"), ("20000", "30000"), ("30000.01", None))
    )
    assert table is not None
    (found,) = lint_sections(table)
    assert found.code is FindingCode.SECTIONS_OVERLAP
    assert found.values["at"] == (2_000_000, "CNY")
    assert as_tiers(table, "sales") is None


def test_whole_yuan_sections_leave_the_cents_between_them_without_pay() -> None:
    table, _ = decode_sections(sections(("0", "9999.99"), ("10000", "19999"), ("20000", None)))
    assert table is not None
    (found,) = lint_sections(table)
    assert found.code is FindingCode.SECTIONS_GAP
    assert found.values["at"] == (1_999_950, "CNY")


def test_a_wide_section_hides_no_gap_behind_a_narrow_one() -> None:
    """0 to 100 holds what lies between 0 to 10 and 50 to 60: an overlap, and no gap."""
    table, _ = decode_sections(sections(("0", "100"), ("0", "10"), ("50", None)))
    assert table is not None
    assert codes(lint_sections(table)) == {FindingCode.SECTIONS_OVERLAP}


def test_a_table_without_faults_becomes_the_tiers_that_pay_the_same() -> None:
    table, _ = decode_sections(sections(("0", "9999.99"), ("10000", "19999.99"), ("20000", None)))
    assert table is not None
    tiers = as_tiers(table, "sales")
    assert tiers is not None
    plan = with_parts({"id": "tiers", "name": NAME, "missing": "ZERO", **tiers})
    route = pay_route(plan)
    ends = [each.high for each in table.sections if each.high is not None]
    for amount in [place for end in ends for place in (end, end + 1)]:
        (expected,) = table.pays(amount)
        inputs = {**person(amount)}
        assert pays_of(route, inputs) == expected
    assert all(low < high for low, high in pairwise(ends))


def pays_of(route: Route, inputs: Mapping[str, int | None]) -> int | None:

    return pay_lines(route, inputs)[-1].value


def test_a_search_that_stops_at_its_limit_says_so() -> None:
    keys = [f"sales_{place}" for place in range(14)]
    units = dict.fromkeys(keys, "CNY")
    many = with_parts(*(rate(f"part_{key}", metric=key) for key in keys), units=units)
    (found,) = [each for each in lint(many) if each.code is FindingCode.NOT_SEARCHED_COMPLETELY]
    assert found.weight is FindingWeight.INFO
    # 14 numbers of which 12 move, in 3 scenes and one for each of the 12
    assert found.values == {"numbers": "2", "scenes": str(12 * 15 - 80), "stretches": "0"}
    few = with_parts(*(rate(f"part_{key}", metric=key) for key in keys[:3]), units=units)
    assert FindingCode.NOT_SEARCHED_COMPLETELY not in codes(lint(few))


def test_a_walk_that_gives_up_says_so() -> None:
    plan = with_parts(rate("part"))
    tried = search(plan, pay_route(plan), None, {}, {})
    assert not list(search_ended(tried))
    unknown = Moving(0, 0, -(2**63), 2**63, rises=False, falls=False)
    given_up = (Stretch(low=0, high=9, pay=unknown),)
    tried.trials.append(replace(tried.trials[0], stretches=given_up))
    (found,) = search_ended(tried)
    assert found.values == {"numbers": "0", "scenes": "0", "stretches": "1"}
