"""The shipped contract suite: a good connector passes, and every check kills its own mutant."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

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
    Rejected,
    StreamInfo,
)
from connectors.failures import ConfigurationRefused
from connectors.files import FilesConnector
from connectors.testing import CHECKS, Case, contract_suite

SECRET = "hunter2-hunter2"
COUNT = 2_500


class Sample:
    """A good connector over a list of rows; each mutant below breaks one promise of it."""

    info = ConnectorInfo(
        id="acme.crm",
        title={"zh-CN": "样例", "en": "Sample"},
        api="1.0",
        config_schema={
            "type": "object",
            "properties": {"token": {"type": "string", "secret": True}},
        },
        capabilities={"keys": 1},
    )

    def check(self, context: Context) -> CheckReport:
        token = context.config.get("token")
        good = token == SECRET
        return CheckReport(code=CheckCode.OK if good else CheckCode.AUTHENTICATION)

    def discover(self, context: Context) -> Catalog:
        return Catalog(streams=(StreamInfo(name="deals", entity="deal", key=("id",)),))

    def rows(self) -> list[tuple[str, dict[str, Any]]]:
        return [(f"D{i}", {"id": f"D{i}", "extra": "x", "amount": i}) for i in range(COUNT)]

    def record(self, number: int, key: str, content: dict[str, Any]) -> Record:
        return Record(
            stream="deals", key=key, content=content, position=f"row:{number}", order=number
        )

    def read(self, context: Context, request: ReadRequest) -> Iterator[Message]:
        if context.config.get("token") != SECRET:
            raise ConfigurationRefused("authentication")
        start = int(str(request.cursors.get("deals", {}).get("at", 0)))
        if start == 0:
            yield Rejected(stream="deals", position="row:0", reason="key_missing")
        for number, (key, content) in enumerate(self.rows(), 1):
            if number <= start:
                continue
            yield self.record(number, key, content)
            if number % 900 == 0:
                yield Checkpoint(stream="deals", cursor={"at": number})
        yield Checkpoint(stream="deals", cursor={"at": COUNT})

    def keys(self, context: Context, stream: str) -> Iterator[str]:
        yield from (key for key, _ in self.rows())


def case_of(connector: Sample, folder: Path) -> Case:
    return Case(
        connector=connector,
        folder=folder,
        config={"token": SECRET},
        streams=("deals",),
        wrong={CheckCode.AUTHENTICATION: {"token": "wrong-wrong"}},
        rejected=1,
        unknown=(("deals", "extra"),),
        secrets=(SECRET,),
    )


class UnmarkedSecret(Sample):
    info = dataclasses.replace(
        Sample.info,
        config_schema={"type": "object", "properties": {"token": {"type": "string"}}},
    )


class OneGenericMessage(Sample):
    def check(self, context: Context) -> CheckReport:
        good = context.config.get("token") == SECRET
        return CheckReport(code=CheckCode.OK if good else CheckCode.CONFIGURATION)


class WritesWhileChecking(Sample):
    def check(self, context: Context) -> CheckReport:
        (context.folder / "lock").write_text("here")
        return super().check(context)


class DoubleKey(Sample):
    def rows(self) -> list[tuple[str, dict[str, Any]]]:
        return [*super().rows(), ("D1", {"id": "D1", "extra": "y"})]


class Forgetful(Sample):
    """Gives another content at every read."""

    def __init__(self) -> None:
        self.times = 0

    def rows(self) -> list[tuple[str, dict[str, Any]]]:
        self.times += 1
        return [(key, {**content, "read": self.times}) for key, content in super().rows()]


class CheckpointTooEarly(Sample):
    """The classic: the cursor already covers a row that is not out yet."""

    def read(self, context: Context, request: ReadRequest) -> Iterator[Message]:
        for message in super().read(context, request):
            if isinstance(message, Checkpoint) and message.cursor["at"] != COUNT:
                at = int(str(message.cursor["at"]))
                yield Checkpoint(stream="deals", cursor={"at": at + 1})
            else:
                yield message


class IgnoresTheCursor(Sample):
    def read(self, context: Context, request: ReadRequest) -> Iterator[Message]:
        yield from super().read(context, ReadRequest(streams=request.streams))


class OneCheckpointAtTheEnd(Sample):
    def read(self, context: Context, request: ReadRequest) -> Iterator[Message]:
        messages = list(super().read(context, request))
        yield from (m for m in messages[:-1] if not isinstance(m, Checkpoint))
        yield messages[-1]


class DropsBadRows(Sample):
    def read(self, context: Context, request: ReadRequest) -> Iterator[Message]:
        yield from (m for m in super().read(context, request) if not isinstance(m, Rejected))


class KnownColumnsOnly(Sample):
    def rows(self) -> list[tuple[str, dict[str, Any]]]:
        return [(key, {"id": content["id"]}) for key, content in super().rows()]


class FloatMoney(Sample):
    def rows(self) -> list[tuple[str, dict[str, Any]]]:
        return [(key, {**content, "amount": 0.1}) for key, content in super().rows()]


class LogsItsToken(Sample):
    def check(self, context: Context) -> CheckReport:
        logging.getLogger("acme").debug("signing in with %s", context.config.get("token"))
        return super().check(context)


class TellsItsTokenWhenRefused(Sample):
    def read(self, context: Context, request: ReadRequest) -> Iterator[Message]:
        if context.config.get("token") != SECRET:
            raise ConfigurationRefused("authentication", {"expected": SECRET})
        yield from super().read(context, request)


class LeavesOutAKey(Sample):
    def keys(self, context: Context, stream: str) -> Iterator[str]:
        yield from list(super().keys(context, stream))[1:]


MUTANTS: dict[str, list[Callable[[], Sample]]] = {
    "K01": [UnmarkedSecret],
    "K02": [OneGenericMessage],
    "K03": [WritesWhileChecking],
    "K04": [DoubleKey],
    "K05": [Forgetful],
    "K06": [CheckpointTooEarly],
    "K07": [IgnoresTheCursor],
    "K08": [OneCheckpointAtTheEnd],
    "K09": [DropsBadRows],
    "K10": [KnownColumnsOnly],
    "K11": [FloatMoney],
    "K12": [LogsItsToken, TellsItsTokenWhenRefused],
    "K13": [LeavesOutAKey],
}


def good_case(folder: Path) -> Case:
    return case_of(Sample(), folder)


TestTheSampleKeepsTheContract = contract_suite(good_case)


def files_case(folder: Path) -> Case:
    """The built-in connector for files, with two deliveries and every sort of bad row."""
    rows = "".join(f"A{i},{i}.50,客户{i}\n" for i in range(2_300))
    bad = 'B1,1\n,2,x\nB2,"1"2,x\nB3,1\0,x\n'
    (folder / "orders_1.csv").write_text("order_no,amount,customer\n" + rows, "utf-8")
    (folder / "orders_2.csv").write_text("order_no,amount,customer\nA7,9,x\n" + bad, "gb18030")
    (folder / "people.csv").write_text("staff,name\n7,李雷\n", "utf-8")
    stream = {"pattern": "people.csv", "key": ["staff"], "deletes": "sweep"}
    config: dict[str, Any] = {"path": ".", "streams": {"people": stream}}
    return Case(
        connector=FilesConnector(),
        folder=folder,
        config=config,
        streams=("people",),
        wrong={
            CheckCode.UNREACHABLE: {**config, "path": "nowhere"},
            CheckCode.CONFIGURATION: {"path": "."},
        },
        unknown=(("people", "name"),),
    )


def files_of_orders_case(folder: Path) -> Case:
    """The same files as a stream of orders: one order stands in two deliveries."""
    case = files_case(folder)
    stream = {"pattern": "orders*.csv", "key": ["order_no"]}
    config: dict[str, Any] = {"path": ".", "streams": {"orders": stream}}
    return dataclasses.replace(
        case,
        config=config,
        streams=("orders",),
        rejected=4,
        unknown=(("orders", "customer"),),
        wrong={CheckCode.CONFIGURATION: {"path": ".", "streams": {"orders": {"key": ["x"]}}}},
    )


TestFilesKeepTheContract = contract_suite(files_case)
TestFilesOfOrdersKeepTheContract = contract_suite(files_of_orders_case)


@pytest.mark.parametrize(
    ("number", "mutant"), [(number, each) for number, all_ in MUTANTS.items() for each in all_]
)
def test_each_check_kills_its_mutant(
    number: str, mutant: Callable[[], Sample], tmp_path: Path
) -> None:
    with pytest.raises((AssertionError, TypeError)):
        CHECKS[number](case_of(mutant(), tmp_path))


def test_no_check_is_without_a_mutant() -> None:
    assert set(MUTANTS) == set(CHECKS)


@pytest.mark.parametrize("mutant", [each for all_ in MUTANTS.values() for each in all_])
def test_a_mutant_is_not_simply_broken_everywhere(
    mutant: Callable[[], Sample], tmp_path: Path
) -> None:
    survived = 0
    for check in CHECKS.values():
        try:
            check(case_of(mutant(), tmp_path))
        except (AssertionError, TypeError):
            continue
        survived += 1
    assert survived >= len(CHECKS) - 4
