"""Credit over GraphQL: rules, coverage, credits of a person, and what nobody else may know."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from actions.calculate import Mode
from actions.publish_credit import draft_credit, publish_credit
from tests.api.company import Served, calculated, served
from tests.support.company import SYSTEM
from tests.support.credits import exclude, fixed, overlay, roll_up, split_rule
from tests.support.rules import Document

YEAR = date(2026, 1, 1)
DAY = date(2026, 9, 12)
COVERAGE = """query($s: CoverageStatus) { creditCoverage(period: "2026-09") { facts
  counts { status kind facts quantity { value unit } problem { code } rule { key } }
  rows(status: $s, first: 3) { pageInfo { hasNextPage endCursor } nodes {
    status problem { code } fact { id kind quantity { value } } credits { person { name }
    credit { kind share { value } quantity { value } rule { key } } } } } } }"""
CREDITS = """query($p: ID) { credits(period: "2026-09", person: $p) { totalCount nodes {
  credit { kind share { value } quantity { value } level role rule { key } }
  fact { id quantity { value } attributes record { id } }
  others { person { name } credit { quantity { value } } } } } }"""


def published(made: Served, document: Document) -> str:
    return made.company.write(
        lambda writing: publish_credit(
            writing, SYSTEM, draft_credit(writing, SYSTEM, document, valid_from=YEAR)
        )
    )


@contextmanager
def shop(database_url: str, folder: Path) -> Iterator[Served]:
    """Add a shared order, an internal one, one of nobody and one that is unclear."""
    with served(database_url, folder) as made:
        fact = made.company.fact
        made.ids["shared"] = fact(
            "anna", DAY, 100_001, key="shared", co_seller="fang", co_share="0.4", deal="big"
        )
        fact("bo", DAY, 50_000, key="inner", channel="internal")
        fact("ghost", DAY, 7_000, key="ghost")
        fact("chen", DAY, 3_000, key="unclear", co_seller="phantom", co_share="0.5")
        fact("dai", DAY, 9_999, key="special", channel="vip")
        published(made, split_rule())
        published(made, exclude())
        vip = [{"attribute": "channel", "operator": "IN", "values": ["vip"]}]
        published(made, overlay(fixed(made.ids["gao"], "0.3"), where=vip))
        yield made


def amounts(answer: Any) -> list[tuple[str, str, str]]:
    return [
        (
            row["credit"]["kind"],
            row["credit"]["share"]["value"],
            row["credit"]["quantity"]["value"],
        )
        for row in answer["credits"]["nodes"]
        if row["fact"]["quantity"]["value"] in {"1000.01", "500.00", "99.99", "30.00"}
    ]


def test_the_coverage_report_misses_no_fact_and_is_for_the_office(
    database_url: str, tmp_path: Path
) -> None:
    with shop(database_url, tmp_path) as made:
        found = made.data("hr", COVERAGE)["creditCoverage"]
        lines = {
            (each["status"], each["problem"] and each["problem"]["code"],
             each["rule"] and each["rule"]["key"]): (each["facts"], each["quantity"]["value"])
            for each in found["counts"]
        }  # fmt: skip
        # Seven of the company's own, and dai's and the shared one beside them.
        plain = sum(cents for _, cents, _ in _people()) + 100_001 + 9_999
        assert lines == {
            ("CREDITED", None, None): (9, f"{plain / 100:.2f}"),
            ("EXCLUDED", None, "internal"): (1, "500.00"),
            ("ERROR", "CREDIT_NAME_UNLINKED", None): (1, "30.00"),
            ("ERROR", "CREDIT_NOBODY_LINKED", None): (1, "70.00"),
        }
        assert found["facts"] == 12
        seen, cursor = [], None
        page = COVERAGE.replace("first: 3", "first: 5, after: $a").replace(
            "$s: CoverageStatus", "$s: CoverageStatus, $a: String"
        )
        while True:
            rows = made.data("hr", page, a=cursor)["creditCoverage"]["rows"]
            seen += [each["fact"]["id"] for each in rows["nodes"]]
            cursor = rows["pageInfo"]["endCursor"]
            if not rows["pageInfo"]["hasNextPage"]:
                break
        assert len(seen) == len(set(seen)) == 12
        errors = made.data("hr", COVERAGE, s="ERROR")["creditCoverage"]["rows"]["nodes"]
        assert {each["problem"]["code"] for each in errors} == {
            "CREDIT_NAME_UNLINKED",
            "CREDIT_NOBODY_LINKED",
        }
        for who in ("anna", "meng"):
            assert made.codes(who, COVERAGE) == ["FORBIDDEN"]
            assert made.codes(who, "{ creditRules { totalCount } }") == ["FORBIDDEN"]


def _people() -> list[tuple[str, int, int]]:
    from tests.api.company import PEOPLE

    return list(PEOPLE.values())


def test_everybody_sees_the_own_credits_and_of_others_what_their_rights_reach(
    database_url: str, tmp_path: Path
) -> None:
    with shop(database_url, tmp_path) as made:
        anna = made.data("anna", CREDITS)
        assert amounts(anna) == [("SPLIT", "0.600000", "600.01")]
        fang = made.data("fang", CREDITS)
        assert amounts(fang) == [("SPLIT", "0.400000", "400.00")]
        gao = made.data("gao", CREDITS)
        assert amounts(gao) == [("OVERLAY", "0.300000", "30.00")]
        # The lead of the north sees anna's credit and nothing of the south's.
        meng = made.data("meng", CREDITS, p=made.ids["anna"])
        assert amounts(meng) == amounts(anna)
        shared = [row for row in fang["credits"]["nodes"] if row["credit"]["kind"] == "SPLIT"]
        # Of an order under another's name nobody learns who else has what share of it.
        assert [(row["others"], row["fact"]["attributes"]) for row in shared] == [
            ([], {"deal": "big"})
        ]
        for answer in (anna, meng):
            assert all(row["others"] == [] for row in answer["credits"]["nodes"])
        office = made.data("hr", CREDITS, p=made.ids["anna"])["credits"]["nodes"]
        assert [
            (each["person"]["name"], each["credit"]["quantity"]["value"])
            for row in office
            for each in row["others"]
        ] == [("fang", "400.00")]
        assert made.codes("anna", CREDITS, p=made.ids["fang"]) == ["NOT_FOUND"]
        one = "query($id: ID!) { fact(id: $id) { status credits { person { name } } } }"
        state = {"id": made.ids["shared"]}
        assert made.data("fang", one, **state)["fact"] == {
            "status": "CREDITED",
            "credits": [{"person": {"name": "fang"}}],
        }
        assert made.codes("gao", one, **state) == ["NOT_FOUND"]


def test_what_is_reached_counts_the_credits_and_a_unit_counts_an_order_once(
    database_url: str, tmp_path: Path
) -> None:
    reached = """query($l: GoalLevel!, $o: ID!) { measurements(period: "2026-09", level: $l,
      owner: $o, metrics: ["sales"]) { value { value } } }"""

    def value(who: str, level: str, owner: str) -> str:
        found = made.data(who, reached, l=level, o=owner)["measurements"]
        return str(found[0]["value"]["value"])

    with shop(database_url, tmp_path) as made:
        ids = made.ids
        assert value("anna", "PERSON", ids["anna"]) == "1200600.01"
        assert value("fang", "PERSON", ids["fang"]) == "700400.00"
        assert value("gao", "PERSON", ids["gao"]) == "600000.00"  # an overlay is not asked for
        assert value("bo", "PERSON", ids["bo"]) == "1000000.00"
        north = sum(cents for team, cents, _ in _people() if team == "north") + 60_001 + 9_999
        south = sum(cents for team, cents, _ in _people() if team == "south") + 40_000
        assert value("hr", "TEAM", ids["north"]) == f"{north / 100:.2f}"
        assert value("hr", "COMPANY", made.entity) == f"{(north + south) / 100:.2f}"


STATEMENT = """query($p: ID!, $r: ID) { statement(period: "2026-09", person: $p, run: $r) {
  payout { amount } amounts { key facts(first: 5) { nodes { credits { kind
  quantity { value } rule { key } } } } } } }"""


def test_a_posted_run_keeps_its_credits_and_a_new_one_follows_the_rules(
    database_url: str, tmp_path: Path
) -> None:
    def facts_of(run: str) -> list[tuple[str, str, str | None]]:
        found = made.data("hr", STATEMENT, p=made.ids["fang"], r=run)["statement"]
        line = next(each for each in found["amounts"] if each["key"] == "base_bonus")
        return sorted(
            (own["kind"], own["quantity"]["value"], own["rule"] and own["rule"]["key"])
            for row in line["facts"]["nodes"]
            for own in row["credits"]
        )

    with shop(database_url, tmp_path) as made:
        run = calculated(made)
        before = [("DIRECT", "700000.00", None), ("SPLIT", "400.00", "shared")]
        assert facts_of(run) == before
        warned = made.data("hr", '{ calculations(period: "2026-09") { problems { code } } }')
        codes = {each["code"] for each in warned["calculations"][0]["problems"]}
        assert "CREDIT_UNCLEAR" in codes
        published(made, split_rule(fixed(made.ids["anna"], "1"), key="all_annas", rank=99))
        assert facts_of(run) == before
        assert facts_of(calculated(made, Mode.TRIAL)) == []


def test_a_leader_is_measured_by_what_rolls_up_where_the_metric_says_so(
    sqlite_url: str, tmp_path: Path
) -> None:
    from actions.define_metric import define_metric
    from tests.support.rules import SALES, changed, metric

    up = metric(
        "team_sales",
        "CNY",
        {
            "kind": "SUM",
            "fact": "order",
            "unit": "CNY",
            "credit": {"kinds": ["ROLL_UP"], "of": "OTHERS"},
        },
        empty="ZERO",
    )
    asked = """query($p: ID!) { measurements(period: "2026-09", level: PERSON, owner: $p,
      metrics: ["team_sales"]) { value { value } } }"""
    with shop(sqlite_url, tmp_path) as made:
        published(made, roll_up())
        made.company.write(lambda w: define_metric(w, SYSTEM, up, valid_from=YEAR))
        north = sum(cents for team, cents, _ in _people() if team == "north") + 60_001 + 9_999
        found = made.data("meng", asked, p=made.ids["meng"])["measurements"]
        assert found[0]["value"]["value"] == f"{north / 100:.2f}"
        # A metric that says nothing has the very hash it had before there was credit.
        from domain.document import document_hash
        from domain.metric import decode_metric, encode_metric

        plain, _ = decode_metric(changed(SALES))
        assert plain is not None
        assert document_hash(encode_metric(plain)) == document_hash({**SALES, "tags": []})


DRAFT = """mutation($k: IdempotencyKey!, $d: Document!, $from: BusinessDate!, $id: ID, $v: Int) {
  creditRuleDraft(input: {idempotencyKey: $k, document: $d, validFrom: $from, creditRule: $id,
  expectedVersion: $v}) { ... on CreditRuleDraftSuccess { creditRule { id version state hash } }
  ... on Problem { code } } }"""
PUBLISH = """mutation($k: IdempotencyKey!, $id: ID!, $v: Int!) { creditRulePublish(input: {
  idempotencyKey: $k, creditRule: $id, expectedVersion: $v}) {
  ... on CreditRulePublishSuccess { creditRule { id state version } } ... on Problem { code } } }"""


def test_a_rule_is_drafted_and_published_and_then_never_changes(
    sqlite_url: str, tmp_path: Path
) -> None:
    with served(sqlite_url, tmp_path) as made:
        day = {"from": "2026-10-01"}
        draft = made.data("hr", DRAFT, k="key-draft-one", d=split_rule(), **day)["creditRuleDraft"]
        rule = draft["creditRule"]
        assert (rule["state"], rule["version"]) == ("DRAFT", 1)
        done = made.data("hr", PUBLISH, k="key-publish-one", id=rule["id"], v=1)[
            "creditRulePublish"
        ]
        assert done["creditRule"]["state"] == "PUBLISHED"
        changing = made.data("hr", DRAFT, k="key-draft-two", d=exclude(), id=rule["id"], v=2, **day)
        assert changing["creditRuleDraft"]["code"] == "CREDIT_STATE_WRONG"
        # Another rule that says the very same on the same days is refused, a successor is not.
        twin = made.data("hr", DRAFT, k="key-draft-3", d=split_rule(key="twin"), **day)
        twin_id = twin["creditRuleDraft"]["creditRule"]["id"]
        answer = made.data("hr", PUBLISH, k="key-publish-3", id=twin_id, v=1)["creditRulePublish"]
        assert answer["code"] == "CREDIT_RULE_OVERLAPS"
        later = made.data("hr", DRAFT, k="key-draft-4", d=split_rule(), **{"from": "2026-11-01"})
        later_id = later["creditRuleDraft"]["creditRule"]["id"]
        made.data("hr", PUBLISH, k="key-publish-4", id=later_id, v=1)
        listed = "{ creditRules(state: PUBLISHED) { nodes { id validFrom validTo } } }"
        assert [each["validTo"] for each in made.data("hr", listed)["creditRules"]["nodes"]] == [
            "2026-11-01",
            None,
        ]
        ghost = split_rule(fixed("per_ghost", "1"), key="ghost", rank=3)
        drafted = made.data("hr", DRAFT, k="key-draft-5", d=ghost, **day)["creditRuleDraft"]
        unknown = made.data("hr", PUBLISH, k="key-publish-5", id=drafted["creditRule"]["id"], v=1)
        assert unknown["creditRulePublish"]["code"] == "DOCUMENT_REFUSED"
        answer = made.data("anna", DRAFT, k="key-draft-six", d=exclude(), **day)
        assert answer["creditRuleDraft"]["code"] == "FORBIDDEN"
