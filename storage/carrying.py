"""Every transaction carries its actor: the second net on PostgreSQL compares rows with it.

A transaction takes on a role without any right beyond the tables: one for the product itself, one
for whoever asks, whose transaction also names how far each right reaches. All of it ends with the
transaction, whatever becomes of the connection. How far a right reaches is said in one place,
``domain/access.py``; here it is only written down.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from enum import StrEnum
from functools import lru_cache

from sqlalchemy import Connection

from domain.access import Actor, Deed, Range, Reach, Resource, System, Viewer, reaches

APP_ROLE, SYSTEM_ROLE = "attain_app", "attain_system"
PREFIX = "attain."
ACCOUNT, ENTITIES = "account", "entities"
_ACTOR, _WIDENED = "attain_actor", "attain_widened"


class Purpose(StrEnum):
    """What the results that are read are for; pay is reached less far than performance."""

    PERFORMANCE = "performance"
    PAY = "pay"


class Widening(StrEnum):
    """The few reads in which the product looks at more rows than its viewer may see."""

    BOARD = "board"  # who has which rank: person and rank, never the value
    GROUP = "group"  # the sum of a group whose performance may be seen
    FRESHNESS = "freshness"  # the day of the newest fact of a kind
    APPROVAL = "approval"  # a batch of pay and its totals, by whom the approval chain names
    CREDIT = "credit"  # whose a fact is: rules, and facts that may count for the viewer too
    ACCOUNT = "account"  # whether an account may be handed a right: that it is there, its roles


def setting(resource: Resource, deed: Deed, kind: str) -> str:
    """Name the setting that lists what of a ``kind`` a right reaches.

    ``entities`` as a whole; ``units`` with the days they are reached on, as ``unit:from:until``;
    ``people``; ``connections``; the people ``without`` whom; and ``some``, the legal entities in
    which the right reaches anything at all.
    """
    return f"{deed.value}_{resource.value}_{kind}".lower()


def carry(connection: Connection, actor: Actor) -> None:
    """Begin a transaction in the name of ``actor``; a database without row security needs none."""
    if connection.dialect.name != "postgresql":
        return
    connection.execution_options(**{_ACTOR: actor})
    if isinstance(actor, System):
        connection.exec_driver_sql(f"SET LOCAL ROLE {SYSTEM_ROLE}")
    else:
        _set(connection, (("role", APP_ROLE), *_settings(actor)))


def is_narrowed(connection: Connection) -> bool:
    """Say whether the database itself keeps rows back from whoever asks here."""
    return isinstance(connection.get_execution_options().get(_ACTOR), Viewer)


def look_at(
    connection: Connection, *, day: date | None, purpose: Purpose = Purpose.PERFORMANCE
) -> None:
    """Say for which day (None: any) and what for rows of people are read from here on.

    Who reaches no subtree, and pay as far as performance, is spared the way.
    """
    actor = connection.get_execution_options().get(_ACTOR)
    if isinstance(actor, Viewer) and _depends_on_day(actor):
        pairs = (("day", day.isoformat() if day else ""), ("purpose", purpose.value))
        _set(connection, tuple((PREFIX + name, value) for name, value in pairs))


@contextmanager
def widened(connection: Connection, widening: Widening) -> Iterator[None]:
    """Let the statements inside see more rows than the viewer may, of the tables it names only.

    A statement that fails inside ends the transaction, and the widening with it. One inside another
    takes its place and gives it back.
    """
    if is_narrowed(connection):
        before = connection.get_execution_options().get(_WIDENED, "none")
        _widen(connection, widening.value)
        yield
        _widen(connection, before)
    else:
        yield


def _widen(connection: Connection, name: str) -> None:
    _set(connection, ((PREFIX + "widened", name),))
    connection.execution_options(**{_WIDENED: name})


# Always the same text, however many settings: the driver prepares it once.
_SET = (
    "SELECT count(set_config(name, value, true)) FROM unnest("
    "string_to_array(%s, E'\\n'), string_to_array(%s, E'\\n')) AS given (name, value)"
)


def _set(connection: Connection, pairs: tuple[tuple[str, str], ...]) -> None:
    names, values = ("\n".join(column) for column in zip(*pairs, strict=True))
    connection.exec_driver_sql(_SET, (names, values))


@lru_cache(maxsize=1_000)
def _settings(viewer: Viewer) -> tuple[tuple[str, str], ...]:
    """Return names and values; what has no value is left unset, and reaches nothing."""
    values = {ACCOUNT: viewer.account_id, ENTITIES: ",".join(sorted(viewer.entity_ids))}
    for resource in Resource:
        for deed in Deed:
            values.update(_reached(viewer, resource, deed))
    return tuple((PREFIX + name, value) for name, value in values.items() if value)


def _reached(viewer: Viewer, resource: Resource, deed: Deed) -> dict[str, str]:
    found: dict[str, set[str]] = {}
    held = reaches(viewer, resource, deed)
    for reach in held:
        found.setdefault("some", set()).add(reach.entity_id)
        kind, entry = _entry(reach)
        if entry is not None:
            found.setdefault(kind, set()).add(entry)
    left_out = {reach.without for reach in held}
    if len(left_out) == 1:  # else another reach contains whom this one leaves out
        found["without"] = {person for person in left_out if person is not None}
    return {setting(resource, deed, kind): ",".join(sorted(ids)) for kind, ids in found.items()}


def _entry(reach: Reach) -> tuple[str, str | None]:
    if reach.range >= Range.ENTITY:
        return "entities", reach.entity_id
    if reach.connection_id is not None:
        return "connections", reach.connection_id
    if reach.range is Range.SELF:
        return "people", reach.person_id
    if reach.unit_id is None:
        return "units", None
    return "units", f"{reach.unit_id}:{reach.valid_from or ''}:{reach.valid_to or ''}"


@lru_cache(maxsize=1_000)
def _depends_on_day(viewer: Viewer) -> bool:
    """Say whether a right over a subtree is held, or pay is reached otherwise than performance."""
    pay = _reached(viewer, Resource.PAY, Deed.READ)
    performance = _reached(viewer, Resource.PERFORMANCE, Deed.READ)
    return any(name.endswith("_units") for name, _value in _settings(viewer)) or {
        name.rpartition("_")[2]: value for name, value in pay.items()
    } != {name.rpartition("_")[2]: value for name, value in performance.items()}
