"""Somebody is away: what may be done on their behalf, by whom, how long, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from actions.deed import demand_entity
from actions.identifiers import new_id
from domain.access import (
    DELEGATED_ROLES,
    UNDELEGATED,
    Actor,
    Deed,
    Resource,
    Role,
    Viewer,
    may,
)
from domain.delegation import DELEGATION_DAYS
from domain.problem import Refused
from storage import tables
from storage.accounts import account_of_id
from storage.carrying import Widening, widened
from storage.delegations import delegation_by_id
from storage.engine import Writing
from storage.people import add_revision, add_row, latest_row
from storage.rights import viewer_of


def delegate(
    writing: Writing,
    actor: Actor,
    *,
    to_account: str,
    rights: Sequence[tuple[Resource, Deed]],
    valid_from: date,
    valid_to: date,
    reason: str,
) -> str:
    """Hand some of the own rights to another account for a while; return the delegation's id."""
    if not isinstance(actor, Viewer) or actor.acting is not None or actor.rights is not None:
        raise Refused("delegation_not_passed_on")
    if not reason.strip():
        raise Refused("text_empty", {"field": "reason"}, path="reason")
    _check_days(writing.known_at.date(), valid_from, valid_to)
    _check_deputy(writing, actor, to_account, valid_from)
    _check_rights(actor, rights, writing.entity_id)
    identifier = new_id("del", writing.known_at)
    add_row(
        writing,
        tables.delegation,
        id=identifier,
        revision=1,
        valid_from=valid_from,
        valid_to=valid_to,
        voided=False,
        made_by=writing.actor,
        reason=reason.strip(),
        from_account=actor.account_id,
        to_account=to_account,
        rights=sorted({(resource.value, deed.value) for resource, deed in rights}),
    )
    return identifier


def _check_days(today: date, valid_from: date, valid_to: date) -> None:
    if valid_to <= valid_from:
        raise Refused(
            "dates_reversed", {"start": valid_from.isoformat(), "end": valid_to.isoformat()}
        )
    if valid_from < today:
        raise Refused("delegation_backdated", {"day": valid_from.isoformat()}, path="validFrom")
    if valid_to > valid_from + timedelta(days=DELEGATION_DAYS):
        raise Refused("delegation_too_long", {"most": str(DELEGATION_DAYS)}, path="validTo")


def _check_deputy(writing: Writing, actor: Viewer, to_account: str, day: date) -> None:
    with widened(writing.connection, Widening.ACCOUNT):
        account = account_of_id(writing.connection, to_account)
    if account is None or account.entity_id != writing.entity_id:
        raise Refused("not_found", {"id": to_account})
    if account.id == actor.account_id:
        raise Refused("delegation_to_self", path="to")
    with widened(writing.connection, Widening.ACCOUNT):
        deputy = viewer_of(writing.connection, account, day, writing.known_at)
    if Role.ADMIN in deputy.roles:
        raise Refused("delegation_to_administrator", path="to")


def _check_rights(actor: Viewer, rights: Sequence[tuple[Resource, Deed]], entity_id: str) -> None:
    if not rights:
        raise Refused("list_empty", {"field": "rights"}, path="rights")
    mine = tuple(grant for grant in actor.grants if grant.role in DELEGATED_ROLES)
    held = replace(actor, grants=mine, person_id=None)
    for index, (resource, deed) in enumerate(rights):
        if resource in UNDELEGATED or not may(held, resource, deed, entity_id):
            values = {"resource": resource.value, "deed": deed.value}
            raise Refused("delegation_not_held", values, path=f"rights[{index}]")


def take_back(writing: Writing, actor: Actor, delegation_id: str, expected_version: int) -> str:
    """End a delegation at once: whoever gave or has it, and HR, may; return its id."""
    found = delegation_by_id(writing.connection, writing.entity_id, delegation_id)
    if found is None or not isinstance(actor, Viewer):
        raise Refused("not_found", {"id": delegation_id})
    if actor.acting is not None or actor.account_id not in {found.from_account, found.to_account}:
        try:
            demand_entity(actor, Resource.PERSON, writing.entity_id)
        except Refused:
            raise Refused("not_found", {"id": delegation_id}) from None
    if found.version != expected_version:
        raise Refused("version_conflict", {"current": str(found.version)})
    before = latest_row(
        writing.connection, tables.delegation, "id", writing.known_at, id=delegation_id
    )
    if before is not None and not before.voided:
        add_revision(writing, tables.delegation, before, voided=True)
    return delegation_id
