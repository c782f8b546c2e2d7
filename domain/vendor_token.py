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
_INGEST = "ingest"


def rights_of(scopes: Iterable[str]) -> tuple[Right, ...]:
    """Return the rights of scopes, each once; an unknown scope is refused.

    ``ingest:con_01k…`` reads that source and starts its syncs, and knows no other source.
    """
    found: dict[Right, None] = {}
    for scope in scopes:
        found.update(dict.fromkeys(_rights(scope)))
    return tuple(found)


def connection_of(scope: str) -> ConnectionId | None:
    """Return the connection that an ``ingest`` scope names."""
    word, _, connection = scope.partition(":")
    return ConnectionId(connection) if word == _INGEST and connection else None


def _rights(scope: str) -> tuple[Right, ...]:
    connection = connection_of(scope)
    if connection is not None:
        return tuple(
            Right(resource=Resource.SOURCE, deed=deed, connection_id=connection) for deed in Deed
        )
    if scope not in SCOPES:
        raise Refused("vendor_scope_unknown", {"scope": scope[:80]})
    return SCOPES[scope]
