"""Rules about people, suggestions and recognitions: rows in, domain objects out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, exists, insert, select

from domain.access import Actor, Deed, Resource
from domain.talent import (
    RecognitionAudience,
    SuggestionState,
    TalentKind,
    TalentOutcome,
    TalentRule,
)
from domain.talent import TalentRules as Rules
from domain.talent_document import decode_talent
from storage import tables
from storage.carrying import look_at
from storage.engine import Writing
from storage.rules import known, valid
from storage.visibility import people_seen

_rule, _suggestion, _recognition = tables.talent_rule, tables.suggestion, tables.recognition
MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRules:
    """A document of rules as it is stored."""

    id: str
    version: int
    valid_from: date
    valid_to: date | None
    hash: str
    document: Mapping[str, Any]
    rules: Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """The last step of a suggestion."""

    id: str
    revision: int
    person_id: str
    rule_key: str
    rule_id: str
    rule_hash: str
    kind: TalentKind
    outcome: TalentOutcome
    period: str
    metric_key: str | None
    course: str | None
    evidence: tuple[Mapping[str, Any], ...]
    evidence_holds: bool
    state: SuggestionState
    audience: RecognitionAudience | None
    unit_id: str | None
    words: Mapping[str, str] | None
    objection: str | None
    decided_by: str | None
    known_at: datetime
    made_by: str | None
    reason: str | None

    @property
    def identity(self) -> tuple[str, str, str, str, str]:
        """What there is one suggestion of: a rule, a person, the period that completed it."""
        return (self.rule_key, self.rule_id, self.person_id, self.period, self.metric_key or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """Thanks in public."""

    id: str
    person_id: str
    kind: TalentKind
    period: str
    audience: RecognitionAudience
    unit_id: str | None
    title: Mapping[str, str]
    words: Mapping[str, str]
    known_at: datetime


def talent_rules(
    connection: Connection, entity_id: str, *, valid_at: date, known_at: datetime
) -> tuple[StoredRules, ...]:
    """Return the documents that hold on a day."""
    query = select(_rule).where(
        known(_rule, known_at, "series_id"),
        _rule.c.legal_entity_id == entity_id,
        valid(_rule, valid_at),
    )
    return tuple(_rules_of(row) for row in connection.execute(query.order_by(_rule.c.key)))


def _rules_of(row: Row[Any]) -> StoredRules:
    rules, problems = decode_talent(row.document)
    if rules is None:
        raise ValueError(f"stored rules {row.series_id} cannot be read: {problems}")
    return StoredRules(
        id=row.series_id,
        version=row.revision,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        hash=row.hash,
        document=row.document,
        rules=rules,
    )


def rules_by_hash(
    connection: Connection, entity_id: str, hashes: Collection[str]
) -> dict[str, Rules]:
    """Return the documents that suggestions were made by, whether they still hold or not."""
    query = select(_rule.c.hash, _rule.c.document).where(
        _rule.c.legal_entity_id == entity_id, _rule.c.hash.in_(sorted(hashes))
    )
    found: dict[str, Rules] = {}
    for digest, document in connection.execute(query.order_by(_rule.c.known_at)):
        rules, _ = decode_talent(document)
        if rules is not None:
            found[digest] = rules
    return found


def rule_of(connection: Connection, entity_id: str, suggestion: Suggestion) -> TalentRule:
    """Return the rule that made a suggestion, as it was."""
    rules = rules_by_hash(connection, entity_id, [suggestion.rule_hash])[suggestion.rule_hash]
    rule = rules.rule(suggestion.rule_id)
    if rule is None:
        raise ValueError(f"the rule of suggestion {suggestion.id} is not in its document")
    return rule


def _last() -> ColumnElement[bool]:
    newer = _suggestion.alias()
    later = (
        select(1)
        .where(newer.c.id == _suggestion.c.id, newer.c.revision > _suggestion.c.revision)
        .correlate(_suggestion)
    )
    return ~exists(later)


def all_suggestions(connection: Connection, entity_id: str) -> tuple[Suggestion, ...]:
    """Return every suggestion of an entity, for the system's own comparison."""
    query = select(_suggestion).where(_last(), _suggestion.c.legal_entity_id == entity_id)
    rows = connection.execute(query.order_by(_suggestion.c.id))
    return tuple(_suggestion_of(row) for row in rows)


def suggestions_seen(
    connection: Connection,
    actor: Actor,
    entity_id: str,
    *,
    day: date,
    deed: Deed = Deed.READ,
    person_id: str | None = None,
    states: Collection[SuggestionState] = (),
    suggestion_id: str | None = None,
    suggestion_ids: Sequence[str] | None = None,
) -> tuple[Suggestion, ...]:
    """Return what ``actor`` may see as of ``day``, the newest first.

    Whoever is concerned sees a suggestion from the moment it is made.
    """
    look_at(connection, day=day)
    wanted = [
        _last(),
        _suggestion.c.legal_entity_id == entity_id,
        people_seen(
            actor,
            Resource.TALENT,
            _suggestion.c.person_id,
            _suggestion.c.legal_entity_id,
            day,
            deed,
        ),
    ]
    if person_id is not None:
        wanted.append(_suggestion.c.person_id == person_id)
    if suggestion_id is not None:
        wanted.append(_suggestion.c.id == suggestion_id)
    if suggestion_ids is not None:
        wanted.append(_suggestion.c.id.in_(list(suggestion_ids)))
    if states:
        wanted.append(_suggestion.c.state.in_(sorted(each.value for each in states)))
    query = select(_suggestion).where(*wanted).order_by(_suggestion.c.id.desc()).limit(MOST)
    return tuple(_suggestion_of(row) for row in connection.execute(query))


def suggestion_steps(connection: Connection, suggestion_id: str) -> tuple[Suggestion, ...]:
    """Return every step of a suggestion that the caller has been shown, in order."""
    query = select(_suggestion).where(_suggestion.c.id == suggestion_id)
    rows = connection.execute(query.order_by(_suggestion.c.revision))
    return tuple(_suggestion_of(row) for row in rows)


def _suggestion_of(row: Row[Any]) -> Suggestion:
    fields = {name: getattr(row, name) for name in Suggestion.__dataclass_fields__}
    fields["kind"] = TalentKind(row.kind)
    fields["outcome"] = TalentOutcome(row.outcome)
    fields["state"] = SuggestionState(row.state)
    fields["audience"] = None if row.audience is None else RecognitionAudience(row.audience)
    fields["evidence"] = tuple(row.evidence)
    return Suggestion(**fields)


def add_suggestion(writing: Writing, **values: Any) -> None:
    """Add a step of a suggestion, known from now on."""
    writing.connection.execute(
        insert(_suggestion).values(
            **values,
            legal_entity_id=writing.entity_id,
            known_at=writing.known_at,
            made_by=writing.actor,
            on_behalf_of=writing.on_behalf_of,
        )
    )


def add_step(writing: Writing, before: Suggestion, **changes: Any) -> None:
    """Add the step after ``before``: the same suggestion with ``changes``."""
    kept = {name: getattr(before, name) for name in Suggestion.__dataclass_fields__}
    for name in ("known_at", "made_by", "reason"):
        kept.pop(name)
    kept |= {"revision": before.revision + 1, "reason": None} | changes
    kept["evidence"] = list(kept["evidence"])
    for name in ("kind", "outcome", "state", "audience"):
        kept[name] = None if kept[name] is None else str(kept[name].value)
    add_suggestion(writing, **kept)


def add_recognition(writing: Writing, found: Suggestion, title: Mapping[str, str]) -> None:
    """Publish the thanks that a person has agreed to."""
    writing.connection.execute(
        insert(_recognition).values(
            id=found.id,
            legal_entity_id=writing.entity_id,
            person_id=found.person_id,
            kind=found.kind.value,
            period=found.period,
            audience=None if found.audience is None else found.audience.value,
            unit_id=found.unit_id,
            title=dict(title),
            words=dict(found.words or {}),
            decided_by=found.decided_by,
            known_at=writing.known_at,
        )
    )


def recognitions(
    connection: Connection, entity_id: str, *, units: Sequence[str], first: int = MOST
) -> tuple[Recognition, ...]:
    """Return the board as people of these units see it, the newest first."""
    inside = (
        _recognition.c.audience == RecognitionAudience.COMPANY.value
    ) | _recognition.c.unit_id.in_(list(units))
    query = select(_recognition).where(_recognition.c.legal_entity_id == entity_id, inside)
    rows = connection.execute(query.order_by(_recognition.c.known_at.desc()).limit(first))
    return tuple(
        Recognition(
            id=row.id,
            person_id=row.person_id,
            kind=TalentKind(row.kind),
            period=row.period,
            audience=RecognitionAudience(row.audience),
            unit_id=row.unit_id,
            title=row.title,
            words=row.words,
            known_at=row.known_at,
        )
        for row in rows
    )
