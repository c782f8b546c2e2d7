"""Help after a miss: a course for the person, a note for whoever leads, and no note for oneself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actions.publish_talent_rules import publish_talent_rules
from actions.suggest import refresh_suggestions
from tests.api.company import YEAR, Served, calculated, served
from tests.support.company import SYSTEM
from tests.support.rules import texts

NOTES = """query($s: NoteState) { managerNotes(state: $s) { id version state readBy
  suggestion { person kind outcome course { key provider } explanation
    evidence { text } } } }"""
READ = """mutation($n: ID!, $v: Int!, $k: IdempotencyKey!) { managerNoteRead(input:
  {idempotencyKey: $k, note: $n, expectedVersion: $v}) {
  ... on ManagerNoteReadSuccess { note { state readBy } } ... on Problem { code } } }"""
MINE = "{ suggestions { person kind course { name { zhCN } } } }"


def rule(identity: str, kind: str, **more: Any) -> dict[str, Any]:
    return {
        "id": identity,
        "kind": kind,
        "name": texts(identity),
        "proposes": "TRAINING",
        "counts": "POSTED",
        "cadence": "MONTH",
        "periods": 1,
        "leave": "SKIPPED",
        "noteToManager": True,
    } | more


RULES: dict[str, Any] = {
    "format": "attain.talent/1",
    "key": "help",
    "name": texts("Help"),
    "openDays": 60,
    "rules": [
        rule("missed", "MISS_STREAK", metrics=["sales"]),
        rule("weakest", "WEAKEST_KPI", against="TARGET", leastLost="20", noteToManager=False),
    ],
    "courses": [
        {"id": "closing", "name": {"zh-CN": "成交技巧", "en": "Closing"}, "provider": "INTERNAL"}
    ],
    "training": [{"metric": "sales", "course": "closing"}],
}


@pytest.fixture
def made(database_url: str, tmp_path: Path) -> Iterator[Served]:
    with served(database_url, tmp_path) as found:
        calculated(found)
        found.company.write(
            lambda writing: publish_talent_rules(writing, SYSTEM, RULES, valid_from=YEAR)
        )
        found.company.write(lambda writing: refresh_suggestions(writing, SYSTEM))
        yield found


def _about(made: Served, who: str) -> list[str]:
    names = {person: name for name, person in made.ids.items()}
    notes = made.data(who, NOTES)["managerNotes"]
    return sorted(names[each["suggestion"]["person"]] for each in notes)


def test_a_miss_gives_a_course_and_a_note_to_whoever_leads(made: Served) -> None:
    """A cent short of the target is a miss, though its points are full when they are rounded."""
    assert _about(made, "hr") == ["chen", "dai", "fang", "gao"]
    assert _about(made, "meng") == ["chen", "dai"]
    assert _about(made, "chen") == []
    mine = made.data("chen", MINE)["suggestions"]
    assert mine == [
        {
            "person": made.ids["chen"],
            "kind": "MISS_STREAK",
            "course": {"name": {"zhCN": "成交技巧"}},
        }
    ]
    # Of dai and gao one KPI lost at least 20 of its points as well.
    kinds = {(each["person"], each["kind"]) for each in made.data("hr", MINE)["suggestions"]}
    weakest = {person for person, kind in kinds if kind == "WEAKEST_KPI"}
    assert weakest == {made.ids["dai"], made.ids["gao"]}
    note = made.data("meng", NOTES, s="UNREAD")["managerNotes"][-1]
    assert note["suggestion"]["evidence"] == [
        {"text": "2026-09: sales missed its target; 60 of 60 points"}
    ]
    assert "A named person decides" in note["suggestion"]["explanation"][-1]
    refused = made.data("chen", READ, n=note["id"], v=1, k="note-key-01")
    assert refused["managerNoteRead"] == {"code": "NOT_FOUND"}
    read = made.data("meng", READ, n=note["id"], v=1, k="note-key-02")["managerNoteRead"]["note"]
    assert read["state"] == "READ"
    assert read["readBy"]
    assert made.data("hr", READ, n=note["id"], v=1, k="note-key-03")["managerNoteRead"] == {
        "code": "VERSION_CONFLICT"
    }
