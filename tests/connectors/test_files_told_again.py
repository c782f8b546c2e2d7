"""Files behind one that is read have the last word, whatever is cut off in between."""

from __future__ import annotations

from pathlib import Path

from connectors.contract import Checkpoint
from tests.support.order_files import cursor, read, records, rejected, write


def test_files_behind_one_that_is_read_tell_its_rows_again_and_no_others(tmp_path: Path) -> None:
    write(tmp_path, "orders_1.csv", "order_no,amount\nA1,1\nA2,1\n")
    write(tmp_path, "orders_2.csv", "order_no,amount\nB1,1\nA2,2\nA1\n")
    first = read(tmp_path)
    rows = "".join(f"C{number},1\n" for number in range(1_100))
    write(tmp_path, "orders_1.csv", f"order_no,amount\nA1,3\nA2,1\n{rows}")
    changed = read(tmp_path, cursor(first))
    assert [(r.key, r.content["amount"]) for r in records(changed)[-1:]] == [("A2", "2")]
    assert [r.key for r in rejected(changed)] == ["A1"]
    assert len(records(changed)) == 1_103
    # Cut off in between: the rest no longer knows which rows, and tells all of them.
    point = next(m for m in changed if isinstance(m, Checkpoint))
    rest = read(tmp_path, {"orders": point.cursor})
    assert [r.key for r in records(rest)[-2:]] == ["B1", "A2"]
    assert [r.key for r in rejected(rest)] == ["A1"]
    assert not records(read(tmp_path, cursor(rest)))


def test_a_file_that_was_cut_off_is_read_whole_when_one_before_it_came_meanwhile(
    tmp_path: Path,
) -> None:
    rows = "".join(f"C{number},1\n" for number in range(1_100))
    write(tmp_path, "orders_2.csv", f"order_no,amount\nA1,2\n{rows}")
    cut_off = next(m for m in read(tmp_path) if isinstance(m, Checkpoint))
    write(tmp_path, "orders_1.csv", "order_no,amount\nA1\n")
    rest = read(tmp_path, {"orders": cut_off.cursor})
    assert [r.key for r in rejected(rest)] == ["A1"]
    assert "A1" in [r.key for r in records(rest)]
