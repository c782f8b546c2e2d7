"""Every industry pack we ship reads clean, proves its numbers, and speaks both languages."""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from domain.pack_choice import Offer, SellingWay, Survey, suggest
from plugins.builtin import kpi_packs
from plugins.packs.pack import Pack
from plugins.packs.reading import packs_from, run_examples
from tests.support.packs import changed, places

PACKS, PROBLEMS = packs_from(kpi_packs())
HAN = re.compile("[\u4e00-\u9fff]")

each_pack = pytest.mark.parametrize("pack", PACKS.values(), ids=list(PACKS))


def test_every_file_of_the_folder_is_a_pack_without_a_problem_or_a_warning() -> None:
    assert PROBLEMS == ()
    assert list(PACKS) == [file.id for file in kpi_packs()]
    assert list(PACKS) == [
        "consumer_goods",
        "financial_sales",
        "industrial_goods",
        "internet_okr",
        "online_platforms",
        "retail_stores",
        "saas",
        "small_company",
    ]


def test_the_same_file_is_read_and_tried_once() -> None:
    again, _ = packs_from(kpi_packs())
    assert all(again[name] is PACKS[name] for name in PACKS)


def off_by_a_little(text: str) -> str:
    truths = {"yes": "no", "no": "yes", "none": "0"}
    return truths.get(text) or (f"{text}1" if "." in text else f"{text}.01")


@each_pack
def test_each_number_of_its_examples_is_really_compared(pack: Pack) -> None:
    examples: Any = deepcopy(pack.examples)
    wanted = []
    for place, example in enumerate(examples):
        for index, person in enumerate(example["people"]):
            for line, number in person["expect"].items():
                person["expect"][line] = off_by_a_little(number)
                where = f"{pack.file}/examples[{place}].people[{index}].expect.{line}"
                wanted.append(("pack_example_differs", where))
    found = run_examples(replace(pack, examples=examples))
    assert [(each.code, each.path) for each in found] == wanted
    assert len(wanted) > 20


def _units(document: Any) -> dict[str, str]:
    units: dict[str, str] = document["units"]
    return units


@each_pack
def test_it_says_whom_it_suits_and_that_its_amounts_are_examples(pack: Pack) -> None:
    assert pack.suits
    rationales = [str(source["title"]) for source in pack.sources]
    assert any("are examples" in title for title in rationales)


def test_the_roles_of_a_small_company_give_the_ninety_points_of_the_case() -> None:
    (case,) = [each for each in PACKS["small_company"].examples if each["id"] == "the_case"]
    people: Any = case["people"]
    assert people[0]["expect"]["score"] == "90"
    weights = {
        str(card["key"]).partition(".")[2]: [item["weight"] for item in items(card)]
        for card in PACKS["small_company"].scorecards
    }
    assert weights["sales_card"] == ["40", "30", "20", "10"]
    assert set(weights) == {"sales_card", "marketing_card", "success_card"}


def test_the_same_numbers_score_differently_on_a_high_end_platform() -> None:
    examples: Any = PACKS["online_platforms"].examples
    mature, premium = (
        next(each for each in examples if each.get("scorecard") == f"online_platforms.{name}")
        for name in ("mature_card", "premium_card")
    )
    assert mature["people"][0]["given"] == premium["people"][0]["given"]
    scores = [each["people"][0]["expect"]["score"] for each in (mature, premium)]
    assert scores == ["104", "95"]


def test_no_plan_pays_for_grades_of_okr() -> None:
    pack = PACKS["internet_okr"]
    okr = {str(each["key"]) for each in pack.metrics if "okr" in str(each["tags"])}
    assert len(okr) == 4
    paid = {metric for plan in pack.plans for metric in _units(plan)}
    (card,) = [each for each in pack.scorecards if str(each["key"]).endswith("kpi_card")]
    assert not okr & (paid | {item["metric"] for item in items(card)})


def test_somebody_without_a_compliance_review_is_paid_nothing() -> None:
    (edges,) = [e for e in PACKS["financial_sales"].examples if e["id"] == "compliance_edges"]
    people: Any = edges["people"]
    unreviewed = [each for each in people if "financial_sales.violations" not in each["given"]]
    assert [each["expect"]["payout"] for each in unreviewed] == ["0"]


def items(card: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = card.get("items", [])
    return found


def test_a_synonym_of_a_kpi_that_is_not_there_is_named(tmp_path: Path) -> None:
    pack, problems = changed(tmp_path, '"consumer_goods.retention" = { zh', '"x.y" = { zh')
    assert pack is None
    assert places(problems) == [("metric_not_in_pack", "synonyms.x.y")]


@pytest.mark.parametrize(
    ("said", "survey"),
    [
        ("consumer_goods", {"industry": "消费品", "selling": ["FIELD_VISITS"], "people": 80}),
        ("industrial_goods", {"industry": "machinery", "selling": ["KEY_ACCOUNTS"]}),
        ("saas", {"industry": "软件", "selling": ["INSIDE_SALES"], "cycle_days": 45}),
        ("retail_stores", {"industry": "门店", "selling": ["STORES"], "people": 200}),
        ("online_platforms", {"industry": "e-commerce", "selling": ["ONLINE"]}),
        ("internet_okr", {"industry": "互联网", "selling": ["ONLINE"], "people": 300}),
        ("financial_sales", {"industry": "保险", "selling": ["AGENTS"], "collects_cash": True}),
        ("small_company", {"people": 8, "cycle_days": 30}),
    ],
)
def test_a_company_of_the_industry_is_led_to_its_pack_first(said: str, survey: Any) -> None:
    ways = frozenset(SellingWay(way) for way in survey.get("selling", ()))
    offers = [
        Offer(
            pack=pack.id,
            industry=pack.industry,
            names=tuple(pack.name.values()),
            suits=pack.suits,
        )
        for pack in PACKS.values()
    ]
    assert suggest(Survey(**{**survey, "selling": ways}), offers)[0].pack == said
