"""The goals of the demo company: a tree from the company over regions and teams to each person."""

from __future__ import annotations

from collections.abc import Sequence

from actions.set_goals import set_goal
from domain.access import Actor
from domain.goal import GoalLevel
from domain.people import Assignment, UnitKind
from domain.period import Period, PeriodKind, period_named
from storage.engine import Writing
from storage.people import assignments, platforms, units

POSITION = "销售代表"
_MONTHS = {PeriodKind.MONTH: 1, PeriodKind.QUARTER: 3}
SALES, COLLECTION, RETENTION = (
    "consumer_goods.sales_amount",
    "consumer_goods.collection_rate",
    "consumer_goods.retention",
)
VISITS, TRAINING = "consumer_goods.visits_per_week", "consumer_goods.trainings_per_month"
PERSON_SALES = 1_000_000  # yuan a month


def set_goals(writing: Writing, actor: Actor, periods: Sequence[str]) -> int:
    """Set every goal of the periods; return how many there are."""
    return sum(_PeriodGoals(writing, actor, period_named(name)).set_all() for name in periods)


class _PeriodGoals:
    """The goals of one period, from the top down."""

    def __init__(self, writing: Writing, actor: Actor, period: Period) -> None:
        self._writing = writing
        self._actor = actor
        self._period = period
        self._count = 0

    def set_all(self) -> int:
        """Set the goals of the company, its platforms, regions, teams and people."""
        period, entity = self._period, self._writing.entity_id
        people = self._salespeople()
        company = self._set("公司目标", GoalLevel.COMPANY, entity, None, len(people))
        self._platform_goals(people, company)
        found = units(
            self._writing.connection,
            entity,
            valid_at=period.last_day,
            known_at=self._writing.known_at,
        )
        goals: dict[str, str] = {}
        below: dict[str, str | None] = {unit.id: unit.parent_id for unit in found}
        for kind, level, title in (
            (UnitKind.REGION, GoalLevel.UNIT, "大区目标"),
            (UnitKind.TEAM, GoalLevel.TEAM, "团队目标"),
        ):
            for unit in found:
                if unit.kind is kind:
                    heads = len([1 for each in people if unit.id in _above(each.unit_id, below)])
                    parent = goals.get(unit.parent_id or "", company)
                    goals[unit.id] = self._set(title, level, unit.id, parent, heads)
        for each in people:
            parent = goals.get(each.unit_id, company)
            self._set("个人目标", GoalLevel.PERSON, each.person_id, parent, 1)
        return self._count

    def _salespeople(self) -> list[Assignment]:
        """The salespeople by their last assignment in the period."""
        held = assignments(
            self._writing.connection,
            self._writing.entity_id,
            start=self._period.start,
            end=self._period.end,
            known_at=self._writing.known_at,
        )
        last: dict[str, Assignment] = {}
        for each in held:
            if each.position == POSITION:
                last[each.person_id] = each
        return list(last.values())

    def _platform_goals(self, people: Sequence[Assignment], company: str) -> None:
        for platform in platforms(
            self._writing.connection, self._writing.entity_id, known_at=self._writing.known_at
        ):
            heads = sum(1 for each in people if each.platform_id == platform.id)
            self._set("平台目标", GoalLevel.PLATFORM, platform.id, company, heads)

    def _set(self, title: str, level: GoalLevel, owner: str, parent: str | None, heads: int) -> str:
        self._count += 1
        months = _MONTHS[self._period.kind]
        lines = [
            {"metric": SALES, "unit": "CNY", "target": f"{PERSON_SALES * months * heads}.00"},
            {"metric": COLLECTION, "unit": "RATIO", "target": "0.90"},
            {"metric": RETENTION, "unit": "RATIO", "target": "0.75"},
            {"metric": VISITS, "unit": "TIMES", "target": str(10 * heads)},
            {"metric": TRAINING, "unit": "TIMES", "target": str(heads)},
        ]
        return set_goal(
            self._writing,
            self._actor,
            {"period": self._period.name, "name": f"{self._period.name} {title}", "lines": lines},
            level=level,
            owner_id=owner,
            parent_id=parent,
            valid_from=self._period.start,
        )


def _above(unit_id: str, parents: dict[str, str | None]) -> list[str]:
    found, at = [], unit_id
    while at:
        found.append(at)
        at = parents.get(at) or ""
    return found
