"""Reading the body of a request that is no GraphQL, up to a size."""

from __future__ import annotations

from starlette.requests import Request


async def body_of(request: Request, largest: int) -> bytes | None:
    """Read the body, or None when it is too large; no more than that is ever held."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > largest:
            return None
        parts.append(part)
    return b"".join(parts)
