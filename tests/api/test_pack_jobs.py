"""A pack is tried as queued work: the same answer, kept for who asked, and called off at will."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from actions import pack_jobs, trial_jobs
from actions.jobs import requeue_stalled, work_once
from actions.sign_in import make_account
from domain.access import Role
from storage.engine import changing
from storage.jobs import call_off, claim_job
from tests.api.company import YEAR, Served, calculated, served
from tests.api.test_pack_layers import INSTALL, PREVIEW
from tests.api.test_pack_preview import ASK, GOALS, TRIAL
from tests.support import shared
from tests.support.company import SYSTEM
from tests.support.pack_versions import BONUS, FIRST, SECOND

START = """mutation($input: PackPreviewStartInput!) { packPreviewStart(input: $input) {
  ... on PackPreviewStartSuccess { job { id state } } ... on Problem { code } } }"""
CANCEL = """mutation($input: JobCancelInput!) { jobCancel(input: $input) {
  ... on JobCancelSuccess { job { id state } } ... on Problem { code } } }"""
SHOWN = ASK[ASK.index("{", ASK.index("packPreview(")) : ASK.rindex("}")]
JOB = "query($id: ID!) { job(id: $id) { state stepsDone steps problem { code } packPreview %s } }"
WHOLE = JOB % SHOWN


@pytest.fixture
def here(database_url: str, tmp_path: Path) -> Iterator[Served]:
    with _company(database_url, tmp_path) as found:
        yield found


@contextmanager
def _company(url: str, folder: Path) -> Iterator[Served]:
    with served(url, folder) as found:
        calculated(found)
        packs = {"shop": FIRST}
        found.runtime = replace(found.runtime, packs=packs)
        found.server = replace(found.server, actions=found.runtime)
        found.app = shared.app(found.server)
        account = partial(make_account, person_id=None, locale="en", valid_from=YEAR)
        found.company.write(lambda writing: account(writing, login="hr2", roles=(Role.HR,)))
        yield found
        packs.clear()


def _do(here: Served, text: str, who: str = "hr", /, **given: Any) -> Any:
    key = f"pack-job-{abs(hash((text, json.dumps(given, sort_keys=True))))}"
    (answer,) = here.data(who, text, input={"idempotencyKey": key, **given}).values()
    return answer


def _job(here: Served, job: str, who: str = "hr") -> Any:
    return here.data(who, WHOLE, id=job)["job"]


def test_the_answer_of_a_job_is_that_of_asking_and_for_whoever_asked_alone(here: Served) -> None:
    trial = TRIAL | {"overrides": {BONUS: "7000"}}
    job = _do(here, START, pack="shop", trial=trial, periods=["2026-09"])["job"]["id"]
    assert _job(here, job)["state"] == "QUEUED"
    assert work_once(here.runtime)
    done = _job(here, job)
    assert (done["state"], done["stepsDone"], done["steps"]) == ("DONE", 1, 1)
    asked = here.data("hr", ASK, trial=trial, periods=["2026-09"])["packPreview"]
    assert done["packPreview"] == asked
    assert asked["pay"]["after"]["total"]["amount"] == "21000.00"
    # Another who may see all of it, but has not asked, is shown that it is done.
    assert _job(here, job, "hr2") == done | {"packPreview": None}
    for who in ("anna", "meng", "auditor", "admin"):
        assert "amount" not in json.dumps(here.ask(who, WHOLE, id=job))
    assert _do(here, START, "auditor", pack="shop") == {"code": "FORBIDDEN"}
    assert _do(here, START, pack="nothing")["code"] == "PACK_UNKNOWN"
    assert _do(here, START, pack="shop", recent=7)["code"] == "NUMBER_OUT_OF_RANGE"
    late = _do(here, START, pack="shop", recent=1)["job"]["id"]
    here.runtime.packs["shop"] = SECOND  # type: ignore[index]
    assert work_once(here.runtime)  # what was asked about is no longer there, and nothing else is
    assert _job(here, late)["problem"]["code"] == "PACK_VERSION_UNKNOWN"


def test_what_another_version_would_pay_is_tried_with_the_decisions_made(
    sqlite_url: str, tmp_path: Path
) -> None:
    with _company(sqlite_url, tmp_path) as here:
        _demand_alike(here)


def _demand_alike(here: Served) -> None:
    scope = {"positions": ["sales"]}
    given: dict[str, Any] = {
        "validFrom": "2026-10-01",
        "scope": scope,
        "overrides": {BONUS: "5500"},
    }
    _do(here, INSTALL, pack="shop", **given)
    here.runtime.packs["shop"] = SECOND  # type: ignore[index]
    take = [{"path": BONUS, "take": "PACK"}]
    money = 'preview(periods: ["2026-09"], goals: $goals) ' + SHOWN
    asked = PREVIEW.replace("($res", "($goals: [PackGoalInput!], $res")
    asked = asked.replace("conflicts {", f"{money} conflicts {{")
    for resolutions in ([], take):
        trial = {"goals": GOALS}
        job = _do(here, START, pack="shop", trial=trial, resolutions=resolutions)["job"]["id"]
        assert work_once(here.runtime)
        found = here.data("hr", asked, goals=GOALS, resolutions=resolutions)["packUpgradePreview"]
        assert _job(here, job)["packPreview"] == found["preview"]


def test_a_trial_is_called_off_by_whoever_queued_it_while_it_waits_or_runs(
    here: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = _do(here, START, pack="shop", trial=TRIAL)["job"]["id"]
    assert _do(here, CANCEL, "hr2", job=waits) == {"code": "NOT_FOUND"}
    assert _do(here, CANCEL, job=waits)["job"]["state"] == "CANCELLED"
    assert not work_once(here.runtime)

    runs = _do(here, START, pack="shop", trial=TRIAL, recent=1)["job"]["id"]
    progress_of = trial_jobs.progress_of

    def called_off_meanwhile(*given: Any) -> Any:
        found = _do(here, CANCEL, job=runs)
        assert found["job"]["state"] == "RUNNING"
        return progress_of(*given)

    monkeypatch.setattr(pack_jobs, "progress_of", called_off_meanwhile)
    assert work_once(here.runtime)
    ended = _job(here, runs)
    assert (ended["state"], ended["problem"], ended["packPreview"]) == ("CANCELLED", None, None)

    lost = _do(here, START, pack="shop", trial=TRIAL, recent=2)["job"]["id"]
    now = here.runtime.clock()
    with changing(here.runtime.engine, SYSTEM) as connection:
        assert claim_job(connection, now)
        call_off(connection, lost, now)
    requeue_stalled(here.runtime, everything=True)  # its worker died before it heard of it
    assert _job(here, lost)["state"] == "CANCELLED"
    assert not work_once(here.runtime)
