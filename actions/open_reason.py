"""An auditor states why pay is read; then every person and period read is written down."""

from __future__ import annotations

from datetime import timedelta

from actions.deed import Runtime
from actions.identifiers import new_id
from domain.access import Actor, OpenReason, Role, Viewer
from domain.problem import Refused
from storage import tables
from storage.audit import add_event
from storage.engine import Writing, reading
from storage.people import add_row, latest_row
from storage.reasons import is_noted

REASON_MINUTES = 60
_REASON_MOST = 1000


def open_reason(writing: Writing, actor: Actor, reason: str, person_id: str | None) -> str:
    """Open a reason for an hour, for one person or for all of the legal entity; return its id."""
    if not isinstance(actor, Viewer) or not any(
        grant.role is Role.AUDITOR and grant.entity_id == writing.entity_id and grant.current
        for grant in actor.grants
    ):
        raise Refused("forbidden", {"resource": "PAY", "deed": "READ"})
    if not reason.strip():
        raise Refused("text_empty", {"field": "reason"}, path="reason")
    if len(reason) > _REASON_MOST:
        raise Refused("text_too_long", {"field": "reason", "most": str(_REASON_MOST)}, "reason")
    if person_id is not None and not _is_person(writing, person_id):
        raise Refused("not_found", {"id": person_id})
    identifier = new_id("why", writing.known_at)
    add_row(
        writing,
        tables.access_reason,
        id=identifier,
        account_id=actor.account_id,
        person_id=person_id,
        reason=reason.strip(),
        opened_at=writing.known_at,
        expires_at=writing.known_at + timedelta(minutes=REASON_MINUTES),
    )
    return identifier


def _is_person(writing: Writing, person_id: str) -> bool:
    found = latest_row(
        writing.connection, tables.person, "id", writing.known_at,
        id=person_id, legal_entity_id=writing.entity_id,
    )  # fmt: skip
    return found is not None


def note_pay_read(
    runtime: Runtime, viewer: Viewer, entity_id: str, person_id: str, period: str
) -> None:
    """Write down that somebody's pay was read under a reason: once per person, period, reason.

    Call it before the answer leaves: what cannot be written down is not shown.
    """
    if viewer.person_id == person_id:
        return
    for reason in _covering(viewer, entity_id, person_id):
        with reading(runtime.engine, viewer) as connection:
            if is_noted(connection, reason.id, person_id, period):
                continue
        with runtime.writing(entity_id, viewer) as opened:
            _note(opened, reason, person_id, period)


def _covering(viewer: Viewer, entity_id: str, person_id: str) -> list[OpenReason]:
    return [
        reason
        for reason in viewer.reasons
        if reason.entity_id == entity_id and reason.person_id in {None, person_id}
    ]


def _note(writing: Writing, reason: OpenReason, person_id: str, period: str) -> None:
    if is_noted(writing.connection, reason.id, person_id, period):
        return
    add_row(
        writing,
        tables.access_reading,
        reason_id=reason.id,
        person_id=person_id,
        period=period,
        read_at=writing.known_at,
    )
    add_event(writing, "payRead", person_id, {"reason": reason.id, "period": period})
