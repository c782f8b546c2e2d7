"""An old sheet as it lies on somebody's desk: a title, totals, aligned names, odd minus signs."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import xlsxwriter  # type: ignore[import-untyped]

from actions.old_file import called, is_total, open_old
from actions.old_sheet import AmountColumn, NamedBy, OldLayout, old_amount
from actions.take_old_results import OldSheet, take_old_results
from attain.commands_old import layout_text
from connectors.rows import Row
from domain.problem import Refused
from storage.engine import reading
from storage.old_results import rows_apart, set_by_id
from tests.support.company import SYSTEM, Company, office

COLUMNS = ("姓名", "达标奖", "超额 提成")
ROWS = (
    ("工号", "姓名", " 达标奖 ", "超额\n提成"),
    ("002", "李丽", "¥3,000.00", "１，２３４．５６"),
    ("003", "张　伟", "3000", "(¥500.00)"),
    ("004", "赵敏", "-¥100.00", "−20.00"),
    ("004", "赵 敏", "1", ""),
    ("", "合计：", "5,900.00", "714.56"),
)
LAYOUT = OldLayout(
    person="姓名",
    named_by=NamedBy.NAME,
    amounts=(
        AmountColumn(component="bonus", column="达标奖"),
        AmountColumn(component="excess", column="超额 提成"),
    ),
)


@pytest.fixture
def company(database_url: str, tmp_path: Path) -> Iterator[Company]:
    with office(database_url, tmp_path) as runtime:
        yield Company(runtime)


def book(*rows: Sequence[str]) -> bytes:
    handle = io.BytesIO()
    with xlsxwriter.Workbook(handle, {"in_memory": True}) as made:
        sheet = made.add_worksheet("九月")
        for at, row in enumerate(rows):
            sheet.write_row(at, 0, row)
    return handle.getvalue()


def text(*rows: Sequence[str]) -> bytes:
    lines = (",".join('"' + cell.replace("\n", " ") + '"' for cell in row) for row in rows)
    return "\r\n".join(lines).encode("gb18030")


@pytest.mark.parametrize("name", ["工资.xlsx", "工资.csv"])
@pytest.mark.parametrize("title", [(), (("2026年9月 奖金表",), ("制表：陈晨", "单位：元"))])
def test_the_headings_are_found_below_a_title(name: str, title: tuple[Sequence[str], ...]) -> None:
    write = book if name.endswith("xlsx") else text
    table = open_old(write(*title, *ROWS), name, "", COLUMNS)
    assert table.header == ("工号", *COLUMNS)
    first = next(iter(table.rows()))
    assert isinstance(first, Row)
    assert first.number == len(title) + 2
    assert first.cells[1] == "李丽"


def test_a_column_that_is_nowhere_is_told_with_the_columns_that_are_there() -> None:
    table = open_old(book(("奖金表",), *ROWS), "a.xlsx", "", ("姓名", "无此列"))
    assert table.header == ("工号", *COLUMNS)
    assert open_old(book(("a", "b"), ("1", "2")), "a.xlsx", "", ("z",)).header == ("a", "b")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("张　伟", "张伟"),
        ("欧阳 娜", "欧阳娜"),
        ("Li  Na", "Li Na"),
        ("买买提·艾力", "买买提·艾力"),
    ],
)
def test_spaces_that_align_a_chinese_name_are_no_part_of_it(name: str, told: str) -> None:
    assert called(name) == told


def test_a_row_of_totals_is_known_by_its_word() -> None:
    assert all(is_total(each) for each in ("合计", "合 计", "总计：", "Grand Total", "SUM"))
    assert not any(is_total(each) for each in ("", "何计", "合计员", "Summer"))


@pytest.mark.parametrize(
    ("cell", "steps"),
    [("-¥3.50", -350), ("(¥3.50)", -350), ("（￥３．５０）", -350), ("−20", -2_000), ("- 5", -500)],
)
def test_a_minus_is_read_wherever_the_currency_stands(cell: str, steps: int) -> None:
    assert old_amount(cell, "CNY") == (steps, [])


@pytest.mark.parametrize("cell", ["-¥", "¥¥3", "--¥3", "-(3)", "3-"])
def test_a_sign_too_many_is_never_guessed(cell: str) -> None:
    assert old_amount(cell, "CNY")[0] is None
    assert [code for code, _ in old_amount(cell, "CNY")[1]] == ["old_amount_unreadable"]


@pytest.mark.parametrize("name", ["工资.xlsx", "工资.csv"])
def test_a_messy_sheet_is_taken_person_by_person_and_its_total_is_nobodys(
    company: Company, name: str
) -> None:
    for who in ("李丽", "张伟", "赵敏"):
        company.person(who)
    write = book if name.endswith("xlsx") else text
    sheet = OldSheet(
        period="2026-09", name="old", file_name=name, content=write(*ROWS), layout=LAYOUT
    )
    taken = company.write(lambda writing: take_old_results(writing, SYSTEM, sheet))
    with reading(company.runtime.engine, SYSTEM) as connection:
        found = set_by_id(connection, company.entity_id, taken)
        assert found is not None
        rows = list(rows_apart(connection, [found], "no run"))
    assert (found.rows_read, found.rows_taken) == (5, 3)
    assert [(each["row"], each["code"]) for each in found.problems["first"]] == [
        (5, "old_row_twice"),
        (6, "old_row_total"),
    ]
    assert sum(row.amount or 0 for row in rows) == 300_000 + 123_456 + 250_000 - 2_000 - 10_000
    assert all(row.person_id for row in rows)


def test_a_row_that_cannot_be_trusted_is_told_by_its_own_sentence(company: Company) -> None:
    content = "姓名,达标奖,超额 提成\n李丽,1\n".encode()
    sheet = OldSheet(period="2026-09", name="o", file_name="a.csv", content=content, layout=LAYOUT)
    taken = company.write(lambda writing: take_old_results(writing, SYSTEM, sheet))
    with reading(company.runtime.engine, SYSTEM) as connection:
        found = set_by_id(connection, company.entity_id, taken)
    assert found is not None
    (problem,) = found.problems["first"]
    assert (problem["code"], problem["values"]["expected"]) == ("row_ragged", "3")
    broken = OldSheet(period="2026-09", name="o", file_name="a.xlsx", content=b"x", layout=LAYOUT)
    with pytest.raises(Refused) as refused:
        company.write(lambda writing: take_old_results(writing, SYSTEM, broken))
    assert [each.code for each in refused.value.problems] == ["file_unreadable"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_layout_may_come_from_any_editor(encoding: str) -> None:
    assert layout_text('{"person": "工号"}'.encode(encoding)) == '{"person": "工号"}'
