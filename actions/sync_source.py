"""The host of connectors: reads a connection and keeps what it says, whatever interrupts it.

Records, facts, bad rows and the cursor of a checkpoint are committed in one transaction, so a sync
that is killed at any moment loses nothing and doubles nothing: the next one goes on from the last
checkpoint. Two syncs of one connection cannot harm each other either: a batch commits only when
the cursor is still where its run had left it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from time import sleep
from typing import Any

from actions.acceptance import Acceptance, acceptance_of
from actions.deed import Runtime, demand_entity, entity_of
from actions.identifiers import new_id
from actions.open_run import open_run
from actions.patience import Patience, patiently
from actions.sound_messages import is_row, keys_of, sound, streams_of, without_secrets
from actions.source_context import context_of
from actions.source_zones import Zones
from actions.stream_order import in_order
from actions.sweep_keys import Listed, is_large, living_keys
from actions.sync_outcomes import Outcome, Synced, Told, tell_nobody
from actions.take_records import Poisoned, Stream, Taken, map_records, take_messages
from connectors.contract import (
    Backfill,
    Checkpoint,
    Connector,
    Context,
    Deletes,
    ListsKeys,
    Message,
    Progress,
    ReadRequest,
    Ready,
    Tombstone,
)
from connectors.failures import (
    AuthExpired,
    ConfigurationRefused,
    ConnectorBug,
    ConnectorFailure,
    KeysIncomplete,
    RateLimited,
    Suspicious,
    Transient,
)
from domain.access import Actor, Resource
from domain.mapping import SourceMapping, StreamMapping
from domain.mapping_document import decode_mapping
from domain.problem import CODES, Refused
from storage.engine import Writing, reading
from storage.quarantine import open_keys, put_bad_rows
from storage.records import latest_records, records_after
from storage.syncs import (
    StoredCursor,
    connection_row,
    count_run,
    cursor_of,
    end_run,
    has_records,
    mapping_row,
    put_cursor,
    put_readiness,
    shown_counts,
)

__all__ = ["Outcome", "Synced", "sync_source"]

_POISON_ROWS_MIN = 20
_SHARE = 5  # more than a fifth of bad rows: the sync stops
_AT_ONCE = 500
_ROWS = ("records", "tombstones", "rejected")

Wait = Callable[[float], None]


def sync_source(
    runtime: Runtime,
    actor: Actor,
    entity_id: str,
    connection_id: str,
    *,
    accept: bool = False,
    accepted_run: str | None = None,
    days: Backfill | None = None,
    wait: Wait = sleep,
    told: Told = tell_nobody,
) -> Synced:
    """Read everything new of a connection and return how it went.

    ``accept`` says that a person has looked: large sweeps are carried out and empty streams are
    believed; with ``accepted_run``, only as far as that run said so. ``days`` are read again, not
    what is new: that moves no cursor and says nothing of how the connection fares. A paused,
    unknown or unmapped connection is a refusal.
    """
    demand_entity(actor, Resource.SOURCE, entity_id)
    run = _begin(runtime, actor, entity_id, connection_id, wait=wait)
    run.days = days
    run.acceptance = acceptance_of(runtime, actor, connection_id, accepted_run, accept=accept)
    run.told = told
    try:
        outcome, plain, values = run.go()
        code = plain and run.context.redact(plain)  # that of a plug-in may be any text
    except Refused as refused:
        run.end(Outcome.FAILED, refused.code, refused.values)
        raise
    run.end(outcome, code, values)
    counts = shown_counts(run.counts)
    return Synced(run_id=run.id, outcome=outcome, counts=counts, code=code, values=values)


def _begin(
    runtime: Runtime,
    actor: Actor,
    entity_id: str,
    connection_id: str,
    *,
    wait: Wait,
) -> _Run:
    entity = entity_of(runtime, actor, entity_id)
    with runtime.writing(entity_id, actor) as writing:
        row = connection_row(writing.connection, entity_id, connection_id, writing.known_at)
        if row is None:
            raise Refused("not_found", {"id": connection_id})
        if row.paused:
            raise Refused("connection_paused", {"connection": row.name})
        connector = runtime.connectors.get(row.connector)
        if connector is None:
            raise Refused("connector_unknown", {"connector": row.connector})
        stored = mapping_row(writing.connection, connection_id)
        mapping = decode_mapping(stored.document)[0] if stored is not None else None
        if stored is None or mapping is None:
            raise Refused("mapping_missing", {"connection": row.name})
        context = context_of(runtime, connector, row.config, writing.known_at, wait)
        run_id = new_id("run", writing.known_at)
        named = open_run(writing, connector, connection_id, run_id)
    return _Run(
        runtime=runtime,
        actor=actor,
        entity_id=entity_id,
        id=run_id,
        connection_id=connection_id,
        connector=connector,
        context=context,
        named=named,
        mapping=mapping,
        mapping_hash=stored.hash,
        zones=Zones(entity.zone),
        entity=entity,
        wait=wait,
    )


@dataclass(slots=True, kw_only=True)
class _Run:
    """One run of one connection."""

    runtime: Runtime
    actor: Actor
    entity_id: str
    id: str
    connection_id: str
    connector: Connector
    context: Context
    mapping: SourceMapping
    mapping_hash: str
    zones: Zones
    entity: Any
    wait: Wait
    acceptance: Acceptance = field(default_factory=Acceptance)
    counts: Counter[str] = field(default_factory=Counter)
    named: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by callbacks
    suspicion: tuple[str, Mapping[str, str]] | None = None
    days: Backfill | None = None
    told: Told = tell_nobody

    # -- the whole run ---------------------------------------------------------------------------

    def go(self) -> tuple[Outcome, str | None, Mapping[str, str]]:
        """Read every mapped stream, directories before what refers to them."""
        try:
            self._demand_days()
            deletes = {s.name: s.deletes for s in self._catalog()}
            for mapping in in_order(self.mapping.streams.values()):
                if mapping.name not in deletes:
                    raise ConfigurationRefused("stream_unknown", {"stream": mapping.name})
                self._stream(mapping, deletes[mapping.name])
        except Poisoned as poisoned:
            self._keep_poison(poisoned)
            return Outcome.QUARANTINED, "sync_poisoned", poisoned.values
        except (AuthExpired, RateLimited) as failure:
            return Outcome.PAUSED, failure.code, self._clean(failure.values)
        except Transient as failure:
            is_said = failure.code in CODES or self.runtime.vendor_sentences.has(failure.code)
            if not is_said:  # a word of the plug-in's own that nobody would understand
                return Outcome.FAILED, "source_unavailable", self._clean({"code": failure.code})
            return Outcome.FAILED, failure.code, self._clean(failure.values)
        except ConnectorBug as failure:
            return Outcome.FAILED, "connector_failed", self._clean(failure.values)
        except ConnectorFailure as failure:
            return Outcome.FAILED, failure.code, self._clean(failure.values)
        return self._ending()

    def _demand_days(self) -> None:
        if self.days is not None and "backfill" not in self.connector.info.capabilities:
            raise ConfigurationRefused("source_backfill_unsupported")

    def _ending(self) -> tuple[Outcome, str | None, Mapping[str, str]]:
        if self.days is not None:
            return Outcome.DAYS_READ, None, {}
        if self.suspicion is not None:
            return Outcome.SUSPICIOUS, *self.suspicion
        if self.counts["bad"]:
            return Outcome.PARTIAL, None, {}
        if not self.counts["records"] + self.counts["tombstones"]:
            return Outcome.EMPTY_EXPECTED, None, {}
        return Outcome.SUCCEEDED, None, {}

    def end(self, outcome: Outcome, code: str | None, values: Mapping[str, str]) -> None:
        """Close the run."""
        with self._writing() as writing:
            end_run(writing, self.id, outcome.value, self.counts, code, values)

    def _writing(self) -> Any:
        return self.runtime.writing(self.entity_id, self.actor)

    def _clean(self, values: Mapping[str, str]) -> dict[str, str]:
        return {name: self.context.redact(value) for name, value in values.items()}

    def _guarded(self, ask: Callable[[], Any]) -> Any:
        """Ask the connector; whatever it raises that is not in the contract is its own bug."""
        try:
            return ask()
        except (ConnectorFailure, StopIteration):
            raise
        except Exception as error:
            told = self.context.redact(f"{type(error).__name__}: {error}")[:500]
            raise self.bug(told) from error

    def _catalog(self) -> Any:
        discover = partial(self.connector.discover, self.context)
        found = patiently(self._patience(), lambda: self._guarded(discover))
        return streams_of(found, self.bug)

    def _patience(self) -> Patience:
        return Patience(clock=self.runtime.clock, wait=self.wait)

    def bug(self, error: str) -> ConnectorBug:
        """Blame the connector."""
        values = {"connector": self.connector.info.id, "error": error}
        return ConnectorBug("connector_failed", values)

    def _keep_poison(self, poisoned: Poisoned) -> None:
        """The batch was undone; its bad rows are kept for the person who has to look."""
        self.counts["bad"] += len(poisoned.taken.bad)
        with self._writing() as writing:
            name = poisoned.stream.mapping.name
            rows = poisoned.taken.bad
            put_bad_rows(writing, self.connection_id, name, self.id, rows)

    # -- one stream ------------------------------------------------------------------------------

    def _stream(self, mapping: StreamMapping, deletes: Deletes) -> None:
        stream = Stream(
            connection_id=self.connection_id,
            run_id=self.id,
            mapping=mapping,
            entity=self.entity,
            zone=self.zones.named(mapping.zone) if mapping.zone else self.zones.home,
            home=self.zones.home,
            live="live" in self.connector.info.capabilities,
        )
        name = mapping.name
        with reading(self.runtime.engine, self.actor) as connection:
            at = cursor_of(connection, self.connection_id, name)
            known = has_records(connection, self.connection_id, name)
        if at is not None and at.mapping_hash != self.mapping_hash:
            at = self._map_anew(stream, at)
        if self.days is not None:
            self._read_days(stream, at)
            return
        before = self.counts["records"]
        empty = ("source_empty", {"stream": name})
        doubted = at is None and not known and not self.acceptance.covers(*empty)
        self._read(stream, at, unbelieved=doubted)
        if doubted and self.counts["records"] == before:
            self.suspicion = self.suspicion or empty
        self._retry_waiting(stream)
        if deletes is Deletes.SWEEP:
            self._sweep(stream)

    def _read_days(self, stream: Stream, at: StoredCursor | None) -> None:
        """Read days again; a stream of what is now, such as a directory, has none."""
        try:
            self._read(stream, at, unbelieved=False)
        except ConfigurationRefused as refused:
            if refused.code != "source_backfill_unsupported":
                raise
            self.counts["streams_without_days"] += 1

    def _read(self, stream: Stream, at: StoredCursor | None, *, unbelieved: bool) -> None:
        """Read to the end, trying again from the last checkpoint when the source stumbles."""
        patience, accepted = self._patience(), False
        while True:
            reader = _Reader(run=self, stream=stream, at=at, unbelieved=unbelieved and at is None)
            try:
                reader.read()
            except (RateLimited, Transient) as failure:
                patience.bear(failure, moved=reader.moved)
            except Suspicious as odd:
                if not self._is_accepted(reader, odd, once=accepted) or not odd.again:
                    return
                accepted = True
            else:
                return
            at = reader.at

    def _is_accepted(self, reader: _Reader, odd: Suspicious, *, once: bool) -> bool:
        """Go on behind what a person has accepted; else stay before it and ask."""
        values = self._clean(odd.values)
        if self.acceptance.covers(odd.code, values) and not once:
            reader.take([], Checkpoint(stream=reader.stream.mapping.name, cursor=odd.cursor))
            return True
        self.suspicion = self.suspicion or (odd.code, values)
        return False

    def _map_anew(self, stream: Stream, at: StoredCursor) -> StoredCursor:
        """The mapping has changed: make of every stored record what it says now."""
        key = ""
        while True:
            with self._writing() as writing:
                rows = records_after(
                    writing.connection, self.connection_id, stream.mapping.name, key, _AT_ONCE
                )
                if not rows:
                    new = StoredCursor(cursor=at.cursor, mapping_hash=self.mapping_hash)
                    put_cursor(writing, self.connection_id, stream.mapping.name, new)
                    return new
                self._map(writing, stream, {row.key: row for row in rows})
            key = rows[-1].key

    def _retry_waiting(self, stream: Stream) -> None:
        """What failed for want of something else (a person, a unit) may fit by now."""
        name = stream.mapping.name
        with reading(self.runtime.engine, self.actor) as connection:
            keys = open_keys(connection, self.connection_id, name, stored=True)
        for start in range(0, len(keys), _AT_ONCE):
            with self._writing() as writing:
                chunk = keys[start : start + _AT_ONCE]
                rows = latest_records(writing.connection, self.connection_id, name, chunk)
                self._map(writing, stream, rows, again=True)

    def _map(
        self, writing: Writing, stream: Stream, rows: Mapping[str, Any], *, again: bool = False
    ) -> None:
        taken = Taken()
        map_records(writing, stream, rows, taken)
        name = stream.mapping.name
        put_bad_rows(writing, self.connection_id, name, self.id, taken.bad)
        if again:
            taken.counts["still_bad"] = taken.counts.pop("bad", 0)
        self.counts.update(taken.counts)
        count_run(writing, self.id, self.counts)

    def _sweep(self, stream: Stream) -> None:
        """Take back what the source no longer has, unless that is suspiciously much."""
        name = stream.mapping.name
        if not isinstance(self.connector, ListsKeys):
            raise self.bug("it lists no keys")
        lister = self.connector
        # What is brought while the keys are listed, or after that, may not be among them.
        before = living_keys(self.runtime.engine, self.actor, self.connection_id, name)
        try:
            keys = partial(lister.keys, self.context, name)
            present = patiently(self._patience(), lambda: keys_of(keys, self._guarded, self.bug))
        except KeysIncomplete:
            self.counts["sweeps_left_out"] += 1
            return
        listed = Listed(
            runtime=self.runtime,
            actor=self.actor,
            entity_id=self.entity_id,
            connection_id=self.connection_id,
            run_id=self.id,
            stream=name,
            present=present,
        )
        known, left = listed.told(lambda at: self._read(stream, at, unbelieved=False))
        self.counts.update(left)
        gone = sorted((before.keys() & known.keys()) - present)
        numbers = {"stream": name, "gone": str(len(gone)), "known": str(len(known))}
        odd = ("sweep_too_large", numbers)
        if is_large(gone, known, present) and not self.acceptance.covers(*odd):
            self.suspicion = self.suspicion or odd
            return
        for start in range(0, len(gone), _AT_ONCE):
            messages = [
                Tombstone(stream=name, key=key, position=known[key], order=start + place)
                for place, key in enumerate(gone[start : start + _AT_ONCE], 1)
            ]
            with self._writing() as writing:
                self.counts.update(take_messages(writing, stream, messages).counts)
                count_run(writing, self.id, self.counts)


@dataclass(slots=True, kw_only=True)
class _Reader:
    """One attempt to read a stream; ``at`` is the last committed cursor.

    Of an ``unbelieved`` stream nothing is kept before its first row: neither how far it was read
    nor that it is complete.
    """

    run: _Run
    stream: Stream
    at: StoredCursor | None
    unbelieved: bool = False
    moved: bool = False
    total: int | None = None
    _seen: Counter[str] = field(default_factory=Counter)

    def read(self) -> None:
        """Read until the connector has no more, committing at every checkpoint."""
        name = self.stream.mapping.name
        cursors = {name: self.at.cursor} if self.at and self.at.cursor is not None else {}
        days, named = self.run.days, self.run.named
        reread = {name: named[name]} if name in named and days is None else {}
        request = ReadRequest(streams=(name,), cursors=cursors, backfill=days, reread=reread)
        guarded = self.run._guarded  # noqa: SLF001 - the two are one thing in two parts
        messages = guarded(lambda: iter(self.run.connector.read(self.run.context, request)))
        batch: list[Message] = []
        # What the read holds open, such as a program, ends with it and not some time later.
        with closing(sound(messages, name, guarded, self.run.bug)) as good:
            for message in good:
                if isinstance(message, Checkpoint):
                    if self.unbelieved and not any(map(is_row, batch)):
                        continue
                    self.take(batch, message)
                    batch, self.unbelieved = [], False
                elif isinstance(message, Progress):
                    self.total = message.total
                else:
                    batch.append(without_secrets(message, self.run.context.redact))

    def take(self, batch: list[Message], checkpoint: Checkpoint) -> None:
        """Commit what a checkpoint covers, with its cursor."""
        run, name = self.run, self.stream.mapping.name
        # As the database will give it back, so that the two can be compared.
        cursor = json.loads(json.dumps(checkpoint.cursor))
        new = StoredCursor(cursor=cursor, mapping_hash=run.mapping_hash)
        with run._writing() as writing:  # noqa: SLF001 - see above
            if cursor_of(writing.connection, run.connection_id, name) != self.at:
                raise Refused("connection_busy", {"connection": run.connection_id})
            taken = take_messages(writing, self.stream, batch)
            self._refuse_poison(taken)
            if run.days is None:
                self._cover(writing, batch, new)
            counts = run.counts + taken.counts
            count_run(writing, run.id, counts)
            self._tell(writing, taken.rows)
        run.counts = Counter(counts)
        self.moved = self.moved or self.at != new or taken.rows > 0
        self.at = new if run.days is None else self.at

    def _cover(self, writing: Writing, batch: list[Message], new: StoredCursor) -> None:
        """Move the cursor, and say how far the stream is complete."""
        run, name = self.run, self.stream.mapping.name
        for message in batch:
            if isinstance(message, Ready):
                kinds = self.stream.mapping.fact_kinds
                put_readiness(writing, run.connection_id, name, message.through, kinds)
        put_cursor(writing, run.connection_id, name, new)

    def _tell(self, writing: Writing, rows: int) -> None:
        """Say how far the read is; the total is of this stream, behind those before it."""
        done = sum(self.run.counts[each] for each in _ROWS) + rows
        before = done - self._seen["rows"]
        self.run.told(writing, done, None if self.total is None else before + self.total)

    def _refuse_poison(self, taken: Taken) -> None:
        self._seen["rows"] += taken.rows
        self._seen["bad"] += len(taken.bad)
        rows, bad = self._seen["rows"], self._seen["bad"]
        if rows >= _POISON_ROWS_MIN and bad * _SHARE > rows:
            raise Poisoned(self.stream, taken, rows, bad)
