"""The gallery of packs: suggestions with reasons, and whether what is connected feeds the KPIs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actions.connect_source import change_connection, create_connection, set_mapping
from tests.api.company import Served, served
from tests.support.company import SYSTEM
from tests.support.syncing import ORDER_MAPPING, ORDERS

SUGGEST = """query($survey: PackSurveyInput!) { packSuggestions(survey: $survey) {
  points reasons { code message points } pack { id installed
    kpis { key synonyms facts feeding { feed lacks { code message points } } }
    sources { title { text } rationale { text } } } } }"""
FED = "{ packs { kpis { feeding { feed lacks { code } } } } }"


@pytest.fixture
def made(database_url: str, tmp_path: Path) -> Iterator[Served]:
    """The company, on each database in turn."""
    with served(database_url, tmp_path) as found:
        yield found


@pytest.fixture
def here(sqlite_url: str, tmp_path: Path) -> Iterator[Served]:
    """The company on SQLite alone, where the database makes no difference."""
    with served(sqlite_url, tmp_path) as found:
        yield found


def connect(made: Served, name: str, unit: str = "CNY") -> str:
    """Map orders in a unit."""
    streams: Any = ORDER_MAPPING["streams"]
    (target,) = streams["orders"]["targets"]
    fact = {**target, "quantity": {**target["quantity"], "unit": unit}}
    mapping = {**ORDER_MAPPING, "streams": {"orders": {"targets": [fact]}}}

    def deed(writing: Any) -> str:
        runtime = made.runtime
        found = create_connection(
            runtime, writing, SYSTEM, name=name, connector="files", config=ORDERS
        )
        set_mapping(writing, SYSTEM, found, mapping)
        return found

    return made.company.write(deed)


def feeds(made: Served, who: str = "hr") -> list[Any]:
    """Ask which KPIs of the pack can be fed."""
    (pack,) = made.data(who, FED)["packs"]
    found: list[Any] = [each["feeding"] for each in pack["kpis"]]
    return found


def test_a_survey_suggests_a_pack_with_every_reason_in_the_language_of_the_request(
    here: Served,
) -> None:
    survey = {"industry": "Aviation", "selling": ["AGENTS", "STORES"], "people": 60}
    (found,) = here.data("hr", SUGGEST, survey=survey)["packSuggestions"]
    assert [(each["code"], each["points"]) for each in found["reasons"]] == [
        ("PACK_FITS_INDUSTRY", 40),
        ("PACK_FITS_AGENTS", 20),
        ("PACK_PEOPLE_ABOVE", -15),
        ("PACK_DATA_THERE", 0),
    ]
    assert found["points"] == 45
    assert found["reasons"][0]["message"] == "It is made for your industry: Aviation."
    (chinese,) = here.data("hr", SUGGEST, "zh-CN", survey=survey)["packSuggestions"]
    assert chinese["reasons"][2]["message"] == "适合最多 50 名销售的团队，贵公司有 60 名。"
    assert chinese["pack"]["kpis"][0]["synonyms"] == ["业绩"]
    assert found["pack"]["kpis"][0]["synonyms"] == ["turnover"]
    assert len(found["pack"]["sources"]) == 1
    assert here.data("hr", SUGGEST, survey={"industry": "steel"})["packSuggestions"] == []
    assert here.codes("anna", SUGGEST, survey=survey) == ["FORBIDDEN"]


def test_facts_that_could_be_brought_are_amber_and_no_more(here: Served) -> None:
    (found,) = here.data("hr", SUGGEST, survey={"industry": "pilot", "facts": ["order"]})[
        "packSuggestions"
    ]
    (kpi,) = found["pack"]["kpis"]
    assert kpi["facts"] == ["order"]
    assert kpi["feeding"]["feed"] == "AMBER"
    assert kpi["feeding"]["lacks"][0]["code"] == "PACK_FEED_PROMISED"


def test_a_kpi_turns_green_when_a_source_brings_its_facts(made: Served) -> None:
    absent = {"feed": "RED", "lacks": [{"code": "PACK_FEED_ABSENT"}]}
    assert feeds(made) == [absent]
    connect(made, "Dollars", "USD")
    assert feeds(made) == [{"feed": "AMBER", "lacks": [{"code": "PACK_FEED_UNIT"}]}]
    orders = connect(made, "Orders")
    green = {"feed": "GREEN", "lacks": []}
    assert feeds(made) == [green]
    suggested = made.data("hr", SUGGEST, survey={})["packSuggestions"]
    assert [(each["code"], each["points"]) for each in suggested[0]["reasons"]] == [
        ("PACK_DATA_THERE", 15)
    ]
    pause(made, orders)
    assert feeds(made) == [{"feed": "AMBER", "lacks": [{"code": "PACK_FEED_UNIT"}]}]


def pause(made: Served, connection: str) -> None:
    """Pause a connection."""

    def deed(writing: Any) -> str:
        change_connection(
            made.runtime, writing, SYSTEM, connection, expected_version=1, paused=True
        )
        return connection

    made.company.write(deed)
