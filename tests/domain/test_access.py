"""Who may see what: the table itself, and how a role's scope becomes a reach."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from domain.access import (
    POLICY,
    Acting,
    Deed,
    Grant,
    OpenReason,
    Range,
    Reach,
    Resource,
    Role,
    Viewer,
    may,
    may_all,
    reaches,
    refusal_of,
)
from domain.ids import AccountId, EntityId, PersonId, UnitId

A, B = EntityId("ent_a"), EntityId("ent_b")
UNIT = UnitId("unit_a")
ME, OTHER = PersonId("per_me"), PersonId("per_other")


def viewer(*grants: Grant, person: PersonId | None = ME) -> Viewer:
    return Viewer(account_id=AccountId("acc_me"), person_id=person, grants=grants)


def test_a_manager_reads_the_performance_of_the_subtree_and_only_the_own_pay() -> None:
    manager = viewer(Grant(role=Role.MANAGER, entity_id=A, unit_id=UNIT))
    assert reaches(manager, Resource.PERFORMANCE, Deed.READ) == (
        Reach(range=Range.SUBTREE, entity_id=A, unit_id=UNIT),
    )
    assert reaches(manager, Resource.PAY, Deed.READ) == (
        Reach(range=Range.SELF, entity_id=A, person_id=ME),
    )


def test_hr_reads_pay_of_the_own_legal_entity_and_of_no_other() -> None:
    hr = viewer(Grant(role=Role.HR, entity_id=A))
    assert reaches(hr, Resource.PAY, Deed.READ) == (Reach(range=Range.ENTITY, entity_id=A),)
    assert B not in {reach.entity_id for reach in reaches(hr, Resource.PAY, Deed.READ)}


@pytest.mark.parametrize("resource", list(Resource))
def test_an_administrator_sees_no_business_data(resource: Resource) -> None:
    admin = viewer(Grant(role=Role.ADMIN, entity_id=A))
    system = {Resource.ACCOUNT, Resource.TOKEN, Resource.AUDIT, Resource.UNIT, Resource.SETTING}
    business = resource not in system
    assert may(admin, resource, Deed.READ) is not business


@pytest.mark.parametrize("resource", list(Resource))
def test_an_auditor_reads_everything_and_changes_nothing(resource: Resource) -> None:
    auditor = viewer(Grant(role=Role.AUDITOR, entity_id=A))
    assert may(auditor, resource, Deed.READ) is (resource is not Resource.PAY)
    assert not may(auditor, resource, Deed.WRITE)


def test_somebody_without_a_role_reaches_nothing() -> None:
    nobody = viewer()
    assert not any(may(nobody, resource, deed) for resource in Resource for deed in Deed)


def test_a_right_without_its_scope_reaches_nothing() -> None:
    lost = viewer(Grant(role=Role.MANAGER, entity_id=A), person=None)
    assert reaches(lost, Resource.PERFORMANCE, Deed.READ) == ()
    assert reaches(lost, Resource.PAY, Deed.READ) == ()


def test_roles_add_up_and_keep_their_own_scopes() -> None:
    both = viewer(
        Grant(role=Role.MANAGER, entity_id=A, unit_id=UNIT), Grant(role=Role.HR, entity_id=B)
    )
    assert set(reaches(both, Resource.PERFORMANCE, Deed.READ)) == {
        Reach(range=Range.SUBTREE, entity_id=A, unit_id=UNIT),
        Reach(range=Range.ENTITY, entity_id=B),
    }


def test_only_hr_changes_pay_and_plans() -> None:
    writers = {
        role
        for (role, resource, deed), extent in POLICY.items()
        if resource in {Resource.PAY, Resource.PLAN} and deed is Deed.WRITE and extent
    }
    assert writers == {Role.HR}


def test_an_auditor_reads_pay_only_of_whom_an_open_reason_names() -> None:
    grants = (Grant(role=Role.AUDITOR, entity_id=A),)
    shut = viewer(*grants)
    assert refusal_of(shut, Resource.PAY, Deed.READ) == "reason_required"
    one = replace(shut, reasons=(OpenReason(id="r1", entity_id=A, person_id=OTHER),))
    assert reaches(one, Resource.PAY, Deed.READ) == (
        Reach(range=Range.SELF, entity_id=A, person_id=OTHER),
    )
    everybody = replace(shut, reasons=(OpenReason(id="r1", entity_id=A),))
    assert may_all(everybody, Resource.PAY, Deed.READ, A)
    assert not may_all(one, Resource.PAY, Deed.READ, A)
    elsewhere = replace(shut, reasons=(OpenReason(id="r1", entity_id=B),))
    assert not may(elsewhere, Resource.PAY, Deed.READ)


def test_hr_of_a_branch_reaches_its_people_and_no_rule_or_source() -> None:
    branch = viewer(Grant(role=Role.HR, entity_id=A, unit_id=UNIT))
    below = (Reach(range=Range.SUBTREE, entity_id=A, unit_id=UNIT),)
    for resource in (Resource.PERSON, Resource.GOAL, Resource.PERFORMANCE, Resource.PAY):
        assert reaches(branch, resource, Deed.READ) == below
    for resource in (Resource.PLAN, Resource.METRIC, Resource.UNIT):
        assert not may(branch, resource, Deed.WRITE)
    hidden = (Resource.SOURCE, Resource.IDENTITY, Resource.CALCULATION, Resource.AUDIT)
    assert not any(may(branch, resource, Deed.READ) for resource in hidden)


def test_a_right_that_is_over_reads_its_own_time_and_changes_nothing() -> None:
    over = Grant(
        role=Role.MANAGER,
        entity_id=A,
        unit_id=UNIT,
        valid_from=date(2026, 1, 1),
        valid_to=date(2026, 4, 1),
        current=False,
    )
    (reach,) = reaches(viewer(over), Resource.GOAL, Deed.READ)
    assert (reach.valid_from, reach.valid_to) == (date(2026, 1, 1), date(2026, 4, 1))
    assert reaches(viewer(over), Resource.GOAL, Deed.WRITE) == ()
    assert reaches(viewer(over), Resource.METRIC, Deed.READ) == ()


def test_team_pay_is_a_right_of_its_own() -> None:
    payer = viewer(Grant(role=Role.TEAM_PAY, entity_id=A, unit_id=UNIT))
    assert reaches(payer, Resource.PAY, Deed.READ) == (
        Reach(range=Range.SUBTREE, entity_id=A, unit_id=UNIT),
    )
    assert {resource for resource in Resource if may(payer, resource, Deed.READ)} == {Resource.PAY}


def acting(*rights: tuple[Resource, Deed]) -> Viewer:
    grants = (
        Grant(role=Role.MANAGER, entity_id=A, unit_id=UNIT),
        Grant(role=Role.HR, entity_id=A),
        Grant(role=Role.SALESPERSON, entity_id=A),
    )
    return replace(
        viewer(*grants),
        acting=Acting(
            account_id=AccountId("acc_boss"),
            person_id=OTHER,
            delegation_id="d1",
            rights=frozenset(rights),
        ),
    )


def test_a_deputy_has_what_was_handed_on_and_nothing_that_is_ones_own() -> None:
    deputy = acting((Resource.GOAL, Deed.WRITE), (Resource.PAY, Deed.READ))
    assert may(deputy, Resource.GOAL, Deed.WRITE)
    assert not may(deputy, Resource.GOAL, Deed.READ)
    assert refusal_of(deputy, Resource.GOAL, Deed.READ) == "acting_beyond"
    assert reaches(deputy, Resource.PAY, Deed.READ) == (
        Reach(range=Range.ENTITY, entity_id=A, without=OTHER),
    )
    assert not may_all(deputy, Resource.PAY, Deed.READ, A)
    assert deputy.persons == {ME, OTHER}


@pytest.mark.parametrize("resource", [Resource.ACCOUNT, Resource.AUDIT])
def test_accounts_and_the_trail_are_never_handed_on(resource: Resource) -> None:
    deputy = acting((resource, Deed.READ), (resource, Deed.WRITE))
    assert not may(deputy, resource, Deed.READ)
    assert not may(deputy, resource, Deed.WRITE)
