"""The GraphQL request inside an HTTP request: sizes, media type, shape, names of documents."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, TypeGuard

import orjson
from starlette.requests import Request

PLAIN = "application/json"
LARGEST_BODY = 256 * 1024
_READ = "attain.demand"
_KINDS = {
    "query": str,
    "operationName": str,
    "variables": dict,
    "extensions": dict,
    "documentId": str,
}
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class DocumentName:
    """The hash of a document's text; Apollo's clients react to answers of their own."""

    sha256: str
    is_apollo: bool


@dataclass(frozen=True, slots=True)
class Demand:
    """The GraphQL request inside an HTTP request."""

    query: str
    operation_name: str | None
    variables: dict[str, Any] | None
    extensions: dict[str, Any] | None
    name: DocumentName | None = None


class Unreadable(Exception):  # noqa: N818 - an answer to the client, not a fault
    """The HTTP request holds no GraphQL request; ``code`` has a sentence."""

    def __init__(self, status: int, code: str, **values: str) -> None:
        self.status = status
        self.code = code
        self.values = values
        super().__init__(code)


async def read_demand(request: Request) -> Demand:
    """Read the GraphQL request of a POST body or of a query string; once, for who asks twice."""
    if _READ not in request.scope:
        try:
            request.scope[_READ] = await _read(request)
        except Unreadable as unreadable:
            request.scope[_READ] = unreadable
    found: Demand | Unreadable = request.scope[_READ]
    if isinstance(found, Unreadable):
        raise found
    return found


async def _read(request: Request) -> Demand:
    if request.method == "GET":
        return _from_query_string(request)
    if request.method != "POST":
        raise Unreadable(405, "method_not_allowed")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != PLAIN:
        # A form could be sent by any page without asking us first; JSON cannot.
        raise Unreadable(415, "media_type_unsupported")
    return checked(_json(await _body(request)))


async def _body(request: Request) -> bytes:
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and (len(announced) > 9 or int(announced) > LARGEST_BODY):
        raise Unreadable(413, "body_too_large", most=str(LARGEST_BODY))
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise Unreadable(413, "body_too_large", most=str(LARGEST_BODY))
    return bytes(body)


def _json(body: bytes | str) -> Any:
    try:
        return orjson.loads(body)
    except (orjson.JSONDecodeError, RecursionError) as error:
        raise Unreadable(400, "body_not_json") from error


def _from_query_string(request: Request) -> Demand:
    parameters = request.query_params
    if any(len(parameters.getlist(name)) > 1 for name in _KINDS):
        raise Unreadable(400, "body_not_an_object")
    packed = {name: parameters[name] for name in _KINDS if name in parameters}
    body: dict[str, Any] = dict(packed)
    for name in ("variables", "extensions"):
        if name in packed:
            body[name] = _json(packed[name])
    return checked(body)


def checked(body: Any) -> Demand:
    """Read a GraphQL request that came as JSON, over HTTP or another way."""
    if not isinstance(body, dict):
        raise Unreadable(400, "body_not_an_object")
    for name, kind in _KINDS.items():
        if body.get(name) is not None and not isinstance(body[name], kind):
            raise Unreadable(400, "body_not_an_object")
    query, document = body.get("query") or "", _document_name(body)
    if not query and document is None:
        raise Unreadable(400, "query_missing")
    try:
        query.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Unreadable(400, "body_not_json") from error
    return Demand(
        query,
        body.get("operationName") or None,
        body.get("variables"),
        body.get("extensions"),
        document,
    )


def _document_name(body: dict[str, Any]) -> DocumentName | None:
    """Read ``documentId`` and Apollo's extension; a name that is not understood is refused."""
    apollo = (body.get("extensions") or {}).get("persistedQuery")
    found: list[object] = []
    if body.get("documentId") is not None:
        scheme, _, digits = body["documentId"].partition(":")
        found.append(digits if scheme == "sha256" else None)
    if apollo is not None:
        known = isinstance(apollo, dict) and apollo.get("version") == 1
        found.append(apollo.get("sha256Hash") if known else None)
    if not found:
        return None
    name = found[0]
    if not is_sha256(name) or found[-1] != name:
        raise Unreadable(400, "document_id_invalid")
    return DocumentName(name, is_apollo=apollo is not None)


def is_sha256(text: object) -> TypeGuard[str]:
    """Whether this is the hash of something, as the clients write it."""
    return isinstance(text, str) and _SHA256.fullmatch(text) is not None
