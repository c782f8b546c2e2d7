"""A company moves in: its old sheet beside our run, every difference with its cause."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from actions.calculate import Mode
from actions.change_people import PersonDraft, put_person
from attain.cli import app
from storage import tables
from tests.api.company import Served, calculated, served
from tests.support.company import as_owner
from tests.support.keys import KEY

TAKE = """mutation($input: OldResultsTakeInput!) { oldResultsTake(input: $input) {
  ... on OldResultsTakeSuccess { oldResults { name version rowsRead rowsTaken
    problems { rows problem { code severity } } problemRows { row problem { code message } } } }
  ... on Problem { code message path } } }"""
COMPARE = """query($period: Period!, $cause: DifferenceCause, $first: Int, $after: String) {
  parallelRun(period: $period, cause: $cause, first: $first, after: $after) {
    old { amount } ours { amount } compared matched onlyOld onlyOurs sheets { name }
    rowsRead rowsLeftOut leftOut { rows problem { code message } }
    causes { cause count amount { amount } }
    differences { totalCount hasNext endCursor nodes { person { name } given
      component old { amount } ours { amount } difference { amount } likely { name }
      lines { cause text amount { amount } records } } } } }"""
PAYROLL = """工号,业绩,达标奖,超额奖
anna,"1,200,000.00","5,000.00",2000
bo,1000000,4000,-
eve,1400000,5000,"¥4,000.00"
zed,10,123,
dai,oops,1,2
"""


@pytest.fixture
def here(database_url: str, tmp_path: Path) -> Iterator[Served]:
    with served(database_url, tmp_path) as found:
        yield found


def _amounts(*pairs: tuple[str, str | None]) -> list[dict[str, Any]]:
    return [{"component": component, "column": column} for component, column in pairs]


def _payroll(key: str, **changes: Any) -> dict[str, Any]:
    return {
        "idempotencyKey": f"key-{key.lower()}-0000",
        "period": "2026-09",
        "name": "Payroll",
        "fileName": "工资.csv",
        "content": base64.b64encode(PAYROLL.encode("gb18030")).decode(),
        "layout": {
            "person": "工号",
            "namedBy": "STAFF_NUMBER",
            "base": "业绩",
            "amounts": _amounts(("base_bonus", "达标奖"), ("excess_share", "超额奖")),
        },
    } | changes


def _take(here: Served, sheet: dict[str, Any], who: str = "hr") -> Any:
    return here.data(who, TAKE, input=sheet)["oldResultsTake"]


def _compare(here: Served, **asked: Any) -> Any:
    return here.data("hr", COMPARE, period="2026-09", **asked)["parallelRun"]


def test_an_old_payroll_is_held_against_ours_and_the_causes_add_up(here: Served) -> None:
    calculated(here, Mode.TRIAL)
    taken = _take(here, _payroll("p1"))["oldResults"]
    assert (taken["version"], taken["rowsRead"], taken["rowsTaken"]) == (1, 5, 4)
    problems = {each["problem"]["code"]: each["rows"] for each in taken["problems"]}
    assert problems == {"OLD_AMOUNT_UNREADABLE": 1, "OLD_PERSON_UNKNOWN": 1}
    assert [each["row"] for each in taken["problemRows"]] == [5, 6]

    found = _compare(here)
    assert (found["old"]["amount"], found["ours"]["amount"]) == ("20123.00", "22700.00")
    assert (found["rowsRead"], found["rowsLeftOut"]) == (5, 1)
    (why,) = found["leftOut"]
    assert (why["rows"], why["problem"]["code"]) == (1, "OLD_AMOUNT_UNREADABLE")
    assert "业绩" in why["problem"]["message"]
    # anna's two, bo's excess of nothing is not in the sheet, eve's bonus
    assert (found["compared"], found["matched"], found["onlyOld"]) == (5, 3, 1)
    causes = {each["cause"]: each["amount"]["amount"] for each in found["causes"]}
    assert causes == {
        "RATE": "1000.00",
        "IDENTITY": "-123.00",
        "MISSING": "700.00",
        "VALUE": "1000.00",
    }
    rows = {(row["given"], row["component"]): row for row in found["differences"]["nodes"]}
    assert rows["bo", "base_bonus"]["lines"][0]["text"] == (
        "On the same sales of CN¥1,000,000.00 the old system paid CN¥4,000.00 (0.4%), our rules"
        " pay CN¥5,000.00 (0.5%)."
    )
    assert rows["eve", "excess_share"]["difference"]["amount"] == "1000.00"
    assert rows["zed", "base_bonus"]["person"] is None


def test_single_sales_say_what_was_counted_elsewhere_and_what_was_typed_wrong(here: Served) -> None:
    here.company.fact("eve", date(2026, 8, 31), 5_000_000, key="SO-9", subject="eve-0")
    here.company.fact("gao", date(2026, 9, 3), 7_000_000, key="SO-7", subject="gao-0")
    calculated(here, Mode.TRIAL)
    with as_owner(here.runtime.engine) as connection:
        fact = tables.fact.c
        query = select(fact.key).where(
            fact.business_date == date(2026, 9, 9), fact.quantity == 150_000_000
        )
        main = connection.execute(query).scalar_one()
    orders = f"""order,seller,value
{main},eve,1400000.00
SO-9,eve,50000.00
SO-7,eve,70000.00
SO-0,eve,30000.00
"""
    paid = "seller,excess\neve,5500.00\n"
    layout = {"person": "seller", "namedBy": "STAFF_NUMBER"}
    for name, text, more in (
        ("Orders", orders, {"record": "order", "base": "value", "column": None}),
        ("Paid", paid, {"column": "excess"}),
    ):
        columns = dict(more)
        amounts = _amounts(("excess_share", columns.pop("column")))
        sheet = _payroll(name, name=name, fileName=f"{name}.csv")
        sheet |= {
            "content": base64.b64encode(text.encode()).decode(),
            "layout": layout | columns | {"amounts": amounts},
        }
        if name == "Orders":
            assert _take(here, sheet)["oldResults"]["rowsTaken"] == 4
        else:
            assert _take(here, sheet)["oldResults"]["rowsTaken"] == 1
    nodes = _compare(here)["differences"]["nodes"]
    eve = next(row for row in nodes if (row["given"], row["component"]) == ("eve", "excess_share"))
    assert (eve["old"]["amount"], eve["ours"]["amount"]) == ("5500.00", "5000.00")
    lines = {each["cause"]: (each["amount"]["amount"], each["records"]) for each in eve["lines"]}
    assert lines == {
        "TIMING": ("-500.00", ["SO-9"]),
        "CREDIT": ("-700.00", ["SO-7"]),
        "MISSING": ("-300.00", ["SO-0"]),
        "VALUE": ("1000.00", [main]),
    }
    only = _compare(here, cause="TIMING")["differences"]
    assert only["totalCount"] == 1


def test_who_is_known_and_not_paid_is_missing_and_pay_that_nobody_says_is_not_compared(
    here: Served,
) -> None:
    calculated(here, Mode.TRIAL)
    for name in ("ivo", "ＪＯ"):
        new = PersonDraft(source_key=name, name=name, staff_number=name)
        here.company.write(partial(put_person, draft=new))
    text = "工号,业绩,达标奖\nanna,1200000,-\nivo,1200000,5000\nJO,10,0\n"
    layout = _payroll("p1")["layout"] | {
        "amounts": _amounts(("base_bonus", "达标奖"), ("excess_share", None))
    }
    content = base64.b64encode(text.encode()).decode()
    assert (
        _take(here, _payroll("p1", content=content, layout=layout))["oldResults"]["problems"] == []
    )

    found = _compare(here)
    rows = {(row["given"], row["component"]): row for row in found["differences"]["nodes"]}
    anna, ivo = rows["anna", "base_bonus"], rows["ivo", "base_bonus"]
    assert (anna["old"], anna["ours"]["amount"]) == (None, "5000.00")
    assert [each["cause"] for each in (*anna["lines"], *ivo["lines"])] == ["MISSING", "MISSING"]
    assert (ivo["person"], ivo["likely"]) == ({"name": "ivo"}, None)
    assert "excess_share" not in {component for _, component in rows}
    assert found["onlyOld"] == 1
    causes = sum(Decimal(each["amount"]["amount"]) for each in found["causes"])
    assert causes == Decimal(found["ours"]["amount"]) - Decimal(found["old"]["amount"])


def test_a_sheet_again_is_its_next_version_and_the_same_request_is_done_once(here: Served) -> None:
    calculated(here, Mode.TRIAL)
    first = _take(here, _payroll("p1"))["oldResults"]
    assert _take(here, _payroll("p1"))["oldResults"] == first
    stale = _take(here, _payroll("p2", expectedVersion=0))
    assert (stale["code"], stale["path"]) == ("OLD_SET_CHANGED", "expectedVersion")
    right = PAYROLL.replace("bo,1000000,4000", "bo,1000000,5000")
    content = base64.b64encode(right.encode()).decode()
    again = _take(here, _payroll("p3", expectedVersion=1, content=content))["oldResults"]
    assert again["version"] == 2
    found = _compare(here)
    assert "RATE" not in {each["cause"] for each in found["causes"]}
    assert [each["name"] for each in found["sheets"]] == ["Payroll"]


def test_a_name_that_two_people_have_is_nobodys(here: Served) -> None:
    calculated(here, Mode.TRIAL)
    twin = PersonDraft(source_key="anna-2", name="anna", staff_number="anna-2")
    here.company.write(lambda writing: put_person(writing, twin))
    layout = _payroll("p1")["layout"] | {"namedBy": "NAME"}
    taken = _take(here, _payroll("p1", layout=layout))["oldResults"]
    codes = [(each["row"], each["problem"]["code"]) for each in taken["problemRows"]]
    assert (2, "OLD_PERSON_AMBIGUOUS") in codes
    rows = _compare(here)["differences"]["nodes"]
    anna = [row for row in rows if row["given"] == "anna"]
    assert {row["person"] for row in anna} == {None}


def test_a_long_list_is_read_page_by_page(here: Served) -> None:
    calculated(here, Mode.TRIAL)
    _take(here, _payroll("p1"))
    seen: list[tuple[str, str]] = []
    after = None
    while True:
        part = _compare(here, first=1, after=after)["differences"]
        seen += [(row["given"], row["component"]) for row in part["nodes"]]
        after = part["endCursor"]
        if not part["hasNext"]:
            break
    assert len(seen) == len(set(seen)) == part["totalCount"]


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        ({"content": "not base64!"}, "OLD_FILE_UNREADABLE", "content"),
        ({"content": ""}, "OLD_FILE_UNREADABLE", "content"),
        ({"name": "  "}, "TEXT_EMPTY", "name"),
        ({"layout": {"person": "Nr"}}, "OLD_COLUMN_MISSING", "layout.person"),
        (
            {"layout": {"amounts": _amounts(("a", "达标奖"), ("a", "超额奖"))}},
            "OLD_COMPONENT_TWICE",
            "layout.amounts[1].component",
        ),
        ({"layout": {"amounts": []}}, "NUMBER_OUT_OF_RANGE", "layout.amounts"),
    ],
)
def test_a_sheet_that_cannot_be_taken_says_where_and_why(
    shared_here: Served, change: dict[str, Any], code: str, path: str
) -> None:
    sheet = _payroll(f"bad-{len(code)}-{len(path)}")
    layout = sheet["layout"] | change.get("layout", {})
    refused = _take(shared_here, sheet | change | {"layout": layout})
    assert (refused["code"], refused["path"]) == (code, path)


@pytest.mark.parametrize("who", ["anna", "auditor", "admin"])
def test_whoever_does_not_decide_about_all_pay_is_refused(shared_here: Served, who: str) -> None:
    answer = shared_here.ask(who, COMPARE, period="2026-09")
    assert answer["data"] is None or answer["data"]["parallelRun"] is None
    assert _code(answer) == "FORBIDDEN"
    taken = shared_here.ask(who, TAKE, input=_payroll("p9"))
    said = (taken.get("data") or {}).get("oldResultsTake") or {}
    assert said.get("code", _code(taken)) == "FORBIDDEN", taken


def test_without_a_sheet_there_is_nothing_to_compare_and_it_is_said_in_chinese(
    shared_here: Served,
) -> None:
    answer = shared_here.ask("hr", COMPARE, language="zh-CN", period="2026-08")
    assert answer["data"]["parallelRun"] is None
    assert answer["extensions"]["problems"][0]["message"].startswith("2026-08 还没有导入")


def _code(answer: dict[str, Any]) -> str | None:
    told = [*answer.get("errors", ()), *answer.get("extensions", {}).get("problems", ())]
    codes = [each.get("code") or each.get("extensions", {}).get("code") for each in told]
    return codes[0] if codes else None


@pytest.fixture(scope="module")
def shared_here(
    _sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """One company for what changes nothing."""
    folder = tmp_path_factory.mktemp("parallel")
    (folder / "attain.db").write_bytes(_sqlite_template.read_bytes())
    with served(f"sqlite:///{folder / 'attain.db'}", folder) as found:
        yield found


def test_the_command_takes_a_sheet_and_prints_the_same(
    shared_here: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calculated(shared_here, Mode.TRIAL)
    sheet = _payroll("p1")
    file, layout = tmp_path / "payroll.csv", tmp_path / "layout.json"
    file.write_bytes(PAYROLL.encode())
    layout.write_text(json.dumps(sheet["layout"]), encoding="utf-8")
    url = shared_here.runtime.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("ATTAIN_DATA", str(tmp_path))
    monkeypatch.setenv("ATTAIN_DATABASE_URL", url)
    (tmp_path / "attain.key").write_text(KEY.hex() + "\n", "ascii")
    (tmp_path / "attain.key").chmod(0o600)
    words = ["old", "take", "2026-09", str(file), "--layout", str(layout), "--name", "Payroll"]
    taken = CliRunner().invoke(app, words)
    assert taken.exit_code == 0, taken.output
    assert "rows 4/5" in taken.output
    with as_owner(shared_here.runtime.engine) as connection:
        query = select(tables.audit_event.c.action).order_by(tables.audit_event.c.seq.desc())
        assert connection.execute(query.limit(1)).scalar_one() == "oldResultsTake"
    printed = CliRunner().invoke(app, ["old", "compare", "2026-09"])
    assert printed.exit_code == 0, printed.output
    assert "the same to the cent 3/5" in printed.output
    assert "Payroll  version 1  rows 4/5  left out 1" in printed.output
    assert "\n    1  " in printed.output
    assert _compare(shared_here)["matched"] == 3
