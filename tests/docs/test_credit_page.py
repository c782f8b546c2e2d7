"""The examples of docs/credit.md: each is read, and gives what the page says it gives."""

from __future__ import annotations

import json
import re
from datetime import date
from enum import StrEnum
from pathlib import Path

import pytest

from domain import credit as credit_words
from domain.credit import DatedRule
from domain.credit_document import decode_credit, encode_credit
from domain.crediting import Outcome, Transaction, credit
from domain.seating import Link, Place, Seat, Seating, seating_of
from domain.unit import from_steps, to_steps

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "credit.md").read_text("utf-8")
_BLOCK = re.compile(r"^```json credit\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_GIVES = re.compile(r"^- `(?P<given>[^`]+)` gives `(?P<result>[^`]+)`$", re.MULTILINE)
_LONG_AGO, _DAY = date(2020, 1, 1), date(2026, 9, 1)
_HOUSE = (
    ("anna", "team", "sales", False),
    ("lea", "team", "manager", True),
    ("dai", "all", "expert", False),
    ("rex", "all", "manager", True),
)


def _cases() -> list[tuple[str, str, str]]:
    found = []
    blocks = list(_BLOCK.finditer(PAGE))
    ends = [block.start() for block in blocks[1:]] + [len(PAGE)]
    for block, end in zip(blocks, ends, strict=True):
        below = PAGE[block.end() : end].partition("\n## ")[0]
        cases = list(_GIVES.finditer(below))
        assert cases, block["text"]
        found += [(block["text"], case["given"], case["result"]) for case in cases]
    return found


def _seating() -> Seating:
    always = {"valid_from": _LONG_AGO, "valid_to": None}
    seats = [
        Seat(person=who, unit=unit, platform=None, position=job, leads=leads, **always)  # type: ignore[arg-type]
        for who, unit, job, leads in _HOUSE
    ]
    places = [
        Place(unit=unit, above=above, depth=depth, **always)  # type: ignore[arg-type]
        for unit, above, depth in (("team", "team", 0), ("team", "all", 1), ("all", "all", 0))
    ]
    links = [Link(namespace="crm", name="bo", person="bo", **always)]  # type: ignore[arg-type]
    return seating_of(seats, places, links)


def _said(outcome: Outcome) -> str:
    if outcome.problem is not None:
        return outcome.problem.code
    credited = [
        f"{each.person} {each.kind.value} {from_steps(each.quantity, 'CNY')}"
        for each in outcome.credits
    ]
    return "; ".join(credited) or outcome.status.value


@pytest.mark.parametrize(("text", "given", "result"), _cases())
def test_an_example_gives_what_the_page_says(text: str, given: str, result: str) -> None:
    rule, problems = decode_credit(json.loads(text))
    assert rule is not None, problems
    assert encode_credit(rule) == json.loads(text)
    sold, *said = given.split(", ")
    amount, _, named = sold.partition(" by ")
    quantity = to_steps(amount, "CNY")
    assert quantity is not None
    transaction = Transaction(
        kind="order",
        day=_DAY,
        quantity=quantity,
        attributes=dict(each.split("=", 1) for each in said),
        named=None if named == "nobody" else named,
    )
    dated = DatedRule(id=rule.key, rule=rule, valid_from=_LONG_AGO, valid_to=None)
    assert _said(credit(transaction, [dated], _seating(), _DAY)) == result


def test_the_page_names_every_choice_of_a_rule() -> None:
    words = set(re.findall(r"`([A-Za-z_]+)`", PAGE))
    enums = [
        each
        for each in vars(credit_words).values()
        if isinstance(each, type) and issubclass(each, StrEnum) and each is not StrEnum
    ]
    missing = sorted(
        member.value
        for each in enums
        if each.__module__ == credit_words.__name__
        for member in each
        if member.value not in words
    )
    assert missing == []
