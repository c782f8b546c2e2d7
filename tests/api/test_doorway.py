"""What strangers are told of the contract, and what every HTTP answer has in common."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from api.disclosure import Introspection
from tests.support import shared

ABOUT = "{ __schema { types { name } } }"
SECURITY = {
    "content-security-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "permissions-policy",
    "referrer-policy",
    "x-content-type-options",
    "x-frame-options",
}


def asking(runtime: Any, introspection: Introspection) -> TestClient:
    app = shared.app(runtime, introspection=introspection)
    return TestClient(app, client=("127.0.0.1", 50000), raise_server_exceptions=False)


def code(client: TestClient, query: str, token: str | None = None) -> str:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    answer = client.post("/graphql", json={"query": query}, headers=headers).json()
    return str(answer["errors"][0]["extensions"]["code"]) if "errors" in answer else "OK"


@pytest.mark.parametrize(
    ("introspection", "stranger", "known"),
    [
        (Introspection.OPEN, "OK", "OK"),
        (Introspection.SIGNED_IN, "INTROSPECTION_REFUSED", "OK"),
        (Introspection.OFF, "INTROSPECTION_REFUSED", "INTROSPECTION_REFUSED"),
    ],
)
def test_the_setting_says_who_may_ask_about_the_schema(
    runtime: Any, introspection: Introspection, stranger: str, known: str
) -> None:
    client = asking(runtime, introspection)
    for query in (ABOUT, 'query { ...A } fragment A on Query { __type(name: "Query") { name } }'):
        assert code(client, query) == stranger
        assert code(client, query, "hr") == known
    assert code(client, "{ __typename }") == "OK"


def test_strangers_are_not_told_which_name_does_not_fit(runtime: Any) -> None:
    client = asking(runtime, Introspection.SIGNED_IN)
    wrong = {"query": "{ viewer { salary } }"}
    told = client.post("/graphql", json=wrong, headers={"authorization": "Bearer hr"})
    masked = client.post("/graphql", json=wrong)
    assert "salary" in told.text
    for word in ("salary", "Viewer", "viewer"):
        assert word not in masked.text
    (error,) = masked.json()["errors"]
    assert error["extensions"]["code"] == "GRAPHQL_INVALID"
    assert "locations" not in error
    syntax = client.post("/graphql", json={"query": "{ viewer {"})
    assert "Syntax Error" in syntax.text
    variables = {"query": "query($d: BusinessDate) { units(validAt: $d) { totalCount } }"}
    own = client.post("/graphql", json={**variables, "variables": {"d": "x"}})
    assert "2026-09-30" in own.text


@pytest.mark.parametrize(
    ("method", "path", "status", "wanted"),
    [
        ("GET", "/nowhere", 404, "PAGE_UNKNOWN"),
        ("GET", "/static/nowhere.js", 404, "PAGE_UNKNOWN"),
        ("POST", "/healthz", 405, "METHOD_NOT_ALLOWED"),
        ("DELETE", "/graphql", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/graphql?query=" + "a" * 20_000, 414, "TARGET_TOO_LONG"),
    ],
)
def test_every_http_error_is_json_with_a_code_and_an_id(
    client: TestClient, method: str, path: str, status: int, wanted: str
) -> None:
    answer = client.request(method, path, headers={"accept-language": "en"})
    assert answer.status_code == status
    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] == wanted
    assert error["extensions"]["requestId"] == answer.headers["x-request-id"]
    assert error["message"].endswith(".")
    if status == 405:
        assert "GET" in answer.headers["allow"]
    assert set(answer.headers) >= SECURITY


def test_large_headers_are_refused_before_anything_is_read(client: TestClient) -> None:
    answer = client.get("/healthz", headers={"x-long": "a" * 40_000})
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (
        431,
        "HEADERS_TOO_LARGE",
    )


def test_a_route_that_breaks_is_masked_and_keeps_the_headers(runtime: Any) -> None:
    def broken() -> bool:
        raise RuntimeError("a secret of the database")

    runtime.ready = broken
    answer = asking(runtime, Introspection.OPEN).get("/readyz")
    assert answer.status_code == 500
    assert answer.json()["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert "secret" not in answer.text
    assert set(answer.headers) >= SECURITY


def test_options_and_head_are_answered_without_letting_other_pages_in(client: TestClient) -> None:
    asked = client.options("/graphql", headers={"origin": "https://elsewhere.example"})
    assert asked.status_code == 204
    assert asked.headers["allow"] == "GET, POST, OPTIONS"
    assert not [name for name in asked.headers if name.startswith("access-control")]
    assert client.head("/healthz").status_code == 200
    for path in ("/healthz", "/explorer", "/graphql?query={__typename}"):
        assert set(client.get(path).headers) >= SECURITY
