"""WJX's interface (问卷星): one address, a deed by number, and refusals in a 200.

What matters here and is easily got wrong:

- A refusal is ``{"result": false, "errormsg": …}`` with HTTP 200 and no code: words of its text say
  what to do. The text is never told further when it repeats our key.
- Pages go on behind the last number (``min_index``), which nothing shifts; a short page is not the
  last one, an empty one is.
- Accounts of old sign: the values of all parameters in the order of their names, then the key, as
  SHA-1. An empty value is left out, a number is written as it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from connectors.contract import CallLimit
from connectors.failures import AuthExpired, ConfigurationRefused, Forbidden, Transient
from connectors.web import Web
from connectors.wjx_settings import WjxAccess

PAGE = 50
PATH = "/openapi/default.aspx"
ANSWERS = "1001002"
LIMITS = (CallLimit(calls=5, seconds=1),)
_ACCESS = ("签名", "appid", "appkey", "apikey", "api key", "密钥", "未授权", "token")
_RIGHTS = ("权限", "不存在", "无权")
_LATER = ("频繁", "稍后", "繁忙", "超限", "上限")
_TEXT_MOST = 80


def signature_of(parameters: Mapping[str, Any], key: str) -> str:
    """Sign parameters as accounts of old do."""
    told = (str(value) for _, value in sorted(parameters.items()) if value not in (None, ""))
    return hashlib.sha1("".join([*told, key]).encode()).hexdigest()  # noqa: S324 - theirs


class Wjx:
    """Calls in the name of one account."""

    def __init__(self, web: Web, access: WjxAccess, now: datetime) -> None:
        self._web = web
        self._access = access
        self._now = now

    def answers(self, survey: int, begin: int, end: int) -> Iterator[list[Any]]:
        """Walk over the valid answers of a survey between two instants in milliseconds."""
        after = 0
        while True:
            rows = self.page(survey, after, PAGE, {"begin_time": begin, "end_time": end})
            if not rows:
                return
            yield rows
            numbers = [number for number in map(_index, rows) if number is not None]
            if max(numbers, default=0) <= after:
                raise ConfigurationRefused("source_pages_circle")
            after = max(numbers)

    def page(self, survey: int, after: int, size: int, more: Mapping[str, Any]) -> list[Any]:
        """Return some answers behind a number."""
        wanted = {"vid": survey, "min_index": after, "page_index": 1, "page_size": size, "sort": 0}
        data = self._call(ANSWERS, {**wanted, **more})
        found = data.get("answers") if isinstance(data, Mapping) else None
        if isinstance(found, Mapping):
            found = list(found.values())
        # What has answers and shows none is no list to take any answer back by.
        hidden = not found and isinstance(data, Mapping) and data.get("total_count")
        if not isinstance(found, list | None) or hidden:
            raise Transient("source_not_json", {"status": "answers"})
        return found or []

    def _call(self, deed: str, told: Mapping[str, Any]) -> Any:
        own = self._access
        headers = {}
        body: dict[str, Any] = {"action": deed, **told}
        if own.api_key:
            headers["authorization"] = f"Bearer {own.api_key}"
        else:
            body |= {"appid": own.app_id, "ts": int(self._now.timestamp()), "encode": "sha1"}
            body["sign"] = signature_of(body, own.app_key)
        answer = self._web.post(
            f"{own.address}{PATH}", json=body, query={"action": deed}, headers=headers, reads=True
        )
        said = answer.demand_ok().json()
        if not isinstance(said, Mapping) or type(said.get("result")) is not bool:
            raise Transient("source_not_json", {"status": "result"})
        if not said["result"]:
            raise self._failure(str(said.get("errormsg") or ""), str(told["vid"]))
        return said.get("data")

    def _failure(self, text: str, survey: str) -> Exception:
        plain = text.lower()
        secret = self._access.api_key or self._access.app_key
        shown = "-" if secret.lower() in plain else text[:_TEXT_MOST] or "-"
        values = {"survey": survey, "text": shown}
        if any(word in plain for word in _LATER):
            return Transient("wjx_busy", values)
        if any(word in plain for word in _ACCESS):
            return AuthExpired("wjx_access_refused", values)
        if any(word in plain for word in _RIGHTS):
            return Forbidden("wjx_not_permitted", values)
        return ConfigurationRefused("wjx_refused", values)


def _index(row: Any) -> int | None:
    number = row.get("index") if isinstance(row, Mapping) else None
    return number if type(number) is int else None
