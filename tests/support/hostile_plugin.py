"""A plug-in of a vendor that does its worst, or its duty, at the verb that its settings name.

It is copied into a folder of distributions and run as a guest; nobody imports it into the tests.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any

from connectors.contract import (
    Catalog,
    CheckCode,
    Checkpoint,
    CheckReport,
    ConnectorInfo,
    Context,
    Deletes,
    HookAnswer,
    HookRequest,
    Message,
    Notice,
    Progress,
    ReadRequest,
    Ready,
    Record,
    Rejected,
    StreamInfo,
    Tombstone,
)
from connectors.failures import ConfigurationRefused, RateLimited, Transient
from plugins.marks import hookimpl

_STREAM = StreamInfo(name="orders", entity="order", key=("order_no",), deletes=Deletes.SWEEP)
_PIPES = range(3, 12)


def row(number: int, **cells: Any) -> Record:
    """One order."""
    content = {
        "order_no": f"A{number}",
        "seller": "Li",
        "customer": "C1",
        "amount": "10.00",
        "day": "2026-07-01",
        **cells,
    }
    return Record(
        stream="orders", key=f"A{number}", content=content, position=f"row:{number}", order=number
    )


def mark(**cursor: Any) -> Checkpoint:
    """A checkpoint of the orders."""
    return Checkpoint(stream="orders", cursor=cursor)


def _into_pipes(text: bytes) -> None:
    """Write past our own lines to whatever leads to the host."""
    for place in _PIPES:
        try:
            os.write(place, text)
        except OSError:
            continue


def _hang(_context: Context) -> None:
    time.sleep(99)


def _exit(_context: Context) -> None:
    os._exit(0)


def _leave(_context: Context) -> None:
    sys.exit(0)


def _segfault(_context: Context) -> None:
    ctypes.string_at(0)


def _memory(_context: Context) -> None:
    kept = b""
    for _ in count():
        kept += b"x" * (8 << 20)


def _flood_errors(_context: Context) -> None:
    for _ in count():
        sys.stderr.write("x" * 9_000)


def _flood_output(_context: Context) -> None:
    for _ in count():
        _into_pipes(b'{"is":"Progress","stream":"orders","done":1}\n' * 1_000)


def _one_line(_context: Context) -> None:
    for _ in count():
        _into_pipes(b"x" * 60_000)


def _fork_bomb(_context: Context) -> None:
    for _ in range(9):
        if os.fork() == 0:
            time.sleep(99)
    time.sleep(99)


def _print(context: Context) -> None:
    for stream in (sys.stdout, sys.stderr):
        print(context.config["token"], file=stream, flush=True)
    os._exit(3)


def _raise(context: Context) -> None:
    raise ValueError(f"with {context.config['token']} in its words")


def _fail(context: Context) -> None:
    raise Transient("source_unreachable", {"host": str(context.config["token"])})


def _say(context: Context) -> None:
    _into_pipes(f"{context.config['said']}\n".encode())


def _write_a_file() -> None:
    with open("file", "wb"):  # noqa: PTH123 - as a plug-in may
        return


def _write_in_memory() -> None:
    os.write(os.memfd_create("file"), b"x" * 9)


def _ask_on(_context: Context) -> None:
    for _ in count():
        _into_pipes(b'{"is":"Redact","text":"' + b"x" * 60_000 + b'"}\n')


def _look_around(context: Context) -> None:
    for path in context.config["files"]:  # type: ignore[union-attr]
        try:
            with open(str(path), "rb") as file:  # noqa: PTH123 - as a plug-in may
                file.read(1)
        except OSError:
            continue
        raise ValueError(f"{path} is open")
    for write in (_write_a_file, _write_in_memory):
        try:
            write()
        except OSError:
            continue
        raise ValueError(f"{write.__name__} went well")
    for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX):
        try:
            socket.socket(family).close()
        except PermissionError:
            continue
        raise ValueError(f"{family.name} is open")
    raise ValueError(f"nothing but {sorted(os.environ)}")


_DEEDS: dict[str, Any] = {
    name.lstrip("_"): deed
    for name, deed in globals().copy().items()
    if callable(deed) and getattr(deed, "__annotations__", {}).keys() & {"_context", "context"}
}


def _slip(context: Context) -> Iterator[Message]:
    """Leave a child behind that hears no signal, say who it is, and hang."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = os.fork()
    if child == 0:
        os.setsid()
        time.sleep(99)
    yield row(1, pids=f"{os.getpid()} {child}")
    yield mark(at=1)
    time.sleep(99)


def _every_kind(_context: Context) -> Iterator[Message]:
    cells = {"amount": Decimal("1.50"), "whole": 7, "big": 10**30, "yes": True, "none": None}
    yield row(1, **cells, text='三\u2028 "x" \\ \ud800 •', small=Decimal("-0.000000000000000001"))
    yield Tombstone(stream="orders", key="A|\\", position="p", order=2, version="v2")
    yield Rejected(
        stream="orders", position="p", reason="r", values={"a": "b"}, payload={"c": "d"}, key="k"
    )
    yield Progress(stream="orders", done=1)
    yield Progress(stream="orders", done=1, total=2)
    yield Notice(stream="orders", position="p", code="c", values={"a": "二"})
    yield Ready(stream="orders", through=date(2026, 9, 30))
    yield mark(at=0.1, deep={"a": [1, None, True, "x", 1e300]})


def _lies(context: Context, request: ReadRequest) -> Iterator[Message]:
    """Say of the cursor what is not so."""
    lie = context.config["lie"]
    yield row(1)
    yield mark(at=1)
    if lie == "crash":
        yield row(2)
        yield mark(at=2)
        yield row(3)
        os.kill(os.getpid(), signal.SIGKILL)
    if lie == "another":
        yield Checkpoint(stream="salaries", cursor={"at": 2})
    if lie == "secret":
        yield mark(at=context.config["token"])
    if lie == "long":
        yield mark(at="x" * 1_100_000)
    if lie == "early":
        yield mark(at=99)
        yield row(2)
    if lie == "none":
        yield row(2)
    if lie == "heavy":
        for number in range(2, 99):
            yield row(number, text="x" * 50_000)
    if lie == "tells":
        yield row(2, **{name: str(cell) for name, cell in context.config.items()})
        base, token = str(context.config["base"]), str(context.config["token"])
        given = {"authorization": f"Bearer {token}"}
        context.web.get(f"{base}/{token}", {"key": token}, given)
        context.web.post(f"{base}/b", json={"a": [token]})
        context.web.post(f"{base}/c", form={"a": token})
        context.web.post(f"{base}/d", body=token.encode())
        digest = hashlib.sha256(token.encode()).hexdigest()
        yield row(3, redacted=context.redact(token), digest=digest)
        yield mark(at=2)
        raise ValueError(token)
    if lie == "asks":
        yield row(2, told=str(request))
        yield mark(at=2)


def _asks_the_web(context: Context) -> Iterator[Message]:
    """Tell what the way out gives, as the cells of a row."""
    base, web = str(context.config["base"]), context.web
    answers = [
        web.get(f"{base}/a", [("x", "1"), ("x", "2 &")], {"accept": "text/x"}),
        web.post(f"{base}/b", json={"n": [1, "二"]}, reads=True),
        web.post(f"{base}/c", form={"f": "&="}),
        web.post(f"{base}/d", body=b"\x00\n\xff"),
    ]
    cells = {f"c{place}": f"{each.status} {each.body!r}" for place, each in enumerate(answers)}
    try:
        web.get("https://elsewhere.example/")
    except ConfigurationRefused as refused:
        cells["elsewhere"] = f"{type(refused).__name__} {refused}"
    try:
        web.get(f"{base}/later")
    except RateLimited as limited:
        cells["later"] = limited.until.isoformat()
    cells["redacted"] = context.redact(f"<{context.config['token']}>")
    yield row(1, **cells)
    yield mark(at=1)


class Hostile:
    """Does what ``deed`` says at the verb ``at``, else its duty."""

    info = ConnectorInfo(
        id="hostile",
        title={"zh-CN": "恶意", "en": "Hostile"},
        api="1.0",
        config_schema={"type": "object", "properties": {"token": {"secret": True}}},
        streams=(_STREAM,),
        capabilities={"keys": 1, "hook": 1},
        allowed_hosts=("{base}",),
    )

    def _do(self, verb: str, context: Context) -> None:
        if context.config.get("at") == verb:
            _DEEDS[str(context.config["deed"])](context)

    def check(self, context: Context) -> CheckReport:
        """Be well."""
        self._do("check", context)
        return CheckReport(code=CheckCode.OK)

    def discover(self, context: Context) -> Catalog:
        """Have orders."""
        self._do("discover", context)
        return Catalog(streams=(_STREAM,))

    def read(self, context: Context, request: ReadRequest) -> Iterator[Message]:
        """Say two orders, or what the settings say."""
        self._do("read", context)
        deed = context.config.get("deed")
        if deed in {"slip", "every_kind", "asks_the_web"}:
            yield from globals()[f"_{deed}"](context)
        elif "lie" in context.config:
            yield from _lies(context, request)
        else:
            yield row(1)
            yield row(2)
            yield mark(at=2)

    def keys(self, context: Context, stream: str) -> Iterator[str]:
        """Have two keys."""
        self._do("keys", context)
        yield from ("A1", "A2")

    def hook(self, context: Context, request: HookRequest) -> HookAnswer:
        """Take whatever comes."""
        self._do("hook", context)
        return HookAnswer(status=200, body=request.body, reread={"orders": ("A1",)}, delivery="d-1")


@hookimpl
def connectors() -> list[Any]:
    """Hand it over."""
    return [Hostile()]
