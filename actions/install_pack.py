"""An industry pack is installed: pinned by its hash, with the company's own layer over it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from actions.check_scope import refuse_strangers
from actions.deed import Runtime, demand_entity
from actions.pack_pins import offered, pin_of
from actions.put_pack import Step, put_pack, refuse_overlap, ruled
from domain.access import Actor, Resource
from domain.pack_layer import changed_layer
from domain.problem import Refused
from storage.definitions import Scope
from storage.engine import Writing
from storage.packs import PackDeed, StoredLayer, newest_layers


def install_pack(
    runtime: Runtime,
    writing: Writing,
    actor: Actor,
    pack_id: str,
    *,
    valid_from: date,
    scope: Scope,
    scopes: Mapping[str, Scope] | None = None,
    overrides: Mapping[str, object] | None = None,
) -> str:
    """Install a pack from a date on: metrics and scorecards at once, plans as drafts to review.

    ``scopes`` says for whom single scorecards and plans are, by key; ``scope`` is for the others.
    Money is never paid by a template: a plan begins to count when HR publishes its draft. The same
    again changes nothing and gives the same id; another version is brought in by an upgrade.
    """
    demand_entity(actor, Resource.PACK, writing.entity_id)
    pin = pin_of(offered(runtime.packs, pack_id))
    layer, problems = changed_layer(pin.leaves, {}, overrides or {})
    if problems:
        raise Refused("pack_override_refused", {"pack": pack_id}, problems=problems)
    layer, rules = ruled(pin, layer)
    step = Step(
        deed=PackDeed.INSTALL,
        pin=pin,
        layer=layer,
        rules=rules,
        scope=scope,
        scopes=scopes or {},
        valid_from=valid_from,
    )
    before = newest_layers(writing.connection, writing.entity_id, known_at=writing.known_at)
    if pack_id in before:
        return _installed(before[pack_id], step)
    for key in sorted(step.scopes):
        if rules.keys.get(key) in {None, "metrics"}:
            values = {"key": key[:80]}
            raise Refused("pack_document_unknown", values, path=f"scopes.{key[:80]}")
        refuse_strangers(writing, step.scopes[key])
    refuse_overlap(rules, step.scope_of)
    return put_pack(writing, actor, step, None)


def _installed(before: StoredLayer, step: Step) -> str:
    """Say yes once more to the very same, and refuse everything else."""
    pack = step.pin.pack
    if before.pack_hash != pack.hash:
        values = {"pack": pack.id, "version": before.pack_version}
        raise Refused("pack_upgrade_instead", values, path="pack")
    same = (before.deed, before.valid_from, before.scope, dict(before.scopes)) == (
        PackDeed.INSTALL,
        step.valid_from,
        step.scope,
        dict(step.scopes),
    )
    if same and dict(before.overrides) == dict(step.layer):
        return before.id
    raise Refused("pack_installed_already", {"pack": pack.id, "version": pack.version})
