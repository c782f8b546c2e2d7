"""A company in WeCom with a few days of work, and reading it through the connector."""

from __future__ import annotations

from typing import Any

from connectors.wecom_source import WeComConnector
from tests.support.meetings import AppMeeting
from tests.support.wecom_source_server import CORP, SECRET, WeComSource, at

KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


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


class Meeting(AppMeeting[WeComSource, WeComConnector]):
    """Our connector and the company; each test puts its own data behind it."""

    def __init__(self) -> None:
        super().__init__(filled, WeComConnector)

    def settings(self, **others: Any) -> dict[str, Any]:
        """Return right settings, some of them changed."""
        return {
            "corp_id": CORP,
            "secret": SECRET,
            "begin": "2026-09-24",
            "address": f"{self.address}/cgi-bin",
            "callback_token": "KpiHubToken2026",
            "callback_key": KEY,
            **others,
        }
