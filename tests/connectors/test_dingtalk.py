"""The connector for DingTalk, against a server that behaves as DingTalk does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import (
    Backfill,
    CheckCode,
    Checkpoint,
    HookAnswer,
    HookRequest,
    Notice,
    Rejected,
)
from connectors.dingtalk import DingTalkConnector
from connectors.dingtalk_events import reread_of
from connectors.failures import (
    AuthExpired,
    ConfigurationRefused,
    ConnectorFailure,
    Forbidden,
    KeysIncomplete,
    RateLimited,
    Transient,
)
from connectors.sealed_callbacks import CallbackSecrets, open_sealed, seal, signature
from connectors.testing import Case, Earlier, Faults, contract_suite
from tests.support.dingtalk_sample import (
    SECRETS,
    Meeting,
    callback,
    checkin,
    dingtalk_meeting,
    gone,
    last_cursor,
    member,
    punch,
    ready,
    records,
    result,
)
from tests.support.dingtalk_server import (
    CALLBACK_KEY,
    CALLBACK_TOKEN,
    SECRET,
    DingTalkServer,
    at,
)
from tests.support.loopback import Told
from tests.support.source_web import NOW

DATED = ("visits", "punches", "results")
CHECKINS = "topapi/checkin/record/get"
_SERVED: list[Meeting] = []


@pytest.fixture(scope="module", autouse=True)
def meeting() -> Iterator[Meeting]:
    with dingtalk_meeting() as found:
        _SERVED[:] = [found]
        yield found


@pytest.fixture(autouse=True)
def server(meeting: Meeting) -> DingTalkServer:
    return meeting.renew()


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
        undated=insert,  # no row of DingTalk says when it was changed
    )


def dingtalk_case(folder: Path) -> Case:
    meeting = _SERVED[0]
    server = meeting.renew()
    server.page = 3
    right = meeting.settings(begin="2026-09-16", streams=list(DATED))
    through = {"through": "2026-09-29"}
    days = Backfill(start=date(2026, 9, 28), end=date(2026, 9, 29))
    return Case(
        connector=meeting.connector,
        folder=folder,
        config=right,
        streams=DATED,
        wrong={
            CheckCode.AUTHENTICATION: {**right, "app_secret": "wrong-secret-000"},
            CheckCode.CONFIGURATION: {**right, "begin": "yesterday"},
            CheckCode.UNREACHABLE: {**right, "address": "http://127.0.0.1:9"},
        },
        rejected=1,
        unknown=(("visits", "mood"),),
        secrets=(SECRET, CALLBACK_KEY, CALLBACK_TOKEN, server.token),
        web=meeting.web,
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


def dingtalk_directory_case(folder: Path) -> Case:
    """The two streams that have no days: everything is read each time, and compared."""
    meeting = _SERVED[0]
    server = meeting.renew()
    server.page = 3
    right = meeting.settings(streams=["departments", "members"])

    def insert() -> tuple[str, str]:
        server.members.insert(0, member(f"n{len(server.members):02}", 3))
        return "members", str(server.members[0]["userid"])

    def change() -> tuple[str, str]:
        server.members[-1]["title"] = f"changed {len(server.asked)}"
        return "members", str(server.members[-1]["userid"])

    def delete() -> tuple[str, str]:
        return "members", str(server.members.pop()["userid"])

    return Case(
        connector=meeting.connector,
        folder=folder,
        config=right,
        streams=("departments", "members"),
        wrong={CheckCode.AUTHENTICATION: {**right, "app_key": "dingother"}},
        unknown=(("members", "mood"),),
        secrets=(SECRET,),
        web=meeting.web,
        faults=Faults(insert=insert, change=change, delete=delete, undated=insert),
        hook=callback({"EventType": "user_add_org", "UserId": ["sales01"]}),
        absent={
            "K18": "a directory tells no times of change: it is read whole and compared",
            "K21": "a directory tells no times of change: its cursor is empty",
        },
    )


TestDingTalk = contract_suite(dingtalk_case)
TestDingTalkDirectory = contract_suite(dingtalk_directory_case)


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


def test_a_range_of_days_brings_nothing_of_a_directory_and_says_so(meeting: Meeting) -> None:
    days = Backfill(start=date(2026, 9, 1), end=date(2026, 9, 2))
    found = meeting.read("members", {"kept": 1}, backfill=days)
    assert [m.code for m in found if isinstance(m, Notice)] == ["source_backfill_unsupported"]
    assert last_cursor(found) == {"kept": 1}
    assert not records(found)


# ---- days ----------------------------------------------------------------------------------------


def test_a_check_in_arrives_with_its_day_and_whom_it_was_for(meeting: Meeting) -> None:
    found = records(meeting.read("visits"))
    visits = {row["at"]: (row["visit"], row["visited"], row["member"]) for row in found.values()}
    assert visits == {
        "2026-09-24T09:30:00+08:00": ("FIRST", "Demo Plaza", "sales01"),
        "2026-09-24T11:30:00+08:00": ("AGAIN", "Demo Plaza", "sales01"),
        "2026-09-28T15:00:00+08:00": ("FIRST", "Demo Co", "sales01"),
        "2026-09-29T10:00:00+08:00": ("FIRST", "Shop", "sales02"),
    }


def test_a_row_that_cannot_be_read_is_shown_and_the_others_arrive(
    meeting: Meeting, server: DingTalkServer
) -> None:
    server.checkins[0]["checkin_time"] = "soon"
    server.results[0]["timeResult"] = None
    told = []
    for stream in DATED:
        found = meeting.read(stream, begin="2026-09-24")
        told += [(m.position, m.values["column"]) for m in found if isinstance(m, Rejected)]
        assert len(records(found)) >= 2
    assert told == [
        ("dingtalk:visits/sales01/soon", "checkin_time"),
        ("dingtalk:punches/sales02/?", "id"),
        ("dingtalk:results/sales01/10", "timeResult"),
    ]


def test_a_place_without_a_name_is_its_square(meeting: Meeting, server: DingTalkServer) -> None:
    nameless: dict[str, Any] = {"place": "", "detail_place": None}
    server.checkins = [
        checkin("sales01", "2026-09-28 09:00", **nameless),
        checkin("sales01", "2026-09-28 10:00", **{**nameless, "latitude": "31.2309"}),
        checkin("sales01", "2026-09-28 11:00", **{**nameless, "latitude": None}),
        checkin("sales01", "2026-09-28 12:00", **{**nameless, "latitude": None}),
    ]
    rows = records(meeting.read("visits")).values()
    assert [(row["place"], row["visit"]) for row in rows] == [
        ("31.230,121.473", "FIRST"),
        ("31.230,121.473", "AGAIN"),
        (None, "FIRST"),
        (None, "FIRST"),
    ]


def test_check_ins_are_asked_for_one_person_and_ten_days_at_a_time_with_nothing_lost_at_the_edges(
    meeting: Meeting, server: DingTalkServer
) -> None:
    edges = ("2026-09-10 00:00:00", "2026-09-19 23:59:59", "2026-09-20 00:00:00")
    server.checkins = [checkin("sales01", when) for when in edges]
    server.checkins[1]["checkin_time"] += 999
    server.page = 1
    found = meeting.read("visits", begin="2026-09-10", now=datetime(2026, 9, 25, tzinfo=UTC))
    assert [row["day"] for row in records(found).values()] == [
        "2026-09-10",
        "2026-09-19",
        "2026-09-20",
    ]
    assert {body["userid_list"] for body in server.calls(CHECKINS)} == {
        "boss01",
        "sales01",
        "sales02",
    }


def test_what_is_taken_back_is_told_and_what_an_empty_answer_hides_is_not(
    meeting: Meeting, server: DingTalkServer
) -> None:
    cursor = last_cursor(meeting.read("punches"))
    del server.punches[0]
    found = meeting.read("punches", cursor)
    assert gone(found) == ["sales01|1001"]
    # Who left between two calls empties the answer for all the others.
    server.errors = {"attendance/listRecord": [Told(body={"errcode": 0, "recordresult": []})]}
    again = meeting.read("punches", last_cursor(found))
    assert gone(again) == []


def test_somebody_who_is_unknown_is_left_out_and_told(
    meeting: Meeting, server: DingTalkServer
) -> None:
    server.errors = {CHECKINS: [33012]}
    found = meeting.read("visits")
    assert [m.values for m in found if isinstance(m, Notice)] == [
        {"what": "boss01", "code": "33012"}
    ]
    assert len(records(found)) == 4


def test_a_day_is_attended_by_the_first_legal_punch_of_that_day(
    meeting: Meeting, server: DingTalkServer
) -> None:
    night = {"checkType": "OffDuty", "workDate": at("2026-09-29 00:00")}
    server.punches += [
        punch(1005, "sales01", "2026-09-29 21:00"),
        punch(1006, "sales01", "2026-09-30 06:00", **night),
        punch(1007, "sales01", "2026-09-30 21:00"),
    ]
    rows = records(meeting.read("punches"))
    attended = sorted((r["member"], r["day"]) for r in rows.values() if r["attended"] == "FIRST")
    assert attended == [
        ("sales01", "2026-09-28"),
        ("sales01", "2026-09-29"),
        ("sales01", "2026-09-30"),
        ("sales02", "2026-09-29"),
    ]
    assert rows["sales02|1004"]["attended"] == "AGAIN"


def test_a_short_page_of_results_is_not_the_last_one(
    meeting: Meeting, server: DingTalkServer
) -> None:
    server.results = [result(number, "sales01", "2026-09-28 09:00") for number in range(1, 121)]
    server.hidden = {10, 20, 600}
    assert len(records(meeting.read("results"))) == 117


def test_results_end_yesterday_and_say_how_late_somebody_was(
    meeting: Meeting, server: DingTalkServer
) -> None:
    server.results.append(result(4, "sales01", "2026-10-01 18:00", "", "NotSigned"))
    found = meeting.read("results")
    rows = records(found)
    assert {key: (r["timeResult"], r["late_minutes"]) for key, r in rows.items()} == {
        "sales01|1": ("Normal", None),
        "sales02|2": ("Late", 12),
        "sales02|3": ("NotSigned", None),
    }
    assert ready(found) == [date(2026, 9, 30)]


def test_who_works_without_a_plan_has_a_key_by_day_and_kind(
    meeting: Meeting, server: DingTalkServer
) -> None:
    server.results = [
        result(0, "sales01", "2026-09-28 09:00", id=1),
        result(0, "sales01", "2026-09-28 18:00", id=2, checkType="OffDuty"),
    ]
    assert len(records(meeting.read("results"))) == 2


def test_a_result_that_a_boss_changed_long_ago_is_read_because_a_callback_names_it(
    meeting: Meeting, server: DingTalkServer
) -> None:
    later = NOW + timedelta(days=60)
    cursor = last_cursor(meeting.read("results", now=later))
    server.results[2] |= {"timeResult": "Normal", "sourceType": "BOSS"}
    assert not records(meeting.read("results", cursor, now=later))
    named = ("sales02|2026-09-30", "sales02|soon", "stranger|2026-09-30", "sales01|2026-11-29")
    found = meeting.read("results", cursor, now=later, named=named)
    assert {key: row["timeResult"] for key, row in records(found).items()} == {
        "sales02|3": "Normal"
    }
    assert {repr(m.cursor) for m in found[:2] if isinstance(m, Checkpoint)} == {repr(cursor)}


def test_punches_that_are_older_than_dingtalk_keeps_are_not_asked_for(
    meeting: Meeting, server: DingTalkServer
) -> None:
    meeting.read("punches", begin="2020-01-01")
    first = server.calls("attendance/listRecord")[0]["checkDateFrom"]
    assert first == "2026-04-05 00:00:00"


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


# ---- callbacks -----------------------------------------------------------------------------------


def hooked(meeting: Meeting, request: HookRequest, now: datetime = NOW) -> HookAnswer:
    return meeting.connector.hook(meeting.context(now=now), request)


def test_the_published_arithmetic_of_an_answer_comes_out_the_same() -> None:
    ours = CallbackSecrets(token=CALLBACK_TOKEN, key=CALLBACK_KEY, receiver="dingdemo0001")
    sealed = seal(ours, b"success", b"0123456789abcdef")
    assert sealed == (
        "Q3stYC6hdFzMh9T8HCvyDD5dVMaaZmK6ZzZA1b5vOyObBuqAtzgZAt7uHa1D+2Q/UithlYJajac/KSOlq2d2iw=="
    )
    signed = signature(CALLBACK_TOKEN, "1767225600000", "n0nce42", sealed)
    assert signed == "1242f824da1c33037e1c4b54351bf8d8e126734a"


def test_a_callback_is_answered_with_a_sealed_success_and_the_same_twice(
    meeting: Meeting,
) -> None:
    event = {"EventType": "check_in", "staffId": "sales01", "timeStamp": at(DAY), "eventId": "e1"}
    answer = hooked(meeting, callback(event))
    assert answer == hooked(meeting, callback(event))
    assert (answer.status, answer.delivery) == (200, "dingtalk-e1")
    assert answer.reread == {"visits": ("sales01|2026-09-28",)}
    said = json.loads(answer.body)
    assert open_sealed(SECRETS, said["encrypt"]) == b"success"
    assert said["msg_signature"] == signature(
        CALLBACK_TOKEN, said["timeStamp"], said["nonce"], said["encrypt"]
    )


def test_the_check_of_the_address_is_answered_and_nothing_is_kept_of_it(meeting: Meeting) -> None:
    answer = hooked(meeting, callback({"EventType": "check_url"}))
    assert (answer.status, answer.delivery, answer.reread) == (200, "", {})
    assert open_sealed(SECRETS, json.loads(answer.body)["encrypt"]) == b"success"


def test_both_writings_of_the_query_are_read(meeting: Meeting) -> None:
    request = callback({"EventType": "check_url"})
    query = {
        "msg_signature": request.query["signature"],
        "timeStamp": request.query["timestamp"],
        "nonce": request.query["nonce"],
    }
    again = HookRequest(method="POST", query=query, headers={}, body=request.body)
    assert hooked(meeting, again).status == 200


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (callback({"EventType": "check_url"}, signature="0" * 40), 403),
        (callback({"EventType": "check_url"}, nonce="other"), 403),
        (callback({"EventType": "check_url"}, NOW - timedelta(minutes=11)), 403),
        (callback("no json"), 400),
        (callback("[]"), 400),
        (HookRequest(method="POST", query={}, headers={}, body=b"{}"), 400),
        (HookRequest(method="POST", query={}, headers={}, body=b"x" * 300_000), 400),
        (HookRequest(method="GET", query={}, headers={}, body=b""), 405),
    ],
)
def test_what_is_no_callback_for_us_is_turned_away(
    meeting: Meeting, request_: HookRequest, status: int
) -> None:
    answer = hooked(meeting, request_)
    assert (answer.status, answer.body, answer.reread, answer.delivery) == (status, b"", {}, "")


def test_a_callback_for_another_application_is_refused(meeting: Meeting) -> None:
    context = meeting.context(callback_owner="dingcorp0002")
    answer = meeting.connector.hook(context, callback({"EventType": "check_url"}))
    assert answer.status == 400
    bare = {k: v for k, v in meeting.settings().items() if not k.startswith("callback")}
    without = DingTalkConnector().hook(
        meeting.context(**{**bare, "callback_token": "", "callback_key": ""}),
        callback({"EventType": "check_url"}),
    )
    assert without.status == 404


@pytest.mark.parametrize(
    ("event", "reread"),
    [
        ({"EventType": "user_leave_org", "UserId": ["a", "b"]}, {"members": ("a", "b")}),
        ({"EventType": "org_dept_modify", "DeptId": [7]}, {"departments": ("7",)}),
        (
            {"EventType": "attend_bossCheck_change", "userId": "a", "workDate": at(DAY)},
            {"results": ("a|2026-09-28",), "punches": ("a|2026-09-28",)},
        ),
        (
            {
                "EventType": "attendance_check_record",
                "DataList": [{"userId": "a", "checkTime": at(DAY)}, {"userId": "b"}, 7],
            },
            {"punches": ("a|2026-09-28",)},
        ),
        ({"EventType": "check_in", "staffId": "a", "timeStamp": "soon"}, {}),
        ({"EventType": "bpms_instance_change"}, {}),
        ({}, {}),
    ],
)
def test_each_event_points_at_its_rows(
    event: dict[str, Any], reread: dict[str, tuple[str, ...]]
) -> None:
    assert reread_of(event) == reread
