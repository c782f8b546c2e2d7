"""A board as of now over GraphQL: fresh at once, and shown to whom the leaderboard is shown."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from actions.calculate import Mode
from actions.close_period import close_period
from actions.define_metric import define_metric
from tests.api.company import YEAR, Served, calculated, served
from tests.support.company import SYSTEM
from tests.support.rules import SALES, changed

SALES_BOARD = """query($unit: ID, $first: Int, $after: String) {
  liveBoard(period: "2026-09", measure: "sales", unit: $unit, first: $first, after: $after) {
    run { id } unit line { size median { value } ownGap { value } }
    own { rank value { value } payout { amount } touched }
    entries { totalCount hasNext endCursor nodes {
      rank person { name } own value { value } score { value } payout { amount } touched } } } }
"""
FROZEN = """{ leaderboard(period: "2026-09", measure: "sales") {
  entries { nodes { rank person { name } } } } }"""


@pytest.fixture(name="made")
def _made(database_url: str, tmp_path: Path) -> Iterator[Served]:
    with served(database_url, tmp_path) as made:
        yield made


@pytest.fixture(name="here")
def _here(sqlite_url: str, tmp_path: Path) -> Iterator[Served]:
    with served(sqlite_url, tmp_path) as made:
        yield made


def _sale(made: Served, name: str, cents: int) -> None:
    made.company.fact(name, date(2026, 9, 20), cents, subject=f"{name}-0", channel="shop")


def _names(nodes: list[dict[str, object]]) -> list[tuple[object, object]]:
    return [(each["rank"], each["person"]["name"]) for each in nodes]  # type: ignore[index]


def test_a_sale_is_on_the_board_at_once_and_with_its_pay(made: Served) -> None:
    calculated(made)
    before = made.data("anna", SALES_BOARD)["liveBoard"]
    assert before["own"]["payout"] == {"amount": "7700.00"}
    assert before["own"]["touched"] is False
    _sale(made, "anna", 50_000_000)
    board = made.data("anna", SALES_BOARD)["liveBoard"]
    assert board["run"] == before["run"]
    assert board["own"]["rank"] == 1
    assert board["own"]["value"] == {"value": "1700000.00"}
    assert board["own"]["touched"] is True
    assert board["line"]["ownGap"] == {"value": "700000.00"}
    # The leaderboard stays as its run left it; the next run comes to what was shown.
    frozen = made.data("anna", FROZEN)["leaderboard"]["entries"]["nodes"]
    assert _names(frozen)[:2] == [(1, "eve"), (2, "anna")]
    calculated(made)
    after = made.data("anna", SALES_BOARD)["liveBoard"]
    assert after["own"] == board["own"] | {"touched": False}
    statement = made.data("anna", '{ statement(period: "2026-09") { payout { amount } } }')
    assert statement["statement"]["payout"] == board["own"]["payout"]


def test_the_own_pay_is_shown_and_that_of_others_is_not(made: Served) -> None:
    calculated(made)
    _sale(made, "bo", 10_000_000)
    nodes = made.data("anna", SALES_BOARD)["liveBoard"]["entries"]["nodes"]
    for hidden in ("value", "score", "payout", "touched"):
        assert [each["person"]["name"] for each in nodes if each[hidden] is not None] == ["anna"]
    leader = made.data("meng", SALES_BOARD)["liveBoard"]
    assert leader["unit"] == made.ids["north"]
    assert leader["own"] is None
    assert all(each["value"] is not None for each in leader["entries"]["nodes"])
    assert all(each["payout"] is None for each in leader["entries"]["nodes"])
    everything = made.data("hr", SALES_BOARD, unit=made.ids["north"])["liveBoard"]
    assert all(each["payout"] is not None for each in everything["entries"]["nodes"])
    assert [
        each["person"]["name"] for each in everything["entries"]["nodes"] if each["touched"]
    ] == ["bo"]


def test_a_board_comes_in_parts(here: Served) -> None:
    calculated(here)
    north = here.ids["north"]
    one = here.data("hr", SALES_BOARD, unit=north, first=2)["liveBoard"]["entries"]
    assert (one["totalCount"], one["hasNext"]) == (5, True)
    two = here.data("hr", SALES_BOARD, unit=here.ids["north"], after=one["endCursor"])["liveBoard"][
        "entries"
    ]
    assert two["hasNext"] is False
    assert _names(one["nodes"] + two["nodes"]) == [
        (1, "eve"),
        (2, "anna"),
        (3, "bo"),
        (4, "chen"),
        (5, "dai"),
    ]


def test_a_group_below_the_privacy_minimum_has_no_middle(here: Served) -> None:
    calculated(here)
    assert here.data("fang", SALES_BOARD)["liveBoard"]["line"] is None
    assert here.data("hr", SALES_BOARD, unit=here.ids["south"])["liveBoard"]["line"] is not None


def test_a_changed_rule_asks_for_a_calculation_and_says_so(made: Served) -> None:
    calculated(made)
    later, of_now = changed(SALES, key="later"), changed(SALES, refresh="WEEKLY")
    october = date(2026, 10, 1)
    made.company.write(lambda w: define_metric(w, SYSTEM, later, valid_from=october))
    assert made.data("anna", SALES_BOARD)["liveBoard"]["own"]["rank"] == 2
    made.company.write(lambda w: define_metric(w, SYSTEM, of_now, valid_from=YEAR))
    answer = made.ask("anna", SALES_BOARD, "zh-CN")
    assert answer["data"] == {"liveBoard": None}
    (problem,) = answer["extensions"]["problems"]
    assert problem["code"] == "LIVE_BOARD_NEEDS_RUN"
    assert "重新计算 2026-09" in problem["message"]
    calculated(made)
    assert made.data("anna", SALES_BOARD)["liveBoard"]["own"]["rank"] == 2


def test_a_trial_is_started_from_by_whoever_may_see_trials(here: Served) -> None:
    calculated(here, Mode.TRIAL)
    assert here.codes("anna", SALES_BOARD) == ["RUN_MISSING"]
    assert here.codes("meng", SALES_BOARD) == ["RUN_MISSING"]
    shown = here.data("hr", SALES_BOARD, unit=here.ids["north"])["liveBoard"]
    assert len(shown["entries"]["nodes"]) == 5


@pytest.mark.parametrize(
    ("who", "given", "code"),
    [
        ("hr", {"unit": "unit_nowhere"}, "NOT_FOUND"),
        ("hr", {}, "BOARD_UNIT_NEEDED"),
        ("anna", {"after": "v1.bm8"}, "CURSOR_INVALID"),
        ("anna", {"first": 101}, "PAGE_SIZE_INVALID"),
    ],
)
def test_what_cannot_be_shown_is_refused(
    here: Served, who: str, given: dict[str, object], code: str
) -> None:
    calculated(here)
    assert here.codes(who, SALES_BOARD, **given) == [code]


def test_nothing_is_computed_of_a_measure_that_nobody_compares(here: Served) -> None:
    calculated(here)
    query = '{ liveBoard(period: "2026-09", measure: "nothing") { unit } }'
    assert here.codes("anna", query) == ["BOARD_MISSING"]


def test_a_closed_period_has_no_board_as_of_now(here: Served) -> None:
    calculated(here)
    close_period(here.runtime, SYSTEM, here.entity, "2026-09", accept_warnings=True)
    assert here.codes("anna", SALES_BOARD) == ["PERIOD_CLOSED"]
