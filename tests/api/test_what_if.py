"""A payee asks the own plan: what is the next order worth, how much for this pay, the curve."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile

import pytest
from graphql import build_schema, parse, validate

from actions.calculate import Mode
from tests.api.company import Served, calculated, served
from tests.support.source import ROOT

PAGE = (ROOT / "docs" / "what-if.md").read_text("utf-8")
SCHEMA = build_schema((ROOT / "schema.graphql").read_text("utf-8"))

WHAT_IF = """query($metric: String!, $add: Decimal!, $person: ID) {
  payWhatIf(period: "2026-09", metric: $metric, add: $add, person: $person) {
    person { name } run { mode } now { value } then { value } text held
    before { amount } after { amount } difference { amount }
    changes { before { name number { text } } after { text number { text } } }
    scoreChanges { after { name number { value } } }
} }"""
GOAL = """query($amount: Decimal!, $person: ID) {
  payGoal(period: "2026-09", metric: "sales", amount: $amount, person: $person) {
    outcome now { value } needed { value } more { value } pays { amount } beside { amount }
    ranges { low { value } high { value } } most { amount } mostAt { value }
    limits { name text } text
} }"""
CURVE = """query($low: Decimal!, $high: Decimal!) {
  payCurve(period: "2026-09", metric: "sales", low: $low, high: $high) {
    now { at { value } pays { amount } } points { at { value } pays { amount } }
} }"""


@pytest.fixture(scope="module")
def here(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One company for all questions: they change nothing."""
    folder = tmp_path_factory.mktemp("what_if")
    copyfile(_sqlite_template, folder / "attain.db")
    with served(f"sqlite:///{folder / 'attain.db'}", folder) as found:
        calculated(found)
        yield found


def test_the_order_that_crosses_the_target_is_worth_its_bonus_and_says_why(here: Served) -> None:
    found = here.data("chen", WHAT_IF, metric="sales", add="0.01")["payWhatIf"]
    assert (found["now"]["value"], found["then"]["value"]) == ("999999.99", "1000000.00")
    assert found["before"]["amount"] == "0.00"
    assert found["difference"]["amount"] == "5500.00"
    assert found["text"] == (
        "CN¥0.01 more of sales is worth CN¥5,500.00: the pay goes from CN¥0.00 to CN¥5,500.00."
    )
    names = [line["before"]["name"] for line in found["changes"]]
    assert {"base_bonus.met", "base_bonus.amount", "retention_kicker.amount"} <= set(names)
    assert "the colleagues with their median and ranks" in found["held"]
    names = [line["after"]["name"] for line in found["scoreChanges"]]
    assert names == ["sales.actual", "sales.met"]  # a cent does not move the score itself


def test_the_same_is_said_in_chinese(here: Served) -> None:
    found = here.data("chen", WHAT_IF, "zh-CN", metric="sales", add="0.01")["payWhatIf"]
    assert found["text"] == "sales 再增加 ¥0.01，奖金从 ¥0.00 变为 ¥5,500.00，相差 ¥5,500.00。"


def test_a_refund_may_cost_more_than_its_share(here: Served) -> None:
    found = here.data("bo", WHAT_IF, metric="sales", add="-0.01")["payWhatIf"]
    assert found["difference"]["amount"] == "-5000.00"


def test_how_much_for_this_pay_is_solved_to_the_cent(here: Served) -> None:
    found = here.data("anna", GOAL, amount="10000")["payGoal"]
    assert found["outcome"] == "REACHED"
    assert found["needed"]["value"] == "1409090.50"
    assert found["more"]["value"] == "209090.50"
    assert (found["pays"]["amount"], found["beside"]["amount"]) == ("10000.00", "9999.99")
    assert found["ranges"] == [{"low": {"value": "1409090.50"}, "high": None}]


def test_a_shut_gate_is_named_when_its_metric_alone_would_pay(here: Served) -> None:
    query = GOAL.replace('"sales"', '"retention"')
    found = here.data("dai", query, amount="1")["payGoal"]
    assert found["outcome"] == "UNREACHABLE"
    assert found["most"]["amount"] == "0.00"
    assert {line["name"] for line in found["limits"]} == {"base_bonus.met", "excess_share.met"}
    assert found["text"].startswith("CN¥1.00 cannot be earned by retention alone.")


def test_the_curve_has_a_corner_on_either_side_of_the_jump(here: Served) -> None:
    found = here.data("anna", CURVE, low="0", high="2000000")["payCurve"]
    points = [(each["at"]["value"], each["pays"]["amount"]) for each in found["points"]]
    assert points == [
        ("0.00", "0.00"),
        ("999999.99", "0.00"),
        ("1000000.00", "5500.00"),
        ("2000000.00", "16500.00"),
    ]
    assert found["now"] == {"at": {"value": "1200000.00"}, "pays": {"amount": "7700.00"}}


def test_a_metric_that_pays_nothing_is_refused_with_those_that_do(here: Served) -> None:
    answer = here.ask("anna", WHAT_IF, metric="complaints", add="1")
    (problem,) = answer["extensions"]["problems"]
    assert problem["code"] == "WHAT_IF_METRIC_UNUSED"
    assert "retention, sales, visits" in problem["message"]
    assert here.codes("anna", WHAT_IF, metric="sales", add="0.001") == ["NUMBER_NOT_EXACT"]
    assert here.codes("anna", CURVE, low="5", high="1") == ["NUMBER_OUT_OF_RANGE"]


def test_before_anything_is_posted_the_newest_trial_answers(
    database_url: str, tmp_path: Path
) -> None:
    """The statement stays closed until then; an estimate is wanted just before."""
    with served(database_url, tmp_path) as made:
        assert made.codes("anna", GOAL, amount="10000") == ["RUN_MISSING"]
        calculated(made, Mode.TRIAL)
        found = made.data("anna", WHAT_IF, metric="sales", add="1")["payWhatIf"]
        assert (found["run"]["mode"], found["before"]["amount"]) == ("TRIAL", "7700.00")
        statement = '{ statement(period: "2026-09") { hash } }'
        assert made.codes("anna", statement) == ["RUN_MISSING"]
        assert made.codes("bo", GOAL, amount="1", person=made.ids["anna"]) == ["NOT_FOUND"]


def test_only_who_may_see_the_pay_may_ask(here: Served) -> None:
    anna = here.ids["anna"]
    assert here.data("hr", GOAL, amount="10000", person=anna)["payGoal"]["outcome"] == "REACHED"
    for who in ("bo", "meng", "admin"):
        answer = here.ask(who, GOAL, amount="10000", person=anna)
        assert "REACHED" not in str(answer)
    assert here.codes("bo", GOAL, amount="10000", person=anna) == ["NOT_FOUND"]
    assert here.codes(None, GOAL, amount="10000", person=anna) == ["SIGN_IN_REQUIRED"]


@pytest.mark.parametrize("query", re.findall(r"```graphql\n(.+?)```", PAGE, re.DOTALL))
def test_the_questions_on_the_page_fit_the_schema(query: str) -> None:
    assert validate(SCHEMA, parse(query)) == []
