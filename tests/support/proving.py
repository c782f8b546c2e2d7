"""A crew whose plan compares people: what the proofs of payouts are tried on."""

from __future__ import annotations

from datetime import date
from typing import Any

from actions.deed import Runtime
from actions.define_metric import define_metric
from actions.publish_plan import draft_plan, publish_plan
from actions.publish_scorecard import publish_scorecard
from actions.set_goals import set_goal
from domain.goal import GoalLevel
from storage.definitions import Scope
from tests.support.company import SYSTEM, Company
from tests.support.rules import CARD, METRICS, PLAN, changed, goal, texts

PERIOD = "2026-09"
_YEAR = date(2026, 1, 1)
SOLD = {
    "anna": 123_456_789,
    "bo": 100_000_000,
    "chen": 99_999_999,
    "dai": 80_000_000,
    "eve": 150_000_001,
}
ABOVE: dict[str, Any] = {
    "id": "above",
    "kind": "REWARD_ABOVE_MEDIAN",
    "name": texts("Above the median"),
    "missing": "ZERO",
    "metric": "sales",
    "peerGroup": "UNIT",
    "rate": "0.0137",
    "minimumCohort": 2,
    "fallback": "WIDEN",
}
POOL: dict[str, Any] = {
    "id": "pool",
    "kind": "POOL",
    "name": texts("Team pool"),
    "missing": "ZERO",
    "team": "UNIT",
    "pool": {"of": "RATE", "metric": "sales", "rate": "0.0001", "negative": "ZERO"},
    "members": "EVERYBODY",
    "key": "EQUAL",
}


def crew(runtime: Runtime, plan: dict[str, Any] | None = None) -> tuple[Company, dict[str, str]]:
    """Found a company of five with sales, visits, goals, a scorecard and a plan."""
    company = Company(runtime)
    team, alone = company.unit("team"), company.unit("alone")
    ids = {}
    for name, cents in SOLD.items():
        ids[name] = company.person(name)
        # Eve is in a unit of her own: she is compared in the wider group.
        company.assign(ids[name], alone if name == "eve" else team)
        company.fact(name, date(2026, 5, 5), 100, subject=f"{name}-0")
        company.fact(name, date(2026, 9, 9), cents, subject=f"{name}-0")
        company.fact(name, date(2026, 9, 9), 1, kind="visit", unit="COUNT")
    rules = plan or changed(PLAN, components=[*PLAN["components"], ABOVE, POOL])
    for document in METRICS:
        company.write(lambda w, d=document: define_metric(w, SYSTEM, d, valid_from=_YEAR))  # type: ignore[misc]
    company.write(lambda w: publish_scorecard(w, SYSTEM, CARD, Scope(), valid_from=_YEAR))
    version = company.write(lambda w: draft_plan(w, SYSTEM, rules, Scope(), valid_from=_YEAR))
    company.write(lambda w: publish_plan(w, SYSTEM, version))
    wanted = goal(PERIOD, sales="1000000.00", retention="0.75", visits="10")
    for person_id in ids.values():
        company.write(
            lambda w, owner=person_id: set_goal(  # type: ignore[misc]
                w,
                SYSTEM,
                wanted,
                level=GoalLevel.PERSON,
                owner_id=owner,
                parent_id=None,
                valid_from=date(2026, 9, 1),
            )
        )
    return company, ids
