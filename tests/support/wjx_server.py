"""A WJX (问卷星) as it behaves towards callers: always 200, refusals in words, no order of rows."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors.beijing import BEIJING
from connectors.wjx_api import signature_of
from tests.support.loopback import Asked, Told

KEY = "wjx-key-5c1f0e"
APP_KEY = "wjx-app-key-99d2"
OTHERS = 4_040  # a survey that is not shared with us


@dataclass
class WjxServer:
    """``answers``: survey -> number -> answer, at ``times``; ``invalid`` ones are shown to nobody.

    ``trouble`` are answers that come before anything else; ``short`` makes each page one row too
    short; ``circling`` answers every question with the first page.
    """

    answers: dict[int, dict[int, dict[str, Any]]] = field(default_factory=dict)
    times: dict[tuple[int, int], str] = field(default_factory=dict)
    invalid: set[tuple[int, int]] = field(default_factory=set)
    trouble: list[Told] = field(default_factory=list)
    after: Callable[[], None] = lambda: None
    short: bool = False
    circling: bool = False
    calls: list[dict[str, Any]] = field(default_factory=list)

    def give(self, survey: int, number: int, who: str | None, score: Any, at: datetime) -> str:
        """Answer a survey, or change the answer; return its number."""
        jid = 101_812_480_000 + number
        items = {
            "10000": {"q_index": 1, "answer_score": score, "answer_text": str(score)},
            "20000": {"q_index": 2, "answer_text": "很好"},
        }
        row = {"index": number, "jid": jid, "submit_time": written(at), "sojumpparm": who}
        row |= {"source": "链接", "ip": "203.0.113.7", "answer_items": items}
        self.answers.setdefault(survey, {})[number] = row
        self.times[survey, number] = written(at)
        return f"{survey}|{jid}"

    def answer(self, asked: Asked) -> Told:
        """Answer one request."""
        if asked.path != "/openapi/default.aspx" or asked.method != "POST":
            return Told(status=404, body=b"<html>")
        told = json.loads(asked.body)
        if asked.headers.get("authorization") != f"Bearer {KEY}" and not _signed(told):
            return no("签名错误，请检查")
        self.calls.append(told)
        if self.trouble:
            return self.trouble.pop(0)
        if told["vid"] == OTHERS:
            return no("没有权限访问该问卷")
        if asked.query.get("action") != told["action"] or told["action"] != "1001002":
            return no("参数错误")
        said = self._page(told)
        self.after()
        return said

    def _page(self, told: dict[str, Any]) -> Told:
        survey, size = told["vid"], told["page_size"]
        assert 0 < size <= 50
        assert told["page_index"] == 1
        assert told["sort"] == 0
        rows = [
            row
            for number, row in sorted(self.answers.get(survey, {}).items())
            if (survey, number) not in self.invalid
            and (number > told["min_index"] or self.circling)
            and told.get("begin_time", 0)
            <= _millis(self.times[survey, number])
            <= told.get("end_time", 10**14)
        ]
        shown = rows[: size - int(self.short and size > 1)]
        # By number, but not in the order of it.
        answers = {str(row.get("index", "?")): row for row in reversed(shown)}
        data = {"vid": survey, "page_index": 1, "page_size": size, "total_count": len(rows)}
        return Told(body={"result": True, "data": {**data, "answers": answers or None}})


def _signed(told: dict[str, Any]) -> bool:
    own = {name: value for name, value in told.items() if name != "sign"}
    good = signature_of(own, APP_KEY)
    return own.get("appid") == "app-1" and own.get("encode") == "sha1" and told.get("sign") == good


@functools.cache
def _millis(text: str) -> int:
    at = datetime.fromisoformat(text).replace(tzinfo=BEIJING)
    return round(at.timestamp() * 1_000)


def written(at: datetime) -> str:
    """Write an instant as WJX does: in Beijing, without an offset."""
    return at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def no(text: str) -> Told:
    """Refuse, as WJX does: in a 200, in words."""
    return Told(body={"result": False, "errormsg": text})


def settings(address: str, **others: Any) -> dict[str, Any]:
    """Write the settings of a connection to the server."""
    score = "answer_items.10000.answer_score"
    return {
        "address": address,
        "api_key": KEY,
        "begin": "2026-09-18",
        "again_days": {"answers": 7},
        "surveys": [
            {"vid": 71, "metric": "csat", "score": score, "scale_max": 5},
            {"vid": 72, "metric": "nps", "score": score, "scale_max": 10},
        ],
        **others,
    }
