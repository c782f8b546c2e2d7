"""Pages over keys: nothing shifts when a row is inserted, and a foreign cursor is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.paging import Page, cut, page, read_cursor, write_cursor
from domain.problem import Refused


def ask(**arguments: int | str | None) -> Page:
    """Ask for a page of the list ``rows``."""
    given_ = {"first": None, "after": None, "last": None, "before": None, **arguments}
    return page("rows", **given_)  # type: ignore[arg-type]


def key(row: int) -> tuple[int]:
    return (row,)


@given(st.sets(st.integers(0, 10_000), max_size=80), st.integers(1, 100))
def test_walking_forward_or_backward_sees_every_row_once(rows: set[int], size: int) -> None:
    ordered = sorted(rows)
    ahead: list[int] = []
    cursor = None
    while True:
        part = cut(ordered, ask(first=size, after=cursor), key)
        ahead += part.rows
        if not part.has_next:
            break
        cursor = write_cursor("rows", key(part.rows[-1]))
    back: list[int] = []
    cursor = None
    while True:
        part = cut(ordered, ask(last=size, before=cursor), key)
        back = [*part.rows, *back]
        if not part.has_previous:
            break
        cursor = write_cursor("rows", key(part.rows[0]))
    assert ahead == back == ordered


def test_a_row_inserted_before_the_cursor_shifts_nothing() -> None:
    cursor = write_cursor("rows", (20,))
    before = cut([10, 20, 30, 40], ask(first=2, after=cursor), key)
    after = cut([5, 10, 15, 20, 30, 40], ask(first=2, after=cursor), key)
    assert before.rows == after.rows == [30, 40]


@pytest.mark.parametrize("size", [0, -1, 101, 10**9])
def test_a_page_has_one_to_a_hundred_rows(size: int) -> None:
    for name in ("first", "last"):
        with pytest.raises(Refused, match="page_size_invalid"):
            ask(**{name: size})


def test_both_ends_at_once_are_refused() -> None:
    with pytest.raises(Refused, match="page_both_ends"):
        ask(first=1, last=1)


@given(st.text(max_size=60))
def test_no_text_makes_the_cursor_reader_fail(text: str) -> None:
    for cursor in (text, f"v1.{text}"):
        with pytest.raises(Refused, match="cursor_invalid"):
            read_cursor("rows", cursor)


def test_a_cursor_of_another_list_or_shape_is_refused() -> None:
    with pytest.raises(Refused, match="cursor_invalid"):
        read_cursor("rows", write_cursor("others", (1,)))
    with pytest.raises(Refused, match="cursor_invalid"):
        cut([1, 2], ask(first=1, after=write_cursor("rows", ("text",))), key)


@given(st.lists(st.one_of(st.integers(), st.text()), max_size=3))
def test_a_cursor_reads_back_what_was_written(parts: list[int | str]) -> None:
    cursor = write_cursor("rows", tuple(parts))
    if len(cursor) <= 512:
        assert read_cursor("rows", cursor) == tuple(parts)
