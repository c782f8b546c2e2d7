"""The connector for WeCom, against a server that behaves as WeCom does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from connectors.contract import Backfill, CheckCode, HookRequest, Notice, Rejected
from connectors.failures import (
    AuthExpired,
    ConfigurationRefused,
    ConnectorFailure,
    Forbidden,
    KeysIncomplete,
    RateLimited,
    Transient,
)
from tests.support.messages_read import last_cursor, ready, records
from tests.support.source_web import NOW
from tests.support.wecom_sample import Meeting
from tests.support.wecom_source_server import CONTACT_SECRET, SECRET, WeComSource

BEHAVIOUR = "externalcontact/get_user_behavior_data"

SHARED = Meeting()


# ---- the directory -------------------------------------------------------------------------------


def test_a_member_of_two_departments_comes_once_with_the_main_one(
    meeting: Meeting, server: WeComSource
) -> None:
    found = records(meeting.read("members"))
    assert list(found) == ["boss01", "sales01", "sales02"]
    sales = found["sales01"]
    assert (sales["userid"], sales["member"], sales["main_department"]) == ("Sales01", "sales01", 3)
    assert (sales["leader"], sales["role_in_main"], sales["extattr.工号"]) == (
        "boss01",
        "MEMBER",
        "A017",
    )
    assert found["boss01"]["role_in_main"] == "LEAD"
    server.members[1]["is_leader_in_dept"] = [0, 1]  # but not where he counts
    assert records(meeting.read("members"))["sales01"]["role_in_main"] == "MEMBER"


def test_the_top_of_the_visible_branch_has_no_parent(meeting: Meeting) -> None:
    found = records(meeting.read("departments"))
    assert {key: row["parent"] for key, row in found.items()} == {"2": None, "3": 2}


def test_where_the_directory_tells_ids_alone_the_application_tells_the_names(
    meeting: Meeting, server: WeComSource
) -> None:
    whole = records(meeting.read("members"))
    server.ids_only, server.page = {CONTACT_SECRET, SECRET}, 2
    found = records(meeting.read("members", contact_secret=CONTACT_SECRET))
    assert found == whole
    assert len(server.calls("user/list_id")) == 2  # 4 places of 3 members, by pages of 2
    server.page = 1_000
    assert records(meeting.read("departments", contact_secret=CONTACT_SECRET)).keys() == {"2", "3"}
    assert records(meeting.read("checkins", contact_secret=CONTACT_SECRET))


def test_who_left_is_missing_in_the_keys(meeting: Meeting, server: WeComSource) -> None:
    del server.members[1]
    context = meeting.context()
    assert list(meeting.connector.keys(context, "members")) == ["boss01", "sales02"]
    assert list(meeting.connector.keys(context, "departments")) == ["2", "3"]


def test_nobody_is_taken_for_gone_while_a_department_may_not_be_seen(
    meeting: Meeting, server: WeComSource
) -> None:
    server.errors = {"user/simplelist": [0, 60011]}
    with pytest.raises(KeysIncomplete):
        list(meeting.connector.keys(meeting.context(), "members"))
    server.errors = {"user/simplelist": [0, 60123]}  # it was dissolved since it was listed
    assert list(meeting.connector.keys(meeting.context(), "members")) == ["boss01", "sales01"]


def test_a_directory_has_no_past_to_read_again(meeting: Meeting) -> None:
    with pytest.raises(ConfigurationRefused):
        meeting.read("members", backfill=Backfill(start=date(2026, 9, 1), end=date(2026, 9, 2)))


# ---- forms ---------------------------------------------------------------------------------------


def test_reports_are_listed_by_pages_and_read_one_by_one(
    meeting: Meeting, server: WeComSource
) -> None:
    server.page = 2
    found = meeting.read("journals")
    assert list(records(found)) == ["JU-1", "JU-2", "JU-3"]
    assert records(found)["JU-2"]["at"] == "2026-09-30T18:02:00+08:00"
    assert records(found)["JU-2"]["member"] == "sales01"
    assert ready(found) == [date(2026, 9, 30)]


@pytest.mark.parametrize("stream", ["journals", "groupchats"])
def test_pages_whose_marks_are_told_as_text_are_turned_to_the_end(
    meeting: Meeting, server: WeComSource, stream: str
) -> None:
    whole = records(meeting.read(stream))
    server.page, server.as_text = 1, True
    assert records(meeting.read(stream)) == whole
    assert len(whole) > 1


@pytest.mark.parametrize("said", [{}, {"next_cursor": 0, "endflag": 0}])
def test_a_list_of_reports_that_does_not_say_how_it_goes_on_is_not_taken_for_whole(
    meeting: Meeting, server: WeComSource, said: dict[str, int]
) -> None:
    lost = {"errcode": 0, "errmsg": "ok", "journaluuid_list": ["JU-1"], **said}
    server.instead = {"oa/journal/get_record_list": lost}
    with pytest.raises(ConnectorFailure):
        meeting.read("journals")


def test_a_short_page_of_approvals_is_not_the_end(meeting: Meeting, server: WeComSource) -> None:
    server.page = 2
    found = records(meeting.read("approvals"))
    assert {key: row["state"] for key, row in found.items()} == {
        "202609300001": "RUNNING",
        "202609300002": "APPROVED",
        "202609300003": "REJECTED",
    }
    assert '"new_money": "12.50"' in found["202609300002"]["apply_data.contents"]


def test_an_approval_stays_watched_until_it_is_decided_and_some_days_more(
    meeting: Meeting, server: WeComSource
) -> None:
    cursor = last_cursor(meeting.read("approvals"))
    assert cursor == {"through": "2026-10-01", "open": ["202609300001"]}
    later = NOW + timedelta(days=90)
    cursor = last_cursor(meeting.read("approvals", cursor, now=later))
    assert cursor == {"through": "2026-12-30", "open": ["202609300001"]}
    server.approvals["202609300001"]["sp_status"] = 6
    found = meeting.read("approvals", cursor, now=later)
    assert records(found)["202609300001"]["state"] == "WITHDRAWN_AFTER_APPROVAL"
    assert last_cursor(found)["open"] == []


def test_an_approval_that_cannot_be_read_stays_watched(
    meeting: Meeting, server: WeComSource
) -> None:
    server.approvals["202609300002"]["sp_status"] = "?"
    found = meeting.read("approvals")
    assert last_cursor(found)["open"] == ["202609300001", "202609300002"]
    assert [m.reason for m in found if isinstance(m, Rejected)] == ["wecom_row_unreadable"]


def test_a_state_that_is_not_known_is_kept_and_told(meeting: Meeting, server: WeComSource) -> None:
    server.approvals["202609300001"]["sp_status"] = 11
    found = meeting.read("approvals")
    assert records(found)["202609300001"]["state"] == "OTHER"
    assert "wecom_state_unknown" in [m.code for m in found if isinstance(m, Notice)]


# ---- errors and tokens ---------------------------------------------------------------------------


def test_a_token_that_ends_in_the_middle_is_read_anew_once_and_loses_nothing(
    meeting: Meeting, server: WeComSource
) -> None:
    whole = records(meeting.read("behaviour"))
    ended: list[str] = []

    def end(path: str, body: Mapping[str, Any]) -> None:
        if path == BEHAVIOUR and not ended:
            ended.append(path)
            server.tokens.clear()

    server.after, server.made = end, 0
    assert records(meeting.read("behaviour")) == whole
    assert server.made == 1
    server.errors = {BEHAVIOUR: [42001, 42001]}
    with pytest.raises(AuthExpired):
        meeting.read("behaviour")


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
    meeting: Meeting,
    server: WeComSource,
    path: str,
    errcode: int,
    failure: type[ConnectorFailure],
    code: str,
) -> None:
    server.errors = {path: [errcode]}
    with pytest.raises(failure) as raised:
        meeting.read("checkins")
    assert raised.value.code == code
    assert "hint" not in str(raised.value)
    if code == "wecom_ip_not_trusted":
        assert raised.value.values == {"ip": "203.0.113.7"}
    if isinstance(raised.value, RateLimited):
        assert raised.value.until >= NOW + timedelta(seconds=60)


def test_waiting_is_counted_from_wecoms_own_time(meeting: Meeting, server: WeComSource) -> None:
    # The run began long ago: its begin says nothing about when the minute is over.
    began = datetime(2020, 1, 1, tzinfo=UTC)
    server.errors = {"gettoken": [45009]}
    with pytest.raises(RateLimited) as raised:
        meeting.read("members", now=began)
    assert raised.value.until > began + timedelta(days=365)


def test_an_answer_without_an_errcode_is_no_answer(meeting: Meeting, server: WeComSource) -> None:
    server.tokens["AT-canary-0"] = SECRET
    server.departments = [{"id": "two"}]
    with pytest.raises(ConnectorFailure):
        meeting.read("members")


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
def test_a_setting_that_is_wrong_is_named(meeting: Meeting, wrong: dict[str, Any]) -> None:
    context = meeting.context(**wrong)
    report = meeting.connector.check(context)
    assert report.code is CheckCode.CONFIGURATION
    (field,) = wrong
    assert report.findings[0].values == {"field": field}


def test_a_feature_that_is_not_permitted_is_named_a_question_of_rights(
    meeting: Meeting, server: WeComSource
) -> None:
    server.errors = {"externalcontact/get_follow_user_list": [48002]}
    context = meeting.context()
    report = meeting.connector.check(context)
    assert report.code is CheckCode.PERMISSION
    assert report.findings[0].values == {"feature": "客户联系", "code": "48002"}


def test_a_callback_is_answered_without_asking_wecom(meeting: Meeting, server: WeComSource) -> None:
    context = meeting.context()
    request = HookRequest(method="GET", query={}, headers={}, body=b"")
    assert meeting.connector.hook(context, request).status == 403
    bare = {k: v for k, v in meeting.settings().items() if not k.startswith("callback")}
    assert meeting.connector.hook(replace(context, config=bare), request).status == 404
    assert not server.asked


def test_rows_that_cannot_be_read_are_shown_and_the_others_are_kept(
    meeting: Meeting, server: WeComSource
) -> None:
    server.members.append({"userid": "nameless", "department": [3]})
    server.departments.append({"id": 9, "parentid": 2})
    server.journals["JU-2"] = {"report_time": "?"}
    for stream, place in (
        ("members", "wecom:members/5"),
        ("departments", "wecom:departments/3"),
    ):
        bad = [m for m in meeting.read(stream) if isinstance(m, Rejected)]
        places = [(each.position.partition("#")[0], dict(each.values)) for each in bad]
        assert places == [(place, {"column": "name"})]


def test_a_check_asks_for_one_member_however_many_departments_there_are(
    meeting: Meeting, server: WeComSource
) -> None:
    assert meeting.connector.check(meeting.context(streams=["checkins"])).ok
    assert len(server.calls("user/simplelist")) == 1
    assert [b["useridlist"] for b in server.calls("checkin/getcheckindata")] == [["boss01"]]


def test_an_approval_that_a_callback_names_is_read_whatever_its_age(
    meeting: Meeting, server: WeComSource
) -> None:
    later = NOW + timedelta(days=90)
    cursor = last_cursor(meeting.read("approvals", now=later))
    server.approvals["202609300002"]["sp_status"] = 7
    assert "202609300002" not in records(meeting.read("approvals", cursor, now=later))
    named = ("202609300002", "299901010001")
    found = meeting.read("approvals", cursor, now=later, named=named)
    assert records(found)["202609300002"]["state"] == "DELETED"
    assert [m.values["what"] for m in found if isinstance(m, Notice)] == ["299901010001"]
