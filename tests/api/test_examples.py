"""Every query we show to people is one that the schema knows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from graphql import parse, validate

from tests.support import shared

ROOT = Path(__file__).resolve().parents[2]
EXPLORER = (ROOT / "api" / "static" / "examples.js").read_text(encoding="utf-8")
SCRIPT = (ROOT / "api" / "static" / "explorer.js").read_text(encoding="utf-8")
PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


def examples() -> list[str]:
    """Collect the queries of the explorer and of the page."""
    found = re.findall(r"`((?:query|mutation|subscription) [^`]+)`", EXPLORER)
    found += re.findall(r'"(\{ viewer [^"]+|mutation [^"]+)"', SCRIPT)
    found += re.findall(r"`(mutation\([^`]+)`", SCRIPT)
    return found + re.findall(r"```graphql\n(.+?)```", PAGE, re.DOTALL)


def test_there_is_an_example_for_each_kind_of_user() -> None:
    assert len(re.findall(r"title: \{", EXPLORER)) == 3 + 11
    assert len(examples()) == 11 + 3 + 2


@pytest.mark.parametrize("query", examples())
def test_every_example_is_valid(query: str) -> None:
    schema = shared.schema()
    document = parse(query)
    assert validate(schema.core, document) == []
    assert schema.documents.errors(query, {}) == []


def test_every_word_of_the_explorer_exists_in_both_languages() -> None:
    used = set(re.findall(r'data-text="(\w+)"', (ROOT / "api/static/explorer.html").read_text()))
    used |= set(re.findall(r"words\(\)\.(\w+)", SCRIPT))
    for language in ('"zh-CN": {', "en: {"):
        block = SCRIPT.split(language, 1)[1].split("},", 1)[0]
        assert sorted(word for word in used if f"{word}:" not in block) == []
