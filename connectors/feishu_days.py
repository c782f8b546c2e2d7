"""What Feishu tells by days: punches (打卡流水), among them visits, and results by shift.

What is easily got wrong:

- Instants are seconds, written as text; days of results are whole numbers (20260105).
- A field punch (``is_field``) is a visit; its place is all that says for whom.
- A result has several shifts; each one is a row of ours.
- People whom the application may not see are named beside the results and are silently missing
  among the punches. Nothing is concluded about them.
- Punches of somebody who left are there if they are asked for: those with rows in the days read
  again are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from connectors.beijing import BEIJING, ZONE, second_in, written
from connectors.contract import Deletes, Notice, StreamInfo, join_key
from connectors.day_marks import first_punches, first_visits
from connectors.day_reads import Dated, as_they_come
from connectors.day_streams import ByDays, batches
from connectors.feishu_api import data_of
from connectors.feishu_people import Reading, first_person, people
from connectors.row_cells import Unreadable, cells, notice, rows_in, text_in, whole_in
from connectors.windows import Window

BATCH = 50
_FLOWS = "attendance/v1/user_flows/query"
_TASKS = "attendance/v1/user_tasks/query"
_WHO = {"employee_type": "employee_id", "include_terminated_user": "true"}
_NO_SUPPLEMENT = frozenset({"", "None", "none"})
_LATE = frozenset({"Late", "SeriousLate"})


def _flows(reading: Reading, window: Window, some: Sequence[str]) -> Iterator[list[Any | Notice]]:
    start, end = window.seconds(BEIJING)
    for batch in batches(some, BATCH):
        body = {"user_ids": batch, "check_time_from": str(start), "check_time_to": str(end)}
        said = reading.api.post(_FLOWS, _WHO, body)
        yield list(rows_in(data_of(said, _FLOWS), "user_flow_results", _FLOWS))


def _flow(row: Any) -> Dated:
    content = cells(row, PUNCHES.info)
    member, at = text_in(row, "user_id"), second_in(row, "check_time")
    place = row.get("location_name")
    is_field = row.get("is_field") is True
    content |= {
        "member": member,
        "day": at.date().isoformat(),
        "at": written(at),
        "check_time": whole_in(row, "check_time"),
        "place": place.strip() or None if isinstance(place, str) else None,
        "kind": "FIELD" if is_field else "OFFICE",
        "visit": None,
    }
    return Dated(key=join_key([member, text_in(row, "record_id")]), day=at.date(), content=content)


def _marked(rows: Sequence[Dated]) -> Iterator[Dated]:
    """Mark visits among the field punches, and the day among all of them."""
    field = [row for row in rows if row.content["kind"] == "FIELD"]
    office = [row for row in rows if row.content["kind"] != "FIELD"]
    return first_punches([*first_visits(field, "check_time", "place"), *office], "check_time")


PUNCHES: ByDays[Reading] = ByDays(
    source="feishu",
    info=StreamInfo(
        name="punches",
        entity="visit",
        key=("member", "record_id"),
        deletes=Deletes.TOMBSTONE,
        zone=ZONE,
        personal_fields=(
            "location_name",
            "place",
            "comment",
            "ssid",
            "bssid",
            "device_id",
            "photo_urls",
            "latitude",
            "longitude",
        ),
        columns=(
            "member",
            "user_id",
            "record_id",
            "day",
            "at",
            "kind",
            "visit",
            "attended",
            "place",
            "check_time",
            "check_result",
            "is_field",
            "type",
            "location_name",
            "comment",
            "external_id",
            "idempotent_id",
        ),
    ),
    window_days=1,
    goes_on=True,
    kept_days=None,
    first=first_person,
    people=people,
    fetch=_flows,
    read_row=_flow,
    arrange=_marked,
    named_by=("user_id", "record_id"),
)


def _tasks(reading: Reading, window: Window, some: Sequence[str]) -> Iterator[list[Any | Notice]]:
    for batch in batches(some, BATCH):
        body = {
            "user_ids": batch,
            "check_date_from": _number(window.first),
            "check_date_to": _number(window.last),
            "need_overtime_result": False,
        }
        data = data_of(reading.api.post(_TASKS, _WHO, body), _TASKS)
        found: list[Any | Notice] = []
        for said, code in (("invalid_user_ids", "invalid"), ("unauthorized_user_ids", "hidden")):
            for who in rows_in(data, said, _TASKS):
                place = f"feishu:members/{who}"
                found.append(notice("results", place, "source_skipped", what=str(who), code=code))
        for row in rows_in(data, "user_task_results", _TASKS):
            found += _shifts(row)
        yield found


def _shifts(row: Any) -> list[Any]:
    """Cut a day's result into its shifts; what cannot be cut is one row and shown as it is."""
    records = row.get("records") if isinstance(row, Mapping) else None
    if not isinstance(records, list) or not all(isinstance(each, Mapping) for each in records):
        return [row]
    own = {name: value for name, value in row.items() if name != "records"}
    return [{**own, **each, "shift": number} for number, each in enumerate(records, 1)]


def _task(row: Any) -> Dated:
    content = cells(row, RESULTS.info)
    member, result = text_in(row, "user_id"), text_in(row, "result_id")
    day = _day(whole_in(row, "day"))
    if "shift" not in row:
        raise Unreadable("records")
    came = row.get("check_in_record")
    content |= {
        "member": member,
        "day": day.isoformat(),
        "excused_in": _supplement(row, "check_in_result_supplement"),
        "excused_out": _supplement(row, "check_out_result_supplement"),
        "late_minutes": None,
    }
    planned, at = _second(row, "check_in_shift_time"), _second(came, "check_time")
    if planned is not None and at is not None and row.get("check_in_result") in _LATE:
        content["late_minutes"] = max(0, (at - planned) // timedelta(minutes=1))
    key = join_key([member, result, str(row["shift"])])
    return Dated(key=key, day=day, content=content)


def _supplement(row: Mapping[str, Any], column: str) -> str | None:
    """Return what excuses a result (leave, a trip, a repair), or None."""
    value = row.get(column)
    return None if not isinstance(value, str) or value in _NO_SUPPLEMENT else value


def _second(row: Any, column: str) -> datetime | None:
    try:
        return second_in(row if isinstance(row, Mapping) else {}, column)
    except Unreadable:
        return None


def _number(day: date) -> int:
    return int(day.strftime("%Y%m%d"))


def _day(number: int) -> date:
    try:
        return datetime.strptime(str(number), "%Y%m%d").replace(tzinfo=BEIJING).date()
    except ValueError:
        raise Unreadable("day") from None


RESULTS: ByDays[Reading] = ByDays(
    source="feishu",
    info=StreamInfo(
        name="results",
        entity="attendance",
        key=("member", "result_id", "shift"),
        deletes=Deletes.TOMBSTONE,
        zone=ZONE,
        personal_fields=(
            "employee_name",
            "check_in_record.location_name",
            "check_in_record.comment",
            "check_in_record.device_id",
            "check_in_record.photo_urls",
            "check_out_record.location_name",
            "check_out_record.comment",
            "check_out_record.device_id",
            "check_out_record.photo_urls",
        ),
        columns=(
            "member",
            "user_id",
            "result_id",
            "shift",
            "day",
            "check_in_result",
            "check_out_result",
            "excused_in",
            "excused_out",
            "late_minutes",
            "check_in_shift_time",
            "check_out_shift_time",
            "check_in_record_id",
            "check_out_record_id",
            "group_id",
            "shift_id",
            "task_shift_type",
        ),
    ),
    window_days=5,
    goes_on=False,
    kept_days=None,
    first=first_person,
    people=people,
    fetch=_tasks,
    read_row=_task,
    arrange=as_they_come,
    named_by=("user_id", "result_id"),
)
