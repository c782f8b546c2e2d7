"""A credit rule is drafted, then published from a day on; a published version never changes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from actions.deed import demand_entity
from actions.define_metric import refuse_unread
from actions.identifiers import new_id
from domain.access import Actor, Resource
from domain.credit import CreditRule
from domain.credit_document import credit_hash, decode_credit, encode_credit
from domain.problem import Problem, Refused
from storage import tables
from storage.credit_rules import PUBLISHED, published_rows
from storage.engine import Writing
from storage.people import add_revision, add_row, entity_of_person, latest_row, platforms, units

DRAFT = "DRAFT"


def draft_credit(
    writing: Writing,
    actor: Actor,
    document: object,
    *,
    valid_from: date,
    valid_to: date | None = None,
    rule_id: str | None = None,
    expected_version: int | None = None,
) -> str:
    """Make a draft, or change the draft ``rule_id``; return the version's id."""
    demand_entity(actor, Resource.CALCULATION, writing.entity_id)
    rule, problems = decode_credit(document)
    if rule is None:
        raise refuse_unread("credit", problems)
    if valid_to is not None and valid_to <= valid_from:
        raise Refused(
            "dates_reversed", {"start": valid_from.isoformat(), "end": valid_to.isoformat()}
        )
    revision = 1
    if rule_id is not None:
        revision = _draft(writing, rule_id, expected_version).revision + 1
    identifier = rule_id or new_id("crul", writing.known_at)
    add_row(
        writing,
        tables.credit_rule,
        id=identifier,
        revision=revision,
        key=rule.key,
        state=DRAFT,
        document=encode_credit(rule),
        hash=credit_hash(rule),
        valid_from=valid_from,
        valid_to=valid_to,
        voided=False,
        made_by=writing.actor,
    )
    return identifier


def publish_credit(
    writing: Writing, actor: Actor, rule_id: str, *, expected_version: int | None = None
) -> str:
    """Publish a draft: whom it names must be there, and no other rule may say the same."""
    demand_entity(actor, Resource.CALCULATION, writing.entity_id)
    draft = _draft(writing, rule_id, expected_version)
    rule, problems = decode_credit(draft.document)
    if rule is None:
        raise refuse_unread("credit", problems)
    unknown = tuple(_unknown(writing, rule, draft.valid_from))
    if unknown:
        raise refuse_unread("credit", unknown)
    _make_room(writing, draft, rule)
    add_revision(writing, tables.credit_rule, draft, state=PUBLISHED)
    return rule_id


def _unknown(writing: Writing, rule: CreditRule, day: date) -> Iterator[Problem]:
    """Name the people, units and platforms that are not of this legal entity."""
    connection, entity, known_at = writing.connection, writing.entity_id, writing.known_at
    wanted = {each.unit for each in rule.receivers if each.unit} | set(rule.scope.units)
    found = units(connection, entity, valid_at=day, known_at=known_at, ids=sorted(wanted))
    known = {str(each.id) for each in found}
    known |= {str(each.id) for each in platforms(connection, entity, known_at=known_at)}
    for place, receiver in enumerate(rule.receivers):
        if receiver.person and entity_of_person(connection, receiver.person) != entity:
            yield _missing(f"to[{place}].person", receiver.person)
        if receiver.unit and receiver.unit not in known:
            yield _missing(f"to[{place}].unit", receiver.unit)
    for name, ids in (("units", rule.scope.units), ("platforms", rule.scope.platforms)):
        for place, identifier in enumerate(ids):
            if identifier not in known:
                yield _missing(f"scope.{name}[{place}]", identifier)


def _missing(path: str, identifier: str) -> Problem:
    return Problem(code="not_found", path=path, values={"id": identifier})


def _make_room(writing: Writing, draft: Any, rule: CreditRule) -> None:
    """End the version before where this one begins; refuse another rule that says the same.

    Whether two rules ever meet on a fact is seen on the facts; that two are about the very same
    ones is seen here.
    """
    end = draft.valid_to or date.max
    for row in published_rows(writing, draft.valid_from, end):
        other, _ = decode_credit(row.document)
        if other is None:
            continue
        if row.key == rule.key:
            if row.valid_from >= draft.valid_from:
                raise Refused("credit_rule_overlaps", {"rule": row.key})
            add_revision(writing, tables.credit_rule, row, valid_to=draft.valid_from)
        elif _is_same(other, rule):
            raise Refused("credit_rule_overlaps", {"rule": row.key})


def _is_same(one: CreditRule, other: CreditRule) -> bool:
    first = (one.lane, one.rank, one.fact, one.scope, set(one.where))
    return first == (other.lane, other.rank, other.fact, other.scope, set(other.where))


def _draft(writing: Writing, rule_id: str, expected_version: int | None) -> Any:
    row = latest_row(
        writing.connection, tables.credit_rule, "id", writing.known_at,
        id=rule_id, legal_entity_id=writing.entity_id,
    )  # fmt: skip
    if row is None:
        raise Refused("not_found", {"id": rule_id})
    if row.state != DRAFT:
        raise Refused("credit_state_wrong", {"state": row.state, "wanted": DRAFT})
    if expected_version is not None and row.revision != expected_version:
        raise Refused("version_conflict", {"current": str(row.revision)})
    return row
