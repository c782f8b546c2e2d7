"""Joiners, leavers, movers, changed weights and ramps, from facts to pay, on both databases."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from actions.calculate import Mode, calculate
from actions.change_people import PersonDraft, put_person
from actions.define_metric import define_metric
from actions.publish_plan import draft_plan, publish_plan
from actions.publish_scorecard import publish_scorecard
from actions.set_goals import set_goal
from actions.work_calendar import set_calendar
from api.line_clauses import SheetClauses
from api.what_if import moved_input
from domain.goal import GoalLevel
from domain.line_clauses import clause_of_line
from domain.plan_clauses import plan_clauses
from storage.definitions import Scope
from storage.engine import reading
from storage.results import Result, Run, latest_run, ledger, results
from storage.statements import Explained, frozen_route, statement_of
from tests.support.company import SYSTEM, Company, office
from tests.support.rules import CARD, PLAN, SALES, changed, goal, item, metric, texts
from tests.support.viewers import refused

YEAR = date(2026, 1, 1)
VISITS = metric("visits", "COUNT", {"kind": "COUNT", "fact": "visit"}, empty="ZERO")
BLOCK: dict[str, Any] = {
    "basis": "CALENDAR_DAYS",
    "targets": ["sales"],
    "amounts": ["bonus"],
    "thresholds": [],
    "changes": "SEGMENTS",
    "split": "DAYS",
    "peers": "NOT_COMPARED",
}
CARD_BLOCK = {
    "basis": "CALENDAR_DAYS",
    "targets": ["sales", "visits"],
    "changes": "SEGMENTS",
    "split": "DAYS",
}


def plan(key: str, bonus: str, rate: str, block: Mapping[str, Any] = BLOCK, **more: Any) -> Any:
    """A bonus at the target and a commission on everything."""
    common = {"missing": "ZERO", "metric": "sales"}
    components = [
        {"id": "bonus", "kind": "BONUS_WHEN_MET", "name": texts("Bonus"), **common}
        | {"comparison": "AT_LEAST", "amount": bonus},
        {"id": "commission", "kind": "RATE", "name": texts("Commission"), **common}
        | {"rate": rate, "negative": "KEEP"},
    ]
    units = {"sales": "CNY"}
    return changed(PLAN, key=key, units=units, components=components, proration=dict(block), **more)


def card(sales: str, visits: str) -> Any:
    """A scorecard of two KPIs."""
    items = [item("sales", "CNY", sales), item("visits", "COUNT", visits, "PROCESS")]
    return changed(CARD, items=items, proration=CARD_BLOCK)


class Month:
    """A company of two teams in September, built with words."""

    def __init__(self, runtime: Any, name: str = "Hejia") -> None:
        self.company = Company(runtime, name)
        self.ids: dict[str, str] = {}
        self.units = {name: self.company.unit(name) for name in ("north", "south")}
        for document in (SALES, VISITS):
            self.define(document)

    def define(self, document: Any) -> None:
        """Define a metric."""
        self.company.write(lambda w: define_metric(w, SYSTEM, document, valid_from=YEAR))

    def plan(self, document: Any, unit: str | None = None, valid_from: date = YEAR) -> None:
        """Publish a plan, for a team or for everybody."""
        scope = Scope(units=(self.units[unit],)) if unit else Scope()

        def deed(writing: Any) -> str:
            version = draft_plan(writing, SYSTEM, document, scope, valid_from=valid_from)
            return publish_plan(writing, SYSTEM, version)

        self.company.write(deed)

    def card(self, document: Any, valid_from: date = YEAR) -> None:
        """Publish a scorecard for everybody."""
        self.company.write(
            lambda w: publish_scorecard(w, SYSTEM, document, Scope(), valid_from=valid_from)
        )

    def person(
        self, name: str, *places: tuple[str, date, date | None], target: str = "300000"
    ) -> str:
        """Add somebody with a goal, assigned from day to day."""
        self.ids[name] = self.company.person(name)
        for unit, start, end in places:
            self.company.assign(self.ids[name], self.units[unit], start, end)
        self.goal(name, target)
        return self.ids[name]

    def goal(
        self, name: str, target: str, valid_from: date = date(2026, 9, 1), goal_id: Any = None
    ) -> str:
        """Set a goal for September, or change it from a day on."""
        return self.company.write(
            lambda writing: set_goal(
                writing,
                SYSTEM,
                goal("2026-09", sales=target, visits="30"),
                level=GoalLevel.PERSON,
                owner_id=self.ids[name],
                parent_id=None,
                valid_from=valid_from,
                goal_id=goal_id,
                expected_version=1 if goal_id else None,
            )
        )

    def sells(self, name: str, **days: int) -> None:
        """Add sales by day: ``d05=140_000`` are 140,000 yuan on the fifth."""
        for day, amount in days.items():
            key = f"{self.company.entity_id}:{name}:{day}"
            self.company.fact(name, date(2026, 9, int(day[1:])), amount * 100, key=key)

    def run(self, mode: Mode = Mode.TRIAL) -> tuple[Run, dict[str, Result]]:
        """Calculate September."""
        calculate(
            self.company.runtime, SYSTEM, self.company.entity_id, "2026-09", mode,
            accept_provisional=True,
        )  # fmt: skip
        with reading(self.company.engine, SYSTEM) as connection:
            run = latest_run(
                connection,
                self.company.entity_id,
                period="2026-09",
                known_at=self.company.runtime.clock(),
            )
            assert run is not None
            found = results(connection, SYSTEM, run, day=date(2026, 9, 30))
        names = {person_id: name for name, person_id in self.ids.items()}
        return run, {names[each.person_id]: each for each in found}

    def explained(self, run: Run, result: Result) -> Explained:
        """Read a statement back from what was frozen."""
        with reading(self.company.engine, SYSTEM) as connection:
            return statement_of(connection, run, result)


def values(explained: Explained) -> dict[str, Any]:
    """Give every line's number by name, and the days that a target was taken by."""
    made = explained.statement
    lines = (*made.score_lines, *made.pay_lines)
    found: dict[str, Any] = {line.name: line.value for line in lines}
    days = {name: value for line in lines for name, value, _ in line.inputs}
    if "working_days.present" in days:
        found["working_days"] = (days["working_days.present"], days["working_days.period"])
    return found


def estimated_only_where_whole(month: Month, run: Run, found: Mapping[str, Result]) -> None:
    """What one more sale is worth is told of who was there for a part, not where a month is cut."""
    with reading(month.company.engine, SYSTEM) as connection:
        ways = {name: frozen_route(connection, run, result) for name, result in found.items()}
    for name, way in ways.items():
        assert way is not None
        if name == "lee":  # gone before the card changed
            assert moved_input(way.route, "sales") == ("sales.num", "CNY")
        else:
            with refused("what_if_period_cut"):
                moved_input(way.route, "sales")


def clauses_of(explained: Explained) -> dict[str, tuple[str, str | None]]:
    """Give of every line that pays the key of its plan and its clause there."""
    assert explained.plan is not None
    sheet = SheetClauses(plan=explained.plan, cut=explained.cut_plans)
    found = {}
    for line in explained.statement.pay_lines:
        plan = sheet.plan_of(line).plan
        ids = {each.id for each in plan_clauses(plan)}
        found[line.name] = (plan.key, clause_of_line(plan, line, ids))
    return found


def test_who_was_there_for_a_part_gets_that_part_and_a_change_inside_cuts_the_month(
    database_url: str, tmp_path: Path
) -> None:
    with office(database_url, tmp_path) as runtime:
        month = Month(runtime)
        month.plan(plan("north", "3000", "0.01"), "north")
        month.plan(plan("south", "6000", "0.02"), "south")
        month.card(card("60", "40"))
        month.card(card("40", "60"), date(2026, 9, 15))
        month.person("anna", ("north", YEAR, None))
        month.person("jo", ("north", date(2026, 9, 11), None))
        month.person("lee", ("north", YEAR, date(2026, 9, 11)))
        month.person("mo", ("north", YEAR, date(2026, 9, 11)), ("south", date(2026, 9, 11), None))
        month.sells("anna", d05=140_000, d20=100_000)
        for day in [*range(1, 15), *range(15, 31), *range(15, 31)]:
            month.company.fact("anna", date(2026, 9, day), 1, kind="visit", unit="COUNT")
        month.sells("jo", d12=100_000, d30=100_000)
        month.company.fact("lee", date(2026, 9, 3), 9_999_999)
        month.sells("mo", d10=100_000, d11=200_000)
        run, found = month.run(Mode.POSTED)
        lines = {name: values(month.explained(run, result)) for name, result in found.items()}
        shapes = {name: result.shape for name, result in found.items()}
        clauses = clauses_of(month.explained(run, found["mo"]))
        estimated_only_where_whole(month, run, found)
        with reading(month.company.engine, SYSTEM) as connection:
            booked = {
                entry.component: entry.amount
                for entry in ledger(
                    connection, SYSTEM, month.company.entity_id, period="2026-09",
                    day=date(2026, 9, 30), known_at=runtime.clock(),
                    person_ids=[month.ids["mo"]],
                )
            }  # fmt: skip
    # anna: 100 of 100 on 14 days of 60/40, 25 + 90 of 40/60 on 16 days: (1,400 + 1,840) / 30
    assert lines["anna"]["s1.score"] == 1_000_000
    assert lines["anna"]["s2.score"] == 1_150_000
    assert found["anna"].score == 1_080_000
    assert found["anna"].payout == 240_000  # the plan did not change: 1 % of 240,000, no bonus
    # jo: 20 of 30 days: target 200,000 met, 2,000 of the bonus, 1 % of 200,000
    assert (lines["jo"]["sales.target"], lines["jo"]["bonus.amount"]) == (20_000_000, 200_000)
    assert found["jo"].payout == 400_000
    # lee: 10 of 30 days: 99,999.99 do not meet 100,000
    assert (lines["lee"]["bonus.met"], found["lee"].payout) == (0, 100_000)
    # mo: north 1,000 + 1,000 for ten days, south 4,000 + 4,000 for twenty
    assert found["mo"].payout == 1_000_000
    assert booked == {
        "s1.bonus.amount": 100_000,
        "s1.commission.amount": 100_000,
        "s3.bonus.amount": 400_000,
        "s3.commission.amount": 400_000,
    }
    assert clauses["s1.commission.amount"] == ("north", "component:commission")
    assert clauses["s3.commission.amount"] == ("south", "component:commission")
    assert clauses["payout"] == ("south", "plan")
    assert shapes["mo"] is not None
    assert [(each.start.day, each.days) for each in shapes["mo"].segments] == [
        (1, 10),
        (11, 4),
        (11, 20),
        (15, 16),
    ]
    assert shapes["lee"] is not None
    assert not shapes["lee"].segments


def test_full_and_actuals_weigh_the_whole_month_by_days_or_by_sales(
    database_url: str, tmp_path: Path
) -> None:
    paid = {}
    with office(database_url, tmp_path) as runtime:
        for split in ("FULL", "ACTUALS"):
            by = {"by": "sales"} if split == "ACTUALS" else {}
            block = BLOCK | {"split": split, "amounts": [], "targets": []} | by
            month = Month(runtime, split)
            month.plan(plan("north", "3000", "0.01", block), "north")
            month.plan(plan("south", "6000", "0.02", block), "south")
            moved = date(2026, 9, 11)
            month.person("mo", ("north", YEAR, moved), ("south", moved, None))
            month.sells("mo", d10=120_000, d11=180_000)
            run, found = month.run()
            assert values(month.explained(run, found["mo"]))["payout"] == found["mo"].payout
            paid[split] = found["mo"].payout
    # the whole month: north 3,000 + 3,000, south 6,000 + 6,000
    assert paid == {"FULL": 1_000_000, "ACTUALS": 960_000}  # 10 and 20 days; 40 % and 60 %


def test_a_goal_that_changes_on_the_sixteenth_is_held_against_each_half(
    database_url: str, tmp_path: Path
) -> None:
    with office(database_url, tmp_path) as runtime:
        month = Month(runtime)
        month.plan(plan("plan", "3000", "0"))
        month.ids["anna"] = month.company.person("anna")
        month.company.assign(month.ids["anna"], month.units["north"])
        first = month.goal("anna", "300000")
        month.goal("anna", "150000", date(2026, 9, 16), first)
        month.sells("anna", d03=149_999, d20=75_000)
        run, found = month.run()
        lines = values(month.explained(run, found["anna"]))
    assert (lines["s1.sales.target"], lines["s2.sales.target"]) == (15_000_000, 7_500_000)
    assert (lines["s1.bonus.met"], lines["s2.bonus.met"]) == (0, 1)
    assert found["anna"].payout == 150_000


def test_working_days_follow_the_calendar_that_hr_wrote_down(
    database_url: str, tmp_path: Path
) -> None:
    block = BLOCK | {"basis": "WORKING_DAYS", "changes": "NEXT_PERIOD"}
    del block["split"], block["peers"]
    with office(database_url, tmp_path) as runtime:
        month = Month(runtime)
        month.plan(plan("plan", "2200", "0", block))
        month.person("jo", ("north", date(2026, 9, 21), None), target="220000")
        month.sells("jo", d21=100_000)
        run, found = month.run()
        shipped = values(month.explained(run, found["jo"]))
        document = {"format": "attain.calendar/1", "year": 2026, "holidays": [], "workdays": []}
        month.company.write(
            lambda w: set_calendar(w, SYSTEM, document, expected_version=0, reason="none")
        )
        run, found = month.run()
        own = values(month.explained(run, found["jo"]))
    # 22 weekdays, less Friday the 25th, plus Sunday the 20th: 22 days, of which 7 from the 21st on
    assert (shipped["working_days"], shipped["sales.target"]) == ((7, 22), 7_000_000)
    # without the 25th and the 20th: 22 days, of which 8
    assert (own["working_days"], own["sales.target"]) == ((8, 22), 8_000_000)


def test_a_newcomer_has_a_part_of_the_quota_that_grows_by_month(
    database_url: str, tmp_path: Path
) -> None:
    ramp = {"metrics": ["sales"], "shares": ["0.3", "0.6", "0.8"], "start": "FIRST_MONTH"}
    document = plan("plan", "3000", "0", ramp=ramp)
    del document["proration"]
    joined = {"old": date(2026, 6, 30), "third": date(2026, 7, 31), "first": date(2026, 9, 1)}
    with office(database_url, tmp_path) as runtime:
        month = Month(runtime)
        month.plan(document)
        for name, day in joined.items():
            month.person(name, ("north", day, None))
            month.sells(name, d05=240_000)
        # the file knows better than the assignment
        month.company.write(
            lambda w: put_person(
                w,
                PersonDraft(
                    source_key="old", name="old", staff_number="old", joined_on=date(2026, 8, 1)
                ),
            )
        )
        run, found = month.run()
        lines = {name: values(month.explained(run, result)) for name, result in found.items()}
    assert {name: line["sales.target"] for name, line in lines.items()} == {
        "old": 18_000_000,
        "third": 24_000_000,
        "first": 9_000_000,
    }
    assert {name: result.payout for name, result in found.items()} == dict.fromkeys(joined, 300_000)


def test_documents_that_do_not_agree_on_the_parts_leave_the_month_whole(
    database_url: str, tmp_path: Path
) -> None:
    with office(database_url, tmp_path) as runtime:
        month = Month(runtime)
        month.plan(plan("north", "3000", "0.01"), "north")
        other = BLOCK | {"split": "FULL"}
        month.plan(plan("south", "6000", "0.02", other), "south")
        moved = date(2026, 9, 11)
        month.person("mo", ("north", YEAR, moved), ("south", moved, None))
        month.sells("mo", d10=120_000, d11=180_000)
        run, found = month.run()
    assert found["mo"].payout == 1_200_000  # wholly by the last team's plan, as without a block
    assert found["mo"].shape is None
    assert [problem["code"] for problem in run.problems] == ["segments_refused"]
