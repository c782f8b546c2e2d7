"""Subscriptions over plain HTTP: when the answer is a stream, how its frames look, how it ends."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from api import event_stream
from api.admission import Admission
from api.operating import Operating
from api.streams import Hub
from tests.api.company import Served, calculated, served
from tests.support import shared
from tests.support.streaming import eventually, listening, streaming

BOARD = 'subscription { leaderboardChanged(period: "2026-09") { sequence mark } }'
JOB = "subscription($id: ID!) { jobProgress(id: $id) { sequence job { state } } }"
URQL = (
    "application/graphql-response+json, application/graphql+json, application/json,"
    " text/event-stream, multipart/mixed"
)


@pytest.fixture(scope="module")
def company(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One company for the whole file: the database makes no difference to the transport."""
    folder = tmp_path_factory.mktemp("events")
    copy = folder / "attain.db"
    copy.write_bytes(_sqlite_template.read_bytes())
    with served(f"sqlite:///{copy}", folder) as made:
        calculated(made)
        yield made


@pytest.fixture
def hub(company: Served, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, Hub]]:
    """The company behind a server with a quick pulse."""
    monkeypatch.setattr(event_stream, "HEARTBEAT_SECONDS", 0.05)
    with pulsing(company, 300) as found:
        yield found


@contextmanager
def pulsing(company: Served, deadline: float) -> Iterator[tuple[int, Hub]]:
    """Serve the company; ``deadline`` is that of a request, not of an event."""
    app = shared.app(
        company.server,
        operating=Operating(deadline_seconds=deadline),
        admission=Admission(each=2),
    )
    app.state.hub.pause = 0.1
    app.state.hub.deadline_seconds = 300
    with listening(app) as port:
        yield port, app.state.hub


def test_a_stream_has_plain_line_ends_and_a_pulse(company: Served, hub: tuple[int, Hub]) -> None:
    port, watching = hub
    with streaming(port, company.token("anna"), BOARD) as events:
        assert events.response.getheader("content-type") == "text/event-stream; charset=utf-8"
        assert events.response.getheader("cache-control") == "no-store"
        name, first = events.frame()
        assert (name, first["data"]["leaderboardChanged"]["sequence"]) == ("next", 1)
        looks = watching.looks
        assert eventually(lambda: watching.looks > looks + 5)
        calculated(company)
        assert events.frame()[1]["data"]["leaderboardChanged"]["sequence"] == 2
        assert b"\r" not in events.raw
        assert events.raw.count(b":\n\n") > 5
    assert eventually(lambda: watching.seats == 0)


def test_a_stream_outlives_the_deadline_of_a_request(company: Served) -> None:
    for deadline in (0.5, 2, 8, 32):  # a busy machine may need longer to open the stream at all
        with (
            pulsing(company, deadline) as (port, _hub),
            streaming(port, company.token("anna"), BOARD) as events,
        ):
            if events.response.status != 200:
                continue
            assert events.frame()[0] == "next"
            late = time.monotonic() + 1.5 * deadline
            assert eventually(lambda late=late: time.monotonic() > late)  # type: ignore[misc]
            calculated(company)
            assert events.frame()[0] == "next"
            return
    raise AssertionError("no stream was opened in time")


def test_a_stream_whose_subject_ends_says_complete_and_ends(
    company: Served, hub: tuple[int, Hub]
) -> None:
    job = company.data(
        "hr",
        """mutation { calculationStart(input: {idempotencyKey: "an-event-stream",
        period: "2026-09", mode: TRIAL}) { ... on CalculationStartSuccess { job { id } } } }""",
    )["calculationStart"]["job"]["id"]
    with streaming(hub[0], company.token("hr"), JOB, id=job) as events:
        assert events.frame()[1]["data"]["jobProgress"]["job"] == {"state": "QUEUED"}
        company.work()
        names = [events.frame() for _ in range(2)]
        while names[-1][0] == "next":
            names.append(events.frame())
        assert names[-2][1]["data"]["jobProgress"]["job"] == {"state": "DONE"}
        assert names[-1] == ("complete", None)
        assert events.response.read() == b""


@pytest.mark.parametrize(
    ("accept", "who", "query", "status", "code"),
    [
        ("application/json", "anna", BOARD, 406, "STREAM_NEEDED"),
        ("*/*", "anna", BOARD, 406, "STREAM_NEEDED"),
        ("text/event-stream", "anna", "{ viewer { account } }", 406, "NOT_ACCEPTABLE"),
        ("text/event-stream", None, BOARD, 400, "SIGN_IN_REQUIRED"),
        ("text/event-stream", "admin", BOARD, 400, "FORBIDDEN"),
        ("text/event-stream", "anna", "subscription { nope }", 400, "GRAPHQL_INVALID"),
    ],
)
def test_what_cannot_be_streamed_is_an_ordinary_answer_with_a_code(
    accept: str,
    who: str | None,
    query: str,
    status: int,
    code: str,
    company: Served,
    hub: tuple[int, Hub],
) -> None:
    token = None if who is None else company.token(who)
    with streaming(hub[0], token, query, accept) as events:
        assert events.response.status == status
        kind = events.response.getheader("content-type")
        assert kind == "application/json; charset=utf-8"
        body = json.loads(events.response.read())
        assert body["errors"][0]["extensions"]["code"] == code
        assert "data" not in body


def test_a_question_stays_json_for_clients_that_list_streams_for_everything(
    company: Served, hub: tuple[int, Hub]
) -> None:
    token = company.token("anna")
    with streaming(hub[0], token, "{ __typename }", URQL) as events:
        assert json.loads(events.response.read()) == {"data": {"__typename": "Query"}}
    with streaming(hub[0], token, BOARD, URQL) as events:
        assert events.frame()[0] == "next"


def test_an_account_holds_a_bounded_number_of_streams(
    company: Served, hub: tuple[int, Hub]
) -> None:
    port, token = hub[0], company.token("anna")
    with streaming(port, token, BOARD) as one, streaming(port, token, BOARD) as two:
        assert one.frame()[0] == two.frame()[0] == "next"
        with streaming(port, token, BOARD) as third:
            assert third.response.status == 429
            body = json.loads(third.response.read())
            assert body["errors"][0]["extensions"]["code"] == "CONNECTIONS_TOO_MANY"

    def again() -> bool:
        with streaming(port, token, BOARD) as fourth:
            return fourth.response.status == 200

    assert eventually(again)
