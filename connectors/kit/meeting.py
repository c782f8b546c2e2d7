"""Meeting the real source: check, discover, and read a little of each stream."""

from __future__ import annotations

from collections.abc import Iterable

from connectors.contract import CheckReport, Connector, Context, Record, StreamInfo
from connectors.failures import ConnectorFailure
from connectors.kit.cassettes import CassetteRefused
from connectors.kit.replaying import taken


def demand_ok(report: CheckReport) -> None:
    """Refuse to go on where the check finds something in the way."""
    if not report.ok:
        codes = ", ".join(finding.code for finding in report.findings)
        raise CassetteRefused(f"check says {report.code.value}: {codes}")


def chosen(
    wanted: tuple[str, ...], declared: Iterable[StreamInfo], found: Iterable[StreamInfo]
) -> dict[str, StreamInfo]:
    """Choose the streams that are wanted, or every one that was discovered."""
    discovered = {info.name: info for info in found}
    known = {info.name: info for info in declared} | discovered
    for stream in wanted:
        if stream not in known:
            raise CassetteRefused(f"no stream {stream}; there are {', '.join(known)}")
    return {name: known[name] for name in wanted or discovered}


def met(
    connector: Connector, context: Context, streams: tuple[str, ...], records: int
) -> dict[str, int]:
    """Meet the source and count what each stream brings before the first checkpoint after so many.

    Nothing of what was read is kept.
    """
    try:
        demand_ok(connector.check(context))
        found = connector.discover(context).streams
        counts = {}
        for stream in chosen(streams, connector.info.streams, found):
            read = taken(connector, context, (stream,), records)
            counts[stream] = sum(isinstance(message, Record) for message in read)
    except ConnectorFailure as failure:
        raise CassetteRefused(f"the source or its settings: {failure.code}") from None
    return counts
