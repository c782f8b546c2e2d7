"""Signing in and out, and what somebody sees before."""

from __future__ import annotations

from typing import Any

from starlette.testclient import TestClient

SIGN_IN = """mutation($person: ID!) { sessionCreateDemo(input: {person: $person}) {
  ... on SessionCreateDemoSuccess { token }
  ... on Problem { code message }
} }"""
WHO = "{ viewer { account roles { role unit } language } }"


def test_nobody_is_signed_in_without_a_token(ask: Any) -> None:
    assert ask(WHO) == {"data": {"viewer": None}}
    assert ask(WHO, authorization="Bearer wrong") == {"data": {"viewer": None}}


def test_a_bearer_token_says_who_is_asking(ask: Any) -> None:
    answer = ask(WHO, authorization="Bearer manager", accept_language="en")
    assert answer["data"]["viewer"]["account"] == "acc_one"
    assert answer["data"]["viewer"]["language"] == "en"


def test_a_demo_sign_in_gives_a_token_and_a_cookie_that_scripts_cannot_read(
    client: TestClient,
) -> None:
    response = client.post("/graphql", json={"query": SIGN_IN, "variables": {"person": "per_one"}})
    assert response.json()["data"]["sessionCreateDemo"] == {"token": "fresh"}
    cookie = response.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    who = client.post("/graphql", json={"query": WHO}).json()
    assert who["data"]["viewer"]["account"] == "acc_one"
    gone = client.post(
        "/graphql",
        json={
            "query": "mutation { sessionRevoke(input: {}) {"
            " ... on SessionRevokeSuccess { revoked } } }"
        },
    )
    assert gone.json()["data"]["sessionRevoke"] == {"revoked": True}
    assert client.post("/graphql", json={"query": WHO}).json() == {"data": {"viewer": None}}


def test_a_refused_sign_in_is_data_in_the_readers_language(ask: Any) -> None:
    answer = ask(SIGN_IN, {"person": "per_two"}, accept_language="zh-CN")
    refused = answer["data"]["sessionCreateDemo"]
    assert refused["code"] == "SIGN_IN_FAILED"
    assert "登录失败" in refused["message"]


def test_the_demo_sign_in_is_closed_off_the_machine_and_off_the_demo(
    client: TestClient, runtime: Any
) -> None:
    from api.app import build_app

    body = {"query": SIGN_IN, "variables": {"person": "per_one"}}
    far = TestClient(build_app(runtime), client=("203.0.113.9", 50000))
    assert (
        far.post("/graphql", json=body).json()["data"]["sessionCreateDemo"]["code"] == "DEMO_ONLY"
    )
    named = client.post("/graphql", json=body, headers={"host": "attain.example"})
    assert named.json()["data"]["sessionCreateDemo"]["code"] == "DEMO_ONLY"
    passed_on = client.post("/graphql", json=body, headers={"x-forwarded-for": "127.0.0.1"})
    assert passed_on.json()["data"]["sessionCreateDemo"]["code"] == "DEMO_ONLY"
    runtime.demo = False
    assert client.post("/graphql", json=body).json()["data"]["sessionCreateDemo"]["code"] == (
        "DEMO_ONLY"
    )
