"""The connector for Feishu, against a server that behaves as Feishu does."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import Backfill, CheckCode, Notice
from connectors.failures import (
    AuthExpired,
    ConfigurationRefused,
    ConnectorFailure,
    Forbidden,
    KeysIncomplete,
    RateLimited,
    Transient,
)
from connectors.testing import Case, Earlier, Faults, contract_suite
from tests.support.feishu_sample import Meeting, callback, event, flow, member
from tests.support.feishu_server import ENCRYPT_KEY, SECRET, WORD, FeishuServer, at, error
from tests.support.loopback import Told
from tests.support.messages_read import records, rejected
from tests.support.source_web import NOW

DATED = ("punches", "results")
STREAMS = ("departments", "members", *DATED)
FLOWS = "attendance/v1/user_flows/query"
ENTRY = "auth/v3/tenant_access_token/internal"
SHARED = Meeting()


# ---- the contract --------------------------------------------------------------------------------


def _faults(server: FeishuServer) -> Faults:
    def put(number: str, when: str, **others: Any) -> tuple[str, str]:
        server.flows.insert(0, flow(number, "sales01", when, **others))
        return "punches", f"sales01|{number}"

    def insert() -> tuple[str, str]:
        number = len(server.flows)
        return put(f"9{number:03}", f"2026-09-29 12:{number % 60:02}")

    def change() -> tuple[str, str]:
        server.flows[1]["comment"] = f"changed {len(server.asked)}"
        return "punches", f"{server.flows[1]['user_id']}|{server.flows[1]['record_id']}"

    def delete() -> tuple[str, str]:
        row = server.flows.pop(0)
        return "punches", f"{row['user_id']}|{row['record_id']}"

    def tie() -> set[tuple[str, str]]:
        return {put(f"8{number:03}", "2026-09-30 09:00") for number in range(60)}

    def new_field() -> tuple[str, str]:
        server.flows[0]["weather"] = "rain"
        return "punches", "weather"

    def lost_field() -> tuple[str, str]:
        del server.flows[0]["weather"]
        return "punches", "weather"

    def undated() -> tuple[str, str]:
        server.members.insert(0, member("new01", "od-3"))  # no member says when it was changed
        return "members", "new01"

    def many(count: int) -> None:
        people = [f"m{number:02}" for number in range(20)]
        server.members = [member(who, "od-3") for who in people]
        server.flows = [
            flow(str(number), people[number % 20], f"2026-09-{16 + number % 14} 08:00")
            for number in range(count)
        ]

    return Faults(
        insert=insert,
        change=change,
        delete=delete,
        tie=tie,
        undated=undated,
        new_field=new_field,
        lost_field=lost_field,
        many=many,
    )


def feishu_case(folder: Path) -> Case:
    server = SHARED.renew()
    right = SHARED.settings(begin="2026-09-16", streams=list(STREAMS))
    through = {"through": "2026-09-29"}
    days = Backfill(start=date(2026, 9, 28), end=date(2026, 9, 29))
    wanted = {("punches", f"sales01|670800000{number}") for number in (1, 2, 3)}
    flowed = {"employee_id": "sales01", "check_time": at("2026-09-28 09:30")}
    return Case(
        connector=SHARED.connector,
        folder=folder,
        config=right,
        streams=STREAMS,
        wrong={
            CheckCode.AUTHENTICATION: {**right, "app_secret": "wrong-secret-000"},
            CheckCode.CONFIGURATION: {**right, "begin": "yesterday"},
            CheckCode.UNREACHABLE: {**right, "address": "http://127.0.0.1:9"},
        },
        rejected=1,
        unknown=(("members", "mood"), ("punches", "mood")),
        secrets=(SECRET, ENCRYPT_KEY, WORD, server.token),
        web=SHARED.web,
        faults=_faults(server),
        future={name: {"through": "2999-01-01", "seen": {}} for name in DATED},
        backfill=(days, frozenset({*wanted, ("results", "sales01|R1|1")})),
        hook=callback(event("attendance.user_flow.created_v1", flowed)),
        # As the first release wrote them; every later one goes on from there.
        earlier=(Earlier(config=right, cursors={"punches": through, "results": through}),),
    )


TestFeishu = contract_suite(feishu_case)


# ---- the directory -------------------------------------------------------------------------------


def test_a_member_of_two_departments_comes_once_with_the_primary_one(
    meeting: Meeting, server: FeishuServer
) -> None:
    del server.members[0]["orders"]
    server.members[2]["department_ids"] = ["od-3", "od-2"]
    server.members[2]["orders"] = None
    found = records(meeting.read("members"))
    assert list(found) == ["boss01", "sales01", "sales02"]
    assert [row["main_department"] for row in found.values()] == ["0", "od-3", None]
    assert found["sales01"]["joined_on"] == "2024-03-01"
    assert found["sales01"]["status.is_resigned"] is False


def test_departments_come_page_by_page_and_the_top_is_nobodys_parent(
    meeting: Meeting, server: FeishuServer
) -> None:
    server.page = 1
    found = records(meeting.read("departments"))
    assert {key: row["parent"] for key, row in found.items()} == {"od-2": None, "od-3": "od-2"}


def test_without_the_permission_for_user_ids_it_is_a_question_of_rights(
    meeting: Meeting, server: FeishuServer
) -> None:
    server.hides_ids = True
    report = meeting.connector.check(meeting.context())
    assert report.code is CheckCode.PERMISSION
    assert report.findings[0].values["scope"] == "contact:user.employee_id:readonly"
    with pytest.raises(Forbidden):
        meeting.read("punches")


def test_who_left_is_missing_in_the_keys_and_a_closed_department_gives_them_up(
    meeting: Meeting, server: FeishuServer
) -> None:
    connector, context = meeting.connector, meeting.context()
    del server.members[1]
    assert list(connector.keys(context, "members")) == ["boss01", "sales02"]
    assert list(connector.keys(context, "departments")) == ["od-2", "od-3"]
    server.closed = {"od-3": 40004}
    with pytest.raises(KeysIncomplete):
        list(connector.keys(context, "members"))
    told = [m for m in meeting.read("members") if isinstance(m, Notice)]
    assert [(m.code, m.values) for m in told] == [
        ("source_skipped", {"what": "od-3", "code": "40004"})
    ]
    server.closed = {"0": 40004}
    report = connector.check(context)
    assert (report.code, report.findings[0].code) == (CheckCode.PERMISSION, "feishu_out_of_range")


def test_rows_of_a_directory_that_cannot_be_read_are_shown(
    meeting: Meeting, server: FeishuServer
) -> None:
    server.members.append({"user_id": "nameless", "department_ids": ["od-3"]})
    server.departments.append({"open_department_id": "od-9"})
    assert rejected(meeting.read("members")) == [("feishu:members/5", "name")]
    assert rejected(meeting.read("departments")) == [("feishu:departments/3", "name")]
    server.departments.append({"name": "?"})
    with pytest.raises(KeysIncomplete):
        list(meeting.connector.keys(meeting.context(), "departments"))


def test_a_mark_that_does_not_move_ends_the_read(meeting: Meeting, server: FeishuServer) -> None:
    page = {"has_more": True, "page_token": "m1", "items": []}
    server.errors = {
        "contact/v3/departments/0/children": [Told(body={"code": 0, "data": page})] * 2
    }
    with pytest.raises(ConfigurationRefused) as raised:
        meeting.read("departments")
    assert raised.value.code == "source_pages_circle"


def test_a_directory_has_no_days_to_read_again(meeting: Meeting) -> None:
    days = Backfill(start=date(2026, 9, 1), end=date(2026, 9, 2))
    for stream in ("departments", "members"):
        with pytest.raises(ConfigurationRefused):
            meeting.read(stream, backfill=days)


# ---- errors and tokens ---------------------------------------------------------------------------


def test_a_token_that_ends_early_is_renewed_once_and_the_call_repeated(
    meeting: Meeting, server: FeishuServer
) -> None:
    whole = records(meeting.read("punches"))
    server.dead, server.made = 1, 0
    assert records(meeting.read("punches")) == whole
    assert server.made == 1
    server.dead, server.made = 9, 0
    with pytest.raises(AuthExpired):
        meeting.read("punches")
    assert server.made == 1


def test_one_token_serves_all_reads_until_ten_minutes_before_its_end(
    meeting: Meeting, server: FeishuServer
) -> None:
    for minutes in (0, 60, 109):
        meeting.read("departments", now=NOW + timedelta(minutes=minutes))
    assert server.made == 1
    meeting.read("departments", now=NOW + timedelta(minutes=111))
    assert server.made == 2


@pytest.mark.parametrize(
    ("path", "said", "failure", "code"),
    [
        (ENTRY, 10014, AuthExpired, "feishu_secret_refused"),
        (ENTRY, 99991401, Forbidden, "feishu_ip_not_trusted"),
        (FLOWS, 99991672, Forbidden, "feishu_not_permitted"),
        (FLOWS, 41050, Forbidden, "feishu_out_of_range"),
        (FLOWS, 99991400, RateLimited, "source_rate_limited"),
        (FLOWS, Told(status=429, body={"code": 99991400}), RateLimited, "source_rate_limited"),
        (FLOWS, 2200, Transient, "feishu_busy"),
        (FLOWS, 99992402, ConnectorFailure, "connector_failed"),
        (FLOWS, 1220001, ConfigurationRefused, "feishu_refused"),
        (FLOWS, Told(status=404, body=b"404"), ConfigurationRefused, "source_answer_refused"),
        (FLOWS, Told(body={"data": {}}), Transient, "source_not_json"),
        (FLOWS, Told(body={"code": 0, "data": None}), Transient, "source_not_json"),
    ],
)
def test_each_error_says_who_has_to_do_what(
    meeting: Meeting,
    server: FeishuServer,
    path: str,
    said: int | Told,
    failure: type[ConnectorFailure],
    code: str,
) -> None:
    server.errors = {path: [said]}
    with pytest.raises(failure) as raised:
        meeting.read("punches")
    assert raised.value.code == code
    if code == "feishu_not_permitted":
        assert raised.value.values == {
            "feature": "考勤",
            "code": "99991672",
            "scope": "attendance:task:readonly",
        }


def test_how_long_to_wait_is_what_feishu_says(meeting: Meeting, server: FeishuServer) -> None:
    late = datetime.now(UTC) + timedelta(days=1)
    server.errors = {FLOWS: [error(99991400, {"x-ogw-ratelimit-reset": "7"})]}
    with pytest.raises(RateLimited) as raised:
        meeting.read("punches", now=late)
    assert raised.value.until == late + timedelta(seconds=7)


@pytest.mark.parametrize(
    "wrong",
    [
        {"begin": "yesterday"},
        {"app_id": None},
        {"app_secret": " "},
        {"address": "nowhere"},
        {"streams": ["visits"]},
        {"department": "2"},
        {"again_days": {"punches": 31}},
        {"encrypt_key": ""},
        {"verification_token": ""},
    ],
)
def test_a_setting_that_is_wrong_is_named(meeting: Meeting, wrong: dict[str, Any]) -> None:
    report = meeting.connector.check(meeting.context(**wrong))
    assert report.code is CheckCode.CONFIGURATION
    (field,) = wrong
    assert report.findings[0].values == {"field": field}
