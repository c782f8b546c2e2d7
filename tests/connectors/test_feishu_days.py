"""What Feishu tells by days: punches, visits among them, results by shift; and its callbacks."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest

from connectors.contract import HookRequest, Notice
from connectors.feishu_events import open_event, reread_of, seal_event, signature
from connectors.sealed_callbacks import EnvelopeRefused
from tests.support.feishu_sample import (
    Meeting,
    callback,
    event,
    flow,
    shift,
    task,
)
from tests.support.feishu_server import ENCRYPT_KEY, WORD, FeishuServer, at
from tests.support.messages_read import gone, last_cursor, ready, records, rejected
from tests.support.source_web import NOW

FLOWS = "attendance/v1/user_flows/query"

SHARED = Meeting()


# ---- punches -------------------------------------------------------------------------------------


def test_field_punches_are_visits_and_every_first_punch_is_a_day(meeting: Meeting) -> None:
    found = meeting.read("punches")
    marks = {
        row["at"]: (row["kind"], row["visit"], row["attended"]) for row in records(found).values()
    }
    assert marks == {
        "2026-09-28T08:58:00+08:00": ("OFFICE", None, "FIRST"),
        "2026-09-28T09:30:00+08:00": ("FIELD", "FIRST", "AGAIN"),
        "2026-09-28T15:00:00+08:00": ("FIELD", "AGAIN", "AGAIN"),
        "2026-09-29T10:00:00+08:00": ("FIELD", "FIRST", "FIRST"),
    }
    assert rejected(found) == [("feishu:punches/sales02/6708000005", "check_time")]
    assert ready(found) == [date(2026, 9, 30)]


def test_nothing_is_lost_at_the_edges_of_days_and_many_people_are_asked_in_batches(
    meeting: Meeting, server: FeishuServer
) -> None:
    server.members += [{**server.members[1], "user_id": f"m{n:03}"} for n in range(60)]
    edges = ("2026-09-24 00:00:00", "2026-09-25 23:59:59", "2026-09-26 00:00:00")
    server.flows = [flow(str(n), "m059", when) for n, when in enumerate(edges)]
    assert [row["day"] for row in records(meeting.read("punches")).values()] == [
        "2026-09-24",
        "2026-09-25",
        "2026-09-26",
    ]
    assert {len(body["user_ids"]) for body in server.calls(FLOWS)} == {50, 13}


def test_who_left_is_asked_for_as_long_as_his_days_are_read_again(
    meeting: Meeting, server: FeishuServer
) -> None:
    cursor = last_cursor(meeting.read("punches"))
    server.members = [m for m in server.members if m["user_id"] != "sales01"]
    server.left = {"sales01"}
    server.flows.append(flow("99", "sales01", "2026-09-30 23:00"))
    del server.flows[1]
    found = meeting.read("punches", cursor)
    assert "sales01|99" in records(found)
    assert gone(found) == ["sales01|6708000002"]


def test_of_whom_the_application_may_not_see_nothing_is_concluded(
    meeting: Meeting, server: FeishuServer
) -> None:
    cursor = last_cursor(meeting.read("results"))
    punches = last_cursor(meeting.read("punches"))
    assert "sales02" in str(punches)
    server.unseen = {"sales02"}
    found = meeting.read("results", cursor)
    assert gone(found) == []
    told = {(m.values["what"], m.values["code"]) for m in found if isinstance(m, Notice)}
    assert told == {("sales02", "hidden")}
    everybody = server.members
    server.members = [each for each in everybody if each["user_id"] != "sales02"]
    assert gone(meeting.read("punches", punches)) == []
    server.members = everybody
    server.unseen, server.tasks = set(), server.tasks[:1]
    assert gone(meeting.read("results", cursor)) == ["sales02|R2|1", "sales02|R3|1", "sales02|R3|2"]


# ---- results -------------------------------------------------------------------------------------


def test_each_shift_of_a_day_is_a_row_with_what_excuses_it(meeting: Meeting) -> None:
    rows = records(meeting.read("results"))
    assert {
        key: (row["check_in_result"], row["late_minutes"], row["excused_in"])
        for key, row in rows.items()
    } == {
        "sales01|R1|1": ("Normal", None, None),
        "sales02|R2|1": ("Late", 12, None),
        "sales02|R3|1": ("Lack", None, None),
        "sales02|R3|2": ("Lack", None, "Leave"),
    }
    assert rows["sales02|R2|1"]["day"] == "2026-09-29"


def test_results_end_yesterday_and_a_day_that_is_none_is_shown(
    meeting: Meeting, server: FeishuServer
) -> None:
    server.tasks = [
        task("R4", "sales01", "2026-10-01", shift("2026-10-01", "Todo", "")),
        {**task("R5", "sales01", "2026-09-29"), "records": None},
        task("R6", "sales01", "2026-09-30", shift("2026-09-30")),
    ]
    found = meeting.read("results")
    assert list(records(found)) == ["sales01|R6|1"]
    assert rejected(found) == [("feishu:results/sales01/R5", "records")]


def test_a_result_that_was_put_right_long_ago_is_read_because_a_callback_names_it(
    meeting: Meeting, server: FeishuServer
) -> None:
    later = NOW + timedelta(days=60)
    cursor = last_cursor(meeting.read("results", now=later))
    server.tasks[1]["records"][0]["check_in_result"] = "Normal"
    assert not records(meeting.read("results", cursor, now=later))
    found = meeting.read("results", cursor, now=later, named=("sales02|2026-09-29",))
    assert [row["check_in_result"] for row in records(found).values()] == ["Normal"]


# ---- callbacks -----------------------------------------------------------------------------------


def test_the_published_vectors_come_out_the_same() -> None:
    signed = signature("test-encrypt-key", "1767225600", "n1", b'{"encrypt":"AAAA"}')
    assert signed == "e46dfaf26e6283b8f3e72c4afd3524bc76bfba57e41665cb415a3004336bb739"
    text = b'{"type":"url_verification","challenge":"c-123","token":"t"}'
    sealed = (
        "MDEyMzQ1Njc4OWFiY2RlZp9UQLum9Q9gKkV3+PjHK5mfmDJ2bkXhcAkwxaR0z7lCFWstSVdpUtK5YgKO1Izw"
        "8COq6ND1aw0db+0noRisLEw="
    )
    assert seal_event("test-encrypt-key", text, b"0123456789abcdef") == sealed
    assert open_event("test-encrypt-key", sealed) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("%%%", "not_base64"),
        ("", "length"),
        ("AAAA", "length"),
        (seal_event("another key", b"{}", b"0" * 16), "padding"),
    ],
)
def test_an_envelope_that_is_not_for_us_is_refused(text: str, reason: str) -> None:
    with pytest.raises(EnvelopeRefused) as raised:
        open_event(ENCRYPT_KEY, text)
    assert raised.value.reason == reason


def test_the_check_of_the_address_is_answered_with_the_challenge_and_needs_the_word(
    meeting: Meeting,
) -> None:
    said = {"type": "url_verification", "challenge": "c-123", "token": WORD}
    answer = meeting.hook(callback(said))
    assert (answer.status, json.loads(answer.body)) == (200, {"challenge": "c-123"})
    assert (answer.reread, answer.delivery) == ({}, "")
    assert meeting.hook(callback({**said, "token": "other"})).status == 403


def test_an_event_names_what_to_read_again_and_itself(meeting: Meeting) -> None:
    flowed = {"employee_id": "sales01", "check_time": at("2026-09-28 09:30")}
    said = event("attendance.user_flow.created_v1", flowed)
    answer = meeting.hook(callback(said))
    assert (answer.status, answer.body, answer.delivery) == (200, b"{}", "feishu-e-1")
    assert answer.reread == {"punches": ("sales01|2026-09-28",)}
    assert meeting.hook(callback(said)) == answer
    nameless = {"uuid": "u-1", "token": WORD, "type": "event_callback", "event": {}}
    assert meeting.hook(callback(nameless)).delivery == "feishu-u-1"
    del nameless["uuid"]
    assert meeting.hook(callback(nameless)).delivery.startswith("feishu-")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (callback(event("contact.user.created_v3", {}), x_lark_signature="0" * 64), 403),
        (callback(event("contact.user.created_v3", {}), x_lark_request_nonce="n2"), 403),
        (callback(event("contact.user.created_v3", {}), NOW - timedelta(minutes=11)), 403),
        (callback(event("contact.user.created_v3", {}, word="other")), 403),
        (callback("no json"), 400),
        (HookRequest(method="POST", query={}, headers={}, body=b"{}"), 400),
        (
            HookRequest(method="POST", query={}, headers={}, body=b'{"type":"url_verification"}'),
            400,
        ),
        (HookRequest(method="POST", query={}, headers={}, body=b"x" * 300_000), 400),
        (HookRequest(method="GET", query={}, headers={}, body=b""), 405),
    ],
)
def test_what_is_no_callback_for_us_is_turned_away(
    meeting: Meeting, request_: HookRequest, status: int
) -> None:
    answer = meeting.hook(request_)
    assert (answer.status, answer.body, answer.reread, answer.delivery) == (status, b"", {}, "")


def test_without_its_secrets_no_callback_is_taken(meeting: Meeting) -> None:
    context = meeting.context(encrypt_key="", verification_token="")
    assert meeting.connector.hook(context, callback(event("x", {}))).status == 404


@pytest.mark.parametrize(
    ("kind", "about", "reread"),
    [
        ("contact.user.deleted_v3", {"object": {"user_id": "a"}}, {"members": ("a",)}),
        ("contact.user.deleted_v3", {"object": {"open_id": "ou"}}, {"members": ()}),
        (
            "contact.department.updated_v3",
            {"object": {"open_department_id": "od-3"}},
            {"departments": ("od-3",)},
        ),
        ("contact.scope.updated_v3", {}, {"departments": (), "members": ()}),
        (
            "attendance.user_task.updated_v1",
            {"employee_id": "a", "date": 20260928},
            {"results": ("a|2026-09-28",)},
        ),
        ("attendance.user_task.updated_v1", {"employee_id": "a", "date": 7}, {}),
        ("attendance.user_flow.created_v1", {"employee_id": "a", "check_time": "x"}, {}),
        ("im.message.receive_v1", {"object": {}}, {}),
    ],
)
def test_each_event_points_at_its_rows(
    kind: str, about: dict[str, Any], reread: dict[str, tuple[str, ...]]
) -> None:
    assert reread_of(event(kind, about)) == reread
