"""What a newcomer is told to type: every query fits the schema, every word of the door exists."""

from __future__ import annotations

import re

import pytest
from graphql import build_schema, parse, validate

from attain.cli import app
from tests.support.source import ROOT

PAGES = ("README.md", "README.zh-CN.md")
SCHEMA = build_schema((ROOT / "schema.graphql").read_text("utf-8"))
_FENCED = re.compile(r"^```graphql\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ASKED = re.compile(r"`ask \w+ '(.*?)'`")
_WORD = re.compile(r"\./run ([a-z]+)")
DEVELOPER = {"test", "check", "golden", "live", "bench", "conformance"}


def queries(page: str) -> list[str]:
    text = (ROOT / page).read_text("utf-8")
    return [*_FENCED.findall(text), *_ASKED.findall(text)]


def faults(query: str) -> list[str]:
    return [fault.message for fault in validate(SCHEMA, parse(query))]


@pytest.mark.parametrize("page", PAGES)
def test_every_query_of_the_first_page_fits_the_schema(page: str) -> None:
    found = queries(page)
    assert len(found) == 6
    assert [fault for query in found for fault in faults(query)] == []


_ASKING = (
    "api connectors credit moving-in packs periods personal-data statements tokens trail what-if"
)


@pytest.mark.parametrize("page", _ASKING.split())
def test_every_query_of_a_page_fits_the_schema(page: str) -> None:
    found = _FENCED.findall((ROOT / "docs" / f"{page}.md").read_text("utf-8"))
    assert found
    assert [fault for query in found for fault in faults(query)] == []


def test_a_query_that_does_not_fit_is_seen() -> None:
    assert faults('{ leaderboard(period: "2026-09") { nodes { rank } } }') != []


def test_both_languages_ask_the_same() -> None:
    first, second = (queries(page) for page in PAGES)
    assert first == second


@pytest.mark.parametrize("page", [*PAGES, "CONTRIBUTING.md"])
def test_every_word_of_the_door_on_a_first_page_exists(page: str) -> None:
    named = {
        str(command.name or getattr(command.callback, "__name__", ""))
        for command in app.registered_commands
    } | {str(group.name) for group in app.registered_groups}
    words = set(_WORD.findall((ROOT / page).read_text("utf-8")))
    assert words
    assert words - named - DEVELOPER == set()
