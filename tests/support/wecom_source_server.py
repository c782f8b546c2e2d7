"""WeCom's server API as it behaves towards callers: HTTP 200 always, and strict about its limits.

It answers a narrow window of check-ins with the whole days, several members with one sum, wrong
types with a warning, and refuses what the real one refuses: long windows, many members, parallel
calls, milliseconds.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.support.loopback import Asked, Told

CORP = "wwsource0001"
SECRET = "canary-secret-of-the-source"
CONTACT_SECRET = "canary-secret-of-the-directory"
NARROW = "canary-secret-of-a-new-application"  # that was given no feature yet
BEIJING = ZoneInfo("Asia/Shanghai")
_DAY = 86_400
_BOM = b"\xef\xbb\xbf"


def at(text: str) -> int:
    """Return the epoch seconds of ``2026-09-01 09:30`` in Beijing."""
    return int(datetime.fromisoformat(text).replace(tzinfo=BEIJING).timestamp())


@dataclass
class WeComSource:
    """``errors``: errcodes by path, in turn, before anything else. The rest is what there is."""

    departments: list[dict[str, Any]] = field(default_factory=list)
    members: list[dict[str, Any]] = field(default_factory=list)
    followers: list[str] = field(default_factory=list)
    checkins: list[Any] = field(default_factory=list)
    behaviour: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    unlicensed: set[str] = field(default_factory=set)
    groups: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    journals: dict[str, dict[str, Any]] = field(default_factory=dict)
    approvals: dict[str, dict[str, Any]] = field(default_factory=dict)
    ids_only: set[str] = field(default_factory=set)  # secrets that are told no names (48009)
    errors: dict[str, list[int]] = field(default_factory=dict)
    instead: dict[str, dict[str, Any]] = field(default_factory=dict)  # answers by path
    after: Callable[[str, Mapping[str, Any]], None] = lambda _path, _body: None
    page: int = 1_000
    as_text: bool = False  # numbers that say how to go on are told as their text
    bom: bool = False
    asked: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)  # token -> secret
    delivered: list[tuple[str, str]] = field(default_factory=list)
    made: int = 0
    busy: threading.Lock = field(default_factory=threading.Lock)

    def calls(self, path: str) -> list[Mapping[str, Any]]:
        """Return what was asked of a path."""
        return [body for asked, body in self.asked if asked == path]

    def answer(self, asked: Asked) -> Told:
        """Answer one request."""
        path = asked.path.removeprefix("/cgi-bin/")
        body = json.loads(asked.body) if asked.body else dict(asked.query)
        self.asked.append((path, body))
        waiting = self.errors.get(path, [])
        code = waiting.pop(0) if waiting else 0
        said = _error(code) if code else self._said(path, asked, body)
        said = self.instead.get(path, said)
        if self.as_text:
            marks = {"next_cursor", "endflag", "next_offset", "total"} & said.keys()
            said |= {name: str(said[name]) for name in marks}
        self.after(path, body)
        raw = json.dumps(said, ensure_ascii=False).encode()
        return Told(body=_BOM + raw if self.bom else raw)

    def _said(self, path: str, asked: Asked, body: Mapping[str, Any]) -> dict[str, Any]:
        if path == "gettoken":
            return self._token(asked.query)
        secret = self.tokens.get(asked.query.get("access_token", ""))
        if secret is None:
            return _error(40014)
        if secret == NARROW:
            return _error(48002)
        doing = getattr(self, "_" + path.replace("/", "_"), None)
        if doing is None:
            return _error(404)
        if not self.busy.acquire(blocking=False):
            return _error(45033)
        try:
            found: int | dict[str, Any] = doing(body, secret)
        finally:
            self.busy.release()
        if isinstance(found, int):
            return _error(found)
        return {"errcode": 0, "errmsg": "ok", **found}

    def _token(self, query: Mapping[str, str]) -> dict[str, Any]:
        if query.get("corpid") != CORP:
            return _error(40013)
        secret = query.get("corpsecret", "")
        if secret not in {SECRET, CONTACT_SECRET, NARROW}:
            return _error(40001)
        alive = [token for token, own in self.tokens.items() if own == secret]
        if not alive:
            self.made += 1
            alive = [f"AT-canary-{self.made}"]
            self.tokens[alive[0]] = secret
        return {"errcode": 0, "errmsg": "ok", "access_token": alive[0], "expires_in": 7200}

    # -- the directory ---------------------------------------------------------------------------

    def _department_simplelist(self, body: Any, secret: str) -> Any:
        rows = [{"id": d["id"], "parentid": d["parentid"], "order": 1} for d in self.departments]
        return {"department_id": rows}

    def _department_list(self, body: Any, secret: str) -> Any:
        return 48009 if secret in self.ids_only else {"department": self.departments}

    def _department_get(self, body: Any, secret: str) -> Any:
        found = [d for d in self.departments if str(d["id"]) == body["id"]]
        return {"department": found[0]} if found else 60123

    def _user_simplelist(self, body: Any, secret: str) -> Any:
        if secret in self.ids_only:
            return 48009
        number = int(body["department_id"])
        rows = [m for m in self.members if number in m["department"]]
        return {"userlist": [{k: m[k] for k in ("userid", "name") if k in m} for m in rows]}

    def _user_list(self, body: Any, secret: str) -> Any:
        if secret in self.ids_only:
            return 48009
        number = int(body["department_id"])
        return {"userlist": [m for m in self.members if number in m["department"]]}

    def _user_list_id(self, body: Any, secret: str) -> Any:
        if secret != CONTACT_SECRET:
            return 48002
        rows = [
            {"userid": m["userid"], "department": d} for m in self.members for d in m["department"]
        ]
        start = int(body["cursor"] or 0)
        end = start + min(self.page, body["limit"])
        return {"dept_user": rows[start:end], "next_cursor": str(end) if end < len(rows) else ""}

    def _user_get(self, body: Any, secret: str) -> Any:
        found = [m for m in self.members if m["userid"].lower() == body["userid"].lower()]
        return found[0] if found else 60111

    # -- check-ins -------------------------------------------------------------------------------

    def _checkin_getcheckindata(self, body: Any, secret: str) -> Any:
        start, end, users = body["starttime"], body["endtime"], body["useridlist"]
        if max(start, end) > 10**11:
            return 600018
        if not users or len(users) > 100:
            return 301023
        if end - start > 30 * _DAY:
            return 301024
        if len(users) > self.page:
            return 45029
        # The days around come along.
        wanted = {user.lower() for user in users}
        low, high = start - _DAY, end + _DAY
        rows = [
            row
            for row in self.checkins
            if str(row.get("userid", "")).lower() in (wanted | {""})
            and low <= _whole(row.get("checkin_time"), start) <= high
        ]
        return {"checkindata": rows}

    # -- figures ---------------------------------------------------------------------------------

    def _externalcontact_get_follow_user_list(self, body: Any, secret: str) -> Any:
        return {"follow_user": self.followers}

    def _externalcontact_get_user_behavior_data(self, body: Any, secret: str) -> Any:
        users, start, end = body["userid"], body["start_time"], body["end_time"]
        if not users and not body["partyid"]:
            return 82001
        if end - start > 29 * _DAY:
            return 60267
        if all(user in self.unlicensed for user in users):
            return 701008
        if not any(owner in users for owner, _ in self.behaviour):
            return 84061
        found = []
        for seconds in range(start, end + 1, _DAY):
            day = datetime.fromtimestamp(seconds, BEIJING).date().isoformat()
            rows = [self.behaviour[u, day] for u in users if (u, day) in self.behaviour]
            if rows:
                found.append({"stat_time": seconds, **_together(rows)})
        return {"behavior_data": found}

    def _externalcontact_groupchat_statistic(self, body: Any, secret: str) -> Any:
        owners = body["owner_filter"]["userid_list"]
        if len(owners) > 100:
            return 40031
        if body["day_begin_time"] != body["day_end_time"]:
            return 60267  # the sum of days is of no use to us
        day = datetime.fromtimestamp(body["day_begin_time"], BEIJING).date().isoformat()
        items = [
            {"owner": o, "data": d}
            for (o, when), d in sorted(self.groups.items())
            if o in owners and when == day
        ]
        start = body["offset"]
        end = min(len(items), start + min(self.page, body["limit"]))
        return {"total": len(items), "next_offset": end, "items": items[start:end]}

    # -- forms -----------------------------------------------------------------------------------

    def _oa_journal_get_record_list(self, body: Any, secret: str) -> Any:
        if body["endtime"] - body["starttime"] > 31 * _DAY:
            return 60267
        numbers = [
            number
            for number, info in self.journals.items()
            if body["starttime"]
            <= _whole(info.get("report_time"), body["starttime"])
            <= body["endtime"]
        ]
        start = body["cursor"]
        end = start + min(self.page, body["limit"])
        more = end < len(numbers)
        return {
            "journaluuid_list": numbers[start:end],
            "next_cursor": end,
            "endflag": int(not more),
        }

    def _oa_journal_get_record_detail(self, body: Any, secret: str) -> Any:
        info = self.journals.get(body["journaluuid"])
        return 301084 if info is None else {"info": info}

    def _oa_getapprovalinfo(self, body: Any, secret: str) -> Any:
        if not isinstance(body["starttime"], str) or not isinstance(body["endtime"], str):
            return {"errmsg": "ok. Warning: wrong json format.", "sp_no_list": []}
        first, last = int(body["starttime"]), int(body["endtime"])
        if last - first > 31 * _DAY:
            return 301025
        numbers = [n for n, i in self.approvals.items() if first <= i["apply_time"] <= last]
        start = int(body["new_cursor"] or 0)
        # A page is shorter than asked for, or empty, though more follow.
        end = start + (0 if body["new_cursor"] == "" and numbers else min(self.page, body["size"]))
        told: dict[str, Any] = {"sp_no_list": numbers[start:end]}
        if body["new_cursor"] == "" and numbers:
            told["new_next_cursor"] = "00"
        elif end < len(numbers):
            told["new_next_cursor"] = str(end)
        return told

    def _oa_getapprovaldetail(self, body: Any, secret: str) -> Any:
        info = self.approvals.get(body["sp_no"])
        return 301025 if info is None else {"info": info}

    # -- messages --------------------------------------------------------------------------------

    def _message_send(self, body: Any, secret: str) -> Any:
        receiver = body["touser"].lower()
        told = {"invaliduser": "", "unlicenseduser": "", "msgid": f"MSG-{len(self.delivered) + 1}"}
        if receiver not in {m["userid"].lower() for m in self.members}:
            return {**told, "invaliduser": receiver}
        if receiver in self.unlicensed:
            return {**told, "unlicenseduser": receiver}
        text = (receiver, body["text"]["content"])
        if not (body["enable_duplicate_check"] and text in self.delivered):
            self.delivered.append(text)
        return told


def _together(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Add up what several members did, as WeCom does: nobody can tell them apart any more."""
    if len(rows) == 1:
        return rows[0]
    names = {name for row in rows for name in row}
    return {name: sum(row.get(name, 0) for row in rows) for name in names}


def _whole(value: Any, otherwise: int) -> int:
    """Read a time; a row without one always comes along."""
    return int(value) if str(value).isdigit() else otherwise


def _error(code: int) -> dict[str, Any]:
    text = f"refused, hint: [1767225600_12_abcdef], from ip: 203.0.113.7, more info at e={code}"
    return {"errcode": code, "errmsg": text}
