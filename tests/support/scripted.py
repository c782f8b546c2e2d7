"""A connector that does what a test says, and rows for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from connectors.contract import (
    Catalog,
    CheckCode,
    Checkpoint,
    CheckReport,
    ConnectorInfo,
    Context,
    Message,
    ReadRequest,
    Record,
    StreamInfo,
)

Script = Callable[[ReadRequest, int], Iterator[Message]]
SECRET = "opensesame-42"


class Scripted:
    """A connector that does what a test says; ``times`` counts the reads."""

    info = ConnectorInfo(
        id="scripted",
        title={"zh-CN": "脚本", "en": "Scripted"},
        api="1.0",
        config_schema={"type": "object", "properties": {"token": {"secret": True}}},
    )

    def __init__(self) -> None:
        self.times = 0
        self.script: Script = lambda _request, _time: iter(())

    def check(self, context: Context) -> CheckReport:
        return CheckReport(code=CheckCode.OK)

    def discover(self, context: Context) -> Catalog:
        return Catalog(streams=(StreamInfo(name="orders", entity="order", key=("order_no",)),))

    def read(self, context: Context, request: ReadRequest) -> Iterator[Message]:
        self.times += 1
        return self.script(request, self.times)


def order(number: int, **cells: Any) -> Record:
    content = {
        "order_no": f"A{number}",
        "seller": "Li",
        "customer": "C1",
        "amount": "10.00",
        "day": "2026-07-01",
        **cells,
    }
    return Record(
        stream="orders", key=f"A{number}", content=content, position=f"row:{number}", order=number
    )


def mark(at: int) -> Checkpoint:
    return Checkpoint(stream="orders", cursor={"at": at})


def good_rows(count: int, start: int = 0) -> list[str]:
    return [
        f"A{i},S{i % 7},C{i % 5},{i + 1}.50,2026-0{1 + i % 9}-15"
        for i in range(start, start + count)
    ]
