"""HR tries a plan on a posted period; whoever may not see all pay does not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from graphql import build_schema, parse, validate
from typer.testing import CliRunner

from actions.jobs import work_once
from attain.cli import app
from tests.api.company import Served, calculated, served
from tests.support.keys import KEY
from tests.support.rules import PLAN, changed
from tests.support.source import ROOT

ASK = """query($document: Document!, $periods: [Period!]!, $scope: ScopeInput) {
  planBacktest(document: $document, periods: $periods, scope: $scope) {
    periods problems { code } absolute { people }
    plan {
      absolute people notComparable winners losers same gained { amount } lost { amount }
      before { total { amount } without deciles { amount } } after { total { amount } without }
      rankMoved top leftTop gathered { period metrics }
      teams { name hidden people winners losers before { amount } after { amount } withoutAfter }
      platforms { name } tenures { key hidden people }
      biggestWinners { person { name } before { amount } after { amount } }
      biggestLosers { person { name } after { amount } }
} } }"""
BEFORE = 'query { calculations(period: "2026-09") { payout { amount } } }'
FIRST, *REST = PLAN["components"]
DEARER: dict[str, Any] = changed(PLAN, components=[FIRST | {"amount": "9000.00"}, *REST])


@pytest.fixture(scope="module")
def here(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One company for all questions: they change nothing."""
    folder = tmp_path_factory.mktemp("backtest")
    copyfile(_sqlite_template, folder / "attain.db")
    with served(f"sqlite:///{folder / 'attain.db'}", folder) as found:
        calculated(found)
        yield found


def _tried(here: Served, document: object = DEARER, **more: Any) -> Any:
    found = here.data("hr", ASK, document=document, periods=["2026-09"], **more)
    return found["planBacktest"]


def test_hr_sees_what_a_plan_would_have_cost_and_who_wins(here: Served) -> None:
    found = _tried(here, scope={"positions": ["sales"]})
    plan = found["plan"]
    paid = here.data("hr", BEFORE)["calculations"][0]["payout"]["amount"]
    assert plan["before"]["total"]["amount"] == paid
    # Anna, Bo and Eve meet the target: 4,000.00 more each, and a tenth on top for Anna.
    assert plan["gained"]["amount"] == "12400.00"
    assert (plan["winners"], plan["losers"], plan["same"]) == (3, 0, 4)
    assert {each["person"]["name"] for each in plan["biggestWinners"]} == {"anna", "bo", "eve"}
    assert plan["biggestWinners"][0]["person"]["name"] == "anna"
    assert plan["after"]["without"] == 4
    assert (found["problems"], found["absolute"], plan["gathered"]) == ([], None, [])


def test_a_group_of_few_is_not_shown_and_nothing_gives_it_away(here: Served) -> None:
    north, south = _tried(here)["plan"]["teams"]
    # Two people in the south: with the north and the total beside it, it would be plain.
    assert (north["hidden"], south["hidden"]) == (True, True)
    assert all(north[name] is None for name in ("people", "winners", "before", "withoutAfter"))


@pytest.mark.parametrize("who", ["anna", "meng", "auditor", "admin", None])
def test_whoever_may_not_see_all_pay_is_refused(here: Served, who: str | None) -> None:
    answer = here.ask(who, ASK, document=DEARER, periods=["2026-09"])
    assert not (answer["data"] or {}).get("planBacktest")
    assert here.codes(who, ASK, document=DEARER, periods=["2026-09"])
    assert "amount" not in json.dumps(answer)


def test_a_period_that_was_not_posted_and_a_plan_that_is_none_are_refused(here: Served) -> None:
    asked = {"document": DEARER, "periods": ["2026-08"]}
    assert here.codes("hr", ASK, **asked) == ["BACKTEST_NOT_POSTED"]
    assert here.codes("hr", ASK, **asked | {"periods": ["2026-Q3"]}) == ["BACKTEST_OTHER_CADENCE"]
    assert here.codes("hr", ASK, **asked | {"document": {}}) == ["BACKTEST_PLAN_INVALID"]
    many = [f"20{year}-01" for year in range(10, 24)]
    assert here.codes("hr", ASK, **asked | {"periods": many}) == ["NUMBER_OUT_OF_RANGE"]


def _at_home(here: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a command use the database of the server."""
    monkeypatch.setenv("ATTAIN_DATA", str(tmp_path))
    monkeypatch.setenv("ATTAIN_DATABASE_URL", f"sqlite:///{here.runtime.engine.url.database}")
    (tmp_path / "attain.key").write_text(KEY.hex() + "\n", "ascii")
    (tmp_path / "attain.key").chmod(0o600)


def test_the_command_prints_the_same(
    here: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _at_home(here, tmp_path, monkeypatch)
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(DEARER), "utf-8")
    done = CliRunner().invoke(
        app, ["backtest", str(file), "--periods", "2026-09", "--locale", "en"]
    )
    assert done.exit_code == 0, done.output
    assert "people 8  win 3  lose 0  same 5" in done.output
    assert "team north  -" in done.output
    assert "+ anna  " in done.output


FORECAST = """query($scenarios: [ScenarioInput!], $document: Document) {
  planForecast(through: "2026-11", newcomers: AS_TEAM, scenarios: $scenarios, document: $document) {
    periods today newcomers likely problems { code }
    whole { name least { amount } likely { amount } most { amount } leastIn mostIn }
    months { key least { amount } most { amount } } teams { name hidden least { amount } mostIn }
    scenarios {
      name repeats level changes { factor metric unit platform }
      cost { total { amount text } people without notKnown }
      months { period repeated newcomers offGoal uncut cost { total { amount } }
        teams { name hidden cost { people } } }
      teams { name hidden cost { total { amount } } }
} } }"""
COMMISSION = {
    "id": "commission",
    "kind": "RATE",
    "name": FIRST["name"],
    "missing": "ZERO",
    "metric": "sales",
    "rate": "0.01",
    "negative": "KEEP",
}
SHARED: dict[str, Any] = changed(PLAN, components=[COMMISSION])
LATEST = {"repeats": "LATEST", "level": "AS_REPEATED"}
SCENARIOS = [
    {"name": "same", **LATEST},
    {"name": "more", **LATEST, "changes": [{"factor": "1.20", "metric": "sales"}]},
]


def test_hr_sees_what_the_months_to_come_cost_and_what_was_assumed(here: Served) -> None:
    found = here.data("hr", FORECAST, scenarios=SCENARIOS, document=SHARED)["planForecast"]
    assert found["periods"] == ["2026-10", "2026-11"]
    same, more = found["scenarios"]
    assert {each["repeated"] for each in same["months"]} == {"2026-09"}
    assert more["changes"] == [
        {"factor": "1.200000", "metric": "sales", "unit": None, "platform": None}
    ]
    assert found["whole"]["likely"]["amount"] == same["cost"]["total"]["amount"]
    assert found["whole"]["most"]["amount"] == more["cost"]["total"]["amount"]
    assert (found["whole"]["mostIn"], found["likely"], found["problems"]) == ("more", "same", [])
    # Two people in the south: their cost is shown nowhere, and nothing gives it away.
    for teams in (found["teams"], same["teams"], same["months"][0]["teams"]):
        assert {each["name"]: each["hidden"] for each in teams} == {"north": True, "south": True}
    assert all(each["cost"] is None for each in same["teams"])
    assert all(each["least"] is None for each in found["teams"])


@pytest.mark.parametrize("who", ["anna", "meng", "auditor", "admin", None])
def test_whoever_may_not_see_all_pay_sees_no_forecast(here: Served, who: str | None) -> None:
    answer = here.ask(who, FORECAST)
    assert not (answer["data"] or {}).get("planForecast")
    assert here.codes(who, FORECAST)


@pytest.mark.parametrize(
    ("factor", "code"), [("0.1234567", "NUMBER_NOT_EXACT"), ("-1", "NUMBER_OUT_OF_RANGE")]
)
def test_a_factor_that_cannot_be_is_refused(here: Served, factor: str, code: str) -> None:
    asked = [{"name": "same", **LATEST, "changes": [{"factor": factor}]}]
    assert here.codes("hr", FORECAST, scenarios=asked) == [code]


def test_the_command_forecasts_with_its_assumptions(
    here: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _at_home(here, tmp_path, monkeypatch)
    through = f"{datetime.now(tz=UTC).year + 1}-01"  # the command has the machine's clock
    last_year = {"repeats": "LAST_YEAR", "level": "AT_TARGET"}
    scenarios = [{"name": "good", **last_year, "changes": [{"factor": "1.20", "metric": "sales"}]}]
    for name, content in (("plan", SHARED), ("scenarios", scenarios)):
        (tmp_path / f"{name}.json").write_text(json.dumps(content), "utf-8")
    done = CliRunner().invoke(app, [
        "forecast", "--through", through, "--newcomers", "AS_TEAM", "--locale", "en",
        "--plan", str(tmp_path / "plan.json"), "--scenarios", str(tmp_path / "scenarios.json"),
    ])  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "team north  -" in done.output
    assert "good  LAST_YEAR  AT_TARGET" in done.output
    assert "x 1.2  sales" in done.output


FAIR = """query($flow: String!) {
  goalFairness(period: "2026-09", metric: "sales", flow: $flow) {
    together apart whole { people attainment { value } flowPerHead { value } adjusted { value } }
    groups { name hidden people attainment { value } adjusted { value } }
} }"""


def test_attainment_is_seen_beside_what_people_were_given(here: Served) -> None:
    found = here.data("hr", FAIR, flow="sales")["goalFairness"]
    assert found["whole"]["adjusted"] == found["whole"]["attainment"]
    assert all(each["hidden"] and each["adjusted"] is None for each in found["groups"])
    assert (found["together"], found["apart"]) == (None, None)
    assert here.codes("hr", FAIR, flow="retention") == ["METRIC_NOT_ADDITIVE"]
    assert here.codes("hr", FAIR, flow="nothing") == ["METRIC_UNKNOWN"]
    for who in ("anna", "meng", None):
        assert here.codes(who, FAIR, flow="sales")


START = """mutation($input: PlanBacktestStartInput!) { planBacktestStart(input: $input) {
  ... on PlanBacktestStartSuccess { job { id state steps } } ... on InvalidProblem { code }
  ... on ForbiddenProblem { code } } }"""
JOB = "query($id: ID!) { job(id: $id) { state stepsDone steps problem { code } %s } }"


def _answers_of(text: str) -> str:
    """Take the fields of an answer from a question for it."""
    inner = text[text.index("{", text.index("Backtest(" if "Backtest(" in text else "Forecast(")) :]
    return inner[: inner.rindex("}")]


def _queued(here: Served, text: str, **asked: Any) -> str:
    found = here.data("hr", text, input={"idempotencyKey": f"key-{len(text)}-0001", **asked})
    (name,) = found
    job: str = found[name]["job"]["id"]
    return job


def test_a_trial_that_is_queued_holds_the_answer_that_asking_gives(here: Served) -> None:
    scope = {"positions": ["sales"]}
    job = _queued(here, START, document=DEARER, periods=["2026-09"], scope=scope)
    asked = JOB % f"backtest {_answers_of(ASK)}"
    assert here.data("hr", asked, id=job)["job"]["state"] == "QUEUED"
    assert work_once(here.runtime)
    done = here.data("hr", asked, id=job)["job"]
    assert (done["state"], done["stepsDone"], done["steps"]) == ("DONE", 1, 1)
    assert done["backtest"] == _tried(here, scope=scope)
    for who in ("anna", "meng", "auditor", "admin"):
        answer = here.ask(who, asked, id=job)
        assert not ((answer["data"] or {}).get("job") or {}).get("backtest")
        assert "amount" not in json.dumps(answer)


def test_a_forecast_that_is_queued_holds_the_answer_that_asking_gives(here: Served) -> None:
    start = START.replace("Backtest", "Forecast")
    asked = {"through": "2026-11", "newcomers": "AS_TEAM", "scenarios": SCENARIOS}
    job = _queued(here, start, document=SHARED, **asked)
    assert work_once(here.runtime)
    done = here.data("hr", JOB % f"forecast {_answers_of(FORECAST)}", id=job)["job"]
    assert (done["state"], done["stepsDone"], done["steps"]) == ("DONE", 2, 2)
    now = here.data("hr", FORECAST, scenarios=SCENARIOS, document=SHARED)["planForecast"]
    assert done["forecast"] == now


def test_what_a_queued_trial_cannot_do_is_said_at_once_or_by_the_job(here: Served) -> None:
    given = {"idempotencyKey": "key-wrong-0001", "document": {}, "periods": ["2026-09"]}
    assert here.data("hr", START, input=given)["planBacktestStart"] == {
        "code": "BACKTEST_PLAN_INVALID"
    }
    given |= {"document": DEARER}
    assert here.data("auditor", START, input=given)["planBacktestStart"] == {"code": "FORBIDDEN"}
    job = _queued(here, f"{START} ", document=DEARER, periods=["2026-08"])
    assert work_once(here.runtime)
    done = here.data("hr", JOB % "backtest { periods }", id=job)["job"]
    assert (done["state"], done["backtest"]) == ("FAILED", None)
    assert done["problem"]["code"] == "BACKTEST_NOT_POSTED"


def test_a_plan_of_which_a_trial_found_more_losers_is_not_called_sound(here: Served) -> None:
    poorer = changed(PLAN, components=[FIRST | {"amount": "4000.00"}, *REST])
    lint = "query($document: Document!) { planLint(document: $document) { findings { code } } }"

    def codes() -> set[str]:
        found = here.data("hr", lint, document=poorer)["planLint"]["findings"]
        return {each["code"] for each in found}

    assert "MORE_LOSE_THAN_WIN" not in codes()
    _queued(here, f"{START}  ", document=poorer, periods=["2026-09"])
    assert work_once(here.runtime)
    assert "MORE_LOSE_THAN_WIN" in codes()


@pytest.mark.parametrize("name", ["planBacktest(", "planForecast(", "planBacktestStart("])
def test_the_example_of_the_page_is_a_question_of_the_schema(name: str) -> None:
    page = (ROOT / "docs" / "what-if.md").read_text("utf-8")
    schema = build_schema((ROOT / "schema.graphql").read_text("utf-8"))
    found = [each for each in re.findall(r"```graphql\n(.*?)```", page, re.DOTALL) if name in each]
    assert len(found) == 1
    assert validate(schema, parse(found[0])) == []
