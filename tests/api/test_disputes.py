"""A payee disagrees: who may say so, who decides, what is booked, and who sees it."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actions.deed import Runtime
from tests.api.company import Served
from tests.support.paying import Paying
from tests.support.stamped import office_with

PERIOD, NEXT = "2026-09", "2026-10"
KEYS = (f"key-of-dispute-{number}" for number in itertools.count())
SEEN = (
    "dispute { id version state line dueOn daysLeft entry expected { value } actual { value }"
    " steps { deed state text amount { amount } } evidence { id name size link } }"
)
FAILED = "... on Problem { code path message }"


class Disputing:
    """Words about disputes, asked over HTTP."""

    def __init__(self, paying: Paying) -> None:
        self.paying = paying
        self.ids = paying.ids
        self.served = Served(paying.company, paying.ids)

    def do(self, who: str, verb: str, fields: str) -> dict[str, Any]:
        """Send a mutation and return the dispute, or the problem."""
        text = (
            f"mutation($key: IdempotencyKey!) {{ dispute{verb}(input: {{idempotencyKey: $key,"
            f" {fields}}}) {{ ... on Dispute{verb}Success {{ {SEEN} }} {FAILED} }} }}"
        )
        answer = self.served.data(who, text, key=next(KEYS))[f"dispute{verb}"]
        found: dict[str, Any] = answer.get("dispute", answer)
        return found

    def open(self, who: str = "ann", more: str = "") -> dict[str, Any]:
        """Disagree with the commission."""
        fields = f'period: "{PERIOD}", line: "{self.line()}", text: "two orders are missing"'
        return self.do(who, "Open", f'{fields}, expected: "2600.50" {more}')

    def line(self) -> str:
        """Return the name of the line that pays the commission."""
        asked = f'{{ statement(period: "{PERIOD}") {{ amounts {{ name }} }} }}'
        found: str = self.served.data("ann", asked)["statement"]["amounts"][0]["name"]
        return found

    def step(self, who: str, verb: str, dispute: dict[str, Any], more: str = "") -> dict[str, Any]:
        """Take a step with the version that was last seen."""
        version = f'dispute: "{dispute["id"]}", expectedVersion: {dispute["version"]}'
        return self.do(who, verb, f"{version} {more}")

    def assigned(self, to: str = "boss", more: str = "") -> dict[str, Any]:
        """Open a dispute and assign it."""
        assignee = f', assignee: "{self.ids[f"account:{to}"]}"'
        return self.step("hr", "Assign", self.open(more=more), assignee)


def _earned(runtime: Runtime) -> Paying:
    paying = Paying(runtime, None)
    paying.sell("ann", PERIOD, 250_050)
    paying.sell("ben", PERIOD, 100_000)
    paying.post(PERIOD)
    return paying


@pytest.fixture
def made(database_url: str, tmp_path: Path) -> Iterator[Disputing]:
    with office_with(_earned, database_url, tmp_path) as paying:
        yield Disputing(paying)


ACCEPT = f', amount: "100", bookedIn: "{PERIOD}", reason: "one order was found"'


def test_a_dispute_is_opened_assigned_asked_answered_and_accepted_and_the_ledger_says_so(
    made: Disputing,
) -> None:
    file = base64.b64encode(b"order 17").decode()
    shown = f'evidence: [{{name: "order.txt", content: "{file}", mediaType: "text/plain"}}]'
    opened = made.open(more=f", {shown}")
    assert (opened["state"], opened["version"], opened["daysLeft"]) == ("NEW", 1, 10)
    assert opened["actual"]["value"] == "2500.50"
    assert opened["expected"]["value"] == "2600.50"
    boss = f', assignee: "{made.ids["account:boss"]}"'
    assigned = made.step("hr", "Assign", opened, boss)
    asked = made.step("boss", "Ask", assigned, ', text: "which orders?"')
    assert asked["state"] == "NEEDS_INFO"
    link = ', evidence: [{name: "orders", link: "https://crm.example/17"}]'
    answered = made.step("ann", "Answer", asked, f', text: "17 and 18" {link}')
    assert [each["name"] for each in answered["evidence"]] == ["order.txt", "orders"]
    accepted = made.step("boss", "Accept", answered, ACCEPT)
    assert (accepted["state"], accepted["daysLeft"]) == ("ACCEPTED", None)
    closed = made.step("ann", "Close", accepted)
    deeds = [each["deed"] for each in closed["steps"]]
    assert deeds == ["OPEN", "ASSIGN", "ASK", "ANSWER", "ACCEPT", "CLOSE"]
    assert closed["steps"][4]["amount"]["amount"] == "100.00"
    entries = "entries { id kind cause source component }"
    ledger = f'{{ ledger(period: "{PERIOD}") {{ net {{ amount }} {entries} }} }}'
    booked = made.served.data("ann", ledger)["ledger"]
    assert booked["net"] == [{"amount": "2600.50"}]
    entry = booked["entries"][-1]
    assert (entry["kind"], entry["cause"]) == ("ADJUST", "DISPUTE")
    assert (entry["id"], entry["source"]) == (closed["entry"], closed["id"])
    assert entry["component"] == "commission"
    content = f'{{ disputeFile(evidence: "{closed["evidence"][0]["id"]}") {{ name content }} }}'
    file_seen = made.served.data("boss", content)["disputeFile"]
    assert base64.b64decode(file_seen["content"]) == b"order 17"
    events = "{ auditEvents(first: 50) { nodes { action } } }"
    actions = {each["action"] for each in made.served.data("hr", events)["auditEvents"]["nodes"]}
    assert {"disputeOpen", "disputeAssign", "disputeAsk", "disputeAccept"} <= actions


def test_nobody_decides_about_themselves_or_what_is_assigned_to_another(made: Disputing) -> None:
    for_hr = made.open("hr", f', person: "{made.ids["ann"]}"')
    own = f', assignee: "{made.ids["account:hr"]}"'
    assert made.step("hr", "Assign", for_hr, own)["code"] == "DISPUTE_OWN"
    nobody = f', assignee: "{made.ids["account:ben"]}"'
    assert made.step("hr", "Assign", for_hr, nobody)["code"] == "DISPUTE_ASSIGNEE_UNFIT"
    boss = f', assignee: "{made.ids["account:boss"]}"'
    assigned = made.step("hr", "Assign", for_hr, boss)
    assert made.step("hr", "Accept", assigned, ACCEPT)["code"] == "DISPUTE_OWN"
    assert made.step("aide", "Accept", assigned, ACCEPT)["code"] == "DISPUTE_NOT_YOURS"
    assert made.step("ann", "Accept", assigned, ACCEPT)["code"] == "FORBIDDEN"
    assert made.step("ann", "Reject", assigned, ', reason: "no"')["code"] == "FORBIDDEN"
    stale = {**assigned, "version": 1}
    assert made.step("boss", "Accept", stale, ACCEPT)["code"] == "VERSION_CONFLICT"
    assert made.step("boss", "Close", assigned)["code"] == "DISPUTE_STATE_WRONG"
    rejected = made.step("boss", "Reject", assigned, ', reason: "order 17 was returned"')
    assert rejected["steps"][-1]["text"] == "order 17 was returned"
    again = made.step("boss", "Accept", rejected, ACCEPT)
    assert again["code"] == "DISPUTE_STATE_WRONG"


def test_a_dispute_is_seen_by_whom_it_concerns_and_who_sees_their_pay_and_nobody_else(
    made: Disputing,
) -> None:
    opened = made.open(more=', evidence: [{name: "a", content: "YQ=="}]')
    node = f'{{ node(id: "{opened["id"]}") {{ id ... on Dispute {{ state }} }} }}'
    listed = "{ disputes { totalCount nodes { id person { name } } } }"
    file = f'{{ disputeFile(evidence: "{opened["evidence"][0]["id"]}") {{ content }} }}'
    for who in ("ann", "hr"):
        assert made.served.data(who, node)["node"]["state"] == "NEW"
        assert made.served.data(who, listed)["disputes"]["totalCount"] == 1
        assert made.served.data(who, file)["disputeFile"] == {"content": "YQ=="}
    assert made.served.data("ben", node)["node"] is None
    assert made.served.data("ben", listed)["disputes"]["totalCount"] == 0
    assert made.served.codes("ben", file) == ["NOT_FOUND"]
    assert made.step("ben", "Withdraw", opened, ', reason: "no"')["code"] == "NOT_FOUND"
    other = f'period: "{PERIOD}", person: "{made.ids["ann"]}", line: "payout", text: "mine"'
    assert made.do("ben", "Open", other)["code"] == "NOT_FOUND"
    sale = f'period: "{PERIOD}", person: "{made.ids["ann"]}", transaction: "O-1", text: "mine"'
    assert made.do("ben", "Open", sale)["code"] == "NOT_FOUND"
    assert made.served.data("hr", listed)["disputes"]["totalCount"] == 1


def test_what_is_disputed_is_a_line_of_the_statement_or_a_sale_and_only_once(
    made: Disputing,
) -> None:
    opened = made.open()
    assert made.open()["code"] == "DISPUTE_OPEN_ALREADY"
    base = f'period: "{PERIOD}", text: "why?"'
    assert made.do("ann", "Open", f'{base}, line: "nothing"')["code"] == "DISPUTE_LINE_MISSING"
    assert made.do("ann", "Open", base)["code"] == "DISPUTE_SUBJECT_UNCLEAR"
    sale = made.do("ann", "Open", f'{base}, transaction: "ORDER-18", expected: "3.50"')
    assert (sale["state"], sale["actual"]) == ("NEW", None)
    wrong = f'{base}, transaction: "ORDER-19", expected: "3.505"'
    assert made.do("ann", "Open", wrong)["code"] == "NUMBER_NOT_EXACT"
    large = base64.b64encode(b"x" * 131_073).decode()
    many = f'{base}, transaction: "O", evidence: [{{name: "x", content: "{large}"}}]'
    assert made.do("ann", "Open", many)["code"] == "DISPUTE_EVIDENCE_LARGE"
    script = f'{base}, transaction: "O", evidence: [{{name: "x", link: "javascript:alert(1)"}}]'
    assert made.do("ann", "Open", script)["code"] == "DISPUTE_EVIDENCE_FORM"
    withdrawn = made.step("ann", "Withdraw", opened, ', reason: "found it"')
    assert withdrawn["state"] == "CLOSED"
    assert made.open()["state"] == "NEW"


def test_a_close_says_how_many_disputes_are_undecided(made: Disputing) -> None:
    asked = f'{{ periodChecklist(period: "{PERIOD}") {{ code count message }} }}'

    def waiting() -> list[int]:
        items = made.served.data("hr", asked)["periodChecklist"]
        return [item["count"] for item in items if item["code"] == "CHECK_DISPUTES"]

    assert waiting() == []
    assigned = made.assigned()
    assert waiting() == [1]
    made.step("boss", "Reject", assigned, ', reason: "it was returned"')
    assert waiting() == []


def test_an_acceptance_is_booked_in_an_open_period_and_twice_never(made: Disputing) -> None:
    assigned = made.assigned()
    ahead = ACCEPT.replace(PERIOD, "2027-03")
    assert made.step("boss", "Accept", assigned, ahead)["code"] == "PERIOD_NOT_OPEN"
    nothing = ACCEPT.replace('"100"', '"0"')
    assert made.step("boss", "Accept", assigned, nothing)["code"] == "NUMBER_NOT_EXACT"
    silent = ACCEPT.replace("one order was found", " ")
    assert made.step("boss", "Accept", assigned, silent)["code"] == "TEXT_EMPTY"
    accepted = made.step("boss", "Accept", assigned, ACCEPT.replace(PERIOD, NEXT))
    assert made.step("boss", "Accept", assigned, ACCEPT)["code"] == "VERSION_CONFLICT"
    assert accepted["state"] == "ACCEPTED"
    ledger = f'{{ ledger(period: "{NEXT}") {{ entries {{ originPeriod amount {{ amount }} }} }} }}'
    entries = made.served.data("ann", ledger)["ledger"]["entries"]
    assert entries == [{"originPeriod": PERIOD, "amount": {"amount": "100.00"}}]
