"""Everything about a person in one document: for the person, or for HR of the legal entity."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from actions.deed import Runtime, perform
from domain.access import Actor, Deed, Range, Resource, Role, System, Viewer, may, reaches
from domain.problem import Refused
from storage.audit import add_event
from storage.engine import reading
from storage.people import entity_of_person
from storage.personal_rows import rows_about, subject_of

FORMAT, VERSION = "attain.person", 1
_DEED = "personExport"
_OWN = System(name="export")
_SECRETS = "tokens, keys and their hashes"
_PAY = "pay: it may not be read by whoever asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """The document as JSON, and how much is in it."""

    document: str
    counts: Mapping[str, int]

    @property
    def rows(self) -> int:
        """How many rows, of all tables together."""
        return sum(self.counts.values())


def export_person(runtime: Runtime, actor: Actor, person_id: str, key: str | None = None) -> Export:
    """Write everything about a person as one document; that it was asked for is in the trail.

    The same key again makes the document anew, and leaves another line. Refused with ``forbidden``
    to whoever is neither the person nor HR, whoever the person is, or whether there is one.
    """
    own = _demand(actor, person_id)
    with reading(runtime.engine, _OWN) as connection:
        entity_id = entity_of_person(connection, person_id)
    if entity_id is None or not (own or _is_hr(actor, entity_id)):
        raise Refused("not_found", {"id": person_id})
    request = {"person": person_id}
    done = perform(runtime, actor, entity_id, _DEED, request, lambda _writing: person_id, key)
    if done.replayed:
        # Nothing is done twice, but it is shown twice: the trail has to say so.
        with runtime.writing(entity_id, actor) as again:
            add_event(again, _DEED, person_id, {"again": True})
    with_pay = _sees_pay(actor, person_id, entity_id)
    # The right is checked; what it reaches lies in tables that nobody reads whole but the product.
    with reading(runtime.engine, _OWN) as connection:
        subject = subject_of(connection, person_id, None if own else entity_id)
        found = rows_about(connection, subject, with_pay=with_pay)
    document = _document(person_id, entity_id, runtime.clock(), found, with_pay=with_pay)
    return Export(
        document=json.dumps(document, ensure_ascii=False),
        counts={name: len(rows) for name, rows in found.items()},
    )


def _demand(actor: Actor, person_id: str) -> bool:
    """Refuse whoever exports nobody; say whether it is the person themself who asks."""
    if isinstance(actor, System):
        return False
    barred = actor.acting is not None or actor.rights is not None
    own = actor.person_id == person_id and may(actor, Resource.PERSON, Deed.READ)
    if barred or not (own or _hr_entities(actor)):
        values = {"resource": Resource.PERSON.value, "deed": Deed.READ.value}
        raise Refused("forbidden", values)
    return own


def _hr_entities(viewer: Viewer) -> frozenset[str]:
    """Return the legal entities whose HR it is: of the whole, a branch has only its own days."""
    hr = {each.entity_id for each in viewer.grants if each.role is Role.HR and not each.unit_id}
    seen = reaches(viewer, Resource.PERSON, Deed.READ)
    return frozenset(
        reach.entity_id for reach in seen if reach.range >= Range.ENTITY and reach.entity_id in hr
    )


def _is_hr(actor: Actor, entity_id: str) -> bool:
    return isinstance(actor, System) or entity_id in _hr_entities(actor)


def _sees_pay(actor: Actor, person_id: str, entity_id: str) -> bool:
    if isinstance(actor, System):
        return True
    return any(
        reach.entity_id == entity_id
        and (reach.range >= Range.ENTITY or reach.person_id == person_id)
        for reach in reaches(actor, Resource.PAY, Deed.READ)
    )


def _document(
    person_id: str,
    entity_id: str,
    made_at: datetime,
    found: Mapping[str, list[dict[str, Any]]],
    *,
    with_pay: bool,
) -> dict[str, Any]:
    newest = found["person"][-1]
    return {
        "format": FORMAT,
        "version": VERSION,
        "person": {"id": person_id, "name": newest["name"], "legal_entity_id": entity_id},
        "made_at": made_at.astimezone(UTC).isoformat(),
        "left_out": [_SECRETS] if with_pay else [_SECRETS, _PAY],
        "counts": {name: len(rows) for name, rows in found.items()},
        "sections": found,
    }
