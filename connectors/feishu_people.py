"""Feishu's directory: departments and members, as far as the application may see them.

What is easily got wrong:

- Without its own permission (``contact:user.employee_id:readonly``) nobody has a ``user_id``, and
  attendance knows people by nothing else: that is a refusal, not a bad row.
- Who stands in several departments comes several times; ``orders`` says which one is the primary.
- Departments are named by ``open_department_id``: the company may change the other id.
- Who left vanishes from the lists.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from connectors.beijing import second_in
from connectors.contract import Backfill, Cursor, Deletes, Message, Scalar, StreamInfo
from connectors.day_reads import people_seen
from connectors.day_streams import DayRun
from connectors.directories import (
    each_once,
    everybody,
    keys_once,
    read_directory,
    skipped,
    somebody,
)
from connectors.failures import Forbidden, KeysIncomplete
from connectors.feishu_api import OUT_OF_RANGE, FeishuApi, feature_of, items_of
from connectors.feishu_settings import FeishuSettings
from connectors.row_cells import Unreadable, cells, text_in

_CHILDREN = "contact/v3/departments/{}/children"
_SOURCE = "feishu"
_USERS = "contact/v3/users/find_by_department"
_IDS = {"department_id_type": "open_department_id", "user_id_type": "user_id"}
USER_ID_SCOPE = "contact:user.employee_id:readonly"


Reading: TypeAlias = DayRun[FeishuApi, FeishuSettings, str]


def department_rows(reading: Reading) -> list[Any]:
    """Return every department below the top, read once a run; the top itself is in no list."""
    if reading.departments is None:
        path = _CHILDREN.format(reading.settings.department)
        query = {**_IDS, "fetch_child": "true"}
        reading.departments = [
            row for said in reading.api.pages(path, query) for row in items_of(said, path)
        ]
    return reading.departments


def _id_of(row: Any) -> str:
    value = row.get("open_department_id") if isinstance(row, Mapping) else None
    return value.strip() if isinstance(value, str) else ""


def member_rows(reading: Reading) -> Iterator[Any]:
    """Emit the members as they are listed, department by department: some come twice."""
    top = reading.settings.department
    for number in dict.fromkeys((top, *(_id_of(row) for row in department_rows(reading)))):
        if not number:
            continue
        accept = frozenset() if number == top else OUT_OF_RANGE
        for said in reading.api.pages(_USERS, {**_IDS, "department_id": number}, accept):
            if said["code"] != 0:
                reading.refused.append((number, said["code"]))
                continue
            for row in items_of(said, _USERS):
                if isinstance(row, Mapping) and row.get("open_id") and not row.get("user_id"):
                    told = {"feature": feature_of(_USERS), "code": "-", "scope": USER_ID_SCOPE}
                    raise Forbidden("feishu_not_permitted", told)
                yield row


def people(reading: Reading, cursor: Cursor) -> Sequence[str]:
    """Return everybody's ``user_id``, and of those who left since who has rows to be read again."""
    if reading.people is None:
        reading.people = everybody(member_rows(reading), "user_id")
    return sorted(reading.people | people_seen(cursor))


def first_person(reading: Reading) -> list[str]:
    """Return one ``user_id``, or none."""
    return somebody(member_rows(reading), "user_id")


class Departments:
    """Departments with their parents."""

    info = StreamInfo(
        name="departments",
        entity="unit",
        key=("open_department_id",),
        deletes=Deletes.SWEEP,
        columns=(
            "open_department_id",
            "department_id",
            "name",
            "parent_department_id",
            "parent",
            "leader_user_id",
            "member_count",
        ),
    )

    def probe(self, reading: Reading) -> None:
        """Ask for the departments below the top."""
        department_rows(reading)

    def read(
        self, reading: Reading, _cursor: Cursor, backfill: Backfill | None
    ) -> Iterator[Message]:
        """Emit all of them: Feishu does not say what changed."""
        return read_directory(self.info.name, self._messages(reading), backfill)

    def _messages(self, reading: Reading) -> Iterator[Message]:
        rows = department_rows(reading)
        visible = {_id_of(row) for row in rows}

        def content_of(row: Any) -> dict[str, Scalar]:
            content = cells(row, self.info)
            text_in(content, "open_department_id")
            text_in(content, "name")
            # The top is not told as a department: what is below it has no parent for us.
            parent = content.get("parent_department_id")
            content["parent"] = parent if parent in visible else None
            return content

        yield from each_once(_SOURCE, self.info, rows, content_of, reading.emitting)

    def keys(self, reading: Reading) -> Iterator[str]:
        """Name every department."""
        named = [_id_of(row) for row in department_rows(reading)]
        if "" in named:
            raise KeysIncomplete("keys_incomplete", {"place": self.info.name})
        yield from dict.fromkeys(named)


class Members:
    """Members, each once, with the primary department."""

    info = StreamInfo(
        name="members",
        entity="person",
        key=("member",),
        deletes=Deletes.SWEEP,
        personal_fields=(
            "name",
            "en_name",
            "nickname",
            "mobile",
            "email",
            "enterprise_email",
            "gender",
            "avatar_key",
            "avatar.avatar_72",
            "avatar.avatar_240",
            "avatar.avatar_640",
            "avatar.avatar_origin",
            "city",
            "work_station",
            "custom_attrs",
        ),
        columns=(
            "member",
            "user_id",
            "open_id",
            "union_id",
            "name",
            "employee_no",
            "job_title",
            "department_ids",
            "main_department",
            "leader_user_id",
            "join_time",
            "joined_on",
            "status.is_frozen",
            "status.is_resigned",
            "status.is_activated",
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
        yield from keys_once(self.info.name, member_rows(reading), "user_id")
        if reading.refused:
            raise KeysIncomplete("keys_incomplete", {"place": self.info.name})


def _member(row: Any) -> dict[str, Scalar]:
    content = cells(row, Members.info)
    content["member"] = text_in(content, "user_id")
    text_in(content, "name")
    content["main_department"] = _primary(row)
    try:
        content["joined_on"] = second_in(row, "join_time").date().isoformat()
    except Unreadable:
        content["joined_on"] = None
    return content


def _primary(row: Mapping[str, Any]) -> str | None:
    """Return the primary department, or the only one; "0" is the company itself."""
    orders = row.get("orders")
    for each in orders if isinstance(orders, list) else ():
        if isinstance(each, Mapping) and each.get("is_primary_dept") is True:
            return str(each.get("department_id") or "") or None
    own = row.get("department_ids")
    return str(own[0]) if isinstance(own, list) and len(own) == 1 else None
