"""An installed pack is changed from a period on: by an override, or by another version of it.

Both make the next revision. What holds before the boundary is left as it is, so closed periods and
the open ones before it do not move; going back is another upgrade.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from actions.deed import Runtime, demand_entity
from actions.pack_pins import Pin, pinned, version_of
from actions.periods import state_now
from actions.put_pack import Step, layer_now, put_pack, ruled
from domain.access import Actor, Resource
from domain.pack_layer import changed_layer, path_of, path_text
from domain.pack_merge import Leaves, Merged, Take, merge, overlaid, value_at
from domain.period import Period, period_named
from domain.period_state import PeriodState
from domain.problem import Problem, Refused
from storage.engine import Writing
from storage.packs import PackDeed, StoredLayer, newest_layers, pack_layers


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Which pack is changed from when on, and what the client last saw of it."""

    pack_id: str
    period: str
    expected_version: int
    reason: str | None = None


def override_pack(
    runtime: Runtime,
    writing: Writing,
    actor: Actor,
    change: Change,
    *,
    given: Mapping[str, object],
    cleared: Iterable[str] = (),
) -> str:
    """Lay changes of the company's own over an installed pack, or take some back."""
    before, pin, period = _opened(runtime, writing, actor, change)
    own = layer_of(writing, pin, before, period)
    layer, problems = changed_layer(pin.leaves, own, given, cleared)
    if problems:
        raise Refused("pack_override_refused", {"pack": change.pack_id}, problems=problems)
    step = _step(PackDeed.OVERRIDE, before, pin, layer, change)
    if dict(step.layer) == dict(before.overrides):
        return before.id
    return put_pack(writing, actor, step, before)


def upgrade_pack(
    runtime: Runtime,
    writing: Writing,
    actor: Actor,
    change: Change,
    *,
    version: str | None = None,
    decided: Mapping[str, Take] | None = None,
) -> str:
    """Bring an installed pack to another version; every real conflict has to be decided."""
    before, pin, period = _opened(runtime, writing, actor, change)
    target = version_of(
        writing.connection, runtime.packs, writing.entity_id, change.pack_id, version
    )
    if target.pack.hash == before.pack_hash:
        values = {"pack": target.pack.id, "version": target.pack.version}
        raise Refused("pack_installed_already", values, path="version")
    own = layer_of(writing, pin, before, period)
    steps = pack_layers(
        writing.connection, writing.entity_id, known_at=writing.known_at, pack_id=change.pack_id
    )
    merged = merged_pack(pin, target, own, decided or {}, steps)
    if merged.open:
        values = {"count": str(len(merged.open)), "version": target.pack.version}
        problems = tuple(
            Problem(code="pack_conflict", path=path_text(path), values={"path": path_text(path)})
            for path in merged.open
        )
        raise Refused("pack_conflicts_open", values, path="resolutions", problems=problems)
    step = _step(PackDeed.UPGRADE, before, target, merged.overrides, change)
    return put_pack(writing, actor, step, before)


def merged_pack(
    pin: Pin,
    target: Pin,
    own: Leaves,
    decided: Mapping[str, Take],
    steps: Sequence[StoredLayer],
) -> Merged:
    """Merge; a decision about what is no conflict is refused, it was made about something else.

    What the company had said over this very version before, and still says, is decided: so an
    upgrade is undone without a question.
    """
    by_path = {path_of(text): take for text, take in decided.items()}
    merged = merge(pin.leaves, target.leaves, own, by_path)
    for text in decided:
        if path_of(text) not in merged.conflicts:
            raise Refused("pack_conflict_absent", {"path": text[:120]}, path="resolutions")
    earlier = [each for each in steps if each.pack_hash == target.pack.hash]
    if not merged.open or not earlier:
        return merged
    then, now = overlaid(target.leaves, earlier[-1].overrides), overlaid(pin.leaves, own)
    for path in merged.open:
        if value_at(then, path) == value_at(now, path):
            by_path[path] = Take.OWN
    return merge(pin.leaves, target.leaves, own, by_path)


def layer_of(writing: Writing, pin: Pin, before: StoredLayer, period: Period) -> Leaves:
    """Return the company's layer with what its plans say by now."""
    return layer_now(
        writing.connection,
        pin,
        before.overrides,
        writing.entity_id,
        period.start,
        writing.known_at,
    )


def _opened(
    runtime: Runtime, writing: Writing, actor: Actor, change: Change
) -> tuple[StoredLayer, Pin, Period]:
    """Find what is changed and refuse what may not be: a closed period, a change before another."""
    demand_entity(actor, Resource.PACK, writing.entity_id)
    newest = newest_layers(writing.connection, writing.entity_id, known_at=writing.known_at)
    before = newest.get(change.pack_id)
    if before is None:
        raise Refused("pack_not_installed", {"pack": change.pack_id[:80]}, path="pack")
    if before.revision != change.expected_version:
        raise Refused("version_conflict", {"current": str(before.revision)})
    period = period_named(change.period)
    state, _ = state_now(writing, period)
    if state is PeriodState.CLOSED:
        raise Refused("period_closed", {"period": period.name}, path="fromPeriod")
    if period.start < before.valid_from:
        values = {"pack": before.pack_id, "day": before.valid_from.isoformat()}
        raise Refused("pack_change_planned", values, path="fromPeriod")
    return before, pinned(writing.connection, runtime.packs, writing.entity_id, before), period


def _step(deed: PackDeed, before: StoredLayer, pin: Pin, layer: Leaves, change: Change) -> Step:
    layer, rules = ruled(pin, layer)
    return Step(
        deed=deed,
        pin=pin,
        layer=layer,
        rules=rules,
        scope=before.scope,
        scopes=before.scopes,
        valid_from=period_named(change.period).start,
        reason=change.reason,
    )
