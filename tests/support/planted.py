"""Mistakes of the kind people make in access rules, to be planted and found."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pytest
from sqlalchemy import true

import api.access
import api.asking
import api.leaderboard
import storage.groups
import storage.settings
import storage.visibility
from domain import access
from domain.access import Deed, Range, Resource, Role
from domain.privacy import BoardVisibility, EntitySettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Bug:
    """A mistake: how to make it, and who could profit from it."""

    name: str
    plant: Callable[[pytest.MonkeyPatch], None]
    viewers: tuple[str | None, ...]
    roots: tuple[str, ...]  # where it shows soon
    owners: tuple[str, ...] = ()  # of whom it shows soon


def everywhere(patch: pytest.MonkeyPatch, original: object, replacement: object) -> None:
    """Put something in the place of a function in every module that has imported it."""
    found = 0
    for module in list(sys.modules.values()):
        for name, value in list(getattr(module, "__dict__", {}).items()):
            if value is original:
                patch.setattr(module, name, replacement)
                found += 1
    assert found, f"{original} is nowhere"


def _right(role: Role, resource: Resource, extent: Range) -> Callable[[pytest.MonkeyPatch], None]:
    """Give a role a wider right in the policy table."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        wider = MappingProxyType({**access.POLICY, (role, resource, Deed.READ): extent})
        for function in (access.reaches, access.may):
            defaults = tuple(
                wider if each is access.POLICY else each for each in function.__defaults__ or ()
            )
            assert wider in defaults
            patch.setattr(function, "__defaults__", defaults)

    return plant


def _instead(original: Any, replacement: Any) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: everywhere(patch, original, replacement)


def _any_entity(viewer: Any, chosen: str | None) -> str:
    return chosen or min(viewer.entity_ids)


BUGS = (
    Bug(
        name="no predicate over people",
        plant=_instead(storage.visibility.people_seen, lambda *_words, **_named: true()),
        viewers=("anna", "meng"),
        roots=("goals", "people", "scoreSheet", "statement"),
    ),
    Bug(
        name="every group may be looked into",
        plant=_instead(
            storage.groups.groups_shown,
            lambda _database, _actor, _entity, groups, *_words, **_named: list(groups),
        ),
        viewers=("fang", "meng"),
        roots=("measurements",),
        owners=("north", "south", "west"),
    ),
    Bug(
        name="a privacy minimum of one",
        plant=_instead(
            storage.settings.settings_for,
            lambda *_words: EntitySettings(
                privacy_minimum=1, leaderboard=BoardVisibility.NAMES_AND_RANKS, team_pay=False
            ),
        ),
        viewers=("tina",),
        roots=("leaderboard", "measurements"),
    ),
    Bug(
        name="a manager sees the pay of the team",
        plant=_right(Role.MANAGER, Resource.PAY, Range.SUBTREE),
        viewers=("meng", "dora"),
        roots=("ledger", "statement"),
    ),
    Bug(
        name="a salesperson sees the performance of all",
        plant=_right(Role.SALESPERSON, Resource.PERFORMANCE, Range.ENTITY),
        viewers=("anna", "tina"),
        roots=("measurements", "scoreSheet", "leaderboard"),
    ),
    Bug(
        name="a salesperson sees the goals of all",
        plant=_right(Role.SALESPERSON, Resource.GOAL, Range.ENTITY),
        viewers=("anna", "fang"),
        roots=("goals",),
    ),
    Bug(
        name="an administrator sees performance",
        plant=_right(Role.ADMIN, Resource.PERFORMANCE, Range.ENTITY),
        viewers=("admin",),
        roots=("measurements", "scoreSheet"),
    ),
    Bug(
        name="a salesperson reads the quarantine",
        plant=_right(Role.SALESPERSON, Resource.SOURCE, Range.ENTITY),
        viewers=("anna", "bea"),
        roots=("quarantine", "sourceConnections"),
    ),
    Bug(
        name="a vendor's scopes are forgotten",
        plant=_instead(access._is_of, lambda right, _resource, deed: right.deed is deed),
        viewers=("vendor",),
        roots=("measurements", "scoreSheet"),
    ),
    Bug(
        name="values on the board for everybody",
        plant=_instead(api.leaderboard._seen, lambda _d, _c, ids, *_words: frozenset(ids)),
        viewers=("anna", "meng"),
        roots=("leaderboard",),
    ),
    Bug(
        name="any legal entity may be named",
        plant=_instead(api.asking.entity_of, _any_entity),
        viewers=("hr", "auditor"),
        roots=("measurements", "quarantine", "statement", "calculations"),
    ),
    Bug(
        name="the right and the legal entity may come from two grants",
        plant=_instead(
            access.reaches,
            lambda viewer, resource, deed, policy=access.POLICY: tuple(
                access.Reach(range=Range.ENTITY, entity_id=grant.entity_id)
                for grant in viewer.grants
                if policy.get((grant.role, resource, deed), Range.NONE) > Range.NONE
            ),
        ),
        viewers=("anna", "meng"),
        roots=("measurements", "scoreSheet", "statement"),
    ),
)
