"""The shipped kit: sound connectors pass, every mutant dies, and what is not proven says so."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.kit import mutants_of_cases
from connectors.kit.kill_table import dies, page
from connectors.kit.mutants import MUTANTS
from connectors.kit.sample_case import sample_case
from connectors.testing import CHECKS, Case, Faults, NotApplicable, NotProven, contract_suite
from tests.support.file_cases import files_case
from tests.support.source import ROOT

TestTheSampleKeepsTheContract = contract_suite(sample_case)


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
