"""Read the demo company's files as a stranger would: csv and calamine, nothing of the generator."""

from __future__ import annotations

import csv
import io
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

import python_calamine

STAGES = {"已成交", "跟进中", "已丢单", "作废"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """A won order: of a person when its salesperson is linked, of nobody otherwise."""

    number: str
    person: str
    alias: str
    customer: str
    cents: int
    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A payment."""

    person: str
    alias: str
    cents: int
    day: date


def laid_over(folder: Path, deliveries: tuple[int, ...]) -> dict[str, Path]:
    """Return each relative path with the newest delivery's file."""
    found: dict[str, Path] = {}
    for number in deliveries:
        root = folder / "deliveries" / str(number)
        for path in sorted(root.rglob("*")):
            if path.is_file():
                found[path.relative_to(root).as_posix()] = path
    return found


def csv_rows(path: Path, encoding: str) -> list[dict[str, str]]:
    """Return the rows that have every column and readable text, by heading."""
    rows: list[dict[str, str]] = []
    header: list[str] = []
    for line in path.read_bytes().splitlines():
        try:
            text = line.decode(encoding)
        except UnicodeDecodeError:
            continue
        try:
            cells = next(csv.reader(io.StringIO(text), strict=True), [])
        except csv.Error:
            continue
        if not header:
            header = cells
        elif len(cells) == len(header):
            rows.append(dict(zip(header, cells, strict=True)))
    return rows


def sheet_rows(path: Path, sheet: str) -> list[dict[str, object]]:
    """Return the rows of a sheet by heading."""
    book = python_calamine.CalamineWorkbook.from_path(str(path))
    header, *rows = book.get_sheet_by_name(sheet).to_python()
    return [dict(zip((str(h) for h in header), row, strict=True)) for row in rows]


def cents_of(text: str) -> int | None:
    """Read an amount to the cent; None when it is none."""
    try:
        number = Decimal(unicodedata.normalize("NFKC", text).replace(",", ""))
    except InvalidOperation:
        return None
    return int(number * 100) if number * 100 == int(number * 100) else None


def day_of(text: str) -> date | None:
    """Read a date; None when there is no such day."""
    try:
        return date.fromisoformat(text.replace("/", "-"))
    except ValueError:
        return None


class Links:
    """Who a CRM display name was at a date."""

    def __init__(self, files: dict[str, Path]) -> None:
        self._rows = csv_rows(files["crm/crm_users.csv"], "utf-8")

    def person(self, alias: str, day: date) -> str:
        """Return the staff number, or "" when nobody is linked."""
        found = {
            row["staff_number"]
            for row in self._rows
            if row["crm_name"] == alias
            and row["valid_from"] <= day.isoformat()
            and (not row["valid_to"] or day.isoformat() < row["valid_to"])
        }
        assert len(found) <= 1, f"{alias} means two people on {day}"
        return next(iter(found), "")


def sales(files: dict[str, Path], as_of: date) -> list[Sale]:
    """Return every trustworthy won order once; the last row of a number wins."""
    links = Links(files)
    found: dict[str, Sale] = {}
    paths = sorted(path for path in files if path.startswith("crm/orders-"))
    for path in paths:
        last = {row["订单编号"]: row for row in csv_rows(files[path], "utf-8-sig")}
        for number, row in last.items():
            cents, day = cents_of(row["订单金额"]), day_of(row["成交日期"])
            if not number or cents is None or day is None or day > as_of:
                continue
            if row["阶段"] not in STAGES:
                continue
            found.pop(number, None)
            if row["阶段"] == "已成交":
                found[number] = Sale(
                    number=number,
                    person=links.person(row["业务员"], day),
                    alias=row["业务员"],
                    customer=row["客户编号"],
                    cents=cents,
                    day=day,
                )
    return list(found.values())


def receipts(files: dict[str, Path]) -> list[Receipt]:
    """Return every payment."""
    links = Links(files)
    found: list[Receipt] = []
    for path in sorted(path for path in files if path.startswith("crm/payments-")):
        for row in csv_rows(files[path], "utf-8"):
            cents, day = cents_of(row["amount"]), day_of(row["paid_date"])
            assert cents is not None
            assert day is not None
            person = links.person(row["salesperson"], day)
            found.append(Receipt(person=person, alias=row["salesperson"], cents=cents, day=day))
    return found


def visits(files: dict[str, Path]) -> list[tuple[str, datetime]]:
    """Return account and local time of every field visit that can be trusted."""
    found: list[tuple[str, datetime]] = []
    for path in sorted(path for path in files if path.startswith("attendance/外勤")):
        for row in sheet_rows(files[path], "打卡明细"):
            if not isinstance(row["打卡编号"], str) or row["打卡类型"] != "外出打卡":
                continue
            try:
                moment = datetime.fromisoformat(str(row["打卡时间"]))
            except ValueError:
                continue
            found.append((str(row["企业微信账号"]), moment))
    return found
