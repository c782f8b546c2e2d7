"""Every way to be wrong in a pack is a problem with a code, a place and a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.problem import Severity
from messages.render import Locale
from plugins.packs import reading
from plugins.packs.reading import read_pack
from tests.support import sentences
from tests.support.packs import TEXT, changed, places, written

RETENTION_IN_CARD = 'metric = "consumer_goods.retention"\nunit = '

# what is wrong: the text, what stands there instead, the code and the place of the problem
MISTAKES = {
    "an unknown field in the head": (
        'industry = "consumer_goods"',
        'industry = "consumer_goods"\nauthor = "me"',
        "field_unknown",
        "author",
    ),
    "an unknown field in a formula": (
        'formula = { kind = "SUM", fact = "payment"',
        'formula = { unti = "CNY", kind = "SUM", fact = "payment"',
        "field_unknown",
        "metrics[1].formula.unti",
    ),
    "an unknown formula": (
        'kind = "RETURNING"',
        'kind = "RETURN"',
        "choice_unknown",
        "metrics[3].formula.kind",
    ),
    "a wrong unit in the card": (
        RETENTION_IN_CARD + '"RATIO"',
        RETENTION_IN_CARD + '"POINT"',
        "unit_differs",
        "scorecards[0].items[2].unit",
    ),
    "a unit that does not exist": (
        'unit = "POINT"\nempty',
        'unit = "STARS"\nempty',
        "unit_unknown",
        "metrics[11].unit",
    ),
    "an unknown metric in the card": (
        'metric = "consumer_goods.visits_per_week"',
        'metric = "consumer_goods.visits"',
        "metric_not_in_pack",
        "scorecards[0].items[3].metric",
    ),
    "an unknown metric in an adjustment": (
        'metric = "consumer_goods.complaints"',
        'metric = "consumer_goods.complaint"',
        "metric_not_in_pack",
        "scorecards[0].adjustments[1].metric",
    ),
    "weights of 90": ('weight = "40"', 'weight = "30"', "weights_not_100", "scorecards[0].items"),
    "a rate as a number with a point": (
        'rate = "0.01"',
        "rate = 0.01",
        "field_wrong_type",
        "plans[0].components[1].rate",
    ),
    "no Chinese name of a metric": (
        'name = { zh-CN = "销售额", en = "Sales" }',
        'name = { en = "Sales" }',
        "field_missing",
        "metrics[0].name.zh-CN",
    ),
    "no Chinese name of the pack": (
        'zh-CN = "消费品行业包"\n',
        "",
        "field_missing",
        "name.zh-CN",
    ),
    "an empty English name of the pack": (
        'en = "Consumer goods"',
        'en = ""',
        "text_missing",
        "name.en",
    ),
    "the same key twice": (
        'key = "consumer_goods.collected_amount"',
        'key = "consumer_goods.sales_amount"',
        "name_not_unique",
        "metrics[1].key",
    ),
    "the key of another pack": (
        'key = "consumer_goods.exam_score"',
        'key = "industrial.exam_score"',
        "pack_key_foreign",
        "metrics[11].key",
    ),
    "a key in capitals": (
        'key = "consumer_goods.exam_score"',
        'key = "consumer_goods.ExamScore"',
        "key_invalid",
        "metrics[11].key",
    ),
    "a key that ends in a line break": (
        'key = "consumer_goods.exam_score"',
        'key = "consumer_goods.exam_score\\n"',
        "key_invalid",
        "metrics[11].key",
    ),
    "a fact that is not declared": (
        '"training", "exam"]',
        '"training"]',
        "pack_entity_undeclared",
        "metrics[11].formula",
    ),
    "a version that is none": (
        'version = "1.0.0"',
        'version = "1.0"',
        "pack_field_wrong",
        "version",
    ),
    "another form of document": (
        'format = "attain.pack/1"',
        'format = "attain.pack/9"',
        "document_format_unknown",
        "format",
    ),
    "a contract that we do not have": (
        'api = ">=1.0,<2"',
        'api = ">=9"',
        "plugin_api_differs",
        "requires.api",
    ),
    "a date where a text belongs": (
        'industry = "consumer_goods"',
        "industry = 2026-11-21",
        "field_wrong_type",
        "industry",
    ),
    "a kicker of nothing": (
        'base = "TOTAL"',
        'base = ["bonus"]',
        "base_unknown",
        "plans[0].components[2].base[0]",
    ),
    "a plan that does not say which period it pays": (
        'cadence = "MONTH"\n',
        "",
        "field_missing",
        "plans[0].cadence",
    ),
    "a wrong unit in a plan": (
        '"consumer_goods.retention" = "RATIO"',
        '"consumer_goods.retention" = "POINT"',
        "unit_differs",
        "plans[0].units.consumer_goods.retention",
    ),
    "an example of a plan that is not there": (
        'plan = "consumer_goods.sales_plan"',
        'plan = "consumer_goods.other_plan"',
        "pack_document_unknown",
        "examples[0].plan",
    ),
    "an example of nothing": (
        'plan = "consumer_goods.sales_plan"\n',
        "",
        "field_missing",
        "examples[0].plan",
    ),
    "an example with an unknown metric": (
        '"consumer_goods.sales_amount" = { actual = "1200000.00"',
        '"consumer_goods.sales" = { actual = "1200000.00"',
        "metric_not_in_pack",
        "examples[0].people[0].given.consumer_goods.sales",
    ),
    "two examples of one name": (
        'id = "retention_on_the_line"',
        'id = "the_case"',
        "name_not_unique",
        "examples[1].id",
    ),
}


@pytest.mark.parametrize("what", MISTAKES)
def test_a_mistake_is_named_once_with_its_place(tmp_path: Path, what: str) -> None:
    old, new, code, place = MISTAKES[what]
    pack, problems = changed(tmp_path, old, new)
    assert pack is None
    assert problems[0].path.startswith("consumer_goods.toml/")
    assert places(problems) == [(code, place)]
    catalogue = sentences.catalogue()
    for locale in Locale:
        assert catalogue.places(code) <= set(problems[0].values)
        assert catalogue.text(code, dict(problems[0].values), locale)


def test_a_card_that_turns_a_metric_round_is_refused(tmp_path: Path) -> None:
    head = 'dimension = "GROWTH"\ndirection = '
    straight = '"HIGHER"\ncomparison = "AT_LEAST"\nweight = "10"\ncurve = { form = "RATIO"'
    turned = '"LOWER"\ncomparison = "AT_MOST"\nweight = "10"\ncurve = { form = "LINEAR_ABS_INV"'
    pack, problems = changed(tmp_path, head + straight, head + turned)
    assert pack is None
    assert places(problems) == [("direction_differs", "scorecards[0].items[4].direction")]


def test_many_mistakes_are_found_in_one_pass(tmp_path: Path) -> None:
    text = TEXT.replace('kind = "RETURNING"', 'kind = "RETURN"').replace(
        'weight = "40"', 'weight = "30"'
    )
    pack, problems = read_pack(written(tmp_path, text.replace('percent = "0.10"\n', "", 1)))
    assert pack is None
    assert sorted(places(problems)) == [
        ("choice_unknown", "metrics[3].formula.kind"),
        ("field_missing", "plans[0].components[2].percent"),
        ("weights_not_100", "scorecards[0].items"),
    ]


def test_a_plan_without_an_example_is_a_warning(tmp_path: Path) -> None:
    text = TEXT.replace('plan = "consumer_goods.median_plan"', 'plan = "consumer_goods.sales_plan"')
    pack, problems = read_pack(written(tmp_path, text))
    assert pack is not None
    assert places(problems) == [("pack_example_missing", "plans[1]")]
    assert problems[0].severity is Severity.WARNING


def test_a_file_that_is_no_toml_names_the_line(tmp_path: Path) -> None:
    pack, problems = changed(tmp_path, 'version = "1.0.0"', "version = 1.0.0")
    assert pack is None
    assert places(problems) == [("pack_not_toml", "consumer_goods.toml")]
    line = 1 + TEXT[: TEXT.index('version = "1.0.0"')].count("\n")
    assert f"line {line}," in problems[0].values["error"]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"name = '\xff'", "pack_not_toml"),
        (b"a = " + b"[" * 100_000, "pack_not_toml"),
        (b"a = " + b"1" * 5000, "pack_not_toml"),
        (b"a." * 100 + b"b = 1", "pack_too_deep"),
        (b"#" * (reading.LARGEST_FILE + 1), "file_too_large"),
    ],
    ids=["no text", "nested lists", "a huge number", "nested tables", "a huge file"],
)
def test_a_hostile_file_is_a_problem_and_no_fault(tmp_path: Path, raw: bytes, code: str) -> None:
    path = tmp_path / "hostile.toml"
    path.write_bytes(raw)
    pack, problems = read_pack(path)
    assert pack is None
    assert places(problems) == [(code, "hostile.toml")]


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    assert places(read_pack(tmp_path / "gone.toml")[1]) == [("file_unreadable", "gone.toml")]
    assert places(read_pack(tmp_path)[1]) == [("file_unreadable", tmp_path.name)]
