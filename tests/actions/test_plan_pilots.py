"""A plan for named people wins over every other; two that claim the same people are found out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from actions.calculate import Mode, calculate
from actions.check_scope import MOST_PEOPLE
from actions.define_metric import define_metric
from actions.lint_plan import overlaps
from actions.plans_in_force import plans_in_force
from actions.publish_plan import draft_plan, publish_plan
from domain.finding import FindingCode
from storage.definitions import Scope, plan_versions
from storage.engine import reading
from storage.results import latest_run, results
from tests.support.company import SYSTEM, Company, office
from tests.support.rules import METRICS, changed, texts
from tests.support.viewers import refused

YEAR, AUTUMN = date(2026, 1, 1), date(2026, 9, 1)


def plan(key: str, rate: str) -> dict[str, Any]:
    component = {
        "id": "commission", "kind": "RATE", "name": texts("Commission"), "missing": "ZERO",
        "metric": "sales", "rate": rate, "negative": "KEEP",
    }  # fmt: skip
    return {
        "format": "attain.plan/1", "key": key, "name": texts(key), "cadence": "MONTH",
        "currency": "CNY", "rounding": "HALF_UP", "units": {"sales": "CNY"},
        "components": [component],
    }  # fmt: skip


class Piloted:
    """A company of three salespeople with one plan for all of them."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.team = company.unit("team")
        self.ids = {name: company.person(name) for name in ("anna", "bo", "chen")}
        for person in self.ids.values():
            company.assign(person, self.team)
        for each in METRICS:
            company.write(partial(define_metric, actor=SYSTEM, document=each, valid_from=YEAR))
        narrow = Scope(units=(self.team,), positions=("sales",))
        self.whole = self.publishes(plan("sales", "0.01"), narrow)

    def pilot(self, *names: str) -> Scope:
        """Name people."""
        return Scope(people=tuple(self.ids[name] for name in names))

    def publishes(
        self, document: Any, scope: Scope, start: date = YEAR, end: date | None = None
    ) -> str:
        """Draft and publish."""

        def deed(writing: Any) -> str:
            made = draft_plan(writing, SYSTEM, document, scope, valid_from=start, valid_to=end)
            return publish_plan(writing, SYSTEM, made)

        return self.company.write(deed)

    def plans_on(self, day: date) -> dict[str, list[str]]:
        """Give the versions of everybody's plans."""
        known = self.company.runtime.clock()
        with reading(self.company.engine, SYSTEM) as connection:
            found = plans_in_force(connection, self.company.entity_id, day, known)
        return {
            name: [each.id for each in found.by_person.get(person, ())]
            for name, person in self.ids.items()
        }


@pytest.fixture
def made(database_url: str, tmp_path: Path) -> Iterator[Piloted]:
    with office(database_url, tmp_path) as runtime:
        yield Piloted(Company(runtime))


def test_a_pilot_pays_those_whom_it_names_and_ends_where_it_is_rolled_out(made: Piloted) -> None:
    tried = plan("sales", "0.05")
    pilot = made.publishes(tried, made.pilot("anna", "bo"), AUTUMN)
    assert made.plans_on(date(2026, 8, 31))["anna"] == [made.whole]
    assert made.plans_on(AUTUMN) == {"anna": [pilot], "bo": [pilot], "chen": [made.whole]}
    for name in made.ids:
        made.company.fact(name, AUTUMN, 100_000)
    runtime, entity = made.company.runtime, made.company.entity_id
    calculate(runtime, SYSTEM, entity, "2026-09", Mode.TRIAL, accept_provisional=True)
    with reading(made.company.engine, SYSTEM) as connection:
        run = latest_run(connection, entity, period="2026-09", known_at=runtime.clock())
        assert run is not None
        found = results(connection, SYSTEM, run, day=date(2026, 9, 30))
    paid = {each.person_id: each.payout for each in found}
    assert paid == {made.ids["anna"]: 5_000, made.ids["bo"]: 5_000, made.ids["chen"]: 1_000}
    narrow = Scope(units=(made.team,), positions=("sales",))
    everybody = made.publishes(tried, narrow, date(2026, 11, 1))
    assert made.plans_on(date(2026, 10, 31))["anna"] == [pilot]
    assert made.plans_on(date(2026, 11, 1)) == {name: [everybody] for name in made.ids}


def test_nobody_is_in_two_pilots_on_one_day(made: Piloted) -> None:
    pilot = made.publishes(plan("pilot", "0.05"), made.pilot("anna", "bo"), AUTUMN)
    with refused("plan_scope_overlaps") as refusal:
        made.publishes(plan("other", "0.06"), made.pilot("bo", "chen"), date(2026, 10, 1))
    assert refusal().values == {"plan": "pilot"}
    made.publishes(plan("other", "0.06"), made.pilot("bo", "chen"), YEAR, AUTUMN)
    more = made.publishes(
        plan("pilot", "0.07"), made.pilot("anna", "bo", "chen"), date(2026, 12, 1)
    )
    assert made.plans_on(date(2026, 11, 30))["bo"] == [pilot]
    assert made.plans_on(date(2026, 12, 1)) == {name: [more] for name in made.ids}


def test_a_pilot_names_people_of_the_company_and_not_half_of_it(made: Piloted) -> None:
    with refused("person_unknown"):
        made.publishes(plan("pilot", "0.05"), Scope(people=("per_nobody",)))
    with refused("pilot_too_large"):
        made.publishes(plan("pilot", "0.05"), Scope(people=("x",) * (MOST_PEOPLE + 1)))


def test_a_plan_that_is_as_narrow_for_the_same_people_is_found_when_it_is_published(
    made: Piloted,
) -> None:
    other = Scope(units=(made.team,), platforms=("plat_any",))
    for key, scope, overlap in (
        ("other", other, True),
        ("wide", Scope(positions=("sales",)), False),
        ("pilot", made.pilot("anna"), False),
    ):
        version = made.publishes(plan(key, "0.02"), scope)
        with reading(made.company.engine, SYSTEM) as connection:
            (stored,) = plan_versions(
                connection,
                made.company.entity_id,
                known_at=made.company.runtime.clock(),
                version_id=version,
            )
        assert stored.findings is not None
        others = [
            each.values["other"]
            for each in stored.findings
            if each.code is FindingCode.PLANS_OVERLAP
        ]
        assert others == (["sales"] if overlap else [])
    quarterly = changed(plan("quarterly", "0.02"), cadence="QUARTER")
    made.publishes(quarterly, Scope(units=(made.team,), positions=("sales",)))
    assert len(made.plans_on(YEAR)["anna"]) == 2


def test_two_scopes_overlap_only_where_neither_is_narrower() -> None:
    anna, both = Scope(people=("anna",)), Scope(people=("anna", "bo"))
    assert overlaps(anna, both)
    assert not overlaps(anna, Scope(people=("bo",)))
    assert not overlaps(anna, Scope())
    assert not overlaps(anna, Scope(people=("anna",), units=("north",)))
    assert overlaps(Scope(units=("north",)), Scope(positions=("sales",)))
    assert not overlaps(Scope(units=("north",)), Scope(units=("south",)))
