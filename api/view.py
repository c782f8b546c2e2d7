"""GraphQL over HTTP: media types, status codes, size caps, and JSON for every kind of error.

Our own view because the stock one answers 500 to a body that is not an object, matches content
types by substring, and knows neither ``application/graphql-response+json`` nor a size cap.
"""

from __future__ import annotations

import logging
import secrets
from typing import Any

import orjson
from anyio import CapacityLimiter, to_thread
from graphql import GraphQLError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.graphql import OperationType

from api.context import Context, Runtime
from api.demand import PLAIN, Demand, Unreadable, read_demand
from api.documents import OPEN, DocumentRefused, DocumentRules, DocumentStore
from api.errors import present, reasons
from api.operating import visit_of
from api.schema import Schema
from domain.problem import Refused
from messages.render import negotiate

log = logging.getLogger("attain.api")

GRAPHQL = "application/graphql-response+json"
COOKIE = "attain_session"
ACTING_FOR = "x-attain-acting-for"  # the account whose delegation the request uses
_ID_MOST = 40
_VARY = "Accept, Accept-Language, Authorization, Cookie, X-Attain-Acting-For"
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost", "testclient"})
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")


class GraphQLView:
    """The ASGI application behind ``/graphql``."""

    def __init__(
        self,
        schema: Schema,
        runtime: Runtime,
        threads: CapacityLimiter,
        documents: DocumentRules = OPEN,
    ) -> None:
        self.schema = schema
        self.documents = DocumentStore(documents)
        self.runtime = runtime
        self.threads = threads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        try:
            response = await self.answer(request)
        except Exception as fault:  # noqa: BLE001 - the last net: nothing leaves unmasked
            # The database is gone before anybody knows who asks: still JSON, still masked.
            response = self._broken(request, fault)
        await response(scope, receive, send)

    def _broken(self, request: Request, fault: Exception) -> Response:
        request_id = secrets.token_hex(8)
        locale = negotiate(request.headers.get("accept-language"), self.runtime.locale)
        if isinstance(fault, Refused):  # the deadline, before anybody knew who asks
            status, code, values = 503, fault.code, dict(fault.values)
        else:
            status, code, values = 500, "fault", {"request": request_id}
            log.error(
                "request %s failed before it was executed",
                request_id,
                exc_info=fault,
                extra={"request_id": request_id},
            )
        message = self.runtime.catalogue.text(code, values, locale)
        shown = "INTERNAL" if code == "fault" else code.upper()
        extensions = {"code": shown, "requestId": request_id}
        body = {"errors": [{"message": message, "extensions": extensions}]}
        told = visit_of(request).tell(body)
        headers = {"x-request-id": request_id}
        return Response(orjson.dumps(told), status_code=status, media_type=PLAIN, headers=headers)

    async def answer(self, request: Request) -> Response:
        """Read, execute, write."""
        media = pick_media_type(request.headers.get("accept", ""))
        context = await self._context(request)
        try:
            if media is None:
                raise Unreadable(406, "not_acceptable")
            await self._act_for(request, context)
            demand = await read_demand(request)
            status, body = await self._execute(request, demand, context, media)
        except Unreadable as unreadable:
            status, body = unreadable.status, _unreadable(unreadable, context)
        return self._respond(status, visit_of(request).tell(body), media or PLAIN, context)

    def _admit(self, request: Request, demand: Demand, text: str, context: Context) -> None:
        wait = visit_of(request).admit(
            context.viewer,
            request.client.host if request.client else "",
            self.schema.documents,
            text,
            demand.operation_name,
            demand.variables,
        )
        if wait:
            raise Unreadable(429, "rate_limited", seconds=str(wait))

    async def _execute(
        self, request: Request, demand: Demand, context: Context, media: str
    ) -> tuple[int, dict[str, Any]]:
        method, allowed = request.method, {OperationType.QUERY}
        if method == "POST":
            allowed.add(OperationType.MUTATION)
        try:
            text = self.documents.text_of(demand)
        except DocumentRefused as refused:
            # Clients send the text after this answer: it travels, and costs, like a wrong document.
            self._admit(request, demand, demand.query, context)
            return _status(media), _unreadable(refused, context)
        self._admit(request, demand, text, context)
        try:
            result = await self.schema.execute(
                text,
                variable_values=demand.variables,
                context_value=context,
                operation_name=demand.operation_name,
                allowed_operation_types=allowed,
                operation_extensions=demand.extensions,
            )
        except MissingQueryError as error:
            raise Unreadable(400, "query_missing") from error
        except CannotGetOperationTypeError as error:
            raise Unreadable(400, "operation_unknown") from error
        except InvalidOperationTypeError as error:
            if method == "GET":
                raise Unreadable(405, "mutation_needs_post") from error
            raise Unreadable(400, "subscription_unsupported") from error
        if not _is_request_error(result.data, result.errors):
            account = context.viewer.account_id if context.viewer else None
            self.documents.keep(demand, text, account)
        return _written(result.data, result.errors, context, media)

    async def _context(self, request: Request) -> Context:
        now = self.runtime.now()
        token = token_of(request)
        held = None
        if token is not None:
            held = await to_thread.run_sync(
                self.runtime.sessions.viewer_of, token, now, limiter=self.threads
            )
        chosen = held[1] if held is not None and held[1] is not None else self.runtime.locale
        return Context(
            runtime=self.runtime,
            viewer=held[0] if held is not None else None,
            token=token if held is not None else None,
            locale=negotiate(request.headers.get("accept-language"), chosen),
            request_id=secrets.token_hex(8),
            now=now,
            loopback=on_this_machine(request),
            client=request.headers.get("user-agent"),
            threads=self.threads,
        )

    async def _act_for(self, request: Request, context: Context) -> None:
        """Turn whoever asks into the deputy they say to be, or refuse the whole request."""
        account = request.headers.get(ACTING_FOR)
        if account is None:
            return
        found = None
        if context.viewer is not None and len(account) <= _ID_MOST:
            found = await to_thread.run_sync(
                self.runtime.sessions.acting_for,
                context.viewer,
                account,
                context.now,
                limiter=self.threads,
            )
        if found is None:
            raise Unreadable(403, "acting_refused")
        context.viewer = found

    def _respond(self, status: int, body: dict[str, Any], media: str, context: Context) -> Response:
        response = Response(orjson.dumps(body), status_code=status)
        response.headers["content-type"] = f"{media}; charset=utf-8"
        response.headers["vary"] = _VARY
        response.headers["content-language"] = context.locale.value
        response.headers["cache-control"] = "no-store"
        response.headers["x-request-id"] = context.request_id
        response.headers["x-content-type-options"] = "nosniff"
        if status == 405:
            response.headers["allow"] = "GET, POST"
        if context.cookie is not None:
            response.set_cookie(
                COOKIE,
                context.cookie,
                httponly=True,
                samesite="lax",
                secure=not context.loopback,
                path="/",
                max_age=0 if context.cookie == "" else None,
            )
        return response


def _written(
    data: dict[str, Any] | None, errors: list[GraphQLError] | None, context: Context, media: str
) -> tuple[int, dict[str, Any]]:
    """A request error has no ``data`` key, and is 400 in the new media type only."""
    told: dict[str, Any] = {}
    if context.problems:
        told["extensions"] = {"problems": reasons(context)}
    if not errors:
        return 200, {"data": data, **told}
    shown = [present(error, context) for error in errors]
    if _is_request_error(data, errors):
        return _status(media), {"errors": shown}
    return 200, {"errors": shown, "data": data, **told}


def _is_request_error(data: dict[str, Any] | None, errors: list[GraphQLError] | None) -> bool:
    return bool(errors) and data is None and all(error.path is None for error in errors or ())


def _status(media: str) -> int:
    """The status of a request error."""
    return 400 if media == GRAPHQL else 200


def _unreadable(unreadable: Unreadable, context: Context) -> dict[str, Any]:
    return {
        "errors": [
            {
                "message": context.say(unreadable.code, **unreadable.values),
                "extensions": {
                    "code": unreadable.code.upper(),
                    "requestId": context.request_id,
                },
            }
        ]
    }


def pick_media_type(accept: str) -> str | None:
    """Choose between our two media types by the weights of ``Accept``; None when neither fits."""
    if not accept.strip():
        return PLAIN
    best, weight = None, 0.0
    for part in accept.split(",")[:50]:
        kind, *parameters = (bit.strip().lower() for bit in part.split(";"))
        offered = {GRAPHQL: GRAPHQL, PLAIN: PLAIN, "application/*": GRAPHQL, "*/*": PLAIN}.get(kind)
        asked = _weight(parameters)
        if offered is not None and asked > weight:
            best, weight = offered, asked
    return best


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0


def token_of(request: Request) -> str | None:
    """Find the session's token: a bearer header first, then the cookie."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return request.cookies.get(COOKIE) or None


def on_this_machine(request: Request) -> bool:
    """Tell whether both ends are this machine: a proxy's header is never believed."""
    if any(name in request.headers for name in _FORWARDED):
        return False
    client = request.client.host if request.client else ""
    server = request.url.hostname or ""
    return client in _LOOPBACK and (server in _LOOPBACK or server == "testserver")
