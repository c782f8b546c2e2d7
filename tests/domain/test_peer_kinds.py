"""The kinds that look at other people: both carriers against the naive reading of a whole crowd."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.evaluate import compile_pay, explain, run
from domain.line_codes import LINE_CODES
from domain.plan import Plan, decode_plan
from domain.plan_document import encode_plan
from domain.problem import Severity
from tests.support import sentences
from tests.support.oracle_peers import Everybody, pay_everybody
from tests.support.peer_inputs import Crowd, Person, column, gathered
from tests.support.peer_plans import peer_component, peer_plans, teams
from tests.support.plans import NAME, UNITS, people

CHECKS = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)
RUNS = settings(deadline=None, suppress_health_check=CHECKS, max_examples=25)
LOWER = frozenset({"cycle.days"})
pytestmark = pytest.mark.timeout(900)


def plan_of(document: dict[str, Any]) -> Plan:
    plan, problems = decode_plan(document)
    assert plan is not None, problems
    return plan


@st.composite
def crowds(draw: st.DrawFn) -> Crowd:
    count = draw(st.integers(1, 7))
    groups = draw(st.lists(st.integers(0, 1), min_size=count, max_size=count))
    crowd = [draw(people()) for _ in range(count)]
    alike = draw(st.lists(st.integers(0, count - 1), max_size=4))
    for row in alike:  # equal people are where rules go wrong
        crowd[row] = dict(crowd[0])
    days = st.sampled_from(
        [(30, True), (30, True), (30, True), (12, True), (12, False), (0, False)]
    )
    return Crowd(
        people=crowd,
        groups=groups,
        parents=[0] * count,
        days=[draw(days) for _ in range(count)],
        period_days=30,
        teams={group: draw(teams()) for group in (0, 1)},
        lower=LOWER,
        ids=draw(st.permutations([f"per_{row}" for row in range(count)])),
    )


def everybody(crowd: Crowd) -> Everybody:
    return Everybody(
        people=crowd.people,
        groups=crowd.groups,
        parents=crowd.parents,
        days=crowd.days,
        period_days=crowd.period_days,
        teams=crowd.teams,
        lower=crowd.lower,
        ids=crowd.ids,
    )


def paid(plan: Plan, inputs: list[Person]) -> list[dict[str, int | None]]:
    """Calculate everybody together and each alone, and show that it is the same."""
    program = compile_pay(plan)
    names = {name for person in inputs for name in person}
    table = {name: column([person.get(name) for person in inputs]) for name in names}
    together = run(program, table)
    rows = []
    for row, person in enumerate(inputs):
        alone = {line.name: line.value for line in explain(program, person)}
        assert {name: found.at(row) for name, found in together.items()} == alone
        rows.append(alone)
    return rows


@RUNS
@given(document=peer_plans(), crowd=crowds())
def test_every_payout_is_what_a_naive_reading_of_the_crowd_gives(
    document: dict[str, Any], crowd: Crowd
) -> None:
    plan = plan_of(document)
    found = paid(plan, gathered(compile_pay(plan), crowd))
    for mine, read in zip(found, pay_everybody(document, everybody(crowd)), strict=True):
        for name, value in read.items():
            steps = mine[name]
            assert (None if steps is None else Fraction(steps, 100)) == value, name


@RUNS
@given(document=peer_plans(), crowd=crowds(), data=st.data())
def test_the_order_of_people_changes_nobodys_pay(
    document: dict[str, Any], crowd: Crowd, data: st.DataObject
) -> None:
    program = compile_pay(plan_of(document))
    order = data.draw(st.permutations(range(len(crowd.people))))
    turned = replace(
        crowd,
        people=[crowd.people[row] for row in order],
        groups=[crowd.groups[row] for row in order],
        parents=[crowd.parents[row] for row in order],
        days=[crowd.days[row] for row in order],
        ids=[crowd.ids[row] for row in order],
    )
    straight = gathered(program, crowd)
    assert gathered(program, turned) == [straight[row] for row in order]


@RUNS
@given(document=peer_plans())
def test_a_document_that_is_read_and_written_again_is_the_same(document: dict[str, Any]) -> None:
    assert encode_plan(plan_of(document)) == document


CATALOGUE = sentences.catalogue()


@RUNS
@given(document=peer_plans(), crowd=crowds())
def test_every_line_is_on_the_list_and_fills_the_places_of_its_sentence(
    document: dict[str, Any], crowd: Crowd
) -> None:
    program = compile_pay(plan_of(document))
    for person in gathered(program, crowd):
        for line in explain(program, person):
            assert line.code in LINE_CODES
            assert CATALOGUE.places(line.code) <= {*line.places, "name"}, line.code


@RUNS
@given(component=peer_component("pool").filter(lambda each: each["kind"] == "POOL"), crowd=crowds())
def test_the_parts_of_a_team_make_its_pool_to_the_cent(
    component: dict[str, Any], crowd: Crowd
) -> None:
    document = whole_plan({**component, "missing": "BLOCK"})
    rows = paid(plan_of(document), gathered(compile_pay(plan_of(document)), crowd))
    for team in set(crowd.groups):
        mine = [row for row, group in zip(rows, crowd.groups, strict=True) if group == team]
        whole = mine[0]["pool.whole"]
        if whole is None or not any(row["pool.key"] for row in mine):
            continue
        assert sum(row["pool.amount"] or 0 for row in mine) == whole


def whole_plan(*components: dict[str, Any]) -> dict[str, Any]:
    return {
        "format": "attain.plan/1",
        "cadence": "MONTH",
        "key": "plan",
        "name": NAME,
        "currency": "CNY",
        "rounding": "HALF_UP",
        "units": UNITS,
        "components": list(components),
    }


BANDS = {
    "id": "top", "kind": "TOP_BANDS", "name": NAME, "missing": "ZERO", "metric": "sales.amount",
    "peerGroup": "UNIT", "members": "EVERYBODY", "rank": "COMPETITION",
    "bands": [{"share": "0.1", "amount": "2000"}, {"share": "0.2", "amount": "1000"}],
    "rounding": "FLOOR", "least": 1, "tie": "INCLUDE_ALL", "minimumCohort": 1,
    "fallback": "NO_REWARD",
}  # fmt: skip
PRIZES = {
    "id": "top", "kind": "RANK_TABLE", "name": NAME, "missing": "ZERO", "metric": "sales.amount",
    "peerGroup": "UNIT", "members": "EVERYBODY", "rank": "COMPETITION", "tieBreak": [],
    "amounts": ["3000", "2000", "1000"], "minimumCohort": 1, "fallback": "NO_REWARD",
}  # fmt: skip
PERCENTILE = {
    "id": "top", "kind": "ABOVE_PERCENTILE", "name": NAME, "missing": "ZERO",
    "metric": "sales.amount", "peerGroup": "UNIT", "members": "EVERYBODY", "percentile": "0.9",
    "method": "R7_INCLUSIVE", "amount": "500", "minimumCohort": 1, "fallback": "NO_REWARD",
}  # fmt: skip
POOL = {
    "id": "pool", "kind": "POOL", "name": NAME, "missing": "ZERO", "team": "UNIT",
    "pool": {"of": "FIXED", "amount": "100"}, "members": "EVERYBODY", "key": "EQUAL",
}  # fmt: skip


def amounts(component: dict[str, Any], sales: list[int], **crowd: Any) -> list[int | None]:
    plan = plan_of(whole_plan(component))
    persons: list[Person] = [
        {"sales.amount.num": each * 100, "sales.amount.den": 1} for each in sales
    ]
    for row, more in enumerate(crowd.pop("more", [])):
        persons[row].update(more)
    rows = paid(plan, gathered(compile_pay(plan), Crowd(people=persons, **crowd)))
    paid_out = [row[f"{component['id']}.amount"] for row in rows]
    return [None if each is None else each // 100 for each in paid_out]


TEN = list(range(100, 0, -10))


def test_the_best_tenth_and_the_next_fifth_of_ten_are_one_and_two_people() -> None:
    assert amounts(BANDS, TEN) == [2000, 1000, 1000, *([0] * 7)]


@pytest.mark.parametrize(
    ("rank", "tie", "found"),
    [
        ("COMPETITION", "INCLUDE_ALL", [2000, 2000, 1000, 0, 0, 0, 0, 0, 0, 0]),
        # the two best together are places 1 and 2: not all within the first place
        ("COMPETITION", "EXCLUDE_ALL", [1000, 1000, 1000, 0, 0, 0, 0, 0, 0, 0]),
        ("DENSE", "INCLUDE_ALL", [2000, 2000, 1000, 1000, 0, 0, 0, 0, 0, 0]),
    ],
)
def test_equal_people_at_the_cut_are_treated_as_the_plan_says(
    rank: str, tie: str, found: list[int]
) -> None:
    sales = [100, 100, 80, 70, 60, 50, 40, 30, 20, 10]
    assert amounts({**BANDS, "rank": rank, "tie": tie}, sales) == found


def test_a_tie_is_broken_by_the_next_metric_and_what_is_still_equal_is_included() -> None:
    broken = {**BANDS, "tie": "TIE_BREAK", "tieBreak": ["visits", "cycle.days"]}
    more: list[Person] = [
        {"visits.num": 5, "visits.den": 1, "cycle.days.num": 900, "cycle.days.den": 1},
        {"visits.num": 5, "visits.den": 1, "cycle.days.num": 800, "cycle.days.den": 1},
        {"visits.num": 5, "visits.den": 1, "cycle.days.num": 800, "cycle.days.den": 1},
        {},  # nothing known comes last
    ]
    sales = [100, 100, 100, 100, *([10] * 6)]
    found = amounts(broken, sales, more=more, lower=LOWER)
    # fewer days are better: rows 1 and 2 share the first place, row 0 is third
    assert found == [1000, 2000, 2000, 0, *([0] * 6)]


def test_whoever_lacks_what_breaks_a_tie_is_last_also_where_less_is_better() -> None:
    broken = {**PRIZES, "metric": "cycle.days", "tieBreak": ["visits"]}
    more: list[Person] = [
        {"cycle.days.num": 500, "cycle.days.den": 1},
        {"cycle.days.num": 500, "cycle.days.den": 1, "visits.num": 1, "visits.den": 1},
    ]
    assert amounts(broken, [0, 0], more=more, lower=LOWER) == [2000, 3000]


@pytest.mark.parametrize(
    ("rank", "found"),
    [
        ("COMPETITION", [3000, 2000, 2000, 0]),
        ("DENSE", [3000, 2000, 2000, 1000]),
        ("FRACTIONAL", [3000, 1500, 1500, 0]),  # half of the second and the third prize
    ],
)
def test_prizes_go_by_rank_and_equals_are_paid_as_the_plan_says(
    rank: str, found: list[int]
) -> None:
    assert amounts({**PRIZES, "rank": rank}, [90, 80, 80, 70]) == found


@pytest.mark.parametrize(
    ("method", "below", "above"),
    [("R6_EXCLUSIVE", 99, 100), ("R7_INCLUSIVE", 91, 92), ("NEAREST_RANK", 90, 91)],
)
def test_the_line_of_the_ninetieth_percentile_depends_on_the_method(
    method: str, below: int, above: int
) -> None:
    component = {**PERCENTILE, "method": method}
    program = compile_pay(plan_of(whole_plan(component)))
    peers = {"size": 10, "lo_num": 9000, "lo_den": 1, "hi_num": 10000, "hi_den": 1, "counted": 1}
    sealed: Person = {f"top.peers.{name}": value for name, value in peers.items()}
    if method == "NEAREST_RANK":
        sealed["top.peers.hi_num"] = 9000
    for sales, reward in ((below, 0), (above, 50000)):
        own: Person = {"sales.amount.num": sales * 100, "sales.amount.den": 1}
        lines = {line.name: line.value for line in explain(program, {**sealed, **own})}
        assert lines["top.percentile"] == below * 100
        assert lines["top.amount"] == reward
    assert [each for each in amounts(component, TEN) if each] == [500]


def test_exactly_on_the_percentile_is_not_above_it() -> None:
    assert amounts({**PERCENTILE, "percentile": "1"}, TEN) == [0] * 10
    assert amounts({**PERCENTILE, "method": "NEAREST_RANK"}, TEN) == [500, *([0] * 9)]


DAYS = [(30, True), (30, True), (15, True), (15, False)]


@pytest.mark.parametrize(
    ("members", "found"),
    [
        # the median of 40, 60, 50 and 90 is 55
        ("EVERYBODY", [0, 500, 0, 500]),
        ("FULL_PERIOD", [0, 500, 0, 0]),  # 50 between the two who were there all the time
        ("EXCLUDE_LEAVERS", [0, 500, 0, 0]),  # 50: whoever joined with 50 is on it
        # 40, 60, 100 and 180 have the median 80; for half of the period it is 40
        ("PRORATED", [0, 0, 500, 500]),
    ],
)
def test_who_counts_is_the_plans_choice(members: str, found: list[int]) -> None:
    component = {**PERCENTILE, "percentile": "0.5", "members": members}
    assert amounts(component, [40, 60, 50, 90], days=DAYS) == found


def test_a_pool_of_a_hundred_among_three_leaves_its_cent_with_the_smallest_id() -> None:
    plan = plan_of(whole_plan(POOL))
    persons: list[Person] = [{}, {}, {}]
    crowd = Crowd(people=persons, ids=["per_c", "per_a", "per_b"])
    rows = paid(plan, gathered(compile_pay(plan), crowd))
    assert [row["pool.amount"] for row in rows] == [3333, 3334, 3333]


def test_a_pool_is_shared_by_days_and_only_by_those_who_count() -> None:
    by_days = {**POOL, "key": "DAYS"}
    assert amounts(by_days, [0, 0, 0, 0], days=DAYS) == [33, 33, 16, 16]
    remaining = {**by_days, "members": "EXCLUDE_LEAVERS"}
    assert amounts(remaining, [0, 0, 0, 0], days=DAYS) == [40, 40, 20, 0]


def faults(component: dict[str, Any]) -> list[tuple[str, str]]:
    _, problems = decode_plan(whole_plan(component))
    return [(problem.code, problem.path.removeprefix("components[0].")) for problem in problems]


@pytest.mark.parametrize(
    ("component", "fault"),
    [
        ({**BANDS, "members": None}, ("field_missing", "members")),
        ({**BANDS, "rank": "FRACTIONAL"}, ("choice_unknown", "rank")),
        ({**BANDS, "rank": "DENSE", "tie": "EXCLUDE_ALL"}, ("choice_unknown", "tie")),
        ({**BANDS, "tie": "TIE_BREAK"}, ("field_missing", "tieBreak")),
        ({**BANDS, "tie": "TIE_BREAK", "tieBreak": []}, ("list_empty", "tieBreak")),
        ({**BANDS, "tie": "TIE_BREAK", "tieBreak": ["x"]}, ("unit_missing", "tieBreak[0]")),
        ({**BANDS, "tieBreak": ["visits"]}, ("field_unknown", "tieBreak")),
        ({**BANDS, "bands": []}, ("list_empty", "bands")),
        ({**BANDS, "bands": [{"share": "0", "amount": "1"}]},
         ("number_out_of_range", "bands[0].share")),
        ({**BANDS, "bands": [{"share": "0.6", "amount": "2"}, {"share": "0.5", "amount": "1"}]},
         ("shares_above_one", "bands")),
        ({**BANDS, "fallback": "MINIMUM_ONLY"}, ("minimum_required", "fallback")),
        ({**BANDS, "metric": "keep.rate", "members": "PRORATED"}, ("choice_unknown", "members")),
        ({**PRIZES, "rank": "DENSE", "tieBreak": ["visits"]}, ("choice_unknown", "rank")),
        ({**PRIZES, "amounts": []}, ("list_empty", "amounts")),
        ({**PRIZES, "amounts": ["-1"]}, ("number_out_of_range", "amounts[0]")),
        ({**PERCENTILE, "method": None}, ("field_missing", "method")),
        ({**PERCENTILE, "percentile": "1.1"}, ("number_out_of_range", "percentile")),
        ({**PERCENTILE, "amount": None}, ("amount_or_rate_missing", "components[0]")),
        ({**PERCENTILE, "fallback": "MINIMUM_ONLY"}, ("minimum_required", "minimum")),
        ({**POOL, "members": "PRORATED"}, ("choice_unknown", "members")),
        ({**POOL, "metric": "visits"}, ("field_unknown", "metric")),
        ({**POOL, "pool": {"of": "RATE", "metric": "sales.amount", "rate": "0.1"}},
         ("field_missing", "pool.negative")),
        ({**POOL, "pool": {"of": "RATE", "metric": "visits", "rate": "1", "negative": "ZERO"}},
         ("unit_differs", "pool.metric")),
        ({**POOL, "condition": {"metric": "visits", "comparison": "AT_LEAST", "against": "VALUE"}},
         ("field_missing", "condition.value")),
    ],
)  # fmt: skip
def test_what_a_component_leaves_open_or_contradicts_is_named(
    component: dict[str, Any], fault: tuple[str, str]
) -> None:
    assert fault in faults(component)


def test_a_lower_band_or_prize_that_pays_more_gets_a_warning() -> None:
    rising = [{"share": "0.1", "amount": "1"}, {"share": "0.1", "amount": "2"}]
    for component in ({**BANDS, "bands": rising}, {**PRIZES, "amounts": ["1", "2"]}):
        plan, problems = decode_plan(whole_plan(component))
        assert plan is not None
        assert [(each.code, each.severity) for each in problems] == [
            ("pay_decreases", Severity.WARNING)
        ]
