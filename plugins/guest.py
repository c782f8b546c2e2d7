"""The inside of a guest's process: one call is heard, done and answered, and that was all.

What the plug-in prints goes to the errors, never between our lines. Its way out leads through the
host. However it ends, the host hears of it: by ``End``, or by the end of the process.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from connectors.contract import Context, HookRequest, Message, ReadRequest, Record
from connectors.failures import ConnectorFailure
from connectors.guest_words import (
    Call,
    End,
    Fault,
    Get,
    Key,
    Post,
    Redact,
    Redacted,
    WebHead,
    pairs,
    read_word,
    write_word,
)
from connectors.message_lines import write_message
from connectors.plain_values import write_json
from connectors.web import Pairs, WebAnswer
from plugins.vendor_names import import_named

Kind = TypeVar("Kind")
_AT_ONCE = 1 << 16


class Pipe:
    """Our two ends: lines go out in lots, and at once where the host has something to do."""

    def __init__(self, hears: int, says: int) -> None:
        self._hears = os.fdopen(hears, "rb")
        self._says = says
        self._unsaid = bytearray()

    def say(self, line: bytes, *, now: bool = True) -> None:
        """Say a line."""
        self._unsaid += line
        if now or len(self._unsaid) > _AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Say what was kept back."""
        with memoryview(self._unsaid) as text:
            said = 0
            while said < len(text):
                said += os.write(self._says, text[said:])
        self._unsaid.clear()

    def hear_one(self, kind: type[Kind]) -> Kind:
        """Hear the next word of the host, of this kind; a failure of its is raised here."""
        line = self._hears.readline()
        if not line:
            raise EOFError("the host has gone")
        found = read_word(line.decode("utf-8", "surrogatepass"))
        if isinstance(found, ConnectorFailure):
            raise found
        if type(found) is not kind:
            raise TypeError(f"the host said {type(found).__name__}")
        return found

    def hear_bytes(self, size: int) -> bytes:
        """Hear what stands behind a line."""
        return self._hears.read(size)


class PipeWeb:
    """The way out as the host has it."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    def get(self, address: str, query: Pairs = (), headers: Pairs = ()) -> WebAnswer:
        """Read."""
        return self._answer(
            Get(address=str(address), query=pairs(query), headers=pairs(headers)),
        )

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
        """Send."""
        if form is not None:
            sort, content = "form", write_json(pairs(form)).encode()
        elif body is not None:
            sort, content = "body", bytes(body)
        else:
            sort, content = "json", write_json(json).encode()
        asked = Post(
            address=str(address),
            query=pairs(query),
            headers=pairs(headers),
            sort=sort,
            content=content,
            reads=bool(reads),
        )
        return self._answer(asked)

    def _answer(self, asked: Get | Post) -> WebAnswer:
        self._pipe.say(write_word(asked))
        head = self._pipe.hear_one(WebHead)
        body = self._pipe.hear_bytes(head.size)
        return WebAnswer(status=head.status, headers=head.headers, body=body)


def serve(shown: dict[str, str]) -> None:
    """Do what the host calls for, and leave nothing behind, threads included."""
    pipe = Pipe(os.dup(0), os.dup(1))
    os.dup2(2, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.argv = ["guest"]
    try:
        call = pipe.hear_one(Call)
        shown.update(call.places)
        _VERBS[call.verb](pipe, call)
    except ConnectorFailure as failure:
        pipe.say(write_word(failure))
    except BaseException as error:  # noqa: BLE001 - an exit in mid-read must not look like its end
        pipe.say(write_word(Fault(error=f"{type(error).__name__}: {error}"[:500])))
    pipe.say(write_word(End()))
    sys.stderr.flush()
    os._exit(0)


def _connector(call: Call) -> Any:
    """Make the plug-in's connectors and take the one that is meant."""
    plugin = import_named(call.module)
    for made in _hook(plugin)():
        if made.info.id == call.connector:
            return made
    raise LookupError(f"there is no connector {call.connector} any more")


def _hook(plugin: Any) -> Callable[[], Any]:
    """Find what is marked as the hook ``connectors``, without pluggy: it was looked at before."""
    for name in dir(plugin):
        thing = getattr(plugin, name)
        mark = getattr(thing, "attain_impl", None)
        if isinstance(mark, dict) and (mark.get("specname") or name) == "connectors":
            return thing  # type: ignore[no-any-return]
    raise LookupError("the hook connectors is not there any more")


def _context(pipe: Pipe, call: Call) -> Context:
    def redact(text: str) -> str:
        pipe.say(write_word(Redact(text=text)))
        return pipe.hear_one(Redacted).text

    return Context(
        config=call.config,
        folder=Path.cwd(),
        now=datetime.fromisoformat(call.now),
        redact=redact,
        web=PipeWeb(pipe),
    )


def _describe(pipe: Pipe, call: Call) -> None:
    from plugins.guest_offers import offers_of

    for word in offers_of(call.module):
        pipe.say(write_word(word))


def _check(pipe: Pipe, call: Call) -> None:
    pipe.say(write_word(_connector(call).check(_context(pipe, call))))


def _discover(pipe: Pipe, call: Call) -> None:
    pipe.say(write_word(_connector(call).discover(_context(pipe, call))))


def _read(pipe: Pipe, call: Call) -> None:
    request = pipe.hear_one(ReadRequest)
    messages: Iterator[Message] = iter(_connector(call).read(_context(pipe, call), request))
    for message in messages:
        line = f"{write_message(message)}\n".encode("utf-8", "surrogatepass")
        pipe.say(line, now=type(message) is not Record)


def _keys(pipe: Pipe, call: Call) -> None:
    for key in _connector(call).keys(_context(pipe, call), call.stream):
        pipe.say(write_word(Key(key=key)), now=False)


def _hook_call(pipe: Pipe, call: Call) -> None:
    request = pipe.hear_one(HookRequest)
    pipe.say(write_word(_connector(call).hook(_context(pipe, call), request)))


_VERBS: dict[str, Callable[[Pipe, Call], None]] = {
    "describe": _describe,
    "check": _check,
    "discover": _discover,
    "read": _read,
    "keys": _keys,
    "hook": _hook_call,
}
