"""What a rule refuses to read is null with its reason beside it; the fields around it stand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.company import Served, served


@pytest.fixture(scope="module")
def made(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("refused")
    copy = folder / "attain.db"
    copy.write_bytes(_sqlite_template.read_bytes())
    with served(f"sqlite:///{copy}", folder) as company:
        yield company


def test_a_wrong_question_is_null_with_a_code_and_spares_the_others(made: Served) -> None:
    answer = made.ask(
        "hr",
        "{ wrong: people(first: 0) { nodes { id } } people(first: 1) { totalCount }"
        ' statement(period: "2026-09") { __typename } }',
    )
    assert "errors" not in answer
    assert answer["data"]["wrong"] is None
    assert answer["data"]["statement"] is None
    assert answer["data"]["people"]["totalCount"] > 1
    reasons = answer["extensions"]["problems"]
    assert [(reason["path"], reason["code"]) for reason in reasons] == [
        (["statement"], "NOT_FOUND"),
        (["wrong"], "PAGE_SIZE_INVALID"),
    ]
    assert reasons[1]["message"] == "A page has 1 to 100 rows; 0 was asked for."


def test_the_reason_is_said_in_the_language_of_the_request(made: Served) -> None:
    answer = made.ask("anna", '{ scoreSheet(period: "2031-01") { final: __typename } }', "zh-CN")
    (reason,) = answer["extensions"]["problems"]
    assert reason["code"] == "RUN_MISSING"
    assert "2031-01" in reason["message"]
    assert any("\u4e00" <= letter <= "\u9fff" for letter in reason["message"])


def test_an_unknown_employer_is_nothing_and_not_a_failure(made: Served) -> None:
    for field in ("units { totalCount }", "platforms { id }", "packs { id }"):
        name = field.partition(" ")[0]
        query = "{ " + field.replace(" {", '(legalEntity: "ent_nobody") {', 1) + " }"
        answer = made.ask("hr", query)
        assert answer["data"] == {name: None}
        assert [each["code"] for each in answer["extensions"]["problems"]] == ["NOT_FOUND"]


def test_a_right_that_is_missing_stays_an_error_of_the_request(made: Served) -> None:
    answer = made.ask("admin", '{ statement(period: "2026-09") { final: __typename } }')
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"]
    assert "extensions" not in answer


def test_definitions_are_read_again_by_their_ids(made: Served) -> None:
    lists = made.data(
        "hr",
        "{ metrics { nodes { id } } scorecards { nodes { id } } planVersions { nodes { id } } }",
    )
    ids = [row["id"] for rows in lists.values() for row in rows["nodes"]]
    assert len(ids) > 3
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { id __typename } }"
    found = made.data("hr", query, ids=ids)["nodes"]
    assert [node["id"] for node in found] == ids
    assert {node["__typename"] for node in found} == {
        "MetricDefinition",
        "ScorecardDefinition",
        "PlanVersion",
    }
    plan = next(each["id"] for each in lists["planVersions"]["nodes"])
    assert made.data("admin", query, ids=[plan]) == {"nodes": [None]}
