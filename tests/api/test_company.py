"""A company asked over HTTP: who sees what, why a number is what it is, and what a deed answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import event

from tests.api.company import PEOPLE, Served, calculated, served

KEY = "key-of-the-test"
STATEMENT = """query($person: ID, $period: Period!) { statement(person: $person, period: $period) {
  person { name } payout { amount currency text } hash
  amounts { name text number { value unit } problems { code } }
  lines { name kind }
} }"""
SCORE = """query($person: ID, $period: Period!) { scoreSheet(person: $person, period: $period) {
  score { value text } rank reasons { key text number { value } }
} }"""


@pytest.fixture
def made(database_url: str, tmp_path: Path) -> Iterator[Served]:
    """The company, on each database in turn."""
    with served(database_url, tmp_path) as found:
        yield found


@pytest.fixture
def here(sqlite_url: str, tmp_path: Path) -> Iterator[Served]:
    """The company on SQLite alone, where the database makes no difference."""
    with served(sqlite_url, tmp_path) as found:
        yield found


def test_everybody_sees_the_people_of_the_own_reach(made: Served) -> None:
    query = "{ people { totalCount nodes { name assignments { unit { name } role } } } }"

    def names(who: str) -> list[str]:
        return [person["name"] for person in made.data(who, query)["people"]["nodes"]]

    assert names("hr") == sorted([*PEOPLE, "meng"])
    assert names("meng") == ["anna", "bo", "chen", "dai", "eve", "meng"]
    assert names("anna") == ["anna"]
    assert made.codes("admin", query) == ["FORBIDDEN"]
    assert made.codes(None, query) == ["SIGN_IN_REQUIRED"]


def test_a_statement_says_why_down_to_the_order(made: Served) -> None:
    calculated(made)
    found = made.data("anna", STATEMENT, period="2026-09")["statement"]
    assert found["payout"] == {"amount": "7700.00", "currency": "CNY", "text": "CN¥7,700.00"}
    assert [(line["name"], line["number"]["value"]) for line in found["amounts"]] == [
        ("base_bonus.amount", "5000.00"),
        ("excess_share.amount", "2000.00"),
        ("retention_kicker.amount", "700.00"),
    ]
    assert found["amounts"][0]["text"] == (
        "Base bonus: CN¥1,200,000.00 against the target CN¥1,000,000.00 meets it: CN¥5,000.00."
    )
    facts = made.data(
        "anna",
        """{ statement(period: "2026-09") { amounts { name facts { totalCount nodes {
           businessDate kind quantity { text } attributes } } } } }""",
    )["statement"]["amounts"][0]["facts"]
    assert facts["totalCount"] == 1
    assert facts["nodes"][0]["quantity"]["text"] == "CN¥1,200,000.00"
    assert facts["nodes"][0]["attributes"] == {"channel": "shop"}


def test_a_statement_reads_in_both_languages(here: Served) -> None:
    calculated(here)
    for language, currency in (("en", "CN¥7,700.00"), ("zh-CN", "¥7,700.00")):
        found = here.data("anna", STATEMENT, language, period="2026-09")["statement"]
        assert found["payout"]["text"] == currency
        for line in found["amounts"]:
            assert "–" not in line["text"]
            assert line["problems"] == []
    chinese = here.data("anna", STATEMENT, "zh-CN", period="2026-09")["statement"]
    assert "目标" in chinese["amounts"][0]["text"]
    english = here.data("anna", STATEMENT, "en", period="2026-09")["statement"]
    assert chinese["hash"] == english["hash"]


def test_pay_is_seen_by_the_person_and_by_hr_and_not_by_the_manager(made: Served) -> None:
    calculated(made)
    anna = made.ids["anna"]
    arguments = {"person": anna, "period": "2026-09"}
    assert made.data("hr", STATEMENT, **arguments)["statement"]["payout"]["amount"] == "7700.00"
    assert made.codes("meng", STATEMENT, **arguments) == ["NOT_FOUND"]
    assert made.codes("bo", STATEMENT, **arguments) == ["NOT_FOUND"]
    assert made.codes("admin", STATEMENT, **arguments) == ["FORBIDDEN"]
    # The manager sees the performance of the own team, and of no other.
    assert made.data("meng", SCORE, **arguments)["scoreSheet"]["score"] is not None
    arguments["person"] = made.ids["fang"]
    assert made.codes("meng", SCORE, **arguments) == ["NOT_FOUND"]


def test_every_lost_point_has_a_reason(here: Served) -> None:
    calculated(here)
    found = here.data("dai", SCORE, period="2026-09")["scoreSheet"]
    lost = {reason["key"]: reason["number"]["value"] for reason in found["reasons"]}
    assert lost["sales"] == "-12.0000"
    assert all(reason["text"] for reason in found["reasons"])


def test_the_leaderboard_has_ranks_the_own_entry_and_the_gap_to_the_median(made: Served) -> None:
    calculated(made)
    query = """query($after: String, $group: ID) {
      leaderboard(period: "2026-09", measure: "sales", first: 2, after: $after, group: $group) {
        own { rank value { text } } line { size median { value } ownGap { value } }
        entries { totalCount pageInfo { hasNextPage endCursor }
                  nodes { rank person { name } own value { value } } } } }"""
    board = made.data("anna", query)["leaderboard"]
    assert board["own"] == {"rank": 2, "value": {"text": "CN¥1,200,000.00"}}
    assert board["line"] == {
        "size": 5,
        "median": {"value": "1000000.00"},
        "ownGap": {"value": "200000.00"},
    }
    assert [row["person"]["name"] for row in board["entries"]["nodes"]] == ["eve", "anna"]
    assert [row["value"] is None for row in board["entries"]["nodes"]] == [True, False]
    cursor = board["entries"]["pageInfo"]["endCursor"]
    rest = made.data("anna", query, after=cursor)["leaderboard"]["entries"]
    assert [row["person"]["name"] for row in rest["nodes"]] == ["bo", "chen"]
    # The manager is not on the board and sees that of the own team, with the values.
    manager = made.data("meng", query)["leaderboard"]
    assert manager["own"] is None
    assert all(row["value"] is not None for row in manager["entries"]["nodes"])
    other = made.data("meng", query, group=made.ids["south"])["leaderboard"]
    assert all(row["value"] is None for row in other["entries"]["nodes"])
    assert made.codes("hr", query) == ["BOARD_UNIT_NEEDED"]


def test_a_group_below_the_privacy_minimum_shows_no_median(here: Served) -> None:
    calculated(here)
    query = """{ leaderboard(period: "2026-09", measure: "sales") {
      line { median { value } } own { rank } } }"""
    assert here.data("fang", query)["leaderboard"] == {"line": None, "own": {"rank": 1}}


def test_the_own_goals_are_one_argument_away(here: Served) -> None:
    query = "{ goals(own: true) { nodes { owner { name } } } }"
    assert here.data("bo", query)["goals"]["nodes"] == [{"owner": {"name": "bo"}}]
    assert here.data("hr", query)["goals"]["nodes"] == []


def test_goals_form_a_tree_whose_gaps_are_named(made: Served) -> None:
    goals = made.data(
        "anna", "{ goals { nodes { id owner { level name } lines { target { text } } } } }"
    )
    owners = {goal["owner"]["level"]: goal for goal in goals["goals"]["nodes"]}
    assert owners["PERSON"]["owner"]["name"] == "anna"
    tree = made.data(
        "hr",
        "query($id: ID!) { goalTree(goal: $id) { below { owner { name } }"
        " coverage { metric { key } gap { value } goals } } }",
        id=owners["COMPANY"]["id"],
    )["goalTree"]
    assert len(tree["below"]) == len(PEOPLE)
    (sales,) = [row for row in tree["coverage"] if row["metric"]["key"] == "sales"]
    assert sales == {"metric": {"key": "sales"}, "gap": {"value": "500000.00"}, "goals": 7}


SET = """mutation($input: GoalSetInput!) { goalSet(input: $input) {
  ... on GoalSetSuccess { goal { name version lines { metric { key } } } problems { code } }
  ... on Problem { __typename code message }
  ... on InvalidProblem { problems { code path message } } } }"""


def _goal(made: Served, **more: object) -> dict[str, object]:
    return {
        "idempotencyKey": KEY,
        "level": "PERSON",
        "owner": made.ids["bo"],
        "name": "More",
        "validFrom": "2026-10-01",
        **more,
    }


def test_a_vague_goal_is_refused_with_every_reason_in_the_readers_language(made: Served) -> None:
    answer = made.data("meng", SET, "zh-CN", input=_goal(made, lines=[{"target": "1"}]))["goalSet"]
    assert answer["__typename"] == "InvalidProblem"
    assert {problem["path"] for problem in answer["problems"]} >= {"period", "lines[0]"}
    assert all("不明确" in problem["message"] for problem in answer["problems"])


def test_a_manager_sets_goals_of_the_own_team_only(made: Served) -> None:
    lines = [{"metric": "sales", "unit": "CNY", "target": "1100000.00"}]
    given = _goal(made, period="2026-10", lines=lines)
    first = made.data("meng", SET, input=given)["goalSet"]
    assert first["goal"] == {"name": "More", "version": 1, "lines": [{"metric": {"key": "sales"}}]}
    assert made.data("meng", SET, input=given)["goalSet"] == first
    other = made.data("meng", SET, input=given | {"name": "Other"})["goalSet"]
    assert (other["__typename"], other["code"]) == ("ConflictProblem", "IDEMPOTENCY_KEY_REUSED")
    south = given | {"owner": made.ids["fang"], "idempotencyKey": "another-key"}
    assert made.data("meng", SET, input=south)["goalSet"]["__typename"] in {
        "NotFoundProblem",
        "ForbiddenProblem",
    }
    assert made.data("bo", SET, input=given)["goalSet"]["code"] == "FORBIDDEN"


MOVE = """mutation($input: PersonMoveInput!) { personMove(input: $input) {
  ... on PersonMoveSuccess { person { version assignments { unit { name } } } }
  ... on Problem { __typename code message } } }"""


def test_a_move_changes_the_present_and_not_the_past(made: Served) -> None:
    who = """query($id: ID!, $on: BusinessDate) {
      person(id: $id, validAt: $on) { version assignments { unit { name } } } }"""
    bo = made.ids["bo"]
    version = made.data("hr", who, id=bo)["person"]["version"]
    place = {"unit": made.ids["south"], "position": "sales"}
    given = {
        "idempotencyKey": KEY,
        "person": bo,
        "expectedVersion": version,
        "on": "2026-10-16",
        "place": place,
    }
    moved = made.data("hr", MOVE, input=given)["personMove"]["person"]
    assert moved["assignments"] == [{"unit": {"name": "south"}}]
    before = made.data("hr", who, id=bo, on="2026-10-15")["person"]
    assert before["assignments"] == [{"unit": {"name": "north"}}]
    stale = made.data("hr", MOVE, input=given | {"idempotencyKey": "later-key"})["personMove"]
    assert (stale["__typename"], stale["code"]) == ("ConflictProblem", "VERSION_CONFLICT")
    assert made.data("meng", MOVE, input=given)["personMove"]["code"] == "FORBIDDEN"


def test_definitions_are_read_and_published_with_their_problems_named(made: Served) -> None:
    found = made.data(
        "anna",
        "{ metrics { nodes { key unit direction factKinds document } }"
        " scorecards { nodes { key items { metric { key } weight { value } } } }"
        " planVersions(state: PUBLISHED) { nodes { key components { key kind } } } }",
    )
    assert [metric["key"] for metric in found["metrics"]["nodes"]] == [
        "retention",
        "sales",
        "visits",
    ]
    assert [item["weight"]["value"] for item in found["scorecards"]["nodes"][0]["items"]] == [
        "60.0000",
        "30.0000",
        "10.0000",
    ]
    assert [each["kind"] for each in found["planVersions"]["nodes"][0]["components"]] == [
        "BONUS_WHEN_MET",
        "RATE_ON_EXCESS",
        "KICKER",
    ]
    define = """mutation($input: MetricDefineInput!) { metricDefine(input: $input) {
      ... on MetricDefineSuccess { metric { key } }
      ... on InvalidProblem { code problems { code path message } } ... on Problem { code } } }"""
    document = dict(found["metrics"]["nodes"][1]["document"], unit="NOTHING", direction="UP")
    given = {"idempotencyKey": KEY, "document": document, "validFrom": "2026-10-01"}
    refused = made.data("hr", define, input=given)["metricDefine"]
    assert {problem["path"] for problem in refused["problems"]} == {"unit", "direction"}
    assert made.data("meng", define, input=given)["metricDefine"]["code"] == "FORBIDDEN"


START = """mutation($input: CalculationStartInput!) { calculationStart(input: $input) {
  ... on CalculationStartSuccess { job { id state } } ... on Problem { code message } } }"""
JOB = """query($id: ID!) { job(id: $id) { state problem { code } calculation {
  final people payout { amount } waitingFor { fact } resultHash } } }"""


def test_a_calculation_is_queued_once_per_key_and_shows_what_it_waits_for(made: Served) -> None:
    given = {"idempotencyKey": KEY, "period": "2026-09", "mode": "TRIAL"}
    job = made.data("hr", START, input=given)["calculationStart"]["job"]
    assert made.data("hr", START, input=given)["calculationStart"]["job"]["id"] == job["id"]
    assert job["state"] == "QUEUED"
    assert made.work() == 1
    done = made.data("hr", JOB, id=job["id"])["job"]
    run = done["calculation"]
    assert (done["state"], run["final"], run["people"]) == ("DONE", False, 7)
    assert run["payout"]["amount"] == "22700.00"
    assert {waiting["fact"] for waiting in run["waitingFor"]} == {"order", "visit"}
    # A trial is no news for the people it is about.
    assert made.codes("anna", STATEMENT, period="2026-09") == ["RUN_MISSING"]
    assert made.data("hr", STATEMENT, period="2026-09", person=made.ids["anna"])["statement"]
    assert made.codes("meng", JOB, id=job["id"]) == ["FORBIDDEN"]


def test_posting_before_the_sources_are_complete_is_refused_in_the_job(here: Served) -> None:
    given = {"idempotencyKey": KEY, "period": "2026-09", "mode": "POSTED"}
    job = here.data("hr", START, input=given)["calculationStart"]["job"]
    here.work()
    done = here.data("hr", JOB, id=job["id"])["job"]
    assert (done["state"], done["problem"]["code"]) == ("FAILED", "SOURCE_NOT_READY")
    assert here.data("meng", START, input=given)["calculationStart"]["code"] == "FORBIDDEN"


def test_the_ledger_is_the_sum_of_all_entries(made: Served) -> None:
    calculated(made)
    query = (
        """{ ledger(period: "2026-09") { net { amount } entries { kind amount { amount } } } }"""
    )
    assert made.data("anna", query)["ledger"]["net"] == [{"amount": "7700.00"}]
    assert len(made.data("anna", query)["ledger"]["entries"]) == 3


def test_one_question_answers_what_matters_how_it_stands_and_what_it_pays(here: Served) -> None:
    calculated(here)
    answer = here.data(
        "anna",
        """query($me: ID!) {
          goals(owner: $me, period: "2026-09") { nodes { lines { target { text } } } }
          scoreSheet(period: "2026-09") { score { text } reasons { text } }
          statement(period: "2026-09") { payout { text } }
          leaderboard(period: "2026-09") { own { rank } } }""",
        me=here.ids["anna"],
    )
    assert len(answer["goals"]["nodes"][0]["lines"]) == 3
    assert answer["statement"]["payout"]["text"] == "CN¥7,700.00"
    assert answer["leaderboard"]["own"]["rank"] == 2


def test_a_demo_server_lists_whom_one_may_become(here: Served) -> None:
    people = here.data(None, "{ demo { people { login name } } }")["demo"]["people"]
    assert {"login": "anna", "name": "anna"} in people
    assert {"login": "hr", "name": "hr"} in people
    who = here.data("anna", "{ viewer { person { name } roles { role legalEntity { name } } } }")
    assert who["viewer"] == {
        "person": {"name": "anna"},
        "roles": [{"role": "SALESPERSON", "legalEntity": {"name": "Hejia"}}],
    }


def test_a_session_that_was_ended_is_worth_nothing(here: Served) -> None:
    here.data("anna", "mutation { sessionRevoke(input: {everywhere: true}) { __typename } }")
    assert here.data("anna", "{ viewer { account } }") == {"viewer": None}


def test_a_foreign_or_broken_id_looks_like_nothing(here: Served) -> None:
    query = "query($id: ID!) { person(id: $id) { name } }"
    for wrong in ("per_00000000000000000000000000", "nonsense", "", "'; drop table person; --"):
        assert here.codes("hr", query, id=wrong) == ["NOT_FOUND"]


def test_an_id_is_enough_to_read_what_it_speaks_of(made: Served) -> None:
    query = """query($ids: [ID!]!) { nodes(ids: $ids) {
      __typename ... on Person { name } ... on Unit { name } } }"""
    ids = [made.ids["anna"], made.ids["north"], made.ids["fang"], "nonsense"]
    assert made.data("meng", query, ids=ids)["nodes"] == [
        {"__typename": "Person", "name": "anna"},
        {"__typename": "Unit", "name": "north"},
        None,
        None,
    ]
    assert made.codes("meng", query, ids=["x"] * 21) == ["PAGE_SIZE_INVALID"]


def test_a_pack_is_installed_once_and_its_plans_wait_as_drafts(here: Served) -> None:
    packs = "{ packs { id installed name { text } } }"
    before = here.data("hr", packs)["packs"]
    assert before == [{"id": "pilot", "installed": False, "name": {"text": "Pilot"}}]
    install = """mutation($input: PackInstallInput!) { packInstall(input: $input) {
      ... on PackInstallSuccess { pack { id installed } } ... on Problem { code message } } }"""
    given = {
        "idempotencyKey": KEY,
        "pack": before[0]["id"],
        "validFrom": "2026-11-01",
        "scope": {"positions": ["pilot"]},
    }
    done = here.data("hr", install, input=given)["packInstall"]
    assert done["pack"] == {"id": before[0]["id"], "installed": True}
    again = given | {"idempotencyKey": "another-key"}
    assert here.data("hr", install, input=again)["packInstall"] == done
    other = again | {"idempotencyKey": "a-third-key", "validFrom": "2026-12-01"}
    assert here.data("hr", install, input=other)["packInstall"]["code"] == "PACK_INSTALLED_ALREADY"
    assert here.data("meng", install, input=given)["packInstall"]["code"] == "FORBIDDEN"
    drafts = here.data("hr", "{ planVersions(state: DRAFT) { nodes { pack } } }")
    assert {node["pack"] for node in drafts["planVersions"]["nodes"]} == {before[0]["id"]}
    # A draft is no news for the people it may be about.
    seen = here.data("anna", "{ planVersions { nodes { state } } }")["planVersions"]["nodes"]
    assert [node["state"] for node in seen] == ["PUBLISHED"]


def test_a_connection_is_made_mapped_and_paused_and_never_shows_its_settings(here: Served) -> None:
    create = """mutation($input: ConnectionCreateInput!) { connectionCreate(input: $input) {
      ... on ConnectionCreateSuccess { connection { id version paused } }
      ... on Problem { code message } } }"""
    given = {
        "idempotencyKey": KEY,
        "name": "Orders",
        "connector": "files",
        "settings": {"folder": "somewhere", "password": "a-secret-word"},
    }
    made = here.data("hr", create, input=given)["connectionCreate"]["connection"]
    unknown = given | {"connector": "nothing", "idempotencyKey": "another-key"}
    assert here.data("hr", create, input=unknown)["connectionCreate"]["code"] == (
        "CONNECTOR_UNKNOWN"
    )
    change = """mutation($input: ConnectionChangeInput!) { connectionChange(input: $input) {
      ... on ConnectionChangeSuccess { connection { paused } } ... on Problem { code } } }"""
    pause = {
        "idempotencyKey": KEY,
        "connection": made["id"],
        "expectedVersion": made["version"],
        "paused": True,
    }
    paused = here.data("hr", change, input=pause)["connectionChange"]["connection"]
    assert paused["paused"]
    start = """mutation($input: SyncStartInput!) { syncStart(input: $input) {
      ... on SyncStartSuccess { job { state } } ... on Problem { code } } }"""
    sync = {"idempotencyKey": KEY, "connection": made["id"]}
    assert here.data("hr", start, input=sync)["syncStart"]["code"] == "CONNECTION_PAUSED"
    everything = here.ask("hr", "{ sourceConnections { id name connector mapping } }")
    assert "a-secret-word" not in str(everything)
    assert here.codes("anna", "{ sourceConnections { id } }") == ["FORBIDDEN"]


def test_a_name_in_a_source_waits_until_somebody_says_who_it_is(made: Served) -> None:
    made.company.fact("stranger", date(2026, 9, 3), 500)
    waiting = "{ waitingIdentities { nodes { id namespace value facts firstDate } } }"
    (name,) = made.data("hr", waiting)["waitingIdentities"]["nodes"]
    assert (name["value"], name["facts"], name["firstDate"]) == ("stranger", 1, "2026-09-03")
    link = """mutation($input: IdentityLinkInput!) { identityLink(input: $input) {
      ... on IdentityLinkSuccess { link { id } } ... on Problem { code message } } }"""
    given = {
        "idempotencyKey": KEY,
        "identity": name["id"],
        "person": made.ids["bo"],
        "validFrom": "2026-09-01",
        "reason": "the old account of Bo",
    }
    assert made.data("hr", link, input=given)["identityLink"]["link"]["id"]
    assert made.data("hr", waiting)["waitingIdentities"]["nodes"] == []
    taken = given | {"person": made.ids["anna"], "idempotencyKey": "another-key"}
    assert made.data("hr", link, input=taken)["identityLink"]["code"] == "IDENTITY_LINKED_ALREADY"


def test_a_list_takes_as_many_statements_for_one_row_as_for_all(here: Served) -> None:
    counted: list[str] = []

    @event.listens_for(here.company.engine, "before_cursor_execute")
    def _count(_c: object, _k: object, statement: str, *_rest: object) -> None:
        counted.append(statement)

    queries = (
        "query($n: Int!) { people(first: $n) { nodes { name assignments { unit { name } } } } }",
        "query($n: Int!) { goals(first: $n) { nodes { owner { name } lines { __typename } } } }",
        "query($n: Int!) { metrics(first: $n) { nodes { key name { text } } } }",
    )
    here.data("hr", queries[0], n=1)  # whoever comes first has the keys opened for all
    for query in queries:
        numbers = []
        for size in (1, 50):
            counted.clear()
            here.data("hr", query, n=size)
            numbers.append(len(counted))
        assert numbers[0] == numbers[1], query
