"""A Tryton of its own, installed, set up and filled through its own interface.

Nothing here knows our connector: what it reads back was written by another way in.
"""

from __future__ import annotations

import base64
import gzip
import http.client
import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.support.live_server import environment, free_port, serving

MASTER, MASTER_PASSWORD = "admin", "first-user-live-5e1"
_MODULES = ("commission", "sale_opportunity", "sale", "account_invoice")
_MINUTES = 15.0


@contextmanager
def running_tryton(folder: Path) -> Iterator[str]:
    """Make a database with the modules of sales and serve it; give the address."""
    programs = environment("tryton")
    (folder / "db").mkdir()
    (folder / "db" / "crm.sqlite").touch()  # Tryton makes no file of its own
    (folder / "password").write_text(MASTER_PASSWORD, "utf-8")
    port = free_port()
    (folder / "conf").write_text(
        f"[database]\nuri = sqlite://\npath = {folder / 'db'}\n"
        f"[web]\nlisten = 127.0.0.1:{port}\n"
        # What is confirmed waits to be processed, as it does beside a worker.
        "[queue]\nworker = True\n",
        "utf-8",
    )
    admin = [str(programs / "trytond-admin"), "-c", "conf", "-d", "crm"]
    for words in (
        ["--all", "--email", "admin@acme.example"],
        ["-u", *_MODULES, "--activate-dependencies"],
    ):
        done = subprocess.run(
            [*admin, *words],
            cwd=folder,
            env={"TRYTONPASSFILE": "password", "HOME": str(folder), "PATH": "/usr/bin:/bin"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_MINUTES * 60,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2_000:]
    command = [str(programs / "trytond"), "-c", "conf", "-d", "crm"]
    with serving(command, port, folder) as address:
        yield address


class Rpc:
    """Somebody signed in, who calls models by JSON-RPC; values are Python's own."""

    def __init__(self, address: str, user: str = MASTER, password: str = MASTER_PASSWORD) -> None:
        self._host = address.removeprefix("http://")
        self._headers = {"content-type": "application/json"}
        uid, token, *_ = self.send("common.db.login", [user, {"password": password}, "en"])
        pair = base64.b64encode(f"{user}:{uid}:{token}".encode()).decode()
        self._headers["authorization"] = f"Session {pair}"
        self.context: dict[str, Any] = {}
        self.refresh()

    def refresh(self) -> None:
        """Read what the user prefers, as a client does after every change of it."""
        self.context = self.send("model.res.user.get_preferences", [True, {}])

    def call(self, model: str, method: str, /, *params: Any, **context: Any) -> Any:
        """Call a method of a model."""
        return self.send(f"model.{model}.{method}", [*params, {**self.context, **context}])

    def create(self, model: str, /, *rows: Mapping[str, Any]) -> list[int]:
        """Make rows; return their numbers."""
        found: list[int] = self.call(model, "create", list(rows))
        return found

    def find(self, model: str, domain: list[Any], *fields: str) -> list[dict[str, Any]]:
        """Search and read, all of it, by number."""
        found: list[dict[str, Any]] = self.call(
            model, "search_read", domain, 0, None, [("id", "ASC")], ["id", *fields]
        )
        return found

    def wizard(self, name: str, *steps: tuple[str, Mapping[str, Any]], **context: Any) -> Any:
        """Walk through a wizard: the data of each step, and the state that its button leads to."""
        around = {**self.context, **context}
        session, *_ = self.send(f"wizard.{name}.create", [around])
        said = None
        for state, data in steps:
            said = self.send(f"wizard.{name}.execute", [session, data, state, around])
        return said

    def send(self, method: str, params: list[Any]) -> Any:
        """Send one call; an error of Tryton is a failure of the test."""
        _, body = self.answer(method, params)
        said = json.loads(body)
        assert "error" not in said, (method, said["error"])
        return said["result"]

    def press(self, model: str, number: int, *deeds: str, **context: Any) -> None:
        """Press one button after the other on one row."""
        for deed in deeds:
            self.call(model, deed, [number], **context)

    def answer(self, method: str, params: list[Any]) -> tuple[Mapping[str, str], bytes]:
        """Send one call, taking no encoding; give the headers and the plain body."""
        text = json.dumps({"id": 1, "method": method, "params": params}, default=_tagged)
        connection = http.client.HTTPConnection(self._host, timeout=_MINUTES * 60)
        try:
            connection.request("POST", "/crm/rpc/", text.encode(), self._headers)
            answered = connection.getresponse()
            body = answered.read()
        finally:
            connection.close()
        assert answered.status == 200, (method, answered.status, body[:500])
        headers = {name.lower(): value for name, value in answered.getheaders()}
        return headers, gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body


def _tagged(value: object) -> dict[str, Any]:
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    if isinstance(value, date):
        parts = {"year": value.year, "month": value.month, "day": value.day}
        return {"__class__": "date", **parts}
    raise TypeError(type(value).__name__)
