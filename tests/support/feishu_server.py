"""Feishu towards its callers: an envelope whatever the status, marks for pages, strict types.

It hides user ids from who may not see them, keeps quiet about people whom the application does not
see, wants seconds as text, and answers errors with 400 and the same envelope.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.support.loopback import Asked, Told
from tests.support.path_server import PathServer

APP = "cli_demo0001"
SECRET = "canary-secret-of-feishu"
ENCRYPT_KEY = "test-encrypt-key"
WORD = "canary-verification-word"
BEIJING = ZoneInfo("Asia/Shanghai")


def at(text: str) -> str:
    """Return the epoch seconds of ``2026-09-01 09:30`` in Beijing, as text."""
    return str(int(datetime.fromisoformat(text).replace(tzinfo=BEIJING).timestamp()))


@dataclass(kw_only=True)
class FeishuServer(PathServer):
    """A company in Feishu: its directory and its days."""

    departments: list[dict[str, Any]] = field(default_factory=list)
    members: list[dict[str, Any]] = field(default_factory=list)
    flows: list[Any] = field(default_factory=list)
    tasks: list[Any] = field(default_factory=list)
    left: set[str] = field(default_factory=set)  # who left, and may still be asked for
    unseen: set[str] = field(default_factory=set)  # whom the application may not see
    hides_ids: bool = False
    closed: dict[str, int] = field(default_factory=dict)  # department -> error
    page: int = 50
    token: str = "t-canary-1"

    def path_of(self, asked: Asked) -> str:
        """Name what is asked."""
        return asked.path.removeprefix("/open-apis/")

    def error(self, code: int) -> Told:
        """Write an error as Feishu does."""
        return error(code)

    def said(self, path: str, asked: Asked, body: Mapping[str, Any]) -> Told:
        """Say what Feishu says."""
        if path == "auth/v3/tenant_access_token/internal":
            return self._entry(body)
        kind, _, shown = asked.headers.get("authorization", "").partition(" ")
        if not self.is_token(shown if kind == "Bearer" else None):
            return error(99991663)
        if path.startswith("contact/v3/departments/"):
            return self._children(path.split("/")[3], body)
        if path == "contact/v3/users/find_by_department":
            return self._users(body)
        if path == "attendance/v1/user_flows/query":
            return self._flows(asked.query, body)
        if path == "attendance/v1/user_tasks/query":
            return self._tasks(asked.query, body)
        return Told(status=404, body=b"404 page not found")

    def _entry(self, body: Mapping[str, Any]) -> Told:
        self.made += 1
        if body != {"app_id": APP, "app_secret": SECRET}:
            return error(10014)
        said = {"code": 0, "msg": "ok", "tenant_access_token": self.token, "expire": 7200}
        return Told(body=said)

    # -- the directory ---------------------------------------------------------------------------

    def _children(self, top: str, query: Mapping[str, str]) -> Told:
        if top in self.closed:
            return error(self.closed[top])
        if query.get("fetch_child") != "true":
            return error(99992402)
        return self._paged(self.departments, query)

    def _users(self, query: Mapping[str, str]) -> Told:
        number = query["department_id"]
        if number in self.closed:
            return error(self.closed[number])
        rows = [m for m in self.members if number in m["department_ids"]]
        if self.hides_ids:
            rows = [{k: v for k, v in row.items() if k != "user_id"} for row in rows]
        return self._paged(rows, query)

    def _paged(self, rows: list[dict[str, Any]], query: Mapping[str, str]) -> Told:
        size, mark = int(query["page_size"]), query.get("page_token", "m0")
        if not 0 < size <= 50 or not mark.startswith("m"):
            return error(99992402)
        start = int(mark[1:])
        end = start + min(size, self.page)
        if end >= len(rows):
            return _data({"has_more": False, "items": rows[start:]})
        return _data({"has_more": True, "page_token": f"m{end}", "items": rows[start:end]})

    # -- days ------------------------------------------------------------------------------------

    def _flows(self, query: Mapping[str, str], body: Mapping[str, Any]) -> Told:
        bounds = (body["check_time_from"], body["check_time_to"])
        if query.get("employee_type") != "employee_id" or len(body["user_ids"]) > 50:
            return error(99992402)
        if not all(isinstance(each, str) and len(each) == 10 for each in bounds):
            return error(99992402)
        seen = self._seen(body["user_ids"])
        start, end = map(int, bounds)
        rows = [r for r in self.flows if r["user_id"] in seen and start <= _whole(r) <= end]
        return _data({"user_flow_results": rows})

    def _tasks(self, query: Mapping[str, str], body: Mapping[str, Any]) -> Told:
        bounds = (body["check_date_from"], body["check_date_to"])
        if query.get("employee_type") != "employee_id" or len(body["user_ids"]) > 50:
            return error(99992402)
        if not all(isinstance(each, int) and 20200101 <= each < 21000101 for each in bounds):
            return error(99992402)
        seen = self._seen(body["user_ids"])
        rows = [
            r for r in self.tasks if r["user_id"] in seen and bounds[0] <= r["day"] <= bounds[1]
        ]
        return _data(
            {
                "user_task_results": rows,
                "invalid_user_ids": sorted(set(body["user_ids"]) - self._known()),
                "unauthorized_user_ids": sorted(set(body["user_ids"]) & self.unseen),
            }
        )

    def _known(self) -> set[str]:
        return {str(m.get("user_id")) for m in self.members} | self.left

    def _seen(self, asked: list[str]) -> set[str]:
        return set(asked) & self._known() - self.unseen


def _whole(row: Mapping[str, Any]) -> int:
    """Read a time; a row without a readable one is of one day of the tests."""
    value = str(row["check_time"])
    return int(value if value.isdigit() else at("2026-09-29 12:00"))


def _data(data: Any) -> Told:
    return Told(body={"code": 0, "msg": "success", "data": data})


def error(code: int, headers: Mapping[str, str] | None = None) -> Told:
    """Write an error as Feishu does."""
    text = "refused"
    if code == 99991672:
        text = "Access denied. One of the following scopes is required: [attendance:task:readonly]"
    body = {"code": code, "msg": text, "error": {"log_id": "L1"}}
    return Told(status=400, body=body, headers=headers or {})
