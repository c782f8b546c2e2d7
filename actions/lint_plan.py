"""Lint a draft where it would be published: beside its metrics, scorecard and the other plans."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from domain.finding import Finding, FindingCode, FindingWeight
from domain.goal import ADMINISTRATIVE
from domain.lint import Surroundings, lint, refused_together
from domain.metric import Metric
from domain.plan import Plan
from domain.scorecard import Scorecard
from storage.definitions import Scope, plan_version_rows, scope_from, scorecards
from storage.engine import Connection, Writing
from storage.plan_trials import BACKTEST, latest_trial
from storage.settings import settings_on

PUBLISHED = "PUBLISHED"


def lint_draft(
    writing: Writing, draft: Any, plan: Plan, metrics: Mapping[str, Metric]
) -> tuple[Finding, ...]:
    """Find what is wrong with a draft on the day it would begin."""
    card = _scorecard(writing, draft, plan)
    found = lint(plan, card, surroundings(metrics))
    lost = more_lose_in_trial(
        writing.connection, writing.entity_id, str(draft.hash), writing.known_at
    )
    return (*found, *_overlapping(writing, draft), *lost)


def more_lose_in_trial(
    connection: Connection, entity_id: str, plan_hash: str, known_at: datetime
) -> Iterator[Finding]:
    """Find that in the newest trial of exactly this plan more people lose than win.

    In numbers of people alone: a finding shows nobody's pay.
    """
    stored = latest_trial(
        connection, entity_id, kind=BACKTEST, plan_hash=plan_hash, known_at=known_at
    )
    if stored is None:
        return
    whole = stored.answer["tried"][0]["whole"]
    people, win, lose = (int(whole[name]) for name in ("people", "win", "lose"))
    minimum = settings_on(connection, entity_id, known_at.date()).privacy_minimum
    if lose > win and people >= minimum:
        yield Finding(
            code=FindingCode.MORE_LOSE_THAN_WIN,
            weight=FindingWeight.WARNING,
            values={"lose": str(lose), "win": str(win), "people": str(people)},
        )


def surroundings(metrics: Mapping[str, Metric]) -> Surroundings:
    """Say which way each metric is better, and which are no business results."""
    return Surroundings(
        directions={key: metric.direction for key, metric in metrics.items()},
        administrative=frozenset(
            key for key, metric in metrics.items() if ADMINISTRATIVE in metric.tags
        ),
    )


def _scorecard(writing: Writing, draft: Any, plan: Plan) -> Scorecard | None:
    """Find the scorecard whose score the plan pays: that of the same scope, or the only one.

    Where it cannot be told which, the score itself is taken for the number that moves.
    """
    if not plan.uses_score:
        return None
    day: date = draft.valid_from
    held = scorecards(
        writing.connection,
        writing.entity_id,
        start=day,
        end=date.fromordinal(day.toordinal() + 1),
        known_at=writing.known_at,
    )
    same = [each for each in held if each.scope == scope_from(draft.scope)]
    chosen = same or (held if len(held) == 1 else ())
    card = chosen[0].scorecard if chosen else None
    return None if card is None or refused_together(plan, card) else card


def _overlapping(writing: Writing, draft: Any) -> Iterator[Finding]:
    """Find other plans that are just as narrow and may be meant for the same people."""
    end = draft.valid_to or date.max
    scope = scope_from(draft.scope)
    for other in plan_version_rows(writing, state=PUBLISHED, start=draft.valid_from, end=end):
        same_plan = other.plan_id == draft.plan_id
        if same_plan or other.document["cadence"] != draft.document["cadence"]:
            continue
        if overlaps(scope, scope_from(other.scope)):
            yield Finding(
                code=FindingCode.PLANS_OVERLAP,
                weight=FindingWeight.WARNING,
                values={"other": str(other.document["key"])},
            )


def overlaps(one: Scope, other: Scope) -> bool:
    """Say whether somebody may come under both scopes, and neither is the narrower one."""
    if one.limits != other.limits or bool(one.people) != bool(other.people):
        return False
    pairs = (
        (one.people, other.people),
        (one.units, other.units),
        (one.platforms, other.platforms),
        (one.positions, other.positions),
    )
    return all(not a or not b or set(a) & set(b) for a, b in pairs)
