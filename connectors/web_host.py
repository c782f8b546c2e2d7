"""The host's side of a connector's web: allowed hosts, limits, patience, failures by consequence.

One object serves one run of one connection. What a source may be asked, and how often, is data of
the connector (``allowed_hosts``, ``limits``); the guarded client underneath
(``connectors/http.py``) keeps requests out of the network behind us.
"""

from __future__ import annotations

import json as json_text
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode, urlsplit

from connectors.allowed_hosts import hosts_of
from connectors.contract import CallLimit, ConnectorInfo, Json
from connectors.failures import ConfigurationRefused, RateLimited, Transient
from connectors.http import Answer, Http, HttpFailure, Retriable, Trouble
from connectors.web import Pairs, WebAnswer

__all__ = ["LimitedWeb", "hosts_of", "limits_of", "open_http", "web_of"]

SECONDS = 30.0
MOST_BYTES = 32 * 1024 * 1024
_TRIES = 3
_WAIT = 0.2
_PATIENCE = 5.0  # a longer wait is the host's: it goes on from the last checkpoint
_CODES: Mapping[Trouble, str] = {
    Trouble.ADDRESS: "source_host_refused",
    Trouble.DENIED: "source_host_refused",
    Trouble.UNKNOWN_HOST: "source_unknown_host",
    Trouble.UNREACHABLE: "source_unreachable",
    Trouble.TIMEOUT: "source_timeout",
    Trouble.TOO_LARGE: "source_answer_too_large",
    Trouble.REDIRECTED: "source_redirected",
    Trouble.ENCODED: "source_encoded",
    Trouble.STATUS: "source_status",
    Trouble.NOT_JSON: "source_not_json",
}
_ASKS_TO_WAIT = frozenset({429, 503})

Sleep = Callable[[float], None]


def open_http(private_hosts: Iterable[str] = ()) -> Http:
    """Open the client that all sources share; ``private_hosts`` are those near us, by name."""
    return Http(private_hosts=private_hosts, seconds=SECONDS, most_bytes=MOST_BYTES, gzip=True)


@dataclass(slots=True, kw_only=True)
class LimitedWeb:
    """The way out of one connection; ``clock`` is wall time, ``seconds`` a steady clock."""

    http: Http
    hosts: frozenset[str]
    limits: tuple[CallLimit, ...]
    clock: Callable[[], datetime]
    sleep: Sleep = time.sleep
    seconds: Callable[[], float] = time.monotonic
    _calls: dict[CallLimit, deque[float]] = field(default_factory=dict)

    def get(self, address: str, query: Pairs = (), headers: Pairs = ()) -> WebAnswer:
        """Read; what fails in passing is tried again."""
        return self._ask("GET", address, query, headers, b"", _TRIES)

    def post(
        self,
        address: str,
        *,
        json: object = None,
        form: Pairs | None = None,
        body: bytes | None = None,
        query: Pairs = (),
        headers: Pairs = (),
        reads: bool = False,
    ) -> WebAnswer:
        """Send; only what ``reads`` is tried again."""
        sent = list(headers.items()) if isinstance(headers, Mapping) else list(headers)
        if form is not None:
            sent.append(("content-type", "application/x-www-form-urlencoded"))
            content = urlencode(form).encode()
        elif body is not None:
            content = body
        else:
            sent.append(("content-type", "application/json; charset=utf-8"))
            content = json_text.dumps(json, ensure_ascii=False).encode()
        return self._ask("POST", address, query, sent, content, _TRIES if reads else 1)

    def _ask(
        self, method: str, address: str, query: Pairs, headers: Pairs, body: bytes, tries: int
    ) -> WebAnswer:
        self._demand_allowed(address)
        for left in reversed(range(tries)):
            self._keep_to_limits(address)
            try:
                answer = self.http.send(method, address, query=query, headers=headers, body=body)
            except Retriable as failure:
                if not left or not self._worth_waiting(failure):
                    raise self._failed(failure) from None
                self.sleep(failure.after or _WAIT * 2 ** (tries - left))
            except HttpFailure as failure:
                raise self._failed(failure) from None
            else:
                return _answered(answer)
        raise AssertionError("the last try returns or raises")

    def _demand_allowed(self, address: str) -> None:
        try:
            parts = urlsplit(address)
            host = (parts.hostname or "").lower()
        except ValueError:
            host = ""
        if host not in self.hosts:
            raise ConfigurationRefused("source_host_refused", {"host": host or "-"})

    def _keep_to_limits(self, address: str) -> None:
        """Wait until one more call is within every limit that fits the address."""
        path = urlsplit(address).path
        for limit in self.limits:
            if limit.path not in path:
                continue
            calls = self._calls.setdefault(limit, deque(maxlen=limit.calls))
            if len(calls) == limit.calls:
                pause = calls[0] + limit.seconds - self.seconds()
                if pause > 0:
                    self.sleep(pause)
            calls.append(self.seconds())

    def _worth_waiting(self, failure: Retriable) -> bool:
        return failure.status != 429 and (failure.after or 0.0) <= _PATIENCE

    def _failed(self, failure: HttpFailure) -> Exception:
        values = {"host": failure.host}
        if isinstance(failure, Retriable):
            asked = failure.status in _ASKS_TO_WAIT and failure.after is not None
            if failure.status == 429 or asked:
                pause = timedelta(seconds=min(failure.after or 60.0, 7 * 86_400.0))
                return RateLimited(self.clock().astimezone(UTC) + pause, values)
            return Transient(_CODES[failure.trouble], values)
        return ConfigurationRefused(_CODES[failure.trouble], values)


def _answered(answer: Answer) -> WebAnswer:
    return WebAnswer(status=answer.status, headers=answer.headers, body=answer.body)


def limits_of(info: ConnectorInfo, config: Mapping[str, Json]) -> tuple[CallLimit, ...]:
    """Add what an administrator set to what the connector declares: the tightest one counts.

    ``"limits": [{"calls": 10, "seconds": 60, "path": "/orders"}]`` in the settings.
    """
    own = config.get("limits") or []
    found = list(info.limits)
    try:
        for each in own if isinstance(own, Sequence) else [None]:
            calls, seconds = int(each["calls"]), float(each["seconds"])  # type: ignore[index, arg-type, call-overload]
            if calls < 1 or not 0 < seconds <= 86_400:
                raise ValueError(calls)
            path = str(each.get("path", ""))  # type: ignore[union-attr]
            found.append(CallLimit(calls=calls, seconds=seconds, path=path))
    except (TypeError, ValueError, KeyError, AttributeError):
        raise ConfigurationRefused("source_setting_invalid", {"field": "limits"}) from None
    return tuple(found)


def web_of(
    http: Http,
    info: ConnectorInfo,
    config: Mapping[str, Json],
    clock: Callable[[], datetime],
    sleep: Sleep = time.sleep,
) -> LimitedWeb:
    """Build the way out of one connection."""
    return LimitedWeb(
        http=http,
        hosts=hosts_of(info, config),
        limits=limits_of(info, config),
        clock=clock,
        sleep=sleep,
    )
