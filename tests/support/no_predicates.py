"""Our own predicates taken away, in tests only: what then still holds is the net of the database.

A test imports the fixture ``no_predicates``; while it runs every right is held by everybody, every
row and group may be seen, and any legal entity may be named. ``storage/progress.py`` keeps its own
question about a group: it is what a widened look is bound to.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import true

import actions.deed
import api.asking
import domain.access
from domain.access import Viewer
from storage import groups, visibility

_KEPT = frozenset({("storage.progress", "groups_shown")})


def _everything(*_: Any, **__: Any) -> Any:
    return true()


def _yes(*_: Any, **__: Any) -> bool:
    return True


def _nothing(*_: Any, **__: Any) -> None:
    return None


def _every_group(
    _database: Any, _actor: Any, _entity: str, group_ids: list[str], *_: Any, **__: Any
) -> list[str]:
    return list(group_ids)


def _any_entity(viewer: Viewer, chosen: str | None) -> str:
    return chosen or min(viewer.entity_ids, default="-")


_REPLACED: dict[Callable[..., Any], Callable[..., Any]] = {
    visibility.people_seen: _everything,
    visibility.entities_seen: _everything,
    visibility.sources_seen: _everything,
    visibility.unit_reached: _yes,
    groups.groups_shown: _every_group,
    domain.access.may: _yes,
    domain.access.may_all: _yes,
    actions.deed.demand: _nothing,
    actions.deed.demand_entity: _nothing,
    api.asking.entity_of: _any_entity,
}
# Where a predicate is defined it stays: what is kept above must go on asking the real one.
_HOMES = frozenset({"storage.visibility", "storage.groups", "domain.access"})


@pytest.fixture
def no_predicates(monkeypatch: pytest.MonkeyPatch) -> int:
    """Take every predicate away from whoever asks it; give how many places asked one."""
    places = 0
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] not in {"api", "actions", "storage"} or name in _HOMES:
            continue
        for attribute, value in list(vars(module).items()):
            if (name, attribute) in _KEPT or not callable(value):
                continue
            try:
                replacement = _REPLACED.get(value)
            except TypeError:  # what cannot be a key is no function of ours
                continue
            if replacement is not None:
                monkeypatch.setattr(module, attribute, replacement)
                places += 1
    return places
