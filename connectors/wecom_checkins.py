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

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Any

from connectors.contract import (
    Backfill,
    Checkpoint,
    Cursor,
    Deletes,
    Message,
    Ready,
    Record,
    Rejected,
    Scalar,
    StreamInfo,
    canonical_content,
    join_key,
)
from connectors.emitting import with_checkpoints
from connectors.wecom_people import each_member, member_ids
from connectors.wecom_reading import (
    BEIJING,
    ZONE,
    Reading,
    Unreadable,
    cells,
    day_of,
    member_in,
    moment,
    notice,
    rejected,
    rows_in,
    text_in,
    whole_in,
)
from connectors.windows import Window, windows

NAME = "checkins"
WINDOW_DAYS = 30
MEMBERS_MAX = 100
OUTSIDE = 2
NOBODY = "未打卡"
_TOO_LARGE = 45029
_SEEN_BYTES_MAX = 600_000
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Punch:
    """A check-in that was read."""

    key: str
    member: str
    day: date
    content: dict[str, Scalar]


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
        span = reading.span(NAME, cursor, backfill, today)
        members = member_ids(reading)
        now = cursor
        for window in windows(span.first, span.last, WINDOW_DAYS):
            punches: dict[str, _Punch] = {}
            told = list(self._window(reading, window, members, punches))
            after = cursor
            if backfill is None:
                # A row that cannot be read may be the one that seems to be gone.
                whole = not any(isinstance(message, Rejected) for message in told)
                gone = _gone(window, now, members, punches) if whole else []
                emit = reading.emitting.tombstone
                told += [emit(NAME, key, f"wecom:{NAME}/{key}") for key in gone]
                after = _after(reading, window.last, now, punches, gone)
                told += _too_many(after, window.last)
            yield from with_checkpoints(NAME, told, now)
            if backfill is None and window.last == span.last:
                # Today goes on; yesterday is over.
                yield Ready(stream=NAME, through=today - timedelta(days=1))
            yield Checkpoint(stream=NAME, cursor=after)
            now = after
        if span.last < span.first:
            yield Checkpoint(stream=NAME, cursor=cursor)

    def _window(
        self,
        reading: Reading,
        window: Window,
        members: Sequence[str],
        punches: dict[str, _Punch],
    ) -> Iterator[Message]:
        found: list[_Punch] = []
        for row in _rows(reading, window, members):
            try:
                punch = _punch(row)
            except Unreadable as unreadable:
                yield rejected(NAME, _place_of(row), row, unreadable)
                continue
            if punch is not None and window.first <= punch.day <= window.last:
                found.append(punch)
        # Sorted by what they say, so that the order of an answer decides nothing.
        found.sort(key=lambda each: (each.key, canonical_content(each.content)))
        for punch in found:
            before = punches.setdefault(punch.key, punch)
            if before is not punch and before.content != punch.content:
                yield notice(NAME, f"wecom:{NAME}/{punch.key}", "wecom_checkin_twice")
        yield from _records(reading, punches.values())


def _gone(
    window: Window, cursor: Cursor, members: Sequence[str], punches: Mapping[str, _Punch]
) -> list[str]:
    """Name what an earlier read saw in these days and this one does not."""
    asked = set(members)
    return sorted(
        key
        for key, day in _seen(cursor).items()
        if window.first <= day <= window.last
        and key not in punches
        and key.split("|", 1)[0] in asked
    )


def _after(
    reading: Reading,
    through: date,
    before: Cursor,
    punches: Mapping[str, _Punch],
    gone: Sequence[str],
) -> Cursor:
    """Remember what the next read will read again, if it is not too much."""
    oldest = through - timedelta(days=reading.settings.again[NAME])
    kept = _seen(before) | {punch.key: punch.day for punch in punches.values()}
    days: dict[str, list[str]] = {}
    for key in sorted(kept.keys() - set(gone)):
        if kept[key] >= oldest:
            days.setdefault(kept[key].isoformat(), []).append(key)
    cursor: Cursor = {"through": through.isoformat(), "seen": days}
    if len(json.dumps(cursor)) > _SEEN_BYTES_MAX:
        return {"through": through.isoformat(), "seen": None}
    return cursor


def _too_many(cursor: Cursor, through: date) -> list[Message]:
    if cursor["seen"] is not None:
        return []
    return [notice(NAME, f"wecom:{NAME}/{through}", "wecom_removals_unseen")]


def _seen(cursor: Cursor) -> dict[str, date]:
    seen = cursor.get("seen")
    found: dict[str, date] = {}
    for text, keys in seen.items() if isinstance(seen, Mapping) else ():
        day = day_of(text)
        if day is not None and isinstance(keys, Sequence):
            found.update({str(key): day for key in keys})
    return found


def _rows(reading: Reading, window: Window, members: Sequence[str]) -> Iterator[Any]:
    for start in range(0, len(members), MEMBERS_MAX):
        yield from _fetch(reading, window, members[start : start + MEMBERS_MAX])


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


def _punch(row: Any) -> _Punch | None:
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
    return _Punch(key=key, member=member, day=at.date(), content=content)


def _place(row: Mapping[str, Any]) -> str | None:
    """Name the place: its title, else its square of about 100 m, else nothing."""
    title = row.get("location_title")
    if isinstance(title, str) and title.strip():
        return title.strip()
    lat, lng = row.get("lat"), row.get("lng")
    if type(lat) is int and type(lng) is int and (lat or lng):
        return f"{lat * 1000 // _MILLION},{lng * 1000 // _MILLION}"
    return None


def _records(reading: Reading, punches: Any) -> Iterator[Record]:
    """Emit by time; the first one of a member at a place on a day is the visit."""
    known: set[tuple[str, date, Scalar]] = set()
    order = sorted(punches, key=lambda each: (each.content["checkin_time"], each.key))
    for punch in order:
        visit = (punch.member, punch.day, punch.content["place"])
        # Without a place nobody can say that it is the same one.
        again = punch.content["place"] is not None and visit in known
        known.add(visit)
        content = {**punch.content, "visit": "AGAIN" if again else "FIRST"}
        yield reading.emitting.record(NAME, punch.key, content, f"wecom:{NAME}/{punch.key}")


def _place_of(row: Any) -> str:
    who = row.get("userid") if isinstance(row, Mapping) else None
    when = row.get("checkin_time") if isinstance(row, Mapping) else None
    return f"wecom:{NAME}/{who or '?'}/{when or '?'}"[:200]
