"""Connectors that break when their source moves, fails or is cancelled; see ``mutants.py``."""

from __future__ import annotations

import dataclasses
import sys
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from connectors.contract import (
    Backfill,
    Checkpoint,
    CheckReport,
    Context,
    Cursor,
    HookAnswer,
    HookRequest,
    Message,
    ReadRequest,
)
from connectors.failures import ConfigurationRefused, ConnectorFailure
from connectors.kit.sample import STREAM, SampleConnector, Source

Messages = Iterator[Message]
Pages = Iterator[tuple[list[dict[str, Any]], Cursor]]


class RemembersInItself(SampleConnector):
    """Goes on from where it was, not from where the host is."""

    def __init__(self) -> None:
        self.reached: Cursor = {}

    def pages(self, source: Source, cursor: Cursor, backfill: Backfill | None) -> Pages:
        for rows, reached in super().pages(source, self.reached if cursor else cursor, backfill):
            self.reached = reached
            yield rows, reached


class StrictlyLater(SampleConnector):
    """Goes on behind the last time, as if no two rows shared one."""

    def pages(self, source: Source, cursor: Cursor, backfill: Backfill | None) -> Pages:
        since = str(cursor.get("since", ""))
        while True:
            query = {"since": since, "after": "~" if since else "", "limit": str(source.page)}
            rows = source.rows(query)
            since = str(rows[-1]["changed"] or "") if rows else since
            yield rows, {"since": since, "after": "~"}
            if len(rows) < source.page:
                return


class TakesTheEndForSeen(SampleConnector):
    """Reads the list as it was at the begin and then says that it knows all until the end."""

    def pages(self, source: Source, cursor: Cursor, backfill: Backfill | None) -> Pages:
        everything = list(super().pages(source, cursor, backfill))
        yield from everything[:-1]
        newest = list(super().pages(source, {}, None))[-1][1]
        yield everything[-1][0], newest


class LeavesOutUndated(SampleConnector):
    """A row without a time of change has not changed."""

    def pages(self, source: Source, cursor: Cursor, backfill: Backfill | None) -> Pages:
        for rows, reached in super().pages(source, cursor, backfill):
            yield [row for row in rows if row["changed"]], reached


class AllWhenNothing(SampleConnector):
    """Takes an empty answer for a lost cursor."""

    def pages(self, source: Source, cursor: Cursor, backfill: Backfill | None) -> Pages:
        found = list(super().pages(source, cursor, backfill))
        whole = found if any(rows for rows, _ in found) else super().pages(source, {}, None)
        yield from whole


class BackfillMovesTheCursor(SampleConnector):
    """What it read again is the newest it knows."""

    def read(self, context: Context, request: ReadRequest) -> Messages:
        for message in super().read(context, request):
            if request.backfill is not None and isinstance(message, Checkpoint):
                yield dataclasses.replace(message, cursor={"since": ""})
            else:
                yield message


class BackfillTakesTheLastDay(SampleConnector):
    """Reads one day too many."""

    def read(self, context: Context, request: ReadRequest) -> Messages:
        days = request.backfill
        if days is not None:
            days = dataclasses.replace(days, end=days.end.replace(day=days.end.day + 1))
        yield from super().read(context, dataclasses.replace(request, backfill=days))


class TakesAnOutageForTheEnd(SampleConnector):
    """A source that is down has no more rows."""

    def read(self, context: Context, request: ReadRequest) -> Messages:
        try:
            yield from super().read(context, request)
        except ConnectorFailure:
            yield Checkpoint(stream=STREAM.name, cursor={"since": "2026-09-30"})


class _Insistent(SampleConnector):
    """Asks again at once, and again."""

    def pages(self, source: Source, cursor: Cursor, backfill: Backfill | None) -> Pages:
        for left in reversed(range(40)):
            try:
                for rows, reached in super().pages(source, cursor, backfill):
                    cursor = reached
                    yield rows, reached
            except ConnectorFailure:
                if not left:
                    raise
            else:
                return


class Hammers(_Insistent):
    """Asks a source that is down without a pause."""


class InsistsOnItsAccess(_Insistent):
    """Asks on when it was refused."""


class CountsItsPages(SampleConnector):
    """The third page is what stands behind the first two, whatever moved."""

    def pages(self, source: Source, cursor: Cursor, backfill: Backfill | None) -> Pages:
        seen, place = 0, dict(cursor)
        while True:
            whole = [row for rows, _ in super().pages(source, place, backfill) for row in rows]
            whole.sort(key=lambda row: str(row["changed"]), reverse=True)
            rows = whole[seen : seen + source.page]
            seen += len(rows)
            if len(rows) < source.page:
                newest = whole[0] if whole else {}
                since = str(newest.get("changed", place.get("since", "")))
                yield rows, {"since": since, "after": str(newest.get("id", ""))}
                return
            yield rows, cursor


class SilentAboutDeletions(SampleConnector):
    """A row that is gone is a row that is not said."""

    def pages(self, source: Source, cursor: Cursor, backfill: Backfill | None) -> Pages:
        for rows, reached in super().pages(source, cursor, backfill):
            yield [row for row in rows if row.get("gone") is not True], reached


class TrustsTheBody(SampleConnector):
    """Who calls is who it says."""

    def hook(self, context: Context, request: HookRequest) -> HookAnswer:
        return HookAnswer(status=200, reread={STREAM.name: ("D7",)}, delivery="n-1")


class HoldsEverything(SampleConnector):
    """Has all rows in hand before it says the first."""

    def read(self, context: Context, request: ReadRequest) -> Messages:
        yield from list(super().read(context, request))


class RemembersEveryRow(SampleConnector):
    """Keeps every row that it said, to be sure."""

    def read(self, context: Context, request: ReadRequest) -> Messages:
        kept = []
        for message in super().read(context, request):
            kept.append(message)
            yield message


class AsksSomebodyElse(SampleConnector):
    """Follows an address that the source named."""

    def discover(self, context: Context) -> Any:
        try:
            context.web.get("https://elsewhere.example/deals", {}, {})
        except ConnectorFailure:
            return super().discover(context)
        return super().discover(context)


class GoesItsOwnWay(SampleConnector):
    """Opens a connection of its own."""

    def check(self, context: Context) -> CheckReport:
        import socket

        try:
            socket.create_connection(("127.0.0.1", 9), timeout=0.1).close()
        except OSError:
            return super().check(context)
        return super().check(context)


class NeedsTheColumn(SampleConnector):
    """Breaks on the first row that lacks an old column."""

    def message(self, row: Mapping[str, Any], order: int) -> Message:
        return super().message({**row, "owner": row["owner"]}, order)


class DiscoversWhatIsGone(SampleConnector):
    """Promises a column for good and leaves it out."""

    def discover(self, context: Context) -> Any:
        return dataclasses.replace(super().discover(context), streams=(STREAM,))


class IgnoresBeingCancelled(SampleConnector):
    """Takes the end of its reader for a fault of its own and goes on."""

    def read(self, context: Context, request: ReadRequest) -> Messages:
        cancelled = False
        for message in super().read(context, request):
            try:
                yield message
            except GeneratorExit:
                if cancelled:
                    raise
                cancelled = True


class LeavesAThread(SampleConnector):
    """Something of it goes on when nobody listens."""

    def read(self, context: Context, request: ReadRequest) -> Messages:
        threading.Thread(target=lambda: threading.Event().wait(0.3)).start()
        yield from super().read(context, request)


class RenamedItsCursor(SampleConnector):
    """Forgot what its last release left behind."""

    def pages(self, source: Source, cursor: Cursor, backfill: Backfill | None) -> Pages:
        if cursor and "after" not in cursor:
            raise ConfigurationRefused("source_setting_invalid", {"field": "cursor"})
        yield from super().pages(source, cursor, backfill)


class TakesAnOldCursorForTheEnd(SampleConnector):
    """Reads nothing more where its last release left off."""

    def pages(self, source: Source, cursor: Cursor, backfill: Backfill | None) -> Pages:
        old = cursor and "after" not in cursor
        yield from super().pages(source, {"since": "2999"} if old else cursor, backfill)


class UndeclaredTelephone(SampleConnector):
    """Says nothing of the telephone numbers."""

    def discover(self, context: Context) -> Any:
        (found,) = super().discover(context).streams
        own = dataclasses.replace(found, personal_fields=())
        return dataclasses.replace(super().discover(context), streams=(own,))


class Prints(SampleConnector):
    """Tells the screen how it goes."""

    def check(self, context: Context) -> CheckReport:
        sys.stdout.write("checking\n")
        return super().check(context)
