"""HR tries a pack on posted periods before it is installed; whoever may not see pay does not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from graphql import parse, validate

from actions.pack_pins import pin_of
from domain.pack_layer import changed_layer
from domain.pack_rules import settled
from plugins.builtin import kpi_packs
from plugins.packs.reading import packs_from
from tests.api.company import Served, calculated, served
from tests.support import shared
from tests.support.pack_versions import BONUS, CARD_KEY, FIRST, PLAN_KEY, weight
from tests.support.source import ROOT

ASK = """query($trial: PackTrialInput, $periods: [Period!]) {
  packPreview(pack: "shop", trial: $trial, periods: $periods) {
    pack packVersion packHash periods problems { code message }
    cards { key hidden people results before { scored deciles { text } }
      after { scored deciles { text } } }
    kpis { key computable facts absent people of feeding { feed lacks { message } } }
    pay { people winners losers before { total { amount } } after { total { amount }
      deciles { amount } } teams { name hidden }
      biggestWinners { person { name } after { amount } } } } }"""
PERSON = """query($person: ID!, $trial: PackTrialInput) {
  packPreviewPerson(pack: "shop", period: "2026-09", person: $person, trial: $trial) {
    person { name } period scoreBefore { text } scoreAfter { text } before { amount currency }
    after { amount currency } scoreLines { name text }
    lines { name kind key text number { text } } } }"""
SHIPPED = packs_from(kpi_packs())[0]
GOALS = [
    {"metric": "shop.sales", "like": "sales"},
    {"metric": "shop.retention", "target": "0.75"},
]
SELLERS = {"scope": {"positions": ["sales"]}}
TRIAL: dict[str, Any] = {
    "goals": GOALS,
    "documents": [{"document": CARD_KEY, **SELLERS}, {"document": PLAN_KEY, **SELLERS}],
}


@pytest.fixture(scope="module")
def here(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One company for all questions: they change nothing."""
    folder = tmp_path_factory.mktemp("pack-preview")
    copyfile(_sqlite_template, folder / "attain.db")
    with served(f"sqlite:///{folder / 'attain.db'}", folder) as found:
        calculated(found)
        found.runtime = replace(found.runtime, packs={**SHIPPED, "shop": FIRST})
        found.server = replace(found.server, actions=found.runtime)
        found.app = shared.app(found.server)
        yield found


def _tried(here: Served, **more: Any) -> Any:
    return here.data("hr", ASK, trial=TRIAL | more)["packPreview"]


def test_hr_sees_what_a_pack_would_have_paid_and_scored(here: Served) -> None:
    found = _tried(here)
    assert (found["packVersion"], found["periods"]) == ("1.0.0", ["2026-09"])
    pay = found["pay"]
    # Anna, Bo and Eve meet the target: the bonus of 5,000.00 each and nothing on top.
    assert pay["after"]["total"]["amount"] == "15000.00"
    assert (pay["people"], pay["winners"]) == (7, 0)
    assert pay["losers"] > 0
    assert {each["hidden"] for each in pay["teams"]} == {True}
    (card,) = found["cards"]
    assert (card["hidden"], card["people"], card["after"]["scored"]) == (False, 7, 7)
    assert len(card["after"]["deciles"]) == 11
    sales, _, calls = found["kpis"]
    assert (sales["computable"], sales["people"], sales["of"]) == (True, 7, 7)
    assert (calls["computable"], calls["absent"], calls["feeding"]["feed"]) == (
        False,
        ["call"],
        "RED",
    )
    assert found["problems"] == []


def test_what_stands_in_the_way_is_said_and_nobody_is_counted_as_zero(here: Served) -> None:
    found = _tried(here, goals=[])
    assert {each["code"] for each in found["problems"]} == {"GOAL_MISSING"}
    assert found["cards"][0]["after"] == {"scored": 0, "deciles": []}


def test_a_card_of_few_people_is_hidden(here: Served) -> None:
    few = {"scope": {"people": [here.ids["fang"], here.ids["gao"]]}}
    found = _tried(here, documents=[{"document": CARD_KEY, **few}])
    assert found["cards"] == [
        {
            "key": CARD_KEY,
            "hidden": True,
            "people": None,
            "results": None,
            "before": None,
            "after": None,
        }
    ]


def test_one_person_is_explained_line_by_line(here: Served) -> None:
    asked = TRIAL | {"overrides": {BONUS: "7000"}}
    found = here.data("hr", PERSON, person=here.ids["anna"], trial=asked)["packPreviewPerson"]
    assert found["person"]["name"] == "anna"
    assert found["after"] == {"amount": "7000.00", "currency": "CNY"}
    assert found["scoreBefore"]["text"] != found["scoreAfter"]["text"]
    bonus = next(line for line in found["lines"] if line["key"] == "base_bonus")
    assert "Base bonus" in bonus["text"] or "7,000" in bonus["text"]
    assert found["lines"][-1]["name"] == "payout"
    before, asked = (
        found["before"],
        TRIAL | {"overrides": {f"plans/key={PLAN_KEY}/currency": "USD"}},
    )
    found = here.data("hr", PERSON, person=here.ids["anna"], trial=asked)["packPreviewPerson"]
    assert (found["before"], found["after"]["currency"]) == (before, "USD")
    unknown = here.ask("hr", PERSON, person="per_nobody", trial=TRIAL)
    assert unknown["extensions"]["problems"][0]["code"] in {"RESULT_MISSING", "NOT_FOUND"}


def test_a_wrong_trial_is_refused_by_name(here: Served) -> None:
    wrong = {"overrides": {weight("sales"): "90"}}
    assert here.codes("hr", ASK, trial=TRIAL | wrong) == ["PACK_RULES_INVALID"]
    both = {"goals": [{"metric": "shop.sales", "like": "sales", "target": "1"}]}
    assert here.codes("hr", ASK, trial=TRIAL | both) == ["FIELD_MISSING"]
    assert here.codes("hr", ASK, trial=TRIAL, periods=["2026-08"]) == ["BACKTEST_NOT_POSTED"]


@pytest.mark.parametrize("who", ["anna", "meng", "auditor", "admin", None])
def test_whoever_may_not_see_all_pay_is_refused(here: Served, who: str | None) -> None:
    answer = here.ask(who, ASK, trial=TRIAL)
    assert not (answer["data"] or {}).get("packPreview")
    alone = here.ask(who, PERSON, person=here.ids["anna"], trial=TRIAL)
    assert not (alone["data"] or {}).get("packPreviewPerson")


TEXT = (ROOT / "docs/packs.md").read_text("utf-8")
PAGE = re.findall(r"```graphql\n(.+?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("query", PAGE, ids=[re.sub(r"\W+", " ", each)[:40] for each in PAGE])
def test_every_query_of_the_page_is_one_that_the_schema_knows(query: str) -> None:
    schema = shared.schema()
    assert validate(schema.core, parse(query)) == []
    assert schema.documents.errors(query, {}) == []


def test_the_preview_of_the_page_is_answered(here: Served) -> None:
    (query,) = (each for each in PAGE if "packPreview(" in each)
    # The page asks in the words of the demo company; here they are called otherwise.
    query = query.replace('"consumer_goods.sales_amount"', '"sales"').replace("销售代表", "sales")
    found = here.data("hr", query)["packPreview"]
    assert (found["packVersion"], found["periods"]) == ("1.0.0", ["2026-09"])
    assert found["pay"]["after"]["total"]["amount"] != "0.00"
    assert len(found["kpis"]) == 14


def test_the_layer_of_the_page_fits_the_pack_it_is_for() -> None:
    (written,) = re.findall(r"```json\n(.+?)```", TEXT, re.DOTALL)
    base = pin_of(SHIPPED["saas"]).leaves
    layer, problems = changed_layer(base, {}, json.loads(written))
    assert problems == ()
    _, rules, wrong = settled("saas", base, layer)
    assert wrong == ()
    assert len(rules.plans) == len(SHIPPED["saas"].plans)
