"""What DingTalk tells by days: check-ins outside (签到), punches and their results (考勤).

What is easily got wrong:

- 签到 and 考勤 are two systems. A check-in outside has no id: who, when and where make its key.
- Check-ins are asked for one person and ten days at a time: several people get a day only.
- Punches are asked by instants, results by whole days; results have pages, and a page that is not
  full is not the last one (``hasMore`` says so, and the next one begins ``limit`` further).
- One unknown userid empties the answer for all: what seems gone is asked for person by person.
- A punch that is not legal (``isLegal`` ``N``) is told and counts for nothing.
- A planned punch that nobody made is a result (``NotSigned``), for today's too: results end
  yesterday.
- A boss may change a result of any day: a callback that names one has that day read again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from connectors.beijing import BEIJING, ZONE, milli_in, milli_or_none, written
from connectors.contract import Deletes, Notice, StreamInfo, join_key
from connectors.day_marks import first_punches, first_visits
from connectors.day_reads import Dated, as_they_come
from connectors.day_streams import ByDays, batches
from connectors.dingtalk_api import is_true, page_rows
from connectors.dingtalk_people import Reading, first_person, people
from connectors.failures import ConfigurationRefused
from connectors.row_cells import cells, notice, rows_in, text_in
from connectors.windows import Window

KEPT_DAYS = 180
BATCH = 50
PAGE = 100
RESULTS_PAGE = 50
_CHECKINS = "topapi/checkin/record/get"
_PUNCHES = "attendance/listRecord"
_RESULTS = "attendance/list"
_NOT_THIS_ONE = frozenset({33012, 40003, 60121})
_LATE = frozenset({"Late", "SeriousLate", "Absenteeism"})
_PLACE_MOST = 60
_EMPTY_MOST = 20  # pages in a row: what says for ever that more follows never ends


# ---- check-ins outside ---------------------------------------------------------------------------


def _checkins(
    reading: Reading, window: Window, some: Sequence[str]
) -> Iterator[list[Any | Notice]]:
    start, end = window.seconds(BEIJING)
    for who in some:
        found: list[Any | Notice] = []
        body = {
            "userid_list": who,
            "start_time": start * 1000,
            "end_time": end * 1000 + 999,
            "size": PAGE,
        }
        for said in reading.api.pages(_CHECKINS, body, _NOT_THIS_ONE):
            if said["errcode"] == 0:
                found += page_rows(said, "page_list", _CHECKINS)
            else:
                code = str(said["errcode"])
                place = f"dingtalk:members/{who}"
                found.append(notice("visits", place, "source_skipped", what=who, code=code))
        yield found


def _checkin(row: Any) -> Dated:
    content = cells(row, VISITS.info)
    member, at = text_in(row, "userid"), milli_in(row, "checkin_time")
    place, visited = _place_of(row), _text(row, "visit_user")
    content |= {
        "member": member,
        "day": at.date().isoformat(),
        "at": written(at),
        "checkin_time": int(row["checkin_time"]),
        "place": place,
        "visited": visited or place,
    }
    key = join_key([member, str(content["checkin_time"]), _short(place or "")])
    return Dated(key=key, day=at.date(), content=content)


def _place_of(row: Mapping[str, Any]) -> str | None:
    """Name the place: its name, else its address, else its square of about 100 m, else nothing."""
    named = _text(row, "place") or _text(row, "detail_place")
    if named:
        return named
    square = [str(row.get(name) or "").partition(".") for name in ("latitude", "longitude")]
    if not all(whole.lstrip("-").isdigit() for whole, _, _ in square):
        return None
    return ",".join(f"{whole}.{rest[:3].ljust(3, '0')}" for whole, _, rest in square)


def _text(row: Mapping[str, Any], column: str) -> str | None:
    value = row.get(column)
    return value.strip() or None if isinstance(value, str) else None


def _short(text: str) -> str:
    """Keep a key short whatever somebody wrote as his place."""
    if len(text) <= _PLACE_MOST and text.isprintable():
        return text
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


VISITS: ByDays[Reading] = ByDays(
    source="dingtalk",
    info=StreamInfo(
        name="visits",
        entity="visit",
        key=("member", "checkin_time", "place"),
        deletes=Deletes.TOMBSTONE,
        zone=ZONE,
        personal_fields=(
            "place",
            "detail_place",
            "visited",
            "visit_user",
            "remark",
            "latitude",
            "longitude",
            "image_list",
        ),
        columns=(
            "member",
            "userid",
            "day",
            "at",
            "place",
            "visited",
            "visit",
            "checkin_time",
            "detail_place",
            "visit_user",
            "remark",
            "latitude",
            "longitude",
            "image_list",
        ),
    ),
    window_days=10,
    goes_on=True,
    kept_days=None,
    first=first_person,
    people=people,
    fetch=_checkins,
    read_row=_checkin,
    arrange=lambda rows: first_visits(rows, "checkin_time", "visited"),
    named_by=("userid", "checkin_time"),
)


# ---- punches and results -------------------------------------------------------------------------


def _punches(reading: Reading, window: Window, some: Sequence[str]) -> Iterator[list[Any | Notice]]:
    for batch in batches(some, BATCH):
        body = {
            "userIds": batch,
            "checkDateFrom": f"{window.first} 00:00:00",
            "checkDateTo": f"{window.last} 23:59:59",
        }
        said = reading.api.post(_PUNCHES, body)
        yield rows_in(said, "recordresult", _PUNCHES)


def _results(reading: Reading, window: Window, some: Sequence[str]) -> Iterator[list[Any | Notice]]:
    for batch in batches(some, BATCH):
        found: list[Any | Notice] = []
        offset, empty, more = 0, 0, True
        while more:
            body = {
                "userIdList": batch,
                "workDateFrom": f"{window.first} 00:00:00",
                "workDateTo": f"{window.last} 00:00:00",
                "offset": offset,
                "limit": RESULTS_PAGE,
            }
            said = reading.api.post(_RESULTS, body)
            rows = rows_in(said, "recordresult", _RESULTS)
            found += rows
            empty = 0 if rows else empty + 1
            if empty > _EMPTY_MOST:
                raise ConfigurationRefused("source_pages_circle")
            more = is_true(said.get("hasMore", False))
            offset += RESULTS_PAGE
        yield found


def _punch(row: Any) -> Dated:
    content = cells(row, PUNCHES.info)
    member, at = text_in(row, "userId"), milli_in(row, "userCheckTime")
    work = milli_or_none(row, "workDate")
    content |= {
        "member": member,
        "day": (work or at).date().isoformat(),
        "at": written(at),
    }
    key = join_key([member, text_in(row, "id")])
    # The source is asked by the instant of the punch, not by the day that it counts for.
    return Dated(key=key, day=at.date(), content=content)


def _is_legal(row: Dated) -> bool:
    return row.content.get("isLegal") != "N"


def _result(row: Any) -> Dated:
    content = cells(row, RESULTS.info)
    member, work = text_in(row, "userId"), milli_in(row, "workDate")
    planned, at = milli_or_none(row, "baseCheckTime"), milli_or_none(row, "userCheckTime")
    kind = text_in(row, "checkType")
    text_in(row, "timeResult")
    content |= {
        "member": member,
        "day": work.date().isoformat(),
        "at": written(at),
        "planned_at": written(planned),
        "late_minutes": None,
    }
    if planned is not None and at is not None and row["timeResult"] in _LATE:
        content["late_minutes"] = max(0, (at - planned) // timedelta(minutes=1))
    plan = row.get("planId")
    if not plan:
        # Who works without a plan has none: the day and the kind of the punch say which one it is.
        plan = f"{work.date()} {kind} {row.get('baseCheckTime') or row.get('userCheckTime') or ''}"
    return Dated(key=join_key([member, str(plan)]), day=work.date(), content=content)


PUNCHES: ByDays[Reading] = ByDays(
    source="dingtalk",
    info=StreamInfo(
        name="punches",
        entity="attendance",
        key=("member", "id"),
        deletes=Deletes.TOMBSTONE,
        zone=ZONE,
        retention_days=KEPT_DAYS,
        personal_fields=(
            "userAddress",
            "userLatitude",
            "userLongitude",
            "outsideRemark",
            "photoUrl",
            "deviceId",
            "userSsid",
            "userMacAddr",
        ),
        columns=(
            "member",
            "userId",
            "id",
            "day",
            "at",
            "attended",
            "checkType",
            "timeResult",
            "locationResult",
            "sourceType",
            "isLegal",
            "invalidRecordType",
            "invalidRecordMsg",
            "workDate",
            "userCheckTime",
            "userAddress",
            "outsideRemark",
        ),
    ),
    window_days=7,
    goes_on=True,
    kept_days=KEPT_DAYS,
    first=first_person,
    people=people,
    fetch=_punches,
    read_row=_punch,
    arrange=lambda rows: first_punches(rows, "userCheckTime", _is_legal),
    named_by=("userId", "id"),
)
RESULTS: ByDays[Reading] = ByDays(
    source="dingtalk",
    info=StreamInfo(
        name="results",
        entity="attendance",
        key=("member", "planId"),
        deletes=Deletes.TOMBSTONE,
        zone=ZONE,
        retention_days=KEPT_DAYS,
        columns=(
            "member",
            "userId",
            "planId",
            "day",
            "at",
            "planned_at",
            "late_minutes",
            "checkType",
            "timeResult",
            "locationResult",
            "sourceType",
            "workDate",
            "baseCheckTime",
            "userCheckTime",
            "id",
            "recordId",
            "groupId",
            "approveId",
            "procInstId",
        ),
    ),
    window_days=7,
    goes_on=False,
    kept_days=KEPT_DAYS,
    first=first_person,
    people=people,
    fetch=_results,
    read_row=_result,
    arrange=as_they_come,
    named_by=("userId", "id"),
)
