"""What another version of an installed pack would change, before anybody decides it: a read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from actions.change_pack import merged_pack
from actions.deed import demand_entity
from actions.pack_pins import Pin, pinned, version_of
from actions.put_pack import layer_now
from domain.access import Actor, Deed, Resource
from domain.pack_layer import PackRules
from domain.pack_merge import Leaves, Merged, Take
from domain.pack_rules import settled
from domain.period import Period
from domain.problem import Problem, Refused
from storage.engine import Connection
from storage.packs import StoredLayer, pack_layers


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradePreview:
    """The merge, what would hold by it, and what would be wrong with that."""

    layer: StoredLayer
    pin: Pin
    target: Pin
    own: Leaves
    merged: Merged
    rules: PackRules
    problems: tuple[Problem, ...]


def preview_upgrade(
    connection: Connection,
    packs: Mapping[str, Any],
    actor: Actor,
    entity_id: str,
    pack_id: str,
    *,
    version: str | None,
    decided: Mapping[str, Take],
    period: Period,
    known_at: datetime,
) -> UpgradePreview:
    """Merge as an upgrade from ``period`` on would, and write nothing."""
    demand_entity(actor, Resource.PACK, entity_id, Deed.READ)
    steps = pack_layers(connection, entity_id, known_at=known_at, pack_id=pack_id)
    if not steps:
        raise Refused("pack_not_installed", {"pack": pack_id[:80]}, path="pack")
    layer = steps[-1]
    pin = pinned(connection, packs, entity_id, layer)
    target = version_of(connection, packs, entity_id, pack_id, version)
    own = layer_now(connection, pin, layer.overrides, entity_id, period.start, known_at)
    merged = merged_pack(pin, target, own, decided, steps)
    _, rules, problems = settled(pack_id, target.leaves, merged.overrides)
    return UpgradePreview(
        layer=layer,
        pin=pin,
        target=target,
        own=own,
        merged=merged,
        rules=rules,
        problems=problems,
    )
