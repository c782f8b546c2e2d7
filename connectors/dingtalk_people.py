"""DingTalk's directory: departments and members, as far as the application may see them.

What is easily got wrong:

- The list of departments is one level deep, and a department's members are its own only: the tree
  is walked, and who stands in several departments comes several times.
- DingTalk has no main department. Who is in one alone has it in ``only_department``; who is in
  several has it empty, or sums over departments would count him twice.
- Numbers and truths are sometimes written as text.
- Who left vanishes from the lists.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from connectors.beijing import BEIJING, milli_or_none
from connectors.contract import (
    Backfill,
    Cursor,
    Deletes,
    Message,
    Scalar,
    StreamInfo,
)
from connectors.dingtalk_api import DingTalkApi
from connectors.dingtalk_settings import DingTalkSettings
from connectors.directories import read_directory
from connectors.emitting import Emitting
from connectors.failures import KeysIncomplete, Transient
from connectors.row_cells import Unreadable, cells, following, notice, rejected, rows_in, text_in

PAGE = 100
_SUBS = "topapi/v2/department/listsub"
_USERS = "topapi/v2/user/list"
_GONE = 60003
_OUT_OF_RANGE = frozenset({50002, 50004})


@dataclass(slots=True, kw_only=True)
class Reading:
    """One run: calls, settings, numbering, and what of the directory was read already."""

    api: DingTalkApi
    settings: DingTalkSettings
    now: datetime
    named: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by callbacks
    emitting: Emitting = field(default_factory=Emitting)
    departments: list[Any] | None = None
    refused: list[tuple[int, int]] = field(default_factory=list)  # departments, with the error
    people: tuple[str, ...] | None = None

    @property
    def begin(self) -> date:
        """The first day that is read at all."""
        return self.settings.begin

    @property
    def again(self) -> Mapping[str, int]:
        """How many days each stream is read again."""
        return self.settings.again

    @property
    def here(self) -> datetime:
        """The instant the run began, in Beijing."""
        return self.now.astimezone(BEIJING)


def department_rows(reading: Reading) -> list[Any]:
    """Return every department below the tops, read once a run; a top itself is in no list."""
    if reading.departments is None:
        found: list[Any] = []
        waiting, known = list(reading.settings.departments), set(reading.settings.departments)
        while waiting:
            for row in _below(reading, waiting.pop(0)):
                number = number_of(row)
                if number is None or number not in known:
                    found.append(row)
                if number is not None and number not in known:
                    known.add(number)
                    waiting.append(number)
        reading.departments = found
    return reading.departments


def _below(reading: Reading, number: int) -> list[Any]:
    tops = reading.settings.departments
    accept = {_GONE} if number in tops else {_GONE, *_OUT_OF_RANGE}
    said = reading.api.post(_SUBS, {"dept_id": number}, accept)
    if said["errcode"] == 0:
        return rows_in(said, "result", _SUBS)
    if said["errcode"] != _GONE:
        reading.refused.append((number, said["errcode"]))
    return []


def number_of(row: Any) -> int | None:
    """Return the number of a department, which is sometimes a text."""
    value = row.get("dept_id") if isinstance(row, Mapping) else None
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    return value if type(value) is int else None


def member_rows(reading: Reading) -> Iterator[Any]:
    """Emit the members as they are listed, department by department: some come twice."""
    rows = department_rows(reading)
    numbers = [*reading.settings.departments, *(number_of(row) for row in rows)]
    for number in dict.fromkeys(number for number in numbers if number is not None):
        mark = "0"
        while mark:
            said = reading.api.post(
                _USERS,
                {"dept_id": number, "cursor": int(mark), "size": PAGE},
                {_GONE, *_OUT_OF_RANGE},
            )
            if said["errcode"] != 0:
                if said["errcode"] != _GONE:
                    reading.refused.append((number, said["errcode"]))
                break
            page = said.get("result")
            if not isinstance(page, Mapping):
                raise Transient("source_not_json", {"status": _USERS})
            yield from rows_in(page, "list", _USERS)
            more = str(page.get("has_more", False)).lower() == "true"
            mark = following(page, "next_cursor", mark) if more else ""
            if mark and not (mark.isascii() and mark.isdigit()):
                raise Transient("source_not_json", {"status": _USERS})


def people(reading: Reading) -> Sequence[str]:
    """Return everybody's userid, sorted, read once a run; who has none cannot be asked for."""
    if reading.people is None:
        rows = (row for row in member_rows(reading) if isinstance(row, Mapping))
        named = {str(row.get("userid") or "").strip() for row in rows}
        reading.people = tuple(sorted(named - {""}))
    return reading.people


def first_person(reading: Reading) -> list[str]:
    """Return one userid, or none: a check takes seconds."""
    for row in member_rows(reading):
        if isinstance(row, Mapping) and row.get("userid"):
            return [str(row["userid"])]
    return []


class Departments:
    """Departments with their parents."""

    info = StreamInfo(
        name="departments",
        entity="unit",
        key=("dept_id",),
        deletes=Deletes.SWEEP,
        columns=("dept_id", "name", "parent_id", "parent"),
    )

    def probe(self, reading: Reading) -> None:
        """Ask for the level below the first top."""
        reading.api.post(_SUBS, {"dept_id": reading.settings.departments[0]})

    def read(
        self, reading: Reading, _cursor: Cursor, backfill: Backfill | None
    ) -> Iterator[Message]:
        """Emit all of them: DingTalk does not say what changed."""
        return read_directory(self.info.name, self._messages(reading), backfill)

    def _messages(self, reading: Reading) -> Iterator[Message]:
        name = self.info.name
        rows = department_rows(reading)
        visible = {number_of(row) for row in rows}
        for place, row in enumerate(rows, 1):
            try:
                content = cells(row, self.info)
                key = text_in(content, "dept_id")
                text_in(content, "name")
                if number_of(row) is None:
                    raise Unreadable("dept_id")
            except Unreadable as unreadable:
                yield rejected(name, f"dingtalk:{name}/{place}", row, unreadable)
                continue
            parent = content.get("parent_id")
            # A top is not told as a department: what is below it has no parent for us.
            content["parent"] = parent if number_of({"dept_id": parent}) in visible else None
            yield reading.emitting.record(name, key, content, f"dingtalk:{name}/{key}")
        yield from _skipped(reading, name)

    def keys(self, reading: Reading) -> Iterator[str]:
        """Name every department."""
        numbers = [number_of(row) for row in department_rows(reading)]
        if None in numbers or reading.refused:
            raise KeysIncomplete("keys_incomplete", {"place": self.info.name})
        yield from map(str, numbers)


class Members:
    """Members, each once."""

    info = StreamInfo(
        name="members",
        entity="person",
        key=("member",),
        deletes=Deletes.SWEEP,
        personal_fields=(
            "name",
            "mobile",
            "telephone",
            "email",
            "org_email",
            "avatar",
            "work_place",
            "remark",
            "extension",
        ),
        columns=(
            "member",
            "userid",
            "unionid",
            "name",
            "job_number",
            "title",
            "dept_id_list",
            "only_department",
            "hired_date",
            "hired_on",
            "active",
        ),
    )

    def probe(self, reading: Reading) -> None:
        """Ask for one member."""
        first_person(reading)

    def read(
        self, reading: Reading, _cursor: Cursor, backfill: Backfill | None
    ) -> Iterator[Message]:
        """Emit all of them, each once, however many departments they stand in."""
        return read_directory(self.info.name, self._messages(reading), backfill)

    def _messages(self, reading: Reading) -> Iterator[Message]:
        name, seen = self.info.name, set[str]()
        for place, row in enumerate(member_rows(reading), 1):
            try:
                content = _member(row)
            except Unreadable as unreadable:
                yield rejected(name, f"dingtalk:{name}/{place}", row, unreadable)
                continue
            member = str(content["member"])
            if member not in seen:
                seen.add(member)
                yield reading.emitting.record(name, member, content, f"dingtalk:{name}/{member}")
        yield from _skipped(reading, name)

    def keys(self, reading: Reading) -> Iterator[str]:
        """Name every member; a row without a userid may be anybody."""
        seen = set[str]()
        for row in member_rows(reading):
            try:
                member = text_in(row if isinstance(row, Mapping) else {}, "userid")
            except Unreadable:
                raise KeysIncomplete("keys_incomplete", {"place": self.info.name}) from None
            if member not in seen:
                seen.add(member)
                yield member
        if reading.refused:
            raise KeysIncomplete("keys_incomplete", {"place": self.info.name})


def _member(row: Any) -> dict[str, Scalar]:
    content = cells(row, Members.info)
    content["member"] = text_in(content, "userid")
    text_in(content, "name")
    own = row.get("dept_id_list")
    if isinstance(own, str):
        own = [part for part in own.strip("[] ").split(",") if part.strip()]
    alone = number_of({"dept_id": own[0]}) if isinstance(own, list) and len(own) == 1 else None
    content["only_department"] = alone
    hired = milli_or_none(row, "hired_date")
    content["hired_on"] = None if hired is None else hired.date().isoformat()
    return content


def _skipped(reading: Reading, stream: str) -> Iterator[Message]:
    for number, code in sorted(set(reading.refused)):
        place = f"dingtalk:departments/{number}"
        yield notice(stream, place, "source_skipped", what=str(number), code=str(code))
