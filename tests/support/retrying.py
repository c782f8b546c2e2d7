"""A client that retries until it is answered, against a server that keeps dying."""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.support.source import ROOT

# Where a fault strikes. "timed" kills from outside at a random instant; "cut" loses the reply only.
FAULTS = ("before", "after", "reply", "timed", "cut")
_LONGEST_DELAY = 0.03
_SECONDS = 300


class Retrying:
    """One server process after another, and the client that does not give up."""

    def __init__(self, url: str, folder: Path, seed: int, *, planted: bool = False) -> None:
        self.random = random.Random(seed)
        self.deaths = 0
        self.faults: Counter[str] = Counter()
        self._pid = self._port = 0
        kept = {name: value for name, value in os.environ.items() if name[:7] != "ATTAIN_"}
        words = (url, str(folder), "planted" if planted else "sound")
        self._mother = subprocess.Popen(
            [sys.executable, "-P", "-m", "tests.support.mortal_server", *words],
            cwd=ROOT,
            env={**kept, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._bear()

    def close(self) -> None:
        """End the server of this client and the process that bears servers."""
        self._kill()
        self._mother.communicate(timeout=_SECONDS)

    def ask(self, query: str, token: str | None, fault: str = "", **variables: Any) -> Any:
        """Ask until there is an answer; a retry may meet a fault as well."""
        while True:
            try:
                return self._once(query, token, fault, variables)
            except (OSError, http.client.HTTPException):
                self._bear_if_dead()
            fault = self.random.choice(FAULTS) if self.random.random() < 0.2 else ""

    def _once(self, query: str, token: str | None, fault: str, variables: dict[str, Any]) -> Any:
        if fault:
            self.faults[fault] += 1
        headers = {"content-type": "application/json", "accept-language": "en", "x-die": fault}
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        killer = threading.Timer(self.random.uniform(0, _LONGEST_DELAY), self._kill)
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_SECONDS)
        try:
            if fault == "timed":
                killer.start()
            body = json.dumps({"query": query, "variables": variables})
            connection.request("POST", "/graphql", body, headers)
            response = connection.getresponse()
            if fault == "cut":
                raise ConnectionResetError("the reply was lost")
            return json.loads(response.read())
        finally:
            connection.close()
            if fault == "timed":
                killer.join()

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)

    def _bear_if_dead(self) -> None:
        if self._is_answering():
            return
        assert self._line("dead") == ""
        self.deaths += 1
        self._bear()

    def _is_answering(self) -> bool:
        """Ask the process itself; a killed one may need a moment to be gone."""
        probe = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_SECONDS)
        try:
            probe.request("GET", "/healthz")
            return probe.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            probe.close()

    def _bear(self) -> None:
        assert self._mother.stdin is not None
        self._mother.stdin.write("live\n")
        self._mother.stdin.flush()
        said = dict(self._words() for _ in range(2))
        self._pid, self._port = int(said["born"]), int(said["ready"])

    def _line(self, word: str) -> str:
        found, rest = self._words()
        assert found == word, (found, rest)
        return rest

    def _words(self) -> tuple[str, str]:
        assert self._mother.stdout is not None
        word, _, rest = self._mother.stdout.readline().strip().partition(" ")
        return word, rest
