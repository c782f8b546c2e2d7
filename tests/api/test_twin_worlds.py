"""Two worlds that differ only in what a viewer must not see give that viewer the same answers."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis_graphql import queries

from actions.deed import Runtime
from storage import tables
from storage.engine import open_engine
from tests.api.company import PEOPLE, Served, calculated, served
from tests.api.test_any_input import PRINTED, SCALARS, TRIES
from tests.support.keys import keys
from tests.support.sealed import rewrite

NORTH = [name for name, (team, _, _) in PEOPLE.items() if team == "north"]
# Of people whom the viewer does not see, everything that is theirs alone is another number.
CHANGES = (
    (
        "UPDATE fact SET quantity = quantity + 777, subject = subject || 'x' WHERE identity_id IN"
        " (SELECT identity_id FROM identity_link WHERE person_id IN ({people}))"
    ),
    ("UPDATE result SET score = score + 777, row_hash = '0' WHERE person_id IN ({people})"),
    (
        "UPDATE goal_line SET target = target + 777 WHERE goal_id IN"
        " (SELECT id FROM goal WHERE owner_id IN ({people}))"
    ),
    "UPDATE standing SET value_num = value_num + 777 WHERE person_id IN ({people})",
)


class Twins:
    """The same company twice: as it is, and with other numbers for the people of north."""

    def __init__(self, one: Served, other: Served) -> None:
        self.one = one
        self.other = other

    def same(self, who: str, text: str, *, by_chance: bool = False) -> None:
        """Ask both and hold the answers against each other, errors and counts included."""
        answers = [each.ask(who, text) for each in (self.one, self.other)]
        if by_chance and all(each.get("data", 0) is None for each in answers):
            # Fields of the root run side by side: which of several refusals comes first is chance.
            return
        first, second = (_without_request(each) for each in answers)
        assert first == second, (who, text)


def _without_request(answer: dict[str, object]) -> str:
    """Leave out the number that every request has of its own."""
    text = str(answer)
    while "'requestId': '" in text:
        start = text.index("'requestId': '")
        text = text[:start] + text[text.index("'", start + 14) + 1 :]
    return text


@pytest.fixture(scope="module")
def twins(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twins]:
    folder = tmp_path_factory.mktemp("twins")
    first, second = folder / "one.db", folder / "other.db"
    shutil.copyfile(_sqlite_template, first)
    with served(f"sqlite:///{first}", folder) as one:
        calculated(one)
        for who in ("fang", "bo", "meng", "admin"):
            one.token(who)
        with sqlite3.connect(first) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copyfile(first, second)
        north = [one.ids[name] for name in NORTH]
        engine = open_engine(f"sqlite:///{second}", keys())
        for table, column in ((tables.result, "payout"), (tables.ledger_entry, "amount")):
            assert rewrite(engine, table.c[column], _more, table.c.person_id.in_(north)) > 0
        _change(second, north)
        other = _twin(one, replace(one.runtime, engine=engine))
        yield Twins(one, other)
        engine.dispose()


def _twin(one: Served, runtime: Runtime) -> Served:
    other = Served(one.company, one.ids, runtime)
    other.borrow_tokens(one)
    return other


def _more(cents: int) -> int:
    return cents + 777


def _change(file: Path, people: list[str]) -> None:
    ids = ", ".join(f"'{person}'" for person in people)
    with sqlite3.connect(file) as database:
        for (trigger,) in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            database.execute(f"DROP TRIGGER {trigger}")
        for change in CHANGES:
            done = database.execute(change.format(people=ids))
            assert done.rowcount > 0, change


@TRIES
@given(text=queries(PRINTED, custom_scalars=SCALARS), who=st.sampled_from(["fang", "admin"]))
def test_what_a_stranger_asks_does_not_depend_on_what_they_may_not_see(
    twins: Twins, text: str, who: str
) -> None:
    twins.same(who, text, by_chance=True)


# Not the progress of the company's goal: its total is for all of them, so it differs by design.
QUESTIONS = (
    "{ people { totalCount nodes { name id } } }",
    (
        '{ goals(period: "2026-09", own: true) { totalCount nodes { name lines { target { value } }'
        " progress { actual { value } met } } } }"
    ),
    (
        '{ leaderboard(period: "2026-09") { own { rank value { value } } line { median { value } }'
        " entries { totalCount nodes { rank value { value } person { name } } } } }"
    ),
    (
        '{ statement(period: "2026-09") { payout { amount } hash amounts { text'
        " facts { totalCount nodes { quantity { value } record { content } } } } } }"
    ),
    '{ scoreSheet(period: "2026-09") { score { value } rank reasons { text } } }',
    '{ ledger(period: "2026-09") { net { amount } entries { amount { amount } } } }',
    '{ measurements(period: "2026-09", level: PERSON) { value { value } } }',
    '{ calculations(period: "2026-09") { people payout { amount } resultHash } }',
    "{ quarantine { totalCount nodes { problem { code } } } }",
    "{ waitingIdentities { totalCount nodes { value facts } } }",
)


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_plain_question_leaks_the_numbers_of_another_team(twins: Twins, question: str) -> None:
    twins.same("fang", question)
    twins.same("admin", question)


@pytest.mark.parametrize("level", ["PERSON", "UNIT", "TEAM", "PLATFORM"])
def test_values_of_others_are_not_measured_for_a_stranger(twins: Twins, level: str) -> None:
    for owner in (*NORTH, "north"):
        question = (
            f'{{ measurements(period: "2026-09", level: {level}, owner: "{twins.one.ids[owner]}")'
            " { value { value } } }"
        )
        twins.same("fang", question)
        twins.same("admin", question)


def test_the_twins_do_differ_for_who_may_see_it(twins: Twins) -> None:
    question = '{ ledger(period: "2026-09") { net { amount } } }'
    with pytest.raises(AssertionError):
        twins.same("bo", question)
    board = '{ leaderboard(period: "2026-09") { entries { nodes { value { value } } } } }'
    with pytest.raises(AssertionError):
        twins.same("meng", board)


@pytest.mark.parametrize(
    "field",
    [
        "statement(%s) { payout { amount } hash lines { text } }",
        "scoreSheet(%s) { score { value } rank lines { text } }",
        "ledger(%s) { net { amount } entries { amount { amount } } }",
    ],
)
def test_pay_and_scores_of_others_look_like_nothing_to_a_stranger(twins: Twins, field: str) -> None:
    for owner in NORTH:
        arguments = f'period: "2026-09", person: "{twins.one.ids[owner]}"'
        question = "{ " + field.replace("%s", arguments) + " }"
        twins.same("fang", question)
        twins.same("admin", question)
