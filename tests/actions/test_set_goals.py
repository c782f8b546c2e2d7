"""Who may set a goal for whom, under which parent, and that nobody takes another's goal over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

import pytest

from actions.define_metric import define_metric
from actions.set_goals import set_goal
from domain.access import Actor, Role
from domain.goal import Goal, GoalLevel
from domain.people import AssignmentRole
from storage.engine import reading
from storage.goals import goals
from tests.support.company import SYSTEM, Company, office
from tests.support.rules import METRICS, goal
from tests.support.viewers import refused, viewer

YEAR = date(2026, 1, 1)
LEVELS = {"dep": GoalLevel.UNIT, "north": GoalLevel.TEAM, "south": GoalLevel.TEAM}


@dataclass
class Shop:
    """A department of two teams: anna and her manager mia in the north, bo in the south."""

    company: Company
    ids: dict[str, str]

    def set(
        self,
        actor: Actor,
        owner: str,
        *,
        level: GoalLevel = GoalLevel.PERSON,
        parent: str | None = None,
        goal_id: str | None = None,
        version: int | None = None,
        sales: str = "1000000.00",
    ) -> str:
        """Set a goal of September."""
        return self.company.write(
            lambda writing: set_goal(
                writing,
                actor,
                goal("2026-09", sales=sales),
                level=level,
                owner_id=self.ids.get(owner, owner),
                parent_id=parent,
                valid_from=YEAR,
                goal_id=goal_id,
                expected_version=version,
            )
        )

    def read(self, goal_id: str) -> Goal:
        """Read one goal back."""
        with reading(self.company.engine, SYSTEM) as connection:
            (found,) = goals(
                connection,
                SYSTEM,
                self.company.entity_id,
                known_at=self.company.runtime.clock(),
                ids=[goal_id],
            )
        return found

    def manager(self, unit: str) -> Actor:
        """The manager of a unit."""
        return viewer(
            Role.MANAGER, self.company.entity_id, unit=self.ids[unit], person=self.ids["mia"]
        )

    def person(self, name: str) -> Actor:
        """A salesperson."""
        return viewer(Role.SALESPERSON, self.company.entity_id, person=self.ids[name])

    @property
    def hr(self) -> Actor:
        """HR of the company."""
        return viewer(Role.HR, self.company.entity_id)


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Iterator[Shop]:
    with office(database_url, tmp_path) as runtime:
        company = Company(runtime)
        ids = {"dep": company.unit("dep")}
        for team in ("north", "south"):
            ids[team] = company.unit(team, parent="dep")
        for name, team in (("anna", "north"), ("mia", "north"), ("bo", "south")):
            ids[name] = company.person(name)
            role = AssignmentRole.LEAD if name == "mia" else AssignmentRole.MEMBER
            company.assign(ids[name], ids[team], role=role)
        for each in METRICS:
            company.write(partial(define_metric, actor=SYSTEM, document=each, valid_from=YEAR))
        yield Shop(company=company, ids=ids)


def test_a_manager_sets_a_goal_for_somebody_of_the_subtree(shop: Shop) -> None:
    made = shop.read(shop.set(shop.manager("dep"), "bo"))
    assert (made.owner_id, made.lines[0].target, made.version) == (shop.ids["bo"], 100_000_000, 1)


def test_another_manager_is_told_that_nobody_is_there(shop: Shop) -> None:
    with refused("not_found") as refusal:
        shop.set(shop.manager("north"), "bo")
    assert refusal().values == {"id": shop.ids["bo"]}


def test_a_salesperson_sets_no_goal_not_even_the_own_one(shop: Shop) -> None:
    with refused("forbidden"):
        shop.set(shop.person("anna"), "anna")


def test_nobody_sets_their_own_goal_whatever_they_lead(shop: Shop) -> None:
    with refused("goal_own"):
        shop.set(shop.manager("dep"), "mia")


def test_a_second_goal_for_the_same_metric_and_period_is_refused(shop: Shop) -> None:
    first = shop.set(shop.hr, "anna")
    with refused("goal_doubled") as refusal:
        shop.set(shop.manager("dep"), "anna", sales="1.00")
    assert refusal().values["goal"] == first
    shop.set(shop.hr, "anna", goal_id=first, sales="900000.00")
    assert shop.read(first).lines[0].target == 90_000_000


def test_hr_sets_a_goal_for_anybody_but_not_in_another_company(shop: Shop) -> None:
    assert shop.read(shop.set(shop.hr, "anna")).owner_id == shop.ids["anna"]
    other = Company(shop.company.runtime, name="Other")
    with refused("not_found"):
        shop.set(viewer(Role.HR, other.entity_id), "anna")


@pytest.mark.parametrize(("unit", "owner", "may"), [
    ("north", "north", True),
    ("dep", "north", True),
    ("dep", "dep", True),
    ("north", "south", False),
    ("north", "dep", False),
])  # fmt: skip
def test_a_manager_sets_the_goals_of_the_own_unit_and_of_those_below(
    shop: Shop, unit: str, owner: str, may: bool
) -> None:
    if may:
        made = shop.set(shop.manager(unit), owner, level=LEVELS[owner])
        assert shop.read(made).owner_id == shop.ids[owner]
    else:
        with refused("forbidden"):
            shop.set(shop.manager(unit), owner, level=LEVELS[owner])


def test_only_who_reaches_the_whole_company_sets_its_goal(shop: Shop) -> None:
    entity = shop.company.entity_id
    assert shop.read(shop.set(shop.hr, entity, level=GoalLevel.COMPANY)).owner_id == entity
    with refused("forbidden"):
        shop.set(shop.manager("dep"), entity, level=GoalLevel.COMPANY)


def test_a_change_is_a_new_version_and_an_old_version_in_hand_is_refused(shop: Shop) -> None:
    made = shop.set(shop.hr, "anna")
    assert shop.set(shop.hr, "anna", goal_id=made, version=1, sales="1200000.00") == made
    assert shop.read(made).version == 2
    assert shop.read(made).lines[0].target == 120_000_000
    with refused("version_conflict") as refusal:
        shop.set(shop.hr, "anna", goal_id=made, version=1)
    assert refusal().values == {"current": "2"}


def test_a_manager_cannot_take_over_a_goal_of_somebody_elses_team(shop: Shop) -> None:
    theirs = shop.set(shop.hr, "bo")
    with refused("not_found") as refusal:
        shop.set(shop.manager("north"), "anna", goal_id=theirs)
    assert refusal().values == {"id": theirs}
    assert shop.read(theirs).owner_id == shop.ids["bo"]


def test_a_manager_cannot_turn_the_companys_goal_into_one_of_the_team(shop: Shop) -> None:
    company = shop.set(shop.hr, shop.company.entity_id, level=GoalLevel.COMPANY)
    with refused("forbidden"):
        shop.set(shop.manager("north"), "anna", goal_id=company)
    assert shop.read(company).level is GoalLevel.COMPANY


def test_a_goal_cannot_hang_below_itself_over_any_number_of_steps(shop: Shop) -> None:
    top = shop.set(shop.hr, shop.company.entity_id, level=GoalLevel.COMPANY)
    middle = shop.set(shop.hr, "dep", level=GoalLevel.UNIT, parent=top)
    low = shop.set(shop.hr, "anna", parent=middle)
    with refused("goal_parent_circle") as refusal:
        shop.set(shop.hr, "dep", level=GoalLevel.UNIT, parent=low, goal_id=middle)
    assert refusal().values == {"goal": middle}
    assert shop.read(middle).parent_id == top


def test_a_parent_that_does_not_exist_is_refused(shop: Shop) -> None:
    with refused("goal_parent_unknown") as refusal:
        shop.set(shop.hr, "anna", parent="goal_nowhere")
    assert refusal().values == {"goal": "goal_nowhere"}


def test_a_vague_goal_is_refused_as_a_whole_with_every_reason(shop: Shop) -> None:
    document = {"name": "Sell more", "lines": [{"metric": "sales"}, {"target": "1"}]}
    with refused("document_refused") as refusal:
        shop.company.write(
            lambda w: set_goal(
                w, shop.hr, document, level=GoalLevel.PERSON, owner_id=shop.ids["anna"],
                parent_id=None, valid_from=YEAR,
            )
        )  # fmt: skip
    found = [(each.code, each.path, each.values["missing"]) for each in refusal().problems]
    assert found == [
        ("goal_vague", "period", "period"),
        ("goal_vague", "lines[0]", "target, unit"),
        ("goal_vague", "lines[1]", "metric, unit"),
    ]


def test_the_manager_of_that_time_decides_not_the_one_of_before(shop: Shop) -> None:
    company = shop.company
    cara = company.person("cara")
    company.assign(cara, shop.ids["north"], valid_to=date(2026, 9, 16))
    company.assign(cara, shop.ids["south"], valid_from=date(2026, 9, 16))
    with refused("not_found"):
        shop.set(shop.manager("north"), cara)
    assert shop.read(shop.set(shop.manager("south"), cara)).owner_id == cara
