"""Placeholders of statements that are made once: what differs is given with each question.

Making a statement of a few joins takes longer than asking it. A placeholder stands where a value
would, so that the same function makes the statement for once and for always.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from sqlalchemy import String, bindparam
from sqlalchemy.types import TypeEngine

from domain.knowledge import Knowledge
from storage.types import Instant


def asked(name: str, kind: type[TypeEngine[Any]] = String) -> Any:
    """Stand for a value that is given by this name."""
    return bindparam(name, type_=kind())


def asked_instant(name: str) -> datetime:
    """Stand for an instant of knowledge."""
    return cast("datetime", asked(name, Instant))


def asked_some(name: str) -> Any:
    """Stand for the texts of an ``IN``, however many are given."""
    return bindparam(name, type_=String(), expanding=True)


# What is known of each subject; a statement takes those that it speaks of.
KNOWN = Knowledge(
    facts=asked_instant("known_facts"),
    links=asked_instant("known_links"),
    organisation=asked_instant("known_organisation"),
    goals=asked_instant("known_goals"),
    rules=asked_instant("known_rules"),
    rates=asked_instant("known_rates"),
    earned=asked_instant("known_earned"),
)


def given(at: Knowledge) -> dict[str, datetime]:
    """Give the instants of a knowledge in which no kind of change of facts is known later."""
    assert at.learned is None
    return {
        "known_facts": at.facts,
        "known_links": at.links,
        "known_organisation": at.organisation,
        "known_goals": at.goals,
        "known_rules": at.rules,
        "known_rates": at.rates,
        "known_earned": at.earned,
    }
