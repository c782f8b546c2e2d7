"""What a version of a pack says: on offer now, or pinned when it was installed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from actions.identifiers import new_id
from domain.pack_layer import pack_leaves
from domain.pack_merge import Leaves
from domain.problem import Refused
from plugins.packs.pack import Pack
from storage import tables
from storage.engine import Connection, Writing
from storage.packs import StoredLayer, pack_contents, pinned_hashes
from storage.people import add_row


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A version of a pack, and the leaves of the documents in it that rule something."""

    pack: Pack
    leaves: Leaves


def pin_of(pack: Pack) -> Pin:
    """Take a pack apart."""
    return Pin(pack=pack, leaves=pack_leaves(pack.metrics, pack.scorecards, pack.plans))


def offered(packs: Mapping[str, Any], pack_id: str) -> Pack:
    """Return what is on offer under an id."""
    found: Pack | None = packs.get(pack_id)
    if found is None:
        raise Refused("pack_unknown", {"pack": pack_id[:80]}, path="pack")
    return found


def pinned(
    connection: Connection, packs: Mapping[str, Any], entity_id: str, layer: StoredLayer
) -> Pin:
    """Return what was pinned, from what was kept then; nobody needs the file any more."""
    found = pack_contents(connection, entity_id, [layer.pack_hash]).get(layer.pack_hash)
    if found is not None:
        return pin_of(msgspec.convert(found, Pack))
    here: Pack | None = packs.get(layer.pack_id)
    if here is not None and here.hash == layer.pack_hash:
        return pin_of(here)
    values = {"pack": layer.pack_id, "version": layer.pack_version}
    raise Refused("pack_content_lost", values, path="pack")


def version_of(
    connection: Connection,
    packs: Mapping[str, Any],
    entity_id: str,
    pack_id: str,
    version: str | None,
) -> Pin:
    """Return a version of a pack: what is on offer, or what was once pinned; the offer if none."""
    here: Pack | None = packs.get(pack_id)
    if here is not None and version in {None, here.version}:
        return pin_of(here)
    known = pinned_hashes(connection, entity_id, pack_id)
    if here is None and not known:
        raise Refused("pack_unknown", {"pack": pack_id[:80]}, path="pack")
    if version is None or version not in known:
        offer = set() if here is None else {here.version}
        choices = sorted(offer.union(known))
        values = {"pack": pack_id, "version": str(version)[:40], "choices": ", ".join(choices)}
        raise Refused("pack_version_unknown", values, path="version")
    document = pack_contents(connection, entity_id, [known[version]])[known[version]]
    return pin_of(msgspec.convert(document, Pack))


def keep_pin(writing: Writing, pack: Pack) -> None:
    """Keep what a version says, once."""
    if pack_contents(writing.connection, writing.entity_id, [pack.hash]):
        return
    add_row(
        writing,
        tables.pack_content,
        id=new_id("pcon", writing.known_at),
        pack_id=pack.id,
        pack_version=pack.version,
        hash=pack.hash,
        document=msgspec.to_builtins(pack),
    )
