"""What a row must say to be understood, read cell by cell; the first that is missing is named."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from connectors.contract import Notice, Rejected, Scalar, StreamInfo
from connectors.failures import ConfigurationRefused, Transient
from connectors.json_rows import flat_row

_SHOWN = 500
_WHOLE = re.compile(r"-?[0-9]{1,15}")


class Unreadable(Exception):  # noqa: N818 - becomes a rejected row
    """A row lacks something that it cannot be understood without."""

    def __init__(self, column: str) -> None:
        self.column = column
        super().__init__(column)


def text_in(row: Mapping[str, Any], column: str) -> str:
    """Return a text that must be there; numbers are taken as they are written."""
    value = row.get(column)
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
        raise Unreadable(column)
    return str(value).strip()


def whole_in(row: Mapping[str, Any], column: str) -> int:
    """Return a whole number that must be there; some sources write them as text."""
    value = row.get(column)
    if type(value) is int:
        return value
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    raise Unreadable(column)


def whole_or_none(said: Mapping[str, Any], column: str) -> int | None:
    """Return a whole number, written as one or as its text, or None when it is none."""
    try:
        return whole_in(said, column)
    except Unreadable:
        return None


def rows_in(said: Mapping[str, Any], column: str, path: str) -> list[Any]:
    """Return the list of an answer; null is an empty one."""
    rows = said.get(column)
    if rows is None:
        return []
    if not isinstance(rows, list):
        raise Transient("source_not_json", {"status": path})
    return rows


def cells(row: Any, info: StreamInfo) -> dict[str, Scalar]:
    """Flatten a row; a column that the stream declares and the row lacks is there, empty."""
    if not isinstance(row, Mapping):
        raise Unreadable("row")
    return dict.fromkeys(info.columns) | flat_row(row)


def rejected(
    stream: str,
    position: str,
    row: Any,
    unreadable: Unreadable,
    reason: str = "source_row_unreadable",
) -> Rejected:
    """Say which row cannot be trusted, and show it."""
    payload = {}
    if isinstance(row, Mapping):
        payload = {str(name): str(value)[:_SHOWN] for name, value in row.items()}
    return Rejected(
        stream=stream,
        position=_of_its_own(position, row),
        reason=reason,
        values={"column": unreadable.column},
        payload=payload or {"row": str(row)[:_SHOWN]},
    )


def rejected_row(
    stream: str, row: Any, position: str, reason: str, values: Mapping[str, str], key: str = ""
) -> Rejected:
    """Say which row cannot be trusted and why, and show it."""
    payload = {"row": _json(row)}
    place = position if key else _of_its_own(position, row)
    return Rejected(
        stream=stream, position=place, reason=reason, values=values, payload=payload, key=key
    )


def _of_its_own(position: str, row: Any) -> str:
    """Tell rows without a key apart, which else would be one for whoever keeps them."""
    digest = hashlib.sha256(_json(row).encode("utf-8", "backslashreplace")).hexdigest()
    return f"{position}#{digest[:8]}"


def _json(row: Any) -> str:
    return json.dumps(row, ensure_ascii=False, sort_keys=True, default=str)


def notice(stream: str, position: str, reason: str, **values: str) -> Notice:
    """Tell a person something."""
    return Notice(stream=stream, position=position, code=reason, values=values)


def following(said: Mapping[str, Any], name: str, before: str) -> str:
    """Return the mark of the next page, "" at the end; one that does not move is a circle."""
    mark = said.get(name)
    found = "" if mark is None else str(mark)
    if found and found == before:
        raise ConfigurationRefused("source_pages_circle")
    return found
