"""The connector for WeCom, against a server that behaves as WeCom does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import (
    Backfill,
    CheckCode,
    Checkpoint,
    Context,
    HookRequest,
    Message,
    Notice,
    ReadRequest,
    Ready,
    Record,
    Rejected,
    Tombstone,
)
from connectors.failures import (
    AuthExpired,
    ConfigurationRefused,
    ConnectorFailure,
    Forbidden,
    RateLimited,
    Transient,
)
from connectors.testing import Case, contract_suite
from connectors.web_host import LimitedWeb, open_http
from connectors.wecom_source import WeComConnector
from tests.support.loopback import Asked, Told, on_loopback
from tests.support.source_web import NOW, local_web
from tests.support.wecom_source_server import CONTACT_SECRET, CORP, SECRET, WeComSource, at

CONNECTOR = WeComConnector()
KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
ALL = ("departments", "members", "checkins", "behaviour", "groupchats", "journals", "approvals")


def member(userid: str, *departments: int, **others: Any) -> dict[str, Any]:
    return {
        "userid": userid,
        "name": f"员工{userid}",
        "department": list(departments),
        "is_leader_in_dept": [0] * len(departments),
        "main_department": departments[0],
        "direct_leader": [],
        "status": 1,
        **others,
    }


def checkin(userid: str, when: str, place: str = "Demo Hotel", **others: Any) -> dict[str, Any]:
    return {
        "userid": userid,
        "groupname": "East team",
        "checkin_type": "外出打卡",
        "exception_type": "",
        "checkin_time": at(when),
        "location_title": place,
        "notes": "Visit: Demo Trading Co",
        "lat": 31230416,
        "lng": 121473701,
        "groupid": 1,
        **others,
    }


def filled() -> WeComSource:
    server = WeComSource(
        departments=[
            {"id": 2, "name": "销售部", "parentid": 1, "order": 1, "department_leader": ["boss01"]},
            {"id": 3, "name": "华东", "parentid": 2, "order": 2, "department_leader": []},
        ],
        members=[
            member("boss01", 2, is_leader_in_dept=[1]),
            member("Sales01", 3, 2, direct_leader=["Boss01"]),
            member("sales02", 3, mood="sunny"),
        ],
        followers=["Sales01", "sales02"],
    )
    server.members[1]["extattr"] = {"attrs": [{"name": "工号", "text": {"value": "A017"}}]}
    server.checkins = [
        checkin("sales01", "2026-09-28 09:30"),
        checkin("sales01", "2026-09-28 15:00"),
        checkin("sales02", "2026-09-29 10:00", "Shop", mood="sunny"),
        {"userid": "sales02", "checkin_time": "soon", "checkin_type": "外出打卡"},
    ]
    server.behaviour = {
        ("sales01", "2026-09-29"): {"chat_cnt": 12, "message_cnt": 75, "reply_percentage": 83.33},
        ("sales01", "2026-09-30"): {"chat_cnt": 0, "message_cnt": 0, "mood": 1},
        ("sales02", "2026-09-30"): {"chat_cnt": 4, "message_cnt": 9, "avg_reply_time": 6},
    }
    server.groups = {
        ("sales01", "2026-09-30"): {"new_chat_cnt": 2, "chat_total": 9, "msg_total": 211},
        ("sales02", "2026-09-30"): {"new_chat_cnt": 0, "chat_total": 1, "msg_total": 3},
    }
    for number in range(1, 4):
        server.journals[f"JU-{number}"] = {
            "template_name": "日报",
            "report_time": at(f"2026-09-30 18:0{number}"),
            "submitter": {"userid": "Sales01"},
        }
        server.approvals[f"20260930000{number}"] = {
            "sp_no": f"20260930000{number}",
            "sp_status": number,
            "apply_time": at("2026-09-30 10:00"),
            "applyer": {"userid": "sales02", "partyid": "3"},
            "apply_data": {"contents": [{"control": "Money", "value": {"new_money": "12.50"}}]},
        }
    return server


class _Shared:
    """One server on this machine for the module; each test puts its own behind it."""

    server: WeComSource
    address = ""

    def answer(self, asked: Asked) -> Told:
        return self.server.answer(asked)


_SHARED = _Shared()
_HTTP = open_http(["127.0.0.1"])


@pytest.fixture(scope="module", autouse=True)
def _served() -> Iterator[None]:
    with on_loopback(_SHARED.answer) as address:
        _SHARED.address = address
        yield
    _HTTP.close()


@pytest.fixture(autouse=True)
def server() -> WeComSource:
    _SHARED.server = filled()
    return _SHARED.server


@pytest.fixture
def web() -> LimitedWeb:
    return local_web(_HTTP)


def settings(**others: Any) -> dict[str, Any]:
    return {
        "corp_id": CORP,
        "secret": SECRET,
        "begin": "2026-09-24",
        "address": f"{_SHARED.address}/cgi-bin",
        "callback_token": "KpiHubToken2026",
        "callback_key": KEY,
        **others,
    }


def wecom_case(folder: Path) -> Case:
    right = settings(begin="2026-09-29")
    return Case(
        connector=CONNECTOR,
        folder=folder,
        config=right,
        streams=ALL,
        wrong={
            CheckCode.AUTHENTICATION: {**right, "secret": "wrong-secret-000"},
            CheckCode.CONFIGURATION: {**right, "corp_id": "wwother"},
            CheckCode.UNREACHABLE: {**right, "address": "http://127.0.0.1:9"},
        },
        rejected=1,
        unknown=(("members", "mood"), ("checkins", "mood"), ("behaviour", "mood")),
        secrets=(SECRET, KEY, "KpiHubToken2026"),
        web=local_web(_HTTP),
    )


TestWeCom = contract_suite(wecom_case)


def read(
    web: LimitedWeb,
    stream: str,
    cursor: Any = None,
    *,
    now: datetime = NOW,
    backfill: Backfill | None = None,
    **others: Any,
) -> list[Message]:
    context = Context(config=settings(**others), folder=Path(), now=now, web=web)
    cursors = {} if cursor is None else {stream: cursor}
    request = ReadRequest(streams=(stream,), cursors=cursors, backfill=backfill)
    return list(CONNECTOR.read(context, request))


def records(messages: list[Message]) -> dict[str, Mapping[str, Any]]:
    return {m.key: m.content for m in messages if isinstance(m, Record)}


def last_cursor(messages: list[Message]) -> Any:
    return [m.cursor for m in messages if isinstance(m, Checkpoint)][-1]


def ready(messages: list[Message]) -> list[date]:
    return [m.through for m in messages if isinstance(m, Ready)]


# ---- the directory -------------------------------------------------------------------------------


def test_a_member_of_two_departments_comes_once_with_the_main_one(web: LimitedWeb) -> None:
    found = records(read(web, "members"))
    assert list(found) == ["boss01", "sales01", "sales02"]
    sales = found["sales01"]
    assert (sales["userid"], sales["member"], sales["main_department"]) == ("Sales01", "sales01", 3)
    assert (sales["leader"], sales["role_in_main"], sales["extattr.工号"]) == (
        "boss01",
        "MEMBER",
        "A017",
    )
    assert found["boss01"]["role_in_main"] == "LEAD"


def test_the_top_of_the_visible_branch_has_no_parent(web: LimitedWeb) -> None:
    found = records(read(web, "departments"))
    assert {key: row["parent"] for key, row in found.items()} == {"2": None, "3": 2}


def test_where_the_directory_tells_ids_alone_the_application_tells_the_names(
    web: LimitedWeb, server: WeComSource
) -> None:
    whole = records(read(web, "members"))
    server.ids_only, server.page = {CONTACT_SECRET, SECRET}, 2
    found = records(read(web, "members", contact_secret=CONTACT_SECRET))
    assert found == whole
    assert len(server.calls("user/list_id")) == 2  # 4 places of 3 members, by pages of 2
    server.page = 1_000
    assert records(read(web, "departments", contact_secret=CONTACT_SECRET)).keys() == {"2", "3"}
    assert records(read(web, "checkins", contact_secret=CONTACT_SECRET))


def test_who_left_is_missing_in_the_keys(web: LimitedWeb, server: WeComSource) -> None:
    del server.members[1]
    context = Context(config=settings(), folder=Path(), now=NOW, web=web)
    assert list(CONNECTOR.keys(context, "members")) == ["boss01", "sales02"]
    assert list(CONNECTOR.keys(context, "departments")) == ["2", "3"]


def test_a_directory_has_no_past_to_read_again(web: LimitedWeb) -> None:
    with pytest.raises(ConfigurationRefused):
        read(web, "members", backfill=Backfill(start=date(2026, 9, 1), end=date(2026, 9, 2)))


# ---- check-ins -----------------------------------------------------------------------------------


def test_two_checkins_at_one_place_on_one_day_are_one_visit(
    web: LimitedWeb, server: WeComSource
) -> None:
    server.checkins += [
        checkin("sales01", "2026-09-28 16:00", "Market"),
        checkin("sales01", "2026-09-29 09:00"),
        checkin("sales01", "2026-09-29 11:00", ""),
        checkin("sales01", "2026-09-29 11:05", "", lat=31230999),
        checkin("sales01", "2026-09-29 12:00", "", lat=None, lng=None),
        checkin("sales01", "2026-09-29 12:30", "", lat=None, lng=None),
    ]
    found = records(read(web, "checkins"))
    visits = [row["at"] for row in found.values() if row["visit"] == "FIRST"]
    assert [text[5:16] for text in visits] == [
        "09-28T09:30",
        "09-28T16:00",
        "09-29T09:00",
        "09-29T10:00",
        "09-29T11:00",
        "09-29T12:00",
        "09-29T12:30",
    ]


def test_a_row_that_says_nobody_checked_in_is_no_visit(
    web: LimitedWeb, server: WeComSource
) -> None:
    server.checkins = [
        checkin("sales01", "2026-09-28 09:30", exception_type="地点异常;未打卡"),
        checkin("sales01", "2026-09-28 10:30", exception_type="地点异常"),
    ]
    assert [row["at"][11:16] for row in records(read(web, "checkins")).values()] == ["10:30"]


def test_days_are_held_against_the_time_of_each_row(web: LimitedWeb, server: WeComSource) -> None:
    server.checkins = [
        checkin("sales01", "2026-08-31 23:59:59"),
        checkin("sales01", "2026-09-01 00:00:00"),
        checkin("sales01", "2026-09-30 23:59:59"),
        checkin("sales01", "2026-10-01 00:00:00"),
    ]
    september = Backfill(start=date(2026, 9, 1), end=date(2026, 10, 1))
    found = read(web, "checkins", backfill=september)
    assert [row["day"] for row in records(found).values()] == ["2026-09-01", "2026-09-30"]


def test_a_range_that_was_asked_for_never_moves_the_cursor(web: LimitedWeb) -> None:
    last_days = Backfill(start=date(2026, 9, 28), end=date(2026, 10, 1))
    for stream in ALL[2:]:
        live = last_cursor(read(web, stream))
        found = read(web, stream, live, backfill=last_days)
        assert {repr(m.cursor) for m in found if isinstance(m, Checkpoint)} == {repr(live)}
        assert not ready(found)
        assert not [m for m in found if isinstance(m, Tombstone)]
        assert records(found)


def test_long_ranges_and_many_members_are_asked_in_parts(
    web: LimitedWeb, server: WeComSource
) -> None:
    server.members = [member(f"u{number:03}", 3) for number in range(230)]
    server.checkins = [
        checkin(f"u{number:03}", f"2026-0{month}-15 09:00")
        for number in range(230)
        for month in (7, 8, 9)
    ]
    server.checkins.append(checkin("u000", "2026-07-30 23:59:59"))
    server.checkins.append(checkin("u000", "2026-07-31 00:00:00"))
    found = read(web, "checkins", begin="2026-07-01")
    assert len(records(found)) == 692
    assert len([m for m in found if isinstance(m, Record)]) == 692
    assert len(server.calls("checkin/getcheckindata")) == 12


def test_an_answer_that_is_too_large_is_asked_in_halves(
    web: LimitedWeb, server: WeComSource
) -> None:
    whole = records(read(web, "checkins"))
    server.page = 1
    assert records(read(web, "checkins")) == whole


def test_what_a_repair_removes_is_taken_back(web: LimitedWeb, server: WeComSource) -> None:
    server.checkins.pop()  # the row that cannot be read
    first = read(web, "checkins")
    gone, second = server.checkins.pop(0), server.checkins[0]
    again = read(web, "checkins", last_cursor(first))
    key = f"sales01|{gone['checkin_time']}|外出打卡|1"
    assert [m.key for m in again if isinstance(m, Tombstone)] == [key]
    # What was the second one at this place is the visit now.
    assert records(first)[f"sales01|{second['checkin_time']}|外出打卡|1"]["visit"] == "AGAIN"
    assert records(again)[f"sales01|{second['checkin_time']}|外出打卡|1"]["visit"] == "FIRST"
    assert not [m for m in read(web, "checkins", last_cursor(again)) if isinstance(m, Tombstone)]


def test_nothing_is_taken_back_when_it_may_only_be_unreadable_or_unseen(
    web: LimitedWeb, server: WeComSource
) -> None:
    cursor = last_cursor(read(web, "checkins"))
    server.checkins[0]["checkin_time"] = "soon"
    assert not [m for m in read(web, "checkins", cursor) if isinstance(m, Tombstone)]
    server.checkins = []
    server.members = [m for m in server.members if m["userid"] != "Sales01"]
    found = read(web, "checkins", cursor)
    assert {m.key.split("|")[0] for m in found if isinstance(m, Tombstone)} == {"sales02"}


def test_a_late_repair_is_read_again_as_deep_as_the_settings_say(
    web: LimitedWeb, server: WeComSource
) -> None:
    cursor = last_cursor(read(web, "checkins"))
    server.checkins.append(checkin("sales02", "2026-09-24 00:00:01", "Late"))
    assert "Late" in {row["place"] for row in records(read(web, "checkins", cursor)).values()}
    shallow = read(web, "checkins", cursor, again_days={"checkins": 6})
    assert "Late" not in {row["place"] for row in records(shallow).values()}


def test_two_checkins_in_one_second_are_one_whatever_their_order(
    web: LimitedWeb, server: WeComSource
) -> None:
    twin = checkin("SALES01", "2026-09-28 09:30", notes="other")
    server.checkins.append(twin)
    found = read(web, "checkins")
    server.checkins.insert(0, server.checkins.pop())
    assert records(read(web, "checkins")) == records(found)
    assert [m.code for m in found if isinstance(m, Notice)] == ["wecom_checkin_twice"]


def test_numbers_written_as_text_and_a_byte_order_mark_are_read(
    web: LimitedWeb, server: WeComSource
) -> None:
    whole = records(read(web, "checkins"))
    server.bom = True
    for row in server.checkins[:3]:
        row["checkin_time"] = str(row["checkin_time"])
    assert records(read(web, "checkins")) == whole


# ---- figures -------------------------------------------------------------------------------------


def test_each_member_is_asked_alone_and_what_is_absent_is_no_zero(
    web: LimitedWeb, server: WeComSource
) -> None:
    found = records(read(web, "behaviour"))
    assert all(len(body["userid"]) == 1 for body in server.calls(BEHAVIOUR))
    assert found["sales01|2026-09-29"]["reply_percentage"] == Decimal("83.33")
    assert found["sales01|2026-09-30"]["chat_cnt"] == 0
    assert found["sales01|2026-09-30"]["reply_percentage"] is None
    assert found["sales02|2026-09-30"]["message_cnt"] == 9
    assert len(found) == 3


BEHAVIOUR = "externalcontact/get_user_behavior_data"
MORNING = datetime(2026, 9, 30, 23, 59, 59, tzinfo=UTC)  # 07:59:59 in Beijing on the first


@pytest.mark.parametrize("stream", ["behaviour", "groupchats"])
def test_yesterday_is_not_asked_for_before_the_morning(web: LimitedWeb, stream: str) -> None:
    early, late = read(web, stream, now=MORNING), read(web, stream)
    assert ready(early) == [date(2026, 9, 29)]
    assert ready(late) == [date(2026, 9, 30)]
    assert "sales01|2026-09-30" not in records(early)
    assert "sales01|2026-09-30" in records(late)


def test_zeros_that_are_corrected_later_are_read_again(
    web: LimitedWeb, server: WeComSource
) -> None:
    cursor = last_cursor(read(web, "behaviour"))
    assert cursor == {"through": "2026-09-30"}
    server.behaviour["sales01", "2026-09-30"] = {"chat_cnt": 7}
    server.behaviour["sales01", "2026-09-27"] = {"chat_cnt": 5}
    server.behaviour["sales01", "2026-09-26"] = {"chat_cnt": 3}
    found = records(read(web, "behaviour", cursor, now=NOW + timedelta(days=1)))
    assert found["sales01|2026-09-30"]["chat_cnt"] == 7
    assert found["sales01|2026-09-27"]["chat_cnt"] == 5
    assert "sales01|2026-09-26" not in found


def test_a_read_of_figures_that_was_cut_short_goes_on_behind_the_last_member(
    web: LimitedWeb, server: WeComSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.wecom_figures._COVERED", 1)
    whole = read(web, "behaviour")
    middle = next(m.cursor for m in whole if isinstance(m, Checkpoint))
    assert middle["after"] == "sales01"
    server.asked.clear()
    rest = read(web, "behaviour", middle)
    assert [body["userid"] for body in server.calls(BEHAVIOUR)] == [["sales02"]]
    assert records(rest).keys() == {"sales02|2026-09-30"}
    assert last_cursor(rest) == last_cursor(whole)


def test_figures_older_than_wecom_keeps_are_not_asked_for(
    web: LimitedWeb, server: WeComSource
) -> None:
    read(web, "behaviour", begin="2025-01-01")
    days = {body["start_time"] for body in server.calls(BEHAVIOUR)}
    assert min(days) == at("2026-04-05 00:00")
    assert all(b["end_time"] - b["start_time"] <= 29 * 86_400 for b in server.calls(BEHAVIOUR))
    info = next(s for s in CONNECTOR.info.streams if s.name == "behaviour")
    assert info.retention_days == 180


def test_one_without_a_licence_does_not_stop_the_others(
    web: LimitedWeb, server: WeComSource
) -> None:
    server.unlicensed = {"sales01"}
    found = read(web, "behaviour")
    assert records(found).keys() == {"sales02|2026-09-30"}
    told = [(m.code, dict(m.values)) for m in found if isinstance(m, Notice)]
    assert told == [("wecom_skipped", {"what": "sales01", "code": "701008"})]
    server.unlicensed = {"sales01", "sales02"}
    with pytest.raises(Forbidden) as raised:
        read(web, "behaviour")
    assert raised.value.code == "wecom_no_licence"


def test_customer_groups_come_day_by_day_and_page_by_page(
    web: LimitedWeb, server: WeComSource
) -> None:
    server.page = 1
    found = records(read(web, "groupchats"))
    assert {key: row["data.chat_total"] for key, row in found.items()} == {
        "sales01|2026-09-30": 9,
        "sales02|2026-09-30": 1,
    }


# ---- forms ---------------------------------------------------------------------------------------


def test_reports_are_listed_by_pages_and_read_one_by_one(
    web: LimitedWeb, server: WeComSource
) -> None:
    server.page = 2
    found = read(web, "journals")
    assert list(records(found)) == ["JU-1", "JU-2", "JU-3"]
    assert records(found)["JU-2"]["at"] == "2026-09-30T18:02:00+08:00"
    assert records(found)["JU-2"]["member"] == "sales01"
    assert ready(found) == [date(2026, 9, 30)]


def test_a_short_page_of_approvals_is_not_the_end(web: LimitedWeb, server: WeComSource) -> None:
    server.page = 2
    found = records(read(web, "approvals"))
    assert {key: row["state"] for key, row in found.items()} == {
        "202609300001": "RUNNING",
        "202609300002": "APPROVED",
        "202609300003": "REJECTED",
    }
    assert '"new_money": "12.50"' in found["202609300002"]["apply_data.contents"]


def test_an_approval_stays_watched_until_it_is_decided_and_some_days_more(
    web: LimitedWeb, server: WeComSource
) -> None:
    cursor = last_cursor(read(web, "approvals"))
    assert cursor == {"through": "2026-10-01", "open": ["202609300001"]}
    later = NOW + timedelta(days=90)
    cursor = last_cursor(read(web, "approvals", cursor, now=later))
    assert cursor == {"through": "2026-12-30", "open": ["202609300001"]}
    server.approvals["202609300001"]["sp_status"] = 6
    found = read(web, "approvals", cursor, now=later)
    assert records(found)["202609300001"]["state"] == "WITHDRAWN_AFTER_APPROVAL"
    assert last_cursor(found)["open"] == []


def test_a_state_that_is_not_known_is_kept_and_told(web: LimitedWeb, server: WeComSource) -> None:
    server.approvals["202609300001"]["sp_status"] = 11
    found = read(web, "approvals")
    assert records(found)["202609300001"]["state"] == "OTHER"
    assert "wecom_state_unknown" in [m.code for m in found if isinstance(m, Notice)]


# ---- errors and tokens ---------------------------------------------------------------------------


def test_a_token_that_ends_in_the_middle_is_read_anew_once_and_loses_nothing(
    web: LimitedWeb, server: WeComSource
) -> None:
    whole = records(read(web, "behaviour"))
    ended: list[str] = []

    def end(path: str, body: Mapping[str, Any]) -> None:
        if path == BEHAVIOUR and not ended:
            ended.append(path)
            server.tokens.clear()

    server.after, server.made = end, 0
    assert records(read(web, "behaviour")) == whole
    assert server.made == 1
    server.errors = {BEHAVIOUR: [42001, 42001]}
    with pytest.raises(AuthExpired):
        read(web, "behaviour")


@pytest.mark.parametrize(
    ("path", "errcode", "failure", "code"),
    [
        ("gettoken", 40001, AuthExpired, "wecom_secret_refused"),
        ("gettoken", 40013, ConfigurationRefused, "wecom_corp_unknown"),
        ("gettoken", 60020, Forbidden, "wecom_ip_not_trusted"),
        ("checkin/getcheckindata", 48002, Forbidden, "wecom_not_permitted"),
        ("checkin/getcheckindata", 60011, Forbidden, "wecom_out_of_range"),
        ("checkin/getcheckindata", 45009, RateLimited, "source_rate_limited"),
        ("checkin/getcheckindata", 45033, RateLimited, "source_rate_limited"),
        ("checkin/getcheckindata", 301022, Transient, "wecom_busy"),
        ("checkin/getcheckindata", -1, Transient, "wecom_busy"),
        ("checkin/getcheckindata", 701008, Forbidden, "wecom_no_licence"),
        ("checkin/getcheckindata", 48011, Forbidden, "wecom_application_idle"),
        ("checkin/getcheckindata", 600018, ConnectorFailure, "connector_failed"),
        ("checkin/getcheckindata", 99999, ConfigurationRefused, "wecom_refused"),
    ],
)
def test_each_error_says_who_has_to_do_what(
    web: LimitedWeb,
    server: WeComSource,
    path: str,
    errcode: int,
    failure: type[ConnectorFailure],
    code: str,
) -> None:
    server.errors = {path: [errcode]}
    with pytest.raises(failure) as raised:
        read(web, "checkins")
    assert raised.value.code == code
    assert "hint" not in str(raised.value)
    if code == "wecom_ip_not_trusted":
        assert raised.value.values == {"ip": "203.0.113.7"}
    if isinstance(raised.value, RateLimited):
        assert raised.value.until >= NOW + timedelta(seconds=60)


def test_waiting_is_counted_from_wecoms_own_time(web: LimitedWeb, server: WeComSource) -> None:
    # The run began long ago: its begin says nothing about when the minute is over.
    began = datetime(2020, 1, 1, tzinfo=UTC)
    server.errors = {"gettoken": [45009]}
    with pytest.raises(RateLimited) as raised:
        read(web, "members", now=began)
    assert raised.value.until > began + timedelta(days=365)


def test_an_answer_without_an_errcode_is_no_answer(web: LimitedWeb, server: WeComSource) -> None:
    server.tokens["AT-canary-0"] = SECRET
    server.departments = [{"id": "two"}]
    with pytest.raises(ConnectorFailure):
        read(web, "members")


@pytest.mark.parametrize(
    "wrong",
    [
        {"begin": "yesterday"},
        {"begin": None},
        {"secret": " "},
        {"address": "nowhere"},
        {"streams": ["orders"]},
        {"again_days": {"checkins": 31}},
        {"again_days": {"orders": 1}},
        {"callback_key": "short"},
        {"callback_token": ""},
    ],
)
def test_a_setting_that_is_wrong_is_named(web: LimitedWeb, wrong: dict[str, Any]) -> None:
    context = Context(config=settings(**wrong), folder=Path(), now=NOW, web=web)
    report = CONNECTOR.check(context)
    assert report.code is CheckCode.CONFIGURATION
    (field,) = wrong
    assert report.findings[0].values == {"field": field}


def test_a_feature_that_is_not_permitted_is_named_a_question_of_rights(
    web: LimitedWeb, server: WeComSource
) -> None:
    server.errors = {"externalcontact/get_follow_user_list": [48002]}
    context = Context(config=settings(), folder=Path(), now=NOW, web=web)
    report = CONNECTOR.check(context)
    assert report.code is CheckCode.PERMISSION
    assert report.findings[0].values == {"feature": "客户联系", "code": "48002"}


def test_a_callback_is_answered_without_asking_wecom(server: WeComSource) -> None:
    context = Context(config=settings(), folder=Path(), now=NOW)
    request = HookRequest(method="GET", query={}, headers={}, body=b"")
    assert CONNECTOR.hook(context, request).status == 403
    bare = {k: v for k, v in settings().items() if not k.startswith("callback")}
    assert CONNECTOR.hook(replace(context, config=bare), request).status == 404
    assert not server.asked


def test_rows_that_cannot_be_read_are_shown_and_the_others_are_kept(
    web: LimitedWeb, server: WeComSource
) -> None:
    server.members.append({"userid": "nameless", "department": [3]})
    server.departments.append({"id": 9, "parentid": 2})
    server.journals["JU-2"] = {"report_time": "?"}
    for stream, place in (
        ("members", "wecom:members/5"),
        ("departments", "wecom:departments/3"),
    ):
        bad = [m for m in read(web, stream) if isinstance(m, Rejected)]
        assert [(m.position, dict(m.values)) for m in bad] == [(place, {"column": "name"})]
