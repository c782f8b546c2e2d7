"""Who may see what: the table itself, and how a role's scope becomes a reach."""

from __future__ import annotations

import pytest

from domain.access import POLICY, Deed, Grant, Range, Reach, Resource, Role, Viewer, may, reaches
from domain.ids import AccountId, EntityId, PersonId, UnitId

A, B = EntityId("ent_a"), EntityId("ent_b")
UNIT = UnitId("unit_a")
ME = PersonId("per_me")


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
    business = resource not in {Resource.ACCOUNT, Resource.TOKEN, Resource.AUDIT, Resource.UNIT}
    assert may(admin, resource, Deed.READ) is not business


@pytest.mark.parametrize("resource", list(Resource))
def test_an_auditor_reads_everything_and_changes_nothing(resource: Resource) -> None:
    auditor = viewer(Grant(role=Role.AUDITOR, entity_id=A))
    assert may(auditor, resource, Deed.READ)
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
