"""A branch whose numbers move: what happens to it is drawn, and may come in any order.

Two teams, a plan with pay by the target, the median and the best share, and a second position
with a card of its own: enough for every way in which one person's event can reach another.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Table, select

from actions.calculate import Mode, calculate
from actions.change_people import UnitDraft, put_unit
from actions.deed import Runtime
from actions.define_metric import define_metric
from actions.link_identity import put_identity, put_link
from actions.publish_plan import draft_plan, publish_plan
from actions.publish_scorecard import publish_scorecard
from actions.set_goals import set_goal
from domain.goal import GoalLevel
from domain.people import UnitKind
from storage import tables
from storage.definitions import Scope
from storage.engine import Writing, reading
from storage.people import add_revision
from storage.sealing import opened_row
from tests.support.company import SYSTEM, Company
from tests.support.rules import CARD, PLAN, RETENTION, SALES, changed, goal, item, metric, texts

YEAR = date(2026, 1, 1)
PERIOD, NEXT = "2026-08", "2026-09"
NAMES = ("anna", "bo", "chen", "dai", "eve", "fan")
VISITS = metric("calls", "COUNT", {"kind": "COUNT", "fact": "call"}, empty="ZERO")
MEDIAN = {
    "id": "above",
    "kind": "REWARD_ABOVE_MEDIAN",
    "name": texts("Above the median"),
    "missing": "ZERO",
    "metric": "sales",
    "peerGroup": "UNIT",
    "rate": "0.02",
    "minimumCohort": 3,
    "fallback": "WIDEN",
}
TOP = {
    "id": "top",
    "kind": "TOP_SHARE",
    "name": texts("Top share"),
    "missing": "ZERO",
    "metric": "sales",
    "peerGroup": "COMPANY",
    "share": "0.4",
    "rounding": "FLOOR",
    "least": 1,
    "tie": "INCLUDE_ALL",
    "amount": "1000",
    "minimumCohort": 3,
    "fallback": "NO_REWARD",
}
BRANCH_PLAN = changed(PLAN, components=[*PLAN["components"], MEDIAN, TOP])
CALLER_CARD = changed(CARD, key="caller_card", items=[item("calls", "COUNT", "100", "PROCESS")])


@dataclass(frozen=True, slots=True, kw_only=True)
class FactKey:
    """One fact of the branch, as far as events touch it again."""

    key: str
    name: str
    day: date
    quantity: int
    revision: int
    said: Mapping[str, str]  # what else the source says of it


class Branch:
    """A company with words for what happens to it; every word is one transaction."""

    def __init__(
        self, runtime: Runtime, names: Sequence[str] = NAMES, label: str = "Hejia"
    ) -> None:
        self.company = Company(runtime, label)
        self._label = label
        self.runtime = runtime
        company = self.company
        self.teams = [company.unit("region", kind=UnitKind.REGION)]
        self.teams += [company.unit(code, parent="region") for code in ("north", "south")]
        self.ids = {name: company.person(name) for name in names}
        self.facts: dict[str, FactKey] = {}
        self._plans = 0
        for place, name in enumerate(names):
            position = "caller" if name == "fan" else "sales"
            company.assign(self.ids[name], self.teams[1 + place % 2], position=position)
        for document in (SALES, RETENTION, VISITS):
            self.metric(document)
        self.card(_SELLER_CARD, Scope(positions=("sales",)))
        self.card(CALLER_CARD, Scope(positions=("caller",)))
        self.plan(BRANCH_PLAN)
        for name in names:
            self.goal(name, PERIOD, 1_000)
            self.goal(name, NEXT, 1_000)

    def metric(self, document: dict[str, Any], valid_from: date = YEAR) -> None:
        """Define a metric from a day on, the beginning of the year if absent."""
        self.company.write(lambda w: define_metric(w, SYSTEM, document, valid_from=valid_from))

    def card(self, document: dict[str, Any], scope: Scope) -> None:
        """Publish a scorecard from the beginning of the year."""
        self.company.write(lambda w: publish_scorecard(w, SYSTEM, document, scope, valid_from=YEAR))

    def plan(self, document: dict[str, Any]) -> None:
        """Publish a version of the plan; each begins a day after the one before, in January."""
        self._plans += 1
        begins = YEAR + timedelta(days=self._plans)
        version = self.company.write(
            lambda w: draft_plan(w, SYSTEM, document, Scope(), valid_from=begins)
        )
        reason = "a branch of a test may pay as it likes"
        self.company.write(lambda w: publish_plan(w, SYSTEM, version, override_reason=reason))

    def goal(self, name: str, period: str, target: int) -> None:
        """Set what somebody is to sell, and to call."""
        targets = {"calls": str(target)} if name == "fan" else {"sales": f"{target}.00"}
        self.company.write(
            lambda w: set_goal(
                w,
                SYSTEM,
                _goal(period, targets),
                level=GoalLevel.PERSON,
                owner_id=self.ids[name],
                parent_id=None,
                valid_from=YEAR,
                **self._goal_before(w, name, period),
            )
        )

    def _goal_before(self, writing: Writing, name: str, period: str) -> dict[str, Any]:
        table = tables.goal
        query = select(table).where(table.c.owner_id == self.ids[name], table.c.period == period)
        rows = writing.connection.execute(query.order_by(table.c.revision)).all()
        if not rows:
            return {}
        return {"goal_id": rows[-1].id, "expected_version": rows[-1].revision}

    def aim(self, team: int, target: str, period: str = PERIOD) -> None:
        """Set what a team is to sell."""
        self.company.write(
            lambda w: set_goal(
                w,
                SYSTEM,
                goal(period, sales=target),
                level=GoalLevel.UNIT,
                owner_id=self.teams[team],
                parent_id=None,
                valid_from=YEAR,
            )
        )

    def sale(self, name: str, day: date, cents: int, key: str | None = None, **said: str) -> str:
        """Add a sale, or a refund."""
        key, attributes = key or f"s{len(self.facts) + 1}", dict[str, Any](said)
        kind, unit = ("call", "COUNT") if name == "fan" else ("order", "CNY")
        self.company.fact(
            name,
            day,
            cents,
            key=f"{self._label}-{key}",
            subject=f"c{key}",
            kind=kind,
            unit=unit,
            **attributes,
        )
        self.facts[key] = FactKey(
            key=key, name=name, day=day, quantity=cents, revision=1, said=said
        )
        return key

    def revise(
        self,
        key: str,
        *,
        name: str | None = None,
        cents: int | None = None,
        gone: bool = False,
        said: Mapping[str, str] | None = None,
    ) -> None:
        """Say something else about a sale: another amount, another person, or that it is gone."""
        old = self.facts[key]
        new = FactKey(
            key=key,
            name=name or old.name,
            day=old.day,
            quantity=old.quantity if cents is None else cents,
            revision=old.revision + 1,
            said=old.said if said is None else said,
        )
        kind, unit = ("call", "COUNT") if new.name == "fan" else ("order", "CNY")
        attributes = dict[str, Any](new.said)
        self.company.fact(
            new.name,
            new.day,
            new.quantity,
            key=f"{self._label}-{key}",
            revision=new.revision,
            deleted=gone,
            subject=f"c{key}",
            kind=kind,
            unit=unit,
            **attributes,
        )
        self.facts[key] = new

    def link(self, name: str, other: str) -> None:
        """Say that a name in the source is another person's from the beginning."""
        self.company.write(
            lambda w: put_link(
                w,
                source_key=name,
                identity_id=put_identity(w, "crm", name),
                person_id=self.ids[other],
                valid_from=date(2020, 1, 1),
                valid_to=None,
            )
        )

    def move(self, name: str, team: int, day: date = date(2025, 1, 1)) -> None:
        """Correct to which team somebody belongs."""

        def deed(writing: Writing) -> str:
            table = tables.assignment
            query = select(table).where(table.c.person_id == self.ids[name])
            rows = writing.connection.execute(query.order_by(table.c.revision)).all()
            before = opened_row(writing.connection, table, rows[-1])
            add_revision(writing, table, before, unit_id=self.teams[team])
            return str(before.series_id)

        self.company.write(deed)

    def hang(self, code: str, parent: str | None) -> None:
        """Hang a team elsewhere."""
        draft = UnitDraft(
            code=code,
            name=code,
            kind=UnitKind.TEAM,
            parent_code=parent,
            valid_from=date(2025, 1, 1),
            valid_to=None,
        )
        self.company.write(lambda w: put_unit(w, draft))

    def run(
        self, mode: Mode = Mode.TRIAL, period: str = PERIOD, *, incremental: bool | None = None
    ) -> str:
        """Calculate."""
        return calculate(
            self.runtime,
            SYSTEM,
            self.company.entity_id,
            period,
            mode,
            accept_provisional=True,
            incremental=incremental,
        ).id

    def kept(self, run_id: str) -> dict[str, list[str]]:
        """Read all rows of a run, without what names the run itself."""
        return kept_rows(self.runtime, run_id)


def kept_rows(runtime: Runtime, run_id: str) -> dict[str, list[str]]:
    """Read all rows of a run, without what names the run itself."""
    found: dict[str, list[str]] = {}
    with reading(runtime.engine, SYSTEM) as connection:
        for table in (tables.result, tables.standing, tables.cohort, tables.snapshot):
            rows = connection.execute(select(table).where(table.c.run_id == run_id)).all()
            found[table.name] = sorted(
                str(_told(table, opened_row(connection, table, row))) for row in rows
            )
    return found


def _told(table: Table, row: Any) -> list[Any]:
    names = [column.name for column in table.c]
    return [getattr(row, name) for name in names if name not in {"run_id", "id", "parquet"}]


_SELLER_CARD = changed(CARD, items=[item("sales", "CNY", "100")])


def _goal(period: str, targets: dict[str, str]) -> dict[str, Any]:
    document = goal(period)
    units = {"sales": "CNY", "calls": "COUNT"}
    document["lines"] = [
        {"metric": key, "unit": units[key], "target": target} for key, target in targets.items()
    ]
    return document


def selling_branch(runtime: Runtime) -> Branch:
    """Build a branch whose people have sold in the first of its two months."""
    branch = Branch(runtime)
    for place, name in enumerate(branch.ids):
        branch.sale(name, date(2026, 8, 12), 110_000 + 10_000 * place)
    return branch


Event = Callable[[Branch], None]


def sales_of(rng: random.Random, count: int) -> list[Event]:
    """Draw sales and refunds of the period, one of the month before among them."""
    found: list[Event] = []
    for _ in range(count):
        name, day = rng.choice(NAMES), date(2026, rng.choice((7, 8, 8, 8)), rng.randint(1, 28))
        cents = rng.choice((50_000, 100_000, 120_000, -30_000)) if name != "fan" else 1
        found.append(_sale(name, day, cents))
    return found


def _sale(name: str, day: date, cents: int) -> Event:
    def event(branch: Branch) -> None:
        branch.sale(name, day, cents)

    return event


def changes(rng: random.Random, count: int) -> list[Event]:
    """Draw what can happen later, of every subject."""
    return [rng.choice(_CHANGES)(rng) for _ in range(count)]


def _revised(rng: random.Random) -> Event:
    pick, cents = rng.random(), rng.choice((10_000, 90_000, 150_000))

    def event(branch: Branch) -> None:
        keys = [key for key in branch.facts if branch.facts[key].name != "fan"]
        if keys:
            branch.revise(keys[int(pick * len(keys))], cents=cents)

    return event


def _gone(rng: random.Random) -> Event:
    pick = rng.random()

    def event(branch: Branch) -> None:
        if branch.facts:
            branch.revise(list(branch.facts)[int(pick * len(branch.facts))], gone=True)

    return event


def _linked(rng: random.Random) -> Event:
    name, other = rng.sample(NAMES[:5], 2)
    return lambda branch: branch.link(name, other)


def _moved(rng: random.Random) -> Event:
    name, team = rng.choice(NAMES), rng.choice((1, 2))
    return lambda branch: branch.move(name, team)


def _aimed(rng: random.Random) -> Event:
    name, target = rng.choice(NAMES), rng.choice((500, 900, 1_500))
    return lambda branch: branch.goal(name, PERIOD, target)


def _ruled(rng: random.Random) -> Event:
    rate = rng.choice(("0.01", "0.03", "0.05"))
    components = [
        each | ({"rate": rate} if "rate" in each else {}) for each in BRANCH_PLAN["components"]
    ]
    return lambda branch: branch.plan(changed(BRANCH_PLAN, components=components))


def _hung(rng: random.Random) -> Event:
    parent = rng.choice(("region", "north"))
    return lambda branch: branch.hang("south", parent)


def _sold(rng: random.Random) -> Event:
    return sales_of(rng, 1)[0]


_CHANGES: tuple[Callable[[random.Random], Event], ...] = (
    _sold, _sold, _sold, _revised, _revised, _gone, _linked, _moved, _aimed, _ruled, _hung,
)  # fmt: skip


def as_of(branch: Branch) -> datetime:
    """Return an instant after everything."""
    return branch.runtime.clock()
