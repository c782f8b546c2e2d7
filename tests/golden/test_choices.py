"""Whatever a document may choose, some golden case chooses it: no rule is without an example."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from enum import StrEnum

from domain import (
    component,
    credit,
    curve,
    exact,
    goal,
    metric,
    peer_rules,
    percentile,
    program,
    proration,
    scorecard,
    settlement_terms,
)
from domain.goal import GoalState
from domain.kinds import pool_terms, reward_above_line
from domain.metric import Refresh
from domain.program import LineKind, NeedKind
from tests.golden.kinds import FILES

_MODULES = (
    *(component, credit, curve, exact, goal, metric, peer_rules, percentile, program),
    *(proration, scorecard, settlement_terms, pool_terms, reward_above_line),
)
# Nobody writes these into a document of rules, or no number depends on them.
_NOT_CHOSEN = {GoalState, LineKind, NeedKind, Refresh}


def choices() -> Iterator[str]:
    for module in _MODULES:
        for each in vars(module).values():
            is_own = isinstance(each, type) and each.__module__ == module.__name__
            if is_own and issubclass(each, StrEnum) and each not in _NOT_CHOSEN:
                yield from (f"{each.__name__}.{member.value}" for member in each)


def words_in(told: object) -> Iterator[str]:
    """Find every text of a case's document, however deep."""
    if isinstance(told, str):
        yield told
    for part in told.values() if isinstance(told, dict) else told if isinstance(told, list) else ():
        yield from words_in(part)


def test_every_choice_of_the_documents_is_in_some_case() -> None:
    used = {word for path in FILES for word in words_in(tomllib.loads(path.read_text("utf-8")))}
    wanted = set(choices())
    assert len(wanted) >= 200
    assert {name for name in wanted if name.partition(".")[2] not in used} == set()
