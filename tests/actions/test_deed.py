"""Every deed: allowed by one grant, done once per key, with a line in the trail, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from actions.calculate import Mode
from actions.deed import demand_entity, perform
from actions.jobs import requeue_stalled, start_calculation, work_once
from domain.access import Grant, Resource, Role, Viewer
from domain.ids import AccountId, EntityId
from domain.problem import CODES, Refused
from storage.engine import Writing, reading
from storage.jobs import JobState, StoredJob, jobs
from storage.tables import audit_event
from tests.support.company import SYSTEM, Company, office
from tests.support.viewers import refused, viewer


@pytest.fixture
def company(database_url: str, tmp_path: Path) -> Iterator[Company]:
    with office(database_url, tmp_path) as runtime:
        yield Company(runtime)


def trail(company: Company) -> list[tuple[str, str]]:
    query = select(audit_event.c.action, audit_event.c.subject_id).order_by(audit_event.c.seq)
    with reading(company.engine, SYSTEM) as connection:
        return [(row.action, row.subject_id) for row in connection.execute(query)]


def does(company: Company, key: str | None, made: str, request: str = "same") -> tuple[str, bool]:
    done = perform(
        company.runtime, SYSTEM, company.entity_id, "testDo", {"ask": request},
        lambda _writing: made, key,
    )  # fmt: skip
    return done.id, done.replayed


def test_the_same_key_is_answered_again_and_not_done_again(company: Company) -> None:
    assert does(company, "k1", "per_a") == ("per_a", False)
    assert does(company, "k1", "per_b") == ("per_a", True)
    assert does(company, "k2", "per_b") == ("per_b", False)
    assert does(company, None, "per_c") == ("per_c", False)
    assert trail(company) == [("testDo", each) for each in ("per_a", "per_b", "per_c")]


def test_the_same_key_for_another_request_is_refused(company: Company) -> None:
    does(company, "k1", "per_a")
    with refused("idempotency_key_reused") as refusal:
        does(company, "k1", "per_b", request="other")
    assert refusal().values == {"key": "k1"}


def test_a_refusal_leaves_no_trace_and_the_key_free(company: Company) -> None:
    def deed(writing: Writing) -> str:
        raise Refused("not_found", {"id": writing.entity_id})

    with refused("not_found"):
        perform(company.runtime, SYSTEM, company.entity_id, "testDo", {"ask": "same"}, deed, "k1")
    assert trail(company) == []
    assert does(company, "k1", "per_a") == ("per_a", False)


def test_a_right_in_one_company_is_none_in_another(company: Company) -> None:
    other = Company(company.runtime, name="Other")
    both = Viewer(
        account_id=AccountId("acc_a"),
        person_id=None,
        grants=(
            Grant(role=Role.HR, entity_id=EntityId(company.entity_id)),
            Grant(role=Role.AUDITOR, entity_id=EntityId(other.entity_id)),
        ),
    )
    demand_entity(both, Resource.PLAN, company.entity_id)
    with refused("forbidden"):
        demand_entity(both, Resource.PLAN, other.entity_id)


def test_a_right_over_a_unit_is_none_over_the_whole_company(company: Company) -> None:
    team = company.unit("team")
    with refused("forbidden"):
        demand_entity(
            viewer(Role.MANAGER, company.entity_id, unit=team), Resource.GOAL, company.entity_id
        )


def job(company: Company, job_id: str) -> StoredJob:
    with reading(company.engine, SYSTEM) as connection:
        (found,) = jobs(connection, company.entity_id, ids=[job_id])
    return found


def queued(company: Company) -> str:
    return company.write(lambda w: start_calculation(w, SYSTEM, "2026-09", Mode.TRIAL))


def test_jobs_are_done_in_the_order_in_which_they_were_asked_for(company: Company) -> None:
    first, second = queued(company), queued(company)
    assert job(company, first).state == JobState.QUEUED
    assert work_once(company.runtime)
    # Nobody takes part in this period: the job says so by its code.
    done = job(company, first)
    assert (done.state, done.problem_code) == (JobState.FAILED, "nobody_to_calculate")
    assert done.problem_values == {"period": "2026-09"}
    assert job(company, second).state == JobState.QUEUED
    assert work_once(company.runtime)
    assert not work_once(company.runtime)


def test_a_fault_is_told_to_whoever_asked_and_goes_on(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_given: object, **_named: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr("actions.jobs.calculate", broken)
    asked = queued(company)
    with pytest.raises(RuntimeError):
        work_once(company.runtime)
    assert (job(company, asked).state, job(company, asked).problem_code) == (
        JobState.FAILED,
        "job_fault",
    )
    assert job(company, asked).problem_code in CODES


def test_a_job_whose_worker_died_is_queued_again(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed(*_given: object, **_named: object) -> None:
        raise Killed

    asked = queued(company)
    with monkeypatch.context() as patch:
        patch.setattr("actions.jobs.calculate", killed)
        with pytest.raises(Killed):
            work_once(company.runtime)
    assert job(company, asked).state == JobState.RUNNING
    assert not work_once(company.runtime)
    assert requeue_stalled(company.runtime, everything=False) == 0
    assert requeue_stalled(company.runtime, everything=True) == 1
    assert work_once(company.runtime)
    assert job(company, asked).state == JobState.FAILED
