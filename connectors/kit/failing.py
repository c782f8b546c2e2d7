"""Checks with a source that fails: limits, outages, refusals, and a read that is cancelled."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

from connectors.allowed_hosts import hosts_of
from connectors.contract import Message
from connectors.failures import AuthExpired, ConnectorFailure, RateLimited, Transient
from connectors.kit.case import (
    NOW,
    Case,
    NotApplicable,
    Runaway,
    WatchedWeb,
    committed,
    cursors_of,
    latest,
    spread,
)
from connectors.web import WebAnswer

_PATIENCE = 5  # calls after which a source that is down, or says no, is left alone
_CANCEL_SECONDS = 5.0
_LATER = RateLimited(NOW + timedelta(minutes=10))
_DOWN = Transient("source_unreachable", {"host": "-"})
_REFUSED = WebAnswer(status=401, headers={}, body=b"{}")


def _calls(case: Case) -> int:
    """Read everything and count the calls; without any, what follows does not apply."""
    web = WatchedWeb(inner=case.web)
    list(case.reading(web=web))
    if not web.asked:
        raise NotApplicable("the connector asks nothing over the web")
    return len(web.asked)


def _until_failure(case: Case, web: WatchedWeb) -> tuple[list[Message], ConnectorFailure | None]:
    found: list[Message] = []
    try:
        for message in case.reading(web=web):
            found.append(message)  # noqa: PERF402 - what came before the failure counts
    except ConnectorFailure as failure:
        return found, failure
    except Runaway as run:
        raise AssertionError(f"it hammers a source that is down: {run}") from None
    return found, None


def outages_are_told_and_survived(case: Case) -> None:
    """K23: a limit, a reset or half an answer ends the read as what it is; the next one goes on."""
    wanted = latest(case.read())
    calls = _calls(case)
    for number in spread(calls, 3):
        for failure in (_LATER, _DOWN):
            patience = 1 if failure is _LATER else _PATIENCE
            web = WatchedWeb(
                inner=case.web,
                instead=lambda n, at=number, said=failure: said if n >= at else None,  # type: ignore[misc]
                most=number + patience,
            )
            found, told = _until_failure(case, web)
            assert isinstance(told, type(failure)), f"a {type(failure).__name__} became {told!r}"
            _goes_on(case, found, wanted)
        web = WatchedWeb(inner=case.web, spoil=lambda n, a, at=number: _half(a) if n == at else a)  # type: ignore[misc]
        found, told = _until_failure(case, web)
        assert told is None or isinstance(told, Transient), f"half an answer became {told!r}"
        _goes_on(case, found, wanted)


def _half(answer: WebAnswer) -> WebAnswer:
    is_json = answer.body.lstrip()[:1] in (b"{", b"[")
    return replace(answer, body=answer.body[: len(answer.body) // 2]) if is_json else answer


def _goes_on(case: Case, found: list[Message], wanted: Mapping[Any, str]) -> None:
    kept = committed(found)
    together = {**latest(kept), **latest(case.read(cursors_of(kept)))}
    assert together == wanted, "after an outage rows are missing"


def refused_access_is_told_once(case: Case) -> None:
    """K24: access that ends in mid-run raises AuthExpired and is not asked for again and again."""
    calls = _calls(case)
    for number in spread(calls, 3):
        web = WatchedWeb(
            inner=case.web,
            instead=lambda n, at=number: _REFUSED if n >= at else None,  # type: ignore[misc]
            most=number + _PATIENCE,
        )
        _, told = _until_failure(case, web)
        assert isinstance(told, AuthExpired), f"a refusal in mid-run became {told!r}"


def only_declared_hosts_are_asked(case: Case) -> None:
    """K29: it asks only hosts that it declares, and only through ``context.web``."""
    web = WatchedWeb(inner=case.web)
    besides: list[str] = []
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if not web.inside:
            besides.append(str(address))
            raise ConnectionRefusedError("the only way out is context.web")
        connect(self, address)

    with mock.patch.object(socket.socket, "connect", guarded):
        context = case.context(web=web)
        case.connector.check(context)
        case.connector.discover(context)
        list(case.reading(web=web))
    assert not besides, "it goes out past context.web"
    if not web.asked:
        raise NotApplicable("the connector asks nothing over the web, and went nowhere else")
    declared = hosts_of(case.connector.info, case.config)
    for address in web.asked:
        host = (urlsplit(address).hostname or "").lower()
        assert host in declared, f"it asks {host}, which it does not declare"


def cancelling_stops(case: Case) -> None:
    """K31: a read that is closed stops at once, asks nothing more and leaves nothing running."""
    web = WatchedWeb(inner=case.web)
    before = {thread for thread in threading.enumerate() if not thread.daemon}
    processes = _children()
    reading = case.reading(web=web)
    next(reading)
    asked, began = len(web.asked), time.monotonic()
    try:
        getattr(reading, "close", lambda: None)()
    except RuntimeError:
        raise AssertionError("it goes on although it was cancelled") from None
    assert time.monotonic() - began < _CANCEL_SECONDS, "it takes too long to stop"
    assert len(web.asked) == asked, "it asks on although it was cancelled"
    left = {thread for thread in threading.enumerate() if not thread.daemon} - before
    assert not left, "it leaves a thread running"
    assert _children() <= processes, "it leaves a process running"


def _children() -> set[str]:
    """List the children of this process, where the system tells them (Linux)."""
    lists = Path("/proc/self/task").glob("*/children")
    return {number for path in lists for number in path.read_text("ascii").split()}
