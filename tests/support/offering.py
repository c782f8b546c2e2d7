"""People who contest the plan that pays them, with words that betray what they sold."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import partial

from actions.offer_plan import answer_offer, offer_plan
from domain.access import Viewer
from domain.plan_life import OfferState
from messages.render import Locale
from storage.definitions import plan_versions
from storage.engine import Writing, reading
from storage.plan_life import plan_offers
from tests.support.company import SYSTEM, Company


def offered(
    company: Company, day: date, viewers: Mapping[str, Viewer], sold: Mapping[str, int]
) -> None:
    """Offer the plan to everybody, and let everybody in ``sold`` (name to cents) contest it."""
    known = company.runtime.clock()
    with reading(company.engine, SYSTEM) as connection:
        found = plan_versions(connection, company.entity_id, known_at=known, state="PUBLISHED")
    company.write(lambda writing: offer_plan(writing, SYSTEM, found[0].id))
    for name, cents in sold.items():
        company.write(partial(_contest, viewer=viewers[name], day=day, reason=f"I sold {cents}"))


def _contest(writing: Writing, viewer: Viewer, day: date, reason: str) -> str:
    mine = plan_offers(
        writing.connection, viewer, writing.entity_id, day=day, person_id=viewer.person_id
    )
    return answer_offer(
        writing,
        viewer,
        mine[0].id,
        OfferState.CONTESTED,
        language=Locale.EN,
        text_hash=mine[0].text_hashes[Locale.EN.value],
        reason=reason,
        expected_version=0,
    )
