"""A simple request goes to a thread once: who asks, the read and the answer in one hop."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from anyio import to_thread
from graphql import GraphQLNonNull
from starlette.testclient import TestClient

from api.access import Audience, output, resolved, shown
from api.app import build_app
from api.schema import build_schema
from storage.deadline import current
from tests.api.company import Served, calculated, served
from tests.api.test_limits import Nothing
from tests.support import shared

HR = {"authorization": "Bearer hr"}
PEOPLE = {"query": "{ people(first: 3) { totalCount nodes { id name } } }"}


@output(access=Audience.EVERYBODY, description="A row.")
class Slow:
    name: str = shown("A name.")


@output(access=Audience.EVERYBODY, description="A part of the root.")
class Waiting:
    @resolved("Rows, after a while.", access=Audience.EVERYBODY)
    async def slow(self, seconds: float) -> list[Slow]:
        await asyncio.sleep(seconds)
        return [Slow(name="row")]


@pytest.fixture
def hops(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Write down every way to a thread."""
    seen: list[str] = []
    real = to_thread.run_sync

    async def noting(work: Any, *given: Any, limiter: Any) -> Any:
        seen.append(getattr(work, "__qualname__", "?"))
        return await real(work, *given, limiter=limiter)

    monkeypatch.setattr(to_thread, "run_sync", noting)
    return seen


def asked(client: TestClient, body: dict[str, Any], hops: list[str]) -> tuple[int, dict[str, Any]]:
    """Ask and count the hops."""
    hops.clear()
    answer: dict[str, Any] = client.post("/graphql", json=body, headers=HR).json()
    for error in answer.get("errors", []):
        error["extensions"].pop("requestId")
    return len(hops), answer


def test_the_second_request_takes_one_hop(runtime: Any, hops: list[str]) -> None:
    client = TestClient(build_app(runtime, build_schema(compiled=True)))
    first = asked(client, PEOPLE, hops)
    assert first[0] == 2
    for _ in range(3):
        assert asked(client, PEOPLE, hops) == (1, first[1])


def test_several_root_fields_stay_apart_and_concurrent(runtime: Any, hops: list[str]) -> None:
    client = TestClient(build_app(runtime, build_schema(compiled=True)))
    body = {"query": "{ people { totalCount } units { totalCount } }"}
    assert [asked(client, body, hops)[0] for _ in range(3)] == [3, 3, 3]


@pytest.mark.parametrize("seconds", [0, 0.001])
def test_what_waits_for_an_event_loop_is_given_one(
    runtime: Any, hops: list[str], seconds: float
) -> None:
    schema = build_schema([Waiting], [Nothing], compiled=True)
    client = TestClient(build_app(runtime, schema))
    body = {"query": f"{{ slow(seconds: {seconds}) {{ name }} }}"}
    expected = {"data": {"slow": [{"name": "row"}]}}
    assert [asked(client, body, hops)[1] for _ in range(3)] == [expected] * 3
    # It was tried once; after that it is not sent to a thread in vain.
    assert asked(client, body, hops) == (1, expected)


def test_a_revoked_session_is_refused_by_the_next_request(runtime: Any, hops: list[str]) -> None:
    client = TestClient(build_app(runtime, build_schema(compiled=True)))
    for _ in range(2):
        assert "errors" not in asked(client, PEOPLE, hops)[1]
    runtime.sessions.tokens.clear()
    taken, answer = asked(client, PEOPLE, hops)
    assert taken == 1
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["SIGN_IN_REQUIRED"]


def test_the_deadline_goes_along(
    runtime: Any, hops: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = TestClient(build_app(runtime, build_schema(compiled=True)))
    asked(client, PEOPLE, hops)
    real, seen = runtime.reading, []

    def noting(actor: Any) -> Any:
        seen.append(current())
        return real(actor)

    monkeypatch.setattr(runtime, "reading", noting)
    assert asked(client, PEOPLE, hops)[0] == 1
    assert [deadline is not None for deadline in seen] == [True]


def _fields() -> list[str]:
    query = shared.schema().core.query_type
    assert query is not None
    given = {
        "period": 'period: "2026-09"',
        "level": "level: PERSON",
        "id": 'id: "{anna}"',
        "ids": 'ids: ["{anna}"]',
        "goal": 'goal: "nothing"',
        "event": 'event: "1"',
        "older": "older: 1",
        "newer": "newer: 1",
    }
    found = []
    for name, field in query.fields.items():
        needed = [each for each, arg in field.args.items() if isinstance(arg.type, GraphQLNonNull)]
        words = ", ".join(given[each] for each in needed if each in given)
        leaf = "" if name == "languages" else " { __typename }"
        found.append(f"{name}{f'({words})' if words else ''}{leaf}")
    return found


def test_every_root_field_answers_in_one_hop_what_it_answers_in_two(
    database_url: str, tmp_path: Path, hops: list[str]
) -> None:
    with served(database_url, tmp_path) as made:
        calculated(made)
        made.app = build_app(made.server, build_schema(compiled=True))
        once = 0
        for field in _fields():
            once += _alike(made, "{ " + field.replace("{anna}", made.ids["anna"]) + " }", hops)
        assert once > 15


def _alike(made: Served, text: str, hops: list[str]) -> bool:
    """Ask twice; tell whether the second time took one hop."""
    answers = []
    for _ in range(2):
        hops.clear()
        answer = made.ask("hr", text)
        assert "INTERNAL" not in str(answer), answer
        for error in answer.get("errors", []):
            error["extensions"].pop("requestId")
        answers.append(answer)
    assert answers[0] == answers[1]
    return len(hops) == 1
