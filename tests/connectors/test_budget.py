"""What 10,000 records cost is measured against a plain reading; who costs more is seen."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.contract import Context, Message, ReadRequest, content_hash
from connectors.kit.budget import BUDGET, Budget, reads_within_budget, spent
from connectors.kit.mutants import holds_everything
from connectors.kit.sample import SampleConnector
from connectors.kit.sample_case import case_of
from connectors.testing import Case, Faults, NotProven
from tests.support.source import ROOT

# Less than a grade measures: the shares are the same, and the tests stay quick.
LESS = dataclasses.replace(BUDGET, records=300)
MORE = dataclasses.replace(BUDGET, records=3_000, least_bytes=BUDGET.least_bytes * 3 // 10)


class LooksAtEachRowAgain(SampleConnector):
    """Compares each row with all that came before it."""

    def read(self, context: Context, request: ReadRequest) -> Iterator[Message]:
        """Read, and hash everything again for each message."""
        page: list[Message] = []
        for message in super().read(context, request):
            page = [*page[-30:], message]
            for each in page:
                content_hash(getattr(each, "content", {}))
            yield message


class AsksAnythingElse(SampleConnector):
    """Goes another way each time."""

    calls = 0

    def read(self, context: Context, request: ReadRequest) -> Iterator[Message]:
        """Ask for the columns the second time."""
        type(self).calls += 1
        if self.calls > 1:
            self.discover(context)
        yield from super().read(context, request)


def sound(folder: Path) -> Case:
    return case_of(SampleConnector(), folder, page=200)


def test_a_sound_connector_costs_a_few_plain_readings(tmp_path: Path) -> None:
    found = reads_within_budget(sound(tmp_path), LESS)
    assert found.records >= 300
    assert Decimal("0.5") < found.time <= BUDGET.time
    assert found.memory <= BUDGET.memory


def test_one_that_does_everything_again_for_each_row_is_over_the_budget_of_time(
    tmp_path: Path,
) -> None:
    with pytest.raises(AssertionError, match=r"the bar is 8 x the time"):
        reads_within_budget(case_of(LooksAtEachRowAgain(), tmp_path, page=200), LESS)


def test_one_that_has_all_rows_in_hand_is_over_the_budget_of_memory(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"the bar is 6 x the memory"):
        reads_within_budget(holds_everything(tmp_path), MORE)


def test_a_source_that_does_not_bring_as_many_is_no_measure(tmp_path: Path) -> None:
    case = dataclasses.replace(sound(tmp_path), faults=Faults(many=lambda _: None))
    with pytest.raises(AssertionError, match=r"14 of 300 rows arrive"):
        spent(case, LESS)


@pytest.mark.parametrize("why", ["nothing fills the source", "it asks otherwise each time"])
def test_what_cannot_be_measured_says_so_and_does_not_pass(why: str, tmp_path: Path) -> None:
    case = dataclasses.replace(sound(tmp_path), faults=Faults())
    if why.startswith("it asks"):
        AsksAnythingElse.calls = 0
        case = case_of(AsksAnythingElse(), tmp_path, page=200)
    with pytest.raises(NotProven):
        spent(case, LESS)


def test_the_bar_is_published() -> None:
    page = (ROOT / "docs" / "write-a-connector.md").read_text("utf-8")
    bar = f"{BUDGET.records:,} records cost at most {BUDGET.time} times the processor time"
    assert bar in page
    assert f"{BUDGET.memory} times the memory of a plain reading" in page
    assert Budget(records=10_000, time=Decimal(8), memory=Decimal(6), least_bytes=1 << 20) == BUDGET
