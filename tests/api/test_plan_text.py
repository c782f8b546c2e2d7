"""Everybody who may read a plan reads it in plain sentences, in the language he asks for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.company import Served, calculated, served

TEXT = """{ planVersions(first: 1) { nodes {
  zh: text(language: ZH_CN) { id path component text } en: text(language: EN) { id text }
} } }"""


@pytest.fixture
def made(database_url: str, tmp_path: Path) -> Iterator[Served]:
    """The company, on each database in turn."""
    with served(database_url, tmp_path) as found:
        yield found


def test_a_salesperson_reads_the_plan_in_sentences_that_lead_to_its_rules(made: Served) -> None:
    found: dict[str, Any] = made.data("bo", TEXT)["planVersions"]["nodes"][0]
    assert [each["id"] for each in found["zh"]] == [each["id"] for each in found["en"]]
    opening = next(each for each in found["zh"] if each["path"] == "components[0]")
    assert opening["component"] == opening["id"].removeprefix("component:")
    assert "本" in opening["text"]
    assert any("calculated for each" in each["text"] for each in found["en"])


LINES = """{ statement(period: "2026-09") {
  lines { name clause { id number path text planVersion } } scoreLines { clause { id } }
} planVersions(first: 1) { nodes { id text { id number text } } } }"""


def test_a_line_of_a_statement_names_the_clause_of_the_text_that_it_follows(made: Served) -> None:
    calculated(made)
    found = made.data("anna", LINES, "zh-CN")
    (version,) = found["planVersions"]["nodes"]
    text = {each["id"]: (each["number"], each["text"]) for each in version["text"]}
    lines = {each["name"]: each["clause"] for each in found["statement"]["lines"]}
    assert lines["payout"]["id"] == "plan"
    for clause in filter(None, lines.values()):
        assert text[clause["id"]] == (clause["number"], clause["text"])
        assert clause["planVersion"] == version["id"]
    paid = {name: each["path"] for name, each in lines.items() if name.endswith(".amount")}
    assert set(paid.values()) == {f"components[{place}]" for place in range(len(paid))}
    assert not any(each["clause"] for each in found["statement"]["scoreLines"])
