"""What a scope may name: people of the same legal entity, and not more than a pilot has."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from itertools import product

from domain.problem import Problem, Refused, Severity
from storage.definitions import Scope, StoredScorecard, scorecards
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


def rivals(
    connection: Connection,
    entity_id: str,
    pack_id: str,
    *,
    day: date,
    known_at: datetime,
) -> tuple[Problem, ...]:
    """Name the scorecards that are as narrow as one of a pack from a day on, for the same people.

    Whoever both are for is scored by neither, and that would be seen with the first calculation.
    """
    found = scorecards(connection, entity_id, start=day, end=date.max, known_at=known_at)
    cards = sorted(found, key=lambda each: each.scorecard.key)
    own = [each for each in cards if each.pack_id == pack_id]
    others = [each for each in cards if each.pack_id != pack_id]
    named: dict[str, Problem] = {}
    for card, other in product(own, others):
        if _are_rivals(card, other):
            path = f"scopes.{card.scorecard.key}"
            values = {
                "scorecard": card.scorecard.key,
                "other": other.scorecard.key,
                "day": max(day, card.valid_from, other.valid_from).isoformat(),
            }
            named[f"{path} {values['other']}"] = Problem(
                code="scope_card_rivals", path=path, values=values, severity=Severity.WARNING
            )
    return tuple(named.values())


def _are_rivals(card: StoredScorecard, other: StoredScorecard) -> bool:
    """Say whether somebody can be meant by both cards at once, and equally narrowly."""
    starts = max(card.valid_from, other.valid_from)
    if any(each.valid_to is not None and each.valid_to <= starts for each in (card, other)):
        return False
    one, two = card.scope, other.scope
    if one.limits != two.limits or bool(one.people) != bool(two.people):
        return False
    if bool(one.units) != bool(two.units):
        return False  # a unit wins over the whole company
    pairs = (
        (one.units, two.units),
        (one.platforms, two.platforms),
        (one.positions, two.positions),
        (one.people, two.people),
    )
    return all(not left or not right or bool({*left} & {*right}) for left, right in pairs)
