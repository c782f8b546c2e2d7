"""A published plan is put before those whom it pays, who accept or contest it, on record."""

from __future__ import annotations

from functools import cache

from actions.deed import demand_entity
from actions.identifiers import new_id
from actions.periods import business_day
from actions.plans_in_force import plans_in_force
from domain.access import Actor, Resource, System, Viewer
from domain.document import document_hash
from domain.plan_clauses import plan_clauses
from domain.plan_life import OfferState, PlanState, answered
from domain.problem import Refused
from messages.clauses import say_clause, wording
from messages.render import Catalogue, Locale, load
from storage.definitions import StoredPlan, metric_labels, plan_versions
from storage.engine import Writing
from storage.plan_life import (
    PlanOffer,
    add_answer,
    add_offers,
    offered_people,
    plan_offers,
    put_text,
)

ANSWER_MOST = 2_000


@cache
def _catalogue() -> Catalogue:
    return load()


def offer_plan(writing: Writing, actor: Actor, version_id: str) -> str:
    """Offer a published version to everybody whom it pays and who has no offer of it yet.

    It is for who has it today, or on its first day where that is to come: whoever joins later is
    offered it when this is done again.
    """
    demand_entity(actor, Resource.PLAN, writing.entity_id)
    return offer_within(writing, version_id)


def offer_within(writing: Writing, version_id: str) -> str:
    """Offer a version to those who have none of it yet."""
    found = plan_versions(
        writing.connection,
        writing.entity_id,
        known_at=writing.known_at,
        version_id=version_id,
    )
    if not found:
        raise Refused("not_found", {"id": version_id})
    version = found[0]
    if version.state != PlanState.PUBLISHED.value:
        wanted = PlanState.PUBLISHED.value
        raise Refused("plan_state_wrong", {"state": version.state, "wanted": wanted})
    today = business_day(writing)
    day = max(today, version.valid_from)
    force = plans_in_force(writing.connection, writing.entity_id, day, writing.known_at)
    has_it = {
        person
        for person, plans in force.by_person.items()
        if any(p.id == version.id for p in plans)
    }
    new = sorted(has_it - offered_people(writing.connection, version_id))
    if not new:
        return version_id
    hashes = _keep_texts(writing, version)
    offers = (
        {
            "id": new_id("poff", writing.known_at),
            "person_id": person,
            "plan_version_id": version.id,
            "plan_hash": version.hash,
            "text_hashes": hashes,
            "offered_on": today,
        }
        for person in new
    )
    add_offers(writing, tuple(offers))
    return version_id


def _keep_texts(writing: Writing, version: StoredPlan) -> dict[str, str]:
    """Keep the text as it is said today, in every language: that is what people are shown."""
    labels = metric_labels(
        writing.connection,
        version.entity_id,
        valid_at=version.valid_from,
        known_at=version.known_at,
    )
    hashes: dict[str, str] = {}
    for locale in Locale:
        words = wording(_catalogue(), version.plan, labels, locale)
        text = [
            {"id": each.id, "path": each.path, "text": say_clause(each, words)}
            for each in plan_clauses(version.plan)
        ]
        hashes[locale.value] = document_hash(text)
        put_text(writing, version.id, locale.value, hashes[locale.value], text)
    return hashes


def answer_offer(
    writing: Writing,
    actor: Actor,
    offer_id: str,
    answer: OfferState,
    *,
    language: Locale,
    text_hash: str,
    reason: str | None,
    expected_version: int,
) -> str:
    """Accept or contest one's own offer, having read its text: nobody answers for somebody else."""
    offer = _own_offer(writing, actor, offer_id)
    if offer.version != expected_version:
        raise Refused("version_conflict", {"current": str(offer.version)})
    answered(offer.state, answer)
    if offer.text_hashes.get(language.value) != text_hash:
        raise Refused("plan_text_differs", path="textHash")
    said = (reason or "").strip() or None
    if answer is OfferState.CONTESTED and said is None:
        raise Refused("text_empty", {"field": "reason"}, path="reason")
    if len(said or "") > ANSWER_MOST:
        raise Refused("text_too_long", {"field": "reason", "most": str(ANSWER_MOST)}, path="reason")
    add_answer(
        writing,
        offer,
        said,
        answer=answer.value,
        language=language.value,
        text_hash=text_hash,
        on_day=business_day(writing),
    )
    return offer_id


def _own_offer(writing: Writing, actor: Actor, offer_id: str) -> PlanOffer:
    found = plan_offers(
        writing.connection,
        actor,
        writing.entity_id,
        day=business_day(writing),
        offer_ids=[offer_id],
    )
    if not found:
        raise Refused("not_found", {"id": offer_id})
    if isinstance(actor, System) or not _is_own(actor, found[0]):
        raise Refused("plan_offer_not_yours")
    return found[0]


def _is_own(viewer: Viewer, offer: PlanOffer) -> bool:
    return viewer.acting is None and viewer.person_id == offer.person_id
