"""What most fields share: at which dates to read, in which legal entity, and how a deed is done."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, TypeAlias

import strawberry

from actions.deed import Done, perform
from api.context import Context
from api.paging import described
from api.scalars import IdempotencyKey
from domain.access import Viewer
from domain.problem import Refused
from storage.engine import Writing

ValidAt: TypeAlias = Annotated[
    date | None,
    described(
        "The day for which rules and memberships are read; the day of the request if absent."
    ),
]
KnownAt: TypeAlias = Annotated[
    datetime | None,
    described("Read what was known at this instant; the instant of the request if absent."),
]
Entity: TypeAlias = Annotated[
    strawberry.ID | None,
    described("The legal entity; the viewer's only or first one if absent."),
]
First: TypeAlias = Annotated[
    int | None, described("How many rows from the start, 1 to 100; 50 when neither end is given.")
]
After: TypeAlias = Annotated[str | None, described("Only rows after this cursor.")]
Last: TypeAlias = Annotated[int | None, described("How many rows from the end, 1 to 100.")]
Before: TypeAlias = Annotated[str | None, described("Only rows before this cursor.")]

# After a deed its own rows are read back, whatever instant the writer's turn gave them.
ALL_KNOWN = datetime(9999, 12, 31, tzinfo=UTC)

KEY = (
    "Chosen by the client, one per intention: sent again with the same input it gives the same"
    " answer and does nothing twice."
)
EXPECTED = "The version the client last saw; another one in the store is a conflict."
REASON = "Why, for the trail."


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Both axes of time of a read: when it is true, and when we had learned it."""

    valid_at: date
    known_at: datetime


def moment(context: Context, valid_at: date | None, known_at: datetime | None) -> Moment:
    """Fill in what the client left to the request's own instant."""
    return Moment(valid_at=valid_at or context.today, known_at=known_at or context.now)


def entity_of(viewer: Viewer, chosen: str | None) -> str:
    """Return the legal entity asked for, if the viewer has any role in it."""
    known = sorted(viewer.entity_ids)
    if chosen is None and known:
        return known[0]
    if chosen is None or chosen not in known:
        raise Refused("not_found", {"id": chosen or "-"})
    return chosen


async def act(
    context: Context,
    operation: str,
    given: object,
    deed: Callable[[Writing], str],
    *,
    entity_id: str | None = None,
) -> Done:
    """Do one deed in one transaction, once per idempotency key of the viewer."""
    viewer = context.asker
    entity = entity_of(viewer, entity_id)
    request = plain(given)
    key = request.pop("idempotency_key", None)
    return await context.perform(
        lambda: perform(context.runtime.actions, viewer, entity, operation, request, deed, key)
    )


def demand_version(changed: str | None, expected: int | None) -> None:
    """Refuse to change what is there without a word on what the client last saw of it."""
    if changed is not None and expected is None:
        raise Refused("version_missing", path="expectedVersion")


def plain(given: object) -> dict[str, Any]:
    """Write an input object as JSON, to compare it with what the same key asked before."""
    if not dataclasses.is_dataclass(given):
        raise TypeError("an input object is wanted")
    return {field.name: _plain(getattr(given, field.name)) for field in dataclasses.fields(given)}


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value):
        return plain(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    return value


def key_field() -> Any:
    """Declare ``idempotencyKey`` of an input."""
    return strawberry.field(description=KEY)


def version_field() -> Any:
    """Declare ``expectedVersion`` of an input."""
    return strawberry.field(description=EXPECTED)


Key: TypeAlias = IdempotencyKey
