"""Around the whole application: security headers on every answer, JSON for every HTTP error."""

from __future__ import annotations

import logging
import secrets

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.context import Runtime
from api.demand import PLAIN
from messages.render import negotiate

log = logging.getLogger("attain.api")

LONGEST_TARGET = 16 * 1024  # path and query string
LARGEST_HEADERS = 32 * 1024
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    b"content-security-policy": _POLICY.encode(),
    b"referrer-policy": b"no-referrer",
    b"x-frame-options": b"DENY",
    b"x-content-type-options": b"nosniff",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=()",
}
# One table: which sentence and code an HTTP error of the frame has.
_CODES = {404: "page_unknown", 405: "method_not_allowed", 414: "target_too_long"}
_CODES |= {431: "headers_too_large", 500: "fault"}


class Doorway:
    """The outermost part of ours: nothing leaves without headers, nothing oversized comes in."""

    def __init__(self, app: ASGIApp, runtime: Runtime) -> None:
        self.app = app
        self.runtime = runtime

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or refuse by size."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message["headers"]}
                added = [(name, value) for name, value in _HEADERS.items() if name not in given]
                message["headers"] = [*message["headers"], *added]
            await send(message)

        status = _oversized(scope)
        if status:
            answer = http_error(Request(scope), self.runtime, status)
            await answer(scope, receive, send_with_headers)
            return
        if scope["method"] == "OPTIONS":
            # No page of another origin is let in: there is nothing to negotiate.
            allow = "GET, POST, OPTIONS" if scope["path"] == "/graphql" else "GET, HEAD, OPTIONS"
            nothing = Response(status_code=204, headers={"allow": allow})
            await nothing(scope, receive, send_with_headers)
            return
        await self.app(scope, receive, send_with_headers)


def _oversized(scope: Scope) -> int:
    if len(scope["path"]) + len(scope.get("query_string", b"")) > LONGEST_TARGET:
        return 414
    if sum(len(name) + len(value) for name, value in scope["headers"]) > LARGEST_HEADERS:
        return 431
    return 0


def http_error(
    request: Request, runtime: Runtime, status: int, headers: dict[str, str] | None = None
) -> Response:
    """Write an error of the frame as clients of GraphQL read errors, with a code and an id."""
    request_id = secrets.token_hex(8)
    code = _CODES.get(status, "page_unknown" if status < 500 else "fault")
    locale = negotiate(request.headers.get("accept-language"), runtime.locale)
    values = {"request": request_id} if code == "fault" else {}
    message = runtime.catalogue.text(code, values, locale)
    shown = "INTERNAL" if code == "fault" else code.upper()
    body = {
        "errors": [{"message": message, "extensions": {"code": shown, "requestId": request_id}}]
    }
    told = {**(headers or {}), "x-request-id": request_id, "cache-control": "no-store"}
    return Response(orjson.dumps(body), status_code=status, media_type=PLAIN, headers=told)


def frame_error(request: Request, runtime: Runtime, error: Exception) -> Response:
    """Answer what no route answered, and what broke in one."""
    if isinstance(error, HTTPException):
        given = dict(error.headers or {})
        return http_error(request, runtime, error.status_code, given)
    answer = http_error(request, runtime, 500)
    request_id = answer.headers["x-request-id"]
    log.error("request %s failed", request_id, exc_info=error, extra={"request_id": request_id})
    for name, value in _HEADERS.items():  # it is sent from outside of the doorway
        answer.headers[name.decode()] = value.decode()
    return answer
