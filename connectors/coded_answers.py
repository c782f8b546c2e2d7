"""Answers whose HTTP status says nothing: a code in the body tells what happened.

WeCom, DingTalk, Feishu and Fxiaoke answer 200 to almost everything. What is easily got wrong: the
code may come as a number or as its text, and a body without one came from something in between.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from connectors.failures import Transient
from connectors.web import WebAnswer

_CODE = re.compile(r"-?[0-9]{1,12}")


def coded(answer: WebAnswer, field: str) -> dict[str, Any]:
    """Read the body of any status; its ``field`` is a whole number afterwards."""
    said = answer.json()
    code = said.get(field) if isinstance(said, dict) else None
    if isinstance(code, str) and _CODE.fullmatch(code):
        code = int(code)
    if not isinstance(said, dict) or type(code) is not int:
        raise Transient("source_not_json", {"status": str(answer.status)})
    said[field] = code
    return said


def answered_at(answer: WebAnswer, otherwise: datetime) -> datetime:
    """Return the source's own time: the run that asks may have begun long ago."""
    try:
        said = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return otherwise
    return max(otherwise, said if said.tzinfo else said.replace(tzinfo=UTC))
