"""Sums with credit rules equal a recount in plain Python, on both databases."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from actions.publish_credit import draft_credit, publish_credit
from domain.credit_kind import CreditChoice, CreditKind, Whose
from domain.knowledge import Knowledge
from domain.measure import Adding, Aggregate
from domain.people import AssignmentRole
from storage.coverage import coverage_of
from storage.crediting import Crediting
from storage.engine import Writing, reading
from storage.frozen_credits import FrozenCredits, credits_kept, keep_credits
from storage.measures import Grouping, add_up
from storage.results import add_run
from tests.support.company import SYSTEM, Company, office
from tests.support.credits import exclude, fixed, overlay, roll_up, split_rule
from tests.support.rules import Document

START, END = date(2026, 9, 1), date(2026, 10, 1)
TEAMS = {"anna": "north", "bo": "north", "chen": "south", "lea": "north"}
D, S = CreditKind.DIRECT, CreditKind.SPLIT
CHOICES = (
    None,
    CreditChoice(kinds=(D, S), of=Whose.SELF),
    CreditChoice(kinds=(CreditKind.ROLL_UP,), of=Whose.OTHERS),
    CreditChoice(kinds=tuple(CreditKind), of=Whose.ANYONE),
    CreditChoice(kinds=(CreditKind.OVERLAY,), of=Whose.ANYONE),
)
# key, seller, cents, attributes
ORDERS: tuple[tuple[str, str, int, dict[str, Any]], ...] = (
    ("plain", "anna", 10_000, {}),
    ("team", "anna", 10_001, {"co_seller": "bo", "co_share": "0.5"}),
    ("teams", "anna", -3_333, {"co_seller": "chen", "co_share": "0.25"}),
    ("over", "bo", 9_000, {"channel": "over"}),
    ("inner", "chen", 4_000, {"channel": "internal"}),
    ("nobody", "ghost", 7_000, {}),
    ("unclear", "chen", 5_000, {"co_seller": "ghost", "co_share": "0.5"}),
    ("leader", "lea", 2_000, {}),
)


def _build(company: Company) -> dict[str, str]:
    units = {"all": company.unit("all")}
    units |= {code: company.unit(code, "all") for code in ("north", "south")}
    ids = {name: company.person(name) for name in TEAMS}
    for name, team in TEAMS.items():
        role = AssignmentRole.LEAD if name == "lea" else AssignmentRole.MEMBER
        company.assign(ids[name], units[team], role=role)
    for place, (key, seller, cents, attributes) in enumerate(ORDERS):
        day = date(2026, 9, 1 + place)
        company.fact(seller, day, cents, key=key, subject=f"c{place % 3}", **attributes)
    over = [{"attribute": "channel", "operator": "IN", "values": ["over"]}]
    halves = (fixed(ids["anna"], "0.7"), fixed(ids["bo"], "0.7"))
    for document in (
        split_rule(),
        split_rule(*halves, total="1.4", key="over", rank=20, where=over),
        exclude(),
        roll_up(),
        overlay(fixed(ids["chen"], "0.1")),
    ):
        company.write(partial(_publish, document=document))
    return ids | units


def _publish(writing: Writing, document: Document) -> str:
    return publish_credit(
        writing, SYSTEM, draft_credit(writing, SYSTEM, document, valid_from=START)
    )


# Who gets what of each order, worked out by hand: person, kind, cents.
BY_HAND: dict[str, list[tuple[str, str, int]]] = {
    "plain": [("anna", "DIRECT", 10_000), ("lea", "ROLL_UP", 10_000), ("chen", "OVERLAY", 1_000)],
    "team": [
        ("anna", "SPLIT", 5_001),
        ("bo", "SPLIT", 5_000),
        ("lea", "ROLL_UP", 10_001),
        ("chen", "OVERLAY", 1_000),
    ],
    # Chen shares it, and so is no specialist of it.
    "teams": [("anna", "SPLIT", -2_500), ("chen", "SPLIT", -833), ("lea", "ROLL_UP", -2_500)],
    "over": [
        ("anna", "SPLIT", 6_300),
        ("bo", "SPLIT", 6_300),
        ("lea", "ROLL_UP", 9_000),
        ("chen", "OVERLAY", 900),
    ],
    "leader": [("lea", "DIRECT", 2_000), ("chen", "OVERLAY", 200)],
}
SELLERS = {key: seller for key, seller, _, _ in ORDERS}
WHOLE = {key: cents for key, _, cents, _ in ORDERS}


def _recount(choice: CreditChoice | None, adding: Adding, grouping: Grouping) -> dict[str, int]:
    kinds = {each.value for each in choice.kinds} if choice else {"DIRECT", "SPLIT"}
    of_group = grouping is not Grouping.PERSON
    if of_group and kinds & {"DIRECT", "SPLIT"}:
        kinds &= {"DIRECT", "SPLIT"}
    parts: dict[tuple[str, str], int] = defaultdict(int)
    for key, credited in BY_HAND.items():
        for person, kind, cents in credited:
            is_own = SELLERS[key] == person
            whose = choice.of if choice else Whose.ANYONE
            if kind not in kinds or (whose is not Whose.ANYONE and is_own != (whose is Whose.SELF)):
                continue
            groups = {
                Grouping.PERSON: [person],
                Grouping.UNIT: [TEAMS[person], "all"],
                Grouping.COMPANY: ["company"],
            }[grouping]
            for group in groups:
                parts[group, key] += cents
    found: dict[str, int] = defaultdict(int)
    for (group, key), cents in parts.items():
        most = abs(WHOLE[key])
        once = max(-most, min(most, cents)) if of_group else cents
        found[group] += once if adding is Adding.SUM else 1
    return dict(found)


@pytest.mark.parametrize("grouping", [Grouping.PERSON, Grouping.UNIT, Grouping.COMPANY])
def test_sums_count_each_credit_and_groups_each_order_once(
    database_url: str, tmp_path: Path, grouping: Grouping
) -> None:
    with office(database_url, tmp_path) as runtime:
        company = Company(runtime)
        names = {identifier: name for name, identifier in _build(company).items()}
        names[company.entity_id] = "company"
        with reading(runtime.engine, SYSTEM) as connection:
            at = Knowledge.at(runtime.clock())
            crediting = Crediting(connection, company.entity_id, at)
            for choice in CHOICES:
                for adding in (Adding.SUM, Adding.COUNT):
                    aggregate = Aggregate(
                        adding=adding,
                        fact="order",
                        where=(),
                        unit="CNY",
                        of=None,
                        start=START,
                        end=END,
                        credit=choice,
                    )
                    found = add_up(
                        connection,
                        company.entity_id,
                        aggregate,
                        known_at=at,
                        grouping=grouping,
                        crediting=crediting,
                    )
                    by_name = {names[key]: value for key, value in found.items()}
                    wanted = _recount(choice, adding, grouping)
                    assert by_name == wanted, (choice, adding)
            coverage = coverage_of(connection, company.entity_id, (START, END), at, crediting)
            assert sum(each.facts for each in coverage.counts(connection)) == len(ORDERS)


def test_a_posted_run_keeps_what_was_decided_and_gives_it_back_as_it_was(
    database_url: str, tmp_path: Path
) -> None:
    with office(database_url, tmp_path) as runtime:
        company = Company(runtime)
        _build(company)
        company.write(lambda writing: _run(writing, company.entity_id))
        with reading(runtime.engine, SYSTEM) as connection:
            at = Knowledge.at(runtime.clock())
            decided = Crediting(connection, company.entity_id, at).of("order", (START, END))
            kept = FrozenCredits(connection, "calc_kept").of("order", (START, END))
            assert decided is not None
            assert len(decided.facts) == 8
            assert kept == decided
            assert FrozenCredits(connection, "calc_other").of("order", (START, END)) is None
            assert credits_kept(connection, "calc_kept") is not None
            assert credits_kept(connection, "calc_other") is None  # decided anew, then


def _run(writing: Writing, entity_id: str) -> str:
    crediting = Crediting(writing.connection, entity_id, Knowledge.at(writing.known_at))
    crediting.of("order", (START, END))
    add_run(
        writing,
        "calc_kept",
        period="2026-09",
        mode="POSTED",
        state="POSTED",
        valid_at=START,
        engine_version="1",
        problems=[],
        final=True,
        waiting_for=[],
        people=0,
        fact_seq=0,
        gathered=0,
        reused_run_id=None,
    )
    keep_credits(writing, "calc_kept", crediting)
    return "calc_kept"


def test_what_became_known_later_changes_no_credit_read_as_known_before(
    sqlite_url: str, tmp_path: Path
) -> None:
    """Facts, links, organisation and rules each at the instant the caller names."""
    with office(sqlite_url, tmp_path) as runtime:
        company = Company(runtime)
        ids = _build(company)
        before = Knowledge.at(runtime.clock())
        company.write(
            lambda writing: publish_credit(
                writing,
                SYSTEM,
                draft_credit(
                    writing,
                    SYSTEM,
                    split_rule(fixed(ids["bo"], "1"), key="all_bos", rank=99),
                    valid_from=START,
                ),
            )
        )
        after = Knowledge.at(runtime.clock())
        aggregate = Aggregate(
            adding=Adding.SUM, fact="order", where=(), unit="CNY", of=None, start=START, end=END
        )
        mixed = Knowledge(
            facts=after.facts,
            links=after.links,
            organisation=after.organisation,
            goals=after.goals,
            rules=before.rules,
            rates=after.rates,
            earned=after.earned,
        )
        with reading(runtime.engine, SYSTEM) as connection:
            sums = [
                add_up(connection, company.entity_id, aggregate, known_at=at).get(ids["anna"])
                for at in (before, mixed, after)
            ]
        assert sums == [18_801, 18_801, None]
