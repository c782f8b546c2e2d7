"""Files before the conformance kit, and what it costs to read large ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.doubles import last_rows_of_doubles
from connectors.testing import CHECKS, contract_suite
from tests.support.file_cases import files_case, spreadsheet_case

TestFilesKeepTheContract = contract_suite(files_case)


def test_the_rows_of_a_spreadsheet_are_not_held_either(tmp_path: Path) -> None:
    CHECKS["K28"](spreadsheet_case(tmp_path))


@pytest.mark.parametrize("bits", [1, 8, 1 << 25])
def test_the_last_row_of_a_double_key_is_found_however_many_keys_share_a_bit(bits: int) -> None:
    keyed = [("A", 2), ("B", 3), ("A", 5), ("C", 6), ("C", 7), ("D", 8), ("A", 9)]
    found = last_rows_of_doubles(keyed, bits)
    assert (found["A"], found["C"]) == (9, 7)
    # A key that merely shares a bit is its own last row.
    assert {key: found.get(key, row) for key, row in (("B", 3), ("D", 8))} == {"B": 3, "D": 8}
