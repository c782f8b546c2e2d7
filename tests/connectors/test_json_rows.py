"""Nested JSON becomes flat, exact columns."""

from __future__ import annotations

from decimal import Decimal

import pytest

from connectors.contract import canonical_content
from connectors.json_rows import flat_row


def test_objects_become_dotted_columns_and_lists_their_text() -> None:
    row = {
        "id": 7,
        "won": False,
        "owner": {"name": "李娜", "team": {"id": 3}, "none": {}},
        "lines": [{"amount": Decimal("1.50")}, None],
        "owner.name": "flat",
    }
    found = flat_row(row)
    assert found == {
        "id": 7,
        "won": False,
        "owner.name": "flat",
        "owner.team.id": 3,
        "owner.none": None,
        "lines": '[{"amount": "1.50"}, null]',
    }
    canonical_content(found)


def test_a_source_that_writes_false_for_nothing_is_read_so() -> None:
    assert flat_row({"a": False, "b": {"c": False}, "d": 0}, false_is_missing=True) == {
        "a": None,
        "b.c": None,
        "d": 0,
    }


def test_a_float_is_refused() -> None:
    with pytest.raises(TypeError):
        flat_row({"amount": 0.1})
