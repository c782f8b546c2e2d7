"""What the host concludes of the keys of a source: which rows are gone, which are back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from actions.sync_source import Outcome
from connectors.contract import Catalog, Context, Deletes, Message, ReadRequest, StreamInfo
from tests.support.scripted import Scripted, mark, order
from tests.support.syncing import Company


class Keeper(Scripted):
    """Rows by number with the time of their change; a read brings what changed since the last."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = dict.fromkeys(range(1, 31), 1)
        self.coming: dict[int, int] = {}
        self.listed: list[str] | None = None
        self.began: list[int] = []
        self.script = self.changed

    def discover(self, context: Context) -> Catalog:
        stream = StreamInfo(name="orders", entity="order", key=("order_no",), deletes=Deletes.SWEEP)
        return Catalog(streams=(stream,))

    def changed(self, request: ReadRequest, _time: int) -> Iterator[Message]:
        since = int(str(request.cursors.get("orders", {}).get("at", 0)))
        self.began.append(since)
        yield from (order(number) for number, at in self.rows.items() if at > since)
        yield mark(max([since, *self.rows.values()]))

    def keys(self, _context: Context, _stream: str) -> Iterator[str]:
        self.rows |= self.coming
        found = [f"A{number}" for number in self.rows] if self.listed is None else self.listed
        return iter(found)


@pytest.fixture
def keeper() -> Keeper:
    return Keeper()


@pytest.fixture
def company(database_url: str, tmp_path: Path, keeper: Keeper) -> Iterator[Company]:
    made = Company(database_url, tmp_path, {"scripted": keeper})
    yield made
    made.runtime.engine.dispose()


def test_a_row_that_is_back_without_a_change_is_read_again(
    company: Company, keeper: Keeper
) -> None:
    crm = company.connect({}, connector="scripted")
    company.sync(crm)
    # The account that asks loses a right, so that some rows seem gone; then it has it again.
    hidden = {number: keeper.rows.pop(number) for number in (3, 4)}
    assert company.sync(crm).counts["facts_deleted"] == 2
    keeper.rows |= hidden
    # It might be listed before it is told, as some sources do.
    assert dict(company.sync(crm).counts) == {"keys_not_told:orders": 2}
    assert company.sync(crm).outcome is Outcome.SUCCEEDED
    assert len(company.facts()) == 30
    company.sync(crm)
    assert keeper.began == [0, 1, 1, 1, 1, 0, 1]  # everything once, then from the cursor again


def test_a_row_that_was_there_before_we_might_see_it_is_read_as_well(
    company: Company, keeper: Keeper
) -> None:
    crm = company.connect({}, connector="scripted")
    hidden = {number: keeper.rows.pop(number) for number in (3, 4)}
    company.sync(crm)
    keeper.rows |= hidden
    assert company.sync(crm).counts["keys_not_told:orders"] == 2
    assert company.sync(crm).counts["facts_added"] == 2


def test_a_row_that_comes_between_the_read_and_the_list_needs_no_reading_anew(
    company: Company, keeper: Keeper
) -> None:
    crm = company.connect({}, connector="scripted")
    company.sync(crm)
    keeper.coming = {31: 2}
    company.sync(crm)
    assert (len(company.facts()), keeper.began) == (31, [0, 1, 1])


def test_a_key_that_is_listed_but_never_told_is_not_asked_for_again_and_again(
    company: Company, keeper: Keeper
) -> None:
    crm = company.connect({}, connector="scripted")
    company.sync(crm)
    del keeper.rows[3]
    company.sync(crm)
    keeper.listed = [f"A{number}" for number in range(1, 31)]
    for _ in range(4):
        company.sync(crm)
    assert keeper.began == [0, 1, 1, 1, 1, 0, 1, 1]
    assert len(company.facts()) == 29


def test_a_source_of_a_few_rows_that_lists_none_waits_for_a_person(
    company: Company, keeper: Keeper
) -> None:
    keeper.rows = {1: 1, 2: 1, 3: 1}
    crm = company.connect({}, connector="scripted")
    company.sync(crm)
    keeper.rows = {}
    synced = company.sync(crm)
    assert (synced.outcome, synced.code) == (Outcome.SUSPICIOUS, "sweep_too_large")
    assert len(company.facts()) == 3
    assert company.sync(crm, accept=True).counts["facts_deleted"] == 3
