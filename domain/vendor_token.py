"""What a vendor's token may do, as words: each scope stands for rights of the policy table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from domain.access import Deed, Resource, Right
from domain.ids import ConnectionId
from domain.problem import Refused

_READ, _WRITE = Deed.READ, Deed.WRITE

# Whoever reads targets reads what is measured: a target without its metric says nothing.
SCOPES: Mapping[str, tuple[Right, ...]] = MappingProxyType(
    {
        "read:organisation": (
            Right(resource=Resource.PERSON, deed=_READ),
            Right(resource=Resource.UNIT, deed=_READ),
        ),
        "read:definitions": (
            Right(resource=Resource.METRIC, deed=_READ),
            Right(resource=Resource.PLAN, deed=_READ),
            Right(resource=Resource.PACK, deed=_READ),
        ),
        "write:definitions": (
            Right(resource=Resource.METRIC, deed=_READ),
            Right(resource=Resource.METRIC, deed=_WRITE),
        ),
        "read:targets": (
            Right(resource=Resource.GOAL, deed=_READ),
            Right(resource=Resource.METRIC, deed=_READ),
        ),
        "write:targets": (
            Right(resource=Resource.GOAL, deed=_READ),
            Right(resource=Resource.GOAL, deed=_WRITE),
            Right(resource=Resource.METRIC, deed=_READ),
        ),
        "read:performance": (
            Right(resource=Resource.PERFORMANCE, deed=_READ),
            Right(resource=Resource.METRIC, deed=_READ),
        ),
    }
)
_INGEST, _PROVISION = "ingest", "provision"
# What a scope that names a connection is a right to.
_OF_CONNECTION: Mapping[str, Resource] = MappingProxyType(
    {_INGEST: Resource.SOURCE, _PROVISION: Resource.DIRECTORY}
)


def rights_of(scopes: Iterable[str]) -> tuple[Right, ...]:
    """Return the rights of scopes, each once; an unknown scope is refused.

    ``ingest:con_01k…`` reads that source and starts its syncs, and knows no other source.
    ``provision:con_01k…`` is an identity provider's: it pushes people and groups into that source
    and reads back what it pushed.
    """
    found: dict[Right, None] = {}
    for scope in scopes:
        found.update(dict.fromkeys(_rights(scope)))
    return tuple(found)


def connection_of(scope: str) -> ConnectionId | None:
    """Return the connection that an ``ingest`` or a ``provision`` scope names."""
    word, _, connection = scope.partition(":")
    return ConnectionId(connection) if word in _OF_CONNECTION and connection else None


def stands_alone(scope: str) -> bool:
    """Say whether a token with this scope has no other one: an identity provider only pushes."""
    return scope.startswith(f"{_PROVISION}:")


def _rights(scope: str) -> tuple[Right, ...]:
    connection = connection_of(scope)
    if connection is not None:
        resource = _OF_CONNECTION[scope.partition(":")[0]]
        return tuple(Right(resource=resource, deed=deed, connection_id=connection) for deed in Deed)
    if scope not in SCOPES:
        raise Refused("vendor_scope_unknown", {"scope": scope[:80]})
    return SCOPES[scope]
