"""One batch of a source's messages becomes records, facts and bad rows, inside one transaction."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from decimal import Decimal
from operator import attrgetter
from typing import Any

from actions.identifiers import new_id, new_ids
from actions.take_directory import DirectoryRow, take_directory
from connectors.contract import (
    Message,
    Notice,
    Record,
    Rejected,
    Tombstone,
    canonical_content,
)
from domain.drafts import Drafts, Surroundings, to_drafts
from domain.fact import FactDraft
from domain.mapping import StreamMapping
from domain.people import LegalEntity
from domain.problem import Problem, Severity
from storage import tables
from storage.bulk import add_rows, add_tuples
from storage.engine import Writing
from storage.quarantine import BadRow, put_bad_rows, resolve_keys
from storage.records import facts_of_records, identity_ids, latest_records

Names = dict[tuple[str, str], str]  # namespace and name in the source -> id

_PLAIN = frozenset({str, int, bool, type(None)})
_KEY_MAX = 300
_NAMES_MAX = 200_000
_GONE = "gone"  # the content hash of a record that the source took back


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """What every batch of a stream needs to know.

    ``live``: what is read is what the source says now, so it counts whatever its version. Where
    several machines write, or a long transaction, a later change may bear an earlier time.
    """

    connection_id: str
    run_id: str
    mapping: StreamMapping
    entity: LegalEntity
    zone: tzinfo
    home: tzinfo
    live: bool = False
    names: Names = field(default_factory=dict)  # of people, as far as a batch found them stored


@dataclass(slots=True, kw_only=True)
class Taken:
    """What a batch came to: how many of each, and the bad rows."""

    counts: Counter[str] = field(default_factory=Counter)
    bad: list[BadRow] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """The rows that the source sent."""
        return self.counts["records"] + self.counts["tombstones"] + self.counts["rejected"]


class Poisoned(Exception):  # noqa: N818 - a way out of a batch, never shown
    """Too many rows of a stream are bad: nothing of the batch is applied."""

    def __init__(self, stream: Stream, taken: Taken, rows: int, bad: int) -> None:
        self.stream = stream
        self.taken = taken
        self.values = {"rows": str(rows), "bad": str(bad)}
        super().__init__("too many bad rows")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Now:
    """A record as it stands after the messages so far."""

    id: str
    revision: int
    hash: str
    content: Mapping[str, Any] | None
    place: str
    version: str


def take_messages(writing: Writing, stream: Stream, messages: Sequence[Message]) -> Taken:
    """Store a batch: new revisions of records, then of the facts that they make.

    The same content again is nothing. A version older than the one that is known is left out,
    whatever the order of arrival.
    """
    taken = Taken()
    keep, mended = _storable(writing, stream, messages, taken)
    keys = [message.key for message, _ in keep]
    known = {
        key: _Now(
            id=found.id,
            revision=found.revision,
            hash=found.content_hash,
            content=found.content,
            place=found.place,
            version=found.version,
        )
        for key, found in latest_records(
            writing.connection, stream.connection_id, stream.mapping.name, keys
        ).items()
    }
    changed: dict[str, _Now] = {}
    ids = new_ids("rec", writing.known_at)
    fresh = {message.key for message, _ in keep} - known.keys()
    rows, stale = [], set[str]()
    for message, mark in keep:
        before = known.get(message.key)
        if not stream.live and _is_stale(message, before):
            taken.counts["stale"] += 1
            stale.add(message.key)
            continue
        stale.discard(message.key)
        if not _is_news(message, mark, before):
            continue
        now = _next(next(ids), message, mark, before)
        known[message.key] = changed[message.key] = now
        rows.append(_record_row(writing, stream, message.key, now))
    add_tuples(writing.connection, tables.record, _RECORD, rows)
    map_records(writing, stream, changed, taken, fresh)
    mended -= stale
    left = [row for row in taken.bad if row.stored or row.key not in mended]
    taken.counts["bad"] -= len(taken.bad) - len(left)
    taken.bad = left
    name, bad = stream.mapping.name, {row.key for row in taken.bad}
    # A row that was broken in an earlier delivery and now came as it is known is repaired.
    # An older version that comes late says nothing of a newer one that broke.
    same = {message.key for message, _ in keep} - changed.keys() - bad - stale
    taken.counts["unchanged"] += len(same)
    resolve_keys(writing, stream.connection_id, name, sorted(same), stored=False)
    put_bad_rows(writing, stream.connection_id, name, stream.run_id, taken.bad)
    return taken


def map_records(
    writing: Writing,
    stream: Stream,
    records: Mapping[str, Any],
    taken: Taken,
    fresh: Collection[str] = (),
) -> None:
    """Make of records (by key) what the mapping says; add what is different from what was made.

    A record whose row is bad keeps what was made of it when it was good, and waits for a repair.
    ``fresh`` are keys that nobody had heard of before, so that nothing was made of them.
    """
    if not records:
        return
    around = Surroundings(
        today=writing.known_at.astimezone(stream.home).date(),
        zone=stream.zone,
        home=stream.home,
        cutoff_minutes=stream.entity.cutoff_minutes,
    )
    drafts = {
        key: _drafts(writing, stream, around, key, now, taken) for key, now in records.items()
    }
    good = {key: made for key, made in drafts.items() if not made.failed}
    directory = [
        DirectoryRow(key=key, drafts=made.directory) for key, made in good.items() if made.directory
    ]
    name = stream.mapping.name
    refused = take_directory(writing, stream.connection_id, name, directory)
    for key, refusal in refused.items():
        problem = Problem(code=refusal.code, path=records[key].place, values=refusal.values)
        _note(writing, stream, key, records[key], problem, taken)
        del good[key]
    taken.counts["directory"] += len(directory) - len(refused)
    facts = {key: made.facts for key, made in good.items()}
    older = [key for key in facts if key not in fresh]
    name_of_stream = stream.mapping.name
    existing = facts_of_records(writing.connection, stream.connection_id, name_of_stream, older)
    _add_facts(writing, stream, records, facts, existing, taken)
    taken.counts["repaired"] += resolve_keys(writing, stream.connection_id, name, list(good))


def _storable(
    writing: Writing, stream: Stream, messages: Iterable[Message], taken: Taken
) -> tuple[list[tuple[Record | Tombstone, str]], set[str]]:
    """Keep what can be stored, in order, each with the hash of its content.

    Return besides the keys that were refused first and came well afterwards.
    """
    keep: list[tuple[Record | Tombstone, str]] = []
    broken, mended = set[str](), set[str]()
    for message in messages:
        mark: str | None = None
        if isinstance(message, Tombstone):
            taken.counts["tombstones"] += 1
            mark = _GONE
        elif isinstance(message, Record):
            taken.counts["records"] += 1
            mark = _hash(message)
            if mark is None:
                values = {"key": message.key[:_KEY_MAX]}
                _reject(writing, taken, message.position, "", "record_not_storable", values, None)
        elif isinstance(message, Rejected):
            taken.counts["rejected"] += 1
            key = message.key if len(message.key) <= _KEY_MAX else ""
            broken.add(key)
            mended.discard(key)
            where, why = message.position, message.reason
            _reject(writing, taken, where, key, why, message.values, message.payload)
        elif isinstance(message, Notice):
            taken.counts[f"notice:{message.code}"] += 1
        if mark is not None and isinstance(message, Record | Tombstone):
            keep.append((message, mark))
            if message.key in broken:
                mended.add(message.key)
    return keep, mended


def _hash(message: Record) -> str | None:
    key = message.key
    if not key or len(key) > _KEY_MAX or not key.isprintable():
        return None
    try:
        text = canonical_content(message.content)
        mark = hashlib.sha256(text.encode()).hexdigest()
        message.position.encode()
    except (TypeError, ValueError):
        return None
    if "\\u0000" not in text:
        return mark
    # PostgreSQL keeps no NUL in a document; a text may also speak of one.
    texts = [*message.content, *(v for v in message.content.values() if isinstance(v, str))]
    return None if any("\0" in text for text in texts) else mark


def _reject(
    writing: Writing,
    taken: Taken,
    place: str,
    key: str,
    code: str,
    values: Mapping[str, str],
    payload: Mapping[str, str] | None,
) -> None:
    taken.counts["bad"] += 1
    taken.bad.append(
        BadRow(
            id=new_id("qrn", writing.known_at),
            place=place,
            key=key,
            code=code,
            values=values,
            payload=payload,
        )
    )


def _is_stale(message: Record | Tombstone, before: _Now | None) -> bool:
    """Say whether a newer version of it is known already."""
    return bool(before and message.version and message.version < before.version)


def _is_news(message: Record | Tombstone, mark: str, before: _Now | None) -> bool:
    if before is None:
        return isinstance(message, Record)  # nobody knows what is gone
    return mark != before.hash


def _next(new: str, message: Record | Tombstone, mark: str, before: _Now | None) -> _Now:
    content = _document(message.content) if isinstance(message, Record) else None
    return _Now(
        id=new,
        revision=1 if before is None else before.revision + 1,
        hash=mark,
        content=content,
        place=message.position,
        version=message.version or ("" if before is None else before.version),
    )


def _document(content: Mapping[str, Any]) -> dict[str, Any]:
    """Write exact numbers as text: JSON readers would make floats of them."""
    if {*map(type, content.values())} <= _PLAIN:
        return dict(content)
    return {
        name: format(value, "f") if isinstance(value, Decimal) else value
        for name, value in content.items()
    }


_RECORD = (
    "id",
    "legal_entity_id",
    "connection_id",
    "stream",
    "key",
    "revision",
    "content_hash",
    "content",
    "position",
    "seen_at",
    "run_id",
)


def _record_row(writing: Writing, stream: Stream, key: str, now: _Now) -> tuple[Any, ...]:
    return (
        now.id,
        writing.entity_id,
        stream.connection_id,
        stream.mapping.name,
        key,
        now.revision,
        now.hash,
        now.content,
        {"place": now.place, "version": now.version},
        writing.known_at,
        stream.run_id,
    )


def _drafts(
    writing: Writing, stream: Stream, around: Surroundings, key: str, now: Any, taken: Taken
) -> Drafts:
    if now.content is None:
        return Drafts(facts={}, directory=(), problems=())
    made = to_drafts(now.content, now.place, stream.mapping, around)
    for problem in made.problems:
        if problem.severity is Severity.WARNING:
            taken.counts[f"warning:{problem.code}"] += 1
    if made.failed:
        errors = [each for each in made.problems if each.severity is Severity.ERROR]
        _note(writing, stream, key, now, errors[0], taken)
    return made


def _note(
    writing: Writing, stream: Stream, key: str, now: Any, problem: Problem, taken: Taken
) -> None:
    taken.counts["bad"] += 1
    taken.bad.append(
        BadRow(
            id=new_id("qrn", writing.known_at),
            place=problem.path or now.place,
            key=key,
            code=problem.code,
            values=problem.values,
            payload=now.content,
            stored=True,
        )
    )


def _add_facts(
    writing: Writing,
    stream: Stream,
    records: Mapping[str, Any],
    wanted: Mapping[str, Mapping[str, FactDraft]],
    existing: Mapping[str, Mapping[str, Any]],
    taken: Taken,
) -> None:
    drafts = [draft for made in wanted.values() for draft in made.values()]
    identities, ids = _identities(writing, stream, drafts), new_ids("fact", writing.known_at)
    first = (writing.entity_id, stream.connection_id, stream.mapping.name)
    rows: list[tuple[Any, ...]] = []

    def add(key: str, of_record: str, row: Any, said: tuple[Any, ...], *, deleted: bool) -> None:
        revision = 1 if row is None else row.revision + 1
        known = (deleted, writing.known_at)
        rows.append((next(ids), *first, key, revision, of_record, *said, *known))

    for key, made in wanted.items():
        before, record_id, standing = existing.get(key, {}), records[key].id, set[str]()
        for target, draft in made.items():
            fact_key, said = f"{key}#{target}", _said(draft, identities)
            standing.add(fact_key)
            row = before.get(fact_key)
            if row is None or row.deleted or _FIELDS_OF(row) != said:
                taken.counts["facts_added" if row is None else "facts_revised"] += 1
                add(fact_key, record_id, row, said, deleted=False)
        for fact_key, row in before.items():
            if not row.deleted and fact_key not in standing:
                taken.counts["facts_deleted"] += 1
                add(fact_key, record_id, row, _FIELDS_OF(row), deleted=True)
    taken.counts["facts"] += len(rows)
    add_tuples(writing.connection, tables.fact, _FACT, rows)


_FACT_FIELDS = (
    "kind",
    "identity_id",
    "business_date",
    "instant",
    "quantity",
    "unit",
    "subject",
    "attributes",
)
_FIELDS_OF = attrgetter(*_FACT_FIELDS)
_FACT = (
    "id",
    "legal_entity_id",
    "connection_id",
    "stream",
    "key",
    "revision",
    "record_id",
    *_FACT_FIELDS,
    "deleted",
    "known_at",
)


def _said(draft: FactDraft, identities: Mapping[tuple[str, str], str]) -> tuple[Any, ...]:
    """Return what a fact says, in the order of ``_FACT_FIELDS``."""
    return (
        draft.kind,
        identities[(draft.namespace, draft.identity)],
        draft.business_date,
        draft.instant,
        draft.quantity,
        draft.unit,
        draft.subject,
        dict(draft.attributes),
    )


def _identities(writing: Writing, stream: Stream, drafts: Sequence[FactDraft]) -> Names:
    """Return the ids of the people's names in the source; a name never seen is remembered.

    What a batch found stored is there for good, and the next one need not ask. A name that a batch
    adds is not kept until another one finds it: the batch may yet be undone.
    """
    wanted = {(draft.namespace, draft.identity) for draft in drafts}
    kept = {name: stream.names[name] for name in wanted & stream.names.keys()}
    unknown = sorted(wanted - kept.keys())
    found = identity_ids(writing.connection, writing.entity_id, unknown)
    if len(stream.names) > _NAMES_MAX:
        stream.names.clear()
    stream.names.update(found)
    rows = [
        {
            "id": new_id("idn", writing.known_at),
            "legal_entity_id": writing.entity_id,
            "namespace": namespace,
            "value": value,
            "first_seen_at": writing.known_at,
        }
        for namespace, value in unknown
        if (namespace, value) not in found
    ]
    add_rows(writing.connection, tables.identity, rows)
    added = {(str(row["namespace"]), str(row["value"])): str(row["id"]) for row in rows}
    return {**kept, **found, **added}
