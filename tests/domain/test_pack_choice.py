"""The survey suggests packs by reasons that add up, and says what a KPI lacks of its data."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from domain.mapping_document import decode_mapping
from domain.metric import Metric, decode_metric
from domain.pack_choice import Offer, SellingWay, Suggestion, Survey, suggest
from domain.pack_data import Brought, Feed, brought_by, feeding_of
from messages.render import Locale
from tests.support import sentences
from tests.support.rules import texts

SUITS: dict[str, Any] = {
    "industries": ["saas", "software"],
    "selling": ["INSIDE_SALES", "ONLINE"],
    "people": {"from": 5, "to": 50},
    "cycleDays": {"from": 7},
    "collectsCash": True,
}
OFFER = Offer(pack="saas", industry="saas", names=("SaaS 订阅软件", "Subscriptions"), suits=SUITS)


def told(survey: Survey, offer: Offer = OFFER) -> dict[str, int]:
    found = suggest(survey, [offer])
    return {} if not found else {reason.code: reason.points for reason in found[0].reasons}


def test_the_points_of_a_suggestion_are_the_sum_of_its_reasons() -> None:
    survey = Survey(
        industry="software",
        selling=frozenset({SellingWay.ONLINE, SellingWay.INSIDE_SALES, SellingWay.STORES}),
        people=50,
        cycle_days=7,
        collects_cash=False,
    )
    (found,) = suggest(survey, [OFFER])
    assert told(survey) == {
        "pack_fits_industry": 40,
        "pack_fits_inside_sales": 20,
        "pack_fits_online": 20,
        "pack_people_within": 10,
        "pack_cycle_within": 10,
        "pack_cash_unasked_there": -5,
    }
    assert found.points == 95


@pytest.mark.parametrize("said", ["SaaS", " software ", "订阅软件", "subscriptions", "SAAS"])
def test_an_industry_is_found_by_its_words_and_by_the_name_in_any_language(said: str) -> None:
    assert told(Survey(industry=said)) == {"pack_fits_industry": 40}


@pytest.mark.parametrize("said", ["", " ", "s", "steel"])
def test_an_industry_that_is_no_word_of_the_pack_gives_nothing(said: str) -> None:
    assert told(Survey(industry=said)) == {}


@pytest.mark.parametrize(
    ("people", "code"), [(4, "below"), (5, "within"), (50, "within"), (51, "above")]
)
def test_both_ends_of_a_span_belong_to_it(people: int, code: str) -> None:
    survey = Survey(industry="saas", people=people)
    points = 10 if code == "within" else -15
    assert told(survey) == {"pack_fits_industry": 40, f"pack_people_{code}": points}


def test_what_is_not_answered_or_not_said_by_the_pack_gives_nothing() -> None:
    assert suggest(Survey(), [OFFER]) == ()
    bare = Offer(pack="bare", industry="bare", names=(), suits={})
    everything = Survey(people=3, cycle_days=1, collects_cash=True, selling=frozenset(SellingWay))
    assert suggest(everything, [bare]) == ()


def test_the_best_one_comes_first_and_equal_ones_by_their_id() -> None:
    def order(found: tuple[Suggestion, ...]) -> list[str]:
        return [each.pack for each in found]

    twin = Offer(pack="a_twin", industry="saas", names=(), suits=SUITS)
    fed = Offer(pack="fed", industry="saas", names=(), suits=SUITS, feeds=(Feed.GREEN, Feed.RED))
    survey = Survey(industry="saas")
    assert order(suggest(survey, [OFFER, twin, fed])) == ["fed", "a_twin", "saas"]
    assert order(suggest(survey, [fed, twin, OFFER])) == ["fed", "a_twin", "saas"]
    assert told(survey, fed)["pack_data_there"] == 7


def test_only_green_kpis_count_as_data_that_is_there() -> None:
    amber = Offer(pack="x", industry="saas", names=(), suits={}, feeds=(Feed.AMBER, Feed.RED))
    assert told(Survey(industry="saas"), amber)["pack_data_there"] == 0


def order_mapping(**fact: Any) -> Brought:
    target = {
        "target": "order",
        "make": "FACT",
        "kind": "order",
        "namespace": "crm",
        "person": {"column": "seller"},
        "date": {"column": "day", "formats": ["%Y-%m-%d"]},
        "quantity": {"unit": "CNY", "column": "amount", "sign": "AS_IS"},
    }
    document = {
        "format": "attain.mapping/1",
        "streams": {"orders": {"targets": [{**target, **fact}]}},
    }
    mapping, problems = decode_mapping(document)
    assert mapping is not None, problems
    return brought_by([mapping])


def kpi(formula: dict[str, Any], unit: str = "RATIO") -> Metric:
    metric, problems = decode_metric(
        {
            "format": "attain.metric/1",
            "key": "x.y",
            "name": texts("x"),
            "explanation": texts("x"),
            "dimension": "RESULT",
            "direction": "HIGHER",
            "unit": unit,
            "empty": "NO_DATA",
            "refresh": "DAILY",
            "formula": formula,
        }
    )
    assert metric is not None, problems
    return metric


SUM = {"kind": "SUM", "fact": "order", "unit": "CNY"}
NEW = {**SUM, "where": [{"attribute": "customerType", "operator": "IN", "values": ["new"]}]}
PAID = {"kind": "SUM", "fact": "payment", "unit": "CNY"}
SHARE = {"kind": "RATIO", "numerator": NEW, "denominator": SUM}
RATE = {"kind": "RATIO", "numerator": PAID, "denominator": SUM}
BACK = {"kind": "RETURNING", "fact": "order", "baseMonths": 1, "returnMonths": 1}


def lacks(formula: dict[str, Any], brought: Brought) -> tuple[Feed, list[str]]:
    found = feeding_of(kpi(formula), brought)
    return found.feed, [each.code for each in found.lacks]


def test_a_kpi_is_green_when_all_that_its_formula_reads_is_mapped() -> None:
    plain = order_mapping()
    assert lacks(SUM, plain) == (Feed.GREEN, [])
    known = order_mapping(attributes={"customerType": {"column": "kind"}})
    assert lacks(SHARE, known) == (Feed.GREEN, [])
    assert lacks(BACK, order_mapping(subject={"column": "customer"})) == (Feed.GREEN, [])


def test_a_kpi_is_amber_when_a_part_is_lacking_and_says_which() -> None:
    plain = order_mapping()
    assert lacks(SHARE, plain) == (Feed.AMBER, ["pack_feed_attribute"])
    assert lacks(RATE, plain) == (Feed.AMBER, ["pack_feed_absent"])
    assert lacks(BACK, plain) == (Feed.AMBER, ["pack_feed_subject"])
    assert lacks({**SUM, "unit": "USD"}, plain) == (Feed.AMBER, ["pack_feed_unit"])
    by_type = {"kind": "DISTINCT", "fact": "order", "of": "shop"}
    assert lacks(by_type, plain) == (Feed.AMBER, ["pack_feed_attribute"])
    assert lacks({**by_type, "of": "person"}, plain) == (Feed.GREEN, [])


def test_a_kpi_is_red_when_nothing_that_it_reads_is_there() -> None:
    assert lacks(PAID, order_mapping()) == (Feed.RED, ["pack_feed_absent"])
    promised = brought_by([], ["payment"])
    assert lacks(PAID, promised) == (Feed.AMBER, ["pack_feed_promised"])
    assert lacks(SHARE, promised) == (Feed.RED, ["pack_feed_absent"])


def test_each_lack_is_said_once() -> None:
    found = feeding_of(kpi(RATE), brought_by([]))
    assert Counter(each.values["fact"] for each in found.lacks) == {"payment": 1, "order": 1}
    assert len(feeding_of(kpi(SHARE), brought_by([])).lacks) == 1


def test_every_reason_has_a_sentence_in_both_languages() -> None:
    catalogue = sentences.catalogue()
    ways = {f"pack_fits_{way.value.lower()}" for way in SellingWay}
    spans = {f"pack_{of}_{it}" for of in ("people", "cycle") for it in ("below", "within", "above")}
    cash = {f"pack_cash_{it}_{is_}" for it in ("asked", "unasked") for is_ in ("there", "absent")}
    feeds = {f"pack_feed_{it}" for it in ("absent", "promised", "unit", "attribute", "subject")}
    codes = ways | spans | cash | feeds | {"pack_fits_industry", "pack_data_there"}
    assert sorted(codes - catalogue.codes) == []
    values = dict.fromkeys(("industry", "value", "edge", "green", "all", "fact", "unit"), "7")
    for code in codes:
        for locale in Locale:
            said = catalogue.text(code, {**values, "attribute": "a"}, locale)
            assert "{" not in said
