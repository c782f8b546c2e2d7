"""GraphQL over server-sent events: one subscription is one HTTP answer that stays open."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import orjson
from starlette.types import Receive, Scope, Send

from api.operation import Operation

MEDIA_TYPE = "text/event-stream"
# A comment that clients skip: proxies close what is silent, and we notice who is gone.
_HEARTBEAT = b":\n\n"
HEARTBEAT_SECONDS = 15.0


class EventStream:
    """Sends what an operation answers, with LF line ends: some clients split on nothing else."""

    def __init__(
        self, operation: Operation, headers: dict[str, str], heartbeat: float | None = None
    ) -> None:
        self._operation = operation
        self._headers = {
            **headers,
            "content-type": f"{MEDIA_TYPE}; charset=utf-8",
            "cache-control": "no-store",
            "x-accel-buffering": "no",
        }
        self._heartbeat = heartbeat or HEARTBEAT_SECONDS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the operation ends or the client is gone; nothing is left behind."""
        tasks = [
            asyncio.create_task(work, name="attain-event-stream")
            for work in (self._write(send), self._beat(send), _gone(receive))
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._operation.leave()

    async def _write(self, send: Send) -> None:
        headers = [(name.encode(), value.encode()) for name, value in self._headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        async with aclosing(self._operation.answers()) as answers:  # type: ignore[type-var]
            async for answer in answers:
                await _part(send, b"event: next\ndata: " + orjson.dumps(answer.body) + b"\n\n")
        await _part(send, b"event: complete\ndata: \n\n")
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _beat(self, send: Send) -> None:
        while True:
            await asyncio.sleep(self._heartbeat)
            await _part(send, _HEARTBEAT)


async def _part(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def is_listed(accept: str) -> bool:
    """Tell whether ``Accept`` takes an event stream; some clients list it for every request."""
    kinds = (part.partition(";")[0].strip().lower() for part in accept.split(",")[:50])
    return MEDIA_TYPE in kinds
