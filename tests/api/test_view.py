"""GraphQL over HTTP, spoken with a real client through the whole application."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.demand import LARGEST_BODY
from api.view import GRAPHQL, pick_media_type

OK = {"query": "{ __typename }"}


def post(client: TestClient, body: bytes, **headers: str) -> Any:
    """Send raw bytes as JSON."""
    return client.post(
        "/graphql", content=body, headers={"content-type": "application/json", **headers}
    )


def test_a_query_is_answered_in_the_media_type_that_was_asked_for(client: TestClient) -> None:
    plain = client.post("/graphql", json=OK)
    assert plain.headers["content-type"] == "application/json; charset=utf-8"
    new = client.post("/graphql", json=OK, headers={"accept": GRAPHQL})
    assert new.headers["content-type"] == f"{GRAPHQL}; charset=utf-8"
    assert new.json() == plain.json() == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/*", GRAPHQL),
        (f"application/json;q=0.5, {GRAPHQL}", GRAPHQL),
        (f"application/json, {GRAPHQL};q=0.9", "application/json"),
        ("text/event-stream, application/json", "application/json"),
        ("text/html", None),
        ("application/json;q=nonsense", None),
    ],
)
def test_the_weights_of_accept_decide(accept: str, chosen: str | None) -> None:
    assert pick_media_type(accept) == chosen


@pytest.mark.parametrize("query", ["{", "{ nothing }", "query($a: Nope) { __typename }"])
def test_a_request_error_has_no_data_and_is_400_in_the_new_media_type_only(
    client: TestClient, query: str
) -> None:
    new = client.post("/graphql", json={"query": query}, headers={"accept": GRAPHQL})
    assert (new.status_code, "data" in new.json()) == (400, False)
    plain = client.post("/graphql", json={"query": query})
    assert (plain.status_code, "data" in plain.json()) == (200, False)
    assert plain.json()["errors"][0]["extensions"]["code"] == "GRAPHQL_INVALID"


DEEP = b"[" * 100_000 + b"]" * 100_000
BROKEN = [
    b'"text"',
    b"5",
    b"null",
    b"true",
    b"",
    b"[]",
    b"[1,2]",
    b'{"query":"\xff"}',
    b'{"query":5}',
    b"{}",
    b'{"query":""}',
    b'{"query":"{__typename}","variables":{"a":' + DEEP + b"}}",
    b'{"query":"{__typename}","variables":[]}',
    b'{"query":"{__typename}","variables":{"f":' + b"9" * 5000 + b"}}",
    b'{"query":"{__typename}","operationName":5}',
    b'{"query":"query A{__typename}","operationName":"B"}',
    b'{"query":"query A{__typename} query B{__typename}"}',
    b'{"query":"{ node(id: \\"\\ud800\\") { id } }"}',
    b'{"query":"#"}',
    b'{"query":"fragment A on Query { __typename }"}',
    b'{"query":"{ ...Nope }"}',
    b'{"query":"{...A} fragment A on Query { ...B } fragment B on Query { ...A }"}',
    b'{"query":"subscription { a }"}',
]


@pytest.mark.parametrize("body", BROKEN, ids=range(len(BROKEN)))
def test_no_body_makes_the_server_fail(client: TestClient, body: bytes) -> None:
    response = post(client, body)
    assert response.status_code < 500
    answer = response.json()
    if response.status_code >= 400:
        assert answer["errors"][0]["extensions"]["code"]
        assert answer["errors"][0]["message"]


def test_other_content_types_methods_and_sizes_are_refused_in_json(client: TestClient) -> None:
    text = json.dumps(OK).encode()
    near = client.post("/graphql", content=text, headers={"content-type": "application/jsonfoo"})
    form = client.post("/graphql", data={"query": "{ __typename }"})
    put = client.put("/graphql", json=OK)
    big = post(client, b'{"query":"' + b" " * LARGEST_BODY + b'{__typename}"}')
    html = client.post("/graphql", json=OK, headers={"accept": "text/html"})
    found = [
        (answer.status_code, answer.json()["errors"][0]["extensions"]["code"])
        for answer in (near, form, put, big, html)
    ]
    assert found == [
        (415, "MEDIA_TYPE_UNSUPPORTED"),
        (415, "MEDIA_TYPE_UNSUPPORTED"),
        (405, "METHOD_NOT_ALLOWED"),
        (413, "BODY_TOO_LARGE"),
        (406, "NOT_ACCEPTABLE"),
    ]
    assert put.headers["allow"] == "GET, POST"


def test_a_body_sent_in_pieces_without_a_length_is_capped_too(client: TestClient) -> None:
    def pieces() -> Any:
        for _ in range(40):
            yield b" " * 10_000

    response = client.post(
        "/graphql", content=pieces(), headers={"content-type": "application/json"}
    )
    assert response.status_code == 413


def test_get_reads_but_never_changes(client: TestClient) -> None:
    read = client.get(
        "/graphql",
        params={
            "query": "query($a: Boolean!) { languages @include(if: $a) }",
            "variables": '{"a": true}',
        },
    )
    assert read.json() == {"data": {"languages": ["zh-CN", "en"]}}
    change = client.get(
        "/graphql",
        params={"query": "mutation { sessionRevoke(input: {}) { __typename } }"},
    )
    assert change.status_code == 405
    twice = client.get("/graphql?query={__typename}&query={languages}")
    assert twice.status_code == 400


def test_the_answer_follows_the_language_of_the_reader(client: TestClient) -> None:
    chinese = client.post("/graphql", json={}, headers={"accept-language": "fr, zh;q=0.9"})
    english = client.post("/graphql", json={}, headers={"accept-language": "en-GB,zh;q=0.5"})
    neither = client.post("/graphql", json={}, headers={"accept-language": "fr"})
    assert chinese.json()["errors"][0]["message"] == "请求中没有 query。"
    assert english.json()["errors"][0]["message"] == "The request has no query."
    assert neither.headers["content-language"] == "zh-CN"
    assert "Accept-Language" in english.headers["vary"]


def test_pages_load_nothing_from_elsewhere_and_answers_are_never_cached(client: TestClient) -> None:
    page = client.get("/explorer")
    assert page.status_code == 200
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert client.post("/graphql", json=OK).headers["cache-control"] == "no-store"


def test_an_operator_can_ask_whether_the_server_lives_and_is_ready(
    client: TestClient, runtime: Any
) -> None:
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200
    runtime.healthy = False
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200


def test_a_fault_is_masked_and_logged_once_under_the_id_of_the_request(
    client: TestClient,
    runtime: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(_actor: Any) -> Any:
        raise RuntimeError("the secret name of a table")

    monkeypatch.setattr(runtime, "reading", fail)
    response = client.post(
        "/graphql",
        json={"query": "{ people { totalCount } }"},
        headers={"authorization": "Bearer hr", "accept-language": "en"},
    )
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert "secret" not in response.text
    request_id = error["extensions"]["requestId"]
    assert request_id == response.headers["x-request-id"]
    (record,) = [each for each in caplog.records if request_id in each.getMessage()]
    assert "secret name" in str(record.exc_info)


def test_a_server_that_cannot_look_anybody_up_answers_in_json_too(
    client: TestClient, runtime: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> Any:
        raise RuntimeError("the database is gone")

    monkeypatch.setattr(runtime.sessions, "viewer_of", fail)
    response = client.post("/graphql", json=OK, headers={"authorization": "Bearer hr"})
    assert response.status_code == 500
    assert response.json()["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert "gone" not in response.text
