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
from typing import Any, TypeAlias

from connectors.beijing import milli_or_none
from connectors.contract import Backfill, Cursor, Deletes, Message, Scalar, StreamInfo
from connectors.day_streams import DayRun
from connectors.dingtalk_api import DingTalkApi, page_rows
from connectors.dingtalk_settings import DingTalkSettings
from connectors.directories import (
    each_once,
    everybody,
    keys_once,
    read_directory,
    skipped,
    somebody,
)
from connectors.failures import KeysIncomplete
from connectors.row_cells import Unreadable, cells, rows_in, text_in

PAGE = 100
_SOURCE = "dingtalk"
_SUBS = "topapi/v2/department/listsub"
_USERS = "topapi/v2/user/list"
_GONE = 60003
_OUT_OF_RANGE = frozenset({50002, 50004})


Reading: TypeAlias = DayRun[DingTalkApi, DingTalkSettings, int]


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
        body = {"dept_id": number, "size": PAGE}
        for said in reading.api.pages(_USERS, body, {_GONE, *_OUT_OF_RANGE}, more="has_more"):
            if said["errcode"] == 0:
                yield from page_rows(said, "list", _USERS)
            elif said["errcode"] != _GONE:
                reading.refused.append((number, said["errcode"]))


def people(reading: Reading, _cursor: Cursor) -> Sequence[str]:
    """Return everybody's userid, sorted, read once a run."""
    if reading.people is None:
        reading.people = everybody(member_rows(reading), "userid")
    return sorted(reading.people)


def first_person(reading: Reading) -> list[str]:
    """Return one userid, or none."""
    return somebody(member_rows(reading), "userid")


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
        rows = department_rows(reading)
        visible = {number_of(row) for row in rows}

        def content_of(row: Any) -> dict[str, Scalar]:
            content = cells(row, self.info)
            text_in(content, "dept_id")
            text_in(content, "name")
            if number_of(row) is None:
                raise Unreadable("dept_id")
            parent = content.get("parent_id")
            # A top is not told as a department: what is below it has no parent for us.
            content["parent"] = parent if number_of({"dept_id": parent}) in visible else None
            return content

        yield from each_once(_SOURCE, self.info, rows, content_of, reading.emitting)
        yield from skipped(_SOURCE, self.info.name, reading.refused)

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
        rows = member_rows(reading)
        yield from each_once(_SOURCE, self.info, rows, _member, reading.emitting)
        yield from skipped(_SOURCE, self.info.name, reading.refused)

    def keys(self, reading: Reading) -> Iterator[str]:
        """Name every member."""
        yield from keys_once(self.info.name, member_rows(reading), "userid")
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
