"""Rules about people are published from a date on; whatever draws a loss from a rank is refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from actions.deed import demand_entity
from actions.define_metric import put_definition, refuse_unread
from actions.periods import business_day
from domain.access import Actor, Resource
from domain.problem import Refused
from domain.talent_document import decode_talent
from storage import tables
from storage.engine import Writing


def publish_talent_rules(
    writing: Writing,
    actor: Actor,
    document: Mapping[str, object],
    *,
    valid_from: date,
    expected_version: int | None = None,
) -> str:
    """Publish rules from ``valid_from`` on; return the id of their series.

    They look at periods that end on that day or later: nobody is judged by a rule of tomorrow.
    """
    demand_entity(actor, Resource.TALENT, writing.entity_id)
    rules, problems = decode_talent(document)
    if rules is None:
        raise refuse_unread("talent", problems)
    earliest = business_day(writing).replace(month=1, day=1)
    if valid_from < earliest:
        values = {"day": valid_from.isoformat(), "earliest": earliest.isoformat()}
        raise Refused("talent_rules_backdated", values, path="validFrom")
    return put_definition(
        writing,
        tables.talent_rule,
        prefix="tal",
        key=rules.key,
        document=dict(document),
        valid_from=valid_from,
        expected_version=expected_version,
        pack_id=None,
    )
