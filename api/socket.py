"""GraphQL over WebSocket: the protocol ``graphql-transport-ws``, and no older one.

Our own small handler: the stock one does not read tokens, masks nothing, has no bounds but one, and
writes a traceback whenever a client goes away while something is sent.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from api.admission import Admission, Ticket, is_same_origin
from api.context import Context
from api.demand import LARGEST_BODY, Unreadable, checked
from api.operation import Answer, Operation
from api.streams import limited
from api.view import GraphQLView, on_this_machine, token_of

_log = logging.getLogger("attain.api")
PROTOCOL = "graphql-transport-ws"
Message: TypeAlias = dict[str, Any]
# What a send says when the client has gone; none of them is worth a line in the log.
_SAID_WHEN_GONE = (WebSocketDisconnect, OSError, RuntimeError)
_LONGEST_ID = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketRules:
    """The bounds of one connection."""

    init_seconds: float = 5.0
    idle_seconds: float = 120.0  # without an operation and without a word
    send_seconds: float = 20.0  # a client that does not read is let go
    operations: int = 10


class Gone(Exception):  # noqa: N818 - the client left, as clients do
    """The other side is not there any more."""


class Closed(Exception):  # noqa: N818 - the end of a conversation, not a fault
    """The connection ends with this code of the protocol."""

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(reason)


class SocketDoor:
    """The ASGI application behind ``/graphql`` for WebSockets."""

    def __init__(self, view: GraphQLView, admission: Admission, rules: SocketRules) -> None:
        self.view = view
        self.admission = admission
        self.rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hold one conversation."""
        websocket = WebSocket(scope, receive, send)
        origin = websocket.headers.get("origin")
        same = is_same_origin(origin, websocket.headers.get("host"))
        if not (same or self.admission.allows(origin)):
            await websocket.close(1008)  # before the handshake: an answer 403
            return
        await Conversation(self, websocket, takes_cookie=same).hold()


class Conversation:
    """One connection: who speaks, and the operations that run."""

    def __init__(self, door: SocketDoor, websocket: WebSocket, *, takes_cookie: bool) -> None:
        self._door = door
        self._view = door.view
        self._rules = door.rules
        self._websocket = websocket
        self._takes_cookie = takes_cookie
        self._address = websocket.client.host if websocket.client else ""
        self._token: str | None = None
        self._language = websocket.headers.get("accept-language")
        self._running: dict[str, asyncio.Task[None]] = {}
        self._ticket: Ticket | None = None

    async def hold(self) -> None:
        """Speak until one side ends it; every operation has ended when this returns."""
        ended: Closed | None = None
        try:
            ended = await self._speak()
        except Gone:
            pass
        except Exception as fault:  # noqa: BLE001 - the last net: logged once, and never shown
            _log.error("a connection was ended by a fault", exc_info=fault)
            ended = Closed(1011, "Internal error")
        finally:
            tasks = list(self._running.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if self._ticket is not None:
                self._ticket.give_back()
        if ended is not None:
            await self._close(ended)

    async def _speak(self) -> Closed:
        offered = self._websocket.scope.get("subprotocols", [])
        if PROTOCOL not in offered:
            await self._websocket.accept()
            return Closed(4406, "Subprotocol not acceptable")
        self._ticket = self._door.admission.enter(self._address)
        await self._websocket.accept(PROTOCOL)
        if self._ticket is None:
            return Closed(1013, "Try again later")
        try:
            async with asyncio.timeout(self._rules.init_seconds):
                await self._begin()
        except TimeoutError:
            return Closed(4408, "Connection initialisation timeout")
        except Closed as closed:
            return closed
        try:
            while True:
                await self._answer(await self._patiently())
        except Closed as closed:
            return closed

    async def _begin(self) -> None:
        """Wait for ``connection_init`` and find out who speaks."""
        while True:
            message = await self._next()
            kind = message["type"]
            if kind == "connection_init":
                break
            if kind == "subscribe":
                raise Closed(4401, "Unauthorized")
            await self._answer(message)
        payload = message.get("payload")
        if payload is not None and not isinstance(payload, dict):
            raise Closed(4400, "The payload of connection_init must be an object")
        self._token = self._token_in(payload or {})
        context = await self._context()
        if context.viewer is None:
            raise Closed(4403, "Forbidden")
        assert self._ticket is not None
        if not self._ticket.name(context.viewer.account_id):
            raise Closed(4429, "Too many connections")
        await self._send({"type": "connection_ack"})

    def _token_in(self, payload: Message) -> str | None:
        """Take the token of the payload, of the header, or of a cookie that is ours to believe."""
        named = {str(name).lower(): value for name, value in payload.items()}
        if isinstance(named.get("accept-language"), str):
            self._language = named["accept-language"]
        given = named.get("authorization")
        if given is not None:
            scheme, _, token = str(given).partition(" ")
            return token.strip() if scheme.lower() == "bearer" and token.strip() else None
        if self._takes_cookie or "authorization" in self._websocket.headers:
            return token_of(self._websocket)
        return None

    async def _context(self) -> Context:
        with limited(self._view.operations.operating.deadline_seconds):
            context = await self._view.context_for(
                self._token,
                self._language,
                client=self._websocket.headers.get("user-agent"),
                address=self._address,
                loopback=on_this_machine(self._websocket),
            )
        context.hub = self._view.hub
        return context

    async def _answer(self, message: Message) -> None:
        kind = message["type"]
        if kind == "ping":
            payload = message.get("payload")
            await self._send({"type": "pong", **({} if payload is None else {"payload": payload})})
        elif kind == "subscribe":
            await self._subscribe(message)
        elif kind == "complete":
            task = self._running.pop(_id_of(message), None)
            if task is not None:
                task.cancel()
        elif kind == "connection_init":
            raise Closed(4429, "Too many initialisation requests")
        elif kind != "pong":
            raise Closed(4400, "Unknown message type")

    async def _subscribe(self, message: Message) -> None:
        name, payload = _id_of(message), message.get("payload")
        if not isinstance(payload, dict) or not isinstance(payload.get("query", ""), str):
            raise Closed(4400, "The payload of subscribe must be a GraphQL request")
        if name in self._running:
            raise Closed(4409, f"Subscriber for {name} already exists")
        context = await self._context()
        if context.viewer is None:
            raise Closed(4403, "The session has ended")
        try:
            if len(self._running) >= self._rules.operations:
                raise Unreadable(429, "streams_too_many", most=str(self._rules.operations))
            demand = checked(payload)
        except Unreadable as unreadable:
            errors = self._view.refusal(unreadable, context)["errors"]
            await self._send({"id": name, "type": "error", "payload": errors})
            return
        operation = Operation(self._view.operations, context, demand, self._address)
        task = asyncio.create_task(self._run(name, operation), name="attain-socket-operation")
        self._running[name] = task

    async def _run(self, name: str, operation: Operation) -> None:
        """Send what one operation answers; a client that has gone is no news."""
        try:
            refused = await operation.begin()
            if refused is not None:
                await self._finish(name, refused)
                return
            async with aclosing(operation.answers()) as answers:  # type: ignore[type-var]
                async for answer in answers:
                    if answer.is_error:
                        await self._finish(name, answer)
                        return
                    await self._send({"id": name, "type": "next", "payload": answer.body})
            await self._finish(name, None)
        except Gone:
            pass
        except Exception as fault:  # noqa: BLE001 - told, masked; the other operations go on
            with suppress(Gone):
                await self._finish(name, operation.broken(fault))
        finally:
            await operation.leave()
            self._free(name)

    def _free(self, name: str) -> None:
        if self._running.get(name) is asyncio.current_task():
            del self._running[name]

    async def _finish(self, name: str, answer: Answer | None) -> None:
        self._free(name)  # before the client hears of it, and may use the id again
        if answer is None:
            await self._send({"id": name, "type": "complete"})
        else:
            await self._send({"id": name, "type": "error", "payload": answer.body["errors"]})

    async def _patiently(self) -> Message:
        """Wait for the next message, for ever while an operation runs."""
        while True:
            try:
                async with asyncio.timeout(self._rules.idle_seconds):
                    return await self._next()
            except TimeoutError:
                if not self._running:
                    raise Closed(1001, "Idle") from None

    async def _next(self) -> Message:
        received = await self._websocket.receive()
        if received["type"] == "websocket.disconnect":
            raise Gone
        text = received.get("text")
        if text is None:
            raise Closed(4400, "Messages must be text")
        if len(text) > LARGEST_BODY:
            raise Closed(4400, "The message is too large")
        try:
            message = orjson.loads(text)
        except (orjson.JSONDecodeError, RecursionError) as error:
            raise Closed(4400, "Messages must be JSON") from error
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            raise Closed(4400, "Messages must be objects with a type")
        return message

    async def _send(self, message: Message) -> None:
        # Text, not bytes: the clients of this protocol do not read binary frames.
        try:
            async with asyncio.timeout(self._rules.send_seconds):
                await self._websocket.send_text(orjson.dumps(message).decode())
        except _SAID_WHEN_GONE as error:
            raise Gone from error

    async def _close(self, closed: Closed) -> None:
        with suppress(*_SAID_WHEN_GONE):
            async with asyncio.timeout(self._rules.send_seconds):
                await self._websocket.close(closed.code, closed.reason)


def _id_of(message: Message) -> str:
    name = message.get("id")
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_ID:
        raise Closed(4400, "The message must have an id")
    return name
