"""Rows by days: what is corrected arrives, what is gone is taken back, and nothing by mistake."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import pytest

from connectors.contract import (
    Backfill,
    Checkpoint,
    Cursor,
    Message,
    Notice,
    Ready,
    Record,
    Rejected,
    Tombstone,
    join_key,
)
from connectors.day_marks import first_visits
from connectors.day_reads import Chunk, Dated, DayStream, read_days, span_of, who_of
from connectors.emitting import Emitting
from connectors.failures import Suspicious
from connectors.windows import Window

TODAY = date(2026, 9, 10)


@dataclass
class Clocks:
    """A source in memory; ``hide`` leaves rows out of an answer about several people at once."""

    rows: list[Dated | Rejected] = field(default_factory=list)
    hide: set[str] = field(default_factory=set)
    asked: list[tuple[Window, tuple[str, ...]]] = field(default_factory=list)

    def put(self, who: str, day: int, number: int = 1, **cells: Any) -> str:
        key = join_key([who, str(day), str(number)])
        self.rows = [row for row in self.rows if not isinstance(row, Dated) or row.key != key]
        content = {"time": day * 100 + number, "place": None, **cells}
        self.rows.append(Dated(key=key, day=date(2026, 9, day), content=content))
        return key

    def ask(self, window: Window, people: Sequence[str]) -> Iterator[Chunk]:
        self.asked.append((window, tuple(people)))
        hidden = self.hide if len(people) > 1 else set()
        yield [
            row
            for row in self.rows
            if isinstance(row, Rejected) or (who_of(row.key) in people and row.key not in hidden)
        ]


@pytest.fixture
def clocks() -> Clocks:
    made = Clocks()
    for who in ("A", "B|1"):
        for day in (1, 5, 9):
            made.put(who, day)
    return made


def read(clocks: Clocks, cursor: Cursor | None = None, **changes: Any) -> list[Message]:
    return list(reading(clocks, cursor, **changes))


def reading(
    clocks: Clocks,
    cursor: Cursor | None = None,
    *,
    backfill: Backfill | None = None,
    today: date = TODAY,
    **changes: Any,
) -> Iterator[Message]:
    stream = DayStream(
        name="days",
        place="test:days",
        window_days=5,
        again_days=4,
        people=("A", "B|1"),
        ask=clocks.ask,
    )
    stream = replace(stream, **changes)
    span = span_of(
        cursor or {},
        backfill,
        begin=date(2026, 9, 1),
        again_days=stream.again_days,
        today=today,
        last=today,
    )
    live = backfill is None
    return read_days(stream, span, cursor or {}, Emitting(), live=live, ready=date(2026, 9, 9))


def keys(messages: list[Message]) -> list[str]:
    return [m.key for m in messages if isinstance(m, Record)]


def gone(messages: list[Message]) -> list[str]:
    return [m.key for m in messages if isinstance(m, Tombstone)]


def cursor_of(messages: list[Message]) -> Cursor:
    return [m.cursor for m in messages if isinstance(m, Checkpoint)][-1]


def test_the_first_read_brings_all_and_says_how_far_it_is_complete(clocks: Clocks) -> None:
    found = read(clocks)
    assert len(keys(found)) == 6
    assert [window.first.day for window, _ in clocks.asked] == [1, 6]
    assert [m.through for m in found if isinstance(m, Ready)] == [date(2026, 9, 9)]
    seen = {"2026-09-09": ["A|9|1", "B\\|1|9|1"]}
    assert cursor_of(found) == {"through": "2026-09-10", "seen": seen}


def test_what_is_gone_from_the_days_read_again_is_taken_back_once(clocks: Clocks) -> None:
    cursor = cursor_of(read(clocks))
    clocks.rows = [row for row in clocks.rows if not isinstance(row, Dated) or row.day.day == 5]
    found = read(clocks, cursor)
    assert gone(found) == ["A|9|1", "B\\|1|9|1"]
    assert gone(read(clocks, cursor_of(found))) == []


def test_what_one_answer_left_out_is_asked_for_again_before_it_is_taken_back(
    clocks: Clocks,
) -> None:
    cursor = cursor_of(read(clocks))
    clocks.hide, clocks.asked = {"A|9|1"}, []
    found = read(clocks, cursor)
    assert gone(found) == []
    assert "A|9|1" in keys(found)
    assert [people for _, people in clocks.asked] == [("A", "B|1"), ("A",)]


def test_nothing_is_taken_back_of_whom_nobody_asked_for_or_beside_an_unreadable_row(
    clocks: Clocks,
) -> None:
    cursor = cursor_of(read(clocks))
    clocks.rows = []
    assert gone(read(clocks, cursor, people=("A",))) == ["A|9|1"]
    clocks.rows = [Rejected(stream="days", position="?", reason="source_row_unreadable")]
    found = read(clocks, cursor)
    assert gone(found) == []
    assert len([m for m in found if isinstance(m, Rejected)]) == 1, "told once"


def test_an_unreadable_row_that_says_its_key_stays_and_holds_back_no_other(clocks: Clocks) -> None:
    cursor = cursor_of(read(clocks))
    clocks.rows = [
        Rejected(stream="days", position="?", reason="source_row_unreadable", key="B\\|1|9|1")
    ]
    assert gone(read(clocks, cursor)) == ["A|9|1"]


def test_a_range_that_was_asked_for_takes_nothing_back_and_moves_nothing(clocks: Clocks) -> None:
    cursor = cursor_of(read(clocks))
    clocks.rows = [row for row in clocks.rows if isinstance(row, Dated) and row.day.day != 9]
    days = Backfill(start=date(2026, 9, 1), end=date(2026, 9, 5))
    found = read(clocks, cursor, backfill=days)
    assert keys(found) == ["A|1|1", "B\\|1|1|1"]
    assert gone(found) == []
    assert cursor_of(found) == cursor
    assert not [m for m in found if isinstance(m, Ready)]


def test_two_rows_of_one_key_are_one_and_told_whatever_their_order(clocks: Clocks) -> None:
    first = clocks.rows[0]
    assert isinstance(first, Dated)
    other = replace(first, content={**first.content, "place": "Shop"})
    told = []
    for rows in ([first, other], [other, first]):
        clocks.rows = list(rows)
        found = read(clocks)
        assert [m.code for m in found if isinstance(m, Notice)] == ["source_row_twice"]
        told.append([m.content for m in found if isinstance(m, Record)])
    assert told[0] == told[1]


def test_too_many_rows_to_miss_one_are_told_and_take_nothing_back(
    clocks: Clocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.day_reads._SEEN_BYTES_MAX", 60)
    found = read(clocks)
    assert [m.code for m in found if isinstance(m, Notice)] == ["source_removals_unseen"] * 2
    clocks.rows = []
    assert gone(read(clocks, cursor_of(found))) == []


def test_the_first_check_in_at_a_place_on_a_day_is_the_visit() -> None:
    clocks = Clocks()
    for number, place in enumerate(("Shop", "Hall", "Shop", None, None), 1):
        clocks.put("A", 1, number, place=place)
    clocks.put("B", 1, 1, place="Shop")
    clocks.put("A", 2, 1, place="Shop")
    rows = [row for row in reversed(clocks.rows) if isinstance(row, Dated)]
    again = [
        row.key for row in first_visits(rows, "time", "place") if row.content["visit"] != "FIRST"
    ]
    assert again == ["A|1|3"]


def test_many_rows_that_are_gone_at_once_wait_for_a_person(clocks: Clocks) -> None:
    for number in range(2, 9):
        clocks.put("A", 9, number)
    for number in (1, 2):
        clocks.put("B|1", 8, number)
    cursor = cursor_of(read(clocks))
    clocks.rows = [row for row in clocks.rows if isinstance(row, Dated) and row.day.day != 9]
    for today in (10, 10, 13):  # it does not become right by asking again
        told, odd = doubted(clocks, cursor, date(2026, 9, today))
        assert (gone(told), [each for each in told if isinstance(each, Ready)]) == ([], [])
        assert odd.values == {"stream": "days", "gone": "9", "known": "11"}
        cursor = cursor_of(told)
    late = clocks.put("B|1", 8, 3)
    later = date(2026, 9, 13)
    assert late in keys(doubted(clocks, cursor, later)[0])  # what is there comes meanwhile
    accepted = odd.cursor
    clocks.rows = [row for row in clocks.rows if row.key == late]
    told, odd = doubted(clocks, accepted, later)  # nobody has seen that day 8 would go too
    assert (gone(told), odd.values["gone"]) == ([], "11")
    found = read(clocks, odd.cursor, today=later)
    assert len(gone(found)) == 11
    assert cursor_of(found) == {"through": "2026-09-13", "seen": {}}
    assert [each.through for each in found if isinstance(each, Ready)] == [date(2026, 9, 9)]


def doubted(clocks: Clocks, cursor: Cursor, today: date) -> tuple[list[Message], Suspicious]:
    """Read until the connector asks for a person."""
    told: list[Message] = []
    with pytest.raises(Suspicious) as odd:
        told.extend(reading(clocks, cursor, today=today))
    return told, odd.value
