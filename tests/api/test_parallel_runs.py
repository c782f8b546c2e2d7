"""An old system that pays for more than sales: counts, averages, ratios, goals; and over months."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import pytest
from typer.testing import CliRunner

from actions import parallel_scan
from actions.calculate import Mode, calculate
from actions.define_metric import define_metric
from actions.jobs import work_once
from actions.publish_plan import draft_plan, publish_plan
from attain.cli import app
from storage.definitions import Scope
from storage.engine import Writing
from tests.api.company import YEAR, Served, served
from tests.api.test_parallel_run import COMPARE, TAKE
from tests.support.company import SYSTEM
from tests.support.keys import KEY
from tests.support.rules import PLAN, changed, metric, texts

RANGE = """query($first: Int = 10, $after: String, $cause: DifferenceCause) {
  parallelRuns(fromPeriod: "2026-07", toPeriod: "2026-09", first: $first, after: $after,
    cause: $cause) {
    notCompared old { amount } ours { amount } causes { cause count amount { amount } }
    periods { period old { amount } ours { amount } matched causes { cause amount { amount } } }
    people { totalCount hasNext endCursor nodes { person { name } given old { amount }
      ours { amount } difference { amount } causes { cause amount { amount } }
      differences { period difference { component lines { cause text metric } } } } } } }"""
DEALS = metric("deals", "COUNT", {"kind": "COUNT", "fact": "order"}, empty="ZERO")
AVERAGE = metric("average", "CNY", {"kind": "MEAN", "fact": "order", "unit": "CNY"})
ONLINE = {"attribute": "channel", "operator": "IN", "values": ["online"]}
ONLINE_DEALS = metric(
    "online_deals", "COUNT", {"kind": "COUNT", "fact": "order", "where": [ONLINE]}, empty="ZERO"
)
PILOT = changed(
    PLAN,
    key="pilot_plan",
    units={"sales": "CNY", "deals": "COUNT", "average": "CNY", "online_deals": "COUNT"},
    components=[
        {
            "id": "per_deal",
            "kind": "POINTS",
            "name": texts("Per deal"),
            "missing": "ZERO",
            "metric": "deals",
            "amount": "100",
            "parts": "WHOLE_ONLY",
            "negative": "ZERO",
            "cap": "350",
        },
        {
            "id": "share",
            "kind": "RATE",
            "name": texts("Share"),
            "missing": "ZERO",
            "metric": "sales",
            "rate": "0.05",
            "negative": "KEEP",
        },
        {
            "id": "large_deals",
            "kind": "KICKER",
            "name": texts("Large deals"),
            "missing": "ZERO",
            "percent": "0.10",
            "base": ["per_deal", "share"],
            "condition": {"metric": "average", "comparison": "AT_LEAST", "value": "41000"},
        },
        {
            "id": "online",
            "kind": "POINTS",
            "name": texts("Online"),
            "missing": "ZERO",
            "metric": "online_deals",
            "amount": "10",
            "parts": "WHOLE_ONLY",
            "negative": "ZERO",
        },
    ],
)


@pytest.fixture
def here(database_url: str, tmp_path: Path) -> Iterator[Served]:
    with served(database_url, tmp_path) as found:
        company = found.company
        company.write(_rules)
        found.ids["pia"] = company.person("pia")
        company.assign(found.ids["pia"], found.ids["north"], position="pilot")
        for key, day, yuan, channel in (
            ("A", date(2026, 9, 2), 60_000, "online"),
            ("B", date(2026, 9, 3), 40_000, "shop"),
            ("C", date(2026, 9, 4), 20_000, "online"),
            ("D", date(2026, 8, 31), 30_000, "online"),
        ):
            company.fact("pia", day, yuan * 100, key=key, subject="p", channel=channel)
        yield found


def _rules(writing: Writing) -> str:
    for document in (DEALS, AVERAGE, ONLINE_DEALS):
        define_metric(writing, SYSTEM, document, valid_from=YEAR)
    scope = Scope(positions=("pilot",))
    drafted = draft_plan(writing, SYSTEM, PILOT, scope, valid_from=YEAR)
    publish_plan(writing, SYSTEM, drafted)
    return drafted


def _naive(orders: list[int], online: int) -> dict[str, int]:
    """Read the plan as somebody in HR would: in yuan, of the amounts of the orders."""
    per_deal = min(100 * len(orders), 350)
    share = sum(orders) * 5 // 100
    is_large = bool(orders) and sum(orders) / len(orders) >= 41_000
    kicker = (per_deal + share) // 10 if is_large else 0
    return {"per_deal": per_deal, "share": share, "large_deals": kicker, "online": 10 * online}


def _calculated(here: Served, period: str) -> None:
    calculate(here.runtime, SYSTEM, here.entity, period, Mode.TRIAL, accept_provisional=True)


def _take(here: Served, name: str, text: str, period: str = "2026-09", **layout: Any) -> Any:
    sheet = {
        "idempotencyKey": f"key-{name.lower()}-{period}",
        "period": period,
        "name": name,
        "fileName": f"{name}.csv",
        "content": base64.b64encode(text.encode()).decode(),
        "layout": {"person": "who", "namedBy": "STAFF_NUMBER", **layout},
    }
    return here.data("hr", TAKE, input=sheet)["oldResultsTake"]


def _amounts(*components: str, told: bool = True) -> list[dict[str, Any]]:
    return [{"component": each, "column": each if told else None} for each in components]


def _lines(here: Served, given: str) -> dict[str, list[tuple[str, int, list[str]]]]:
    rows = here.data("hr", COMPARE, period="2026-09")["parallelRun"]["differences"]["nodes"]
    return {
        row["component"]: [
            (each["cause"], int(Decimal(each["amount"]["amount"])), each["records"])
            for each in row["lines"]
        ]
        for row in rows
        if row["given"] == given
    }


def test_single_sales_are_followed_through_counts_averages_and_what_builds_on_them(
    here: Served,
) -> None:
    _calculated(here, "2026-09")
    orders = "who,order,value\npia,A,60000\npia,B,40000\npia,D,30000\npia,E,50000\n"
    names = list(_naive([], 0))
    taken = _take(
        here, "Orders", orders, record="order", base="value", amounts=_amounts(*names, told=False)
    )
    assert taken["oldResults"]["problems"] == []
    # The old system counts order B as one online, and pays ten yuan more for each deal.
    old = _naive([60_000, 40_000, 30_000, 50_000], 4) | {"per_deal": 440}
    cells = ",".join(str(old[name]) for name in names)
    _take(here, "Paid", f"who,{','.join(names)}\npia,{cells}\n", amounts=_amounts(*names))

    first = _naive([60_000, 40_000, 30_000, 50_000], 4)
    no_d = _naive([60_000, 40_000, 50_000], 3)
    ours = _naive([60_000, 40_000, 20_000], 2)
    found = _lines(here, "pia")
    without_d = "TIMING", ["D"]
    only_one_side = "MISSING", ["C", "E"]

    def step(name: str, cause: tuple[str, list[str]], before: Any, after: Any) -> Any:
        return cause[0], after[name] - before[name], cause[1]

    assert found["share"] == [
        step("share", without_d, first, no_d),
        step("share", only_one_side, no_d, ours),
    ]
    assert found["large_deals"] == [
        step("large_deals", without_d, first, no_d),
        step("large_deals", only_one_side, no_d, ours),
    ]
    assert ours["large_deals"] == 0  # over the cliff: the average fell below 41,000
    assert first["per_deal"] == 350  # our cap
    assert found["per_deal"] == [
        ("RATE", -90, []),
        step("per_deal", without_d, first, no_d),
    ]
    assert no_d["per_deal"] == ours["per_deal"]
    assert found["online"] == [
        ("RATE", -10, ["B"]),  # B is in our books, and no online order
        ("TIMING", -10, ["D"]),
    ]


def test_ratios_and_goals_that_a_sheet_tells_are_followed(here: Served) -> None:
    _calculated(here, "2026-09")
    text = (
        "who,sold,kept,goal,base_bonus,excess_share,retention_kicker\n"
        "bo,1000000,76%,1000000,5000,0,500\n"
        "chen,999999.99,100%,900000,5000,1000,600\n"
        "anna,1200000,100%,1000000,5000,2000,650\n"
    )
    _take(
        here,
        "Paid",
        text,
        base="sold",
        amounts=_amounts("base_bonus", "excess_share", "retention_kicker"),
        values=[
            {"metric": "retention", "column": "kept"},
            {"metric": "sales", "column": "goal", "says": "TARGET"},
        ],
    )
    # 76 % are more than 75 %: ours are three of four.
    assert _lines(here, "bo") == {"retention_kicker": [("VALUE", -500, [])]}
    assert _lines(here, "chen") == {
        "base_bonus": [("GOAL", -5000, [])],
        "excess_share": [("GOAL", -1000, [])],
        "retention_kicker": [("GOAL", -600, [])],
    }
    assert _lines(here, "anna") == {"retention_kicker": [("RATE", 50, [])]}
    rows = here.data("hr", COMPARE, period="2026-09")["parallelRun"]["differences"]["nodes"]
    said = {(row["given"], row["component"]): row["lines"][0]["text"] for row in rows}
    assert said["bo", "retention_kicker"] == (
        "The old system counts 76% for retention, we count 75%."
    )
    assert said["chen", "base_bonus"] == (
        "The old system held sales against the goal CN¥900,000.00, we hold it against"
        " CN¥1,000,000.00."
    )
    assert said["anna", "retention_kicker"].startswith("On the same numbers the old system paid")
    wrong = {"metric": "nothing", "column": "kept"}
    refused = _take(here, "Bad", text, amounts=_amounts("base_bonus"), values=[wrong])
    assert (refused["code"], refused["path"]) == ("METRIC_UNKNOWN", "layout.values[0].metric")
    bad = _take(
        here,
        "Worse",
        "who,order\nbo,A\n",
        record="order",
        amounts=_amounts("x", told=False),
        values=[{"metric": "retention", "column": "order"}],
    )
    assert bad["code"] == "OLD_VALUES_BY_SALE"


def test_months_are_put_together_by_cause_and_by_person(
    here: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for period, online in (("2026-08", 5), ("2026-09", 20)):
        _calculated(here, period)
        text = f"who,online,share\npia,{online},1500\nghost,0,7\n"
        _take(here, "Paid", text, period, amounts=_amounts("online", "share"))
    found = here.data("hr", RANGE)["parallelRuns"]
    assert found["notCompared"] == ["2026-07"]
    assert [each["period"] for each in found["periods"]] == ["2026-08", "2026-09"]
    for part in (found, *found["periods"]):
        causes = sum(Decimal(each["amount"]["amount"]) for each in part["causes"])
        assert causes == Decimal(part["ours"]["amount"]) - Decimal(part["old"]["amount"])
    ghost, *people = found["people"]["nodes"]
    assert (ghost["person"], ghost["given"], ghost["old"]["amount"]) == (None, "ghost", "14.00")
    pia = next(each for each in people if each["person"]["name"] == "pia")
    # D in August: 10 online, 1,500 share and the rest; in September 20 online as well
    assert (pia["old"]["amount"], pia["given"]) == ("3025.00", "pia")
    assert {(each["period"], each["difference"]["component"]) for each in pia["differences"]} == {
        ("2026-08", "online"),
        ("2026-08", "per_deal"),
        ("2026-09", "share"),
        ("2026-09", "per_deal"),
    }
    assert pia["difference"]["amount"] == str(
        sum((Decimal(each["amount"]["amount"]) for each in pia["causes"]), Decimal(0))
    )
    seen, after = list[str](), None
    while True:
        page = here.data("hr", RANGE, first=1, after=after)["parallelRuns"]["people"]
        seen += [each["person"]["name"] if each["person"] else "" for each in page["nodes"]]
        after = page["endCursor"]
        if not page["hasNext"]:
            break
    assert len(seen) == len(set(seen)) == found["people"]["totalCount"]
    only = here.data("hr", RANGE, cause="IDENTITY")["parallelRuns"]["people"]
    assert [each["given"] for each in only["nodes"]] == ["ghost"]
    backwards = RANGE.replace('"2026-07", toPeriod: "2026-09"', '"2026-09", toPeriod: "2026-07"')
    assert here.codes("hr", backwards) == ["PARALLEL_RANGE_INVALID"]
    assert here.codes("hr", RANGE.replace("2026-07", "2024-07")) == ["NUMBER_OUT_OF_RANGE"]
    if here.runtime.engine.dialect.name == "sqlite":
        _print_the_same(here, tmp_path, monkeypatch, pia["ours"]["amount"])


def test_a_large_company_is_compared_by_a_job_and_then_answered_at_once(
    here: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    _calculated(here, "2026-09")
    _take(here, "Paid", "who,online,share\npia,20,1500\nghost,0,7\n", amounts=_amounts("share"))

    def asked(**more: Any) -> Any:
        return here.data("hr", COMPARE, period="2026-09", **more)["parallelRun"]

    waiting = asked()
    monkeypatch.setattr(parallel_scan, "PEOPLE_MOST", 3)
    monkeypatch.setattr(parallel_scan, "_KEPT", WeakKeyDictionary())
    assert here.codes("hr", COMPARE, period="2026-09") == ["PARALLEL_RUN_LARGE"]
    start = """mutation($input: ParallelRunStartInput!) { parallelRunStart(input: $input) {
      ... on ParallelRunStartSuccess { job { id } } ... on Problem { code } } }"""
    given = {"idempotencyKey": "compare-0001", "period": "2026-09"}
    job = here.data("hr", start, input=given)["parallelRunStart"]["job"]["id"]
    assert work_once(here.runtime)
    text = "query($id: ID!) { job(id: $id) { kind state stepsDone steps } }"
    done = here.data("hr", text, id=job)["job"]
    assert (done["kind"], done["state"]) == ("PARALLEL_RUN", "DONE")
    assert done["stepsDone"] == done["steps"] > 1
    assert asked() == waiting
    assert asked(first=1)["differences"]["hasNext"]
    # Another sheet is another question.
    _take(here, "More", "who,online\npia,20\n", amounts=_amounts("online"))
    assert here.codes("hr", COMPARE, period="2026-09") == ["PARALLEL_RUN_LARGE"]
    missing = given | {"idempotencyKey": "compare-0002", "period": "2026-07"}
    refused = here.data("hr", start, input=missing)["parallelRunStart"]
    assert refused == {"code": "OLD_RESULTS_MISSING"}
    for who in ("auditor", "meng"):
        late = given | {"idempotencyKey": f"compare-{who}"}
        assert "FORBIDDEN" in json.dumps(here.ask(who, start, input=late))


def _print_the_same(here: Served, folder: Path, monkeypatch: pytest.MonkeyPatch, ours: str) -> None:
    url = here.runtime.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("ATTAIN_DATA", str(folder))
    monkeypatch.setenv("ATTAIN_DATABASE_URL", url)
    (folder / "attain.key").write_text(KEY.hex() + "\n", "ascii")
    (folder / "attain.key").chmod(0o600)
    words = ["old", "compare", "2026-07..2026-09"]
    printed = CliRunner().invoke(app, words, env={"ATTAIN_LOCALE": "en"})
    assert printed.exit_code == 0, printed.output
    assert "2026-07  not compared" in printed.output
    assert f"{Decimal(ours):,}" in printed.output
    assert "  2026-08  online" in printed.output
