"""Broken connectors, each of which breaks one promise: the check of that promise must see it.

Most of them are mistakes that real connectors made: the cursor that is ahead of its rows, the page
that is counted, the outage that is taken for the end.
"""

from __future__ import annotations

import base64
import dataclasses
import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from connectors.contract import (
    CheckCode,
    Checkpoint,
    CheckReport,
    Context,
    Cursor,
    Message,
    ReadRequest,
    Record,
    Rejected,
)
from connectors.failures import ConfigurationRefused, ConnectorFailure
from connectors.kit.case import Case
from connectors.kit.mutants_of_cases import (
    every_row_has_a_time,
    no_mapping_can_be,
    no_two_times_are_equal,
    nobody_calls_back,
    nothing_ever_changes,
    nothing_is_ever_deleted,
    there_is_no_future,
)
from connectors.kit.mutants_of_cassettes import (
    keeps_a_basic_header,
    keeps_a_telephone_number,
    keeps_a_token_in_an_address,
    keeps_a_token_in_parts,
    keeps_somebodys_key,
)
from connectors.kit.mutants_of_sources import (
    AllWhenNothing,
    AsksSomebodyElse,
    BackfillMovesTheCursor,
    BackfillTakesTheLastDay,
    CountsItsPages,
    DiscoversWhatIsGone,
    GoesItsOwnWay,
    Hammers,
    HoldsEverything,
    IgnoresBeingCancelled,
    InsistsOnItsAccess,
    LeavesAThread,
    LeavesOutUndated,
    NeedsTheColumn,
    Prints,
    RemembersEveryRow,
    RemembersInItself,
    RenamedItsCursor,
    SilentAboutDeletions,
    StrictlyLater,
    TakesAnOldCursorForTheEnd,
    TakesAnOutageForTheEnd,
    TakesTheEndForSeen,
    TrustsTheBody,
    UndeclaredTelephone,
)
from connectors.kit.sample import STREAM, SampleConnector
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
        first: Record | None = None
        last = 0
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
        final: Checkpoint | None = None
        for message in super().read(context, request):
            if isinstance(message, Checkpoint):
                final = message
                yield message
            else:
                if held is not None:
                    yield held
                held = message
        if held is not None:
            yield held
        if final is not None:
            yield final


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
    "K01": (_of(UnmarkedSecret), no_mapping_can_be),
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
    "K18": (_of(StrictlyLater), no_two_times_are_equal),
    "K19": (_of(TakesTheEndForSeen), nothing_ever_changes),
    "K20": (_of(LeavesOutUndated), every_row_has_a_time),
    "K21": (_of(AllWhenNothing), there_is_no_future),
    "K22": (_of(BackfillMovesTheCursor), _of(BackfillTakesTheLastDay)),
    "K23": (_of(TakesAnOutageForTheEnd), _of(Hammers)),
    "K24": (_of(InsistsOnItsAccess),),
    "K25": (_of(CountsItsPages),),
    "K26": (_of(SilentAboutDeletions), nothing_is_ever_deleted),
    "K27": (_of(TrustsTheBody), nobody_calls_back),
    "K28": (holds_everything, remembers_every_row),
    "K29": (_of(AsksSomebodyElse), _of(GoesItsOwnWay)),
    "K30": (_of(NeedsTheColumn), _of(DiscoversWhatIsGone)),
    "K31": (_of(IgnoresBeingCancelled), _of(LeavesAThread)),
    "K32": (_of(RenamedItsCursor), _of(TakesAnOldCursorForTheEnd)),
    "K33": (_of(UndeclaredTelephone),),
    "K34": (_of(Prints),),
    "K35": (
        keeps_a_token_in_an_address,
        keeps_a_basic_header,
        keeps_a_token_in_parts,
        keeps_somebodys_key,
        keeps_a_telephone_number,
    ),
}
