"""The host's side of a guest: a connector of a vendor that lives in a process of its own.

Each call is one process, behind the fence of the process host, without any network. What it asks
of the web, the host asks in its place by the rules of the connection; what it says is read as what
a stranger says. Whatever the process does, the call ends, and nothing of it is left.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from connectors.contract import (
    Catalog,
    Checkpoint,
    CheckReport,
    ConnectorInfo,
    Context,
    HookAnswer,
    HookRequest,
    Message,
    ReadRequest,
)
from connectors.failures import ConnectorBug, ConnectorFailure, ProgramFailed, Transient
from connectors.guest_web import answer_of
from connectors.guest_words import (
    Call,
    End,
    Fault,
    Get,
    Key,
    Post,
    Redact,
    Redacted,
    call_of,
    word_of,
    write_word,
)
from connectors.message_lines import KINDS, message_of, parse
from connectors.process_host import Limits, Program, Running, running
from connectors.stand_ins import CAPABILITY, StandIns
from plugins.guest_door import ROOMS

Kind = TypeVar("Kind")
_ROOT = Path(__file__).resolve().parent.parent
_DOOR = Path(__file__).with_name("guest_door.py")
_MEGABYTE = 1 << 20
UNCOVERED_BYTES = 64 * _MEGABYTE  # said without a checkpoint: it is kept in memory until then
LIMITS = Limits(
    idle_seconds=300.0,
    line_seconds=300.0,
    cpu_seconds=3_600,
    memory_bytes=1 << 30,
    address_bytes=4 << 30,
    file_bytes=0,  # not even one that lies in memory
    processes=8,
    error_bytes=16 * _MEGABYTE,
    grace_seconds=1.0,
)
# How long a verb may take, and how much it may say; a read is limited by LIMITS alone.
VERBS: Mapping[str, Mapping[str, Any]] = {
    "describe": {"total_seconds": 20.0, "output_bytes": 16 * _MEGABYTE, "lines": 1_000},
    "check": {"total_seconds": 9.0, "output_bytes": 8 * _MEGABYTE, "lines": 1_000},
    "discover": {"total_seconds": 120.0, "output_bytes": 64 * _MEGABYTE, "lines": 10_000},
    "hook": {"total_seconds": 3.0, "output_bytes": 8 * _MEGABYTE, "lines": 100},
    "keys": {"output_bytes": 1_024 * _MEGABYTE, "lines": 5_000_000},
    "read": {},
}
_HOOKS_AT_ONCE = threading.BoundedSemaphore(2)  # strangers may call back as often as they like


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """An installed plug-in: its distribution, its entry point, and what it may look at.

    ``places`` are the files of modules that lie off the usual path, as in a vendor's checkout.
    """

    owner: str
    module: str
    places: Mapping[str, str] = field(default_factory=dict)
    reads: tuple[str, ...] = ()
    fenced: bool = True
    limits: Limits = LIMITS

    def program(self, verb: str) -> Program:
        """Build the program of one call."""
        own = (sys.prefix, sys.base_prefix, *(str(_ROOT / room) for room in ROOMS))
        given = VERBS[verb]
        tightest = {name: min(most, getattr(self.limits, name)) for name, most in given.items()}
        return Program(
            name=self.owner,
            command=(sys.executable, "-I", str(_DOOR)),
            reads=(*own, *self.reads),
            fenced=self.fenced,
            writes=False,
            offline=self.fenced,
            hears=True,
            limits=replace(self.limits, **tightest),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """One call: what is asked, and the context that answers what the guest asks itself."""

    plugin: Plugin
    connector: str
    context: Context | None = None
    stand_ins: StandIns | None = None

    def words(self, call: Call, *more: Any) -> Generator[Any, None, None]:
        """Call, serve what the guest asks, and give what it says, until it has ended well."""
        redact = self._redact()
        call = replace(call, module=self.plugin.module, places=self.plugin.places)
        with running(self.plugin.program(call.verb), redact=redact) as started:
            for word in (call, *more):
                started.say(write_word(word))
            with closing(_generator(started.lines())) as lines:
                for line in lines:
                    word = self.understood(line, redact)
                    if isinstance(word, Get | Post | Redact):
                        self._serve(started, word)
                    elif isinstance(word, End):
                        return
                    elif isinstance(word, ConnectorFailure):
                        raise word
                    elif isinstance(word, Fault):
                        raise self.bug(word.error)
                    else:
                        yield word, len(line)
            said = started.said()
        raise ProgramFailed("guest_broke_off", {"program": self.plugin.owner, "said": said})

    def _redact(self) -> Callable[[str], str]:
        if self.stand_ins is not None:
            return self.stand_ins.hidden
        return self.context.redact if self.context else _leave

    def understood(self, line: bytes, redact: Callable[[str], str]) -> Any:
        """Read a line; a secret is blanked in all that is not meant for the web."""
        try:
            text = line.decode("utf-8", "surrogatepass")
            word = _word(text)
            if isinstance(word, Get | Post | Redact):
                return word
            clean = redact(text)
            if clean == text:
                return word
            if isinstance(word, Checkpoint):
                raise self.bug("a secret in a cursor")
            return _word(clean)
        except ValueError as fault:
            told = redact(f"it said what cannot be understood: {fault}")
            raise self.bug(told[:300]) from None

    def _serve(self, started: Running, word: Get | Post | Redact) -> None:
        context = self.context
        if context is None:
            raise self.bug("it asks for something where there is nothing to ask")
        if not started.is_heard:  # else what it does not take would pile up with us
            raise self.bug("it asks on without having heard the answer")
        if isinstance(word, Redact):
            started.say(write_word(Redacted(text=self._redact()(word.text))))
            return
        try:
            for part in answer_of(context.web, word, self.stand_ins):
                started.say(part)
        except ConnectorFailure as failure:
            started.say(write_word(failure))
        except Exception as fault:
            raise self.bug(f"it asked the web amiss: {type(fault).__name__}") from fault

    def bug(self, error: str) -> ConnectorBug:
        """Blame the connector."""
        values = {"connector": self.connector or self.plugin.owner, "error": error}
        return ConnectorBug("connector_failed", values)


def _leave(text: str) -> str:
    return text


def _generator(lines: Iterator[bytes]) -> Generator[bytes, None, None]:
    yield from lines


def _word(text: str) -> Any:
    plain = parse(text)
    name = plain.pop("is")
    return message_of(name, plain) if name in KINDS else word_of(name, plain)


class Outside:
    """A connector that lives in a process of its own; it is made of what it said of itself."""

    def __init__(self, plugin: Plugin, info: ConnectorInfo) -> None:
        self.info = info
        self.plugin = plugin

    def _words(
        self, verb: str, context: Context, *more: Any, stream: str = ""
    ) -> Generator[Any, None, None]:
        # Who verifies a callback needs the secret itself, and has no way out at all.
        sealed = CAPABILITY in self.info.capabilities and verb != "hook"
        stand_ins = StandIns(context) if sealed else None
        talk = Talk(
            plugin=self.plugin, connector=self.info.id, context=context, stand_ins=stand_ins
        )
        given = replace(context, config=stand_ins.config) if stand_ins else context
        call = call_of(verb, given, module="", places={}, connector=self.info.id, stream=stream)
        return talk.words(call, *more)

    def _one(self, kind: type[Kind], verb: str, context: Context, *more: Any) -> Kind:
        """Return the one answer of a verb."""
        found: list[Kind] = []
        with closing(self._words(verb, context, *more)) as words:
            for word, _ in words:
                if not isinstance(word, kind) or found:
                    raise self._bug(f"{verb} gave {type(word).__name__}")
                found.append(word)
        if not found:
            raise self._bug(f"{verb} gave nothing")
        return found[0]

    def _bug(self, error: str) -> ConnectorBug:
        return Talk(plugin=self.plugin, connector=self.info.id).bug(error)

    def check(self, context: Context) -> CheckReport:
        """Have it look at its source."""
        return self._one(CheckReport, "check", context)

    def discover(self, context: Context) -> Catalog:
        """Have it say which streams there are."""
        return self._one(Catalog, "discover", context)

    def read(self, context: Context, request: ReadRequest) -> Iterator[Message]:
        """Pass on what it says, as far as it does not say more than may be kept in memory."""
        uncovered = 0
        with closing(self._words("read", context, request)) as words:
            for word, size in words:
                uncovered = 0 if isinstance(word, Checkpoint) else uncovered + size
                if uncovered > UNCOVERED_BYTES:
                    values = {"program": self.plugin.owner, "limit": str(UNCOVERED_BYTES)}
                    raise ProgramFailed("guest_uncovered", values)
                yield word


class _Keys(Outside):
    def keys(self, context: Context, stream: str) -> Iterator[str]:
        """Pass on the keys that there are."""
        with closing(self._words("keys", context, stream=stream)) as words:
            for word, _ in words:
                if not isinstance(word, Key):
                    raise self._bug(f"keys gave {type(word).__name__}")
                yield word.key


class _Hook(Outside):
    def hook(self, context: Context, request: HookRequest) -> HookAnswer:
        """Have it verify a callback; few at once, for a stranger decides how many there are."""
        with _turn():
            return self._one(HookAnswer, "hook", context, request)


class _KeysAndHook(_Keys, _Hook):
    pass


@contextmanager
def _turn() -> Iterator[None]:
    if not _HOOKS_AT_ONCE.acquire(timeout=VERBS["hook"]["total_seconds"]):
        raise Transient("guest_busy")
    try:
        yield
    finally:
        _HOOKS_AT_ONCE.release()


def outside(plugin: Plugin, info: ConnectorInfo, verbs: tuple[str, ...]) -> Outside:
    """Make the connector with the verbs that it has."""
    kinds = {(True, True): _KeysAndHook, (True, False): _Keys, (False, True): _Hook}
    kind = kinds.get(("keys" in verbs, "hook" in verbs), Outside)
    return kind(plugin, info)


def describe(plugin: Plugin) -> list[Any]:
    """Have the plug-in say what it offers; what it does not answer is a failure."""
    talk = Talk(plugin=plugin, connector="")
    call = Call(verb="describe", module="", places={})
    with closing(talk.words(call)) as words:
        return [word for word, _ in words]
