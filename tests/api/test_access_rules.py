"""Settings, small groups, deputies and auditors, asked over HTTP as a client asks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from starlette.testclient import TestClient

from actions.decide_settings import decide_settings
from domain.privacy import BoardVisibility
from storage import tables
from storage.accounts import account_by_login
from storage.engine import Writing, changing, reading
from tests.api.company import PEOPLE, Served, calculated, served
from tests.support.company import SYSTEM

BOARD = """query($group: ID, $after: String) {
  leaderboard(period: "2026-09", measure: "sales", group: $group, first: 2, after: $after) {
    visibility own { rank value { value } } line { size median { value } ownGap { value } }
    entries { totalCount pageInfo { hasNextPage endCursor }
              nodes { person { name } value { value } } } } }"""
STATEMENT = """query($person: ID) { statement(period: "2026-09", person: $person) {
  payout { amount } } }"""
DELEGATE = """mutation($input: DelegationCreateInput!) { delegationCreate(input: $input) {
  ... on DelegationCreateSuccess { delegation { id version rights { resource deed } over } }
  ... on Problem { code message } } }"""
SET_GOAL = """mutation($input: GoalSetInput!) { goalSet(input: $input) {
  ... on GoalSetSuccess { goal { id } } ... on Problem { code } } }"""


@pytest.fixture
def made(database_url: str, tmp_path: Path) -> Iterator[Served]:
    with served(database_url, tmp_path) as found:
        yield found


@pytest.fixture
def here(sqlite_url: str, tmp_path: Path) -> Iterator[Served]:
    with served(sqlite_url, tmp_path) as found:
        yield found


def decide(made: Served, **wanted: Any) -> None:
    """Decide for the legal entity from long ago on, which nobody may do but a test."""

    def deed(writing: Writing) -> str:
        return decide_settings(
            writing,
            SYSTEM,
            valid_from=date(2026, 12, 1),
            privacy_minimum=wanted.get("privacy_minimum"),
            leaderboard=wanted.get("leaderboard"),
            team_pay=wanted.get("team_pay"),
            reason="test",
            expected_version=None,
        )

    made.company.write(deed)
    with changing(made.runtime.engine, SYSTEM) as connection:
        guards = [] if connection.dialect.name == "postgresql" else ["entity_setting_no_update"]
        for guard in guards:
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {guard}")
        if not guards:
            connection.exec_driver_sql("ALTER TABLE entity_setting DISABLE TRIGGER USER")
        connection.execute(update(tables.entity_setting).values(valid_from=date(2026, 1, 1)))


def account(made: Served, login: str) -> str:
    with reading(made.runtime.engine, SYSTEM) as connection:
        found = account_by_login(connection, login)
    assert found is not None
    return found.id


def acting(made: Served, who: str, boss: str, query: str, **variables: Any) -> Any:
    """Ask as somebody on behalf of somebody else; the status and the answer."""
    client = TestClient(made.app, client=("127.0.0.1", 50000))
    headers = {
        "accept-language": "en",
        "authorization": f"Bearer {made.token(who)}",
        "x-attain-acting-for": boss,
    }
    response = client.post(
        "/graphql", json={"query": query, "variables": variables}, headers=headers
    )
    return response.status_code, response.json()


# ---- leaderboards ------------------------------------------------------------------------------


def test_a_board_shows_of_others_what_the_legal_entity_decided(here: Served) -> None:
    calculated(here)
    seen = {}
    for setting in BoardVisibility:
        decide(here, leaderboard=setting)
        board = here.data("anna", BOARD)["leaderboard"]
        assert board["visibility"] == setting.value
        assert board["own"] == {"rank": 2, "value": {"value": "1200000.00"}}
        entries = board["entries"]
        others = [row for row in entries["nodes"] if row["person"]["name"] != "anna"]
        values = [row["value"] for row in others]
        seen[setting] = (
            entries["totalCount"],
            len(others),
            any(values),
            board["line"] is not None,
            entries["pageInfo"]["hasNextPage"],
        )
    assert seen == {
        BoardVisibility.NAMES_AND_VALUES: (5, 1, True, True, True),
        BoardVisibility.NAMES_AND_RANKS: (5, 1, False, True, True),
        BoardVisibility.OWN_LINE_AND_MEDIAN: (1, 0, False, True, False),
        BoardVisibility.OWN_LINE_ONLY: (1, 0, False, False, False),
    }


def test_a_board_of_the_own_line_cannot_be_walked_with_a_cursor(here: Served) -> None:
    calculated(here)
    cursor = here.data("anna", BOARD)["leaderboard"]["entries"]["pageInfo"]["endCursor"]
    decide(here, leaderboard=BoardVisibility.OWN_LINE_ONLY)
    board = here.data("anna", BOARD, after=cursor)["leaderboard"]
    assert [row["person"]["name"] for row in board["entries"]["nodes"]] == ["anna"]
    other = here.data("anna", BOARD, group=here.ids["south"])["leaderboard"]
    assert (other["entries"]["totalCount"], other["entries"]["nodes"]) == (0, [])
    assert other["line"] is None
    # Who sees everybody's performance anyway sees the board.
    assert here.data("meng", BOARD)["leaderboard"]["entries"]["totalCount"] == 5


def test_the_stricter_of_then_and_now_holds(here: Served) -> None:
    calculated(here)
    decide(here, privacy_minimum=3)
    south = here.data("fang", BOARD)["leaderboard"]
    assert south["line"] is None  # two people
    decide(here, privacy_minimum=6)
    assert here.data("anna", BOARD)["leaderboard"]["line"] is None


def test_settings_are_changed_by_hr_from_today_on_and_never_below_three(made: Served) -> None:
    change = """mutation($input: LegalEntitySettingsChangeInput!) {
      legalEntitySettingsChange(input: $input) {
        ... on LegalEntitySettingsChangeSuccess { settings {
          privacyMinimum leaderboard teamPayAllowed validFrom version } }
        ... on Problem { code } } }"""
    given = {
        "idempotencyKey": "settings-1",
        "validFrom": "2026-12-01",
        "privacyMinimum": 7,
        "reason": "asked for by the works council",
    }

    def answer(who: str, **more: object) -> Any:
        return made.data(who, change, input=given | more)["legalEntitySettingsChange"]

    assert answer("hr")["settings"] == {
        "privacyMinimum": 7,
        "leaderboard": "NAMES_AND_RANKS",
        "teamPayAllowed": False,
        "validFrom": "2026-12-01",
        "version": 1,
    }
    low = answer("hr", idempotencyKey="settings-2", privacyMinimum=2)
    assert low["code"] == "PRIVACY_MINIMUM_LOW"
    past = answer("hr", idempotencyKey="settings-3", validFrom="2026-01-01")
    assert past["code"] == "SETTINGS_BACKDATED"
    stale = answer("hr", idempotencyKey="settings-4", expectedVersion=0)
    assert stale["code"] == "VERSION_CONFLICT"
    assert answer("meng", idempotencyKey="settings-5")["code"] == "FORBIDDEN"
    query = '{ legalEntitySettings(validAt: "%s") { privacyMinimum } }'
    held = [
        made.data("anna", query % day)["legalEntitySettings"]["privacyMinimum"]
        for day in ("2026-11-30", "2026-12-01")
    ]
    assert held == [5, 7]


# ---- small groups --------------------------------------------------------------------------------


MEASURE = """query($level: GoalLevel!, $owner: ID, $known: Instant) {
  measurements(period: "2026-09", level: $level, owner: $owner, knownAt: $known,
               metrics: ["sales"]) { value { value } } }"""


def test_a_member_sees_no_total_whose_rest_is_small(made: Served) -> None:
    def value(who: str, level: str, owner: str | None = None, **more: Any) -> str | None:
        answer = made.ask(who, MEASURE, level=level, owner=owner, **more)
        found = (answer.get("data") or {}).get("measurements")
        return found[0]["value"]["value"] if found else None

    north = made.ids["north"]
    assert value("anna", "COMPANY") == "6799999.99"
    # The company less north would be the two people of south.
    assert value("anna", "UNIT", north) is None
    assert value("fang", "UNIT", made.ids["south"]) is None
    # Who sees everybody of it sees the total; the company is more than that.
    assert value("meng", "UNIT", north) == "5499999.99"
    assert value("meng", "COMPANY") is None
    assert value("hr", "UNIT", made.ids["south"]) == "1300000.00"
    # Two readings around a correction would differ by one person.
    assert value("anna", "COMPANY", known="2026-10-01T08:00:30Z") is None


def test_the_progress_of_the_companys_goal_follows_the_same_rule(here: Served) -> None:
    query = """{ goals { nodes { owner { level } progress { actual { value } } } } }"""

    def whole(who: str) -> bool:
        goals = here.data(who, query)["goals"]["nodes"]
        (company,) = [each for each in goals if each["owner"]["level"] == "COMPANY"]
        return bool(company["progress"])

    assert whole("anna")
    assert not whole("meng")
    decide(here, privacy_minimum=9)
    assert not whole("anna")


def test_the_gap_in_the_cascade_counts_only_goals_that_are_seen(here: Served) -> None:
    query = """query($id: ID!) { goalTree(goal: $id) { below { owner { name } }
      coverage { metric { key } goals } } }"""
    goals = here.data("hr", "{ goals { nodes { id owner { level } } } }")["goals"]["nodes"]
    (whole,) = [each["id"] for each in goals if each["owner"]["level"] == "COMPANY"]
    tree = here.data("anna", query, id=whole)["goalTree"]
    assert [each["owner"]["name"] for each in tree["below"]] == ["anna"]
    assert {row["goals"] for row in tree["coverage"]} == {1}


# ---- deputies ------------------------------------------------------------------------------------


def delegated(made: Served, **more: object) -> dict[str, Any]:
    given = {
        "idempotencyKey": "delegate-1",
        "to": account(made, "bo"),
        "rights": [
            {"resource": "GOAL", "deed": "READ"},
            {"resource": "GOAL", "deed": "WRITE"},
            {"resource": "PERFORMANCE", "deed": "READ"},
        ],
        "validFrom": "2026-10-01",
        "validTo": "2026-11-01",
        "reason": "on leave",
    }
    found: dict[str, Any] = made.data("meng", DELEGATE, input=given | more)["delegationCreate"]
    return found


def goal_of(made: Served, name: str, key: str) -> dict[str, object]:
    return {
        "idempotencyKey": key,
        "level": "PERSON",
        "owner": made.ids[name],
        "name": "More",
        "period": "2026-10",
        "validFrom": "2026-10-01",
        "lines": [{"metric": "sales", "unit": "CNY", "target": "1100000.00"}],
    }


def test_a_deputy_does_what_was_handed_on_and_both_stand_in_the_trail(made: Served) -> None:
    calculated(made)
    boss = account(made, "meng")
    assert acting(made, "bo", boss, "{ viewer { account } }")[0] == 403
    found = delegated(made)["delegation"]
    status, answer = acting(
        made, "bo", boss, "{ viewer { account actingFor { account rights { resource deed } } } }"
    )
    assert status == 200
    assert answer["data"]["viewer"]["account"] == account(made, "bo")
    assert answer["data"]["viewer"]["actingFor"]["account"] == boss
    _, answer = acting(made, "bo", boss, SET_GOAL, input=goal_of(made, "anna", "deputy-1"))
    assert "goal" in answer["data"]["goalSet"]
    with reading(made.runtime.engine, SYSTEM) as connection:
        event = tables.audit_event.c
        rows = connection.execute(
            select(event.account_id, event.on_behalf_of).where(event.action == "goalSet")
        ).all()
    assert rows == [(account(made, "bo"), boss)]
    # Neither the own goal nor that of the person behind the delegator.
    for who in ("bo", "meng"):
        _, answer = acting(made, "bo", boss, SET_GOAL, input=goal_of(made, who, f"own-{who}-1"))
        assert answer["data"]["goalSet"]["code"] == "GOAL_OWN"
    # Pay was not handed on, and cannot be: a manager has none but the own.
    _, answer = acting(made, "bo", boss, STATEMENT, person=made.ids["meng"])
    assert [each["extensions"]["code"] for each in answer["errors"]] == ["ACTING_BEYOND"]
    # Without the header nothing has changed for the deputy.
    assert made.data("bo", "{ viewer { actingFor { account } } }")["viewer"]["actingFor"] is None
    revoke = """mutation($input: DelegationRevokeInput!) { delegationRevoke(input: $input) {
      ... on DelegationRevokeSuccess { delegation { over } } ... on Problem { code } } }"""
    ended = {"idempotencyKey": "revoke-1", "delegation": found["id"], "expectedVersion": 1}
    strange = ended | {"idempotencyKey": "revoke-2"}
    assert made.data("chen", revoke, input=strange)["delegationRevoke"]["code"] == "NOT_FOUND"
    assert made.data("meng", revoke, input=ended)["delegationRevoke"]["delegation"]["over"]
    assert acting(made, "bo", boss, "{ viewer { account } }")[0] == 403


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"rights": [{"resource": "PAY", "deed": "READ"}]}, "DELEGATION_NOT_HELD"),
        ({"rights": [{"resource": "ACCOUNT", "deed": "WRITE"}]}, "DELEGATION_NOT_HELD"),
        ({"rights": []}, "LIST_EMPTY"),
        ({"validTo": "2027-10-01"}, "DELEGATION_TOO_LONG"),
        ({"validFrom": "2026-09-01"}, "DELEGATION_BACKDATED"),
        ({"validTo": "2026-10-01"}, "DATES_REVERSED"),
        ({"reason": " "}, "TEXT_EMPTY"),
        ({"to": "meng"}, "DELEGATION_TO_SELF"),
        ({"to": "admin"}, "DELEGATION_TO_ADMINISTRATOR"),
    ],
)
def test_a_delegation_has_limits(here: Served, more: dict[str, object], code: str) -> None:
    if "to" in more:
        more = {"to": account(here, str(more["to"]))}
    assert delegated(here, **more)["code"] == code


def test_a_deputy_cannot_hand_the_rights_on(here: Served) -> None:
    assert "delegation" in delegated(here)
    given = {
        "idempotencyKey": "again-one",
        "to": account(here, "chen"),
        "rights": [{"resource": "GOAL", "deed": "WRITE"}],
        "validFrom": "2026-10-01",
        "validTo": "2026-10-02",
        "reason": "busy",
    }
    status, answer = acting(here, "bo", account(here, "meng"), DELEGATE, input=given)
    assert status == 200, answer
    assert answer["data"]["delegationCreate"]["code"] == "DELEGATION_NOT_PASSED_ON"


# ---- auditors and administrators -----------------------------------------------------------------


def test_an_auditor_reads_pay_under_a_reason_and_leaves_a_line_for_each_person(
    made: Served,
) -> None:
    calculated(made)
    anna, bo = made.ids["anna"], made.ids["bo"]
    shut = made.ask("auditor", STATEMENT, person=anna)
    assert [each["extensions"]["code"] for each in shut["errors"]] == ["REASON_REQUIRED"]
    assert "accessReasonOpen" in shut["errors"][0]["message"]
    opening = """mutation($input: AccessReasonOpenInput!) { accessReasonOpen(input: $input) {
      ... on AccessReasonOpenSuccess { id expiresAt } ... on Problem { code } } }"""
    given = {"idempotencyKey": "reason-1", "reason": "complaint 17", "subject": anna}
    opened = made.data("auditor", opening, input=given)["accessReasonOpen"]
    for _ in range(2):
        read = made.data("auditor", STATEMENT, person=anna)["statement"]
        assert read["payout"]["amount"] == "7700.00"
    assert made.codes("auditor", STATEMENT, person=bo) == ["REASON_REQUIRED"]
    # What all earn together is not what one reason for one person opens.
    runs = made.data("auditor", "{ calculations { people payout { amount } } }")["calculations"]
    assert [run["payout"] for run in runs] == [None]
    with reading(made.runtime.engine, SYSTEM) as connection:
        event = tables.audit_event.c
        rows = connection.execute(
            select(event.account_id, event.subject_id, event.details).where(
                event.action == "payRead"
            )
        ).all()
    who = account(made, "auditor")
    assert rows == [(who, anna, {"reason": opened["id"], "period": "2026-09"})]
    refused = made.data("hr", opening, input=given | {"idempotencyKey": "reason-2"})
    assert refused["accessReasonOpen"]["code"] == "FORBIDDEN"


def test_a_reason_ends_by_itself(here: Served) -> None:
    calculated(here)
    opening = """mutation { accessReasonOpen(input: {idempotencyKey: "reason-1",
      reason: "yearly audit"}) { ... on AccessReasonOpenSuccess { id } } }"""
    here.data("auditor", opening)
    assert "errors" not in here.ask("auditor", STATEMENT, person=here.ids["bo"])
    clock = here.runtime.clock
    clock.now = clock.now.replace(hour=clock.now.hour + 2)  # type: ignore[attr-defined]
    assert here.codes("auditor", STATEMENT, person=here.ids["bo"]) == ["REASON_REQUIRED"]


def test_searching_and_counting_speak_only_of_whom_one_sees(here: Served) -> None:
    query = "query($s: String) { people(search: $s) { totalCount nodes { name } } }"
    for name in PEOPLE:
        found = here.data("anna", query, s=name)["people"]
        assert found["totalCount"] == int(name == "anna"), name
    assert here.data("meng", query, s="fang")["people"]["totalCount"] == 0


PERMISSIONS = """query($of: ID) { permissions(subject: $of) {
  resource deed allowed range role unit delegation reason ask } }"""


def test_everybody_learns_what_they_may_do_and_why_not(made: Served) -> None:
    def answers(who: str, subject: str | None, language: str = "en") -> dict[str, Any]:
        rows = made.data(who, PERMISSIONS, language, of=subject)["permissions"]
        return {f"{row['resource']} {row['deed']}": row for row in rows}

    anna = made.ids["anna"]
    found = answers("meng", anna)
    assert found["PERFORMANCE READ"] == {
        "resource": "PERFORMANCE",
        "deed": "READ",
        "allowed": True,
        "range": "SUBTREE",
        "role": "MANAGER",
        "unit": made.ids["north"],
        "delegation": None,
        "reason": None,
        "ask": None,
    }
    pay = found["PAY READ"]
    assert (pay["allowed"], pay["range"]) == (False, "NONE")
    assert pay["reason"]
    assert pay["ask"]
    # Out of reach looks the same as not there.
    there, nowhere = answers("meng", made.ids["fang"]), answers("meng", "per_" + "0" * 26)
    assert there == nowhere
    assert answers("meng", None)["PERFORMANCE READ"]["allowed"]
    assert "审计" in answers("auditor", anna, "zh-CN")["PAY READ"]["reason"]
    for row in answers("admin", anna).values():
        assert row["allowed"] is False or row["resource"] in {
            "ACCOUNT",
            "AUDIT",
            "SETTING",
            "TOKEN",
            "UNIT",
        }
