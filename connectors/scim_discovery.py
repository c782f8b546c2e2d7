"""What our SCIM server says of itself: abilities, resource types, schemas (RFC 7643, 5 to 7)."""

from __future__ import annotations

from typing import Any

from connectors.scim_schemas import KINDS, Attribute, Kind

PAGE_MOST = 200
_BASE = "urn:ietf:params:scim:schemas:core:2.0:"
CONFIG, TYPE, SCHEMA = (
    f"{_BASE}{name}" for name in ("ServiceProviderConfig", "ResourceType", "Schema")
)
_LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
_NAMES = {
    "User": "User Account",
    "EnterpriseUser": "Enterprise User",
    "Group": "Group",
    "ServiceProviderConfig": "What this server can",
    "ResourceType": "A type of resource",
    "Schema": "A schema",
}


def listed(resources: list[dict[str, Any]], total: int, start: int) -> dict[str, Any]:
    """Write a list as SCIM answers it."""
    return {
        "schemas": [_LIST],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": len(resources),
        "Resources": resources,
    }


def service_config(base: str) -> dict[str, Any]:
    """Say what is there and what is not."""
    no, yes = {"supported": False}, {"supported": True}
    return {
        "schemas": [CONFIG],
        "patch": yes,
        "bulk": {**no, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {**yes, "maxResults": PAGE_MOST},
        "changePassword": no,
        "sort": no,
        "etag": yes,
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "Bearer token",
                "description": "A vendor token with a scope for provisioning one connection.",
                "specUri": "https://www.rfc-editor.org/info/rfc6750",
                "primary": True,
            }
        ],
        "meta": _meta("ServiceProviderConfig", f"{base}/ServiceProviderConfig"),
    }


def resource_types(base: str) -> dict[str, dict[str, Any]]:
    """Describe every type of resource, by its name."""
    return {kind.name: _type(kind, base) for kind in KINDS.values()}


def _type(kind: Kind, base: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "schemas": [TYPE],
        "id": kind.name,
        "name": kind.name,
        "endpoint": f"/{kind.endpoint}",
        "description": _NAMES[kind.name],
        "schema": kind.core,
        "meta": _meta("ResourceType", f"{base}/ResourceTypes/{kind.name}"),
    }
    if kind.extensions:
        found["schemaExtensions"] = [
            {"schema": each, "required": False} for each in kind.extensions
        ]
    return found


def schemas(base: str) -> dict[str, dict[str, Any]]:
    """Write every schema, by its URN: ours, and those of the discovery itself."""
    known = {urn: of for kind in KINDS.values() for urn, of in kind.schemas.items()}
    return {urn: _schema(urn, of, base) for urn, of in {**known, **_OF_DISCOVERY}.items()}


def _schema(urn: str, attributes: tuple[Attribute, ...], base: str) -> dict[str, Any]:
    parts = urn.split(":")
    name = "EnterpriseUser" if "enterprise" in parts else parts[-1]
    return {
        "schemas": [SCHEMA],
        "id": urn,
        "name": name,
        "description": _NAMES[name],
        "attributes": [attribute.document() for attribute in attributes],
        "meta": _meta("Schema", f"{base}/Schemas/{urn}"),
    }


def _meta(kind: str, location: str) -> dict[str, str]:
    return {"resourceType": kind, "location": location}


def _ours(name: str, kind: str = "string", *parts: Attribute, many: bool = False) -> Attribute:
    return Attribute(name=name, type=kind, parts=parts, many=many, mutability="readOnly")


_SUPPORTED = _ours("supported", "boolean")
_CHARACTERISTICS = (
    _ours("name"),
    _ours("type"),
    _ours("multiValued", "boolean"),
    _ours("description"),
    _ours("required", "boolean"),
    _ours("canonicalValues", many=True),
    _ours("caseExact", "boolean"),
    _ours("mutability"),
    _ours("returned"),
    _ours("uniqueness"),
    _ours("referenceTypes", many=True),
)
_OF_DISCOVERY = {
    CONFIG: (
        Attribute(
            name="documentationUri", type="reference", mutability="readOnly", refers=("external",)
        ),
        _ours("patch", "complex", _SUPPORTED),
        _ours(
            "bulk",
            "complex",
            _SUPPORTED,
            _ours("maxOperations", "integer"),
            _ours("maxPayloadSize", "integer"),
        ),
        _ours("filter", "complex", _SUPPORTED, _ours("maxResults", "integer")),
        _ours("changePassword", "complex", _SUPPORTED),
        _ours("sort", "complex", _SUPPORTED),
        _ours("etag", "complex", _SUPPORTED),
        _ours(
            "authenticationSchemes",
            "complex",
            _ours("type"),
            _ours("name"),
            _ours("description"),
            _ours("specUri", "reference"),
            _ours("documentationUri", "reference"),
            _ours("primary", "boolean"),
            many=True,
        ),
    ),
    TYPE: (
        _ours("id"),
        _ours("name"),
        _ours("description"),
        _ours("endpoint", "reference"),
        _ours("schema", "reference"),
        _ours(
            "schemaExtensions",
            "complex",
            _ours("schema", "reference"),
            _ours("required", "boolean"),
            many=True,
        ),
    ),
    SCHEMA: (
        _ours("id"),
        _ours("name"),
        _ours("description"),
        _ours(
            "attributes",
            "complex",
            *_CHARACTERISTICS,
            _ours("subAttributes", "complex", *_CHARACTERISTICS, many=True),
            many=True,
        ),
    ),
}
