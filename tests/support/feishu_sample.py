"""A company in Feishu with a few days of work, and reading it through the connector."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connectors.contract import HookRequest
from connectors.feishu import FeishuConnector
from connectors.feishu_events import seal_event, signature
from tests.support.feishu_server import APP, ENCRYPT_KEY, SECRET, WORD, FeishuServer, at
from tests.support.meetings import AppMeeting
from tests.support.source_web import NOW


def department(number: str, name: str, parent: str) -> dict[str, Any]:
    return {
        "open_department_id": number,
        "department_id": f"own-{number}",
        "name": name,
        "parent_department_id": parent,
        "member_count": 1,
    }


def member(user: str, *departments: str, **others: Any) -> dict[str, Any]:
    return {
        "user_id": user,
        "open_id": f"ou-{user}",
        "union_id": f"on-{user}",
        "name": f"员工{user}",
        "employee_no": f"A{user[-2:]}",
        "department_ids": list(departments),
        "orders": [
            {"department_id": each, "is_primary_dept": each == departments[-1]}
            for each in departments
        ],
        "join_time": int(at("2024-03-01 00:00")),
        "mobile": "+8613800000000",
        "status": {"is_frozen": False, "is_resigned": False, "is_activated": True},
        **others,
    }


def flow(number: str, user: str, when: str, *, field: bool = True, **others: Any) -> dict[str, Any]:
    return {
        "record_id": number,
        "user_id": user,
        "creator_id": user,
        "location_name": "Demo Plaza" if field else "Office",
        "check_time": at(when),
        "comment": "Visit Demo Co" if field else "",
        "is_field": field,
        "is_wifi": not field,
        "type": 0,
        "check_result": "Normal",
        "external_id": "",
        **others,
    }


def task(number: str, user: str, day: str, *records: dict[str, Any]) -> dict[str, Any]:
    return {
        "result_id": number,
        "user_id": user,
        "employee_name": f"员工{user}",
        "day": int(day.replace("-", "")),
        "group_id": "g1",
        "shift_id": "s1",
        "records": list(records),
    }


def shift(day: str, said: str = "Normal", came: str = "08:58", **others: Any) -> dict[str, Any]:
    return {
        "check_in_record_id": f"{day}-in",
        "check_in_record": {"check_time": at(f"{day} {came}")} if came else None,
        "check_in_result": said,
        "check_in_result_supplement": "None",
        "check_in_shift_time": at(f"{day} 09:00"),
        "check_out_result": "Normal",
        "check_out_result_supplement": "None",
        "check_out_shift_time": at(f"{day} 18:00"),
        "task_shift_type": 0,
        **others,
    }


def filled() -> FeishuServer:
    return FeishuServer(
        departments=[department("od-2", "销售部", "0"), department("od-3", "华东", "od-2")],
        members=[
            member("boss01", "0"),
            member("sales01", "od-2", "od-3"),
            member("sales02", "od-3", mood="sunny"),
        ],
        flows=[
            flow("6708000001", "sales01", "2026-09-28 09:30"),
            flow("6708000002", "sales01", "2026-09-28 15:00"),
            flow("6708000003", "sales01", "2026-09-28 08:58", field=False),
            flow("6708000004", "sales02", "2026-09-29 10:00", location_name="Shop", mood="sunny"),
            flow("6708000005", "sales02", "2026-09-29 12:00", check_time="noon"),
        ],
        tasks=[
            task("R1", "sales01", "2026-09-28", shift("2026-09-28")),
            task("R2", "sales02", "2026-09-29", shift("2026-09-29", "Late", "09:12")),
            task(
                "R3",
                "sales02",
                "2026-09-30",
                shift("2026-09-30", "Lack", ""),
                shift("2026-09-30", "Lack", "", check_in_result_supplement="Leave"),
            ),
        ],
    )


class Meeting(AppMeeting[FeishuServer, FeishuConnector]):
    """Our connector and the company; each test puts its own data behind it."""

    def __init__(self) -> None:
        super().__init__(filled, FeishuConnector)

    def settings(self, **others: Any) -> dict[str, Any]:
        """Return right settings, some of them changed."""
        return {
            "app_id": APP,
            "app_secret": SECRET,
            "begin": "2026-09-24",
            "address": self.address,
            "encrypt_key": ENCRYPT_KEY,
            "verification_token": WORD,
            **others,
        }


def event(
    kind: str, about: Mapping[str, Any], *, number: str = "e-1", word: str = WORD
) -> dict[str, Any]:
    """Write an event of version 2.0."""
    header = {"event_id": number, "event_type": kind, "token": word, "app_id": APP}
    return {"schema": "2.0", "header": header, "event": dict(about)}


def callback(said: Mapping[str, Any] | str, moment: datetime = NOW, **headers: str) -> HookRequest:
    """Write a callback as Feishu does."""
    text = said if isinstance(said, str) else json.dumps(said)
    encrypted = seal_event(ENCRYPT_KEY, text.encode(), b"0123456789abcdef")
    body = json.dumps({"encrypt": encrypted}).encode()
    timestamp = str(int(moment.timestamp()))
    told = {
        "x-lark-request-timestamp": timestamp,
        "x-lark-request-nonce": "n1",
        "x-lark-signature": signature(ENCRYPT_KEY, timestamp, "n1", body),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    return HookRequest(method="POST", query={}, headers=told, body=body)
