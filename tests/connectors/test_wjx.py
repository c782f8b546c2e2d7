"""The connector for WJX (问卷星), against a server that behaves as WJX does."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors import wjx_api
from connectors.contract import Backfill, CheckCode, Json
from connectors.failures import AuthExpired, ConfigurationRefused, Forbidden, Transient
from connectors.testing import Case, Earlier, Faults, contract_suite
from connectors.wjx import WjxConnector
from connectors.wjx_api import signature_of
from tests.support.loopback import Told
from tests.support.messages_read import cursors_of, gone, keys_of, records, rejected
from tests.support.reading_sources import Reader
from tests.support.shared_simulator import SharedSimulator
from tests.support.wjx_server import APP_KEY, KEY, OTHERS, WjxServer, no, settings

AT = datetime(2026, 9, 24, 16, 30, tzinfo=UTC)  # half past midnight in Beijing
DAY = timedelta(days=1)
SCORE = "answer_items.10000.answer_score"


def filled() -> WjxServer:
    server = WjxServer()
    for survey in (71, 72):
        for number in range(1, 7):
            server.give(
                survey, number * 10, f"A{number:03d}", number % 5 + 1, AT + (number - 3) * DAY
            )
    return server


SHARED = SharedSimulator(filled, WjxConnector)


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wjx_api, "PAGE", 3)


def faults_of(server: WjxServer) -> Faults:
    """Give the kit a hand on the server."""

    def put(number: int, score: int = 3) -> tuple[str, str]:
        return "answers", server.give(71, number, "A009", score, AT)

    def insert() -> tuple[str, str]:
        return put(9 - (len(server.answers[71]) - 6))

    def change() -> tuple[str, str]:
        return "answers", server.give(71, 20, "A002", len(server.calls) % 5 + 1, AT - DAY)

    def delete() -> tuple[str, str]:
        server.invalid.add((72, 30))
        return "answers", "72|101812480030"

    def new_field() -> tuple[str, str]:
        server.answers[71][30]["sub_account"] = "east"
        return "answers", "sub_account"

    def lost_field() -> tuple[str, str]:
        for row in server.answers[71].values():
            row.pop("source", None)
        return "answers", "channel"

    def many(count: int) -> None:
        wjx_api.PAGE = 50
        for number in range(1_000, 1_000 + count):
            server.give(71, number, "A009", 4, AT - 6 * DAY)

    return Faults(
        insert=insert,
        change=change,
        delete=delete,
        tie=lambda: {put(number) for number in range(200, 211)},
        undated=lambda: put(300),  # no answer has a time of change
        new_field=new_field,
        lost_field=lost_field,
        many=many,
    )


def wjx_case(folder: Path) -> Case:
    server = SHARED.renew()
    del server.answers[71][60]["jid"]
    right = settings(SHARED.address)
    other: dict[str, Json] = {"vid": OTHERS, "metric": "ces", "score": SCORE, "scale_max": 7}
    inside = {("answers", f"{survey}|101812480030") for survey in (71, 72)}
    return Case(
        connector=WjxConnector(),
        folder=folder,
        config=right,
        streams=("answers",),
        wrong={
            CheckCode.AUTHENTICATION: {**right, "api_key": "wrong-key-77"},
            CheckCode.PERMISSION: {**right, "surveys": [other]},
            CheckCode.CONFIGURATION: {**right, "begin": "yesterday"},
            CheckCode.UNREACHABLE: {**right, "address": "http://127.0.0.1:9"},
        },
        rejected=1,
        unknown=(("answers", SCORE),),
        secrets=(KEY, APP_KEY, "wrong-key-77"),
        web=SHARED.web,
        faults=faults_of(server),
        future={"answers": {"through": "2999-01-01", "seen": {}}},
        # Half past midnight in Beijing: the day before in UTC.
        backfill=(Backfill(start=date(2026, 9, 25), end=date(2026, 9, 26)), frozenset(inside)),
        # As the first release wrote them; every later one goes on from there.
        earlier=(
            Earlier(
                config=right,
                cursors={
                    "answers": {
                        "through": "2026-09-30",
                        "seen": {"2026-09-23": ["71|101812480010"]},
                    }
                },
            ),
        ),
    )


TestWjx = contract_suite(wjx_case)


def test_a_signature_is_as_accounts_of_old_write_it() -> None:
    # Written by hand: the values of action, appid, encode, ts and vid, then the key.
    told = {"vid": 71, "ts": 1_790_000_000, "appid": "app-1", "encode": "sha1", "action": "1001002"}
    assert signature_of({**told, "empty": "", "none": None}, "k") == SIGNED


SIGNED = "84ea54805353a08f7f10d4762561171ceb3daec5"


def test_an_answer_is_for_whoever_stands_in_its_link(reader: Reader, address: str) -> None:
    found = records(reader.read(settings(address), "answers"))
    assert found["71|101812480030"] == {
        "survey": "71",
        "response_id": "101812480030",
        "answered_at": "2026-09-25T00:30:00+08:00",
        "day": "2026-09-25",
        "employee_no": "A003",
        "metric": "csat",
        "score": Decimal(4),
        "scale_max": 5,
        "channel": "链接",
        "sojumpparm": "A003",
        "index": 30,
        "jid": 101_812_480_030,
        "submit_time": "2026-09-25 00:30:00",
        "source": "链接",
        "answer_items.10000.q_index": 1,
        "answer_items.10000.answer_score": 4,
        "answer_items.10000.answer_text": "4",
        "answer_items.20000.q_index": 2,
        "answer_items.20000.answer_text": "很好",
    }


def test_a_short_page_is_not_the_last_one_and_no_page_is_asked_for_by_its_number(
    reader: Reader, server: WjxServer, address: str
) -> None:
    server.short = True
    assert len(keys_of(reader.read(settings(address), "answers"))) == 12


def test_an_answer_that_is_marked_invalid_is_taken_back_and_one_that_is_marked_anew_changes(
    reader: Reader, server: WjxServer, address: str
) -> None:
    cursors = cursors_of(reader.read(settings(address), "answers"))
    server.invalid = {(71, 30)}
    server.give(72, 30, "A003", 9, AT)
    found = reader.read(settings(address), "answers", cursors)
    assert gone(found) == ["71|101812480030"]
    assert records(found)["72|101812480030"]["score"] == 9
    # Valid again: it comes back.
    server.invalid = set()
    again = reader.read(settings(address), "answers", cursors_of(found))
    assert "71|101812480030" in keys_of(again)


def test_an_answer_of_nobody_or_without_a_score_is_told_and_names_none(
    reader: Reader, server: WjxServer, address: str
) -> None:
    server.give(71, 30, None, 5, AT)
    server.give(71, 40, " A004 ", "", AT)
    found = records(reader.read(settings(address), "answers"))
    assert found["71|101812480030"]["employee_no"] is None
    row = found["71|101812480040"]
    assert (row["employee_no"], row["score"]) == ("A004", None)


@pytest.mark.parametrize("score", ["very good", 6, -1, True, "NaN"])
def test_a_score_that_is_none_of_its_scale_is_rejected(
    reader: Reader, server: WjxServer, address: str, score: Any
) -> None:
    server.give(71, 30, "A003", score, AT)
    found = reader.read(settings(address), "answers")
    assert rejected(found) == [("wjx:71/101812480030", SCORE)]


@pytest.mark.parametrize(
    ("told", "day"),
    [("2026/9/25 00:30:00", "2026-09-25"), (1_790_267_400_000, "2026-09-25"), ("soon", None)],
)
def test_a_time_is_read_as_beijing_writes_it_or_in_milliseconds(
    reader: Reader, server: WjxServer, address: str, told: Any, day: str | None
) -> None:
    server.answers[71][30]["submit_time"] = told
    found = reader.read(settings(address), "answers")
    row = records(found).get("71|101812480030")
    assert (row and row["day"]) == day
    assert rejected(found) == ([] if day else [("wjx:71/101812480030", "submit_time")])


def test_a_column_that_is_not_there_is_named_with_those_that_are(
    reader: Reader, address: str
) -> None:
    wrong = {"vid": 71, "metric": "csat", "score": "answer_items.30000.score", "scale_max": 5}
    report = reader.check(settings(address, surveys=[wrong]))
    assert report.code is CheckCode.CONFIGURATION
    (finding,) = report.findings
    assert finding.code == "wjx_column_missing"
    assert SCORE in finding.values["columns"]


def test_accounts_of_old_sign_each_question(reader: Reader, address: str) -> None:
    config = settings(address, api_key="", app_id="app-1", app_key=APP_KEY)
    assert reader.check(config).ok
    assert len(keys_of(reader.read(config, "answers"))) == 12
    report = reader.check({**config, "app_key": "wrong"})
    assert report.code is CheckCode.AUTHENTICATION


@pytest.mark.parametrize(
    ("told", "failure"),
    [
        (no("签名错误"), AuthExpired),
        (no("该问卷不存在"), Forbidden),
        (no("请求过于频繁，请稍后再试"), Transient),
        (no("参数错误"), ConfigurationRefused),
        (no(f"invalid {KEY}"), ConfigurationRefused),
        (Told(body={"data": {}}), Transient),
        (Told(body={"result": True, "data": {"answers": "many"}}), Transient),
        (Told(body={"result": True, "data": {"total_count": 3, "answers": None}}), Transient),
        (Told(body=b"<html>"), Transient),
    ],
)
def test_what_wjx_refuses_in_a_200_is_told_by_its_consequence(
    reader: Reader, server: WjxServer, address: str, told: Told, failure: type[Exception]
) -> None:
    server.trouble = [told]
    with pytest.raises(failure) as raised:
        reader.read(settings(address), "answers")
    assert KEY not in repr(raised.value)


def test_pages_that_come_again_and_again_stop_the_read(
    reader: Reader, server: WjxServer, address: str
) -> None:
    server.circling = True
    with pytest.raises(ConfigurationRefused) as raised:
        reader.read(settings(address), "answers")
    assert raised.value.code == "source_pages_circle"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"address": "wjx"}, "address"),
        ({"api_key": ""}, "api_key"),
        ({"api_key": "", "app_id": "app-1"}, "app_key"),
        ({"begin": ""}, "begin"),
        ({"surveys": []}, "surveys"),
        ({"surveys": [{"vid": "71", "metric": "csat", "score": "a", "scale_max": 5}]}, "surveys"),
        ({"surveys": [{"vid": 71, "metric": "mood", "score": "a", "scale_max": 5}]}, "surveys"),
        ({"surveys": [{"vid": 71, "metric": "csat", "score": "a b", "scale_max": 5}]}, "surveys"),
        ({"surveys": [{"vid": 71, "metric": "csat", "score": "a", "scale_max": 6}]}, "surveys"),
        ({"person": "sojumpparm;"}, "person"),
        ({"time": "1"}, "time"),
        ({"again_days": {"answers": 31}}, "again_days"),
    ],
)
def test_a_wrong_setting_is_named(
    reader: Reader, address: str, change: dict[str, Any], field: str
) -> None:
    report = reader.check({**settings(address), **change})
    assert report.code is CheckCode.CONFIGURATION
    assert report.findings[0].values == {"field": field}
