"""Golden histories: twelve months of results in, suggestions out, printed in both languages.

``./run golden`` writes the printed pages anew; a person reviews the difference.
"""

from __future__ import annotations

import json
import os
import random
import tomllib
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from domain.period import period_named
from domain.talent import TalentRules
from domain.talent_document import decode_talent
from domain.talent_due import due_for
from domain.talent_evidence import Due, Kpi, Look, Place
from messages.render import Locale, load
from messages.talent_words import evidence_text, explained

HISTORIES = sorted((Path(__file__).parent / "talent").glob("*.toml"))
POINT, PERCENT = 10_000, 10_000  # steps


def _read(path: Path) -> tuple[TalentRules, tuple[Look, ...]]:
    given = tomllib.loads(path.read_text("utf-8"))
    rules, problems = decode_talent(json.loads(given["rules"]))
    assert rules is not None, problems
    return rules, tuple(_look(given, month) for month in range(given["months"]))


def _look(given: dict[str, Any], month: int) -> Look:
    places, scores, kpis = {}, {}, {}
    for person, history in given["people"].items():
        found = _place(given, history, month)
        if found is not None:
            places[person] = found
        if history.get("score", [""] * 12)[month]:
            scores[person] = round(float(history["score"][month]) * POINT)
        kpis[person] = _kpis(history, month)
    return Look(
        period=period_named(f"2026-{month + 1:02}"),
        run_id=f"run of {month + 1}",
        present=frozenset(
            person
            for person, history in given["people"].items()
            if history.get("rank", [1] * 12)[month]
        ),
        places=places,
        scores=scores,
        kpis=kpis,
    )


def _place(given: dict[str, Any], history: dict[str, Any], month: int) -> Place | None:
    if "own" in history:
        return Place(
            group=history["platform"][month],
            rank=1,
            tied=1,
            size=given["size"],
            value=(history["own"][month] * PERCENT, 1),
            whole=(history["average"][month] * PERCENT * given["size"], given["size"]),
            unit="RATIO",
        )
    rank = history.get("rank", [0] * 12)[month]
    return Place(group="all", rank=rank, tied=1, size=given["size"]) if rank else None


def _kpis(history: dict[str, Any], month: int) -> dict[str, Kpi]:
    if "met" in history:
        said = history["met"][month]
        met = None if said == "" else said == "1"
        return {"retention": Kpi(met=met, points=15 * POINT, full=30 * POINT)}
    return {
        metric: Kpi(met=None, points=history[metric][month] * POINT, full=full * POINT)
        for metric, full in history.get("full", {}).items()
    }


def _printed(rules: TalentRules, looks: tuple[Look, ...], locale: Locale) -> str:
    words = partial(load().text, locale=locale)
    lines: list[str] = []
    for rule in rules.rules:
        lines += [f"== {rule.name[locale.value]}", *explained(words, rule, rule.outcome)]
        for due in due_for(rule, looks):
            course = rules.course_for(due.metric)
            named = "" if course is None else f" ({course.name[locale.value]})"
            lines.append(f"-- {due.person_id} {due.period}{named}")
            lines += [
                "   " + evidence_text(words, rule.kind, each.period, each.values)
                for each in due.evidence
            ]
        lines.append("")
    return "\n".join(lines)


@pytest.mark.parametrize("locale", list(Locale))
@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
def test_a_history_gives_the_suggestions_that_were_reviewed(path: Path, locale: Locale) -> None:
    page = path.with_suffix(f".{locale.folder}.txt")
    found = _printed(*_read(path), locale)
    if os.environ.get("ATTAIN_GOLDEN") == "write":
        page.write_text(found, "utf-8")
    assert found == page.read_text("utf-8")


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
def test_no_order_of_arrival_changes_a_suggestion(path: Path) -> None:
    rules, looks = _read(path)
    drawn = random.Random(1126)

    def due(some: tuple[Look, ...]) -> list[Due]:
        return [each for rule in rules.rules for each in due_for(rule, some)]

    wanted = due(looks)
    assert wanted
    for _ in range(8):
        shuffled = list(looks)
        drawn.shuffle(shuffled)
        assert due(tuple(shuffled)) == wanted
