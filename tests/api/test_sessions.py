"""Sessions as their owner and an administrator see and end them, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from storage import tables
from storage.engine import reading
from tests.api.company import Served, served
from tests.support.company import SYSTEM

ENTER = """mutation($kind: SessionKind!, $client: String) {
  sessionCreateDemo(input: {person: "anna", kind: $kind, client: $client}) {
    ... on SessionCreateDemoSuccess { token refreshToken } } }"""
SESSIONS = "{ viewer { account sessions { id kind client current } } }"
END = """mutation($id: ID!, $key: IdempotencyKey!) {
  sessionEnd(input: {idempotencyKey: $key, session: $id}) {
    ... on SessionEndSuccess { session } ... on Problem { code } } }"""
END_ALL = """mutation($account: ID!, $key: IdempotencyKey!) {
  accountSessionsEnd(input: {idempotencyKey: $key, account: $account, reason: "She left."}) {
    ... on AccountSessionsEndSuccess { account } ... on Problem { code } } }"""
REFRESH = """mutation($last: String!) {
  sessionRefresh(input: {idempotencyKey: "key-one-1", refreshToken: $last}) {
    ... on SessionRefreshSuccess { token } ... on Problem { code } } }"""


@pytest.fixture
def made(database_url: str, tmp_path: Path) -> Iterator[Served]:
    with served(database_url, tmp_path) as found:
        yield found


def ask(made: Served, token: str | None, query: str, **variables: Any) -> Any:
    headers = {"user-agent": "a browser"}
    if token is not None:
        headers["authorization"] = f"Bearer {token}"
    client = TestClient(made.app, client=("127.0.0.1", 50000), headers=headers)
    answer = client.post("/graphql", json={"query": query, "variables": variables})
    return answer.json()["data"]


def enter(made: Served, kind: str, client: str | None = None) -> Any:
    return ask(made, None, ENTER, kind=kind, client=client)["sessionCreateDemo"]


def test_ones_own_sessions_are_listed_and_one_is_ended(made: Served) -> None:
    browser, phone = enter(made, "BROWSER"), enter(made, "MOBILE", "Anna's phone")
    listed = ask(made, browser["token"], SESSIONS)["viewer"]["sessions"]
    said = {(each["kind"], each["client"], each["current"]) for each in listed}
    assert said == {("BROWSER", "a browser", True), ("MOBILE", "Anna's phone", False)}
    (lost,) = [each["id"] for each in listed if each["kind"] == "MOBILE"]
    ended = {"id": lost, "key": "key-end-1"}
    assert ask(made, made.token("bo"), END, **ended)["sessionEnd"] == {"code": "NOT_FOUND"}
    assert ask(made, phone["token"], SESSIONS)["viewer"] is not None
    for _ in range(2):
        assert ask(made, browser["token"], END, **ended)["sessionEnd"] == {"session": lost}
    assert ask(made, phone["token"], SESSIONS)["viewer"] is None
    refused = ask(made, None, REFRESH, last=phone["refreshToken"])["sessionRefresh"]
    assert refused == {"code": "SESSION_OVER"}
    assert len(ask(made, browser["token"], SESSIONS)["viewer"]["sessions"]) == 1


def test_an_administrator_ends_every_session_of_an_account_and_the_trail_has_it(
    made: Served,
) -> None:
    browser, phone = enter(made, "BROWSER"), enter(made, "MOBILE")
    account = ask(made, browser["token"], SESSIONS)["viewer"]["account"]
    given = {"account": account, "key": "key-end-2"}
    for who in ("hr", "bo", "auditor"):
        refused = made.data(who, END_ALL, **given)["accountSessionsEnd"]
        assert refused == {"code": "FORBIDDEN"}
    assert ask(made, browser["token"], SESSIONS)["viewer"] is not None
    assert made.data("admin", END_ALL, **given)["accountSessionsEnd"] == {"account": account}
    for token in (browser["token"], phone["token"]):
        assert ask(made, token, SESSIONS)["viewer"] is None
    refused = ask(made, None, REFRESH, last=phone["refreshToken"])["sessionRefresh"]
    assert refused == {"code": "SESSION_OVER"}
    unknown = made.data("admin", END_ALL, account="acc_none", key="key-end-3")
    assert unknown["accountSessionsEnd"] == {"code": "NOT_FOUND"}
    event = tables.audit_event.c
    with reading(made.runtime.engine, SYSTEM) as connection:
        query = select(event.subject_id).where(event.action == "accountSessionsEnd")
        assert connection.execute(query).scalars().all() == [account]
