"""DingTalk's callbacks: what is taken, what is answered, and what is read again for it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from connectors.contract import (
    HookRequest,
)
from connectors.dingtalk import DingTalkConnector
from connectors.dingtalk_events import reread_of
from connectors.sealed_callbacks import CallbackSecrets, open_sealed, seal, signature
from tests.support.dingtalk_sample import SECRETS, Meeting, callback
from tests.support.dingtalk_server import (
    CALLBACK_KEY,
    CALLBACK_TOKEN,
    at,
)
from tests.support.source_web import NOW

DAY = "2026-09-28 15:00"

SHARED = Meeting()


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
    answer = meeting.hook(callback(event))
    assert answer == meeting.hook(callback(event))
    assert (answer.status, answer.delivery) == (200, "dingtalk-e1")
    assert answer.reread == {"visits": ("sales01|2026-09-28",)}
    said = json.loads(answer.body)
    assert open_sealed(SECRETS, said["encrypt"]) == b"success"
    assert said["msg_signature"] == signature(
        CALLBACK_TOKEN, said["timeStamp"], said["nonce"], said["encrypt"]
    )


def test_the_check_of_the_address_is_answered_and_nothing_is_kept_of_it(meeting: Meeting) -> None:
    answer = meeting.hook(callback({"EventType": "check_url"}))
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
    assert meeting.hook(again).status == 200


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
    answer = meeting.hook(request_)
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
