"""A folder of deliveries before the conformance kit, with every sort of bad row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]

from connectors.contract import CheckCode
from connectors.files import FilesConnector
from connectors.testing import Case, Earlier, Faults, Place

PEOPLE = "staff,name,mobile\n7,李雷,13800138000\n8,韩梅,\n"
# What the first release wrote of files it had read; every later one has to take them for read.
_EARLIER: dict[str, Any] = {
    "people": {
        "files": {
            "people.csv": {
                "size": 49,
                "sha256": "e783ed7f03cdc371617327dbb418c40818c2d8291ff20229dd5697a41438508b",
            }
        }
    },
    "orders": {
        "files": {
            "orders_1.csv": {
                "size": 22945,
                "sha256": "d65ac18df2a7f325c5448b74a6652b0de1e2f6f568f295764fb1ab865db0e54d",
            }
        }
    },
}


def files_case(folder: Path) -> Case:
    """Two deliveries of orders in two encodings, and a snapshot of the people."""
    # More orders than a checkpoint may cover.
    rows = "".join(f"A{i},{i}.50,客户{i}\n" for i in range(1_050))
    bad = 'B1,1\n,2,x\nB2,"1"2,x\nB3,1\0,x\n'
    (folder / "orders_1.csv").write_text("order_no,amount,customer\n" + rows, "utf-8")
    (folder / "orders_2.csv").write_text("order_no,amount,customer\nA7,9,x\n" + bad, "gb18030")
    (folder / "people.csv").write_text(PEOPLE, "utf-8")
    people = {
        "pattern": "people*.csv",
        "key": ["staff"],
        "deletes": "sweep",
        "personal_fields": ["mobile"],
    }
    orders = {"pattern": "orders*.csv", "key": ["order_no"]}
    config: dict[str, Any] = {"path": ".", "streams": {"people": people, "orders": orders}}
    return Case(
        connector=FilesConnector(),
        folder=folder,
        config=config,
        streams=("people", "orders"),
        rejected=4,
        unknown=(("people", "name"), ("orders", "customer")),
        wrong={
            CheckCode.UNREACHABLE: {**config, "path": "nowhere"},
            CheckCode.CONFIGURATION: {"path": ".", "streams": {"orders": {"key": ["x"]}}},
        },
        faults=_faults(folder),
        earlier=(Earlier(config=config, cursors=_EARLIER),),
        absent={
            "K21": "a cursor names the files that were read by their fingerprints: it has no time",
            "mapping": "its streams and columns are what a person describes in the settings",
        },
    )


def _faults(folder: Path) -> Faults:
    """What can happen to a folder: a file is written anew, another one comes."""
    people = folder / "people.csv"

    def written(text: str) -> None:
        people.write_text(text, "utf-8")

    def insert() -> Place:
        number = 100 + len(list(folder.glob("people-*.csv")))
        (folder / f"people-{number}.csv").write_text(f"staff,name\n{number},新人\n", "utf-8")
        return "people", str(number)

    def change() -> Place:
        written(PEOPLE.replace("李雷", f"李雷{people.stat().st_size}"))
        return "people", "7"

    def delete() -> Place:
        written("staff,name\n8,韩梅\n")
        return "people", "7"

    def tie() -> set[Place]:  # all rows of a delivery are of one age
        numbers = range(1_100)
        text = "".join(f"T{number},1,x\n" for number in numbers)
        (folder / "orders_3.csv").write_text("order_no,amount,customer\n" + text, "utf-8")
        return {("orders", f"T{number}") for number in numbers}

    def undated() -> Place:  # a row has no age of its own, in a file whose name has none either
        (folder / "orders.csv").write_text("order_no,amount,customer\nU1,1,x\n", "utf-8")
        return "orders", "U1"

    def new_field() -> Place:
        written("staff,name,grade\n7,李雷,G1\n8,韩梅,G2\n")
        return "people", "grade"

    def lost_field() -> Place:
        written("staff,grade\n7,G1\n8,G2\n")
        return "people", "name"

    def many(count: int) -> None:
        text = "".join(f"{number},员工{number}的很长的名字\n" for number in range(count))
        written("staff,name\n" + text)
        (folder / "orders_1.csv").unlink(missing_ok=True)

    return Faults(
        insert=insert,
        change=change,
        delete=delete,
        tie=tie,
        undated=undated,
        new_field=new_field,
        lost_field=lost_field,
        many=many,
    )


def spreadsheet_case(folder: Path) -> Case:
    """The people as a spreadsheet that grows."""

    def many(count: int) -> None:
        book = xlsxwriter.Workbook(str(folder / "people.xlsx"))
        page = book.add_worksheet("people")
        page.write_row(0, 0, ["staff", *(f"column {each}" for each in range(9))])
        for number in range(1, count + 1):
            page.write_row(number, 0, [f"P{number}", *(f"{number}-{each}" for each in range(9))])
        book.close()

    stream = {"pattern": "people.xlsx", "key": ["staff"]}
    return Case(
        connector=FilesConnector(),
        folder=folder,
        config={"path": ".", "streams": {"people": stream}},
        streams=("people",),
        faults=Faults(many=many),
    )
