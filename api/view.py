"""GraphQL over HTTP: media types, status codes, size caps, and JSON for every kind of error.

Our own view because the stock one answers 500 to a body that is not an object, matches content
types by substring, and knows neither ``application/graphql-response+json`` nor a size cap.
"""

from __future__ import annotations

import logging
import secrets
from typing import Any

import orjson
from anyio import CapacityLimiter
from graphql import GraphQLError
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.graphql import OperationType

from api.admission import Admission
from api.context import Context, Runtime
from api.demand import PLAIN, Demand, Unreadable, read_demand
from api.disclosure import Introspection
from api.documents import OPEN, DocumentRefused, DocumentRules, DocumentStore
from api.errors import present, reasons
from api.event_stream import EventStream, is_listed
from api.operating import Operating, visit_of
from api.operation import Door, Operation
from api.origin import from_elsewhere
from api.schema import Schema
from api.streams import Hub
from api.threads import blocking, in_one_hop
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
        operating: Operating | None = None,
        admission: Admission | None = None,
    ) -> None:
        self.schema = schema
        self.documents = DocumentStore(documents)
        self.runtime = runtime
        self.introspection = Introspection.OPEN
        self.threads = threads
        self.admission = admission or Admission()
        operated = operating or Operating()
        self.hub = Hub(runtime=runtime, threads=threads, deadline_seconds=operated.deadline_seconds)
        operated.meters.streams = lambda: self.hub.seats
        self.operations = Door(
            schema=schema, documents=self.documents, operating=operated, hub=self.hub
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        try:
            response = await self._at_once(request) or await self.answer(request)
        except ClientDisconnect:
            return  # gone in the middle of its own question: no news, and nobody to answer
        except Exception as fault:  # noqa: BLE001 - the last net: nothing leaves unmasked
            # The database is gone before anybody knows who asks: still JSON, still masked.
            response = self._broken(request, fault)
        await response(scope, receive, send)

    async def _at_once(self, request: Request) -> Response | EventStream | None:
        """Answer in one hop what is known to need no event loop; None leaves it to the loop."""
        if token_of(request) is None:
            return None  # there is no session to look up: one hop as it is
        try:
            demand = await read_demand(request)
            text = self.documents.text_of(demand)
        except Unreadable:
            return None  # the ordinary way says what is wrong
        known, name = self.schema.documents, demand.operation_name
        if not known.is_simple(text, name):
            return None
        response = await in_one_hop(lambda: self.answer(request), self.threads)
        if response is None:
            known.needs_loop(text, name)
        return response

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

    async def answer(self, request: Request) -> Response | EventStream:
        """Read, execute, write."""
        accept = request.headers.get("accept", "")
        media, streams = pick_media_type(accept), is_listed(accept)
        context = await self._context(request)
        try:
            if media is None and not streams:
                raise Unreadable(406, "not_acceptable")
            if _is_borrowed(request):
                raise Unreadable(403, "request_from_elsewhere")
            await self._act_for(request, context)
            demand = await read_demand(request)
            if streams and request.method == "POST" and self._is_subscription(demand):
                return await self._stream(request, demand, context)
            if media is None:
                raise Unreadable(406, "not_acceptable")
            status, body = await self._execute(request, demand, context, media)
        except Unreadable as unreadable:
            status, body = unreadable.status, self.refusal(unreadable, context)
        if context.wait:
            status, visit_of(request).wait = 429, context.wait
        return self._respond(status, visit_of(request).tell(body), media or PLAIN, context)

    def _admit(self, request: Request, demand: Demand, text: str, context: Context) -> None:
        context.visit = visit_of(request)
        wait = context.visit.admit(
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
            return _status(media), self.refusal(refused, context)
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
            raise Unreadable(406, "stream_needed") from error
        if not _is_request_error(result.data, result.errors):
            account = context.viewer.account_id if context.viewer else None
            self.documents.keep(demand, text, account)
        return _written(result.data, result.errors, context, media)

    def _is_subscription(self, demand: Demand) -> bool:
        """Look the operation up; what cannot be found is left to the ordinary way to refuse."""
        try:
            prepared = self.schema.documents.find(self.documents.text_of(demand))
        except (DocumentRefused, GraphQLError):
            return False
        chosen = prepared.operation(demand.operation_name)
        return chosen is not None and chosen.operation.value == "subscription"

    async def _stream(
        self, request: Request, demand: Demand, context: Context
    ) -> Response | EventStream:
        """Begin a subscription; what keeps it from beginning is an ordinary answer."""
        address = request.client.host if request.client else ""
        ticket = self.admission.enter(address)
        if ticket is None or (context.viewer and not ticket.name(context.viewer.account_id)):
            if ticket is not None:
                ticket.give_back()
            raise Unreadable(429, "connections_too_many")
        context.hub = self.hub
        operation = Operation(self.operations, context, demand, address, ticket.give_back)
        visit_of(request).stays_open = True
        try:
            refused = await operation.begin()
        except BaseException:
            await operation.leave()
            raise
        if refused is not None:
            visit_of(request).wait = operation.visit.wait
            await operation.leave()
            return self._respond(refused.status, refused.body, PLAIN, context)
        return EventStream(operation, _headers(context))

    async def _context(self, request: Request) -> Context:
        return await self.context_for(
            token_of(request),
            request.headers.get("accept-language"),
            client=request.headers.get("user-agent"),
            address=request.client.host if request.client else "",
            loopback=on_this_machine(request),
        )

    async def context_for(
        self,
        token: str | None,
        language: str | None,
        *,
        client: str | None,
        address: str,
        loopback: bool,
    ) -> Context:
        """Find out who asks; an unknown token asks as nobody."""
        now = self.runtime.now()
        held = None
        if token is not None:
            held = await blocking(self.runtime.sessions.viewer_of, token, now, limiter=self.threads)
        chosen = held[1] if held is not None and held[1] is not None else self.runtime.locale
        return Context(
            runtime=self.runtime,
            introspection=self.introspection,
            viewer=held[0] if held is not None else None,
            token=token if held is not None else None,
            locale=negotiate(language, chosen),
            request_id=secrets.token_hex(8),
            now=now,
            loopback=loopback,
            client=client,
            address=address,
            attempts=self.operations.operating.attempts,
            threads=self.threads,
        )

    async def _act_for(self, request: Request, context: Context) -> None:
        """Turn whoever asks into the deputy they say to be, or refuse the whole request."""
        account = request.headers.get(ACTING_FOR)
        if account is None:
            return
        found = None
        if context.viewer is not None and len(account) <= _ID_MOST:
            found = await blocking(
                self.runtime.sessions.acting_for,
                context.viewer,
                account,
                context.now,
                limiter=self.threads,
            )
        if found is None:
            raise Unreadable(403, "acting_refused")
        context.viewer = found

    def refusal(self, unreadable: Unreadable, context: Context) -> dict[str, Any]:
        """Say what cannot be read, in the reader's language."""
        extensions = {"code": unreadable.code.upper(), "requestId": context.request_id}
        message = context.say(unreadable.code, **unreadable.values)
        return {"errors": [{"message": message, "extensions": extensions}]}

    def _respond(self, status: int, body: dict[str, Any], media: str, context: Context) -> Response:
        response = Response(orjson.dumps(body), status_code=status, headers=_headers(context))
        response.headers["content-type"] = f"{media}; charset=utf-8"
        if status == 405:
            response.headers["allow"] = "GET, POST"
        if context.cookie is not None:
            set_session_cookie(response, context.cookie, loopback=context.loopback)
        return response


def set_session_cookie(response: Response, token: str, *, loopback: bool) -> None:
    """Give the browser its session, out of the reach of scripts; an empty text takes it away."""
    response.set_cookie(
        COOKIE,
        token,
        httponly=True,
        samesite="lax",
        secure=not loopback,
        path="/",
        max_age=0 if token == "" else None,
    )


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


def _headers(context: Context) -> dict[str, str]:
    return {
        "vary": _VARY,
        "content-language": context.locale.value,
        "cache-control": "no-store",
        "x-request-id": context.request_id,
        "x-content-type-options": "nosniff",
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


def token_of(request: HTTPConnection) -> str | None:
    """Find the session's token: a bearer header first, then the cookie."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return request.cookies.get(COOKIE) or None


def _is_borrowed(request: Request) -> bool:
    """Tell whether a page of another site wants to change something with the cookie, or set one."""
    is_bearer = request.headers.get("authorization", "").lower().startswith("bearer ")
    return request.method == "POST" and not is_bearer and from_elsewhere(request.headers)


def on_this_machine(request: HTTPConnection) -> bool:
    """Tell whether both ends are this machine: a proxy's header is never believed."""
    if any(name in request.headers for name in _FORWARDED):
        return False
    client = request.client.host if request.client else ""
    server = request.url.hostname or ""
    return client in _LOOPBACK and (server in _LOOPBACK or server == "testserver")
