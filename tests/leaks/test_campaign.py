"""Nobody learns what is not theirs: generated questions of thirteen viewers, on both databases.

A case is one question of one viewer, asked in two worlds that differ in what that viewer must not
see. ``./run test --long`` asks half a million of them, which takes hours.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from api.schema import build_schema
from storage.migrate import upgrade
from tests.support.leaks import SIGHTS, Campaign, campaign
from tests.support.planted import BUGS, Bug
from tests.support.questions import question

IS_LONG = os.environ.get("ATTAIN_LONG") == "1"
# Times thirteen viewers and two databases: over 1,000 cases, or half a million.
NUMBERS = 19_500 if IS_LONG else 40


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def made(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Campaign]:
    folder = tmp_path_factory.mktemp("leaks")

    def urls() -> Iterator[str]:
        number = 0
        while True:
            number += 1
            if request.param == "sqlite":
                url = f"sqlite:///{folder / f'{number}.db'}"
                upgrade(url)
            else:
                cluster = request.getfixturevalue("postgres_cluster")
                template = request.getfixturevalue("_postgres_template")
                url = cluster.url(cluster.create_database(template=template))
            yield url

    with campaign(build_schema().core, urls(), folder) as found:
        yield found


@pytest.mark.timeout(0 if IS_LONG else 120)
def test_no_generated_question_of_anybody_leaks(made: Campaign) -> None:
    before = made.answered
    for number in range(NUMBERS):
        for who in SIGHTS:
            leak = made.ask_number(who, number)
            assert leak is None, leak
    # Questions that are all turned away at the door would prove nothing.
    assert made.answered - before > NUMBERS * len(SIGHTS) / 4


def test_the_questions_reach_every_type_and_most_fields(made: Campaign) -> None:
    asked = " ".join(question(made.schema, made.pools, number) for number in range(600))
    query = made.schema.query_type
    assert query is not None
    assert [name for name in query.fields if f": {name}" not in asked] == []


QUESTIONS = (
    "{ people { totalCount nodes { name id staffNumber } } }",
    (
        '{ goals(period: "2026-09", own: true) { totalCount nodes { name lines { target { value } }'
        " progress { actual { value } met } } } }"
    ),
    '{ goals(period: "2026-09") { totalCount nodes { name owner { name } progress { met } } } }',
    (
        '{ goalTree(period: "2026-09") { goal { name } coverage { assigned { value } goals }'
        " below { goal { name } } } }"
    ),
    (
        '{ leaderboard(period: "2026-09") { own { rank value { value } } line { size median'
        " { value } } entries { totalCount nodes { rank value { value } person { name } } } } }"
    ),
    (
        '{ statement(period: "2026-09") { payout { amount } hash amounts { text'
        " facts { totalCount nodes { quantity { value } subject record { content } } } } } }"
    ),
    '{ scoreSheet(period: "2026-09") { score { value } rank reasons { text } } }',
    '{ ledger(period: "2026-09") { net { amount } entries { amount { amount } } } }',
    '{ measurements(period: "2026-09", level: PERSON) { value { value } lastFactOn } }',
    '{ calculations(period: "2026-09") { people payout { amount } resultHash } }',
    "{ quarantine { totalCount nodes { payload problem { code message } } } }",
    "{ waitingIdentities { totalCount nodes { value facts } } }",
    "{ sourceConnections { name runs { counts { name count } } } }",
    "{ auditEvents { totalCount nodes { action subject details } } }",
)


@pytest.mark.parametrize("text", QUESTIONS)
def test_no_plain_question_leaks(made: Campaign, text: str) -> None:
    for who in SIGHTS:
        leak = made.leak_of(who, text)
        assert leak is None, leak


BY_ID = (
    'statement(period: "2026-09", person: "%s") { payout { amount } lines { text } }',
    'scoreSheet(period: "2026-09", person: "%s") { score { value } rank lines { text } }',
    'ledger(period: "2026-09", person: "%s") { net { amount } }',
    'measurements(period: "2026-09", level: PERSON, owner: "%s") { value { value } }',
    'measurements(period: "2026-09", level: TEAM, owner: "%s") { value { value } }',
    'leaderboard(period: "2026-09", measure: "sales", group: "%s") { line { median { value } } }',
    'node(id: "%s") { __typename ... on Person { name staffNumber } }',
    'person(id: "%s") { name staffNumber assignments { unit { name } } }',
)


def test_asking_for_somebody_else_by_id_leaks_nothing(made: Campaign) -> None:
    ids = made.one.ids
    for whose in ("eve", "kai", "bea", "tiny"):
        text = " ".join(f"f{place}: {each}" for place, each in enumerate(BY_ID))
        for who in SIGHTS:
            leak = made.leak_of(who, "{ " + text.replace("%s", ids[whose]) + " }")
            assert leak is None, leak


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_mistake_is_found(
    made: Campaign, bug: Bug, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without this the silence of the campaign could be its deafness."""
    bug.plant(monkeypatch)
    for number in range(400):
        for who in bug.viewers:
            # The whole root finds them as well, and takes longer for it.
            if made.ask_number(who, number, () if IS_LONG else bug.roots) is not None:
                return
    pytest.fail(f"{bug.name} was not found in {400 * len(bug.viewers)} cases")
