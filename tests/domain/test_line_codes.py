"""Every line has a sentence in both languages."""

from __future__ import annotations

from domain.line_codes import LINE_CODES
from messages.render import load


def test_every_line_code_has_a_sentence() -> None:
    catalogue = load()
    assert sorted(LINE_CODES - catalogue.codes) == []


def test_no_line_sentence_is_left_without_a_code() -> None:
    lines = {code for code in load().codes if code.startswith("line_")}
    others = {"line_undefined", "line_out_of_range", "line_too_long"}
    assert sorted(lines - LINE_CODES - others) == []
