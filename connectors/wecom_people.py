"""WeCom's directory: departments and members, as far as the application may see them.

A member may stand in several departments; only ``main_department`` rolls up without counting him
twice. Who left vanishes from the lists. Callers that WeCom knows only since August 2022 are told
ids alone by the directory's own secret (48009): then the names are asked of the application's one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from connectors.contract import Deletes, Message, Scalar, StreamInfo
from connectors.directories import Directory, each_once
from connectors.failures import KeysIncomplete
from connectors.row_cells import Unreadable, cells, following, notice, rows_in, text_in, whole_in
from connectors.wecom_reading import ROW_UNREADABLE, Reading, member_in

IDS_ONLY = 48009
_DISSOLVED = frozenset({60003, 60123})  # since it was listed
_NOT_FOR_US = frozenset({50002, 60011, 60021, *_DISSOLVED})
_NO_MEMBER = frozenset({40003, 60111, *_NOT_FOR_US})
_PAGE = 10_000


def department_rows(reading: Reading) -> list[Any]:
    """Return all departments that the application sees, with their names."""
    said = reading.api.get("department/list", accept={IDS_ONLY})
    if said["errcode"] != IDS_ONLY:
        return rows_in(said, "department", "department/list")
    found: list[Any] = []
    for number in department_ids(reading):
        query = {"id": str(number)}
        said = reading.api.get("department/get", query, accept=_NOT_FOR_US)
        if said["errcode"] == 0:
            found.append(said.get("department"))
    return found


def department_ids(reading: Reading) -> list[int]:
    """Return the ids of all departments."""
    said = reading.contacts.get("department/simplelist")
    rows = rows_in(said, "department_id", "department/simplelist")
    try:
        return sorted(whole_in(row, "id") for row in rows)
    except (Unreadable, AttributeError):
        raise KeysIncomplete("keys_incomplete") from None


def member_ids(reading: Reading) -> list[str]:
    """Return every member's id in lower case, sorted."""
    return sorted(set(each_member(reading)))


def each_member(reading: Reading, skipped: Collection[int] = _NOT_FOR_US) -> Iterator[str]:
    """Emit members' ids as they are listed, department by department: some come twice.

    A department that is answered with an error in ``skipped`` is left out.
    """
    try:
        for number in department_ids(reading):
            query = {"department_id": str(number)}
            said = reading.contacts.get("user/simplelist", query, accept={IDS_ONLY, *_NOT_FOR_US})
            if said["errcode"] in _NOT_FOR_US and said["errcode"] not in skipped:
                raise KeysIncomplete("keys_incomplete", {"place": f"departments/{number}"})
            if said["errcode"] == IDS_ONLY:
                yield from (member_in(row) for row in _id_rows(reading))
                return
            if said["errcode"] == 0:
                rows = rows_in(said, "userlist", "user/simplelist")
                yield from (member_in(row) for row in rows)
    except (Unreadable, AttributeError):
        raise KeysIncomplete("keys_incomplete") from None


def _id_rows(reading: Reading) -> Iterator[Mapping[str, Any]]:
    mark = ""
    while True:
        said = reading.contacts.post("user/list_id", {"cursor": mark, "limit": _PAGE})
        yield from rows_in(said, "dept_user", "user/list_id")
        mark = following(said, "next_cursor", mark)
        if not mark:
            return


class Departments(Directory[Reading]):
    """Departments with their parents."""

    info = StreamInfo(
        name="departments",
        entity="unit",
        key=("id",),
        deletes=Deletes.SWEEP,
        columns=("id", "name", "parentid", "parent", "order", "department_leader"),
    )

    def probe(self, reading: Reading) -> None:
        """Ask for the ids."""
        reading.contacts.get("department/simplelist")

    def messages(self, reading: Reading) -> Iterator[Message]:
        """Tell all of them."""
        rows = department_rows(reading)
        visible = {row.get("id") for row in rows if isinstance(row, Mapping)}

        def content_of(row: Any) -> dict[str, Scalar]:
            content = cells(row, self.info)
            text_in(content, "id")
            text_in(content, "name")
            # The application may see a branch alone: its top has no parent for us.
            parent = content.get("parentid")
            content["parent"] = parent if parent in visible else None
            return content

        yield from each_once("wecom", self.info, rows, content_of, reading.emitting, ROW_UNREADABLE)

    def keys(self, reading: Reading) -> Iterator[str]:
        """Name every department."""
        yield from map(str, department_ids(reading))


class Members(Directory[Reading]):
    """Members with their main department and their leader."""

    info = StreamInfo(
        name="members",
        entity="person",
        key=("member",),
        deletes=Deletes.SWEEP,
        personal_fields=("name", "mobile", "email", "biz_mail", "address", "avatar", "gender"),
        columns=(
            "member",
            "userid",
            "name",
            "position",
            "department",
            "main_department",
            "role_in_main",
            "leader",
            "status",
        ),
    )

    def probe(self, reading: Reading) -> None:
        """Ask for the departments."""
        reading.contacts.get("department/simplelist")

    def messages(self, reading: Reading) -> Iterator[Message]:
        """Tell all of them."""
        rows = self._rows(reading)
        yield from each_once(
            "wecom", self.info, rows, _member_content, reading.emitting, ROW_UNREADABLE
        )

    def _rows(self, reading: Reading) -> Iterator[Any]:
        for number in department_ids(reading):
            query = {"department_id": str(number)}
            said = reading.api.get("user/list", query, accept={IDS_ONLY, *_NOT_FOR_US})
            if said["errcode"] == IDS_ONLY:
                yield from self._one_by_one(reading)
                return
            if said["errcode"] != 0:
                place, code = f"wecom:departments/{number}", str(said["errcode"])
                yield notice(self.info.name, place, "wecom_skipped", what=str(number), code=code)
                continue
            yield from rows_in(said, "userlist", "user/list")

    def _one_by_one(self, reading: Reading) -> Iterator[Any]:
        for member in sorted({member_in(row) for row in _id_rows(reading)}):
            said = reading.api.get("user/get", {"userid": member}, accept=_NO_MEMBER)
            if said["errcode"] == 0:
                said.pop("errcode")
                said.pop("errmsg", None)
                yield said
            else:
                place, code = f"wecom:members/{member}", str(said["errcode"])
                yield notice(self.info.name, place, "wecom_skipped", what=member, code=code)

    def keys(self, reading: Reading) -> Iterator[str]:
        """Name every member; who stands in a department that is not shown may be there."""
        yield from sorted(set(each_member(reading, skipped=_DISSOLVED)))


def _member_content(row: Any) -> dict[str, Scalar]:
    content = cells(row, Members.info)
    content["member"] = member_in(row)
    text_in(content, "name")
    leaders = row.get("direct_leader")
    first = leaders[0] if isinstance(leaders, list) and leaders else None
    content["leader"] = first.lower() if isinstance(first, str) else None
    content["role_in_main"] = "LEAD" if _leads_main(row) else "MEMBER"
    # Fields of the company's own: {"attrs": [{"name": "工号", "text": {"value": "A017"}}]}.
    extra = row.get("extattr")
    for own in extra.get("attrs") or () if isinstance(extra, Mapping) else ():
        text = own.get("text") if isinstance(own, Mapping) else None
        if isinstance(text, Mapping) and isinstance(text.get("value"), str):
            content[f"extattr.{own.get('name')}"] = text["value"]
    return content


def _leads_main(row: Mapping[str, Any]) -> bool:
    numbers, leads = row.get("department"), row.get("is_leader_in_dept")
    if not isinstance(numbers, list) or not isinstance(leads, list):
        return False
    main = row.get("main_department")
    return any(lead == 1 for number, lead in zip(numbers, leads, strict=False) if number == main)
