"""The demo company, built as ``./run demo`` builds it, tells its story over GraphQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from attain.demo.building import Built, build_company
from attain.settings import Settings
from attain.wiring import build, wire
from storage.migrate import upgrade
from tests.support.postgres import Cluster

Ask = Callable[..., dict[str, Any]]
SALES, RETENTION = "consumer_goods.sales_amount", "consumer_goods.retention"
TRAINED = "consumer_goods.trained_people"
BEFORE_CORRECTION = "2026-10-05T00:00:00Z"


class Demo:
    """The served company: ask as anybody."""

    def __init__(self, built: Built, client: TestClient) -> None:
        self.built = built
        self._client = client
        self._tokens: dict[str, str] = {}

    def ask(self, who: str, query: str, language: str = "en", **variables: Any) -> dict[str, Any]:
        """Return the data, or fail with the errors."""
        answer = self._post(query, variables, self._token(who), language)
        assert "errors" not in answer, answer["errors"]
        assert "problems" not in answer["extensions"], answer["extensions"]
        data: dict[str, Any] = answer["data"]
        return data

    def refused(self, who: str, query: str, **variables: Any) -> str:
        """Return the code of the one error, or of the one thing that was left null."""
        answer = self._post(query, variables, self._token(who), "en")
        failed: list[Any] = [error["extensions"] for error in answer.get("errors", ())]
        noted: list[Any] = answer["extensions"].get("problems", [])
        (reason,) = failed + noted
        code: str = reason["code"]
        return code

    def _token(self, who: str) -> str:
        if who not in self._tokens:
            query = (
                "mutation($who: ID!) { sessionCreateDemo(input: {person: $who})"
                " { ... on SessionCreateDemoSuccess { token } } }"
            )
            answer = self._post(query, {"who": who}, None, "en")
            self._tokens[who] = answer["data"]["sessionCreateDemo"]["token"]
        return self._tokens[who]

    def _post(
        self, query: str, variables: dict[str, Any], token: str | None, language: str
    ) -> dict[str, Any]:
        headers = {"accept-language": language}
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        body = {"query": query, "variables": variables}
        answer: dict[str, Any] = self._client.post("/graphql", json=body, headers=headers).json()
        return answer


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def demo(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Demo]:
    folder: Path = tmp_path_factory.mktemp("demo")
    url = f"sqlite:///{folder / 'attain.db'}"
    if request.param == "postgresql":
        cluster: Cluster = request.getfixturevalue("postgres_cluster")
        url = cluster.url(cluster.create_database())
    settings = Settings(data=folder, database_url=url, demo=True)
    upgrade(url)
    wired = wire(settings)
    assert wired.problems == ()
    said: list[str] = []
    built = build_company(wired.runtime, said.append)
    assert said
    with TestClient(build(settings, wired.runtime), client=("127.0.0.1", 50_000)) as client:
        yield Demo(built, client)


def _measured(demo: Demo, period: str) -> dict[str, dict[str, Any]]:
    query = """query($period: Period!, $metrics: [String!]) {
      measurements(period: $period, level: COMPANY, metrics: $metrics) {
        metric { key } value { numerator denominator value } lastFactOn } }"""
    found = demo.ask("HeJing", query, period=period, metrics=[SALES, RETENTION, TRAINED])
    return {each["metric"]["key"]: each["value"] for each in found["measurements"]}


def _ratio(value: dict[str, Any]) -> Decimal:
    return Decimal(value["numerator"]) / Decimal(value["denominator"])


def test_after_the_change_sales_are_a_fifth_higher_and_retention_is_78_percent(demo: Demo) -> None:
    before, after = _measured(demo, "2026-Q2"), _measured(demo, "2026-Q3")
    manifest = demo.built.manifest
    assert int(_ratio(before[SALES]) * 100) == manifest.sales_by_quarter[1]
    assert _ratio(after[SALES]) * 5 == _ratio(before[SALES]) * 6
    assert _ratio(before[RETENTION]) == Decimal("0.60")
    assert _ratio(after[RETENTION]) == Decimal("0.78")
    assert _ratio(after[TRAINED]) == 10


def test_three_people_are_in_the_top_ten_percent_three_months_in_a_row(demo: Demo) -> None:
    query = """query($period: Period!, $measure: String!) {
      leaderboard(period: $period, measure: $measure, peerGroup: COMPANY, first: 10) {
        line { size } entries { nodes { rank person { id } } } } }"""
    best: list[set[str]] = []
    for period in ("2026-07", "2026-08", "2026-09"):
        board = demo.ask("HeJing", query, period=period, measure=SALES)["leaderboard"]
        assert board["line"]["size"] == 50
        places = board["line"]["size"] // 10
        nodes = board["entries"]["nodes"]
        best.append({each["person"]["id"] for each in nodes if each["rank"] <= places})
    people = demo.ask("HeJing", "{ people(first: 100) { nodes { id staffNumber } } }")["people"]
    numbers = {each["id"]: each["staffNumber"] for each in people["nodes"]}
    promotable = {numbers[each] for each in best[0] & best[1] & best[2]}
    assert promotable == set(demo.built.manifest.top_in_all)
    assert len(promotable) == 3


def test_the_salesperson_of_the_readme_earns_7700_down_to_the_orders(demo: Demo) -> None:
    query = """{ statement(period: "2026-09") { payout { amount currency }
      amounts { name text facts(first: 100) { totalCount nodes {
        quantity { value } record { key content position } } } } } }"""
    found = demo.ask("LiNa", query)["statement"]
    assert found["payout"] == {"amount": "7700.00", "currency": "CNY"}
    bonus, share, kicker = found["amounts"]
    assert [bonus["name"], share["name"], kicker["name"]] == [
        "base_bonus.amount",
        "excess_share.amount",
        "retention_kicker.amount",
    ]
    orders = bonus["facts"]["nodes"]
    assert sum(Decimal(each["quantity"]["value"]) for each in orders) == Decimal("1200000.00")
    assert all(each["record"]["content"]["业务员"] == "李娜" for each in orders)
    assert all("file:orders-2026-09.csv/row:" in str(each["record"]["position"]) for each in orders)
    assert "78%" in kicker["text"]


@pytest.mark.parametrize(
    ("who", "period", "payout"),
    [
        ("WangFang", "2026-09", "7000.00"),  # retention exactly 75 %: no kicker
        ("ZhengKai", "2026-09", "0.00"),  # one cent short
    ],
)
def test_boundaries_are_decided_on_exact_numbers(
    demo: Demo, who: str, period: str, payout: str
) -> None:
    query = "query($period: Period!) { statement(period: $period) { payout { amount } } }"
    found = demo.ask(who, query, period=period)
    assert found["statement"]["payout"]["amount"] == payout


def test_a_correction_after_the_period_is_reversed_and_the_past_stays_readable(demo: Demo) -> None:
    query = """query($at: Instant) { statement(period: "2026-08", knownAt: $at) {
      payout { amount } } ledger(period: "2026-08", knownAt: $at) {
      entries { kind amount { amount } } net { amount } } }"""
    then, now = demo.ask("SunQian", query, at=BEFORE_CORRECTION), demo.ask("SunQian", query)
    assert Decimal(then["statement"]["payout"]["amount"]) > 0
    assert now["statement"]["payout"]["amount"] == "0.00"
    (net,) = then["ledger"]["net"]
    assert net["amount"] == then["statement"]["payout"]["amount"]
    kinds = [each["kind"] for each in now["ledger"]["entries"]]
    assert "REVERSE" in kinds
    assert sum(Decimal(each["amount"]["amount"]) for each in now["ledger"]["entries"]) == 0


def test_who_does_not_lead_somebody_does_not_see_them(demo: Demo) -> None:
    query = """query($person: ID!) { statement(period: "2026-09", person: $person) {
      payout { amount } } }"""
    people = demo.ask("HeJing", "{ people(first: 100) { nodes { id staffNumber } } }")["people"]
    li_na = next(each["id"] for each in people["nodes"] if each["staffNumber"] == "00101")
    assert demo.ask("HeJing", query, person=li_na)["statement"]["payout"]["amount"] == "7700.00"
    for who in ("WangFang", "LuYan", "GuMingyuan"):
        # Who leads the team or the company sees performance, not pay.
        assert demo.refused(who, query, person=li_na) == "NOT_FOUND", who
    # Who runs the system sees no business data at all, the own pay as an employee included.
    assert demo.refused("JiangBo", query, person=li_na) == "FORBIDDEN"
    assert demo.refused("JiangBo", '{ goals(period: "2026-09") { totalCount } }') == "FORBIDDEN"
    score = 'query($person: ID!) { scoreSheet(period: "2026-09", person: $person) { rank } }'
    assert demo.ask("LuYan", score, person=li_na)["scoreSheet"]["rank"] >= 1
    assert demo.refused("WangFang", score, person=li_na) == "NOT_FOUND"


def test_what_is_linked_to_nobody_waits_and_what_is_dirty_is_named(demo: Demo) -> None:
    query = """{ waitingIdentities(first: 10) { nodes { value facts } }
      quarantine(first: 50) { nodes { problem { code message } } } }"""
    found = demo.ask("HeJing", query)
    waiting = {each["value"]: each["facts"] for each in found["waitingIdentities"]["nodes"]}
    counted: Counter[str] = Counter()
    for each in demo.built.manifest.waiting:
        counted[each.identity] += each.facts
    assert waiting == counted
    bad = [each["problem"] for each in found["quarantine"]["nodes"]]
    assert len({each["code"] for each in bad}) >= 8
    assert all(each["message"] for each in bad)


def test_the_lines_of_a_statement_are_there_in_chinese(demo: Demo) -> None:
    query = '{ statement(period: "2026-09") { amounts { text } } }'
    texts = [each["text"] for each in demo.ask("LiNa", query, "zh-CN")["statement"]["amounts"]]
    assert texts[0] == "达标奖：实际 ¥1,200,000.00，目标 ¥1,000,000.00，已达标：¥5,000.00。"
