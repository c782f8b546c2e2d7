"""The connector for files, against files as companies really send them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter  # type: ignore[import-untyped]

from connectors.contract import (
    CheckCode,
    Checkpoint,
    Context,
    Message,
    ReadRequest,
    Ready,
    Record,
)
from connectors.failures import ConfigurationRefused, KeysIncomplete
from connectors.files import FilesConnector, delivery_order
from connectors.sheets import address
from tests.support.order_files import (
    NOW,
    ORDERS,
    context,
    cursor,
    notices,
    read,
    records,
    rejected,
    write,
)


def sheet(path: Path, rows: list[list[Any]], name: str = "订单") -> Path:
    book = xlsxwriter.Workbook(str(path), {"default_date_format": "yyyy-mm-dd"})
    page = book.add_worksheet(name)
    for number, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            page.write(number, column, cell)
    book.close()
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_chinese_text_arrives_intact_in_all_three_encodings(tmp_path: Path, encoding: str) -> None:
    write(tmp_path, "orders.csv", "order_no,客户\nA1,和嘉家居\nA2,Smith\n", encoding)
    messages = read(tmp_path)
    assert [r.content for r in records(messages)] == [
        {"order_no": "A1", "客户": "和嘉家居"},
        {"order_no": "A2", "客户": "Smith"},
    ]
    (found,) = notices(messages, "encoding_found")
    assert found.values["encoding"] == encoding
    assert not rejected(messages)


def test_one_row_in_a_wrong_encoding_is_rejected_by_cell_and_the_others_stay_readable(
    tmp_path: Path,
) -> None:
    good = [f"A{i},客户{i}\n".encode() for i in range(20)]
    bad = b"B1," + "坏的".encode("gb18030") + b"\n"
    (tmp_path / "orders.csv").write_bytes(
        b"order_no,name\n" + b"".join([*good[:7], bad, *good[7:]])
    )
    messages = read(tmp_path)
    assert len(records(messages)) == 20
    assert records(messages)[9].content["name"] == "客户9"
    (row,) = rejected(messages)
    assert (row.reason, row.position) == (
        "encoding_broken",
        "file:orders.csv/row:9/column:name",
    )
    assert row.values["cell"] == "B9"
    assert row.key == "B1"
    json.dumps(dict(row.payload)).encode()  # what was read can be stored and shown


def test_an_unclosed_quote_loses_its_own_row_and_none_behind_it(tmp_path: Path) -> None:
    body = "".join(f"A{i},n{i}\n" for i in range(200))
    text = 'order_no,name\nX0,ok\nX1,"never closed\n' + body + 'X2,"a ""quoted"" name"\n'
    write(tmp_path, "orders.csv", text)
    messages = read(tmp_path)
    keys = [r.key for r in records(messages)]
    assert keys == ["X0", *[f"A{i}" for i in range(200)], "X2"]
    assert records(messages)[-1].content["name"] == 'a "quoted" name'
    (row,) = rejected(messages)
    assert (row.reason, row.position) == ("quote_misplaced", "file:orders.csv/row:3")


def test_an_unclosed_quote_before_a_quoted_row_rejects_only_itself(tmp_path: Path) -> None:
    write(tmp_path, "orders.csv", 'order_no,name\nX1,"open\nX2,b\nX3,"c, d"\nX4,e\n')
    messages = read(tmp_path)
    assert [r.key for r in records(messages)] == ["X2", "X3", "X4"]
    assert [r.position for r in rejected(messages)] == ["file:orders.csv/row:2"]


def test_a_cell_may_hold_a_line_break_when_it_is_quoted(tmp_path: Path) -> None:
    write(tmp_path, "orders.csv", 'order_no,note\r\nA1,"two\r\nlines"\r\nA2,x\r\n')
    messages = read(tmp_path)
    assert records(messages)[0].content["note"] == "two\r\nlines"
    assert records(messages)[1].position == "file:orders.csv/row:4"


@pytest.mark.parametrize(
    ("line", "reason", "position"),
    [
        ("B1,1", "row_ragged", "file:orders.csv/row:3"),
        ("B1,1,x,extra", "row_ragged", "file:orders.csv/row:3"),
        (",1,x", "key_missing", "file:orders.csv/row:3"),
        ("  ,1,x", "key_missing", "file:orders.csv/row:3"),
        ("B1,1\0,x", "row_holds_nul", "file:orders.csv/row:3/column:amount"),
        ('B1,"1"2,x', "quote_misplaced", "file:orders.csv/row:3"),
        ("B1," + "9" * 1_000_001 + ",x", "line_too_long", "file:orders.csv/row:3"),
    ],
)
def test_a_bad_row_is_rejected_with_its_place_and_never_stops_the_file(
    tmp_path: Path, line: str, reason: str, position: str
) -> None:
    write(tmp_path, "orders.csv", f"order_no,amount,name\nA1,1,x\n{line}\nA2,2,y\n")
    messages = read(tmp_path)
    assert [r.key for r in records(messages)] == ["A1", "A2"]
    (row,) = rejected(messages)
    assert (row.reason, row.position) == (reason, position)


def test_headings_are_trimmed_and_a_double_heading_names_neither_column(tmp_path: Path) -> None:
    write(tmp_path, "orders.csv", "\ufeff order_no ,\u3000amount\u00a0,amount,\nA1,1,2,3\n")
    messages = read(tmp_path)
    # The fourth heading is empty; trailing empty headings are no columns, so the cell is extra.
    assert [r.reason for r in rejected(messages)] == ["row_ragged"]
    write(tmp_path, "orders.csv", " order_no ,\u3000amount\u00a0,,amount\nA1,1,2,3\n")
    messages = read(tmp_path)
    assert records(messages)[0].content == {
        "order_no": "A1",
        "amount#1": "1",
        "column#3": "2",
        "amount#2": "3",
    }
    assert notices(messages, "header_duplicate")[0].values["column"] == "amount"
    assert notices(messages, "header_unnamed")


def test_semicolons_and_tabs_are_found_and_reported(tmp_path: Path) -> None:
    write(tmp_path, "orders_1.csv", "order_no;amount\nA1;1,5\n")
    write(tmp_path, "orders_2.csv", "order_no\tamount\nA2\t2,5\n")
    messages = read(tmp_path)
    assert [r.content["amount"] for r in records(messages)] == ["1,5", "2,5"]
    found = notices(messages, "encoding_found")
    assert [n.values["delimiter"] for n in found] == [";", "TAB"]


def test_a_key_column_that_is_not_there_rejects_the_file_by_name_and_reads_the_others(
    tmp_path: Path,
) -> None:
    write(tmp_path, "orders_1.csv", "number,amount\nA1,1\n")
    write(tmp_path, "orders_2.csv", "order_no,amount\nA2,2\n")
    messages = read(tmp_path)
    assert [r.key for r in records(messages)] == ["A2"]
    (file,) = rejected(messages)
    assert (file.reason, file.position) == ("key_column_missing", "file:orders_1.csv")


def test_a_row_repeated_in_a_file_is_one_record_and_a_revised_one_is_its_last_row(
    tmp_path: Path,
) -> None:
    write(tmp_path, "orders.csv", "order_no,amount\nA1,1\nA2,2\nA1,1\nA2,3\nA3,4\n")
    messages = read(tmp_path)
    assert [(r.key, r.content["amount"]) for r in records(messages)] == [
        ("A1", "1"),
        ("A2", "3"),
        ("A3", "4"),
    ]
    assert [n.values["earlier"] for n in notices(messages, "row_repeated")] == ["2"]
    assert [n.values["earlier"] for n in notices(messages, "row_revised")] == ["3"]


def test_an_unchanged_file_is_not_read_again_and_a_changed_one_is_read_whole(
    tmp_path: Path,
) -> None:
    write(tmp_path, "orders_1.csv", "order_no,amount\nA1,1\n")
    write(tmp_path, "orders_2.csv", "order_no,amount\nB1,1\nB2,2\n")
    first = read(tmp_path)
    again = read(tmp_path, cursor(first))
    assert not records(again)
    write(tmp_path, "orders_2.csv", "order_no,amount\nB1,1\nB2,5\n")
    changed = read(tmp_path, cursor(again))
    assert [(r.key, r.content["amount"]) for r in records(changed)] == [("B1", "1"), ("B2", "5")]


def test_files_come_in_the_order_of_their_names_with_digits_as_numbers(tmp_path: Path) -> None:
    for number in (10, 9, 1):
        write(tmp_path, f"orders_{number}.csv", f"order_no\nA{number}\n")
    assert [r.key for r in records(read(tmp_path))] == ["A1", "A9", "A10"]
    assert delivery_order("orders_9.csv") < delivery_order("orders_10.csv")


def test_unfinished_and_hidden_files_are_left_alone(tmp_path: Path) -> None:
    write(tmp_path, "orders.csv", "order_no\nA1\n")
    for name in (".orders.csv", "~$orders.csv", "orders.csv.tmp", "orders_2.csv.part"):
        write(tmp_path, name, "order_no\nNO\n")
    messages = read(tmp_path, pattern="*orders*")
    assert [r.key for r in records(messages)] == ["A1"]


def test_there_is_a_checkpoint_in_every_thousand_records_and_each_one_resumes_exactly(
    tmp_path: Path,
) -> None:
    rows = "".join(f"A{i},{i}\n" + ("bad\n" if i % 97 == 0 else "") for i in range(3_500))
    write(tmp_path, "orders_1.csv", "order_no,amount\n" + rows + "A3,1000\n")
    write(tmp_path, "orders_2.csv", "order_no,amount\nB1,1\n")
    whole = read(tmp_path)
    since = 0
    for message in whole:
        since = 0 if isinstance(message, Checkpoint) else since + isinstance(message, Record)
        assert since <= 1_000
    expected = {r.key: r.content for r in records(whole)}
    points = [i for i, m in enumerate(whole) if isinstance(m, Checkpoint)]
    assert len(points) >= 4
    for point in points:
        before, rest = whole[: point + 1], read(tmp_path, cursor(whole[: point + 1]))
        assert {r.key: r.content for r in records(before) + records(rest)} == expected
        assert len(records(before)) + len(records(rest)) == len(records(whole))
        assert len(rejected(before)) + len(rejected(rest)) == len(rejected(whole))


def test_a_checkpoint_in_a_file_that_has_changed_since_reads_it_whole(tmp_path: Path) -> None:
    rows = "".join(f"A{i},{i}\n" for i in range(1_500))
    write(tmp_path, "orders.csv", "order_no,amount\n" + rows)
    whole = read(tmp_path)
    first = next(m for m in whole if isinstance(m, Checkpoint))
    write(tmp_path, "orders.csv", "order_no,amount\nNEW,1\n" + rows)
    assert len(records(read(tmp_path, {"orders": first.cursor}))) == 1_501


# ---------------------------------------------------------------------------- spreadsheets


def test_numbers_of_a_spreadsheet_are_exact_and_text_keeps_its_leading_zeros(
    tmp_path: Path,
) -> None:
    rows: list[list[Any]] = [
        ["order_no", "amount", "code", "day", "paid", "１"],
        ["A1", 12, "00123", dt.date(2026, 7, 1), True, "１２３，４５６"],
        ["A2", 1234567.89, "x", dt.datetime.fromisoformat("2026-07-01 23:59:59"), False, ""],
    ]
    sheet(tmp_path / "orders.xlsx", rows)
    got = records(read(tmp_path, pattern="*.xlsx"))
    assert got[0].content == {
        "order_no": "A1",
        "amount": 12,
        "code": "00123",
        "day": "2026-07-01",
        "paid": True,
        "１": "１２３，４５６",
    }
    assert got[1].content["amount"] == Decimal("1234567.89")
    assert not isinstance(got[1].content["amount"], float)
    assert got[0].position == "file:orders.xlsx/sheet:订单/row:2"


def test_an_eighteen_digit_number_is_refused_with_its_cell(tmp_path: Path) -> None:
    rows: list[list[Any]] = [["order_no", "id"], ["A1", 330106199001011234], ["A2", 12]]
    sheet(tmp_path / "orders.xlsx", rows)
    messages = read(tmp_path, pattern="*.xlsx")
    (row,) = rejected(messages)
    assert row.reason == "number_spoilt"
    assert row.values["cell"] == "B2"
    assert row.position == "file:orders.xlsx/sheet:订单/row:2/column:id"
    assert [r.key for r in records(messages)] == ["A2"]


def test_a_key_typed_as_a_number_is_reported_because_its_zeros_are_gone(tmp_path: Path) -> None:
    sheet(tmp_path / "orders.xlsx", [["order_no"], [123]])
    messages = read(tmp_path, pattern="*.xlsx")
    assert records(messages)[0].key == "123"
    assert notices(messages, "key_is_number")


def test_the_named_sheet_is_read_and_a_missing_one_is_named(tmp_path: Path) -> None:
    sheet(tmp_path / "orders.xlsx", [["order_no"], ["A1"]], name="数据")
    assert [r.key for r in records(read(tmp_path, pattern="*.xlsx", sheet="数据"))] == ["A1"]
    (file,) = rejected(read(tmp_path, pattern="*.xlsx", sheet="Orders"))
    assert (file.reason, file.values["found"]) == ("sheet_missing", "数据")


def test_a_header_below_a_title_is_found_by_its_row(tmp_path: Path) -> None:
    sheet(tmp_path / "orders.xlsx", [["七月订单"], [], ["order_no", "amount"], ["A1", 5]])
    (record,) = records(read(tmp_path, pattern="*.xlsx", header_row=3))
    assert (record.content, record.position) == (
        {"order_no": "A1", "amount": 5},
        "file:orders.xlsx/sheet:订单/row:4",
    )


def test_a_table_that_does_not_begin_in_the_corner_keeps_the_names_of_its_cells(
    tmp_path: Path,
) -> None:
    rows: list[list[Any]] = [[], [None, "order_no", "id"], [None, "A1", 330106199001011234]]
    sheet(tmp_path / "orders.xlsx", [*rows, [None, "A2", 5]])
    messages = read(tmp_path, pattern="*.xlsx")
    assert [(r.key, r.content["id"]) for r in records(messages)] == [("A2", 5)]
    assert rejected(messages)[0].values["cell"] == "C3"


def test_a_file_that_only_claims_to_be_a_spreadsheet_is_rejected_by_name(tmp_path: Path) -> None:
    write(tmp_path, "orders_1.xlsx", "this is no spreadsheet")
    sheet(tmp_path / "orders_2.xlsx", [["order_no"], ["A1"]])
    messages = read(tmp_path, pattern="*.xlsx")
    assert [(r.reason, r.position) for r in rejected(messages)] == [
        ("file_unreadable", "file:orders_1.xlsx")
    ]
    assert [r.key for r in records(messages)] == ["A1"]


def test_cells_are_named_as_spreadsheets_name_them() -> None:
    assert [address(0, 1), address(25, 2), address(26, 3), address(701, 4), address(702, 5)] == [
        "A1",
        "Z2",
        "AA3",
        "ZZ4",
        "AAA5",
    ]


# ------------------------------------------------------------------------------- deletions


def test_keys_name_every_row_that_exists_rejected_ones_included(tmp_path: Path) -> None:
    write(tmp_path, "orders.csv", "order_no,amount\nA1,1\nA2\nA3,3\n")
    found = list(FilesConnector().keys(context(tmp_path, deletes="sweep"), "orders"))
    assert found == ["A1", "A2", "A3"]


@pytest.mark.parametrize("body", ["order_no,amount\nA1,1\n,2\n", "number\n1\n", ""])
def test_nothing_is_swept_when_a_key_cannot_be_read(tmp_path: Path, body: str) -> None:
    write(tmp_path, "orders.csv", body)
    with pytest.raises(KeysIncomplete):
        list(FilesConnector().keys(context(tmp_path, deletes="sweep"), "orders"))


def test_an_empty_folder_does_not_mean_that_everything_was_deleted(tmp_path: Path) -> None:
    with pytest.raises(KeysIncomplete):
        list(FilesConnector().keys(context(tmp_path, deletes="sweep"), "orders"))


# ------------------------------------------------------------------------------- readiness


def ready(messages: list[Message]) -> list[dt.date]:
    return [m.through for m in messages if isinstance(m, Ready)]


def test_a_month_in_the_newest_file_name_is_complete_to_its_last_day(tmp_path: Path) -> None:
    write(tmp_path, "orders_2026-01.csv", "order_no\nA1\n")
    write(tmp_path, "orders_2026-02.csv", "order_no\nA2\n")
    messages = read(tmp_path, complete_through=r"orders_(\d{4}-\d{2})\.csv")
    assert ready(messages) == [dt.date(2026, 2, 28)]
    assert isinstance(messages[-1], Checkpoint)  # so that both are committed together


def test_the_manifest_goes_before_file_names_and_none_means_not_ready(tmp_path: Path) -> None:
    write(tmp_path, "orders_2026-02.csv", "order_no\nA1\n")
    assert ready(read(tmp_path)) == []
    manifest = {"complete_through": {"orders": "2026-02-10"}}
    write(tmp_path, "manifest.json", json.dumps(manifest))
    messages = read(tmp_path, complete_through=r"orders_(\d{4}-\d{2})\.csv")
    assert ready(messages) == [dt.date(2026, 2, 10)]


def test_a_stream_with_an_unreadable_file_is_not_ready_until_the_file_is_replaced(
    tmp_path: Path,
) -> None:
    write(tmp_path, "orders_2026-01.csv", "number\n1\n")
    write(tmp_path, "orders_2026-02.csv", "order_no\nA2\n")
    pattern = r"orders_(\d{4}-\d{2})\.csv"
    first = read(tmp_path, complete_through=pattern)
    assert ready(first) == []
    again = read(tmp_path, cursor(first), complete_through=pattern)
    assert ready(again) == []
    write(tmp_path, "orders_2026-01.csv", "order_no\nA1\n")
    assert ready(read(tmp_path, cursor(again), complete_through=pattern)) == [dt.date(2026, 2, 28)]


# --------------------------------------------------------------------- configuration and check


def refused_settings() -> Iterator[tuple[dict[str, Any], str]]:
    yield {"streams": {"orders": ORDERS}}, "path"
    yield {"path": "."}, "streams"
    yield {"path": ".", "streams": {"orders": {"pattern": "a"}}}, "streams.orders.key"
    yield {"path": ".", "streams": {"orders": {"key": ["a"]}}}, "streams.orders.pattern"
    yield {"path": ".", "streams": {"o": {**ORDERS, "patern": "x"}}}, "streams.o.patern"
    yield {"path": ".", "streams": {"o": {**ORDERS, "encoding": "x"}}}, "streams.o.encoding"
    yield {"path": ".", "streams": {"o": {**ORDERS, "header_row": 0}}}, "streams.o.header_row"
    yield {"path": ".", "password": "x", "streams": {"o": ORDERS}}, "password"


@pytest.mark.parametrize(("config", "field"), list(refused_settings()))
def test_a_wrong_setting_is_refused_by_its_name(
    tmp_path: Path, config: dict[str, Any], field: str
) -> None:
    wrong = Context(config=config, folder=tmp_path, now=NOW)
    with pytest.raises(ConfigurationRefused) as refused:
        FilesConnector().discover(wrong)
    assert refused.value.values == {"field": field}
    assert FilesConnector().check(wrong).code is CheckCode.CONFIGURATION


def test_no_path_leads_out_of_the_data_folder(tmp_path: Path) -> None:
    inside = tmp_path / "data"
    inside.mkdir()
    (tmp_path / "secret.csv").write_text("order_no\nA1\n")
    (inside / "link").symlink_to(tmp_path)
    for path in ("..", "../secret.csv", "/etc", "link"):
        wrong = Context(
            config={"path": path, "streams": {"orders": ORDERS}}, folder=inside, now=NOW
        )
        with pytest.raises(ConfigurationRefused) as refused:
            FilesConnector().discover(wrong)
        assert refused.value.code == "source_path_outside"


def test_check_tells_a_missing_folder_from_a_wrong_column_from_an_empty_folder(
    tmp_path: Path,
) -> None:
    gone = Context(config={"path": "no", "streams": {"o": ORDERS}}, folder=tmp_path, now=NOW)
    assert FilesConnector().check(gone).code is CheckCode.UNREACHABLE
    empty = FilesConnector().check(context(tmp_path))
    assert (empty.ok, [f.code for f in empty.findings]) == (True, ["stream_without_files"])
    write(tmp_path, "orders.csv", "number\n1\n")
    wrong = FilesConnector().check(context(tmp_path))
    assert wrong.code is CheckCode.CONFIGURATION
    assert wrong.findings[0].code == "key_column_missing"


def test_discover_shows_the_columns_of_the_newest_file(tmp_path: Path) -> None:
    write(tmp_path, "orders_1.csv", "order_no,old\nA1,1\n")
    write(tmp_path, "orders_2.csv", "order_no,new\nA1,1\n")
    (stream,) = FilesConnector().discover(context(tmp_path)).streams
    assert (stream.columns, stream.key) == (("order_no", "new"), ("order_no",))


def test_a_single_file_is_a_source_too(tmp_path: Path) -> None:
    write(tmp_path, "orders.csv", "order_no\nA1\n")
    one = Context(
        config={"path": "orders.csv", "streams": {"orders": ORDERS}}, folder=tmp_path, now=NOW
    )
    messages = list(FilesConnector().read(one, ReadRequest(streams=("orders",))))
    assert [r.key for r in records(messages)] == ["A1"]
