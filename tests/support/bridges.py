"""A connector that runs a program of others, as the host would ask it, over a source that moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from actions.source_secrets import redactor
from connectors.contract import (
    CheckCode,
    Checkpoint,
    Context,
    Cursor,
    Message,
    ReadRequest,
    Record,
)
from connectors.failures import ConnectorFailure
from connectors.program_sources import ProgramConnector
from connectors.testing import Case, Earlier, Faults
from tests.support.taps import KEY, QUICK, order, write_source

NOW = datetime(2026, 10, 1, tzinfo=UTC)
SWEPT = {"orders": {"deletes": "SWEEP"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of program: its connector, how it is installed, and what names it in the settings."""

    connector: type[ProgramConnector]
    install: Callable[..., Path]
    settings: Callable[..., dict[str, Any]]
    named: str


class Source:
    """The file that the small tap reads, with a clock of its own."""

    def __init__(self, folder: Path, count: int = 4) -> None:
        self.folder = folder
        self.tick = 0
        self.rows = [order(number) for number in range(1, count + 1)]
        self.rows.append(order(900, id=None))
        self.file = self.write()

    def write(self) -> Path:
        return write_source(self.folder, self.rows)

    def put(self, number: int, **changed: Any) -> tuple[str, str]:
        self.tick += 1
        at = f"2026-09-30T09:{self.tick:02d}:00Z"
        row = order(number, **{"updated_at": at, "note": f"change {self.tick}", **changed})
        self.rows = [each for each in self.rows if each["id"] != row["id"]] + [row]
        self.write()
        return "orders", row["id"]

    def insert(self) -> tuple[str, str]:
        return self.put(100 + self.tick)

    def change(self) -> tuple[str, str]:
        return self.put(3)

    def delete(self) -> tuple[str, str]:
        self.rows = [row for row in self.rows if row["id"] not in {"A4", None}]
        self.write()
        return "orders", "A4"

    def tie(self) -> set[tuple[str, str]]:
        at = "2026-09-30T10:00:00Z"
        return {self.put(200 + number, updated_at=at) for number in range(7)}

    def undated(self) -> tuple[str, str]:
        return self.put(300, updated_at=None)

    def new_field(self) -> tuple[str, str]:
        self.put(5, channel="expo")
        return "orders", "channel"

    def lost_field(self) -> tuple[str, str]:
        self.put(6)
        for row in self.rows:
            row.pop("amount")
        self.write()
        return "orders", "amount"

    def many(self, count: int) -> None:
        self.rows = [order(number) for number in range(1, count + 1)]
        self.write()


def program_case(folder: Path, kind: Kind, future: str) -> Case:
    """A small program with a source that moves and one row without a key."""
    data, taps = folder / "data", folder / "taps"
    data.mkdir()
    kind.install(taps, data)
    source = Source(data)
    config = {**kind.settings(source.file), "streams": SWEPT}

    def other(**changed: str) -> dict[str, Any]:
        return {**config, "settings": config["settings"] | changed}

    return Case(
        connector=kind.connector(taps),
        folder=data,
        config=config,
        streams=("orders",),
        wrong={
            CheckCode.AUTHENTICATION: other(api_key="wrong-key-000"),
            CheckCode.PERMISSION: other(api_key="narrow-key-000"),
            CheckCode.UNREACHABLE: other(data=str(data / "nowhere.json")),
            CheckCode.CONFIGURATION: {**config, kind.named: "tap-unknown"},
        },
        rejected=1,
        unknown=(("orders", "day"),),
        secrets=(KEY,),
        faults=Faults(
            insert=source.insert,
            change=source.change,
            delete=source.delete,
            tie=source.tie,
            undated=source.undated,
            new_field=source.new_field,
            lost_field=source.lost_field,
            many=source.many,
        ),
        future={"orders": {"state": future, "rows": 12}},
        earlier=(Earlier(config=config, cursors={"orders": {}}),),
        absent={"mapping": "its streams and columns are what the program brings that is installed"},
    )


class Bridge:
    """The connector with one program and one source, as the host would ask it."""

    def __init__(self, folder: Path, kind: Kind) -> None:
        self.data, self.taps, self.kind = folder / "data", folder / "taps", kind
        self.data.mkdir()
        self.limit()
        self.rows(8)
        self.connector = kind.connector(self.taps)

    def limit(self, **limits: float) -> None:
        """Install it with these limits."""
        self.kind.install(self.taps, self.data, limits={**QUICK, **limits})

    def rows(self, count: int, **streams: Any) -> None:
        self.file = write_source(self.data, [order(n) for n in range(1, count + 1)], **streams)

    def context(self, mischief: str = "", **changed: Any) -> Context:
        config = {**self.kind.settings(self.file, mischief), **changed}
        redact = redactor(config, self.connector.info.config_schema)
        return Context(config=config, folder=self.data, now=NOW, redact=redact)

    def reading(
        self, context: Context, cursor: Cursor | None = None, stream: str = "orders"
    ) -> tuple[list[Message], ConnectorFailure | None]:
        request = ReadRequest(streams=(stream,), cursors={stream: cursor} if cursor else {})
        got: list[Message] = []
        try:
            for message in self.connector.read(context, request):
                got.append(message)  # noqa: PERF402 - what came before a failure is looked at
        except ConnectorFailure as failure:
            return got, failure
        return got, None

    def read(self, mischief: str = "", cursor: Cursor | None = None) -> list[Message]:
        got, failure = self.reading(self.context(mischief), cursor)
        assert failure is None
        return got

    def failure(self, mischief: str, cursor: Cursor | None = None) -> ConnectorFailure:
        got, failure = self.reading(self.context(mischief), cursor)
        assert failure is not None
        moved = [m for m in got if isinstance(m, Checkpoint) and m.cursor != (cursor or {})]
        assert moved == [], "a read that failed has moved its cursor"
        return failure


def records(messages: list[Message]) -> list[Record]:
    return [message for message in messages if isinstance(message, Record)]


def last(messages: list[Message]) -> Mapping[str, Any]:
    message = messages[-1]
    assert isinstance(message, Checkpoint)
    return message.cursor
