"""The life of a plan: drafted, published from a day on, followed by the next; never two at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from actions.define_metric import define_metric
from actions.publish_plan import DRAFT, PUBLISHED, draft_plan, publish_plan
from domain.access import Actor, Role
from storage.definitions import Scope, StoredPlan, plan_versions
from storage.engine import reading
from tests.support.company import SYSTEM, Company, office
from tests.support.rules import METRICS, PLAN, changed, metric, texts
from tests.support.viewers import refused, viewer

LAST_YEAR, YEAR, AUTUMN = date(2025, 1, 1), date(2026, 1, 1), date(2026, 9, 1)
ALL = Scope()


@pytest.fixture
def company(database_url: str, tmp_path: Path) -> Iterator[Company]:
    with office(database_url, tmp_path) as runtime:
        company = Company(runtime)
        for each in METRICS:
            company.write(partial(define_metric, actor=SYSTEM, document=each, valid_from=LAST_YEAR))
        yield company


def drafts(
    company: Company,
    document: object = PLAN,
    *,
    scope: Scope = ALL,
    start: date = YEAR,
    end: date | None = None,
    version_id: str | None = None,
    expected: int | None = None,
    actor: Actor = SYSTEM,
) -> str:
    return company.write(
        lambda w: draft_plan(
            w, actor, document, scope, valid_from=start, valid_to=end,
            version_id=version_id, expected_version=expected,
        )
    )  # fmt: skip


def publishes(company: Company, version_id: str, expected: int | None = None) -> str:
    return company.write(lambda w: publish_plan(w, SYSTEM, version_id, expected_version=expected))


def version(company: Company, version_id: str) -> StoredPlan:
    with reading(company.engine, SYSTEM) as connection:
        (found,) = plan_versions(
            connection,
            company.entity_id,
            known_at=company.runtime.clock(),
            version_id=version_id,
        )
    return found


def renamed(key: str) -> dict[str, Any]:
    return changed(PLAN, key=key)


def test_a_draft_becomes_published_in_a_revision_of_its_own(company: Company) -> None:
    made = drafts(company)
    assert (version(company, made).state, version(company, made).version) == (DRAFT, 1)
    assert publishes(company, made) == made
    assert (version(company, made).state, version(company, made).version) == (PUBLISHED, 2)


def test_what_is_published_is_neither_changed_nor_published_again(company: Company) -> None:
    made = drafts(company)
    publishes(company, made)
    with refused("plan_state_wrong") as refusal:
        publishes(company, made)
    assert refusal().values == {"state": PUBLISHED, "wanted": "DRAFT, IN_REVIEW"}
    with refused("plan_state_wrong"):
        drafts(company, version_id=made)
    assert version(company, made).version == 2


def test_a_draft_is_changed_under_its_own_id(company: Company) -> None:
    made = drafts(company)
    assert drafts(company, version_id=made, expected=1, start=AUTUMN) == made
    assert (version(company, made).version, version(company, made).valid_from) == (2, AUTUMN)
    with refused("version_conflict") as refusal:
        publishes(company, made, expected=1)
    assert refusal().values == {"current": "2"}


def test_a_draft_that_gets_another_key_belongs_to_that_plan(company: Company) -> None:
    made, other = drafts(company), drafts(company, renamed("other_plan"))
    drafts(company, renamed("other_plan"), version_id=made)
    assert version(company, made).plan.key == "other_plan"
    assert version(company, made).plan_id == version(company, other).plan_id


def test_the_successor_ends_the_version_before_where_it_begins(company: Company) -> None:
    first = drafts(company)
    publishes(company, first)
    second = drafts(company, start=AUTUMN)
    publishes(company, second)
    assert (version(company, first).valid_from, version(company, first).valid_to) == (YEAR, AUTUMN)
    assert version(company, first).state == PUBLISHED
    assert version(company, second).valid_to is None
    with reading(company.engine, SYSTEM) as connection:
        held = [
            [each.id for each in plan_versions(
                connection, company.entity_id, known_at=company.runtime.clock(),
                start=start, end=end, state=PUBLISHED,
            )]
            for start, end in (
                (date(2026, 8, 31), AUTUMN), (AUTUMN, date(2026, 9, 2)),
            )
        ]  # fmt: skip
    assert held == [[first], [second]]


@pytest.mark.parametrize("start", [YEAR, date(2025, 12, 1)])
def test_a_version_does_not_push_out_one_that_began_with_it_or_later(
    company: Company, start: date
) -> None:
    publishes(company, drafts(company))
    late = drafts(company, start=start)
    with refused("plan_scope_overlaps") as refusal:
        publishes(company, late)
    assert refusal().values == {"plan": "sales_plan"}
    assert version(company, late).state == DRAFT


def test_two_plans_for_the_same_people_on_one_day_are_refused(company: Company) -> None:
    publishes(company, drafts(company))
    other = drafts(company, renamed("other_plan"), start=AUTUMN)
    with refused("plan_scope_overlaps") as refusal:
        publishes(company, other)
    assert refusal().values == {"plan": "sales_plan"}


def test_another_plan_may_be_for_other_people_or_for_other_days(company: Company) -> None:
    publishes(company, drafts(company, end=AUTUMN))
    after = drafts(company, renamed("after"), start=AUTUMN)
    narrow = drafts(company, renamed("narrow"), scope=Scope(positions=("key_account",)))
    for each in (after, narrow):
        publishes(company, each)
        assert version(company, each).state == PUBLISHED


def test_a_plan_that_names_an_unknown_metric_stays_a_draft(company: Company) -> None:
    made = drafts(company, start=date(2024, 12, 31))  # the metrics begin a day later
    with refused("document_refused") as refusal:
        publishes(company, made)
    assert {(each.code, each.path) for each in refusal().problems} == {
        ("metric_unknown", "units.sales"),
        ("metric_unknown", "units.retention"),
    }
    assert version(company, made).state == DRAFT


def test_a_document_that_cannot_be_read_is_refused_with_every_place(company: Company) -> None:
    with refused("document_refused") as refusal:
        drafts(company, changed(PLAN, currency="XYZ", rounding="SOMEHOW"))
    assert {each.path for each in refusal().problems} >= {"currency", "rounding"}


def test_an_end_before_the_start_is_refused(company: Company) -> None:
    with refused("dates_reversed"):
        drafts(company, start=AUTUMN, end=AUTUMN)


@pytest.mark.parametrize("role", [Role.SALESPERSON, Role.MANAGER, Role.AUDITOR, Role.ADMIN])
def test_only_hr_drafts_plans(company: Company, role: Role) -> None:
    with refused("forbidden"):
        drafts(company, actor=viewer(role, company.entity_id))
    assert drafts(company, actor=viewer(Role.HR, company.entity_id))


def test_a_quarterly_plan_stands_beside_a_monthly_one(company: Company) -> None:
    monthly, quarterly = (
        drafts(company),
        drafts(company, changed(PLAN, key="quarterly", cadence="QUARTER")),
    )
    publishes(company, monthly)
    publishes(company, quarterly)
    assert version(company, monthly).state == version(company, quarterly).state == PUBLISHED


def test_the_better_half_is_not_looked_for_where_less_is_better(company: Company) -> None:
    complaints = metric(
        "complaints", "COUNT", {"kind": "COUNT", "fact": "complaint"}, direction="LOWER"
    )
    company.write(lambda writing: define_metric(writing, SYSTEM, complaints, valid_from=YEAR))
    reward = {
        "id": "few_complaints",
        "kind": "REWARD_ABOVE_MEDIAN",
        "name": texts("Few complaints"),
        "missing": "ZERO",
        "metric": "complaints",
        "peerGroup": "UNIT",
        "amount": "100.00",
        "minimumCohort": 4,
        "fallback": "NO_REWARD",
    }
    document = changed(PLAN, key="calm", components=[reward], units={"complaints": "COUNT"})
    with refused("document_refused") as refusal:
        publishes(company, drafts(company, document))
    (problem,) = refusal().problems
    assert (problem.code, problem.path) == ("direction_differs", "components[0].metric")
