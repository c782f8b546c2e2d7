"""Checks with a source that moves while it is read: changes, ties, drift, deletions, columns."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

from connectors.contract import (
    Deletes,
    ListsKeys,
    Message,
    Record,
    Tombstone,
)
from connectors.failures import ConnectorFailure, Transient
from connectors.kit.case import (
    Case,
    NotApplicable,
    NotProven,
    Place,
    committed,
    cursors_of,
    latest,
    spread,
)

FEW, MANY = 400, 1_200  # at least two pages, so that both peaks are those of turning pages
_BYTES_A_ROW = 64  # what may be remembered of each row: a fingerprint, not the row
_BYTES_AT_LARGE = 200_000


def equal_times_all_arrive(case: Case) -> None:
    """K18: rows with one time of change that fill more than a page all arrive, also later."""
    if case.faults.tie is None:
        raise NotProven("the case cannot give many rows one time of change (faults.tie)")
    cursors = cursors_of(case.read())
    tied = case.faults.tie()
    assert tied <= set(latest(case.read(cursors))), "rows with equal times are lost in going on"
    assert tied <= set(latest(case.read())), "rows with equal times are lost in a first read"


def a_change_while_reading_is_not_lost(case: Case) -> None:
    """K19: a row that changes during a read is there as it is now, at the latest after the next."""
    change = case.faults.change
    if change is None:
        raise NotProven("the case cannot change a row (faults.change)")
    for place in spread(len(case.read()), 3):
        changed: list[Place] = []

        def now_and_then(number: int, at: int = place, told: list[Place] = changed) -> None:
            if number == at:
                told.append(change())

        found = _read_while(case, now_and_then)
        next_read = case.read(cursors_of(found))
        together, now = {**latest(found), **latest(next_read)}, latest(case.read())
        for each in changed:
            assert together.get(each) == now.get(each), f"the change of {each[1]} is lost"


def _read_while(case: Case, deed: Callable[[int], None]) -> list[Message]:
    """Read with a deed after each message; who gives up because rows move is tried again."""
    found: list[Message] = []
    try:
        for number, message in enumerate(case.reading(), 1):
            found.append(message)
            deed(number)
    except Transient:
        return committed(found)
    return found


def undated_rows_arrive(case: Case) -> None:
    """K20: a row without a time of change arrives."""
    if case.faults.undated is None:
        raise NotProven("the case cannot give a row without a time of change (faults.undated)")
    undated = case.faults.undated()
    assert undated in latest(case.read()), "a row without a time of change is lost"


def drift_loses_nothing(case: Case) -> None:
    """K25: rows that are inserted while pages are turned push no other row out."""
    insert = case.faults.insert
    if insert is None:
        raise NotProven("the case cannot insert a row (faults.insert)")
    whole = case.read()
    wanted = set(latest(whole))
    places = set(spread(len(whole)))

    def now_and_then(number: int) -> None:
        if number in places:
            wanted.add(insert())

    found = _read_while(case, now_and_then)
    found += case.read(cursors_of(found))
    lost = wanted - set(latest(found))
    assert not lost, f"{len(lost)} rows are lost when rows move between pages"


def deletions_show_as_declared(case: Case) -> None:
    """K26: a row that goes is told by a tombstone or missing in ``keys``, as declared."""
    kinds = {stream: case.deletes(stream) for stream in case.streams}
    if set(kinds.values()) == {Deletes.NONE}:
        raise NotApplicable("its streams declare that they do not tell deletions")
    if case.faults.delete is None:
        raise NotProven("the case cannot delete a row (faults.delete)")
    cursors = cursors_of(case.read())
    stream, key = case.faults.delete()
    if kinds[stream] is Deletes.SWEEP:
        assert isinstance(case.connector, ListsKeys), "a sweep is declared, keys is missing"
        assert key not in set(case.connector.keys(case.context(), stream)), "keys names a gone row"
    elif kinds[stream] is Deletes.TOMBSTONE:
        gone = {(m.stream, m.key) for m in case.read(cursors) if isinstance(m, Tombstone)}
        assert (stream, key) in gone, "a row went and nothing tells it"
    else:
        raise NotProven(f"the case deleted a row of {stream}, which tells no deletions")


def memory_stays_flat(case: Case) -> None:
    """K28: memory does not grow with the number of rows."""
    if case.faults.many is None:
        raise NotProven("the case cannot fill its source (faults.many)")
    peaks = []
    for count in (FEW, MANY):
        case.faults.many(count)
        peaks.append(_peak(case, count))
    grown = peaks[1] - peaks[0]
    assert grown < _BYTES_AT_LARGE + _BYTES_A_ROW * MANY, f"memory grows by {grown} bytes"


def _peak(case: Case, count: int) -> int:
    """Read everything, keep nothing, and return how many bytes were in use at the most."""
    tracemalloc.start()
    try:
        read = sum(isinstance(message, Record) for message in case.reading())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert read >= count, f"{read} of {count} rows arrive"
    return peak


def columns_may_come_and_go(case: Case) -> None:
    """K30: a new column arrives; one that goes breaks nothing and is discovered no longer."""
    new, lost = case.faults.new_field, case.faults.lost_field
    if new is None or lost is None:
        raise NotProven("the case cannot change columns (faults.new_field, faults.lost_field)")
    stream, column = new()
    got = [m for m in case.read() if isinstance(m, Record) and m.stream == stream]
    assert any(column in record.content for record in got), f"the new column {column} is lost"
    stream, column = lost()
    try:
        found = case.read()
        catalog = case.connector.discover(case.context()).streams
    except ConnectorFailure as failure:
        told = column in str(failure)
        assert told, f"the failure does not say that {column} is missing"
        return
    if not any(column in info.columns for info in catalog if info.name == stream):
        return
    # Columns that a connector declares for good are there for ever: empty where there is nothing.
    declared = any(
        column in info.columns for info in case.connector.info.streams if info.name == stream
    )
    cells = [
        m.content.get(column, "") for m in found if isinstance(m, Record) and m.stream == stream
    ]
    assert declared, f"{column} is gone and still discovered"
    assert None in cells, f"{column} is declared for good, and no row has it empty"
    assert "" not in cells, f"{column} is declared for good, and rows come without it"
