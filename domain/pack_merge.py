"""A pack that was changed by its company meets a new version: a merge by keys, not by lines.

A document is a tree of leaves. Lists whose elements have a permanent ``key``, ``id`` or ``metric``
are walked by that name, so that an element that moves is the same one; any other list is a leaf.
What the company changed is an override layer, leaf by leaf, never a copy of the pack.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

Path = tuple[str, ...]
Leaves = Mapping[Path, object]

NAMES = ("key", "id", "metric")


class _Gone:
    """What stands where a leaf was taken away."""

    def __repr__(self) -> str:
        return "GONE"


GONE: Final = _Gone()


class Take(StrEnum):
    """Whose word holds where both sides changed the same."""

    OWN = "OWN"
    PACK = "PACK"


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The four lists of an upgrade, by path, and what holds after it.

    ``taken``: the new pack changed it, the company had not. ``kept``: the company changed it, the
    new pack did not. ``agreed``: both changed it to the same. ``conflicts``: both changed it, and
    differently; a path of it may be that of a whole element that one side took away. Those in
    ``open`` nobody has decided: until then what the company had said holds. ``overrides`` is the
    layer over the new pack.
    """

    leaves: Leaves
    overrides: Leaves
    taken: tuple[Path, ...]
    kept: tuple[Path, ...]
    agreed: tuple[Path, ...]
    conflicts: tuple[Path, ...]
    open: tuple[Path, ...]


def leaves_of(document: object) -> Leaves:
    """Take a document apart: the value at each path; an empty table is a leaf as well."""
    return MappingProxyType(dict(_walk(document, ())))


def _walk(value: object, path: Path) -> Iterator[tuple[Path, object]]:
    children = _children(value)
    if children is None:
        yield path, value
        return
    for name, child in children:
        yield from _walk(child, (*path, name))


def _children(value: object) -> list[tuple[str, object]] | None:
    """Name what is inside; None for a leaf."""
    if isinstance(value, Mapping) and value:
        return [(str(name), child) for name, child in value.items()]
    if isinstance(value, Sequence) and not isinstance(value, str) and value:
        names = [_name(each) for each in value]
        if None not in names and len(set(names)) == len(names):
            return [(str(name), child) for name, child in zip(names, value, strict=True)]
    return None


def _name(element: object) -> str | None:
    """Find the permanent name of an element; the kind of the name keeps lists apart."""
    if isinstance(element, Mapping):
        for name in NAMES:
            if isinstance(element.get(name), str):
                return f"{name}={element[name]}"
    return None


def overrides_of(base: Leaves, mine: Leaves) -> Leaves:
    """Return the layer that makes ``mine`` of ``base``: only what differs, GONE for what is not."""
    paths = [*mine, *(path for path in base if path not in mine)]
    return {path: _at(mine, path) for path in paths if not _same(base, mine, path)}


def overlaid(base: Leaves, overrides: Leaves) -> Leaves:
    """Lay overrides over a document."""
    whole = {**base, **overrides}
    return {path: value for path, value in whole.items() if value is not GONE}


def under(leaves: Leaves, path: Path) -> Leaves:
    """Return the leaves at a path and below, by their whole paths."""
    depth = len(path)
    return {each: value for each, value in leaves.items() if each[:depth] == path}


def value_at(leaves: Leaves, path: Path) -> object:
    """Return what stands at a path, put together; GONE where nothing does."""
    found = {each[len(path) :]: value for each, value in under(leaves, path).items()}
    return document_of(found) if found else GONE


def merge(
    base: Leaves, theirs: Leaves, overrides: Leaves, decided: Mapping[Path, Take] | None = None
) -> Merged:
    """Bring a company's overrides of ``base`` to the new version ``theirs``.

    ``decided`` says whose word holds at conflicts; a path of it that is none is not looked at.
    """
    merging = _Merging(decided=decided or {})
    mine = overlaid(base, overrides)
    leaves = dict(merging.walk((), _tree(base), _tree(theirs), _tree(mine)))
    return Merged(
        leaves=leaves,
        overrides=overrides_of(theirs, leaves),
        taken=tuple(merging.taken),
        kept=tuple(merging.kept),
        agreed=tuple(merging.agreed),
        conflicts=tuple(merging.conflicts),
        open=tuple(path for path in merging.conflicts if path not in merging.decided),
    )


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A value that is compared as a whole, and with its type: 1 is not true."""

    value: object

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _Leaf)
            and type(self.value) is type(other.value)
            and self.value == other.value
        )

    __hash__ = None  # type: ignore[assignment]


_Tree = dict[str, "_Tree | _Leaf"]
_Node = _Tree | _Leaf | None


def _tree(leaves: Leaves) -> _Node:
    """Nest the leaves; None for nothing at all."""
    if () in leaves:
        return _Leaf(leaves[()])
    root: _Tree = {}
    for path, value in leaves.items():
        place = root
        for name in path[:-1]:
            inner = place.setdefault(name, {})
            if isinstance(inner, _Leaf):  # what stands below a leaf wins over it
                inner = place[name] = {}
            place = inner
        place[path[-1]] = _Leaf(value)
    return root or None


@dataclass(slots=True, kw_only=True)
class _Merging:
    """A walk through three trees at once; yields the leaves that hold."""

    decided: Mapping[Path, Take]
    taken: list[Path] = field(default_factory=list)
    kept: list[Path] = field(default_factory=list)
    agreed: list[Path] = field(default_factory=list)
    conflicts: list[Path] = field(default_factory=list)

    def walk(
        self, path: Path, base: _Node, theirs: _Node, mine: _Node
    ) -> Iterator[tuple[Path, object]]:
        """Decide what holds at a path: whoever alone changed it, else part by part."""
        if theirs == mine:
            self.agreed.extend(_changed(path, base, mine))
            yield from _flat(path, mine)
        elif base == theirs:
            self.kept.extend(_changed(path, base, mine))
            yield from _flat(path, mine)
        elif base == mine:
            self.taken.extend(_changed(path, base, theirs))
            yield from _flat(path, theirs)
        elif isinstance(theirs, dict) and isinstance(mine, dict) and isinstance(base, dict | None):
            for name in dict.fromkeys((*theirs, *mine, *(base or ()))):
                inner = (base or {}).get(name), theirs.get(name), mine.get(name)
                yield from self.walk((*path, name), *inner)
        else:
            self.conflicts.append(path)
            holds = theirs if self.decided.get(path) is Take.PACK else mine
            yield from _flat(path, holds)


def _flat(path: Path, node: _Node) -> Iterator[tuple[Path, object]]:
    if isinstance(node, _Leaf):
        yield path, node.value
    elif node is not None:
        for name, inner in node.items():
            yield from _flat((*path, name), inner)


def _changed(path: Path, before: _Node, after: _Node) -> list[Path]:
    """Name the leaves that differ."""
    old, new = dict(_flat(path, before)), dict(_flat(path, after))
    return [each for each in dict.fromkeys((*old, *new)) if not _same(old, new, each)]


def _at(leaves: Leaves, path: Path) -> object:
    return leaves.get(path, GONE)


def _same(one: Leaves, other: Leaves, path: Path) -> bool:
    """Compare with the type: a number is not the text of it, and 1 is not true."""
    mine, yours = _at(one, path), _at(other, path)
    return type(mine) is type(yours) and mine == yours


def document_of(leaves: Leaves) -> object:
    """Put a document together again; what ``leaves_of`` took apart comes back the same."""
    if () in leaves:
        return leaves[()]
    inside: dict[str, dict[Path, object]] = {}
    for (first, *rest), value in leaves.items():
        inside.setdefault(first, {})[tuple(rest)] = value
    built = {name: document_of(each) for name, each in inside.items()}
    named = all(name.partition("=")[0] in NAMES and "=" in name for name in built)
    return list(built.values()) if named and built else built
