"""Checks of what a read brings: keys, contents, checkpoints, and reading again."""

from __future__ import annotations

import json
from datetime import date

from connectors.contract import (
    CHECKPOINT_RECORDS_MAX,
    CURSOR_BYTES_MAX,
    Backfill,
    Checkpoint,
    ListsKeys,
    ReadRequest,
    Record,
    Rejected,
    Tombstone,
    canonical_content,
)
from connectors.failures import ConfigurationRefused, KeysIncomplete
from connectors.kit.case import (
    Case,
    NotApplicable,
    NotProven,
    committed,
    cursors_of,
    holds_time,
    latest,
    rows,
    spread,
)


def keys_are_unique(case: Case) -> None:
    """K04: every record has a key, and no version of a key comes twice in one read."""
    seen: set[tuple[str, str, str]] = set()
    order = 0
    for message in case.read():
        if not isinstance(message, Record):
            continue
        assert message.key.strip(), f"{message.position} has no key"
        assert message.position, f"the record {message.key} does not say where it stood"
        mark = (message.stream, message.key, message.version)
        assert mark not in seen, f"the key {message.key} comes twice"
        assert message.order > order, "the order of records does not rise"
        seen.add(mark)
        order = message.order
    assert seen, "the sample has no record, so nothing is proven"


def reading_twice_is_the_same(case: Case) -> None:
    """K05: a read without a cursor gives the same records again."""
    assert rows(case.read()) == rows(case.read()), "the second read differs from the first"


def resuming_loses_nothing(case: Case) -> None:
    """K06: stop after any checkpoint and go on from it: together that is the whole read."""
    whole = case.read()
    wanted = latest(whole)
    for place, message in enumerate(whole):
        if isinstance(message, Checkpoint):
            before = whole[: place + 1]
            rest = case.read(cursors_of(before))
            together = {**latest(before), **latest(rest)}
            assert together == wanted, f"resuming from checkpoint {place} loses or doubles rows"


def nothing_new_gives_nothing_new(case: Case) -> None:
    """K07: a read from the last cursors brings no row that the host does not have."""
    whole = case.read()
    again = case.read(cursors_of(whole))
    assert set(rows(again)) <= set(rows(whole)), "a second read invents rows"
    many = len(rows(again)) > max(100, len(rows(whole)) // 2)
    assert not many, "the cursor is ignored: everything is read again"


def checkpoints_cover_everything(case: Case) -> None:
    """K08: a checkpoint in every 1,000 records, one at the end, small and plain JSON."""
    since: dict[str, int] = {}
    for message in case.read():
        if isinstance(message, Checkpoint):
            since[message.stream] = 0
            size = len(json.dumps(message.cursor))
            assert size <= CURSOR_BYTES_MAX, f"a cursor of {size} bytes"
        elif isinstance(message, Record | Tombstone | Rejected):
            since[message.stream] = since.get(message.stream, 0) + 1
            assert since[message.stream] <= CHECKPOINT_RECORDS_MAX, "too long without a checkpoint"
    assert not any(since.values()), "the last rows are covered by no checkpoint"
    assert set(since) >= set(case.streams), "a stream was read without any checkpoint"


def bad_rows_are_rejected(case: Case) -> None:
    """K09: every bad row of the sample is rejected with its place and reason; the read goes on."""
    rejected = [m for m in case.read() if isinstance(m, Rejected)]
    assert len(rejected) == case.rejected, f"{len(rejected)} rejected, expected {case.rejected}"
    for message in rejected:
        assert message.position, "a rejected row does not say where it stood"
        assert message.reason, "a rejected row does not say why"


def unknown_columns_arrive(case: Case) -> None:
    """K10: columns that nobody asked for are kept."""
    records = [m for m in case.read() if isinstance(m, Record)]
    for stream, column in case.unknown:
        own = [record for record in records if record.stream == stream]
        assert any(column in record.content for record in own), f"{stream}.{column} is lost"


def contents_are_exact(case: Case) -> None:
    """K11: no float and nothing that cannot be stored is in a record."""
    for message in case.read():
        if isinstance(message, Record):
            canonical_content(message.content).encode()
            assert "\0" not in message.key, "a key with a NUL cannot be stored"


def keys_name_every_row(case: Case) -> None:
    """K13: where ``keys`` is offered, it names every row that a full read brings."""
    if "keys" not in case.connector.info.capabilities:
        raise NotApplicable("the connector lists no keys")
    assert isinstance(case.connector, ListsKeys), "the capability keys is claimed, the verb missing"
    for stream in case.streams:
        try:
            listed = list(case.connector.keys(case.context(), stream))
        except KeysIncomplete:
            assert case.rejected, "keys gives up although no row of the sample is bad"
            continue
        assert len(listed) == len(set(listed)), "keys names a row twice"
        read = {m.key for m in case.read() if isinstance(m, Record) and m.stream == stream}
        assert read <= set(listed), "keys leaves out a row: the host would delete it"


def killed_anywhere_nothing_is_lost(case: Case) -> None:
    """K17: end a read after any message: what was committed and the next read are the whole."""
    whole = case.read()
    wanted = latest(whole)
    for place in spread(len(whole)):
        reading = case.reading()
        begun = [message for _, message in zip(range(place), reading, strict=False)]
        getattr(reading, "close", lambda: None)()
        kept = committed(begun)
        together = {**latest(kept), **latest(case.read(cursors_of(kept)))}
        assert together == wanted, f"a read that ended after message {place} loses rows"


def the_far_future_is_empty(case: Case) -> None:
    """K21: from a cursor after every row come no rows and no failure."""
    if not case.future:
        raise NotProven("the case has no cursors of the far future")
    dated = tuple(stream for stream in case.streams if stream in case.future)
    for stream, cursor in cursors_of(case.read()).items():
        told = stream in case.future or not holds_time(cursor)
        assert told, f"the cursor of {stream} holds a time, and the case has none of the future"
    request = ReadRequest(streams=dated, cursors=case.future)
    found = rows(list(case.connector.read(case.context(), request)))
    assert not found, f"{len(found)} rows come from a cursor of the far future"


def backfill_is_half_open(case: Case) -> None:
    """K22: a backfill brings the rows of its days and leaves the live cursor where it was."""
    if "backfill" not in case.connector.info.capabilities:
        _refuses_to_backfill(case)
        raise NotApplicable("the connector cannot backfill and says so when asked")
    if case.backfill is None:
        raise NotProven("the case has no range to read again")
    days, wanted = case.backfill
    dated = {stream for stream, _ in wanted}
    for stream in set(case.streams) - dated:  # such as a directory, which has no days
        _has_nothing_in(case, stream, days)
    live = cursors_of(case.read())
    streams = tuple(stream for stream in case.streams if stream in dated)
    request = ReadRequest(streams=streams, cursors=live, backfill=days)
    messages = list(case.connector.read(case.context(), request))
    found = {(stream, key) for stream, key, _ in rows(messages)}
    assert found == wanted, f"the backfill brings {len(found)} rows, expected {len(wanted)}"
    moved = {stream for stream, cursor in cursors_of(messages).items() if cursor != live[stream]}
    assert not moved, "a backfill moves the live cursor"


def _refuses_to_backfill(case: Case) -> None:
    days = Backfill(start=date(2026, 9, 1), end=date(2026, 9, 2))
    try:
        list(case.connector.read(case.context(), ReadRequest(streams=case.streams, backfill=days)))
    except ConfigurationRefused:
        return
    raise AssertionError("a backfill is neither claimed nor refused")


def _has_nothing_in(case: Case, stream: str, days: Backfill) -> None:
    request = ReadRequest(streams=(stream,), backfill=days)
    try:
        found = rows(list(case.connector.read(case.context(), request)))
    except ConfigurationRefused:
        return
    assert not found, f"the backfill brings rows of {stream}, where the case expects none"
