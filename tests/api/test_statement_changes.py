"""What changed on a statement and why: over the API, and adding up exactly."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from actions.calculate import Mode, calculate
from actions.post_ledger import post_adjustment
from actions.publish_plan import draft_plan, publish_plan
from actions.set_goals import set_goal
from domain.goal import GoalLevel
from domain.ledger import Cause
from storage.definitions import Scope
from tests.api.company import YEAR, Served, calculated, served
from tests.support.company import SYSTEM
from tests.support.rules import PLAN, changed, goal

CHANGES = """query($p: ID, $r: ID) { statementChanges(period: "2026-09", person: $p, run: $r) {
  run { id } previous { period } text rules
  before { amount } after { amount } difference { amount }
  causes { cause amount { amount } text }
  components { key name text before { amount } after { amount } difference { amount }
    causes { cause amount { amount } } moved { key part cause text } }
  bookings { source bookedIn text against net { amount }
    lines { component cause text amount { amount } }
    causes { cause amount { amount } } components { key difference { amount } } } } }"""


def two_months(made: Served) -> None:
    """Post August and September of Anna: other sales, another target, another rate."""
    company = made.company
    company.fact("anna", date(2026, 8, 9), 95_000_000, subject="anna-0", channel="shop")
    company.write(
        lambda w: set_goal(
            w,
            SYSTEM,
            goal("2026-08", sales="900000.00", retention="0.75", visits="10"),
            level=GoalLevel.PERSON,
            owner_id=made.ids["anna"],
            parent_id=None,
            valid_from=YEAR,
        )
    )
    calculate(company.runtime, SYSTEM, made.entity, "2026-08", Mode.POSTED, accept_provisional=True)
    base, excess, kicker = PLAN["components"]
    rules = changed(PLAN, components=[base, excess | {"rate": "0.02"}, kicker])
    scope = Scope(positions=("sales",))
    version = company.write(
        lambda w: draft_plan(w, SYSTEM, rules, scope, valid_from=date(2026, 9, 1))
    )
    company.write(lambda w: publish_plan(w, SYSTEM, version))
    calculated(made)


def _sum(rows: list[Mapping[str, Any]], name: str = "amount") -> Decimal:
    return sum((Decimal(row[name]["amount"]) for row in rows), Decimal(0))


def test_what_changed_since_last_month_is_told_by_component_and_cause_and_adds_up(
    database_url: str, tmp_path: Path
) -> None:
    with served(database_url, tmp_path) as made:
        two_months(made)
        found = made.data("anna", CHANGES)["statementChanges"]
        parts = {each["key"]: each for each in found["components"]}
        assert parts["excess_share"]["text"] == (
            "Share of the excess: CN¥500.00 became CN¥4,000.00 (+CN¥3,500.00)."
        )
        # 1 % of 300,000 instead of 50,000; then the target is 100,000 higher; then 2 % of 200,000.
        assert [(each["cause"], each["amount"]) for each in parts["excess_share"]["causes"]] == [
            ("RESULTS", {"amount": "2500.00"}),
            ("TARGETS", {"amount": "-1000.00"}),
            ("RULES", {"amount": "2000.00"}),
        ]
        assert [each["text"] for each in parts["excess_share"]["moved"]] == [
            "sales, achieved: CN¥950,000.00 became CN¥1,200,000.00.",
            "sales, target: CN¥900,000.00 became CN¥1,000,000.00.",
            "Share of the excess, rate: 1% became 2%.",
        ]
        assert len(found["rules"]) == 1
        for each in found["components"]:
            assert _sum(each["causes"]) == Decimal(each["difference"]["amount"])
        difference = Decimal(found["difference"]["amount"])
        assert difference == _sum(found["components"], "difference") == _sum(found["causes"])
        assert difference == _sum([found], "after") - _sum([found], "before") != 0
        assert found["text"] == f"+CN¥{difference:,} against 2026-08."
        chinese = made.data("anna", CHANGES, "zh-CN")["statementChanges"]["components"][1]
        assert chinese["text"] == "Share of the excess：由 ¥500.00 变为 ¥4,000.00（+¥3,500.00）。"
        assert chinese["moved"][0]["text"] == ("sales的完成值：由 ¥950,000.00 变为 ¥1,200,000.00。")
        _booked_again(made)
        _for_nobody_else(made)


def _booked_again(made: Served) -> None:
    """What is posted again, and what is booked beside it, adds up to what stands in the ledger."""
    made.company.fact("anna", date(2026, 9, 10), 10_000_000, subject="anna-0")
    calculated(made)
    made.company.write(
        lambda w: post_adjustment(
            w,
            made.ids["anna"],
            period="2026-10",
            origin_period="2026-09",
            component="excess_share.amount",
            amount=-1_234,
            currency="CNY",
            cause=Cause.DISPUTE,
            source_id="disp_of_anna",
        )
    )
    found = made.data("anna", CHANGES)["statementChanges"]
    first, again, beside = found["bookings"]
    assert (first["against"], again["against"]) == (None, first["source"])
    assert again["lines"]
    assert _sum(again["lines"]) == _sum(again["causes"])
    assert {each["cause"] for each in again["causes"]} == {"RESULTS"}
    assert _sum(again["components"], "difference") == _sum(again["lines"])
    assert (beside["source"], beside["bookedIn"]) == ("disp_of_anna", "2026-10")
    assert [(each["cause"], each["text"]) for each in beside["lines"]] == [
        ("DISPUTE", "A dispute was accepted.")
    ]
    assert beside["text"] == "Booked in 2026-10: -CN¥12.34."
    everything = [line for each in found["bookings"] for line in each["lines"]]
    assert _sum(everything) == Decimal(beside["net"][0]["amount"])
    assert Decimal(again["net"][0]["amount"]) == Decimal(found["after"]["amount"])


def _for_nobody_else(made: Served) -> None:
    """Who may not read the statement learns nothing of its changes either."""
    anna = made.ids["anna"]
    assert made.data("hr", CHANGES, p=anna)["statementChanges"]["before"] is not None
    refused = {"bo": "NOT_FOUND", "meng": "NOT_FOUND", "admin": "FORBIDDEN", "auditor": "FORBIDDEN"}
    for who, code in refused.items():
        answer = made.ask(who, CHANGES, p=anna)
        assert answer["data"]["statementChanges"] is None
        assert made.codes(who, CHANGES, p=anna)[0] in {code, "REASON_REQUIRED"}, who
