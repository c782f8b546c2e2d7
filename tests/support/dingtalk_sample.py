"""A company in DingTalk with a few days of work, and reading it through the connector."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connectors.contract import (
    HookRequest,
)
from connectors.dingtalk import DingTalkConnector
from connectors.sealed_callbacks import CallbackSecrets, seal, signature
from tests.support.dingtalk_server import (
    CALLBACK_KEY,
    CALLBACK_TOKEN,
    KEY,
    SECRET,
    DingTalkServer,
    at,
)
from tests.support.meetings import AppMeeting
from tests.support.source_web import NOW

SECRETS = CallbackSecrets(token=CALLBACK_TOKEN, key=CALLBACK_KEY, receiver=KEY)


def member(userid: str, *departments: int, **others: Any) -> dict[str, Any]:
    return {
        "userid": userid,
        "unionid": f"un-{userid}",
        "name": f"员工{userid}",
        "job_number": f"A{userid[-2:]}",
        "dept_id_list": list(departments),
        "active": True,
        "hired_date": at("2024-03-01 00:00"),
        "mobile": "13800000000",
        **others,
    }


def checkin(userid: str, when: str, place: str = "Demo Plaza", **others: Any) -> dict[str, Any]:
    return {
        "userid": userid,
        "checkin_time": at(when),
        "place": place,
        "detail_place": "1 Example Road",
        "remark": "Visit Demo Co",
        "latitude": "31.230416",
        "longitude": "121.473701",
        "image_list": ["https://img.example.com/1.jpg"],
        "visit_user": "",
        **others,
    }


def punch(number: int, userid: str, when: str, **others: Any) -> dict[str, Any]:
    return {
        "id": number,
        "userId": userid,
        "workDate": at(f"{when[:10]} 00:00"),
        "userCheckTime": at(when),
        "checkType": "OnDuty",
        "timeResult": "Normal",
        "locationResult": "Normal",
        "sourceType": "USER",
        "isLegal": "Y",
        **others,
    }


def result(
    plan: int, userid: str, planned: str, when: str = "", said: str = "Normal", **others: Any
) -> dict[str, Any]:
    return {
        "id": plan * 10,
        "planId": plan,
        "groupId": 1,
        "userId": userid,
        "workDate": at(f"{planned[:10]} 00:00"),
        "baseCheckTime": at(planned),
        "userCheckTime": at(when) if when else None,
        "checkType": "OnDuty",
        "timeResult": said,
        "locationResult": "Normal",
        "procInstId": None,
        **others,
    }


def filled() -> DingTalkServer:
    return DingTalkServer(
        departments=[
            {"dept_id": 2, "name": "销售部", "parent_id": 1},
            {"dept_id": 3, "name": "华东", "parent_id": 2},
        ],
        members=[
            member("boss01", 1),
            member("sales01", 3, 2),
            member("sales02", 3, mood="sunny"),
        ],
        checkins=[
            checkin("sales01", "2026-09-24 09:30"),
            checkin("sales01", "2026-09-24 11:30"),
            checkin("sales01", "2026-09-28 15:00", visit_user="Demo Co"),
            checkin("sales02", "2026-09-29 10:00", "Shop", mood="sunny"),
        ],
        punches=[
            punch(1001, "sales01", "2026-09-28 08:58"),
            punch(1002, "sales01", "2026-09-28 18:01", checkType="OffDuty"),
            punch(1003, "sales02", "2026-09-29 09:12", timeResult="Late"),
            punch(1004, "sales02", "2026-09-30 09:00", isLegal="N", invalidRecordType="Security"),
            punch(0, "sales02", "2026-09-30 09:01", id=None),
        ],
        results=[
            result(1, "sales01", "2026-09-28 09:00", "2026-09-28 08:58"),
            result(2, "sales02", "2026-09-29 09:00", "2026-09-29 09:12", "Late"),
            result(3, "sales02", "2026-09-30 09:00", "", "NotSigned"),
        ],
    )


class Meeting(AppMeeting[DingTalkServer, DingTalkConnector]):
    """Our connector and the company; each test puts its own data behind it."""

    def __init__(self) -> None:
        super().__init__(filled, DingTalkConnector)

    def settings(self, **others: Any) -> dict[str, Any]:
        """Return right settings, some of them changed."""
        return {
            "app_key": KEY,
            "app_secret": SECRET,
            "begin": "2026-09-20",
            "address": self.address,
            "callback_token": CALLBACK_TOKEN,
            "callback_key": CALLBACK_KEY,
            **others,
        }


def callback(event: Mapping[str, Any] | str, moment: datetime = NOW, **query: str) -> HookRequest:
    """Write a callback as DingTalk does."""
    text = event if isinstance(event, str) else json.dumps(event)
    timestamp, nonce = str(int(moment.timestamp() * 1000)), "n0nce42"
    encrypted = seal(SECRETS, text.encode(), b"0123456789abcdef")
    signed = signature(CALLBACK_TOKEN, timestamp, nonce, encrypted)
    return HookRequest(
        method="POST",
        query={"signature": signed, "timestamp": timestamp, "nonce": nonce, **query},
        headers={},
        body=json.dumps({"encrypt": encrypted}).encode(),
    )
