"""Broken connectors, each of which breaks one promise: the check of that promise must see it.

Most of them are mistakes that real connectors made: the cursor that is ahead of its rows, the page
that is counted, the outage that is taken for the end.
"""

from __future__ import annotations

import base64
import dataclasses
import logging
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from connectors.contract import (
    Backfill,
    CheckCode,
    Checkpoint,
    CheckReport,
    Context,
    Cursor,
    HookAnswer,
    HookRequest,
    Message,
    ReadRequest,
    Record,
    Rejected,
)
from connectors.failures import ConfigurationRefused, ConnectorFailure
from connectors.kit.case import Case
from connectors.kit.sample import STREAM, SampleConnector, Source
from connectors.kit.sample_case import case_of

Messages = Iterator[Message]
Pages = Iterator[tuple[list[dict[str, Any]], Cursor]]


class UnmarkedSecret(SampleConnector):
    """Its token is a setting like any other."""

    info = dataclasses.replace(
        SampleConnector.info,
        config_schema={"type": "object", "properties": {"token": {"type": "string"}}},
    )


class OneGenericMessage(SampleConnector):
    """Whatever is wrong, the settings are."""

    def check(self, context: Context) -> CheckReport:
        ok = super().check(context).ok
        return CheckReport(code=CheckCode.OK if ok else CheckCode.CONFIGURATION)


class WritesWhileChecking(SampleConnector):
    """Leaves a file behind."""

    def check(self, context: Context) -> CheckReport:
        (context.folder / "lock").write_text("here", "ascii")
        return super().check(context)


class DoubleKey(SampleConnector):
    """Says its first deal twice."""

    def read(self, context: Context, request: ReadRequest) -> Messages:
        first = None
        for message in super().read(context, request):
            if isinstance(message, Record):
                first = first or message
                last = message.order
            elif first and isinstance(message, Checkpoint):
                yield dataclasses.replace(first, order=last + 1)
                first = None
            yield message


class Forgetful(SampleConnector):
    """Gives another content at every read."""

    def __init__(self) -> None:
        self.times = 0

    def read(self, context: Context, request: ReadRequest) -> Messages:
        self.times += 1
        for message in super().read(context, request):
            if isinstance(message, Record):
                content = {**message.content, "read": self.times}
                yield dataclasses.replace(message, content=content)
            else:
                yield message


class CheckpointTooEarly(SampleConnector):
    """The classic: the cursor already covers a row that is not out yet."""

    def read(self, context: Context, request: ReadRequest) -> Messages:
        held: Message | None = None
        for message in super().read(context, request):
            if isinstance(message, Checkpoint):
                yield message
            else:
                if held is not None:
                    yield held
                held = message
        if held is not None:
            yield held
            yield message


class IgnoresTheCursor(SampleConnector):
    """Reads everything, every time."""

    def read(self, context: Context, request: ReadRequest) -> Messages:
        yield from super().read(context, dataclasses.replace(request, cursors={}))


class OneCheckpointAtTheEnd(SampleConnector):
    """Has the host hold all rows at once."""

    def read(self, context: Context, request: ReadRequest) -> Messages:
        messages = list(super().read(context, request))
        yield from (m for m in messages[:-1] if not isinstance(m, Checkpoint))
        yield messages[-1]


class DropsBadRows(SampleConnector):
    """What it does not understand was never there."""

    def read(self, context: Context, request: ReadRequest) -> Messages:
        yield from (m for m in super().read(context, request) if not isinstance(m, Rejected))


class _Contents(SampleConnector):
    """Breaks what is in a record."""

    def changed(self, content: dict[str, Any]) -> dict[str, Any]:
        return content

    def message(self, row: Mapping[str, Any], order: int) -> Message:
        made = super().message(row, order)
        if isinstance(made, Record):
            return dataclasses.replace(made, content=self.changed(dict(made.content)))
        return made


class KnownColumnsOnly(_Contents):
    """Keeps the columns of the day it was written."""

    def changed(self, content: dict[str, Any]) -> dict[str, Any]:
        return {name: cell for name, cell in content.items() if name in STREAM.columns}


class FloatMoney(_Contents):
    """Money in binary fractions."""

    def changed(self, content: dict[str, Any]) -> dict[str, Any]:
        return {**content, "amount": float(content["amount"])}


class LogsItsToken(SampleConnector):
    """Says who it is, aloud."""

    def check(self, context: Context) -> CheckReport:
        logging.getLogger("acme").debug("signing in with %s", context.config.get("token"))
        return super().check(context)


class LogsABasicHeader(SampleConnector):
    """Says who it is in base64."""

    def check(self, context: Context) -> CheckReport:
        pair = base64.b64encode(f"bot:{context.config.get('token')}".encode()).decode()
        logging.getLogger("acme").debug("authorization: Basic %s", pair)
        return super().check(context)


class TellsItsTokenWhenRefused(SampleConnector):
    """Explains a refusal too well."""

    def read(self, context: Context, request: ReadRequest) -> Messages:
        try:
            yield from super().read(context, request)
        except ConnectorFailure as failure:
            values = {"expected": "sample-token-5e1f"}
            raise ConfigurationRefused(failure.code, values) from None


class LeavesOutAKey(SampleConnector):
    """Has a living row deleted."""

    def keys(self, context: Context, stream: str) -> Iterator[str]:
        yield from list(super().keys(context, stream))[1:]


class CrashesWithoutPage(SampleConnector):
    """Takes an optional setting for granted."""

    def check(self, context: Context) -> CheckReport:
        assert context.config["page"] is not None
        return super().check(context)


class NaiveTimes(SampleConnector):
    """Local time of nowhere."""

    def discover(self, context: Context) -> Any:
        (found,) = super().discover(context).streams
        return dataclasses.replace(
            super().discover(context), streams=(dataclasses.replace(found, zone=""),)
        )


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


class NeedsTheColumn(_Contents):
    """Breaks on the first row that lacks an old column."""

    def changed(self, content: dict[str, Any]) -> dict[str, Any]:
        return {**content, "owner": content["owner"]}


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


def connects_at_import(folder: Path) -> Case:
    """Write a module that asks the network when it is imported."""
    text = "import socket\nsocket.create_connection(('127.0.0.1', 9), 1)\n"
    (folder / "acme_connects.py").write_text(text, "ascii")
    kind = type("ConnectsAtImport", (SampleConnector,), {"__module__": "acme_connects"})
    return case_of(kind(), folder)


def _of(kind: type[SampleConnector]) -> Callable[[Path], Case]:
    def made(folder: Path) -> Case:
        return case_of(kind(), folder)

    made.__name__ = kind.__name__
    made.__doc__ = kind.__doc__
    return made


def too_few_checkpoints(folder: Path) -> Case:
    """Has the host hold all rows at once."""
    return case_of(OneCheckpointAtTheEnd(), folder, count=1_200, page=300)


def reads_all_again(folder: Path) -> Case:
    """Reads everything, every time."""
    return case_of(IgnoresTheCursor(), folder, count=300, page=100)


def holds_everything(folder: Path) -> Case:
    """Has all rows in hand before it says the first."""
    return case_of(HoldsEverything(), folder, page=200)


def remembers_every_row(folder: Path) -> Case:
    """Keeps every row that it said, to be sure."""
    return case_of(RemembersEveryRow(), folder, page=200)


MUTANTS: Mapping[str, tuple[Callable[[Path], Case], ...]] = {
    "K01": (_of(UnmarkedSecret),),
    "K02": (_of(OneGenericMessage),),
    "K03": (_of(WritesWhileChecking),),
    "K04": (_of(DoubleKey),),
    "K05": (_of(Forgetful),),
    "K06": (_of(CheckpointTooEarly),),
    "K07": (reads_all_again,),
    "K08": (too_few_checkpoints,),
    "K09": (_of(DropsBadRows),),
    "K10": (_of(KnownColumnsOnly),),
    "K11": (_of(FloatMoney),),
    "K12": (_of(LogsItsToken), _of(LogsABasicHeader), _of(TellsItsTokenWhenRefused)),
    "K13": (_of(LeavesOutAKey),),
    "K14": (connects_at_import,),
    "K15": (_of(CrashesWithoutPage),),
    "K16": (_of(NaiveTimes),),
    "K17": (_of(RemembersInItself),),
    "K18": (_of(StrictlyLater),),
    "K19": (_of(TakesTheEndForSeen),),
    "K20": (_of(LeavesOutUndated),),
    "K21": (_of(AllWhenNothing),),
    "K22": (_of(BackfillMovesTheCursor), _of(BackfillTakesTheLastDay)),
    "K23": (_of(TakesAnOutageForTheEnd), _of(Hammers)),
    "K24": (_of(InsistsOnItsAccess),),
    "K25": (_of(CountsItsPages),),
    "K26": (_of(SilentAboutDeletions),),
    "K27": (_of(TrustsTheBody),),
    "K28": (holds_everything, remembers_every_row),
    "K29": (_of(AsksSomebodyElse), _of(GoesItsOwnWay)),
    "K30": (_of(NeedsTheColumn),),
    "K31": (_of(IgnoresBeingCancelled), _of(LeavesAThread)),
    "K32": (_of(RenamedItsCursor),),
    "K33": (_of(UndeclaredTelephone),),
    "K34": (_of(Prints),),
}
