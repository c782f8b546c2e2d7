"""Closing a period and opening it again, through the actions, on both databases."""

from __future__ import annotations

from datetime import date

import pytest

from actions.calculate import Mode
from actions.checklist import checklist
from actions.close_period import close_period
from actions.closing import Closing
from actions.correct_period import correct_period
from actions.reopen_period import decide_reopening, open_period, request_reopening
from domain.access import Grant, Role, Viewer
from domain.checklist import Weight
from domain.ids import AccountId, EntityId, PersonId
from domain.period import period_named
from domain.period_state import PeriodState
from domain.problem import Refused
from storage.engine import reading
from storage.periods import stored_states
from storage.results import Run, ledger, payouts_of, run_by_id
from storage.runs import RunState
from tests.support.closing import Branch
from tests.support.company import SYSTEM

DAY = date(2026, 8, 12)


def _hr(branch: Branch, account: str, person: str | None = None) -> Viewer:
    entity = EntityId(branch.company.entity_id)
    return Viewer(
        account_id=AccountId(account),
        person_id=None if person is None else PersonId(person),
        grants=(Grant(role=Role.HR, entity_id=entity),),
    )


def _close(branch: Branch, period: str = "2026-08", *, accept: bool = True) -> Run:
    done = close_period(
        branch.runtime, SYSTEM, branch.company.entity_id, period, accept_warnings=accept
    )
    return _run(branch, done.id)


def _run(branch: Branch, run_id: str) -> Run:
    with reading(branch.runtime.engine, SYSTEM) as connection:
        found = run_by_id(connection, branch.company.entity_id, run_id)
    assert found is not None
    return found


def _codes(branch: Branch, period: str = "2026-08") -> dict[str, tuple[int, Weight]]:
    with reading(branch.runtime.engine, SYSTEM) as connection:
        found = checklist(
            Closing(
                connection=connection,
                entity_id=branch.company.entity_id,
                period=period_named(period),
                known_at=branch.runtime.clock(),
            )
        )
    return {item.code: (item.count, item.weight) for item in found}


def _state(branch: Branch, period: str = "2026-08") -> PeriodState | None:
    with reading(branch.runtime.engine, SYSTEM) as connection:
        found = stored_states(
            connection, branch.company.entity_id, known_at=branch.runtime.clock()
        ).get(period)
    return found.state if found else None


def test_a_close_calculates_what_is_missing_and_makes_it_final(branch_on_both: Branch) -> None:
    branch = branch_on_both
    assert _codes(branch)["check_run_missing"] == (1, Weight.WARNING)
    run = _close(branch)
    assert (run.mode, run.state) == ("POSTED", "FINAL")
    assert _state(branch) is PeriodState.CLOSED
    with pytest.raises(Refused) as again:
        _close(branch)
    assert again.value.code == "period_closed_already"


def test_a_posted_run_that_knows_everything_becomes_the_final_one(branch: Branch) -> None:
    posted = branch.run(Mode.POSTED)
    assert "check_run_old" not in _codes(branch)
    assert _close(branch).id == posted


def test_a_close_calculates_once_more_when_something_came_after_the_posted_run(
    branch: Branch,
) -> None:
    posted = branch.run(Mode.POSTED)
    branch.sale("anna", DAY, 50_000)
    assert _codes(branch)["check_run_old"] == (1, Weight.WARNING)
    final = _close(branch)
    assert final.id != posted
    assert _run(branch, posted).state == RunState.SUPERSEDED.value


def test_warnings_are_accepted_by_a_word_and_what_blocks_never_is(branch: Branch) -> None:
    with pytest.raises(Refused) as warned:
        _close(branch, accept=False)
    assert warned.value.code == "period_has_warnings"
    assert {problem.code for problem in warned.value.problems} == {
        "check_source_late",
        "check_run_missing",
    }
    with pytest.raises(Refused) as early:
        _close(branch, "2026-10")
    assert early.value.code == "period_not_ready"
    assert "check_not_over" in {problem.code for problem in early.value.problems}
    assert _state(branch) is None


def test_periods_are_closed_in_their_order(branch: Branch) -> None:
    branch.run(Mode.POSTED)
    branch.run(Mode.POSTED, "2026-09")
    assert _codes(branch, "2026-09")["check_earlier_open"] == (1, Weight.BLOCKING)
    with pytest.raises(Refused) as refused:
        _close(branch, "2026-09")
    assert refused.value.code == "period_not_ready"
    _close(branch)
    assert _close(branch, "2026-09").state == "FINAL"


def test_names_that_sold_and_are_nobodys_are_counted(branch: Branch) -> None:
    branch.company.fact("stranger", DAY, 100)
    branch.company.fact("stranger", date(2026, 9, 2), 100)
    assert _codes(branch)["check_unlinked"] == (1, Weight.WARNING)


def test_a_closed_period_is_not_posted_again_but_may_be_tried(branch: Branch) -> None:
    _close(branch)
    branch.sale("anna", DAY, 50_000)
    with pytest.raises(Refused) as refused:
        branch.run(Mode.POSTED)
    assert refused.value.code == "period_closed"
    assert _run(branch, branch.run(Mode.TRIAL)).state == "TRIAL"


def test_a_later_run_supersedes_and_a_trial_never_a_posted_one(branch: Branch) -> None:
    first, second = branch.run(), branch.run(Mode.POSTED)
    third = branch.run()
    states = {each: _run(branch, each).state for each in (first, second, third)}
    assert states == {first: "SUPERSEDED", second: "POSTED", third: "TRIAL"}


def _ask(branch: Branch, who: Viewer) -> str:
    with branch.runtime.writing(branch.company.entity_id, who) as writing:
        return request_reopening(writing, who, "2026-08", "an order of 2 million was forgotten")


def _decide(branch: Branch, who: Viewer, reopening: str, *, grant: bool = True) -> None:
    with branch.runtime.writing(branch.company.entity_id, who) as writing:
        decide_reopening(writing, who, reopening, grant=grant, reason="seen", expected_version=1)


def test_a_closed_period_opens_again_by_two_people_only(branch_on_both: Branch) -> None:
    branch = branch_on_both
    first, second = _hr(branch, "acc_one"), _hr(branch, "acc_two")
    final = _close(branch)
    asked = _ask(branch, first)
    with pytest.raises(Refused) as own:
        _decide(branch, first, asked)
    assert own.value.code == "reopening_own"
    assert _state(branch) is PeriodState.CLOSED
    _decide(branch, second, asked)
    assert _state(branch) is PeriodState.OPEN
    assert _run(branch, final.id).state == "POSTED"
    branch.sale("anna", DAY, 50_000)
    branch.run(Mode.POSTED)
    again = _close(branch)
    assert (again.state, _run(branch, final.id).state) == ("FINAL", "SUPERSEDED")


def test_a_refused_request_changes_nothing_and_is_decided_once(branch: Branch) -> None:
    _close(branch)
    asked = _ask(branch, _hr(branch, "acc_one"))
    with pytest.raises(Refused) as twice:
        _ask(branch, _hr(branch, "acc_three"))
    assert twice.value.code == "reopening_asked"
    _decide(branch, _hr(branch, "acc_two"), asked, grant=False)
    assert _state(branch) is PeriodState.CLOSED
    with pytest.raises(Refused) as decided:
        _decide(branch, _hr(branch, "acc_two"), asked)
    assert decided.value.code == "version_conflict"


def test_an_earlier_period_stays_closed_while_a_later_one_is(branch: Branch) -> None:
    _close(branch)
    _close(branch, "2026-09")
    asked = _ask(branch, _hr(branch, "acc_one"))
    with pytest.raises(Refused) as refused:
        _decide(branch, _hr(branch, "acc_two"), asked)
    assert refused.value.code == "later_period_closed"


def test_a_period_that_lies_ahead_is_opened_for_entry(branch: Branch) -> None:
    def deed(state: PeriodState, seen: int) -> str:
        return branch.company.write(
            lambda w: open_period(w, SYSTEM, "2026-12", state, expected_version=seen)
        )

    deed(PeriodState.FUTURE_ENTRY, 0)
    assert _state(branch, "2026-12") is PeriodState.FUTURE_ENTRY
    with pytest.raises(Refused) as posted:
        branch.run(Mode.POSTED, "2026-12")
    assert posted.value.code == "period_not_open"
    with pytest.raises(Refused) as back:
        deed(PeriodState.FUTURE_ENTRY, 1)
    assert back.value.code == "period_opened_already"


def test_what_was_corrected_is_taken_back_once_the_period_itself_knows_it(branch: Branch) -> None:
    _close(branch)
    branch.sale("anna", DAY, 30_000)
    entity = branch.company.entity_id
    correct_period(branch.runtime, SYSTEM, entity, "2026-08", into="2026-09", mode=Mode.POSTED)
    asked = _ask(branch, _hr(branch, "acc_one"))
    _decide(branch, _hr(branch, "acc_two"), asked)
    final = _close(branch)
    with reading(branch.runtime.engine, SYSTEM) as connection:
        entries = [
            entry
            for period in ("2026-08", "2026-09")
            for entry in ledger(
                connection,
                SYSTEM,
                entity,
                period=period,
                day=date(2026, 9, 30),
                known_at=branch.runtime.clock(),
            )
            if entry.person_id == branch.ids["anna"]
        ]
        paid = payouts_of(connection, final.id, [branch.ids["anna"]])
    by_cause: dict[str | None, int] = {}
    for entry in entries:
        by_cause[entry.cause] = by_cause.get(entry.cause, 0) + entry.amount
    assert by_cause == {None: paid[branch.ids["anna"]], "LATE_FACTS": 0}
