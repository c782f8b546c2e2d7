"""A printed statement as a PDF, with the part of a font embedded that its text needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from fpdf import FPDF
from fpdf.fonts import FontFace

from actions.pdf_font import font_for
from actions.statement_sheet import Amount, Cell, Section, Sheet

_FONT = "statement"
_TITLE, _HEADING, _TEXT, _SMALL = 16, 11, 8.5, 7  # sizes of letters, in points
_LINE = 1.45  # a line's height in letters
_MARGIN = 15  # mm
_SHADE, _RULE = 235, 170
_POINT = 25.4 / 72  # mm
# What may not begin a line: punctuation stays with what it ends.
_CLOSING = frozenset("，。、；：？！）】》”’%‰·")
_FIRST_WIDE = 0x2E80  # from here on a text may be broken between any two characters


class _Paper(FPDF):
    """A page of A4 with its number and the hash of the statement at the foot."""

    def __init__(self, sheet: Sheet) -> None:
        super().__init__(orientation="P", unit="mm", format="A4")
        self.sheet = sheet
        self._widths: dict[tuple[str, float], float] = {}
        self.set_margin(_MARGIN)
        self.set_auto_page_break(auto=True, margin=_MARGIN + 5)

    def footer(self) -> None:
        """Write which page of which statement it is."""
        self.set_y(-_MARGIN)
        self.set_font(_FONT, size=_SMALL)
        told = f"{self.sheet.page} {self.page_no()}  ·  {self.sheet.title}  ·  {self.sheet.hash}"
        self.cell(w=0, text=told, align="C")

    def width_of(self, text: str) -> float:
        """Measure a text in the size of letters that is set."""
        size = self.font_size
        for sign in set(text):
            if (sign, size) not in self._widths:
                self._widths[sign, size] = float(self.get_string_width(sign))
        return sum(self._widths[sign, size] for sign in text)

    def broken(self, text: str, width: float) -> str:
        """Break a text into lines: between words, and in Chinese between characters.

        A number is never broken unless it is longer than a line.
        """
        lines = [""]
        for piece in _pieces(text):
            if self.width_of(lines[-1] + piece.rstrip()) <= width:
                lines[-1] += piece
                continue
            if lines[-1].strip():
                lines.append("")
                piece = piece.lstrip()  # noqa: PLW2901 - a new line begins with the word
            for sign in piece:
                if lines[-1] and self.width_of(lines[-1] + sign) > width:
                    lines.append("")
                lines[-1] += sign
        return "\n".join(line.rstrip() for line in lines)


def _pieces(text: str) -> Iterator[str]:
    """Cut a text where a line may be broken: a word with its spaces, or a Chinese character."""
    piece = ""
    for sign in text:
        is_wide = ord(sign) >= _FIRST_WIDE
        ends = piece.endswith(" ") and sign != " "
        if piece.strip() and (
            ends or (is_wide and sign not in _CLOSING) or _is_wide_end(piece, sign)
        ):
            yield piece
            piece = ""
        piece += sign
    yield piece


def _is_wide_end(piece: str, sign: str) -> bool:
    return ord(piece[-1]) >= _FIRST_WIDE and sign not in _CLOSING and sign != " "


def pdf(sheet: Sheet, made_at: datetime, chosen_font: Path | None) -> bytes:
    """Write a PDF; ``made_at`` is the run's, so that the same statement is the same bytes."""
    file, face = font_for("".join(sheet.texts) + "0123456789·", chosen_font)
    paper = _Paper(sheet)
    paper.add_font(_FONT, fname=str(file), collection_font_number=face)
    paper.set_title(sheet.title)
    paper.set_author(sheet.author)
    paper.set_lang(sheet.locale.value)
    paper.set_creation_date(made_at)
    paper.add_page()
    paper.set_font(_FONT, size=_TITLE)
    title = paper.broken(sheet.title, paper.epw)
    paper.multi_cell(w=0, h=_TITLE * _LINE * _POINT, text=title, align="L")
    paper.ln(2)
    for section in sheet.sections:
        _section(paper, section)
    return bytes(paper.output())


def _section(paper: _Paper, section: Section) -> None:
    if paper.will_page_break(4 * _HEADING * _LINE * _POINT):
        paper.add_page()
    paper.set_font(_FONT, size=_HEADING)
    paper.set_x(paper.l_margin)
    paper.cell(w=0, h=_HEADING * _LINE * _POINT, text=section.title, new_x="LMARGIN", new_y="NEXT")
    paper.set_font(_FONT, size=_TEXT)
    paper.set_draw_color(_RULE)
    heading = FontFace(emphasis=None, fill_color=_SHADE)
    with paper.table(
        col_widths=section.widths,
        text_align=tuple(_align(section, place) for place in range(len(section.widths))),
        headings_style=heading,
        line_height=_TEXT * _LINE * _POINT,
        borders_layout="HORIZONTAL_LINES",
        padding=(0.6, 1, 0.6, 1),
        v_align="TOP",
    ) as table:
        for row in (section.headings, *section.rows):
            written = table.row()
            for cell, width in zip(row, section.widths, strict=True):
                inner = paper.epw * width / sum(section.widths) - 2.4
                written.cell(paper.broken(_text(cell), inner))
    if section.note:
        paper.multi_cell(
            w=0,
            h=_TEXT * _LINE * _POINT,
            text=paper.broken(section.note, paper.epw - 2.4),
            new_x="LMARGIN",
            new_y="NEXT",
        )
    paper.ln(3)


def _text(cell: Cell) -> str:
    return cell.text if isinstance(cell, Amount) else cell


def _align(section: Section, place: int) -> str:
    """Align a column of money to the right."""
    cells: Sequence[Cell] = [row[place] for row in section.rows]
    return (
        "RIGHT" if len(section.widths) > 2 and any(isinstance(c, Amount) for c in cells) else "LEFT"
    )
