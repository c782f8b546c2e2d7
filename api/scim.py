"""``/scim/v2``: identity providers push people and groups here (RFC 7643 and 7644).

A door of its own, because its clients speak no GraphQL: the token, the limits, the deadline and the
masking of faults are those of every other request, the form of the answers is SCIM's. Nothing
else is reached from here, and no cookie is looked at.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from anyio import CapacityLimiter, to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from actions.provision import change, create, remove
from actions.provision import replace as replace_with
from actions.pushed_directory import Desk, Pushed, desk_of, read_all, read_one, read_page
from actions.pushed_names import NAMES
from actions.secret_tokens import VENDOR
from api.bodies import body_of
from api.context import Runtime
from api.operating import Attended, Operating, visit_of
from api.scim_errors import MEDIA, Wrong, error_answer, wrong_of
from api.view import token_of
from connectors.scim_discovery import PAGE_MOST, listed, resource_types, schemas, service_config
from connectors.scim_filter import names_in, read_filter
from connectors.scim_refused import ScimRefused
from connectors.scim_schemas import KINDS, Kind
from connectors.scim_shown import Wanted, narrowed, shown
from domain.access import Viewer
from domain.problem import Refused
from messages.render import Locale, negotiate

log = logging.getLogger("attain.api")

LARGEST = 1024 * 1024
ROOT = "/scim/v2"
_THREADS = 4  # a provider that pushes a whole company cannot take the threads of those who ask
_COSTS = {"GET": 20}  # points of the budget; a change costs more
_COST_OF_CHANGE = 60
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_MEDIA_TYPES = frozenset({MEDIA, "application/json"})
_NOT_BUILT = frozenset({"Bulk", "Me", ".search"})
_VERSION = re.compile(r'(?:W/)?"(\d{1,9})"')
_KEY_MOST = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """One request, read."""

    method: str
    parts: tuple[str, ...]  # of the path, behind /scim/v2
    query: Mapping[str, str]
    headers: Mapping[str, str]
    said: Any
    base: str
    viewer: Viewer


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What is answered."""

    status: int = 200
    body: dict[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def scim_routes(runtime: Runtime, operating: Operating) -> list[Route]:
    """Make the route; every method comes to one door, which answers in SCIM's form."""
    return [Route(ROOT + "/{path:path}", Attended(ScimDoor(runtime, operating), operating))]


class ScimDoor:
    """The ASGI application behind ``/scim/v2``."""

    def __init__(self, runtime: Runtime, operating: Operating) -> None:
        self.runtime = runtime
        self.operating = operating
        self.threads = CapacityLimiter(_THREADS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        visit = visit_of(request)
        visit.request_id = secrets.token_hex(8)
        locale = negotiate(request.headers.get("accept-language"), self.runtime.locale)
        told = {"x-request-id": visit.request_id, "cache-control": "no-store"}
        try:
            answer = await self._answered(request)
            visit.outcome = "OK"
            body = b"" if answer.body is None else orjson.dumps(answer.body)
            headers = {**told, **answer.headers}
            response = Response(body, answer.status, headers, media_type=MEDIA)
        except ClientDisconnect:
            return
        except (ScimRefused, Refused) as refusal:
            response = self._refused(request, wrong_of(refusal), locale, told)
        except _Stopped as stopped:
            response = self._refused(request, stopped.wrong, locale, told)
        except Exception as fault:  # noqa: BLE001 - the last net: nothing leaves unmasked
            wrong = _broken(visit.request_id, fault)
            response = self._refused(request, wrong, locale, told)
        await response(scope, receive, send)

    def _refused(
        self, request: Request, wrong: Wrong, locale: Locale, headers: Mapping[str, str]
    ) -> Response:
        visit_of(request).outcome = "INTERNAL" if wrong.code == "fault" else wrong.code.upper()
        return error_answer(wrong, self.runtime.catalogue, locale, headers)

    async def _answered(self, request: Request) -> _Answer:
        viewer = await self._viewer(request)
        self._spend(request, viewer)
        parts = tuple(part for part in request.path_params["path"].split("/") if part)
        call = _Call(
            method=request.method,
            parts=parts,
            query=dict(request.query_params),
            headers=request.headers,
            # What has no body here is answered without a look at one.
            said=await _said(request) if parts and parts[0] in KINDS else None,
            base=str(request.base_url).rstrip("/") + ROOT,
            viewer=viewer,
        )
        return await to_thread.run_sync(_dispatched, self.runtime, call, limiter=self.threads)

    async def _viewer(self, request: Request) -> Viewer:
        """Find out who pushes: a vendor's token in the header and nothing else."""
        token, held = token_of(request), None
        if request.headers.get("authorization") and token is not None and token.startswith(VENDOR):
            now = self.runtime.now()
            held = await to_thread.run_sync(
                self.runtime.sessions.viewer_of, token, now, limiter=self.threads
            )
        if held is not None:
            return held[0]
        address = request.client.host if request.client else ""
        counted = self.operating.attempts
        wait = 0 if counted is None else counted.of_address(address)
        if wait:
            raise _too_many("attempts_exceeded", wait)
        challenge = {"www-authenticate": 'Bearer realm="scim"'}
        raise _Stopped(Wrong(status=401, code="sign_in_required", headers=challenge))

    def _spend(self, request: Request, viewer: Viewer) -> None:
        budget = self.operating.budget
        if budget is None:
            return
        visit = visit_of(request)
        visit.cost = _COSTS.get(request.method, _COST_OF_CHANGE)
        spent = budget.spend(viewer.account_id, "", visit.cost)
        if spent.wait:
            raise _too_many("rate_limited", spent.wait)


class _Stopped(Exception):  # noqa: N818 - the way out to an answer
    """A request ends before its resource is looked at."""

    def __init__(self, wrong: Wrong) -> None:
        self.wrong = wrong
        super().__init__(wrong.code)


def _broken(number: str, fault: Exception) -> Wrong:
    log.error(
        "request %s failed at the SCIM door",
        number,
        exc_info=fault,
        extra={"request_id": number},
    )
    return Wrong(status=500, code="fault", values={"request": number})


def _too_many(code: str, wait: int) -> _Stopped:
    values = {"seconds": str(wait)}
    headers = {"retry-after": str(wait)}
    return _Stopped(Wrong(status=429, code=code, values=values, headers=headers))


async def _said(request: Request) -> Any:
    """Read a body of JSON; None where the method has none."""
    if request.method not in _WITH_BODY:
        return None
    media = request.headers.get("content-type", MEDIA).partition(";")[0].strip().lower()
    if media not in _MEDIA_TYPES:
        raise _Stopped(Wrong(status=415, code="scim_media_type", values={"media": media[:80]}))
    body = await body_of(request, LARGEST)
    if body is None:
        most = {"most": str(LARGEST)}
        raise _Stopped(Wrong(status=413, code="body_too_large", values=most))
    try:
        said = json.loads(body.decode("utf-8"), parse_float=str)
        # What cannot be written cannot be kept: half a surrogate, for one.
        json.dumps(said, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise ScimRefused("invalidSyntax", "body_not_json") from None
    return said


# ---- what there is ------------------------------------------------------------------------------


def _dispatched(runtime: Runtime, call: _Call) -> _Answer:
    desk = desk_of(runtime.actions, call.viewer)
    first = call.parts[0] if call.parts else ""
    if first in _NOT_BUILT:
        raise _Stopped(Wrong(status=501, code="scim_not_built", values={"place": first}))
    if first in _DISCOVERY and len(call.parts) <= 2:
        return _discovered(call, _DISCOVERY[first](call.base))
    kind = KINDS.get(first)
    if kind is None or len(call.parts) > 2:
        raise _unknown()
    return _resource(desk, kind, call)


def _unknown() -> _Stopped:
    return _Stopped(Wrong(status=404, code="page_unknown"))


def _not_allowed(*allowed: str) -> _Stopped:
    headers = {"allow": ", ".join(allowed)}
    return _Stopped(Wrong(status=405, code="method_not_allowed", headers=headers))


_Documents = dict[str, Any] | Mapping[str, dict[str, Any]]
_DISCOVERY: Mapping[str, Callable[[str], _Documents]] = {
    "ServiceProviderConfig": service_config,
    "ResourceTypes": resource_types,
    "Schemas": schemas,
}


def _discovered(call: _Call, found: _Documents) -> _Answer:
    if call.method != "GET":
        raise _not_allowed("GET")
    if "filter" in call.query:
        raise _Stopped(Wrong(status=403, code="scim_filter_not_here"))
    if call.parts[0] == "ServiceProviderConfig":
        if len(call.parts) > 1:
            raise _unknown()
        return _Answer(body=dict(found))
    if len(call.parts) == 1:
        every = list(found.values())
        return _Answer(body=listed(every, len(every), 1))
    named = {name.lower(): each for name, each in found.items()}.get(call.parts[1].lower())
    if named is None:
        raise _unknown()
    return _Answer(body=named)


def _resource(desk: Desk, kind: Kind, call: _Call) -> _Answer:
    if len(call.parts) == 1:
        if call.method == "GET":
            return _list(desk, kind, call, call.query)
        if call.method != "POST":
            raise _not_allowed("GET", "POST")
        return _one(kind, call, create(desk, kind, call.said), status=201)
    key = call.parts[1]
    if key == ".search":
        if call.method != "POST":
            raise _not_allowed("POST")
        return _list(desk, kind, call, _asked(call.said))
    if len(key) > _KEY_MOST or not key.isprintable():
        raise _unknown()
    if call.method == "GET":
        members = _wanted(call.query).has(kind, "members")
        return _one(kind, call, read_one(desk, kind, key, members=members))
    fits = _fitting(call.headers.get("if-match"))
    if call.method == "PUT":
        return _one(kind, call, replace_with(desk, kind, key, call.said, fits))
    if call.method == "PATCH":
        return _one(kind, call, change(desk, kind, key, call.said, fits))
    if call.method == "DELETE":
        remove(desk, kind, key, fits)
        return _Answer(status=204)
    raise _not_allowed("GET", "PUT", "PATCH", "DELETE")


def _one(kind: Kind, call: _Call, pushed: Pushed, status: int = 200) -> _Answer:
    whole = _shown(kind, pushed, call.base)
    tag, place = str(whole["meta"]["version"]), str(whole["meta"]["location"])
    headers = {"etag": tag, "location": place}
    asked = call.headers.get("if-none-match")
    if call.method == "GET" and asked is not None and _fitting(asked)(pushed.version):
        return _Answer(status=304, headers=headers)
    return _Answer(status=status, body=narrowed(kind, whole, _wanted(call.query)), headers=headers)


def _shown(kind: Kind, pushed: Pushed, base: str) -> dict[str, Any]:
    meta = {
        "created": pushed.created,
        "lastModified": pushed.modified,
        "version": f'W/"{pushed.version}"',
    }
    return shown(kind, pushed.resource, key=pushed.id, meta=meta, base=base)


def _list(desk: Desk, kind: Kind, call: _Call, query: Mapping[str, str]) -> _Answer:
    wanted, text = _wanted(query), query.get("filter")
    start = max(1, _number(query, "startIndex", 1))
    count = min(PAGE_MOST, max(0, _number(query, "count", PAGE_MOST)))
    members = wanted.has(kind, "members") or "members" in (text or "").lower()
    if text is None:
        total, some = read_page(desk, kind, start - 1, count, members=members)
        page = [_shown(kind, pushed, call.base) for pushed in some]
    else:
        test, called = read_filter(kind, text), names_in(kind, text, ("id", *NAMES))
        every = read_all(desk, kind, members=members, called=called)
        found = [each for each in (_shown(kind, one, call.base) for one in every) if test(each)]
        total, page = len(found), found[start - 1 : start - 1 + count]
    return _Answer(body=listed([narrowed(kind, each, wanted) for each in page], total, start))


def _wanted(query: Mapping[str, str]) -> Wanted:
    only, without = (
        tuple(name.strip() for name in query.get(each, "").split(",") if name.strip())
        for each in ("attributes", "excludedAttributes")
    )
    return Wanted(only=only, without=without)


def _asked(said: Any) -> Mapping[str, str]:
    """Read the body of a search as the parameters that a list has."""
    if not isinstance(said, Mapping):
        raise ScimRefused("invalidSyntax", "scim_not_an_object", {"place": ".search"})
    return {
        str(name): ",".join(map(str, value)) if isinstance(value, list) else str(value)
        for name, value in said.items()
        if value is not None
    }


def _number(query: Mapping[str, str], name: str, otherwise: int) -> int:
    text = query.get(name)
    if text is None:
        return otherwise
    try:
        return int(text[:12])
    except ValueError:
        raise ScimRefused("invalidValue", "scim_value_wrong", {"place": name}) from None


def _fitting(header: str | None) -> Callable[[int], bool]:
    """Read ``If-Match`` or ``If-None-Match``: which versions it means; without one: all."""
    if header is None or header.strip() == "*":
        return lambda _version: True
    meant = {int(number) for number in _VERSION.findall(header)}
    return lambda version: version in meant
