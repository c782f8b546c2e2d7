"""Documents made to hurt cost no more than their text, and honest ones are looked up."""

from __future__ import annotations

import time
from typing import Any

import pytest
from graphql import build_client_schema, get_introspection_query
from starlette.testclient import TestClient

from api.access import Audience, output, resolved, shown
from api.app import build_app
from api.limits import Limits
from api.schema import build_schema


def bomb(depth: int) -> str:
    """Fragments that spread the next one twice: two to the power of ``depth`` when unrolled."""
    chain = "".join(f"fragment F{i} on Viewer {{ ...F{i + 1} ...F{i + 1} }} " for i in range(depth))
    return "{ viewer { ...F0 } } " + chain + f"fragment F{depth} on Viewer {{ language }}"


@pytest.mark.parametrize("depth", [18, 22, 200])
def test_a_fragment_bomb_is_answered_in_no_time(ask: Any, depth: int) -> None:
    ask("{ __typename }")
    start = time.process_time()
    answer = ask(bomb(depth))
    # Unrolled it would take seconds at 18 and for ever at 200; the rest is the machine's load.
    assert time.process_time() - start < 1.0
    assert "data" in answer or answer["errors"]


@pytest.mark.parametrize(
    "query",
    [
        "{ " + "viewer { roles { " * 20 + "role" + " } }" * 20 + " }",
        "{ " + "a" * 3 + "{ a" * 900 + " }" * 900 + " }",
        "{ " + " ".join(f"a{i}: __typename" for i in range(40)) + " }",
        "{ "
        + " ".join(
            f"__typename @include(if: true) @skip(if: false) a{i}: __typename" for i in range(26)
        )
        + " }",
        "mutation { "
        + " ".join(f"a{i}: sessionRevoke(input: {{}}) {{ __typename }}" for i in range(5))
        + " }",
        "{ " + "languages " * 2500 + " }",
    ],
    ids=["deep", "very deep", "aliases", "directives", "mutations", "tokens"],
)
def test_too_much_of_anything_is_refused_before_it_runs(ask: Any, query: str) -> None:
    answer = ask(query)
    assert "data" not in answer
    assert answer["errors"][0]["extensions"]["code"] in {"QUERY_TOO_COMPLEX", "GRAPHQL_INVALID"}


@output(access=Audience.EVERYBODY, description="A row.")
class Row:
    name: str = shown("A name.")


@output(access=Audience.EVERYBODY, description="A part of the root.")
class Rows:
    @resolved("Rows.", access=Audience.EVERYBODY)
    async def rows(self, first: int = 50) -> list[Row]:
        return [Row(name=str(first))]


@output(access=Audience.EVERYBODY, description="A part of the root.")
class Nothing:
    @resolved("Nothing.", access=Audience.EVERYBODY)
    async def nothing(self) -> bool:
        return True


def test_the_size_of_a_page_counts_into_the_cost() -> None:
    errors = build_schema([Rows], [Nothing], Limits(cost=60)).documents.errors
    assert errors("{ rows(first: 50) { name } }", None) == []
    assert "cost" in errors("{ rows(first: 100) { name } }", None)[0].message
    text = "query($n: Int!) { rows(first: $n) { name } }"
    assert errors(text, {"n": 10}) == []
    assert "cost" in errors(text, {"n": 10**30})[0].message


def test_a_document_is_validated_once(runtime: Any) -> None:
    schema = build_schema()
    client = TestClient(build_app(runtime, schema))
    works = schema.documents.works
    for _ in range(5):
        client.post("/graphql", json={"query": "{ viewer { language } }"})
    assert (works.parsed, works.validated, works.weighed) == (1, 1, 1)


def test_the_stock_introspection_of_clients_is_no_deep_question(ask: Any) -> None:
    answer = ask(
        get_introspection_query(directive_is_repeatable=True, input_value_deprecation=True)
    )
    assert "errors" not in answer
    assert build_client_schema(answer["data"]).query_type is not None


def test_a_field_carries_at_most_three_directives(ask: Any) -> None:
    def answer(count: int) -> Any:
        return ask("{ languages " + "@include(if: true) @skip(if: false) @nope " * count + "}")

    (error,) = answer(2)["errors"]
    assert error["extensions"]["code"] == "QUERY_TOO_COMPLEX"
    errors = answer(1)["errors"]
    assert {each["extensions"]["code"] for each in errors} == {"GRAPHQL_INVALID"}
