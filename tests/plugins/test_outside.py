"""Guests: connectors of vendors in processes of their own, however they behave."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from connectors import plain_values
from connectors.contract import (
    Backfill,
    CallLimit,
    CheckFinding,
    ConnectorInfo,
    Context,
    HookRequest,
    ListsKeys,
    Message,
    ReadRequest,
    ReceivesHooks,
    Record,
    StreamInfo,
)
from connectors.failures import ConnectorBug, ConnectorFailure, ProgramFailed, Transient
from connectors.guest_words import WORDS
from connectors.message_lines import KINDS
from connectors.process_host import Limits
from connectors.stand_ins import StandIns
from plugins import outside
from plugins.asking import HOOKS
from tests.support import guests, hostile_plugin
from tests.support.guests import CALM, FENCED, HASTY, TOKEN
from tests.support.living import is_alive
from tests.support.loopback import Asked, Told
from tests.support.source_web import simulated

LONG = pytest.mark.long  # the same again, elsewhere
ORDERS = ReadRequest(streams=("orders",), cursors={"orders": {"at": 0.5}})
HOOK = HookRequest(method="POST", query={"a": "1"}, headers={"x-s": "二"}, body=b"\x00{}\xff")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


class Guest:
    """A hostile connector with settings that say what it does."""

    def __init__(self, folder: Path, limits: Limits = CALM, web: Any = None, **config: Any) -> None:
        self.connector: Any = guests.hostile(folder, limits)
        self.context: Context = guests.context(folder, config, web)

    def call(self, verb: str) -> Any:
        ask: dict[str, Callable[[], Any]] = {
            "check": lambda: self.connector.check(self.context),
            "discover": lambda: self.connector.discover(self.context),
            "read": lambda: list(self.connector.read(self.context, ORDERS)),
            "keys": lambda: list(self.connector.keys(self.context, "orders")),
            "hook": lambda: self.connector.hook(self.context, HOOK),
        }
        return ask[verb]()

    def failure(self, verb: str) -> ConnectorFailure:
        with pytest.raises(ConnectorFailure) as caught:
            self.call(verb)
        assert TOKEN not in f"{caught.value} {caught.value.__cause__}"
        return caught.value

    def until_failure(self) -> tuple[list[Message], ConnectorFailure]:
        found: list[Message] = []
        with pytest.raises(ConnectorFailure) as caught:
            found.extend(self.connector.read(self.context, ORDERS))  # keeps what came before it
        assert TOKEN not in str(caught.value)
        return found, caught.value


# ------------------------------------------------------------------------- the same as inside


def test_a_guest_says_what_it_would_say_inside(folder: Path) -> None:
    guest, inside = Guest(folder, deed="every_kind"), cast("Any", hostile_plugin.Hostile())
    assert guest.call("read") == list(inside.read(guest.context, ORDERS))
    assert isinstance(guest.connector, ListsKeys)
    assert isinstance(guest.connector, ReceivesHooks)
    assert guest.call("check") == inside.check(guest.context)
    assert guest.call("discover") == inside.discover(guest.context)
    assert guest.call("keys") == list(inside.keys(guest.context, "orders"))
    assert guest.call("hook") == inside.hook(guest.context, HOOK)


def test_everything_that_the_contract_holds_can_be_told() -> None:
    kinds = {**WORDS, **KINDS, **{k.__name__: k for k, _ in HOOKS.values() if is_dataclass(k)}}
    kinds.pop("Record")  # it is written by itself, being most of what is said
    for kind in (*kinds.values(), ConnectorInfo, StreamInfo, CallLimit, CheckFinding, Backfill):
        assert [name for name, _, _ in plain_values._ways(kind)] == [f.name for f in fields(kind)]


def test_a_guest_asks_the_web_through_its_host(folder: Path) -> None:
    asked: list[Asked] = []

    def answer(request: Asked) -> Told:
        asked.append(request)
        if request.path == "/later":
            return Told(status=429, headers={"retry-after": "7"})
        return Told(status=200, body=f"{request.path}\n\u4e8c".encode() + b"\xff")

    with simulated(answer) as (base, web):
        guest = Guest(folder, web=web, deed="asks_the_web", base=base)
        inside = cast("Any", hostile_plugin.Hostile())
        outside_said, before = guest.call("read"), list(asked)
        asked.clear()
        assert outside_said == list(inside.read(guest.context, ORDERS))
    assert _seen(before) == _seen(asked)
    assert len(asked) == 5  # four answers and one limit; the strange host was never asked
    (row, _) = outside_said
    assert row.content["elsewhere"].startswith("ConfigurationRefused source_host_refused")
    assert row.content["redacted"] == "<•••>"


def test_a_guest_that_only_passes_secrets_on_never_sees_them(folder: Path) -> None:
    asked: list[Asked] = []

    def answer(request: Asked) -> Told:
        asked.append(request)
        return Told(body=b"{}")

    with simulated(answer) as (base, web):
        guest = Guest(folder, web=web, lie="tells", base=base, deeper=[{"x": TOKEN}])
        guest.connector = guests.hostile(folder, sealed=1)
        found, failure = guest.until_failure()
    rows = [dict(each.content) for each in found if isinstance(each, Record)]
    assert (rows[1]["token"], rows[1]["deeper"]) == ("•••", "[{'x': '•••'}]")
    assert rows[2]["redacted"] == "•••"
    assert failure.values["error"] == "ValueError: •••"
    got, *posts = asked
    assert (got.path, got.query["key"]) == (f"/{TOKEN}", TOKEN)
    assert got.headers["authorization"] == f"Bearer {TOKEN}"
    assert [each.body.decode() for each in posts] == [f'{{"a": ["{TOKEN}"]}}', f"a={TOKEN}", TOKEN]
    # In its own process it had nothing but words that stand for the secret.
    assert rows[2]["digest"] != hashlib.sha256(TOKEN.encode()).hexdigest()
    assert TOKEN not in str(StandIns(guest.context).config)


def _seen(asked: list[Asked]) -> list[Any]:
    return [(each.method, each.path, each.query, each.body) for each in asked]


# ------------------------------------------------------------------------------ at its worst


@pytest.mark.parametrize(
    "verb",
    [
        "check",
        "read",
        "hook",
        pytest.param("discover", marks=LONG),
        pytest.param("keys", marks=LONG),
    ],
)
def test_one_that_hangs_is_ended(folder: Path, verb: str) -> None:
    began = time.monotonic()
    found = Guest(folder, HASTY, at=verb, deed="hang").failure(verb)
    assert (type(found), found.code) == (ProgramFailed, "program_silent")
    assert time.monotonic() - began < 10


def test_each_verb_has_its_own_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {verb: given.get("total_seconds") for verb, given in outside.VERBS.items()} == {
        "describe": 20,
        "check": 9,
        "discover": 120,
        "hook": 3,
        "keys": None,
        "read": None,
    }
    monkeypatch.setitem(cast("Any", outside.VERBS), "hook", {"total_seconds": 0.6})
    found = Guest(folder, at="hook", deed="hang").failure("hook")
    assert (found.code, found.values["limit"]) == ("program_too_long", "0.6")


@pytest.mark.parametrize(
    ("deed", "verb", "code"),
    [
        ("exit", "read", "guest_broke_off"),
        pytest.param("exit", "hook", "guest_broke_off", marks=LONG),
        pytest.param("leave", "read", "connector_failed", marks=LONG),
        ("segfault", "read", "program_killed"),
        pytest.param("segfault", "check", "program_killed", marks=LONG),
        ("memory", "read", "program_memory"),
        ("flood_errors", "read", "program_errors_too_large"),
        pytest.param("one_line", "read", "program_line_too_long", marks=LONG),
        ("ask_on", "read", "connector_failed"),
        ("fork_bomb", "read", "program_processes"),
        ("print", "read", "program_failed"),
        ("raise", "discover", "connector_failed"),
        pytest.param("fail", "read", "source_unreachable", marks=LONG),
    ],
)
def test_whatever_it_does_is_a_failure_that_says_what(
    folder: Path, deed: str, verb: str, code: str
) -> None:
    found = Guest(folder, at=verb, deed=deed).failure(verb)
    assert found.code == code
    assert "\ufffd" not in str(found)
    if deed in {"print", "raise", "fail"}:
        assert "•••" in str(found)


@LONG
def test_one_that_floods_the_pipe_is_ended_while_it_is_read(folder: Path) -> None:
    """The host takes a message at a time: what it has not asked for yet costs it nothing."""
    guest = Guest(folder, at="read", deed="flood_output")
    with closing(guest.connector.read(guest.context, ORDERS)) as messages:
        assert [type(next(messages)).__name__ for _ in range(3)] == ["Progress"] * 3
    found = Guest(folder, at="check", deed="flood_output").failure("check")
    assert found.code in {"connector_failed", "program_too_many_lines"}  # whichever is seen first


GARBAGE = {
    "no words": "hello",
    "no object": "[1]",
    "no kind": "{}",
    "an unknown kind": '{"is":"Wish"}',
    "half a record": '{"is":"Record","stream":"orders"}',
    "a nested cell": '{"is":"Record","stream":"o","key":"k","position":"","order":1,"version":"",'
    '"content":{"a":{}}}',
    "a cell without end": '{"is":"Record","stream":"o","key":"k","position":"","order":1,'
    '"version":"","content":{"a":1e999999999}}',
    "a number that is none": '{"is":"Progress","stream":"orders","done":NaN}',
    "a field too many": '{"is":"Progress","stream":"orders","done":1,"x":1}',
    "a depth without end": "[" * 90_000,
    "another answer": '{"is":"Key","key":"A1"}',
    "a failure of no kind": '{"is":"Failure","kind":"Exception","code":"a","values":{}}',
    "a code that is none": '{"is":"Failure","kind":"Transient","code":"a b","values":{}}',
    "a pause without a zone": '{"is":"Failure","kind":"RateLimited","code":"a","values":{},'
    '"until":"2026-10-01"}',
    "a request amiss": '{"is":"Get","address":"x","query":"{}","headers":"{}"}',
    "a secret in the words": TOKEN,
}


def test_garbage_in_the_pipe_is_the_connectors_bug(folder: Path) -> None:
    talk = outside.Talk(plugin=guests.hostile(folder).plugin, connector="hostile")
    redact = Guest(folder).context.redact
    for name, said in GARBAGE.items():
        if name in {"another answer", "a request amiss"}:
            continue
        with pytest.raises(ConnectorBug) as caught:
            talk.understood(said.encode(), redact)
        assert TOKEN not in str(caught.value), name
    with pytest.raises(ConnectorBug):
        talk.understood(b"\xff\xfe{}", redact)
    for name in ("another answer", "a request amiss"):
        guest = Guest(folder, at="discover", deed="say", said=GARBAGE[name])
        assert guest.failure("discover").code == "connector_failed"


def test_one_that_says_too_much_without_a_checkpoint_is_ended(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outside, "UNCOVERED_BYTES", 200_000)
    found, failure = Guest(folder, lie="heavy").until_failure()
    assert failure.code == "guest_uncovered"
    assert [each.order for each in found if isinstance(each, Record)] == [1, 2, 3, 4]
    assert type(found[1]).__name__ == "Checkpoint"


def test_one_that_is_cancelled_is_gone_with_all_it_started(folder: Path) -> None:
    """Within five seconds, though it hears no signal and its child has left the group."""
    guest = Guest(folder, deed="slip")
    messages = guest.connector.read(guest.context, ORDERS)
    pids = [int(pid) for pid in str(next(messages).content["pids"]).split()]
    assert all(map(is_alive, pids))
    began = time.monotonic()
    messages.close()
    assert time.monotonic() - began < 5
    assert not any(map(is_alive, pids))


def test_a_guest_has_no_network_no_files_and_no_environment(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATTAIN_SECRET_CRM", "hidden-0123456789")
    secret = tmp_path / "attain.key"
    secret.write_text("key", "utf-8")
    files = [str(secret), "/etc/passwd", "/proc/1/environ", str(Path(__file__))]
    found = Guest(folder, at="check", deed="look_around", files=files).failure("check")
    names = "nothing but ['HOME', 'LANG', 'PATH', 'TMPDIR', 'TZ']"
    assert (names in found.values["error"]) == FENCED
    assert "hidden" not in str(found)


def test_callbacks_wait_for_their_turn(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cast("Any", outside.VERBS), "hook", {"total_seconds": 0.1})
    guest = Guest(folder)
    with outside._turn(), outside._turn(), pytest.raises(Transient, match="guest_busy"):
        guest.call("hook")


def test_a_guest_gets_the_request_as_it_was_made(folder: Path) -> None:
    (_, _, told, _) = Guest(folder, lie="asks").call("read")
    assert "cursors={'orders': {'at': 0.5}}, backfill=None" in told.content["told"]
