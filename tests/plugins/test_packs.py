"""The industry pack we ship is right to the cent, and nothing of a pack is ever run."""

from __future__ import annotations

import json
import sys
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from domain.document import document_hash
from domain.metric import decode_metric, encode_metric
from domain.plan import decode_plan
from domain.plan_document import encode_plan
from domain.scorecard import decode_scorecard, encode_scorecard
from plugins.builtin import kpi_packs
from plugins.nouns import PackFile
from plugins.packs.reading import packs_from, run_examples
from tests.support.packs import CONTENT, FILE, TEXT, changed, places, shipped, written


def test_the_shipped_pack_is_handed_over_without_a_problem() -> None:
    packs, problems = packs_from([PackFile(id="consumer_goods", path=FILE)])
    assert problems == ()
    assert list(packs) == ["consumer_goods"]
    assert packs["consumer_goods"].version == "1.0.0"


def test_its_documents_are_canonical_for_their_decoders() -> None:
    pack = shipped()
    for document in pack.metrics:
        metric, problems = decode_metric(document)
        assert metric is not None
        assert (encode_metric(metric), problems) == (document, ())
    for document in pack.scorecards:
        card, problems = decode_scorecard(document)
        assert card is not None
        assert (encode_scorecard(card), problems) == (document, ())
    for document in pack.plans:
        plan, problems = decode_plan(document)
        assert plan is not None
        assert (encode_plan(plan), problems) == (document, ())


def test_every_kpi_of_the_case_is_there_under_its_permanent_key() -> None:
    keys = [str(each["key"]) for each in shipped().metrics]
    assert sorted(key.removeprefix("consumer_goods.") for key in keys) == [
        "active_customers",
        "collected_amount",
        "collection_rate",
        "complaints",
        "exam_score",
        "new_customer_share",
        "repurchase_share",
        "retention",
        "sales_amount",
        "sales_growth",
        "satisfaction",
        "trained_people",
        "trainings_per_month",
        "visits_per_week",
    ]


def test_the_card_weighs_a_hundred_and_shows_result_process_and_growth() -> None:
    (card,) = shipped().scorecards
    items: Any = card["items"]
    assert [item["weight"] for item in items] == ["40", "20", "20", "10", "10"]
    assert {item["dimension"] for item in items} == {"RESULT", "PROCESS", "GROWTH"}


def persons(example: Any) -> list[dict[str, Any]]:
    people: list[dict[str, Any]] = example["people"]
    return people


def test_every_example_of_the_shipped_pack_gives_its_numbers() -> None:
    pack = shipped()
    assert run_examples(pack) == ()
    numbers = [person["expect"] for each in pack.examples for person in persons(each)]
    assert len(pack.examples) == 13
    assert sum(len(each) for each in numbers) > 70


def off_by_a_little(text: str) -> str:
    truths = {"yes": "no", "no": "yes", "none": "0"}
    if text in truths:
        return truths[text]
    return f"{text}1" if "." in text else f"{text}.01"


def test_each_number_of_each_example_is_really_compared() -> None:
    pack = shipped()
    for place, example in enumerate(pack.examples):
        for index, person in enumerate(persons(example)):
            for line, number in person["expect"].items():
                examples = deepcopy(pack.examples)
                persons(examples[place])[index]["expect"][line] = off_by_a_little(number)
                where = f"examples[{place}].people[{index}].expect.{line}"
                found = run_examples(replace(pack, examples=examples))
                assert places(found) == [("pack_example_differs", where)]


@pytest.mark.parametrize(
    ("old", "new", "expected", "found"),
    [
        ('amount = "5000.00"', 'amount = "5000.01"', "5000", "5000.01"),
        ('rate = "0.01"', 'rate = "0.02"', "2000", "4000"),
        ('value = "0.75" }', 'value = "0.78" }', "yes", "no"),
        ('base = "TOTAL"', 'base = ["base_bonus"]', "7000", "5000"),
        ('"MORE_THAN", value = "0.75"', '"AT_LEAST", value = "0.75"', "no", "yes"),
        ("minimumCohort = 4", "minimumCohort = 6", "100000", "none"),
        ('value = "60000"', 'value = "59999.99"', "no", "yes"),
        ('cap = "1.5"', 'cap = "2"', "60", "80"),
    ],
)
def test_a_changed_rule_breaks_an_example(
    tmp_path: Path, old: str, new: str, expected: str, found: str
) -> None:
    pack, problems = changed(tmp_path, old, new)
    assert pack is not None
    assert problems == ()
    first = run_examples(pack)[0]
    assert first.code == "pack_example_differs"
    assert (first.values["expected"], first.values["found"]) == (expected, found)


def test_a_pack_that_breaks_its_own_examples_is_not_handed_over(tmp_path: Path) -> None:
    path = written(tmp_path, TEXT.replace('payout = "7700"', 'payout = "7500"', 1))
    packs, problems = packs_from([PackFile(id="consumer_goods", path=path)])
    assert packs == {}
    where = "examples[0].people[0].expect.payout"
    assert places(problems) == [("pack_example_differs", where)]


def test_an_example_that_names_no_line_or_an_inexact_number_says_so(tmp_path: Path) -> None:
    pack, _ = changed(tmp_path, '"base_bonus.amount" = "5000"', '"bonus.amount" = "5000"')
    assert pack is not None
    where = "examples[0].people[0].expect.bonus.amount"
    assert places(run_examples(pack)) == [("pack_line_unknown", where)]
    pack, _ = changed(tmp_path, 'actual = "1200000.00"', 'actual = "1200000.001"')
    assert pack is not None
    where = "examples[0].people[0].given.consumer_goods.sales_amount.actual"
    assert places(run_examples(pack)) == [("number_not_exact", where)]


def test_packs_with_another_or_the_same_id_are_refused_by_name(tmp_path: Path) -> None:
    ours = PackFile(id="consumer_goods", path=FILE)
    packs, problems = packs_from([PackFile(id="retail", path=FILE), ours])
    assert list(packs) == ["consumer_goods"]
    assert places(problems) == [("pack_id_differs", "id")]
    packs, problems = packs_from([ours, replace(ours, path=written(tmp_path, TEXT))])
    assert list(packs) == ["consumer_goods"]
    assert places(problems) == [("name_not_unique", "id")]


def test_a_broken_pack_never_stops_the_others(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("= 1", "utf-8")
    packs, problems = packs_from([PackFile(id="broken", path=broken), *kpi_packs()])
    assert list(packs) == [each.id for each in kpi_packs()]
    assert places(problems) == [("pack_not_toml", "broken.toml")]


def test_code_in_a_pack_is_a_text_and_never_runs(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    evil = f"import evil_pack; __import__('pathlib').Path({str(mark)!r}).touch()"
    for name in ("evil_pack.py", "__init__.py", "consumer_goods.py"):
        (tmp_path / name).write_text(f"open({str(mark)!r}, 'w').close()", "utf-8")
    before = set(sys.modules)
    text = TEXT.replace('en = "Consumer goods"', f"en = {json.dumps(evil)}")
    packs, problems = packs_from([PackFile(id="consumer_goods", path=written(tmp_path, text))])
    assert problems == ()
    assert packs["consumer_goods"].name["en"] == evil
    assert not {"evil_pack", "consumer_goods"} & (set(sys.modules) - before)
    assert not mark.exists()


@pytest.mark.parametrize("old", ['rate = "0.01"', 'kind = "RETURNING"', 'value = "4.8"'])
def test_code_in_place_of_a_number_or_a_formula_is_refused(tmp_path: Path, old: str) -> None:
    field = old.partition(" ")[0]
    pack, problems = changed(tmp_path, old, f"{field} = \"__import__('os').abort()\"")
    assert pack is None
    assert {code for code, _ in places(problems)} <= {"number_not_exact", "choice_unknown"}


def test_the_hash_is_of_the_content_and_not_of_the_comments(tmp_path: Path) -> None:
    before = shipped().hash
    pack, _ = changed(tmp_path, "# Results", "# Results, in other words")
    assert pack is not None
    assert pack.hash == before == document_hash(CONTENT)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('amount = "5000.00"', 'amount = "5000.01"'),
        ('zh-CN = "销售额"', 'zh-CN = "销售金额"'),
        ('payout = "7700"', 'payout = "7701"'),
        ('version = "1.0.0"', 'version = "1.0.1"'),
    ],
)
def test_the_hash_changes_with_the_content(tmp_path: Path, old: str, new: str) -> None:
    pack, _ = changed(tmp_path, old, new)
    assert pack is not None
    assert pack.hash != shipped().hash
