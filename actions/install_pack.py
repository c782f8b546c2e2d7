"""An industry pack is installed: its metrics, scorecards and plan templates, pinned by hash."""

from __future__ import annotations

from datetime import date

from actions.deed import Runtime, demand_entity
from actions.define_metric import define_metric
from actions.identifiers import new_id
from actions.publish_plan import draft_plan
from actions.publish_scorecard import publish_scorecard
from domain.access import Actor, Resource
from domain.problem import Refused
from storage import tables
from storage.definitions import Scope, is_pack_installed
from storage.engine import Writing
from storage.people import add_row


def install_pack(
    runtime: Runtime,
    writing: Writing,
    actor: Actor,
    pack_id: str,
    *,
    valid_from: date,
    scope: Scope,
) -> str:
    """Install a pack from a date on: metrics and scorecards at once, plans as drafts to review.

    Money is never paid by a template: a plan begins to count when HR publishes its draft.
    Installing the same version again is refused; nothing of the company's own is overwritten.
    """
    demand_entity(actor, Resource.PACK, writing.entity_id)
    pack = runtime.packs.get(pack_id)
    if pack is None:
        raise Refused("pack_unknown", {"pack": pack_id})
    if is_pack_installed(writing.connection, writing.entity_id, pack.id, pack.version):
        raise Refused("pack_installed_already", {"pack": pack.id, "version": pack.version})
    for document in pack.metrics:
        define_metric(writing, actor, document, valid_from=valid_from, pack_id=pack.id)
    for document in pack.scorecards:
        publish_scorecard(writing, actor, document, scope, valid_from=valid_from, pack_id=pack.id)
    for document in pack.plans:
        draft_plan(writing, actor, document, scope, valid_from=valid_from, pack_id=pack.id)
    identifier = new_id("pack", writing.known_at)
    add_row(
        writing,
        tables.pack_installation,
        id=identifier,
        pack_id=pack.id,
        pack_version=pack.version,
        pack_hash=pack.hash,
        overrides={},
        valid_from=valid_from,
        made_by=writing.actor,
    )
    return identifier
