"""Joiners, movers and leavers: what holds on which day, and who may say so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from actions.change_people import PersonDraft, UnitDraft, join, leave, move, put_unit
from domain.access import Actor, Role
from domain.people import Assignment, AssignmentRole, Person, UnitKind
from storage.engine import reading
from storage.people import assignments, people, units_above
from tests.support.company import SYSTEM, Company, office
from tests.support.viewers import refused, viewer

MEMBER = AssignmentRole.MEMBER
AUGUST = date(2026, 8, 1)


@pytest.fixture
def company(database_url: str, tmp_path: Path) -> Iterator[Company]:
    with office(database_url, tmp_path) as runtime:
        yield Company(runtime)


def joins(company: Company, unit: str, actor: Actor = SYSTEM, platform: str | None = None) -> str:
    draft = PersonDraft(source_key="n1", name="Anna", staff_number="n1", joined_on=AUGUST)
    return company.write(
        lambda w: join(
            w, actor, draft, unit_id=unit, platform_id=platform, position="sales", role=MEMBER
        )
    )


def moves(company: Company, person: str, unit: str, on: date, version: int | None = None) -> str:
    return company.write(
        lambda w: move(
            w, SYSTEM, person, on=on, unit_id=unit, platform_id=None, position="sales",
            role=MEMBER, expected_version=version,
        )
    )  # fmt: skip


def leaves(company: Company, person: str, on: date, version: int | None = None) -> str:
    return company.write(lambda w: leave(w, SYSTEM, person, on=on, expected_version=version))


def held(company: Company, person: str) -> tuple[Assignment, ...]:
    with reading(company.engine, SYSTEM) as connection:
        return assignments(
            connection,
            company.entity_id,
            start=date(2020, 1, 1),
            end=date(2030, 1, 1),
            known_at=company.runtime.clock(),
            person_ids=[person],
        )


def spans(company: Company, person: str) -> list[tuple[str, date, date | None]]:
    return [(each.unit_id, each.valid_from, each.valid_to) for each in held(company, person)]


def person_of(company: Company, person: str) -> Person:
    with reading(company.engine, SYSTEM) as connection:
        (found,) = people(
            connection, SYSTEM, valid_at=AUGUST, known_at=company.runtime.clock(), ids=[person]
        )
    return found


def test_a_joiner_belongs_to_the_unit_from_the_first_day(company: Company) -> None:
    north = company.unit("north")
    anna = joins(company, north)
    assert spans(company, anna) == [(north, AUGUST, None)]


def test_a_mover_is_in_one_unit_on_every_day(company: Company) -> None:
    north, south = company.unit("north"), company.unit("south")
    anna = joins(company, north)
    day = date(2026, 8, 16)
    moves(company, anna, south, day)
    assert spans(company, anna) == [(north, AUGUST, day), (south, day, None)]


def test_a_move_on_the_day_of_joining_leaves_no_day_in_the_first_unit(company: Company) -> None:
    north, south = company.unit("north"), company.unit("south")
    anna = joins(company, north)
    moves(company, anna, south, AUGUST)
    assert spans(company, anna) == [(south, AUGUST, None)]


def test_moving_again_on_the_same_day_corrects_the_move(company: Company) -> None:
    north, south, west = (company.unit(code) for code in ("north", "south", "west"))
    anna = joins(company, north)
    day = date(2026, 8, 16)
    moves(company, anna, south, day)
    moves(company, anna, west, day)
    assert spans(company, anna) == [(north, AUGUST, day), (west, day, None)]


def test_a_leaver_is_assigned_to_the_last_day_and_no_longer(company: Company) -> None:
    north = company.unit("north")
    anna = joins(company, north)
    day = date(2026, 9, 1)
    leaves(company, anna, day)
    assert spans(company, anna) == [(north, AUGUST, day)]
    assert person_of(company, anna).left_on == day


def test_nobody_moves_after_leaving(company: Company) -> None:
    north, south = company.unit("north"), company.unit("south")
    anna = joins(company, north)
    leaves(company, anna, date(2026, 9, 1))
    with refused("person_left") as refusal:
        moves(company, anna, south, date(2026, 9, 1))
    assert refusal().values == {"person": "Anna"}
    moves(company, anna, south, date(2026, 8, 20))


def test_nobody_leaves_before_joining(company: Company) -> None:
    anna = joins(company, company.unit("north"))
    with refused("dates_reversed"):
        leaves(company, anna, AUGUST)
    assert person_of(company, anna).left_on is None


def test_every_change_is_a_new_version_and_an_old_one_in_hand_is_refused(company: Company) -> None:
    north, south = company.unit("north"), company.unit("south")
    anna = joins(company, north)
    assert person_of(company, anna).version == 1
    moves(company, anna, south, date(2026, 8, 16), version=1)
    assert person_of(company, anna).version == 2
    with refused("version_conflict") as refusal:
        leaves(company, anna, date(2026, 9, 1), version=1)
    assert refusal().values == {"current": "2"}
    assert held(company, anna)[-1].valid_to is None


def test_what_was_known_before_the_move_can_still_be_read(company: Company) -> None:
    north, south = company.unit("north"), company.unit("south")
    anna = joins(company, north)
    before = company.runtime.clock()
    moves(company, anna, south, date(2026, 8, 16))
    with reading(company.engine, SYSTEM) as connection:
        then = assignments(
            connection, company.entity_id, start=AUGUST, end=date(2026, 10, 1), known_at=before
        )
    assert [(each.unit_id, each.valid_to) for each in then] == [(north, None)]


@pytest.mark.parametrize("place", ["unit", "platform"])
def test_a_place_that_does_not_exist_is_refused(company: Company, place: str) -> None:
    north = company.unit("north")
    with refused("not_found") as refusal:
        if place == "unit":
            joins(company, "unit_nowhere")
        else:
            joins(company, north, platform="plat_nowhere")
    assert refusal().values == {"id": "unit_nowhere" if place == "unit" else "plat_nowhere"}


@pytest.mark.parametrize("role", [Role.SALESPERSON, Role.MANAGER, Role.AUDITOR, Role.ADMIN])
def test_only_hr_lets_people_join(company: Company, role: Role) -> None:
    north = company.unit("north")
    with refused("forbidden"):
        joins(company, north, viewer(role, company.entity_id, unit=north, person="per_me"))
    assert joins(company, north, viewer(Role.HR, company.entity_id)).startswith("per_")


def test_hr_of_another_company_lets_nobody_join_here(company: Company) -> None:
    north = company.unit("north")
    other = Company(company.runtime, name="Other")
    with refused("forbidden"):
        joins(company, north, viewer(Role.HR, other.entity_id))


def test_a_unit_cannot_hang_below_itself(company: Company) -> None:
    company.unit("top")
    company.unit("low", parent="top")
    with refused("unit_circle"):
        company.unit("top", parent="low")


def test_a_circle_is_found_whatever_other_places_the_units_had(company: Company) -> None:
    # Until the end of 2025 low hung below top; from 2026 on it stands alone.
    company.unit("top")
    company.unit("low", parent="top", valid_to=date(2026, 1, 1))
    company.unit("low", valid_from=date(2026, 1, 1))
    with refused("unit_circle"):
        company.unit("top", parent="low")
    with refused("unit_circle"):
        company.unit("top", parent="low", valid_from=date(2025, 12, 31))


def test_units_may_change_places_with_each_other_over_time(company: Company) -> None:
    new_year = date(2026, 1, 1)
    top = company.unit("top", valid_to=new_year)
    low = company.unit("low", parent="top", valid_to=new_year)
    company.unit("low", valid_from=new_year)
    company.unit("top", parent="low", valid_from=new_year)
    with reading(company.engine, SYSTEM) as connection:
        assert units_above(connection, date(2025, 12, 31))[low] == (low, top)
        assert units_above(connection, new_year)[top] == (top, low)


def test_steps_that_hold_on_no_common_day_are_no_circle(company: Company) -> None:
    # In 2025 mid hangs below top, from 2026 on top below low: low may hang below mid all along.
    start, new_year = date(2025, 1, 1), date(2026, 1, 1)
    low = company.unit("low", valid_from=start)
    top = company.unit("top", valid_from=start, valid_to=new_year)
    company.unit("top", parent="low", valid_from=new_year)
    mid = company.unit("mid", parent="top", valid_from=start, valid_to=new_year)
    company.unit("mid", valid_from=new_year)
    company.unit("low", parent="mid", valid_from=start)
    with reading(company.engine, SYSTEM) as connection:
        assert units_above(connection, date(2025, 12, 31))[low] == (low, mid, top)
        assert units_above(connection, new_year)[top] == (top, low, mid)


def test_a_parent_that_does_not_exist_is_named(company: Company) -> None:
    draft = UnitDraft(
        code="low", name="low", kind=UnitKind.TEAM, parent_code="gone", valid_from=AUGUST
    )
    with refused("unit_unknown_parent") as refusal:
        company.write(lambda writing: put_unit(writing, draft))
    assert refusal().values == {"unit": "low", "parent": "gone"}


def test_nobody_moves_before_joining_or_to_a_place_without_a_name(company: Company) -> None:
    north, south = company.unit("north"), company.unit("south")
    anna = joins(company, north)
    with refused("dates_reversed"):
        moves(company, anna, south, date(2026, 7, 1))
    with refused("text_empty"):
        company.write(
            lambda w: move(
                w, SYSTEM, anna, on=date(2026, 9, 1), unit_id=south, platform_id=None,
                position=" ", role=MEMBER, expected_version=None,
            )
        )  # fmt: skip


def test_a_move_before_leaving_ends_with_the_leaving(company: Company) -> None:
    north, south = company.unit("north"), company.unit("south")
    anna = joins(company, north)
    leaves(company, anna, date(2026, 11, 20))
    moves(company, anna, south, date(2026, 11, 10))
    assert spans(company, anna)[-1] == (south, date(2026, 11, 10), date(2026, 11, 20))


def test_a_staff_number_belongs_to_one_person(company: Company) -> None:
    north = company.unit("north")
    joins(company, north)
    other = PersonDraft(source_key="n2", name="Bo", staff_number="n1", joined_on=AUGUST)
    with refused("staff_number_taken"):
        company.write(
            lambda w: join(
                w, SYSTEM, other, unit_id=north, platform_id=None, position="sales", role=MEMBER
            )
        )
