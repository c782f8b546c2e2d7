"""A pack that was changed by its company meets a new version: a merge by keys, not by lines.

A document is a tree of leaves. Lists whose elements have a permanent ``key``, ``id`` or ``metric``
are walked by that name, so that an element that moves is the same one; any other list is a leaf.
What the company changed is an override layer, leaf by leaf, never a copy of the pack.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

Path = tuple[str, ...]
Leaves = Mapping[Path, object]

_NAMES = ("key", "id", "metric")


class _Gone:
    """What stands where a leaf was taken away."""

    def __repr__(self) -> str:
        return "GONE"


GONE: Final = _Gone()


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The four lists of an upgrade, by path, and what holds after it.

    ``taken``: the new pack changed it, the company had not. ``kept``: the company changed it, the
    new pack did not. ``agreed``: both changed it to the same. ``conflicts``: both changed it, and
    differently; until somebody decides, what the company had said holds. ``overrides`` is the
    layer over the new pack: ``kept`` and ``conflicts``.
    """

    leaves: Leaves
    overrides: Leaves
    taken: tuple[Path, ...]
    kept: tuple[Path, ...]
    agreed: tuple[Path, ...]
    conflicts: tuple[Path, ...]


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
        for name in _NAMES:
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


def merge(base: Leaves, theirs: Leaves, overrides: Leaves) -> Merged:
    """Bring a company's overrides of ``base`` to the new version ``theirs``."""
    mine = overlaid(base, overrides)
    lists: dict[str, list[Path]] = {"taken": [], "kept": [], "agreed": [], "conflicts": []}
    for path in dict.fromkeys((*base, *theirs, *mine)):
        new, own = not _same(base, theirs, path), not _same(base, mine, path)
        if new and own:
            lists["agreed" if _same(theirs, mine, path) else "conflicts"].append(path)
        elif new or own:
            lists["taken" if new else "kept"].append(path)
    layer = {path: _at(mine, path) for path in (*lists["kept"], *lists["conflicts"])}
    return Merged(
        leaves=overlaid(theirs, layer),
        overrides=layer,
        **{name: tuple(paths) for name, paths in lists.items()},
    )


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
    named = all(name.partition("=")[0] in _NAMES and "=" in name for name in built)
    return list(built.values()) if named and built else built
