"""``/hooks/{connection}``: sources call back here. What is not taken is refused alike, in one time.

The body is read up to a megabyte and handed on as it came, because signatures cover bytes. Nobody
learns from an answer, or from how long it took, whether a connection exists.
"""

from __future__ import annotations

import asyncio

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actions.take_hook import take_hook
from api.bodies import body_of
from api.context import Runtime
from connectors.contract import HookRequest

LARGEST = 1024 * 1024
_THREADS = 2  # whoever calls back cannot take the threads of those who ask
_ROUND_SECONDS = 0.1  # a refusal comes at a multiple of this after the request


def hook_routes(runtime: Runtime) -> list[Route]:
    """Make the route; it is reached without a session, the signature says who calls."""
    threads = CapacityLimiter(_THREADS)

    async def hook(request: Request) -> Response:
        began = asyncio.get_running_loop().time()
        body = await body_of(request, LARGEST)
        if body is None:
            return Response(status_code=413)
        answer = await to_thread.run_sync(
            take_hook,
            runtime.actions,
            request.path_params["connection"],
            HookRequest(
                method=request.method,
                query=dict(request.query_params),
                headers={name.lower(): value for name, value in request.headers.items()},
                body=body,
            ),
            limiter=threads,
        )
        if answer is None:
            took = asyncio.get_running_loop().time() - began
            await asyncio.sleep(_ROUND_SECONDS - took % _ROUND_SECONDS)
            return Response(status_code=403)
        kind = "application/json" if answer.body[:1] in {b"{", b"["} else "text/plain"
        return Response(answer.body, status_code=answer.status, media_type=kind)

    return [Route("/hooks/{connection}", hook, methods=["GET", "POST"])]
