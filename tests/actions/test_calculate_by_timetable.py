"""Open periods are calculated by themselves: when due, when something was learned, and once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from sqlalchemy import func, insert, select

import actions.calculate_by_timetable as timed
import actions.jobs
from actions.breaker import FAILURES_MAX
from actions.calculate import Mode, calculate
from actions.calculate_by_timetable import (
    entities_with_timetable,
    queue_due_calculations,
    watched_periods,
)
from actions.close_period import close_period
from actions.closing import Closing
from actions.decide_timetable import decide_timetable
from actions.jobs import queue_hinted_sync
from actions.set_goals import set_goal
from actions.timetable import Timetable
from api.server import Server
from domain.access import Actor, Grant, Role, Viewer
from domain.goal import GoalLevel
from domain.ids import AccountId, EntityId
from domain.period import PeriodKind, period_around
from domain.problem import Refused
from domain.timed_calculation import CalculationTimetable, LateSources, LookOutcome
from messages.render import Locale
from storage import tables
from storage.engine import reading
from storage.jobs import Lane, claim_job
from storage.timed_calculation import calculation_timetable
from tests.api.company import Served, served
from tests.support import shared
from tests.support.company import SYSTEM, as_owner
from tests.support.rules import goal

AUGUST, SEPTEMBER, OCTOBER = "2026-08", "2026-09", "2026-10"
EVERY = Timetable(every=15)


class Clock:
    """Stands still until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def wait(self, minutes: int) -> None:
        # Writers of a legal entity take turns: what they write is microseconds after now.
        self.now += timedelta(minutes=minutes, seconds=1)


class Office:
    """The company, a clock that stands still, and the words of these tests."""

    def __init__(self, made: Served) -> None:
        self.made = made
        self.clock = Clock(made.runtime.clock() + timedelta(minutes=1))
        self.restart()

    def restart(self) -> None:
        """Nothing but the database is left."""
        made = self.made
        made.runtime = made.company.runtime = replace(made.runtime, clock=self.clock)
        made.server = Server(actions=made.runtime, catalogue=shared.catalogue(), locale=Locale.EN)
        made.app = shared.app(made.server)
        self.runtime = made.runtime

    def decide(
        self, timetable: Timetable | None = EVERY, actor: Actor = SYSTEM, **more: Any
    ) -> None:
        given: dict[str, Any] = {
            "kinds": [PeriodKind.MONTH],
            "months_begin_on": 1,
            "late_sources": LateSources.CALCULATE,
            "shows_scores": True,
            "reason": "the floor wants its numbers",
        }
        held = self.held()
        given |= {"expected_version": 0 if held is None else held.version, **more}
        with self.runtime.writing(self.made.entity, SYSTEM) as writing:
            decide_timetable(writing, actor, timetable=timetable, **given)

    def held(self) -> CalculationTimetable | None:
        with reading(self.runtime.engine, SYSTEM) as connection:
            return calculation_timetable(connection, self.made.entity)

    def look(self) -> tuple[str, ...]:
        return queue_due_calculations(self.runtime, self.made.entity)

    def work(self) -> None:
        while actions.jobs.work_once(self.runtime):
            pass

    def settle(self) -> None:
        """Look and work until nothing is queued any more."""
        self.work()
        while self.look():
            self.work()

    def order(self, cents: int = 100) -> None:
        """Let Anna sell something in September."""
        self.made.company.fact("anna", date(2026, 9, 20), cents)

    def outcomes(self) -> dict[str, LookOutcome | None]:
        held = self.held()
        assert held is not None
        with reading(self.runtime.engine, SYSTEM) as connection:
            found = watched_periods(connection, held, self.clock())
        return {each.period: None if each.look is None else each.look.outcome for each in found}

    def count(self, table: Any, *where: Any) -> int:
        with as_owner(self.runtime.engine) as connection:
            return int(
                connection.execute(
                    select(func.count()).select_from(table).where(*where)
                ).scalar_one()
            )


@pytest.fixture
def office(database_url: str, tmp_path: Path) -> Iterator[Office]:
    with served(database_url, tmp_path) as made:
        yield Office(made)


@pytest.fixture
def small(sqlite_url: str, tmp_path: Path) -> Iterator[Office]:
    with served(sqlite_url, tmp_path) as made:
        yield Office(made)


def test_an_open_period_is_calculated_when_something_was_learned_and_nothing_is_posted(
    office: Office,
) -> None:
    assert entities_with_timetable(office.runtime) == ()
    assert office.look() == (), "without a timetable only when asked"
    office.decide()
    assert entities_with_timetable(office.runtime) == (office.made.entity,)
    assert office.look() == (SEPTEMBER,)
    assert office.look() == (), "it waits already, and the other period for it"
    office.settle()
    assert office.outcomes() == dict.fromkeys((SEPTEMBER, OCTOBER), LookOutcome.QUEUED)
    runs = office.count(tables.calculation_run)
    assert runs == 2
    office.clock.wait(15)
    assert office.look() == ()
    assert office.outcomes() == dict.fromkeys((SEPTEMBER, OCTOBER), LookOutcome.NOTHING_NEW)
    office.order()
    assert office.look() == (), "it was looked at just now"
    office.clock.wait(15)
    office.restart()
    assert office.look() == (SEPTEMBER,)
    office.settle()
    # October reads the sales of September as well: whoever came back.
    assert office.count(tables.calculation_run) == 2 * runs
    trial = tables.calculation_run.c.mode == Mode.TRIAL.value
    assert office.count(tables.calculation_run, trial) == 2 * runs
    assert office.count(tables.ledger_entry) == 0


def test_whoever_is_concerned_sees_the_score_of_such_a_trial_and_no_pay(office: Office) -> None:
    office.decide(shows_scores=False)
    office.settle()
    score = '{ scoreSheet(period: "2026-09") { score { value } run { id mode } } }'
    board = '{ leaderboard(period: "2026-09", measure: "sales") { own { rank value { value } } } }'
    assert office.made.codes("anna", score) == ["RUN_MISSING"]
    office.decide()
    office.clock.wait(15)
    office.order(50_000_000)
    office.settle()
    office.clock.wait(1)
    found = office.made.data("anna", score)["scoreSheet"]
    assert found["run"]["mode"] == "TRIAL"
    own = office.made.data("anna", board)["leaderboard"]["own"]
    assert (own["rank"], own["value"]["value"]) == (1, "1700000.00")
    live = '{ liveBoard(period: "2026-09", measure: "sales") { own { rank } run { mode } } }'
    assert office.made.data("anna", live)["liveBoard"]["own"] == {"rank": 1}
    statement = '{ statement(period: "2026-09") { payout { amount } } }'
    assert office.made.codes("anna", statement) == ["RUN_MISSING"]
    named = f'{{ statement(period: "2026-09", run: "{found["run"]["id"]}") {{ hash }} }}'
    assert office.made.codes("anna", named) == ["NOT_FOUND"]
    # A trial that somebody pressed for is for those who may read calculations, as ever.
    office.clock.wait(1)
    pressed = calculate(office.runtime, SYSTEM, office.made.entity, SEPTEMBER, Mode.TRIAL).id
    assert office.made.data("anna", score)["scoreSheet"]["run"] == found["run"]
    other = f'{{ scoreSheet(period: "2026-09", run: "{pressed}") {{ rank }} }}'
    assert office.made.codes("anna", other) == ["NOT_FOUND"]
    # Nothing was learned since that one, but nobody whom it concerns has seen it.
    office.clock.wait(15)
    assert office.look() == (SEPTEMBER,)
    office.settle()
    office.clock.wait(15)
    assert office.look() == ()


def test_a_closed_period_is_left_as_it_is_even_by_a_trial_that_was_queued(small: Office) -> None:
    small.decide()
    assert small.look() == (SEPTEMBER,)
    close_period(small.runtime, SYSTEM, small.made.entity, SEPTEMBER, accept_warnings=True)
    small.work()
    codes = [row.problem_code for row in _rows(small, tables.job)]
    assert codes == ["period_closed"]
    assert [row.state for row in _rows(small, tables.calculation_run)] == ["FINAL"]
    small.order()
    small.clock.wait(15)
    small.settle()
    assert list(small.outcomes()) == [OCTOBER]
    assert {row.period for row in _rows(small, tables.calculation_run)} == {SEPTEMBER, OCTOBER}
    assert len(_rows(small, tables.calculation_run)) == 2


def _rows(office: Office, table: Any) -> list[Any]:
    with as_owner(office.runtime.engine) as connection:
        return list(connection.execute(select(table)))


def test_it_waits_for_other_work_but_not_for_ever_for_sources_that_are_always_read(
    small: Office,
) -> None:
    small.decide()
    with small.runtime.writing(small.made.entity, SYSTEM) as writing:
        queue_hinted_sync(writing, "con_of_a_source_that_is_read_all_day")
    assert small.look() == ()
    assert set(small.outcomes().values()) == {LookOutcome.JOB_RUNS}
    small.clock.wait(15)
    small.clock.wait(30)
    assert small.look() == (SEPTEMBER,)


def test_a_worker_that_died_with_a_calculation_does_not_stop_the_clock_for_ever(
    small: Office,
) -> None:
    small.decide()
    assert small.look() == (SEPTEMBER,)
    with as_owner(small.runtime.engine) as connection:
        assert claim_job(connection, small.clock(), Lane.OTHERS) is not None
    small.clock.wait(11 * 60)
    assert small.look() == ()
    small.clock.wait(60)
    assert small.look() == (SEPTEMBER,)


def test_a_calculation_that_keeps_failing_is_left_alone_until_it_is_decided_anew(
    small: Office,
) -> None:
    small.decide(Timetable(every=5))
    broken = mock.Mock(side_effect=Refused("not_found", {"id": "x"}))
    with mock.patch.object(actions.jobs, "calculate", broken):
        while broken.call_count < 2 * FAILURES_MAX:
            small.settle()
            small.clock.wait(5)
        small.clock.wait(1)
        assert small.look() == (SEPTEMBER,), "the pause is over: one may try"
        small.work()
        small.clock.wait(5)
        assert SEPTEMBER not in small.look()
        assert small.outcomes()[SEPTEMBER] is LookOutcome.LEFT_ALONE
    small.work()
    small.decide(Timetable(every=5))
    assert small.look() == (SEPTEMBER,)
    small.settle()
    assert {row.period for row in _rows(small, tables.calculation_run)} == {SEPTEMBER, OCTOBER}


def _ready(office: Office, through: date) -> None:
    with office.runtime.writing(office.made.entity, SYSTEM) as writing:
        writing.connection.execute(
            insert(tables.readiness).values(
                legal_entity_id=office.made.entity,
                connection_id="con_test",
                stream="orders",
                complete_through=through,
                fact_kinds=["order"],
                known_at=writing.known_at,
            )
        )


def test_it_waits_for_a_late_source_where_that_was_decided_and_says_which(small: Office) -> None:
    _ready(small, date(2026, 9, 29))
    small.decide(late_sources=LateSources.WAIT)
    assert small.look() == ()
    assert small.outcomes() == dict.fromkeys((SEPTEMBER, OCTOBER), LookOutcome.SOURCES_LATE)
    answer = small.made.data(
        "hr", "{ calculationTimetable { openPeriods { period problem { code message } } } }"
    )["calculationTimetable"]["openPeriods"]
    assert [each["problem"]["code"] for each in answer] == ["TIMED_SOURCES_LATE"] * 2
    assert "order" in answer[0]["problem"]["message"]
    small.clock.wait(1)
    with mock.patch.object(Closing, "fact_kinds", mock.PropertyMock()) as asked:
        assert small.look() == ()
    assert not asked.called, "no source has said anything since"
    _ready(small, date(2026, 9, 30))
    small.clock.wait(1)
    assert small.look() == (SEPTEMBER,)


def test_a_provisional_run_is_made_once_more_when_its_period_is_complete(small: Office) -> None:
    small.decide()
    small.settle()
    assert [row.final for row in _rows(small, tables.calculation_run)] == [False, False]
    for kind in ("order", "visit"):
        with small.runtime.writing(small.made.entity, SYSTEM) as writing:
            writing.connection.execute(
                insert(tables.readiness).values(
                    legal_entity_id=small.made.entity,
                    connection_id="con_test",
                    stream=kind,
                    complete_through=date(2026, 9, 30),
                    fact_kinds=[kind],
                    known_at=writing.known_at,
                )
            )
    small.clock.wait(15)
    assert small.look() == (SEPTEMBER,)
    small.settle()
    newest = max(_rows(small, tables.calculation_run), key=lambda row: row.known_at)
    assert (newest.period, newest.final) == (SEPTEMBER, True)
    small.clock.wait(15)
    assert small.look() == ()


def test_once_a_day_by_the_clock_of_the_legal_entity(small: Office) -> None:
    small.decide(Timetable(at=time(2, 30)))
    small.settle()
    small.order()
    small.clock.now = datetime(2026, 10, 1, 18, 29, tzinfo=UTC)  # 02:29 in Shanghai
    assert small.look() == ()
    small.clock.wait(1)
    assert small.look() == (SEPTEMBER,)
    small.settle()
    small.order()
    small.clock.wait(60)
    assert small.look() == (), "once a day"
    small.clock.wait(24 * 60)
    assert small.look() == (SEPTEMBER,)


def test_a_goal_of_the_own_team_and_somebody_who_left_make_a_run_old(small: Office) -> None:
    made = small.made
    small.decide()
    small.settle()
    small.clock.wait(15)
    with small.runtime.writing(made.entity, SYSTEM) as writing:
        _team_goal(writing, made.ids["north"])
    assert small.look() == (SEPTEMBER,)
    small.settle()
    small.clock.wait(15)
    with small.runtime.writing(made.entity, SYSTEM) as writing:
        row = writing.connection.execute(
            select(tables.assignment).where(tables.assignment.c.person_id == made.ids["fang"])
        ).one()
        gone = {**row._asdict(), "revision": row.revision + 1, "voided": True}
        gone["known_at"] = writing.known_at
        writing.connection.execute(insert(tables.assignment).values(**gone))
    assert small.look() == (SEPTEMBER,)


def _team_goal(writing: Any, unit_id: str) -> None:
    set_goal(
        writing,
        SYSTEM,
        goal(SEPTEMBER, sales="3000000.00"),
        level=GoalLevel.TEAM,
        owner_id=unit_id,
        parent_id=None,
        valid_from=date(2026, 9, 1),
    )


def test_two_who_look_at_once_queue_one(small: Office) -> None:
    small.decide()
    first = timed.queue_due_calculations

    def the_other_was_faster(*given: Any) -> bool:
        with mock.patch.object(timed, "_done", done):
            first(small.runtime, small.made.entity)
        return done(*given)

    done = timed._done
    with mock.patch.object(timed, "_done", the_other_was_faster):
        assert small.look() == ()
    assert small.count(tables.job) == 1


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"kinds": []}, "timetable_without_periods"),
        ({"months_begin_on": 29}, "number_out_of_range"),
        ({"reason": " "}, "text_empty"),
        ({"expected_version": 7}, "version_conflict"),
    ],
)
def test_a_decision_that_cannot_be_is_refused(
    small: Office, given: dict[str, Any], code: str
) -> None:
    with pytest.raises(Refused, match=code):
        small.decide(**given)


def test_hr_of_another_legal_entity_does_not_decide(small: Office) -> None:
    elsewhere = Grant(role=Role.HR, entity_id=EntityId("ent_of_somebody_else"))
    hr = Viewer(account_id=AccountId("acc_elsewhere"), person_id=None, grants=(elsewhere,))
    with pytest.raises(Refused, match="forbidden"):
        small.decide(actor=hr)


@pytest.mark.parametrize(
    ("day", "kind", "shift", "name"),
    [
        (date(2026, 9, 25), PeriodKind.MONTH, 26, "2026-09@26"),
        (date(2026, 9, 26), PeriodKind.MONTH, 26, "2026-10@26"),
        (date(2026, 12, 26), PeriodKind.QUARTER, 26, "2027-Q1@26"),
        (date(2026, 9, 30), PeriodKind.HALF, 1, "2026-H2"),
    ],
)
def test_the_period_around_a_day(day: date, kind: PeriodKind, shift: int, name: str) -> None:
    found = period_around(day, kind, shift)
    assert found.name == name
    assert found.contains(day)
