"""What a company has of a pack: the pinned documents with the company's own changes laid over.

A change is addressed by a path of names with slashes between them:
``scorecards/key=retail.card/items/metric=retail.sales/weight``. A slash inside a name is written
``~1`` and a tilde ``~0``, as in JSON pointers. Null takes away what stands there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.document import document_hash
from domain.pack_merge import (
    GONE,
    NAMES,
    Leaves,
    Path,
    document_of,
    leaves_of,
    overlaid,
    overrides_of,
    under,
)
from domain.problem import Problem

SECTIONS = ("metrics", "scorecards", "plans")
MOST_CHANGES = 400
_FIXED = ("format", *NAMES)
_LONGEST = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class PackRules:
    """The documents of a pack that rule something, as they hold for a company."""

    metrics: tuple[Mapping[str, Any], ...]
    scorecards: tuple[Mapping[str, Any], ...]
    plans: tuple[Mapping[str, Any], ...]

    @property
    def hash(self) -> str:
        """SHA-256 over all of them."""
        return document_hash({section: list(self.section(section)) for section in SECTIONS})

    def section(self, name: str) -> tuple[Mapping[str, Any], ...]:
        """Return the documents of one section."""
        found: tuple[Mapping[str, Any], ...] = getattr(self, name)
        return found

    @property
    def keys(self) -> dict[str, str]:
        """The section of each document by its key."""
        return {str(each["key"]): name for name in SECTIONS for each in self.section(name)}


def path_text(path: Path) -> str:
    """Write a path."""
    return "/".join(name.replace("~", "~0").replace("/", "~1") for name in path)


def path_of(text: str) -> Path:
    """Read a path."""
    return tuple(name.replace("~1", "/").replace("~0", "~") for name in text.split("/"))


def pack_leaves(
    metrics: Sequence[object], scorecards: Sequence[object], plans: Sequence[object]
) -> Leaves:
    """Take the ruling documents of a pack apart; a section without documents has no leaf."""
    sections = dict(zip(SECTIONS, (metrics, scorecards, plans), strict=True))
    return leaves_of({name: list(listed) for name, listed in sections.items() if listed})


def in_order(layer: Leaves) -> Leaves:
    """Put a layer in the one order in which it is laid: new elements stand in it at the end."""
    return dict(sorted(layer.items()))


def held(base: Leaves, layer: Leaves) -> PackRules:
    """Return what is in force: the pinned documents with the company's own layer over them."""
    leaves = overlaid(base, in_order(layer))
    whole: Any = document_of(leaves) if leaves else {}
    return PackRules(**{name: tuple(whole.get(name, ())) for name in SECTIONS})


def changed_layer(
    base: Leaves, layer: Leaves, given: Mapping[str, object], cleared: Iterable[str] = ()
) -> tuple[Leaves, tuple[Problem, ...]]:
    """Add changes to a company's layer, and take back others; what cannot be is a problem.

    A change may be of a leaf, of a whole element or table, or take one away; it is kept leaf by
    leaf. ``cleared`` gives back to the pack all that stands at and below a path.
    """
    problems: list[Problem] = []
    own: dict[Path, object] = dict(layer)
    for text in cleared:
        below = under(own, path_of(text))
        if not below:
            problems.append(_problem("pack_override_absent", text))
        for path in below:
            del own[path]
    mine = dict(overlaid(base, own))
    for text, value in given.items():
        path = path_of(text)
        wrong = _fault(base, mine, path, text, value)
        if wrong is not None:
            problems.append(wrong)
            continue
        for each in under(mine, path):
            del mine[each]
        if value is not None:
            mine.update({(*path, *inner): leaf for inner, leaf in leaves_of(value).items()})
    found = overrides_of(base, mine)
    problems.extend(_stray(mine, given))
    if len(found) > MOST_CHANGES:
        values = {"field": "overrides", "low": "0", "high": str(MOST_CHANGES)}
        problems.append(Problem(code="number_out_of_range", path="overrides", values=values))
    return found, tuple(problems)


def _fault(
    base: Leaves, mine: Mapping[Path, object], path: Path, text: str, value: object
) -> Problem | None:
    """Say why a change cannot be made: only inside a document, and never of its name."""
    is_inside = len(path) > 1 and path[0] in SECTIONS and bool(under(base, path[:2]))
    if not is_inside or len(text) > _LONGEST or (len(path) == 2 and value is not None):
        return _problem("pack_override_path", text)
    if path[-1:] in {(name,) for name in _FIXED} and path in mine:
        return _problem("pack_override_fixed", text)
    if any(path[:depth] in mine for depth in range(2, len(path))):
        return _problem("pack_override_path", text)  # there is a value where a table is wanted
    if value is None and not under(mine, path):
        return _problem("pack_override_absent", text)
    return _problem("pack_override_path", text) if _has_null(value, top=True) else None


def _has_null(value: object, *, top: bool = False) -> bool:
    if value is None:
        return not top
    if isinstance(value, Mapping):
        return any(_has_null(each) for each in value.values())
    if isinstance(value, list | tuple):
        return any(_has_null(each) for each in value)
    return False


def _stray(mine: Leaves, given: Mapping[str, object]) -> Iterator[Problem]:
    """Find changes that would not be at their path any more: an element under another name."""
    again = leaves_of(document_of(mine)) if mine else {}
    strays = [path for path in mine if path not in again]
    for text in given:
        path = path_of(text)
        if any(each[: len(path)] == path for each in strays):
            yield _problem("pack_override_path", text)


def _problem(code: str, text: str) -> Problem:
    return Problem(code=code, path=f"overrides.{text[:_LONGEST]}", values={"path": text[:120]})


def write_layer(layer: Leaves, revisions: Mapping[Path, int]) -> dict[str, dict[str, object]]:
    """Write a layer as it is kept: each leaf with the revision in which it was said."""
    return {
        path_text(path): {"revision": revisions[path]}
        | ({"gone": True} if value is GONE else {"value": value})
        for path, value in in_order(layer).items()
    }


def read_layer(kept: Mapping[str, Mapping[str, Any]]) -> tuple[Leaves, dict[Path, int]]:
    """Read a layer that was kept, and in which revision each leaf was said."""
    layer: dict[Path, object] = {}
    revisions: dict[Path, int] = {}
    for text, each in kept.items():
        path = path_of(text)
        layer[path] = GONE if each.get("gone") else each["value"]
        revisions[path] = int(each["revision"])
    return in_order(layer), revisions


def revisions_of(
    layer: Leaves, before: Leaves, known: Mapping[Path, int], revision: int
) -> dict[Path, int]:
    """Say in which revision each leaf of a layer was said: a leaf that stays keeps its own."""
    news = overrides_of(before, layer)
    return {path: revision if path in news else known.get(path, revision) for path in layer}
