"""A legal entity decides who sees what: the privacy minimum, leaderboards, the pay of teams."""

from __future__ import annotations

from datetime import date

from actions.deed import demand_entity
from actions.identifiers import new_id
from domain.access import Actor, Resource, Role
from domain.privacy import PRIVACY_FLOOR, BoardVisibility
from domain.problem import Refused
from storage import tables
from storage.accounts import account_of_id
from storage.carrying import Widening, widened
from storage.engine import Writing
from storage.people import add_revision, add_row, latest_row
from storage.settings import setting_from, settings_on


def decide_settings(
    writing: Writing,
    actor: Actor,
    *,
    valid_from: date,
    privacy_minimum: int | None,
    leaderboard: BoardVisibility | None,
    team_pay: bool | None,
    reason: str,
    expected_version: int | None,
) -> str:
    """Decide from a day on, never backwards; what is not named stays as it is that day."""
    demand_entity(actor, Resource.SETTING, writing.entity_id)
    if valid_from < writing.known_at.date():
        # What was promised for the days gone by is kept.
        raise Refused("settings_backdated", {"day": valid_from.isoformat()}, path="validFrom")
    if privacy_minimum is not None and privacy_minimum < PRIVACY_FLOOR:
        raise Refused("privacy_minimum_low", {"least": str(PRIVACY_FLOOR)}, path="privacyMinimum")
    if not reason.strip():
        raise Refused("text_empty", {"field": "reason"}, path="reason")
    holds = settings_on(writing.connection, writing.entity_id, valid_from)
    before = setting_from(writing.connection, writing.entity_id, valid_from)
    if expected_version is not None and expected_version != (before.revision if before else 0):
        raise Refused("version_conflict", {"current": str(before.revision if before else 0)})
    fields = {
        "privacy_minimum": holds.privacy_minimum if privacy_minimum is None else privacy_minimum,
        "leaderboard": (leaderboard or holds.leaderboard).value,
        "team_pay": holds.team_pay if team_pay is None else team_pay,
        "reason": reason.strip(),
    }
    if before is not None:
        add_revision(writing, tables.entity_setting, before, **fields)
        return str(before.id)
    identifier = new_id("set", writing.known_at)
    add_row(
        writing,
        tables.entity_setting,
        id=identifier,
        revision=1,
        valid_from=valid_from,
        valid_to=None,
        voided=False,
        made_by=writing.actor,
        **fields,
    )
    return identifier


def grant_team_pay(
    writing: Writing,
    actor: Actor,
    *,
    account_id: str,
    unit_id: str,
    valid_from: date,
    valid_to: date | None,
    reason: str,
) -> str:
    """Let whoever leads a unit see its pay; worth something only while they lead it."""
    demand_entity(actor, Resource.PAY, writing.entity_id)
    if not settings_on(writing.connection, writing.entity_id, valid_from).team_pay:
        raise Refused("team_pay_not_allowed")
    if valid_to is not None and valid_to <= valid_from:
        raise Refused(
            "dates_reversed", {"start": valid_from.isoformat(), "end": valid_to.isoformat()}
        )
    if not reason.strip():
        raise Refused("text_empty", {"field": "reason"}, path="reason")
    with widened(writing.connection, Widening.ACCOUNT):
        account = account_of_id(writing.connection, account_id)
    if account is None or account.entity_id != writing.entity_id:
        raise Refused("not_found", {"id": account_id})
    unit = latest_row(
        writing.connection, tables.unit, "id", writing.known_at,
        id=unit_id, legal_entity_id=writing.entity_id,
    )  # fmt: skip
    if unit is None:
        raise Refused("not_found", {"id": unit_id})
    identifier = new_id("grant", writing.known_at)
    add_row(
        writing,
        tables.role_grant,
        id=identifier,
        revision=1,
        valid_from=valid_from,
        valid_to=valid_to,
        voided=False,
        made_by=writing.actor,
        reason=reason.strip(),
        account_id=account_id,
        role=Role.TEAM_PAY.value,
        unit_id=unit_id,
    )
    return identifier


def revoke_team_pay(writing: Writing, actor: Actor, grant_id: str, reason: str) -> str:
    """Take the right to a team's pay away at once."""
    demand_entity(actor, Resource.PAY, writing.entity_id)
    before = latest_row(
        writing.connection, tables.role_grant, "id", writing.known_at,
        id=grant_id, legal_entity_id=writing.entity_id, role=Role.TEAM_PAY.value,
    )  # fmt: skip
    if before is None:
        raise Refused("not_found", {"id": grant_id})
    if not before.voided:
        add_revision(writing, tables.role_grant, before, voided=True, reason=reason.strip())
    return grant_id
