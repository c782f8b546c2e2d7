"""One list of codes: each is used, has a sentence in both languages and a line in the docs."""

from __future__ import annotations

import ast
import string
import tomllib
from collections.abc import Iterator
from pathlib import Path

from domain.problem import CODES
from tests.support.source import ROOMS, ROOT, Source, assert_none, dotted, read, strings

_LISTS = frozenset(
    {
        "domain/problem.py",
        "domain/codes.py",
        "domain/file_codes.py",
        "domain/program_codes.py",
        "domain/source_codes.py",
    }
)
_LANGUAGES = ("zh_CN", "en")
_MAKERS = frozenset({"Problem", "Refused"})


def sentences(folder: Path) -> dict[str, str]:
    """Read every sentence of a language; a code in two files is an offence of its own below."""
    found: dict[str, str] = {}
    for path in sorted(folder.glob("*.toml")):
        found.update(tomllib.loads(path.read_text("utf-8")))
    return found


def places(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def used_codes(sources: list[Source]) -> Iterator[tuple[str, str]]:
    """List the literal codes given to Problem and Refused, with their place."""
    for source in sources:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and dotted(node.func).split(".")[-1] in _MAKERS:
                given = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
                for value in [*given, *node.args[:1]]:
                    if isinstance(value, ast.Constant) and isinstance(value.value, str):
                        yield value.value, source.at(node, value.value)


def unused(codes: frozenset[str], sources: list[Source]) -> list[str]:
    """Find codes that no string of the source names, apart from the list itself."""
    named = {
        constant.value
        for source in sources
        for constant in strings(source.tree)
        if source.path not in _LISTS
    }
    return sorted(codes - named)


def test_every_code_has_a_sentence_in_both_languages() -> None:
    for language in _LANGUAGES:
        assert_none(
            sorted(CODES - sentences(ROOT / "messages" / language).keys()),
            f"A code without a sentence in {language} reaches a person as a riddle.",
        )


def test_both_languages_say_the_same_things() -> None:
    chinese, english = (sentences(ROOT / "messages" / language) for language in _LANGUAGES)
    assert_none(sorted(chinese.keys() ^ english.keys()), "One language lacks these sentences.")
    assert_none(
        [code for code in chinese if places(chinese[code]) != places(english[code])],
        "The two languages tell different values: one reader knows less than the other.",
    )


def test_no_code_has_two_sentences() -> None:
    for language in _LANGUAGES:
        seen: set[str] = set()
        twice = []
        for path in sorted((ROOT / "messages" / language).glob("*.toml")):
            here = tomllib.loads(path.read_text("utf-8")).keys()
            twice += sorted(seen & here)
            seen |= here
        assert_none(twice, f"Two files of {language} say the same code; one of them is never read.")


def test_every_code_in_use_is_on_the_list() -> None:
    assert_none(
        [place for code, place in used_codes(read(*ROOMS)) if code not in CODES],
        "Clients switch on codes: one outside domain/problem.py CODES is a promise nobody made.",
    )


def test_every_code_on_the_list_is_in_use() -> None:
    assert_none(
        unused(CODES, read(*ROOMS)),
        "A code that nothing produces is documented, translated and waited for in vain.",
    )


def test_every_code_has_a_line_in_the_docs() -> None:
    text = (ROOT / "docs" / "errors.md").read_text("utf-8")
    documented = {line.split("`")[1] for line in text.splitlines() if line.startswith("| `")}
    assert_none(sorted(CODES - documented), "Codes without a line in docs/errors.md.")
    assert_none(sorted(documented - CODES), "docs/errors.md explains codes that do not exist.")


def test_planted_codes_are_seen() -> None:
    text = 'raise Refused("no_such_code")\nx = Problem(code="nor_this")\n'
    planted = Source("actions/planted.py", text)
    assert [code for code, _ in used_codes([planted])] == ["no_such_code", "nor_this"]
    assert unused(frozenset({"no_such_code", "never_said"}), [planted]) == ["never_said"]
