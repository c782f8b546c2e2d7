"""Merge two later versions of a text by what they both came from: diff3, line by line.

Lines that one side changed and the other left are taken; what both changed alike is taken once;
what they changed otherwise, in the same lines or in neighbouring ones, is a conflict, and both
stand in the result between marks. No line of either side is ever left out of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

OURS, MIDDLE, THEIRS = "<<<<<<< yours", "=======", ">>>>>>> the template"
_LINE = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The result, and in how many places it is for a person to decide."""

    text: str
    conflicts: int


@dataclass(frozen=True, slots=True, order=True)
class _Change:
    """Lines ``start`` to ``end`` of the base became those of one side."""

    start: int
    end: int
    side: int
    own_start: int
    own_end: int


def merge(base: str, ours: str, theirs: str) -> Merged:
    """Merge two versions of a text."""
    root, sides = _lines(base), (_lines(ours), _lines(theirs))
    changes = sorted(each for side in (0, 1) for each in _changes(root, sides[side], side))
    found: list[str] = []
    conflicts = place = 0
    for group in _groups(changes):
        start, end = group[0].start, max(each.end for each in group)
        found += root[place:start]
        place = end
        mine, its = (_of_side(group, side, sides[side], start, end) for side in (0, 1))
        if mine is None or mine == its:
            found += its or []
        elif its is None:
            found += mine
        else:
            conflicts += 1
            found += _conflict(mine, its)
    found += root[place:]
    return Merged(text="".join(found), conflicts=conflicts)


def has_marks(text: str) -> bool:
    """Say whether a conflict of an earlier merge is still in a text."""
    return any(line.startswith((OURS, THEIRS)) for line in _lines(text))


def _lines(text: str) -> list[str]:
    return _LINE.findall(text)


def _changes(base: Sequence[str], own: Sequence[str], side: int) -> Iterator[_Change]:
    for kind, start, end, own_start, own_end in SequenceMatcher(
        None, base, own, autojunk=False
    ).get_opcodes():
        if kind != "equal":
            yield _Change(start, end, side, own_start, own_end)


def _groups(changes: Sequence[_Change]) -> Iterator[list[_Change]]:
    """Put changes together that meet in the base; one alone is a group of its own."""
    group: list[_Change] = []
    end = 0
    for each in changes:
        if group and each.start > end:
            yield group
            group = []
        end = max(end, each.end) if group else each.end
        group.append(each)
    if group:
        yield group


def _of_side(
    group: Sequence[_Change], side: int, own: Sequence[str], start: int, end: int
) -> list[str] | None:
    """Return what a side has between two places of the base; None where it left them alone."""
    changed = [each for each in group if each.side == side]
    if not changed:
        return None
    first, last = changed[0], changed[-1]
    return list(own[first.own_start - (first.start - start) : last.own_end + (end - last.end)])


def _conflict(mine: list[str], its: list[str]) -> list[str]:
    """Put both between marks, without the lines that they begin and end with alike."""
    before = _alike(mine, its)
    behind = _alike(mine[before:][::-1], its[before:][::-1])
    head, tail = mine[:before], mine[len(mine) - behind :]
    mine, its = mine[before : len(mine) - behind], its[before : len(its) - behind]
    marked = [f"{OURS}\n", *_ended(mine), f"{MIDDLE}\n", *_ended(its), f"{THEIRS}\n"]
    return [*head, *marked, *tail]


def _alike(one: Sequence[str], other: Sequence[str]) -> int:
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _ended(lines: Sequence[str]) -> list[str]:
    """End the last line of a text, so that a mark stands on a line of its own."""
    return [line if line.endswith("\n") else f"{line}\n" for line in lines]
