"""A text that was asked before is parsed, validated and weighed no more; the store has an end."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import build_app
from api.limits import Limits
from api.prepared import MOST_CHARACTERS, MOST_DOCUMENTS, MOST_WEIGHTS, Documents, Works
from api.schema import build_schema
from tests.api.test_limits import Nothing, Rows

PAGE = "query P($n: Int, $m: Boolean = false) { rows(first: $n) { name } __typename @skip(if: $m) }"


def asked(documents: Documents, text: str, variables: dict[str, Any] | None) -> list[str]:
    """Do what a request does: ask for the cost, then for the errors."""
    prepared = documents.find(text)
    documents.weigh(prepared, variables)
    return [error.message for error in documents.errors(text, variables)]


@pytest.fixture
def documents() -> Documents:
    return build_schema([Rows], [Nothing], Limits(cost=60)).documents


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("{ rows { name } }", None),
        (PAGE, {"n": 5, "m": True}),
        (PAGE, {}),
        ("{ rows(first: 1000) { name } }", None),
        ("{ nothing_like_it }", {"n": "no number"}),
    ],
)
def test_the_second_request_does_nothing_again(
    documents: Documents, text: str, variables: dict[str, Any] | None
) -> None:
    first = asked(documents, text, variables)
    done = Works(documents.works.parsed, documents.works.validated, documents.works.weighed)
    assert done.parsed == 1
    for number in range(20):
        again = None if variables is None else {**variables, "m": number % 2 == 0}
        assert asked(documents, text, again) == first
    works = documents.works
    assert (works.parsed, works.validated, works.weighed) == (1, done.validated, done.weighed)
    assert done.weighed == 1


def test_through_the_whole_server_the_second_request_does_nothing_again(runtime: Any) -> None:
    schema = build_schema()
    client = TestClient(build_app(runtime, schema), client=("127.0.0.1", 50000))
    text = "query L($n: Int!) { people(first: $n) { nodes { id } } viewer { language } }"
    body = {"query": text, "variables": {"n": 3}, "operationName": "L"}
    headers = {"authorization": "Bearer hr"}
    first = client.post("/graphql", json=body, headers=headers).json()
    works = schema.documents.works
    done = (works.parsed, works.validated, works.weighed)
    assert done == (1, 1, 1)
    written = schema.plans.counts.compiled
    for _ in range(3):
        assert client.post("/graphql", json=body, headers=headers).json() == first
    assert (works.parsed, works.validated, works.weighed) == done
    assert schema.plans.counts.compiled == written


def test_every_size_of_a_page_has_a_weight_of_its_own(documents: Documents) -> None:
    assert asked(documents, PAGE, {"n": 10}) == []
    assert "cost" in asked(documents, PAGE, {"n": 100})[0]
    assert asked(documents, PAGE, {"n": 10}) == []
    assert "cost" in asked(documents, PAGE, {"n": 10**30})[0]
    # What is no number is refused later; it weighs as much as a page of the usual size.
    for odd in (True, None, "10", [1], {"a": 1}, 1.5):
        assert asked(documents, PAGE, {"n": odd}) == []
    assert documents.works.weighed == 4


def test_the_default_of_a_variable_counts_as_if_it_were_given(documents: Documents) -> None:
    text = "query P($n: Int = 100) { rows(first: $n) { name } }"
    assert "cost" in asked(documents, text, {})[0]
    assert asked(documents, text, {"n": 10}) == []


def test_the_stores_are_bounded(documents: Documents) -> None:
    for number in range(MOST_DOCUMENTS + 50):
        documents.find(f"{{ a{number}: rows {{ name }} }}")
    assert len(documents) == MOST_DOCUMENTS
    for number in range(20):
        documents.find("{ rows { name } } #" + str(number) * (MOST_CHARACTERS // 10))
    assert len(documents) < 12
    prepared = documents.find(PAGE)
    for size in range(1, MOST_WEIGHTS * 3):
        documents.weigh(prepared, {"n": size})
    assert len(prepared.weights) <= MOST_WEIGHTS


def test_the_least_lately_used_text_goes_first(documents: Documents) -> None:
    documents.find("{ nothing }")
    for number in range(MOST_DOCUMENTS - 1):
        documents.find(f"{{ a{number}: nothing }}")
        documents.find("{ nothing }")
    documents.find("{ onemore: nothing }")
    parsed = documents.works.parsed
    documents.find("{ nothing }")
    assert documents.works.parsed == parsed
    documents.find("{ a0: nothing }")
    assert documents.works.parsed == parsed + 1
