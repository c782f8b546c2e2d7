"""Ids by the million are the same ids: in order, one of a kind, and written as ever."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from actions.identifiers import new_id, new_ids
from domain.ids import format_id
from tests.support.syncing import NOW

_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"


@given(st.integers(min_value=0, max_value=2**128 - 1))
def test_an_id_is_written_in_base_32(number: int) -> None:
    digits = [_DIGITS[number >> 5 * place & 31] for place in reversed(range(26))]
    assert format_id("rec", number) == f"rec_{''.join(digits)}"


def test_ids_come_after_every_id_before_them_whoever_makes_them() -> None:
    stream, other = new_ids("rec", NOW), new_ids("rec", NOW - timedelta(days=1))
    found = [new_id("rec", NOW)]
    for _ in range(3):
        found += islice(stream, 70)
        found += islice(other, 70)
        found.append(new_id("rec", NOW - timedelta(days=2)))
    later = new_ids("rec", NOW + timedelta(days=1))
    found += islice(later, 3)
    assert found == sorted(set(found))
    # 48 bits of milliseconds lead an id, as they do when it is made alone.
    assert found[-1][:12] == new_id("rec", NOW + timedelta(days=1))[:12]
