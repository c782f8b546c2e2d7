"""The shipped kit: sound connectors pass, every mutant dies, and what is not proven says so."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import CheckCode
from connectors.files import FilesConnector
from connectors.kit import mutants_of_cases
from connectors.kit.kill_table import dies, page
from connectors.kit.mutants import MUTANTS
from connectors.kit.sample_case import sample_case
from connectors.testing import CHECKS, Case, Faults, NotApplicable, NotProven, contract_suite
from tests.support.source import ROOT

TestTheSampleKeepsTheContract = contract_suite(sample_case)


def files_case(folder: Path) -> Case:
    """The built-in connector for files, with two deliveries and every sort of bad row."""
    rows = "".join(f"A{i},{i}.50,客户{i}\n" for i in range(2_300))
    bad = 'B1,1\n,2,x\nB2,"1"2,x\nB3,1\0,x\n'
    (folder / "orders_1.csv").write_text("order_no,amount,customer\n" + rows, "utf-8")
    (folder / "orders_2.csv").write_text("order_no,amount,customer\nA7,9,x\n" + bad, "gb18030")
    (folder / "people.csv").write_text("staff,name\n7,李雷\n8,韩梅\n", "utf-8")
    stream = {"pattern": "people*.csv", "key": ["staff"], "deletes": "sweep"}
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
        faults=faults_of(folder),
    )


def faults_of(folder: Path) -> Faults:
    """What can happen to a folder of snapshots: it is written anew."""
    people = folder / "people.csv"

    def written(text: str) -> None:
        people.write_text(text, "utf-8")

    def insert() -> tuple[str, str]:
        number = 100 + len(list(folder.glob("people-*.csv")))
        (folder / f"people-{number}.csv").write_text(f"staff,name\n{number},新人\n", "utf-8")
        return "people", str(number)

    def change() -> tuple[str, str]:
        written(f"staff,name\n7,李雷{people.stat().st_size}\n8,韩梅\n")
        return "people", "7"

    def delete() -> tuple[str, str]:
        written("staff,name\n8,韩梅\n")
        return "people", "7"

    def new_field() -> tuple[str, str]:
        written("staff,name,grade\n7,李雷,G1\n8,韩梅,G2\n")
        return "people", "grade"

    def lost_field() -> tuple[str, str]:
        written("staff,grade\n7,G1\n8,G2\n")
        return "people", "name"

    return Faults(
        insert=insert,
        change=change,
        delete=delete,
        new_field=new_field,
        lost_field=lost_field,
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
        faults=Faults(),
    )


TestFilesKeepTheContract = contract_suite(files_case)
TestFilesOfOrdersKeepTheContract = contract_suite(files_of_orders_case)


@pytest.mark.parametrize(
    ("number", "mutant"), [(number, each) for number, all_ in MUTANTS.items() for each in all_]
)
def test_each_check_kills_its_mutant(number: str, mutant: Callable[[Path], Case]) -> None:
    assert dies(number, mutant)


def test_no_check_is_without_a_mutant() -> None:
    assert set(MUTANTS) == set(CHECKS)


def test_the_printed_kill_table_is_what_the_kit_finds_now() -> None:
    kept = (ROOT / "docs" / "connector-checks.md").read_text("utf-8")
    assert page() == kept, "attain plugin checks > docs/connector-checks.md"


def test_what_a_case_gives_nothing_to_try_with_does_not_pass(tmp_path: Path) -> None:
    bare = dataclasses.replace(
        sample_case(tmp_path), faults=Faults(), future={}, backfill=None, hook=None, earlier=()
    )
    unproven = set()
    for number, check in CHECKS.items():
        try:
            check(bare)
        except NotProven as told:
            unproven.add(number)
            assert str(told).startswith("not proven because")  # noqa: PT017 - which check, is asked below
    wanted = {"K18", "K19", "K20", "K21", "K22", "K25", "K26", "K27", "K28", "K30", "K32"}
    assert unproven == wanted


@pytest.mark.parametrize(
    ("number", "lie"),
    [
        (number, each)
        for number, all_ in MUTANTS.items()
        for each in all_
        if each.__module__ == mutants_of_cases.__name__
    ],
)
def test_a_case_cannot_say_that_something_is_not_there_that_is_declared(
    number: str, lie: Callable[[Path], Case], tmp_path: Path
) -> None:
    with pytest.raises(AssertionError, match=r"the case says that .* but .*"):
        CHECKS[number](lie(tmp_path))


def test_a_case_that_says_why_something_cannot_be_is_not_applicable_with_that_reason(
    tmp_path: Path,
) -> None:
    quiet = dataclasses.replace(
        files_case(tmp_path), absent={"K27": "nobody can call back from a folder"}
    )
    with pytest.raises(NotApplicable, match="nobody can call back from a folder"):
        CHECKS["K27"](quiet)


@pytest.mark.parametrize(
    ("number", "reason"), [("K17", "this source is never killed"), ("K18", ""), ("K18", "no ties")]
)
def test_what_applies_to_every_source_and_what_has_no_reason_cannot_be_absent(
    number: str, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=number):
        dataclasses.replace(sample_case(tmp_path), absent={number: reason})


def test_what_a_connector_does_not_promise_is_not_applicable(tmp_path: Path) -> None:
    with pytest.raises(NotApplicable, match="asks nothing over the web"):
        CHECKS["K24"](files_case(tmp_path))


def test_every_check_begins_with_its_permanent_name() -> None:
    for number, check in CHECKS.items():
        assert (inspect.getdoc(check) or "").startswith(f"{number}: ")
