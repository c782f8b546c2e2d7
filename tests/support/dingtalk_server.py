"""DingTalk as it behaves towards callers: HTTP 200 always, errors wrapped, strict about its limits.

It lists departments one level deep, tells truths as text, ends pages early, empties an answer for
one unknown userid, and bans who asks too much with something that is not its envelope.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.support.loopback import Asked, Told
from tests.support.path_server import PathServer

KEY = "dingdemo0001"
SECRET = "canary-secret-of-dingtalk"
CALLBACK_TOKEN = "KpiHubToken2026"
CALLBACK_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
BEIJING = ZoneInfo("Asia/Shanghai")
DAY = 86_400_000


def at(text: str) -> int:
    """Return the epoch milliseconds of ``2026-09-01 09:30`` in Beijing."""
    return int(datetime.fromisoformat(text).replace(tzinfo=BEIJING).timestamp()) * 1000


@dataclass(kw_only=True)
class DingTalkServer(PathServer):
    """A company in DingTalk: its directory and its days."""

    departments: list[dict[str, Any]] = field(default_factory=list)
    members: list[dict[str, Any]] = field(default_factory=list)
    checkins: list[Any] = field(default_factory=list)
    punches: list[Any] = field(default_factory=list)
    results: list[Any] = field(default_factory=list)
    hidden: set[int] = field(default_factory=set)  # results that a page leaves out
    closed: dict[int, int] = field(default_factory=dict)  # department -> error
    page: int = 100
    endless: bool = False  # results always say that there are more
    token: str = "DT-canary-1"

    def said(self, path: str, asked: Asked, body: Mapping[str, Any]) -> Told:
        """Say what DingTalk says."""
        if path == "gettoken":
            return self._gettoken(asked.query)
        if not self.is_token(asked.query.get("access_token")):
            return self.error(40014)
        doing = getattr(self, "_" + path.removeprefix("topapi/").replace("/", "_"), None)
        found: int | dict[str, Any] = 22 if doing is None else doing(body)
        if isinstance(found, int):
            return self.error(found)
        return Told(body={"errcode": 0, "errmsg": "ok", **found})

    def error(self, code: int) -> Told:
        """Write an error as DingTalk does: what concerns access is wrapped."""
        text = {
            60011: "应用尚未开通所需的权限：[qyapi_get_department_member]，点击链接申请并开通即可",
            60020: "访问ip不在白名单之中,request ip=203.0.113.7",
        }.get(code, "refused")
        told: dict[str, Any] = {"errcode": code, "errmsg": text}
        if code in {40001, 40014, 42001, 60011, 60020, 50002}:
            wrapped = {"sub_code": str(code), "sub_msg": text}
            told = {"errcode": 88, **wrapped, "errmsg": "ding talk error"}
        return Told(body=told)

    def _gettoken(self, query: Mapping[str, str]) -> Told:
        self.made += 1
        if query.get("appkey") != KEY or query.get("appsecret") != SECRET:
            return Told(body={"errcode": 40096, "errmsg": "不合法的appKey或appSecret"})
        said = {"errcode": 0, "errmsg": "ok", "access_token": self.token, "expires_in": 7200}
        return Told(body=said)

    # -- the directory ---------------------------------------------------------------------------

    def _v2_department_listsub(self, body: Any) -> Any:
        number = body["dept_id"]
        if number in self.closed:
            return self.closed[number]
        if number != 1 and number not in {d.get("dept_id") for d in self.departments}:
            return 60003
        return {"result": [d for d in self.departments if d.get("parent_id") == number]}

    def _v2_user_list(self, body: Any) -> Any:
        if body["dept_id"] in self.closed:
            return self.closed[body["dept_id"]]
        if not 0 < body["size"] <= 100 or body["cursor"] < 0:
            return 400002
        rows = [m for m in self.members if body["dept_id"] in m["dept_id_list"]]
        start = body["cursor"]
        end = start + min(self.page, body["size"])
        if end >= len(rows):
            return {"result": {"has_more": "false", "list": rows[start:]}}
        return {"result": {"has_more": "true", "next_cursor": str(end), "list": rows[start:end]}}

    def _users(self) -> set[str]:
        return {str(m.get("userid")) for m in self.members}

    # -- days ------------------------------------------------------------------------------------

    def _checkin_record_get(self, body: Any) -> Any:
        users = body["userid_list"].split(",")
        span = body["end_time"] - body["start_time"]
        if min(body["start_time"], body["end_time"]) < 10**12 or len(users) > 10:
            return 400002
        if span > (10 if len(users) == 1 else 1) * DAY or not 0 < body["size"] <= 100:
            return 400002
        if not set(users) <= self._users():
            return 33012
        rows = [
            row
            for row in self.checkins
            if row["userid"] in users
            and body["start_time"] <= _millis(row["checkin_time"]) <= body["end_time"]
        ]
        end = body["cursor"] + min(self.page, body["size"])
        mark = end if end < len(rows) else None
        return {"result": {"next_cursor": mark, "page_list": rows[body["cursor"] : end]}}

    def _attendance_listRecord(self, body: Any) -> Any:  # noqa: N802 - as the path is written
        start, end = at(body["checkDateFrom"]), at(body["checkDateTo"])
        if len(body["userIds"]) > 50 or end - start > 7 * DAY:
            return 400002
        if not set(body["userIds"]) <= self._users():
            return {"recordresult": []}
        rows = [
            row
            for row in self.punches
            if row.get("userId") in body["userIds"] and start <= row["userCheckTime"] <= end
        ]
        return {"recordresult": rows}

    def _attendance_list(self, body: Any) -> Any:
        start, end = at(body["workDateFrom"]), at(body["workDateTo"])
        offset, limit = body["offset"], body["limit"]
        if len(body["userIdList"]) > 50 or end - start > 7 * DAY or not 0 < limit <= 50:
            return 400002
        if not set(body["userIdList"]) <= self._users():
            return {"hasMore": False, "recordresult": []}
        rows = [
            row
            for row in self.results
            if row["userId"] in body["userIdList"] and start <= row["workDate"] <= end
        ]
        page = [row for row in rows[offset : offset + limit] if row["id"] not in self.hidden]
        more = self.endless or offset + limit < len(rows)
        return {"hasMore": more, "recordresult": page}


def _millis(value: Any) -> int:
    """Read a time; a row without a readable one is of the first day of the tests."""
    return value if type(value) is int else at("2026-09-24 09:30")
