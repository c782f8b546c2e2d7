"""What an operator relies on: a late answer, numbers without names, log lines without values."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.testclient import TestClient

from api.app import build_app
from api.budget import Budget
from api.meters import BUCKETS, OTHER, OUTCOMES, Condition, Meters
from api.operating import Operating
from api.server import Server
from attain.logs import log_as_json_lines
from messages.render import Locale, load
from storage.condition import PoolUse, pool_use
from storage.engine import reading
from tests.api.company import PEOPLE, Served, calculated, served
from tests.support import shared
from tests.support.company import SYSTEM

SLOW = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000000)"
    " SELECT count(*) FROM n",
    "postgresql": "SELECT pg_sleep(60)",
}
ASK = {"query": "{ people { totalCount } }"}
HR = {"authorization": "Bearer hr"}


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Everything that is logged while the test runs, as the server writes it."""
    root, ours = logging.getLogger(), logging.getLogger("attain")
    before = (list(root.handlers), root.level, ours.level)
    stream = io.StringIO()
    log_as_json_lines(stream)
    yield stream
    root.handlers[:], level, our_level = before
    root.setLevel(level)
    ours.setLevel(our_level)
    structlog.reset_defaults()


def local(app: Any, **more: Any) -> TestClient:
    return TestClient(app, client=("127.0.0.1", 50000), **more)


@pytest.mark.parametrize(("language", "word"), [("en", "longer than allowed"), ("zh-CN", "超时")])
def test_a_request_that_takes_too_long_is_stopped_and_says_so(
    runtime: Any, database_url: str, monkeypatch: pytest.MonkeyPatch, language: str, word: str
) -> None:
    made = type(runtime)(database_url)
    engine = made.actions.engine

    @contextmanager
    def slowly(*_: Any) -> Iterator[Any]:
        with reading(engine, SYSTEM) as database:
            database.execute(text(SLOW[engine.dialect.name]))
            yield database

    monkeypatch.setattr(made, "reading", slowly)
    client = local(shared.app(made, operating=Operating(deadline_seconds=0.4)))
    started = time.monotonic()
    answer = client.post("/graphql", json=ASK, headers={**HR, "accept-language": language})
    assert time.monotonic() - started < 30
    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] == "DEADLINE_EXCEEDED"
    assert word in error["message"]
    monkeypatch.undo()
    client = local(shared.app(made))
    for _ in range(10):  # no connection was left broken or taken
        assert "errors" not in client.post("/graphql", json=ASK, headers=HR).json()
    assert pool_use(engine).in_use == 0
    engine.dispose()


def test_a_slow_look_up_of_who_asks_is_stopped_too(
    runtime: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(*_: Any) -> Any:
        with reading(runtime.actions.engine, SYSTEM) as database:
            return database.execute(text(SLOW["sqlite"])).one()

    monkeypatch.setattr(runtime.sessions, "viewer_of", slowly)
    client = local(shared.app(runtime, operating=Operating(deadline_seconds=0.3)))
    answer = client.post("/graphql", json=ASK, headers=HR)
    assert answer.status_code == 503
    assert answer.json()["errors"][0]["extensions"]["code"] == "DEADLINE_EXCEEDED"


def test_a_late_change_says_so_as_data_and_is_counted_as_late(
    runtime: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(*_: Any) -> Any:
        with reading(runtime.actions.engine, SYSTEM) as database:
            return database.execute(text(SLOW["sqlite"])).one()

    monkeypatch.setattr(runtime.sessions, "open_demo", slowly)
    operating = Operating(deadline_seconds=0.3)
    client = local(shared.app(runtime, operating=operating))
    change = (
        'mutation { sessionCreateDemo(input: {person: "per_one"}) {'
        " ... on Problem { code message } } }"
    )
    answer = client.post("/graphql", json={"query": change}).json()
    assert answer["data"]["sessionCreateDemo"]["code"] == "DEADLINE_EXCEEDED"
    assert operating.meters.outcomes == {"DEADLINE_EXCEEDED": 1}


def test_a_body_that_never_ends_is_given_up_at_the_deadline(runtime: Any) -> None:
    app = shared.app(runtime, operating=Operating(deadline_seconds=0.3))
    sent: list[Any] = []

    async def receive() -> Any:
        await asyncio.sleep(0.1)
        return {"type": "http.request", "body": b" ", "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/graphql",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
        "client": ("203.0.113.9", 50000),
        "server": ("testserver", 80),
    }
    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == 503
    assert json.loads(sent[1]["body"])["errors"][0]["extensions"]["code"] == "DEADLINE_EXCEEDED"


def test_requests_are_counted_by_what_came_of_them(runtime: Any) -> None:
    budget = Budget(size=100, per_second=1, seconds=lambda: 0.0)
    client = local(build_app(runtime, operating=Operating(budget=budget)))
    for body in ({"query": "{ languages }"}, {"query": "{ languages }"}, {"query": "{"}, ASK):
        client.post("/graphql", json=body)
    client.put("/graphql", json=ASK)
    found = client.get("/metrics")
    assert found.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    for line in (
        'attain_requests_total{outcome="OK"} 2',
        'attain_requests_total{outcome="GRAPHQL_INVALID"} 1',
        'attain_requests_total{outcome="SIGN_IN_REQUIRED"} 1',
        'attain_requests_total{outcome="METHOD_NOT_ALLOWED"} 1',
        "attain_request_seconds_count 5",
        'attain_request_seconds_bucket{le="+Inf"} 5',
        "attain_request_cost_total 63",
        "attain_budget_buckets 1",
        'attain_database_connections{state="in_use"} 0',
        "attain_database_up 1",
        'attain_jobs{state="queued"} 0',
    ):
        assert line in found.text.splitlines(), line


def test_a_silent_database_is_a_number_and_not_a_failure(
    runtime: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> Any:
        raise SQLAlchemyError("gone")

    monkeypatch.setattr(runtime, "reading", fail)
    found = local(build_app(runtime)).get("/metrics")
    assert found.status_code == 200
    assert "attain_database_up 0" in found.text.splitlines()
    assert "attain_jobs" not in found.text


def test_metrics_are_for_this_machine_unless_the_operator_says_otherwise(runtime: Any) -> None:
    far = ("203.0.113.9", 50000)
    assert TestClient(build_app(runtime), client=far).get("/metrics").status_code == 403
    forwarded = {"x-forwarded-for": "203.0.113.9"}
    assert local(build_app(runtime)).get("/metrics", headers=forwarded).status_code == 403
    shown = build_app(runtime, operating=Operating(shows_metrics_to_all=True))
    assert TestClient(shown, client=far).get("/metrics").status_code == 200


def test_a_histogram_counts_each_duration_in_every_wider_bucket() -> None:
    meters = Meters()
    for seconds in (0.005, 0.0051, 3.0, 60.0):
        meters.count("OK", seconds, 1)
    written = meters.text(Condition(pool=PoolUse(0, 0), jobs=None), 0).splitlines()
    held = [line.split()[-1] for line in written if line.startswith("attain_request_seconds_b")]
    assert held == ["1", "2", "2", "2", "2", "2", "2", "2", "2", "3", "3", "4"]
    assert len(held) == len(BUCKETS) + 1


def test_an_outcome_outside_the_closed_set_is_not_a_label() -> None:
    meters = Meters()
    assert meters.count('x"} 1\nforged 1', 0.1, 1) == OTHER
    assert set(meters.outcomes) == {OTHER}
    assert OTHER not in OUTCOMES


@pytest.fixture
def company(database_url: str, tmp_path: Path) -> Iterator[Served]:
    """A company that is calculated, watched as a server watches it."""
    with served(database_url, tmp_path) as found:
        calculated(found)
        for who in ("hr", "anna"):
            found.token(who)
        budget = Budget(size=10**6, per_second=1, seconds=lambda: 0.0)
        server = Server(actions=found.runtime, catalogue=load(), locale=Locale.EN)
        operating = Operating(budget=budget, logs_requests=True)
        found.app = build_app(server, operating=operating)
        yield found


def canaries(company: Served) -> list[str]:
    """Patterns of everything of the company and of the client that only answers may hold."""
    tokens = [company.token(who) for who in ("hr", "anna")]
    ids = [value for value in (company.entity, *company.ids.values()) if len(value) > 4]
    names = [rf"\b{name}\b" for name in PEOPLE]
    return [*map(re.escape, (*ids, *tokens)), *names, r"\bper_", r"\bacc_", "alias_of"]


def test_no_name_id_token_or_variable_reaches_the_metrics_or_the_log(
    company: Served, lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = (
        "query alias_of_anna($person: ID, $period: Period!) { alias_of_eve:"
        " statement(person: $person, period: $period) { person { name id } payout { text } } }"
    )
    for who in ("hr", "anna", None):
        company.ask(who, query, person=company.ids["anna"], period="2026-09")
    company.ask("hr", query, person="anna", period="anna-2026")

    def fail(*_: Any, **__: Any) -> Any:
        raise SQLAlchemyError(f"no row for {company.ids['anna']} anna")

    monkeypatch.setattr(Server, "reading", fail)
    answer = company.ask("hr", query, person=company.ids["anna"], period="2026-09")
    assert answer["errors"][0]["extensions"]["code"] == "INTERNAL"
    monkeypatch.undo()
    metrics = local(company.app).get("/metrics").text
    logged = lines.getvalue()
    for canary in canaries(company):
        assert re.search(canary, metrics) is None
        assert re.search(canary, logged) is None
    assert 'outcome="INTERNAL"} 1' in metrics
    entries = [json.loads(line) for line in logged.splitlines()]
    requests = [entry for entry in entries if entry["event"] == "request"]
    assert len(requests) == 5
    allowed = {"event", "level", "timestamp", "request_id", "outcome", "status", "cost"}
    assert all(set(entry) == allowed | {"milliseconds"} for entry in requests)
    fault_id = answer["errors"][0]["extensions"]["requestId"]
    assert [entry["outcome"] for entry in requests if entry["request_id"] == fault_id] == [
        "INTERNAL"
    ]
    (fault,) = [entry for entry in entries if "fault" in entry]
    assert fault["request_id"] == fault_id
    assert fault["fault"] == ["sqlalchemy.exc.SQLAlchemyError"]


def test_an_error_of_the_database_is_logged_without_what_was_asked_for(
    company: Served, lines: io.StringIO
) -> None:
    secret = "anna-7700"
    with (
        pytest.raises(SQLAlchemyError) as caught,
        reading(company.runtime.engine, SYSTEM) as database,
    ):
        database.execute(text("SELECT n FROM nowhere WHERE name = :name"), {"name": secret})
    assert secret not in str(caught.value)
    log = logging.getLogger("attain.api")
    log.error("it failed", exc_info=caught.value)
    try:
        raise ValueError(secret)
    except ValueError:
        structlog.get_logger("attain.worker").error("job_fault", exc_info=True)
    assert secret not in lines.getvalue()
    first, second = (json.loads(line) for line in lines.getvalue().splitlines())
    assert first["fault"][0] == f"sqlalchemy.exc.{type(caught.value).__name__}"
    assert second["fault"] == ["builtins.ValueError"]
    place = f"{Path(__file__)}:"
    assert any(entry.startswith(place) for entry in second["places"])
    assert sys.exc_info() == (None, None, None)
