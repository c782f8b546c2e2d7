"""A year of a small company, drawn from a seed: everything that can happen to pay happens in it.

What happens is data: a window of changes before each close, in which no change leans on another, so
that a window may be shuffled and must give the same pay. The words go through the real actions.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import insert

from actions.change_people import AssignmentDraft, UnitDraft, put_assignment, put_unit
from actions.deed import Runtime
from actions.define_metric import define_metric
from actions.identifiers import new_id
from actions.link_identity import put_identity, put_link
from actions.publish_credit import draft_credit, publish_credit
from actions.publish_plan import draft_plan, publish_plan
from actions.publish_scorecard import publish_scorecard
from actions.set_goals import set_goal
from actions.sign_in import make_account
from domain.access import Role
from domain.goal import GoalLevel
from domain.people import AssignmentRole, UnitKind
from storage import tables
from storage.definitions import Scope
from storage.engine import Writing
from tests.support.company import SYSTEM, Company, Ticking
from tests.support.rules import CARD, RETENTION, SALES, changed, goal, item, metric
from tests.support.year_plans import Style, drawn_components, year_plan

FIRST = date(2026, 1, 1)
EVER = date(2025, 1, 1)
_DEFINED = date(2024, 1, 1)
TEAMS = ("north", "south", "west")
LEADERS = {"lea": "north", "lou": "region"}  # nobody leads the south and the west
LED, HELPED = (
    metric(key, "CNY", {**SALES["formula"], "credit": {"kinds": [kind], "of": "ANYONE"}})
    | {"empty": "ZERO"}
    for key, kind in (("led", "ROLL_UP"), ("helped", "OVERLAY"))
)
Change = Callable[["SalesYear"], None]


def month(number: int) -> str:
    """Name a month of the year; the thirteenth is the next January."""
    year, rest = divmod(number - 1, 12)
    return f"{2026 + year}-{rest + 1:02}"


@dataclass(slots=True, kw_only=True)
class Sale:
    """An order as the source told it last."""

    name: str
    day: date
    cents: int
    revision: int = 1
    gone: bool = False
    partner: str = ""  # the name of whom it is shared with, and the part
    part: str = ""
    channel: str = "shop"

    @property
    def attributes(self) -> dict[str, str]:
        """What the source says beside."""
        shared = {"co_seller": self.partner, "co_share": self.part} if self.partner else {}
        return {"channel": self.channel, **shared}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """Where somebody is from a day on."""

    team: str
    start: date
    end: date | None = None
    leads: bool = False


@dataclass(slots=True, kw_only=True)
class Window:
    """What happens before a month is closed; ``steps`` may come in any order."""

    steps: list[Change] = field(default_factory=list)
    reopened: list[Change] | None = None


def _define(writing: Writing, document: dict[str, Any]) -> str:
    return define_metric(writing, SYSTEM, document, valid_from=_DEFINED)


def _boss(writing: Writing) -> str:
    return make_account(
        writing,
        login=f"boss of {writing.entity_id}",
        person_id=None,
        locale="en",
        roles=(Role.HR,),
        valid_from=EVER,
    )


class SalesYear:
    """The company and the words of its year; every word is one transaction."""

    def __init__(
        self,
        runtime: Runtime,
        seed: int,
        *,
        people: int,
        style: Style = Style.PLAIN,
        label: str = "Hejia",
    ) -> None:
        self.runtime, self.label, self.style = runtime, label, style
        self.at(FIRST)
        self.company = Company(runtime, label)
        self.entity = self.company.entity_id
        region = self.company.unit("region", kind=UnitKind.REGION)
        self.units = {code: self.company.unit(code, parent="region") for code in TEAMS}
        self.units["region"] = region
        self.names = [f"p{number:02}" for number in range(people)]
        self.ids = {name: self.company.person(name) for name in (*self.names, *LEADERS)}
        self.by_id = {person: name for name, person in self.ids.items()}
        # What was told, as a book of its own: what everybody is worth is found from it alone.
        self.facts: dict[str, Sale] = {}
        self.links = {name: name for name in self.ids}
        self.seats: dict[tuple[str, int], Seat] = {}
        self.parents: dict[str, str | None] = {**dict.fromkeys(TEAMS, "region"), "region": None}
        self.targets: dict[tuple[str, str], int] = {}
        self.plans: list[tuple[date, dict[str, Any]]] = []
        self.credits: list[tuple[dict[str, Any], date, date | None]] = []
        self.disputed: Counter[tuple[str, str]] = Counter()
        self._goals: dict[tuple[str, str], tuple[str, int]] = {}
        self.boss = self.company.write(_boss)
        for document in (SALES, RETENTION, LED, HELPED):
            self.company.write(partial(_define, document=document))
        card = changed(CARD, items=[item("sales", "CNY", "70"), item("retention", "RATIO", "30")])
        self.company.write(lambda w: publish_scorecard(w, SYSTEM, card, Scope(), valid_from=EVER))
        self.components = drawn_components(random.Random(seed), style)
        self.settlement = (None, "DRAW", "HOLDBACK")[seed % 3]
        self.rule("0.02", EVER, len(self.components))
        for name, unit in LEADERS.items() if style is Style.CREDIT else ():
            self.seat(name, 0, unit, EVER, None, leads=True)

    def at(self, day: date) -> None:
        """Let it be a later day."""
        clock = self.runtime.clock
        assert isinstance(clock, Ticking)
        clock.now = max(clock.now, datetime(day.year, day.month, day.day, 8, tzinfo=UTC))

    def rule(self, rate: str, begins: date, parts: int) -> None:
        """Publish a version of the plan: another rate, and so many parts beside it, from a day."""
        document = year_plan(self.components[:parts], rate, self.settlement, self.style)
        valid_from = begins + timedelta(days=len(self.plans) - 26)
        version = self.company.write(
            lambda w: draft_plan(w, SYSTEM, document, Scope(), valid_from=valid_from)
        )
        reason = "a year of a test may pay as it likes"
        self.company.write(lambda w: publish_plan(w, SYSTEM, version, override_reason=reason))
        self.plans.append((valid_from, document))

    def credit(self, document: dict[str, Any], begins: date) -> None:
        """Publish a credit rule from a day on; the version before ends there."""
        rule = self.company.write(lambda w: draft_credit(w, SYSTEM, document, valid_from=begins))
        self.company.write(lambda w: publish_credit(w, SYSTEM, rule))
        self.credits = [
            (old, since, begins if old["key"] == document["key"] and until is None else until)
            for old, since, until in self.credits
        ]
        self.credits.append((document, begins, None))

    def seat(
        self,
        name: str,
        number: int,
        team: str,
        start: date,
        end: date | None,
        *,
        leads: bool = False,
    ) -> None:
        """Say in which team somebody is from a day on; the same number again corrects it."""
        draft = AssignmentDraft(
            source_key=f"{name}:{number}",
            person_id=self.ids[name],
            unit_id=self.units[team],
            platform_id=None,
            position="sales",
            role=AssignmentRole.LEAD if leads else AssignmentRole.MEMBER,
            valid_from=start,
            valid_to=end,
        )
        self.company.write(lambda w: put_assignment(w, draft))
        self.seats[name, number] = Seat(team=team, start=start, end=end, leads=leads)

    def hang(self, team: str, parent: str | None) -> None:
        """Hang a team elsewhere."""
        draft = UnitDraft(
            code=team,
            name=team,
            kind=UnitKind.TEAM,
            parent_code=parent,
            valid_from=EVER,
            valid_to=None,
        )
        self.company.write(lambda w: put_unit(w, draft))
        self.parents[team] = parent

    def goals(self, period: str, targets: dict[str, int]) -> None:
        """Set what people are to sell in a month, or change it."""

        def deed(writing: Writing) -> str:
            for name, target in targets.items():
                before = self._goals.get((name, period))
                known = {"goal_id": before[0], "expected_version": before[1]} if before else {}
                found = set_goal(
                    writing,
                    SYSTEM,
                    goal(period, sales=f"{target}.00", retention="0.5"),
                    level=GoalLevel.PERSON,
                    owner_id=self.ids[name],
                    parent_id=None,
                    valid_from=EVER,
                    **known,  # type: ignore[arg-type]
                )
                self._goals[name, period] = found, (before[1] + 1 if before else 1)
                self.targets[name, period] = target
            return ""

        self.company.write(deed)

    def link(self, source_name: str, name: str) -> None:
        """Say whose a name in the source is, from the beginning."""
        self.company.write(
            lambda w: put_link(
                w,
                source_key=source_name,
                identity_id=put_identity(w, "crm", source_name),
                person_id=self.ids[name],
                valid_from=date(2020, 1, 1),
                valid_to=None,
            )
        )
        self.links[source_name] = name

    def orders(self, told: dict[str, Sale]) -> None:
        """Take what the source tells of orders: new, changed or gone; a page of it at once."""

        def deed(writing: Writing) -> str:
            rows = [self._row(writing, key, sale) for key, sale in told.items()]
            writing.connection.execute(insert(tables.fact), rows)
            return ""

        self.company.write(deed)
        self.facts.update(told)

    def _row(self, writing: Writing, key: str, sale: Sale) -> dict[str, Any]:
        return {
            "id": new_id("fact", writing.known_at),
            "legal_entity_id": self.entity,
            "connection_id": "con_test",
            "stream": "orders",
            "key": f"{self.label}-{key}",
            "revision": sale.revision,
            "record_id": "rec_test",
            "kind": "order",
            "identity_id": put_identity(writing, "crm", sale.name),
            "business_date": sale.day,
            "instant": None,
            "quantity": sale.cents,
            "unit": "CNY",
            "subject": f"c{key[-1]}{sale.name}",
            "attributes": sale.attributes,
            "deleted": sale.gone,
            "known_at": writing.known_at,
        }
