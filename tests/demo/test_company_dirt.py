"""The files are the same bytes everywhere, and every kind of odd row stands where it is said."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import python_calamine

from attain.demo.dirt import Outcome
from attain.demo.manifest import Manifest
from tests.demo.exported import cents_of, csv_rows, day_of

KINDS = {
    "cancelled order",
    "corrected order",
    "duplicate key, other content",
    "duplicate row",
    "empty key",
    "full-width digits",
    "future date",
    "impossible date",
    "impossible time",
    "late order",
    "late payment",
    "long number in a spreadsheet",
    "misplaced quote",
    "missing amount",
    "negative refund",
    "ragged row",
    "summary row",
    "text in amount",
    "text in number",
    "too many decimals",
    "unknown salesperson",
    "unknown stage",
    "unlinked alias",
    "wrong encoding",
}


def _tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _line(folder: Path, manifest: Manifest, kind: str) -> tuple[bytes, str]:
    """Return the first line of a kind, and the number of its order or record."""
    row = next(row for row in manifest.dirty if row.kind == kind)
    path = folder / "deliveries" / str(row.delivery) / row.path
    return path.read_bytes().splitlines()[row.line - 1], row.key


def _cell(folder: Path, manifest: Manifest, kind: str, column: str) -> str:
    row = next(row for row in manifest.dirty if row.kind == kind)
    path = folder / "deliveries" / str(row.delivery) / row.path
    found = [r for r in csv_rows(path, "utf-8-sig") if r["订单编号"] == row.key]
    return found[-1][column]


def test_writing_twice_gives_the_same_bytes_in_another_process_with_another_hash_seed(
    folder: Path, manifest: Manifest, tmp_path: Path
) -> None:
    code = "import sys; from pathlib import Path; from attain.demo.company import write_exports; "
    code += "write_exports(Path(sys.argv[1]))"
    root = str(Path(__file__).parents[2])
    environment = os.environ | {"PYTHONHASHSEED": "4711", "TZ": "America/New_York"}
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], check=True, cwd=root, env=environment
    )
    assert _tree(tmp_path) == _tree(folder)
    assert len(_tree(folder)) == len(manifest.files)


def test_the_company_is_small_enough_to_sync_in_seconds(manifest: Manifest) -> None:
    assert 15_000 <= manifest.rows <= 25_000


def test_every_kind_of_odd_row_is_there(manifest: Manifest) -> None:
    assert {row.kind for row in manifest.dirty} == KINDS
    assert {row.outcome for row in manifest.dirty} == set(Outcome)


def test_odd_rows_of_csv_files_stand_on_the_line_that_is_said(
    folder: Path, manifest: Manifest
) -> None:
    for row in manifest.dirty:
        if not row.path.endswith(".csv"):
            continue
        lines = (folder / "deliveries" / str(row.delivery) / row.path).read_bytes().splitlines()
        assert lines[row.line - 1].startswith(row.key.encode()), row


def test_odd_cells_are_as_odd_as_they_say(folder: Path, manifest: Manifest) -> None:
    assert _cell(folder, manifest, "missing amount", "订单金额") == ""
    assert cents_of(_cell(folder, manifest, "text in amount", "订单金额")) is None
    assert cents_of(_cell(folder, manifest, "too many decimals", "订单金额")) is None
    assert _cell(folder, manifest, "negative refund", "订单金额").startswith("-")
    assert _cell(folder, manifest, "unknown stage", "阶段") == "待审批"
    assert day_of(_cell(folder, manifest, "impossible date", "成交日期")) is None
    assert _cell(folder, manifest, "future date", "成交日期") == "2062-08-15"
    assert _cell(folder, manifest, "cancelled order", "阶段") == "作废"
    wide = _cell(folder, manifest, "full-width digits", "订单金额")
    assert "０" <= wide[0] <= "９"
    assert (cents_of(wide) or 0) > 0


def test_odd_lines_are_as_odd_as_they_say(folder: Path, manifest: Manifest) -> None:
    assert _line(folder, manifest, "empty key")[0].startswith(b",")
    assert _line(folder, manifest, "ragged row")[0].count(b",") == 4
    broken, _ = _line(folder, manifest, "wrong encoding")
    with pytest.raises(UnicodeDecodeError):
        broken.decode("utf-8")
    surveys = folder / "deliveries/1/feedback/客户评价-2026-09.csv"
    assert sum(b"\xff" in line for line in surveys.read_bytes().splitlines()) == 1


def test_duplicates_repeat_a_row_or_contradict_it(folder: Path, manifest: Manifest) -> None:
    for kind, same in (("duplicate row", True), ("duplicate key, other content", False)):
        row = next(row for row in manifest.dirty if row.kind == kind)
        lines = (folder / "deliveries/1" / row.path).read_bytes().splitlines()
        assert lines[row.line - 2].startswith(row.key.encode())
        assert (lines[row.line - 2] == lines[row.line - 1]) is same


def test_a_repaired_row_is_right_in_the_second_delivery(folder: Path, manifest: Manifest) -> None:
    repaired = [row for row in manifest.dirty if row.outcome is Outcome.REPAIRED]
    assert len(repaired) == 2
    for row in repaired:
        again = csv_rows(folder / "deliveries/2" / row.path, "utf-8-sig")
        found = [cells for cells in again if cells["订单编号"] == row.key]
        assert len(found) == 1
        assert (cents_of(found[0]["订单金额"]) or 0) > 0


def test_a_long_number_lost_its_digits_in_the_spreadsheet(folder: Path, manifest: Manifest) -> None:
    row = next(row for row in manifest.dirty if row.kind == "long number in a spreadsheet")
    book = python_calamine.CalamineWorkbook.from_path(str(folder / "deliveries/1" / row.path))
    cell = book.get_sheet_by_name("打卡明细").to_python()[row.line - 1][0]
    assert isinstance(cell, float)
    assert str(int(cell)) != row.key


def test_one_file_is_delivered_twice_under_another_name(folder: Path, manifest: Manifest) -> None:
    for copy, original in manifest.duplicate_files:
        first = folder / "deliveries/1"
        assert (first / copy).read_bytes() == (first / original).read_bytes()


def test_staff_numbers_keep_their_leading_zeros_and_two_people_share_a_name(folder: Path) -> None:
    book = python_calamine.CalamineWorkbook.from_path(
        str(folder / "deliveries/1/hr/员工花名册.xlsx")
    )
    rows = book.get_sheet_by_name("员工").to_python()[1:]
    assert all(isinstance(row[0], str) and len(row[0]) == 5 for row in rows)
    names = [row[1] for row in rows]
    assert sorted(name for name in set(names) if names.count(name) > 1) == ["王芳"]
    assert len({row[2] for row in rows}) == len(rows)


def test_one_crm_name_means_two_people_at_two_times(folder: Path) -> None:
    rows = csv_rows(folder / "deliveries/1/crm/crm_users.csv", "utf-8")
    shared = [row for row in rows if row["crm_name"] == "渠道席位05"]
    assert [row["staff_number"] for row in shared] == ["00126", "00127"]
    assert shared[0]["valid_to"] == shared[1]["valid_from"] == "2026-08-01"


def test_the_second_delivery_holds_only_what_is_new_or_changed(
    folder: Path, manifest: Manifest
) -> None:
    first = {file.path: file.sha256 for file in manifest.files if file.delivery == 1}
    second = {file.path: file.sha256 for file in manifest.files if file.delivery == 2}
    assert all(first.get(path) != digest for path, digest in second.items())
    changed = {path for path in second if path in first and path.endswith(".csv")}
    assert changed == {
        "crm/orders-2026-08.csv",
        "crm/orders-2026-09.csv",
        "crm/payments-2026-09.csv",
    }
