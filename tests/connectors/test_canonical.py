"""The canonical text of a content is one text, by whichever way it is written."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import canonical_content, read_content

_CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(), st.decimals(-(10**9), 10**9, places=3)
)


def _plainly(content: dict[str, Any]) -> str:
    cells = []
    for name in sorted(content):
        value = content[name]
        text = (
            format(value, "f")
            if isinstance(value, Decimal)
            else json.dumps(value, ensure_ascii=False)
        )
        cells.append(f"{json.dumps(name, ensure_ascii=False)}:{text}")
    return f"{{{','.join(cells)}}}"


@given(st.dictionaries(st.text(), _CELLS, max_size=6))
def test_the_quick_way_writes_what_the_plain_one_writes(content: dict[str, Any]) -> None:
    assert canonical_content(content) == _plainly(content)
    assert read_content(canonical_content(content)) == content


@pytest.mark.parametrize(
    "cell", [1.5, float("nan"), [1], {"a": 1}, b"x", Decimal("NaN"), Decimal("1e99999999")]
)
def test_what_no_cell_may_hold_is_refused(cell: Any) -> None:
    with pytest.raises(TypeError):
        canonical_content({"a": cell, "b": "text"})
