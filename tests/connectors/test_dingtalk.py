"""The connector for DingTalk, against a server that behaves as DingTalk does."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import (
    Backfill,
    CheckCode,
    Notice,
)
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
from tests.support.dingtalk_sample import Meeting, callback, checkin, member
from tests.support.dingtalk_server import (
    CALLBACK_KEY,
    CALLBACK_TOKEN,
    SECRET,
    DingTalkServer,
    at,
)
from tests.support.loopback import Told
from tests.support.messages_read import records
from tests.support.source_web import NOW

DATED = ("visits", "punches", "results")
STREAMS = ("departments", "members", *DATED)
CHECKINS = "topapi/checkin/record/get"
SHARED = Meeting()


# ---- the contract --------------------------------------------------------------------------------


def _faults(server: DingTalkServer) -> Faults:
    def put(when: str, place: str = "Hall", **others: Any) -> tuple[str, str]:
        server.checkins.insert(0, checkin("sales01", when, place, **others))
        return "visits", f"sales01|{at(when)}|{place}"

    def insert() -> tuple[str, str]:
        return put(f"2026-09-29 12:{len(server.checkins) % 60:02}")

    def change() -> tuple[str, str]:
        visit = server.checkins[2]
        visit["remark"] = f"changed {len(server.asked)}"
        return "visits", f"sales01|{visit['checkin_time']}|Demo Plaza"

    def delete() -> tuple[str, str]:
        del server.checkins[3]
        return "visits", f"sales02|{at('2026-09-29 10:00')}|Shop"

    def tie() -> set[tuple[str, str]]:
        return {put("2026-09-30 09:00", f"Hall {number}") for number in range(1, 12)}

    def new_field() -> tuple[str, str]:
        server.checkins[0]["weather"] = "rain"
        return "visits", "weather"

    def lost_field() -> tuple[str, str]:
        del server.checkins[0]["weather"]
        return "visits", "weather"

    def undated() -> tuple[str, str]:
        server.members.insert(0, member("new01", 3))  # no member says when it was changed
        return "members", "new01"

    def many(count: int) -> None:
        server.page = 100
        people = [f"m{number}" for number in range(20)]
        server.members = [member(who, 3) for who in people]
        server.checkins = [
            checkin(people[number % 20], f"2026-09-{16 + number % 14} 08:00", f"Hall {number}")
            for number in range(count)
        ]

    return Faults(
        insert=insert,
        change=change,
        delete=delete,
        tie=tie,
        new_field=new_field,
        lost_field=lost_field,
        many=many,
        undated=undated,
    )


def dingtalk_case(folder: Path) -> Case:
    server = SHARED.renew()
    server.page = 3
    right = SHARED.settings(begin="2026-09-16", streams=list(STREAMS))
    through = {"through": "2026-09-29"}
    days = Backfill(start=date(2026, 9, 28), end=date(2026, 9, 29))
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
        unknown=(("members", "mood"), ("visits", "mood")),
        secrets=(SECRET, CALLBACK_KEY, CALLBACK_TOKEN, server.token),
        web=SHARED.web,
        faults=_faults(server),
        future={name: {"through": "2999-01-01", "seen": {}} for name in DATED},
        backfill=(
            days,
            frozenset(
                {
                    ("visits", f"sales01|{at('2026-09-28 15:00')}|Demo Plaza"),
                    ("punches", "sales01|1001"),
                    ("punches", "sales01|1002"),
                    ("results", "sales01|1"),
                }
            ),
        ),
        hook=callback({"EventType": "check_in", "staffId": "sales01", "timeStamp": at(DAY)}),
        # As the first release wrote them; every later one goes on from there.
        earlier=(Earlier(config=right, cursors={"visits": through, "punches": through}),),
    )


DAY = "2026-09-28 15:00"


TestDingTalk = contract_suite(dingtalk_case)


# ---- the directory -------------------------------------------------------------------------------


def test_a_member_of_two_departments_comes_once_and_has_no_only_department(
    meeting: Meeting,
) -> None:
    found = records(meeting.read("members"))
    assert list(found) == ["boss01", "sales01", "sales02"]
    assert [row["only_department"] for row in found.values()] == [1, None, 3]
    assert found["sales01"]["hired_on"] == "2024-03-01"
    assert found["sales01"]["dept_id_list"] == "[3, 2]"


def test_departments_are_walked_level_by_level_and_a_top_is_nobodys_parent(
    meeting: Meeting, server: DingTalkServer
) -> None:
    found = records(meeting.read("departments"))
    assert {key: row["parent"] for key, row in found.items()} == {"2": None, "3": 2}
    branch = records(meeting.read("departments", departments=[2]))
    assert {key: row["parent"] for key, row in branch.items()} == {"3": None}
    assert list(records(meeting.read("members", departments=[2]))) == ["sales01", "sales02"]


def test_numbers_and_truths_that_are_written_as_text_are_read(
    meeting: Meeting, server: DingTalkServer
) -> None:
    server.page = 1
    server.departments[1] = {"dept_id": "3", "name": "华东", "parent_id": 2}
    server.members[2]["dept_id_list"] = [3]
    server.departments[0]["parent_id"] = 1
    found = records(meeting.read("departments"))
    assert {key: row["parent"] for key, row in found.items()} == {"2": None, "3": 2}
    server.members[0] |= {"dept_id_list": [1], "hired_date": str(at("2024-03-01 00:00"))}
    assert records(meeting.read("members"))["boss01"]["hired_on"] == "2024-03-01"


def test_who_left_is_missing_in_the_keys_and_a_closed_department_gives_them_up(
    meeting: Meeting, server: DingTalkServer
) -> None:
    connector, context = meeting.connector, meeting.context()
    del server.members[1]
    assert list(connector.keys(context, "members")) == ["boss01", "sales02"]
    assert list(connector.keys(context, "departments")) == ["2", "3"]
    server.closed = {3: 50004}
    for stream in ("members", "departments"):
        with pytest.raises(KeysIncomplete):
            list(connector.keys(context, stream))
    told = [m for m in meeting.read("members") if isinstance(m, Notice)]
    assert [(m.code, m.values["what"], m.values["code"]) for m in told] == [
        ("source_skipped", "3", "50004")
    ]


def test_a_top_that_the_application_may_not_see_is_a_question_of_rights(
    meeting: Meeting, server: DingTalkServer
) -> None:
    server.closed = {1: 50004}
    report = meeting.connector.check(meeting.context())
    assert report.code is CheckCode.PERMISSION
    assert report.findings[0].code == "dingtalk_out_of_range"


def test_a_directory_has_no_days_to_read_again(meeting: Meeting) -> None:
    days = Backfill(start=date(2026, 9, 1), end=date(2026, 9, 2))
    for stream in ("departments", "members"):
        with pytest.raises(ConfigurationRefused):
            meeting.read(stream, backfill=days)


# ---- errors and tokens ---------------------------------------------------------------------------


def test_a_token_that_ends_early_is_renewed_once_and_the_call_repeated(
    meeting: Meeting, server: DingTalkServer
) -> None:
    whole = records(meeting.read("visits"))
    server.dead, server.made = 1, 0
    assert records(meeting.read("visits")) == whole
    assert server.made == 1
    server.dead, server.made = 9, 0
    with pytest.raises(AuthExpired):
        meeting.read("visits")
    assert server.made == 1


def test_one_token_serves_all_reads_until_shortly_before_its_end(
    meeting: Meeting, server: DingTalkServer
) -> None:
    for minutes in (0, 30, 110):
        meeting.read("departments", now=NOW + timedelta(minutes=minutes))
    assert server.made == 1
    meeting.read("departments", now=NOW + timedelta(minutes=116))
    assert server.made == 2


@pytest.mark.parametrize(
    ("path", "said", "failure", "code"),
    [
        ("gettoken", 40096, AuthExpired, "dingtalk_secret_refused"),
        ("gettoken", 40035, AuthExpired, "dingtalk_secret_refused"),
        (CHECKINS, 60011, Forbidden, "dingtalk_not_permitted"),
        (CHECKINS, 60020, Forbidden, "dingtalk_ip_not_trusted"),
        (CHECKINS, 50002, Forbidden, "dingtalk_out_of_range"),
        (CHECKINS, 90018, RateLimited, "source_rate_limited"),
        (CHECKINS, 90002, RateLimited, "source_rate_limited"),
        (CHECKINS, 90020, Forbidden, "dingtalk_quota_used"),
        (CHECKINS, -1, Transient, "dingtalk_busy"),
        (CHECKINS, 400002, ConnectorFailure, "connector_failed"),
        (CHECKINS, 99999, ConfigurationRefused, "dingtalk_refused"),
        (CHECKINS, Told(body=b"<html>slow down</html>"), RateLimited, "source_rate_limited"),
        (
            CHECKINS,
            Told(body={"status": 1111, "wait": 5, "punish": "deny"}),
            RateLimited,
            "source_rate_limited",
        ),
        (CHECKINS, Told(body={"result": {}}), Transient, "source_not_json"),
        (CHECKINS, Told(body={"errcode": 0, "result": None}), Transient, "source_not_json"),
        (
            CHECKINS,
            Told(body={"errcode": 0, "result": {"page_list": [], "next_cursor": "x"}}),
            Transient,
            "source_not_json",
        ),
    ],
)
def test_each_error_says_who_has_to_do_what(
    meeting: Meeting,
    server: DingTalkServer,
    path: str,
    said: int | Told,
    failure: type[ConnectorFailure],
    code: str,
) -> None:
    server.errors = {path: [said]}
    with pytest.raises(failure) as raised:
        meeting.read("visits")
    assert raised.value.code == code
    if code == "dingtalk_not_permitted":
        assert raised.value.values == {
            "feature": "签到",
            "code": "60011",
            "scope": "qyapi_get_department_member",
        }
    if code == "dingtalk_ip_not_trusted":
        assert raised.value.values == {"ip": "203.0.113.7"}
    if isinstance(raised.value, RateLimited):
        waited = raised.value.until - datetime.now(UTC)
        banned = isinstance(said, Told)
        assert waited < timedelta(minutes=6) or not banned
        assert raised.value.until >= NOW + timedelta(seconds=5)


@pytest.mark.parametrize(
    "wrong",
    [
        {"begin": "yesterday"},
        {"app_key": None},
        {"app_secret": " "},
        {"address": "nowhere"},
        {"streams": ["orders"]},
        {"departments": ["1"]},
        {"departments": [0]},
        {"again_days": {"visits": 31}},
        {"again_days": {"orders": 1}},
        {"callback_key": "short"},
        {"callback_token": ""},
    ],
)
def test_a_setting_that_is_wrong_is_named(meeting: Meeting, wrong: dict[str, Any]) -> None:
    report = meeting.connector.check(meeting.context(**wrong))
    assert report.code is CheckCode.CONFIGURATION
    (field,) = wrong
    assert report.findings[0].values == {"field": field}
