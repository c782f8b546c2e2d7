"""WeCom's check-ins outside (外出打卡), which are the visits.

What is easily got wrong:

- A check-in has no id: its key is who, when, of which kind and for which rule.
- ``未打卡`` marks a row that WeCom made up because nobody checked in: it counts for nothing.
- A narrow window answers with rows beside it, so the days are held against the time of each row.
- An approved repair changes or removes rows days later: each read begins some days before the
  last one, and a row of those days that is no longer there is taken back.
- Two check-ins at one place on one day are one visit: ``visit`` says ``FIRST`` or ``AGAIN``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import islice
from typing import Any

from connectors.beijing import BEIJING, ZONE
from connectors.contract import (
    Backfill,
    Cursor,
    Deletes,
    Message,
    Rejected,
    StreamInfo,
    join_key,
)
from connectors.day_marks import first_visits
from connectors.day_reads import Chunk, Dated, DayStream, read_days
from connectors.row_cells import Unreadable, cells, rows_in, text_in, whole_in
from connectors.wecom_people import each_member, member_ids
from connectors.wecom_reading import Reading, member_in, moment, rejected
from connectors.windows import Window

NAME = "checkins"
WINDOW_DAYS = 30
MEMBERS_MAX = 100
OUTSIDE = 2
NOBODY = "未打卡"
_TOO_LARGE = 45029
_MILLION = 1_000_000


class Checkins:
    """Check-ins outside the office."""

    info = StreamInfo(
        name=NAME,
        entity="visit",
        key=("member", "checkin_time", "checkin_type", "groupid"),
        deletes=Deletes.TOMBSTONE,
        zone=ZONE,
        personal_fields=(
            "location_title",
            "location_detail",
            "lat",
            "lng",
            "notes",
            "deviceid",
            "wifiname",
            "wifimac",
        ),
        columns=(
            "member",
            "userid",
            "day",
            "at",
            "place",
            "visit",
            "checkin_type",
            "exception_type",
            "checkin_time",
            "groupname",
            "groupid",
            "location_title",
            "location_detail",
            "notes",
            "lat",
            "lng",
        ),
    )

    def probe(self, reading: Reading) -> None:
        """Ask for the check-ins of one member today."""
        today = reading.here.date()
        some = list(islice(each_member(reading), 1))  # the first will do: a check takes seconds
        _fetch(reading, Window(first=today, last=today), some)

    def read(
        self, reading: Reading, cursor: Cursor, backfill: Backfill | None
    ) -> Iterator[Message]:
        """Emit the check-ins of each window; then what of the days read again is gone."""
        today = reading.here.date()
        stream = DayStream(
            name=NAME,
            place=f"wecom:{NAME}",
            window_days=WINDOW_DAYS,
            again_days=reading.settings.again[NAME],
            people=member_ids(reading),
            ask=lambda window, members: _chunks(reading, window, members),
            arrange=lambda rows: first_visits(rows, "checkin_time", "place"),
            twice="wecom_checkin_twice",
            unseen="wecom_removals_unseen",
        )
        yield from read_days(
            stream,
            reading.span(NAME, cursor, backfill, today),
            cursor,
            reading.emitting,
            live=backfill is None,
            ready=today - timedelta(days=1),  # today goes on; yesterday is over
        )


def _chunks(reading: Reading, window: Window, members: Sequence[str]) -> Iterator[Chunk]:
    for start in range(0, len(members), MEMBERS_MAX):
        told: list[Dated | Rejected] = []
        for row in _fetch(reading, window, members[start : start + MEMBERS_MAX]):
            try:
                punch = _punch(row)
            except Unreadable as unreadable:
                told.append(rejected(NAME, _place_of(row), row, unreadable))
                continue
            if punch is not None:
                told.append(punch)
        yield told


def _fetch(reading: Reading, window: Window, members: Sequence[str]) -> list[Any]:
    if not members:
        return []
    start, end = window.seconds(BEIJING)
    body = {
        "opencheckindatatype": OUTSIDE,
        "starttime": start,
        "endtime": end,
        "useridlist": list(members),
    }
    half = len(members) // 2
    accept = {_TOO_LARGE} if half else set[int]()
    said = reading.api.post("checkin/getcheckindata", body, accept)
    if said["errcode"] == _TOO_LARGE:
        return [
            *_fetch(reading, window, members[:half]),
            *_fetch(reading, window, members[half:]),
        ]
    return rows_in(said, "checkindata", "checkin/getcheckindata")


def _punch(row: Any) -> Dated | None:
    """Read a row; None when it is one that WeCom made up."""
    content = cells(row, Checkins.info)
    member, seconds = member_in(row), whole_in(row, "checkin_time")
    kind, group = text_in(row, "checkin_type"), str(row.get("groupid") or 0)
    if NOBODY in str(row.get("exception_type") or "").split(";"):
        return None
    at = moment(seconds)
    content |= {
        "member": member,
        "checkin_time": seconds,
        "day": at.date().isoformat(),
        "at": at.isoformat(),
        "place": _place(row),
    }
    key = join_key([member, str(seconds), kind, group])
    return Dated(key=key, day=at.date(), content=content)


def _place(row: Mapping[str, Any]) -> str | None:
    """Name the place: its title, else its square of about 100 m, else nothing."""
    title = row.get("location_title")
    if isinstance(title, str) and title.strip():
        return title.strip()
    lat, lng = row.get("lat"), row.get("lng")
    if type(lat) is int and type(lng) is int and (lat or lng):
        return f"{lat * 1000 // _MILLION},{lng * 1000 // _MILLION}"
    return None


def _place_of(row: Any) -> str:
    who = row.get("userid") if isinstance(row, Mapping) else None
    when = row.get("checkin_time") if isinstance(row, Mapping) else None
    return f"wecom:{NAME}/{who or '?'}/{when or '?'}"[:200]
