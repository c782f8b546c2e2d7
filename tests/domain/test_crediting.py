"""Whose a fact is: against a second, naive implementation, and rule by rule."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.credit import DatedRule
from domain.credit_document import credit_hash, decode_credit, encode_credit
from domain.crediting import CoverageStatus, Outcome, Transaction, credit
from domain.seating import Link, Place, Seat, Seating, seating_of
from tests.support.credits import (
    CO_SELLER,
    FIRST,
    NAMED,
    NAMES,
    UNITS,
    exclude,
    facts,
    fixed,
    overlay,
    roll_up,
    rule,
    rules,
    seats,
    split_rule,
)
from tests.support.oracle_credit import Oracle
from tests.support.rules import Document

LONG_AGO = date(2020, 1, 1)


def seated(*given: tuple[str, str, str, bool]) -> Seating:
    places = []
    for unit in UNITS:
        at: str | None = unit
        depth = 0
        while at is not None:
            places.append(
                Place(unit=unit, above=at, depth=depth, valid_from=LONG_AGO, valid_to=None)
            )
            at, depth = UNITS[at], depth + 1
    return seating_of(
        [
            Seat(
                person=person,
                unit=unit,
                platform=None,
                position=position,
                leads=leads,
                valid_from=LONG_AGO,
                valid_to=None,
            )
            for person, unit, position, leads in given
        ],
        places,
        [
            Link(namespace="crm", name=name, person=person, valid_from=LONG_AGO, valid_to=None)
            for name, person in NAMES.items()
        ],
    )


def dated(document: Document, since: date = LONG_AGO, until: date | None = None) -> DatedRule:
    found, problems = decode_credit(document)
    assert found is not None, problems
    return DatedRule(id=found.key, rule=found, valid_from=since, valid_to=until)


def sold(quantity: int = 1000, named: str | None = "anna", **attributes: Any) -> Transaction:
    return Transaction(
        kind="order", day=FIRST, quantity=quantity, attributes=attributes, named=named
    )


def parts(outcome: Outcome) -> dict[tuple[str, str, int], int]:
    return {(each.person, each.kind.value, each.level): each.quantity for each in outcome.credits}


def decided(transaction: Transaction, *documents: Document, seating: Seating | None = None) -> Any:
    outcome = credit(transaction, [dated(each) for each in documents], seating or seated(), FIRST)
    return parts(outcome) or (outcome.problem.code if outcome.problem else outcome.status.value)


def _is_sound(document: Document) -> bool:
    return decode_credit(document)[0] is not None


@settings(max_examples=300)
@given(rules(), facts(), seats(), st.randoms())
def test_every_credit_is_the_oracles_whatever_order_the_rules_come_in(
    drawn: Any, fact: Document, held: Any, random: Any
) -> None:
    sound = [each for each in drawn if _is_sound(each[0])]
    wanted = Oracle(sound, held, UNITS, NAMES).decide(fact)
    shuffled = list(sound)
    random.shuffle(shuffled)
    outcome = credit(
        Transaction(
            kind="order",
            day=fact["day"],
            quantity=fact["quantity"],
            attributes=fact["attributes"],
            named=fact["named"],
        ),
        [dated(*each) for each in shuffled],
        seated(*held),
        date(2026, 9, 30),
    )
    assert (outcome.status.value, parts(outcome)) == wanted


@settings(max_examples=60)
@given(rules(), facts(), seats())
def test_what_people_sold_together_is_the_fact_to_the_cent(
    drawn: Any, fact: Document, held: Any
) -> None:
    """Of every split that is not over-assigned the parts make up the whole, refunds too."""
    sound = [dated(*each) for each in drawn if _is_sound(each[0])]
    transaction = sold(fact["quantity"], fact["named"], **fact["attributes"])
    outcome = credit(transaction, sound, seated(*held), FIRST)
    own = [each for each in outcome.credits if each.kind.value in {"DIRECT", "SPLIT"}]
    over = [each.rule.total for each in sound if own and each.id == own[0].rule]
    if outcome.status is CoverageStatus.CREDITED and over in ([], [None], [1_000_000]):
        assert sum(each.quantity for each in own) == fact["quantity"]
        assert sum(each.share for each in own) == 1_000_000


@settings(max_examples=60)
@given(rules())
def test_a_rule_is_written_as_it_was_read(drawn: Any) -> None:
    for document, _since, _until in drawn:
        found, _ = decode_credit(document)
        if found is not None:
            again, problems = decode_credit(encode_credit(found))
            assert (again, problems) == (found, ())
            assert again is not None
            assert credit_hash(again) == credit_hash(found)


def test_an_order_of_two_is_cut_by_what_the_source_says_and_the_cent_goes_to_the_larger_loss() -> (
    None
):
    shared = sold(1001, co_seller="bo.crm", co_share="0.4")
    assert decided(shared, split_rule()) == {
        ("anna", "SPLIT", 0): 601,
        ("bo", "SPLIT", 0): 400,
    }


def test_equal_losses_are_decided_by_the_id_and_never_by_the_order_of_receivers() -> None:
    halves = (fixed("bo", "0.5"), fixed("anna", "0.5"))
    for to in (halves, halves[::-1]):
        assert decided(sold(5), split_rule(*to)) == {
            ("anna", "SPLIT", 0): 3,
            ("bo", "SPLIT", 0): 2,
        }


def test_without_a_second_seller_the_order_is_direct_and_no_split() -> None:
    assert decided(sold(), split_rule()) == {("anna", "DIRECT", 0): 1000}


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ({"co_seller": "ghost", "co_share": "0.4"}, "credit_name_unlinked"),
        ({"co_seller": "bo.crm", "co_share": "some"}, "credit_share_unreadable"),
        ({"co_seller": "bo.crm", "co_share": "0.3333333"}, "credit_share_unreadable"),
        ({"co_seller": "bo.crm"}, "credit_share_unreadable"),
    ],
)
def test_what_the_source_leaves_unclear_is_never_guessed(
    attributes: dict[str, Any], code: str
) -> None:
    assert decided(sold(**attributes), split_rule()) == code


def test_shares_that_do_not_add_up_are_an_error_and_credit_nobody() -> None:
    both = CO_SELLER | {"attribute": "other", "shareAttribute": "other_share"}
    document = split_rule(CO_SELLER, both)
    given: dict[str, Any] = {
        "co_seller": "bo.crm",
        "co_share": "0.4",
        "other": "chen.crm",
        "other_share": "0.5",
    }
    assert decided(sold(**given), document) == "credit_shares_differ"


def test_two_rules_of_one_rank_clash_and_a_higher_rank_decides() -> None:
    one, other = split_rule(fixed("dai", "1"), key="one"), split_rule(fixed("bo", "1"), key="other")
    assert decided(sold(), one, other) == "credit_rules_clash"
    assert decided(sold(), one, other | {"rank": 11}) == {("bo", "SPLIT", 0): 1000}
    # A rule that names the seller alone keeps an order from being split.
    assert decided(sold(), other, rule("plain", "DIRECT", rank=12)) == {("anna", "DIRECT", 0): 1000}


def test_what_is_left_out_needs_nobody_to_be_found() -> None:
    assert decided(sold(named=None, channel="internal"), exclude(), roll_up()) == "EXCLUDED"
    assert decided(sold(named=None, channel="shop"), exclude()) == "credit_nobody_linked"


def test_an_overlay_takes_nothing_from_the_seller() -> None:
    assert decided(sold(), overlay(fixed("dai", "0.3"))) == {
        ("anna", "DIRECT", 0): 1000,
        ("dai", "OVERLAY", 0): 300,
    }


def test_a_seller_who_is_the_specialist_too_gets_it_twice_only_where_the_rule_says_so() -> None:
    own = overlay(fixed("anna", "0.3"))
    assert decided(sold(), own) == {("anna", "DIRECT", 0): 1000}
    assert decided(sold(), own | {"ifOwner": "CREDIT"})["anna", "OVERLAY", 0] == 300


HOUSE = (
    ("anna", "east1", "sales", False),
    ("bo", "west", "sales", False),
    ("lea", "east", "manager", True),
    ("rex", "all", "manager", True),
)


def test_a_sale_rolls_up_to_the_leaders_above_and_an_empty_post_lapses_or_passes_up() -> None:
    house = seated(*HOUSE)  # nobody leads east1
    levels: list[Document] = [{"share": "0.5"}, {"share": "0.1"}]
    up = roll_up(vacancy="PASSES_UP") | {}
    up["rollUp"] = {name: value for name, value in up["rollUp"].items() if name != "every"}
    up["rollUp"]["levels"] = levels
    assert decided(sold(), up, seating=house) == {
        ("anna", "DIRECT", 0): 1000,
        ("lea", "ROLL_UP", 1): 500,
        ("rex", "ROLL_UP", 2): 100,
    }
    up["rollUp"]["vacancy"] = "LAPSES"
    assert decided(sold(), up, seating=house) == {
        ("anna", "DIRECT", 0): 1000,
        ("lea", "ROLL_UP", 2): 100,
    }


def test_a_leader_over_both_of_an_over_assigned_order_gets_it_once() -> None:
    document = split_rule(fixed("anna", "0.6"), fixed("bo", "0.6"), total="1.2")
    found = decided(sold(), document, roll_up(), seating=seated(*HOUSE))
    assert found == {
        ("anna", "SPLIT", 0): 600,
        ("bo", "SPLIT", 0): 600,
        ("lea", "ROLL_UP", 1): 600,
        ("rex", "ROLL_UP", 1): 600,
        ("rex", "ROLL_UP", 2): 400,
    }


def test_nobody_leads_themselves_and_two_leaders_are_chosen_between_by_nobody() -> None:
    house = seated(*HOUSE, ("dai", "east", "manager", True))
    assert decided(sold(named="rex"), roll_up(), seating=house) == {("rex", "DIRECT", 0): 1000}
    assert decided(sold(), roll_up(coLeaders="REFUSE"), seating=house) == "credit_leaders_several"


def test_somebody_in_no_unit_is_named_where_a_rule_asks_where_they_stand() -> None:
    assert decided(sold(), roll_up()) == "credit_without_assignment"
    scoped = exclude(scope={"units": ["east"], "platforms": [], "positions": []})
    assert decided(sold(channel="internal"), scoped) == "credit_without_assignment"


def test_a_leaver_rolls_up_from_the_last_unit_and_a_mover_by_the_day_the_rule_names() -> None:
    house = seated(*HOUSE)
    moved = Seating(
        by_person={
            **house.by_person,
            "anna": (
                Seat(
                    person="anna",
                    unit="east",
                    platform=None,
                    position="sales",
                    leads=False,
                    valid_from=LONG_AGO,
                    valid_to=date(2026, 9, 10),
                ),
            ),
        },
        by_unit=house.by_unit,
        places=house.places,
        links=house.links,
    )
    up = dated(roll_up(dated="PERIOD_END"))
    outcome = credit(sold(), [up], moved, date(2026, 9, 30))
    assert parts(outcome)["lea", "ROLL_UP", 1] == 1000


def test_a_position_is_found_nearest_to_the_seller_and_two_holders_are_unclear() -> None:
    expert = {"who": "POSITION", "position": "expert", "shareOf": "FIXED", "share": "0.2"}
    one = seated(*HOUSE, ("dai", "all", "expert", False))
    assert decided(sold(), overlay(expert), seating=one)["dai", "OVERLAY", 0] == 200
    two = seated(*HOUSE, ("dai", "all", "expert", False), ("chen", "all", "expert", False))
    assert decided(sold(), overlay(expert), seating=two) == "credit_position_unclear"
    assert decided(sold(), overlay(expert), seating=seated(*HOUSE)) == "credit_position_unclear"


@pytest.mark.parametrize(
    ("document", "code", "path"),
    [
        (split_rule(fixed("bo", "0.5"), fixed("anna", "0.4")), "credit_shares_differ", "to"),
        (split_rule(fixed("bo", "0.7"), fixed("anna", "0.6"), NAMED), "credit_shares_differ", "to"),
        (split_rule(NAMED, NAMED), "credit_rest_twice", "to"),
        (split_rule(NAMED, total="0.9"), "number_out_of_range", "total"),
        (split_rule() | {"to": []}, "list_empty", "to"),
        (overlay(NAMED), "choice_unknown", "to[0].who"),
        (roll_up(levels=[{"share": "1"}]), "credit_levels_unclear", "rollUp.levels"),
        (rule("x", "EXCLUDE"), "field_missing", "reason"),
        (rule("x", "DIRECT", total="1"), "field_unknown", "total"),
    ],
)
def test_a_document_with_a_fault_is_refused_with_its_place(
    document: Document, code: str, path: str
) -> None:
    found, problems = decode_credit(document)
    assert found is None
    assert (code, path) in {(each.code, each.path) for each in problems}
