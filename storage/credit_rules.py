"""Credit rules: versioned documents with dates, read back as domain objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from domain.credit import CreditRule, DatedRule
from domain.credit_document import decode_credit
from storage.asked import asked, asked_instant
from storage.carrying import Widening, widened
from storage.engine import Writing
from storage.rules import known, overlaps
from storage.tables import credit_rule

PUBLISHED = "PUBLISHED"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCreditRule:
    """A version of a credit rule in its latest known state."""

    id: str
    version: int
    state: str
    valid_from: date
    valid_to: date | None
    known_at: datetime
    hash: str
    rule: CreditRule

    @property
    def dated(self) -> DatedRule:
        """The rule with its days, as crediting takes it."""
        return DatedRule(
            id=self.id, rule=self.rule, valid_from=self.valid_from, valid_to=self.valid_to
        )


def credit_rules(
    connection: Connection,
    entity_id: str,
    *,
    known_at: datetime,
    start: date | None = None,
    end: date | None = None,
    state: str | None = None,
    version_id: str | None = None,
) -> tuple[StoredCreditRule, ...]:
    """Return versions of credit rules in the state known at ``known_at``, oldest first."""
    query = select(credit_rule).where(
        known(credit_rule, known_at, "id"),
        credit_rule.c.legal_entity_id == entity_id,
        credit_rule.c.voided.is_(False),
    )
    if start is not None and end is not None:
        query = query.where(overlaps(credit_rule, start, end))
    if state is not None:
        query = query.where(credit_rule.c.state == state)
    if version_id is not None:
        query = query.where(credit_rule.c.id == version_id)
    rows = connection.execute(query.order_by(credit_rule.c.valid_from, credit_rule.c.id))
    return tuple(_stored(row) for row in rows)


def has_credit_rules(connection: Connection, entity_id: str, known_at: datetime) -> bool:
    """Say whether any rule was ever published."""
    values = {"entity_id": entity_id, "known_at": known_at}
    return connection.execute(_ANY_PUBLISHED, values).first() is not None


_ANY_PUBLISHED = (
    select(credit_rule.c.id)
    .where(
        credit_rule.c.legal_entity_id == asked("entity_id"),
        credit_rule.c.state == PUBLISHED,
        credit_rule.c.known_at <= asked_instant("known_at"),
    )
    .limit(1)
)


def published_rows(writing: Writing, start: date, end: date) -> tuple[Row[*tuple[Any, ...]], ...]:
    """Return the published versions that hold on any day of ``[start, end)``, oldest first."""
    query = select(credit_rule).where(
        known(credit_rule, writing.known_at, "id"),
        credit_rule.c.legal_entity_id == writing.entity_id,
        credit_rule.c.state == PUBLISHED,
        overlaps(credit_rule, start, end),
    )
    ordered = query.order_by(credit_rule.c.valid_from, credit_rule.c.id)
    return tuple(writing.connection.execute(ordered).all())


def _stored(row: Row[Any]) -> StoredCreditRule:
    rule, problems = decode_credit(row.document)
    if rule is None:
        raise ValueError(f"stored credit rule {row.id} cannot be read: {problems}")
    return StoredCreditRule(
        id=row.id,
        version=row.revision,
        state=row.state,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        known_at=row.known_at,
        hash=row.hash,
        rule=rule,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleName:
    """What a version of a rule is called, and which attributes of a fact say who gets how much."""

    id: str
    key: str
    name: Mapping[str, str]
    attributes_read: frozenset[str]


def rule_names(connection: Connection, entity_id: str) -> dict[str, RuleName]:
    """Return the names of all versions that were ever published, by id.

    They are no secret of those who may read the documents: whoever is credited is told by what.
    """
    query = select(credit_rule).where(
        credit_rule.c.legal_entity_id == entity_id, credit_rule.c.state == PUBLISHED
    )
    with widened(connection, Widening.CREDIT):
        rows = connection.execute(query.order_by(credit_rule.c.id, credit_rule.c.revision)).all()
    found = (_stored(row) for row in rows)
    return {
        each.id: RuleName(
            id=each.id,
            key=each.rule.key,
            name=each.rule.name,
            attributes_read=each.rule.attributes_read,
        )
        for each in found
    }
