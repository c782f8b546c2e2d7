"""A statement as a workbook and as a PDF: what is in them, for whom, and the same bytes again."""

from __future__ import annotations

import base64
import io
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from actions.change_people import PersonDraft, put_person
from actions.pdf_font import PLACES, font_for
from actions.seal_trail import seal_trail
from domain.problem import Refused
from tests.api.company import Served, served
from tests.api.test_statement_changes import two_months
from tests.support.chinese_font import chinese_font
from tests.support.company import SYSTEM

NAME, NUMBER = "王小芳", "=1+1"  # a staff number that a spreadsheet would calculate
FILE = """query($f: StatementFormat!, $p: ID) {
  statementFile(period: "2026-09", format: $f, person: $p) {
    fileName mediaType content hash run { id } }
  statement(period: "2026-09", person: $p) { hash payout { text } amounts { text } } }"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, _sqlite_template: Path) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("files")
    shutil.copyfile(_sqlite_template, folder / "attain.db")
    with served(f"sqlite:///{folder / 'attain.db'}", folder) as found:
        found.company.write(
            lambda w: put_person(w, PersonDraft(source_key="anna", name=NAME, staff_number=NUMBER))
        )
        two_months(found)
        seal_trail(found.company.runtime, SYSTEM, found.entity)
        yield Served(
            found.company, found.ids, replace(found.company.runtime, pdf_font=chinese_font())
        )


def asked(made: Served, form: str, language: str = "en", who: str = "anna") -> dict[str, Any]:
    answer = made.data(who, FILE, language, f=form, p=made.ids["anna"])
    found: dict[str, Any] = answer["statementFile"]
    assert found["hash"] == answer["statement"]["hash"]
    return {**found, "bytes": base64.b64decode(found["content"]), "statement": answer["statement"]}


def test_a_workbook_has_the_numbers_of_the_api_and_no_formula(made: Served) -> None:
    found = asked(made, "XLSX")
    assert asked(made, "XLSX")["content"] == found["content"]
    assert found["fileName"] == f"statement-2026-09-{made.ids['anna']}-en.xlsx"
    book = CalamineWorkbook.from_filelike(io.BytesIO(found["bytes"]))
    pages: dict[str, Any] = {
        name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names
    }
    subject = dict(pages["Statement"][1:])
    assert (subject["Payee"], subject["Staff number"]) == (NAME, NUMBER)
    assert subject["SHA-256 of the statement"] == found["hash"]
    *rows, total = pages["What is paid"][1:]
    assert [row[2] for row in rows] == [each["text"] for each in found["statement"]["amounts"]]
    assert sum(float(row[1]) for row in rows) == total[1] == subject["Total"] == 9900.0
    assert "Share of the excess: CN¥500.00 became CN¥4,000.00 (+CN¥3,500.00)." in [
        row[0] for row in pages["What changed"]
    ]
    assert [row[3] for row in pages["Booked and corrected"][1:]] == [5000.0, 4000.0, 900.0]
    assert ["sales", "target", "CN¥1,000,000.00"] in pages["Numbers it was made of"]
    assert [row[0] for row in pages["Where they come from"]][-1] == "2026-09-09"
    assert {row[0] for row in pages["Seal"]} >= {"Leaf", "Root of the run", "Checkpoint"}
    with zipfile.ZipFile(io.BytesIO(found["bytes"])) as parts:
        written = "".join(parts.read(name).decode() for name in parts.namelist())
    assert "<f>" not in written
    assert "hyperlink" not in written


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ("CN¥9,900.00", "What is paid")), ("zh-CN", ("¥9,900.00", "应得金额"))],
)
def test_a_pdf_says_the_name_and_the_amounts_in_both_languages(
    made: Served, language: str, words: tuple[str, str]
) -> None:
    found = asked(made, "PDF", language)
    pages = PdfReader(io.BytesIO(found["bytes"])).pages
    text = "".join(page.extract_text() for page in pages)
    flat = "".join(text.split())
    for word in (NAME, *words, found["hash"], found["statement"]["payout"]["text"]):
        assert "".join(word.split()) in flat, word
    for line in found["statement"]["amounts"]:
        assert "".join(line["text"].split()) in flat
    if language == "en":
        assert asked(made, "PDF", language)["content"] == found["content"]


def test_nobody_else_gets_the_file(made: Served) -> None:
    for who, code in (("bo", "NOT_FOUND"), ("meng", "NOT_FOUND"), ("admin", "FORBIDDEN")):
        answer = made.ask(who, FILE, f="XLSX", p=made.ids["anna"])
        assert answer["data"]["statementFile"] is None
        assert code in made.codes(who, FILE, f="XLSX", p=made.ids["anna"])


def test_without_a_font_that_has_the_text_it_is_said_what_to_install(
    made: Served, tmp_path: Path
) -> None:
    bare = Served(
        made.company, made.ids, replace(made.company.runtime, pdf_font=tmp_path / "none.ttf")
    )
    answer = bare.ask("anna", FILE, "zh-CN", f="PDF", p=made.ids["anna"])
    (problem,) = answer["extensions"]["problems"]
    assert (answer["data"]["statementFile"], problem["code"]) == (None, "PDF_FONT_MISSING")
    assert "fonts-noto-cjk" in problem["message"]
    with pytest.raises(Refused) as refused:
        font_for("王\U0010ffff", chinese_font())
    assert refused.value.code == "pdf_font_lacks"
    assert refused.value.values["signs"] == "\U0010ffff"
    assert all(place.startswith("/") for place in PLACES)
