"""What a scope may name: people of the same legal entity, and not more than a pilot has."""

from __future__ import annotations

from domain.problem import Refused
from storage.definitions import Scope
from storage.engine import Writing
from storage.people import strangers

MOST_PEOPLE = 500  # a pilot; a plan for more is one for units, platforms or positions


def refuse_strangers(writing: Writing, scope: Scope) -> None:
    """Refuse a scope that names somebody whom the legal entity does not know, or too many."""
    if len(scope.people) > MOST_PEOPLE:
        values = {"most": str(MOST_PEOPLE), "count": str(len(scope.people))}
        raise Refused("pilot_too_large", values, path="scope.people")
    unknown = strangers(writing.connection, writing.entity_id, scope.people)
    if unknown:
        raise Refused("person_unknown", {"person": unknown[0]}, path="scope.people")
