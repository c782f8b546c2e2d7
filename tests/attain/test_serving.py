"""The server as an operator starts it: its limits, its numbers and its lines."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import uvicorn

from attain.server import AnnouncingServer
from tests.api.company import calculated, served
from tests.support import shared
from tests.support.source import ROOT
from tests.support.streaming import streaming, talking

DEAR = (
    "{" + " ".join(f"a{n}: people(first: 100) {{ nodes {{ id name }} }}" for n in range(19)) + "}"
)


def attain(data: Path, *words: str) -> subprocess.Popen[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ATTAIN_")}
    chosen = {"ATTAIN_DATA": str(data), "ATTAIN_PORT": "0", "ATTAIN_BUDGET": "20000"}
    return subprocess.Popen(
        [sys.executable, "-m", "attain", *words],
        cwd=ROOT,
        env={**kept, **chosen, "ATTAIN_BUDGET_PER_SECOND": "1", "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def fetch(port: str, path: str, body: Any = None) -> tuple[int, str, Any]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"content-type": "application/json", "accept-language": "en"},
    )
    try:
        with urllib.request.urlopen(request, timeout=300) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode(), refused.headers


def test_a_served_installation_bounds_counts_and_logs_every_request(tmp_path: Path) -> None:
    migrated = attain(tmp_path, "migrate")
    assert migrated.communicate(timeout=300)[1] == ""
    server = attain(tmp_path, "serve")
    try:
        assert server.stdout is not None
        port = server.stdout.readline().split()[-1]
        answers = [fetch(port, "/graphql", {"query": DEAR}) for _ in range(4)]
        metrics = fetch(port, "/metrics")
    finally:
        server.terminate()
        logged = server.communicate(timeout=300)[1]
    assert [status for status, _, _ in answers] == [200, 200, 200, 429]
    assert json.loads(answers[0][1])["extensions"]["cost"]["estimated"] == 19 * 301
    wait = int(answers[3][2]["retry-after"])
    assert 4 * 19 * 301 - 20_000 - 60 < wait <= 4 * 19 * 301 - 20_000
    assert json.loads(answers[3][1])["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
    assert 'attain_requests_total{outcome="RATE_LIMITED"} 1' in metrics[1].splitlines()
    lines = [json.loads(line) for line in logged.splitlines()]
    said = [(line["outcome"], line["status"]) for line in lines if line["event"] == "request"]
    assert said == [("SIGN_IN_REQUIRED", 200)] * 3 + [("RATE_LIMITED", 429)]
    ids = [line["request_id"] for line in lines if line["event"] == "request"]
    assert ids == [headers["x-request-id"] for _, _, headers in answers]


def test_a_server_that_stops_ends_its_streams_instead_of_waiting_for_them(
    sqlite_url: str, tmp_path: Path
) -> None:
    with served(sqlite_url, tmp_path) as made:
        calculated(made)
        app = shared.app(made.server)
        config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning")
        ports: queue.Queue[int] = queue.Queue()
        server = AnnouncingServer(config, ports.put, app.state.hub)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        port, token = ports.get(timeout=300), made.token("anna")
        board = 'subscription { leaderboardChanged(period: "2026-09") { mark } }'
        with streaming(port, token, board) as events, talking(port, token) as talk:
            assert events.frame()[0] == talk.subscribe("1", board).hear()["type"] == "next"
            server.should_exit = True
            told = events.frame()[1]["errors"][0]["extensions"]["code"]
            assert (told, events.frame()[0]) == ("SERVER_RESTARTING", "complete")
            assert talk.closed()[0] == 1012
        thread.join(60)
        assert not thread.is_alive()
