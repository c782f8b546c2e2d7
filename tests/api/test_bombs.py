"""Fragments that spread each other cost what their text costs, on our own types and pages too."""

from __future__ import annotations

import time
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.support import shared

# Where the fragments hang: what is asked around them, their type, and what the last one asks.
PLACES = {
    "object": ("viewer { %s }", "Viewer", "language"),
    "nodes": ("people { nodes { %s } }", "Person", "id name"),
    "edges": ("goals { edges { node { %s } } }", "Goal", "id lines { weight }"),
    "connection": ("people { %s }", "PersonConnection", "totalCount"),
    "resolver": ("goals { nodes { %s } }", "Goal", "progress { met }"),
}
BAR_S = 0.05
# Other work on the machine: two to the power of 18 would take seconds, of 22 a minute.
MARGIN = 8


def bomb(place: str, depth: int, salt: int) -> str:
    """Write fragments each of which spreads the next one twice; ``salt`` makes the text new."""
    around, kind, last = PLACES[place]
    chain = "".join(f"fragment F{i} on {kind} {{ ...F{i + 1} ...F{i + 1} }} " for i in range(depth))
    asked = around % "...F0"
    return f"{{ a{salt}: {asked} }} {chain} fragment F{depth} on {kind} {{ {last} }}"


def seconds(client: TestClient, place: str, depth: int) -> float:
    """Take the least processor time of three new texts, end to end."""
    times = []
    for salt in range(3):
        body = {"query": bomb(place, depth, salt)}
        started = time.process_time()
        response = client.post("/graphql", json=body, headers={"authorization": "Bearer hr"})
        times.append(time.process_time() - started)
        assert response.status_code == 200
        answer: dict[str, Any] = response.json()
        codes = {error["extensions"]["code"] for error in answer.get("errors", [])}
        assert "INTERNAL" not in codes, answer
        assert "data" in answer or codes <= {"QUERY_TOO_COMPLEX", "GRAPHQL_INVALID"}, answer
    return min(times)


@pytest.mark.parametrize("place", PLACES)
def test_a_bomb_costs_no_more_than_its_text(runtime: Any, place: str) -> None:
    client = TestClient(shared.app(runtime), client=("127.0.0.1", 50000))
    client.post("/graphql", json={"query": "{ __typename }"})
    took = {depth: seconds(client, place, depth) for depth in (18, 22, 200)}
    assert max(took.values()) < BAR_S * MARGIN, took
    # Four fragments more are sixteen times as much when unrolled.
    assert took[22] < 4 * took[18] + BAR_S, took
