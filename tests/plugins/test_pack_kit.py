"""The pack kit: our packs and the example keep every promise, and every broken pack is seen."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from attain.cli import app
from messages.render import Locale
from plugins.packs.kit import CHECKS, FOLDER, Candidate, candidate, candidate_of, examined
from plugins.packs.mutants import MUTANTS, Mutant
from plugins.packs.testing import pack_suite, told
from tests.support.packs import FILE, TEXT, written
from tests.support.source import ROOT

CAFE = ROOT / "examples/attain-cafe-pack/attain_cafe_pack/cafe.toml"
FILES = (*sorted(FOLDER.glob("*.toml")), CAFE)
BROKEN = [(number, mutant) for number, mutants in MUTANTS.items() for mutant in mutants]

TestCafePack = pack_suite(CAFE)  # as a vendor writes it


@pytest.fixture(scope="module")
def sound() -> Candidate:
    """The pack that the mutants are made of."""
    return candidate(FILE)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_pack_keeps_every_promise(file: Path) -> None:
    assert {
        number: told(found) for number, found in examined(candidate(file)).items() if found
    } == {}


@pytest.mark.parametrize(
    ("number", "mutant"), BROKEN, ids=lambda each: getattr(each, "__name__", each)
)
def test_a_broken_pack_is_seen_by_the_check_it_is_broken_for(
    sound: Candidate, number: str, mutant: Mutant
) -> None:
    content: Any = deepcopy(dict(sound.content))
    mutant(content)
    before = sound.pack if number == "P13" else None
    broken = candidate_of(FILE.name, content, is_ours=number != "P10", before=before)
    problems = tuple(CHECKS[number](broken))
    assert problems
    for each in problems:
        assert each.path.startswith("consumer_goods.toml")
    assert told(problems, Locale.ZH_CN)


def test_every_check_has_a_pack_that_it_kills(sound: Candidate) -> None:
    assert MUTANTS.keys() | {"P12"} == CHECKS.keys()
    assert sound.pack is not None
    (card,) = deepcopy(sound.pack.scorecards)
    items: Any = card["items"]
    items[0]["weight"] += ".0"  # the same number in another form: an override would look like news
    blind = replace(sound, pack=replace(sound.pack, scorecards=(card,)))
    assert [each.code for each in CHECKS["P12"](blind)] == ["pack_not_layered"]


def test_a_file_that_is_no_pack_fails_and_the_others_say_nothing(tmp_path: Path) -> None:
    file = tmp_path / "broken.toml"
    file.write_text("format = ", encoding="utf-8")
    found = examined(candidate(file))
    assert [number for number, problems in found.items() if problems] == ["P01"]


def test_the_command_says_what_is_wrong_in_the_language_asked_for(tmp_path: Path) -> None:
    good = CliRunner().invoke(app, ["pack", "check", str(ROOT / "examples/attain-cafe-pack")])
    assert (good.exit_code, good.output.count("ok  ")) == (0, len(CHECKS))
    wrong = written(tmp_path, TEXT.replace('weight = "40"', 'weight = "30"', 1))
    bad = CliRunner().invoke(app, ["pack", "check", str(wrong), "--lang", "zh-CN"])
    assert bad.exit_code == 1
    assert "FAILED P02" in bad.output
    assert "权重" in bad.output
    assert CliRunner().invoke(app, ["pack", "check", str(tmp_path / "tests")]).exit_code == 2
    old = CliRunner().invoke(app, ["pack", "check", str(FILE), "--before", str(wrong)])
    assert old.exit_code == 0  # a version that was no pack is none to keep to


def test_the_kit_tries_itself() -> None:
    tried = CliRunner().invoke(app, ["pack", "checks"])
    assert (tried.exit_code, tried.output.count("dead ")) == (0, len(BROKEN))
