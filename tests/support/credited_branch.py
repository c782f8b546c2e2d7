"""A branch in which sales count for others too: shared, rolled up, for an expert, or left out."""

from __future__ import annotations

import random
from datetime import date

from sqlalchemy import select

from actions.publish_credit import draft_credit, publish_credit
from domain.people import AssignmentRole
from storage import tables
from storage.engine import reading
from tests.support.closing import NAMES, PERIOD, YEAR, Branch, Event, changes
from tests.support.company import SYSTEM
from tests.support.credits import exclude, overlay, roll_up, split_rule
from tests.support.rules import SALES, Document, changed

EXPERT: Document = {
    "who": "ATTRIBUTE",
    "attribute": "expert",
    "namespace": "crm",
    "absent": "SKIP",
    "shareOf": "FIXED",
    "share": "0.3",
}
EVERY_KIND = {"kinds": ["DIRECT", "SPLIT", "ROLL_UP", "OVERLAY"], "of": "ANYONE"}
OF_EVERY_KIND = changed(SALES, formula=SALES["formula"] | {"credit": EVERY_KIND})
_SHARES = ("0.1", "0.4", "0.5", "1", "1.2", "much")
_SELLERS = NAMES[:5]


def publish(branch: Branch, document: Document) -> None:
    """Let a rule of credit hold from the beginning of the year."""
    made = branch.company.write(lambda w: draft_credit(w, SYSTEM, document, valid_from=YEAR))
    branch.company.write(lambda w: publish_credit(w, SYSTEM, made))


def with_credit(branch: Branch, *, leaders: bool = True) -> None:
    """Share orders, give experts a part, leave internal ones out; and leaders what is under them.

    The metric counts credits of every kind.
    """
    branch.metric(OF_EVERY_KIND)
    for document in (split_rule(), overlay(EXPERT), exclude()):
        publish(branch, document)
    if leaders:
        with_leaders(branch)
        publish(branch, roll_up())


def with_leaders(branch: Branch) -> None:
    """Let somebody lead the north, and somebody the region over it."""
    for name, team in (("lea", 1), ("rex", 0)):
        branch.ids[name] = branch.company.person(name)
        unit, lead = branch.teams[team], AssignmentRole.LEAD
        branch.company.assign(branch.ids[name], unit, role=lead)
        branch.goal(name, PERIOD, 1_000)


def said(rng: random.Random) -> dict[str, str]:
    """Draw what a source says of an order beside the seller."""
    found: dict[str, str] = {}
    if rng.random() < 0.5:
        found |= {"co_seller": rng.choice((*_SELLERS, "ghost")), "co_share": rng.choice(_SHARES)}
    if rng.random() < 0.3:
        found["expert"] = rng.choice(_SELLERS)
    if rng.random() < 0.15:
        found["channel"] = "internal"
    return found


def credited_changes(rng: random.Random, count: int) -> list[Event]:
    """Draw what can happen later; sales most of all, for all else ends what can be followed."""
    return [
        _sold(rng) if rng.random() < 0.6 else _said_otherwise(rng)
        if rng.random() < 0.7 else changes(rng, 1)[0]
        for _ in range(count)
    ]  # fmt: skip


def _sold(rng: random.Random) -> Event:
    name, day = rng.choice(_SELLERS), date(2026, rng.choice((6, 7, 8, 8, 8)), rng.randint(1, 28))
    cents, attributes = rng.choice((50_000, 100_000, -30_000)), said(rng)

    def event(branch: Branch) -> None:
        branch.sale(name, day, cents, **attributes)

    return event


def _said_otherwise(rng: random.Random) -> Event:
    pick, attributes, gone = rng.random(), said(rng), rng.random() < 0.2

    def event(branch: Branch) -> None:
        keys = [key for key in branch.facts if branch.facts[key].name != "fan"]
        branch.revise(keys[int(pick * len(keys))], gone=gone, said=attributes)

    return event


def kept_credits(branch: Branch, run_id: str) -> list[str]:
    """Read the credits that a run has kept."""
    table = tables.credit
    columns = [each for each in table.c if each.name not in {"seq", "run_id"}]
    with reading(branch.runtime.engine, SYSTEM) as connection:
        rows = connection.execute(select(*columns).where(table.c.run_id == run_id)).all()
    return sorted(str(tuple(row)) for row in rows)
