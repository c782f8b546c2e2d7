"""What a scope may name: people of the same legal entity, and not more than a pilot has."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from domain.problem import Problem, Refused, Severity
from storage.definitions import Scope
from storage.engine import Connection, Writing
from storage.people import strangers
from storage.positions import positions_held

_POSITIONS_SHOWN = 20
MOST_PEOPLE = 500  # a pilot; a plan for more is one for units, platforms or positions


def refuse_strangers(writing: Writing, scope: Scope) -> None:
    """Refuse a scope that names somebody whom the legal entity does not know, or too many."""
    if len(scope.people) > MOST_PEOPLE:
        values = {"most": str(MOST_PEOPLE), "count": str(len(scope.people))}
        raise Refused("pilot_too_large", values, path="scope.people")
    unknown = strangers(writing.connection, writing.entity_id, scope.people)
    if unknown:
        raise Refused("person_unknown", {"person": unknown[0]}, path="scope.people")


def unheld(
    connection: Connection,
    entity_id: str,
    scopes: Mapping[str, Scope],
    *,
    day: date,
    known_at: datetime,
) -> tuple[Problem, ...]:
    """Name the positions that nobody holds from a day on, by the paths of the scopes.

    A position may be filled later, so it is no fault; mostly it is a word that HR writes otherwise.
    """
    if not any(scope.positions for scope in scopes.values()):
        return ()
    held = positions_held(connection, entity_id, day=day, known_at=known_at)
    shown = ", ".join(held[:_POSITIONS_SHOWN]) + (" …" if len(held) > _POSITIONS_SHOWN else "")
    return tuple(
        Problem(
            code="scope_position_unheld",
            path=path,
            values={"position": position, "day": day.isoformat(), "positions": shown or "-"},
            severity=Severity.WARNING,
        )
        for path, scope in sorted(scopes.items())
        for position in scope.positions
        if position not in held
    )
