"""Merging by what two texts came from: nothing is lost, and what meets is a conflict."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attain.three_way import MIDDLE, OURS, THEIRS, has_marks, merge

BASE = "one\ntwo\nthree\nfour\nfive\nsix\nseven\n"


def of(*words: str) -> str:
    return "".join(f"{word}\n" for word in words)


@pytest.mark.parametrize(
    ("ours", "theirs", "wanted"),
    [
        (BASE, BASE.replace("two", "2"), BASE.replace("two", "2")),
        (BASE.replace("two", "2"), BASE, BASE.replace("two", "2")),
        (BASE.replace("two", "2"), BASE.replace("two", "2"), BASE.replace("two", "2")),
        (
            BASE.replace("two", "2"),
            BASE.replace("six\n", ""),
            of("one", "2", "three", "four", "five", "seven"),
        ),
        (f"zero\n{BASE}", f"{BASE}eight", f"zero\n{BASE}eight"),
        (BASE.replace("one\n", ""), BASE.replace("four", "4\n4.5"), None),
    ],
)
def test_edits_that_do_not_meet_are_both_in_it(ours: str, theirs: str, wanted: str | None) -> None:
    merged = merge(BASE, ours, theirs)
    assert merged.conflicts == 0
    assert merged.text == (wanted or of("two", "three", "4", "4.5", "five", "six", "seven"))
    assert not has_marks(merged.text)


@pytest.mark.parametrize(
    ("ours", "theirs", "mine", "its"),
    [
        (BASE.replace("two", "2"), BASE.replace("two", "zwei"), "2\n", "zwei\n"),
        (BASE.replace("two", "2"), BASE.replace("two\n", ""), "2\n", ""),
        (BASE.replace("two", "2"), BASE.replace("three", "3"), "2\nthree\n", "two\n3\n"),
        (BASE.replace("two", "a\ntwo"), BASE.replace("two", "b\ntwo"), "a\n", "b\n"),
        (f"{BASE}mine", f"{BASE}its", "mine\n", "its\n"),
    ],
)
def test_edits_that_meet_stand_between_marks(ours: str, theirs: str, mine: str, its: str) -> None:
    merged = merge(BASE, ours, theirs)
    assert merged.conflicts == 1
    assert f"{OURS}\n{mine}{MIDDLE}\n{its}{THEIRS}\n" in merged.text
    assert has_marks(merged.text)


def test_a_change_that_spans_several_of_the_other_is_one_conflict() -> None:
    ours = BASE.replace("two\nthree\nfour\nfive\n", "all\n")
    theirs = BASE.replace("two", "2").replace("five", "5")
    merged = merge(BASE, ours, theirs)
    assert merged.conflicts == 1
    assert merged.text == (f"one\n{OURS}\nall\n{MIDDLE}\n2\nthree\nfour\n5\n{THEIRS}\nsix\nseven\n")


LINES = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "d\n", "\n"]), max_size=8).map("".join)


@settings(max_examples=60, deadline=None)
@given(LINES, LINES, LINES)
def test_no_line_of_either_is_lost_that_the_other_did_not_take_away(
    base: str, ours: str, theirs: str
) -> None:
    merged = merge(base, ours, theirs)
    left, right = _side(merged.text, ours=True), _side(merged.text, ours=False)
    # Whoever takes their side of each conflict has both texts but for what the other removed.
    for own, side in ((ours, left), (theirs, right)):
        for line in set(own.splitlines()):
            added = own.splitlines().count(line) - base.splitlines().count(line)
            assert added <= 0 or side.splitlines().count(line) > 0, (line, merged.text)
    assert merge(base, theirs, ours).conflicts == merged.conflicts
    assert merge(base, ours, base).text == ours
    assert merge(base, base, theirs).text == theirs
    assert merge(base, ours, ours).text == ours


def _side(text: str, *, ours: bool) -> str:
    """Take one side of every conflict."""
    found, inside, mine = [], False, False
    for line in text.splitlines(keepends=True):
        if line.startswith(OURS):
            inside, mine = True, True
        elif inside and line.startswith(MIDDLE):
            mine = False
        elif line.startswith(THEIRS):
            inside = False
        elif not inside or mine is ours:
            found.append(line)
    return "".join(found)
