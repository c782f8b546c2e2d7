"""What goes wrong, in the form of SCIM (RFC 7644, 3.12): a status, a ``scimType``, a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson
from starlette.responses import Response

from connectors.scim_refused import ScimRefused
from domain.problem import Refused
from messages.render import Catalogue, Locale

MEDIA = "application/scim+json"
_ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
_LATER = {"retry-after": "600"}
# What a rule of ours means to a provider; any other one: the value is not good.
_MEANT: Mapping[str, tuple[int, str]] = {
    "connection_paused": (503, ""),
    "deadline_exceeded": (503, ""),
    "forbidden": (403, ""),
    "identity_linked_already": (409, "uniqueness"),
    "mapping_missing": (503, ""),
    "not_found": (404, ""),
    "scim_not_pushed": (403, ""),
    "staff_number_taken": (409, "uniqueness"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """Why a request is refused; ``code`` and ``values`` make the sentence."""

    status: int
    code: str
    kind: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


def wrong_of(refusal: ScimRefused | Refused) -> Wrong:
    """Say what a refusal is in the words of SCIM."""
    values = dict(refusal.values)
    if isinstance(refusal, ScimRefused):
        return Wrong(status=refusal.status, kind=refusal.kind, code=refusal.code, values=values)
    status, kind = _MEANT.get(refusal.code, (400, "invalidValue"))
    headers = _LATER if status == 503 else {}
    return Wrong(status=status, kind=kind, code=refusal.code, values=values, headers=headers)


def error_answer(
    wrong: Wrong, catalogue: Catalogue, locale: Locale, headers: Mapping[str, str]
) -> Response:
    """Write it down."""
    body = {"schemas": [_ERROR], "status": str(wrong.status)}
    if wrong.kind:
        body["scimType"] = wrong.kind
    body["detail"] = catalogue.text(wrong.code, dict(wrong.values), locale)
    told = {**headers, **wrong.headers, "content-language": locale.value}
    return Response(orjson.dumps(body), wrong.status, told, media_type=MEDIA)
