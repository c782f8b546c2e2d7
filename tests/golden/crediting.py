"""Golden credits: whose an order is, with what share, and why it is nobody's."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

from domain.credit import DatedRule
from domain.credit_document import decode_credit
from domain.crediting import CoverageStatus, Outcome, Transaction, credit
from domain.seating import Link, Place, Seat, Seating, seating_of
from messages.render import Catalogue, Locale
from tests.golden.answer import Answer, Row, name_in
from tests.golden.words import say, shown, steps_of

_LONG_AGO = date(2020, 1, 1)


def read(path: Path) -> Answer:
    """Read orders and rules, and credit each order."""
    document = tomllib.loads(path.read_text("utf-8"))
    rules = [_rule(each) for each in document["rules"]]
    seating = _seating(document)
    orders = document["orders"]
    outcomes = [_credited(order, rules, seating) for order in orders]
    for order, outcome in zip(orders, outcomes, strict=True):
        wanted = order.get("refused")
        assert (outcome.problem.code if outcome.problem else None) == wanted, order["name"]

    def page(catalogue: Catalogue, locale: Locale) -> str:
        pairs = zip(orders, outcomes, strict=True)
        return (
            "\n\n".join(_printed(order, found, catalogue, locale) for order, found in pairs) + "\n"
        )

    return Answer(rows=orders, numbers=[_amounts(each) for each in outcomes], page=page)


class _Amounts(dict[str, Fraction | None]):
    """What everybody is credited; who is not named is credited nothing."""

    def __missing__(self, name: str) -> Fraction:
        return Fraction(0)


def _amounts(outcome: Outcome) -> _Amounts:
    found = _Amounts()
    for each in outcome.credits:
        name = f"{each.person}.{each.kind.value}"
        found[name] = (found[name] or Fraction(0)) + Fraction(each.quantity, 100)
    return found


def _rule(document: Row) -> DatedRule:
    found, problems = decode_credit(document)
    assert found is not None, problems
    return DatedRule(id=found.key, rule=found, valid_from=_LONG_AGO, valid_to=None)


def _credited(order: Row, rules: list[DatedRule], seating: Seating) -> Outcome:
    day = date.fromisoformat(order.get("day", "2026-09-15"))
    transaction = Transaction(
        kind="order",
        day=day,
        quantity=steps_of(order["amount"], "CNY"),
        attributes=order.get("attributes", {}),
        named=order.get("seller"),
    )
    return credit(transaction, rules, seating, date(2026, 9, 30))


def _seating(document: Mapping[str, Any]) -> Seating:
    above: dict[str, str] = document.get("units", {})
    seats = [
        Seat(
            person=person,
            unit=seat["unit"],
            platform=None,
            position=seat.get("position", "sales"),
            leads=seat.get("leads", False),
            valid_from=_LONG_AGO,
            valid_to=None,
        )
        for person, seat in document["people"].items()
    ]
    places = []
    for unit in {seat.unit for seat in seats} | {*above}:
        at: str | None = unit
        depth = 0
        while at:
            places.append(
                Place(unit=unit, above=at, depth=depth, valid_from=_LONG_AGO, valid_to=None)
            )
            at, depth = above.get(at), depth + 1
    links = [
        Link(namespace="crm", name=person, person=person, valid_from=_LONG_AGO, valid_to=None)
        for person in document["people"]
    ]
    return seating_of(seats, places, links)


def _printed(order: Row, outcome: Outcome, catalogue: Catalogue, locale: Locale) -> str:
    lines = [f"== {name_in(order, locale)}"]
    if outcome.status is CoverageStatus.EXCLUDED:
        lines.append(say("excluded", locale))
    if outcome.problem is not None:
        told = catalogue.text(outcome.problem.code, outcome.problem.values, locale)
        lines.append(f"✗ {told}")
    for each in outcome.credits:
        values = {
            "person": each.person,
            "kind": say(each.kind.value, locale),
            "share": shown(Fraction(each.share, 1_000_000), "RATIO", locale),
            "amount": shown(Fraction(each.quantity, 100), "CNY", locale),
        }
        lines.append(say("credit", locale, **values))
    return "\n".join(lines)
