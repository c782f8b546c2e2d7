"""What a source cannot have, said by its case with a reason, and held to what the connector says.

A case that gives a check nothing to try is *not proven*. Where there can be nothing to try, because
the source has no such thing, the case says so in ``absent``: the check is then *not applicable*,
with the reason in the grade. What the connector declares, or what its rows show, is stronger: who
contradicts it fails the check.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from connectors.contract import Deletes, Json, Record
from connectors.kit.case import MAY_BE_ABSENT, Case, NotApplicable, cursors_of, holds_time

Check = Callable[[Case], None]
# Given a case that says that its source has no such thing: what says that it has, or "".
Contradiction = Callable[[Case], str]


def with_absence(number: str, check: Check) -> Check:
    """Let a case say that there can be nothing to check; a statement that is untrue fails."""

    @functools.wraps(check)
    def checked(case: Case) -> None:
        reason = case.absent.get(number)
        if reason is None:
            check(case)
            return
        told = contradiction(number, case)
        assert not told, f"the case says that it cannot be ({reason}), but {told}"
        raise NotApplicable(reason)

    return checked


def contradiction(number: str, case: Case) -> str:
    """Return what contradicts the case where it says that there is no such thing, or ""."""
    return _CONTRADICTIONS[number](case)


def _equal_times(case: Case) -> str:
    if case.faults.tie is not None:
        return "the case itself can tie rows (faults.tie)"
    if _dated(case):
        return "its rows carry a time of change (Record.version)"
    return "its cursors hold a time" if _timed(case) else ""


def _changes(case: Case) -> str:
    if case.faults.change is not None:
        return "the case itself can change a row (faults.change)"
    return "its rows carry a time of change (Record.version)" if _dated(case) else ""


def _undated(case: Case) -> str:
    if case.faults.undated is not None:
        return "the case itself can make one (faults.undated)"
    for record in _records(case):
        if not record.version:
            return f"{record.position} arrives without a time of change (Record.version)"
    return ""


def _future(case: Case) -> str:
    if case.future:
        return "the case itself has cursors of the future"
    return "its cursors hold a time" if _timed(case) else ""


def _deletions(case: Case) -> str:
    if case.faults.delete is not None:
        return "the case itself can delete a row (faults.delete)"
    for stream in case.streams:
        kind = case.deletes(stream)
        if kind is not Deletes.NONE:
            return f"the stream {stream} declares {kind.name}"
    return ""


def _callbacks(case: Case) -> str:
    claimed = "hook" in case.connector.info.capabilities
    return "the connector declares the capability hook" if claimed else ""


def _mapping(case: Case) -> str:
    info = case.connector.info
    if info.mapping is not None:
        return "the connector brings a mapping"
    named = [stream.name for stream in info.streams] or _streams_to_choose(info.config_schema)
    return f"the connector has streams of its own ({', '.join(named)})" if named else ""


def _streams_to_choose(schema: Mapping[str, Json]) -> list[str]:
    """List the streams that a form offers by name; none where a person describes their own."""
    properties: Any = schema.get("properties", {})
    streams: Any = properties.get("streams") or {}
    return [str(name) for name in (streams.get("items") or {}).get("enum", ())]


_CONTRADICTIONS: Mapping[str, Contradiction] = {
    "K18": _equal_times,
    "K19": _changes,
    "K20": _undated,
    "K21": _future,
    "K26": _deletions,
    "K27": _callbacks,
    "mapping": _mapping,
}
assert set(_CONTRADICTIONS) == set(MAY_BE_ABSENT)


def _records(case: Case) -> Iterator[Record]:
    return (message for message in case.reading() if isinstance(message, Record))


def _dated(case: Case) -> bool:
    return any(record.version for record in _records(case))


def _timed(case: Case) -> bool:
    return any(holds_time(cursor) for cursor in cursors_of(case.read()).values())
