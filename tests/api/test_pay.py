"""Pay over the API: by whom it is prepared, approved, seen and exported."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actions.deed import Runtime
from tests.api.company import Served
from tests.support.paying import Paying, drawing
from tests.support.stamped import office_with

PERIOD = "2026-05"
KEYS = (f"key-of-pay-{number}" for number in itertools.count())
BATCH = (
    "batch { id version state approvals"
    " totals { people paid { amount } problems { sheets problem { code } } } }"
)
FAILED = "... on Problem { code path message }"


class Office:
    """Words about pay, asked over HTTP."""

    def __init__(self, paying: Paying) -> None:
        self.paying = paying
        self.served = Served(paying.company, paying.ids)
        self.version = 0

    def do(self, who: str, name: str, fields: str = "", answer: str = BATCH, **given: Any) -> Any:
        """Send a mutation; ``fields`` is written into its input."""
        kind = name[0].upper() + name[1:]
        text = (
            f"mutation($key: IdempotencyKey!) {{ {name}(input: {{idempotencyKey: $key {fields}}})"
            f" {{ ... on {kind}Success {{ {answer} }} {FAILED} }} }}"
        )
        return self.served.data(who, text, key=given.get("key") or next(KEYS))[name]

    def step(self, who: str, name: str, more: str = "") -> Any:
        """Take a step of the batch with the version that was last seen."""
        batch = self.paying.batch(PERIOD)
        given = f'batch: "{batch.id}", expectedVersion: {batch.version} {more}'
        return self.do(who, f"payBatch{name}", given)


def _earned(runtime: Runtime) -> Paying:
    paying = drawing(runtime)
    paying.sell("ann", PERIOD, 250_050)
    paying.post(PERIOD)
    return paying


@pytest.fixture
def made(database_url: str, tmp_path: Path) -> Iterator[Office]:
    with office_with(_earned, database_url, tmp_path) as paying:
        yield Office(paying)


@pytest.fixture
def on_sqlite(sqlite_url: str, tmp_path: Path) -> Iterator[Office]:
    with office_with(_earned, sqlite_url, tmp_path) as paying:
        yield Office(paying)


SHEET = (
    '{ paySheet(period: "2026-05" %s) { paid { amount } state document problems { code }'
    " amounts { name text amount { amount } } balances { kind amount { amount } } } }"
)


def test_pay_goes_from_prepared_to_paid_and_every_step_is_in_the_history(
    on_sqlite: Office,
) -> None:
    made = on_sqlite
    answer = made.do("hr", "payBatchPrepare", f', period: "{PERIOD}", expectedVersion: 0')
    assert answer["batch"]["totals"] == [
        {"people": 2, "paid": {"amount": "3500.50"}, "problems": []}
    ]
    assert made.step("hr", "Lock")["batch"]["state"] == "LOCKED"
    assert made.step("hr", "Submit")["batch"]["state"] == "SUBMITTED"
    assert made.step("hr", "Approve")["code"] == "APPROVAL_OWN"
    assert made.step("ann", "Approve")["code"] == "FORBIDDEN"
    assert made.step("boss", "Reject", ', reason: ""')["code"] == "TEXT_EMPTY"
    assert made.step("boss", "Approve")["batch"]["state"] == "APPROVED"
    assert made.step("hr", "MarkPaid")["batch"]["state"] == "PAID"
    asked = '{ payBatch(period: "2026-05") { state steps { deed revision } } }'
    seen = made.served.data("hr", asked)["payBatch"]
    deeds = [each["deed"] for each in seen["steps"]]
    assert deeds == ["PREPARE", "LOCK", "SUBMIT", "APPROVE", "MARK_PAID"]
    events = "{ auditEvents(first: 50) { nodes { action } } }"
    actions = [each["action"] for each in made.served.data("hr", events)["auditEvents"]["nodes"]]
    assert {"payBatchLock", "payBatchSubmit", "payBatchApprove", "payBatchMarkPaid"} <= {*actions}


def test_a_payee_sees_the_own_sheet_once_it_is_approved_and_nobody_elses(made: Office) -> None:
    paying, served = made.paying, made.served
    paying.lock(PERIOD)
    assert served.codes("ann", SHEET % "") == ["NOT_FOUND"]
    paying.finish(PERIOD)
    sheet = served.data("ann", SHEET % "")["paySheet"]
    assert (sheet["paid"]["amount"], sheet["state"]) == ("2500.50", "PAID")
    assert sheet["document"]["lines"][0] == ["sheet.earned", "line_sheet_earned", "250050"]
    ben = f', person: "{paying.ids["ben"]}"'
    assert served.codes("ann", SHEET % ben) == ["NOT_FOUND"]
    own = served.data("ben", SHEET % "")["paySheet"]
    assert own["balances"] == [{"kind": "DRAW", "amount": {"amount": "1000.00"}}]
    listed = '{ paySheets(period: "2026-05") { totalCount nodes { person { name } } } }'
    assert served.data("ann", listed)["paySheets"]["totalCount"] == 1
    assert served.data("hr", listed)["paySheets"]["totalCount"] == 2
    assert served.data("ann", "{ payBatches { id } }")["payBatches"] == []


def test_a_named_account_approves_without_seeing_a_single_sheet(made: Office) -> None:
    ann = made.paying.ids["account:ann"]
    chain = f'[{{roles: [HR]}}, {{accounts: ["{ann}"]}}]'
    fields = f', validFrom: "2026-10-01", approval: {chain}, reason: "two pairs of eyes"'
    assert "settings" in made.do(
        "hr", "payPolicySet", fields, "settings { version policy { key } }"
    )
    made.paying.lock(PERIOD)
    made.step("hr", "Submit")
    assert made.step("ann", "Approve")["code"] == "APPROVAL_NOT_YOURS"
    assert made.step("boss", "Approve")["batch"]["state"] == "SUBMITTED"
    assert made.step("boss", "Approve")["code"] == "APPROVAL_OWN"
    seen = made.served.data("ann", "{ payBatches { totals { paid { amount } } } }")["payBatches"]
    assert seen == [{"totals": [{"paid": {"amount": "3500.50"}}]}]
    ben = f', person: "{made.paying.ids["ben"]}"'
    assert made.served.codes("ann", SHEET % ben) == ["NOT_FOUND"]
    rejected = made.step("ann", "Reject", ', reason: "ask again"')
    assert rejected["batch"]["state"] == "UNPAID"
    assert made.paying.owed("ben", "DRAW") == 0
    made.step("hr", "Lock")
    made.step("hr", "Submit")
    made.step("boss", "Approve")
    assert made.step("ann", "Approve")["batch"]["state"] == "APPROVED"


def test_wages_are_pay_and_a_clawback_keeps_to_both_limits(made: Office) -> None:
    paying, served = made.paying, made.served
    paying.pay(PERIOD)
    paying.sell("ann", PERIOD, -150_000)
    paying.post(PERIOD)
    paying.sell("ann", "2026-06", 250_000)
    paying.post("2026-06")
    region = ', region: "Shanghai", validFrom: "2026-01-01", amount: "2690.00", currency: CNY'
    made.do("hr", "minimumWageSet", f'{region}, reason: "announced"', "minimumWages { region }")
    wage = (
        f', wages: [{{person: "{paying.ids["ann"]}", month: "2026-07", amount: "3000.00",'
        ' currency: CNY, region: "Shanghai"}]'
    )
    assert made.do("hr", "wageSet", wage, "count") == {"count": 1}
    assert made.do("ann", "wageSet", wage, "count")["code"] == "FORBIDDEN"
    asked = '{ wage(validAt: "2026-07-31" %s) { amount { amount } region } }'
    assert served.data("ann", asked % "")["wage"]["amount"]["amount"] == "3000.00"
    ann = f', person: "{paying.ids["ann"]}"'
    assert served.codes("ben", asked % ann) == ["NOT_FOUND"]
    paying.lock("2026-06")
    sheet = paying.sheets("2026-06")["ann"].sheet
    # 20 % of 3,000 is 600; what is left of it above the minimum wage is 310: that is all.
    assert sheet.value("clawback.taken") == 31_000
    assert (sheet.paid, sheet.value("carried.balance")) == (219_000, 119_000)


def test_payroll_gets_a_file_with_its_totals_and_leaves_a_line_each_time(
    on_sqlite: Office,
) -> None:
    made = on_sqlite
    paying = made.paying
    paying.pay(PERIOD)
    answer = "fileName mediaType content totals { rows sha256 sums { amount } }"
    fields = f', period: "{PERIOD}", format: XLSX'
    one = made.do("hr", "payrollExport", fields, answer, key="payroll-of-may")
    two = made.do("hr", "payrollExport", fields, answer, key="payroll-of-may")
    assert one["totals"] == two["totals"]
    assert one["totals"]["rows"] == 2
    assert one["totals"]["sums"] == [{"amount": "3500.50"}]
    assert base64.b64decode(one["content"]).startswith(b"PK")
    assert made.do("ann", "payrollExport", fields, answer)["code"] == "FORBIDDEN"
    events = '{ auditEvents(action: "payrollExport") { nodes { action } } }'
    assert len(made.served.data("hr", events)["auditEvents"]["nodes"]) == 2
