"""WeCom's figures of customer contact: chats by member and day, customer groups by owner and day.

What is easily got wrong:

- Several members in one call are answered with **one** series, their sum: each is asked alone.
- A share that is not there (``reply_percentage``) is no zero: there was no chat to answer.
- The figures of yesterday may be zeros until the morning, and are corrected for some days more.
- ``chat_total`` and ``member_total`` are states at the end of a day: their sum says nothing.
- Shares and averages do not add up; a team's are not the mean of its members'.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from connectors.beijing import ZONE
from connectors.contract import (
    Backfill,
    Checkpoint,
    Cursor,
    Message,
    Ready,
    Record,
    Rejected,
    StreamInfo,
    join_key,
)
from connectors.day_reads import Span, day_of
from connectors.emitting import with_checkpoints
from connectors.failures import ConfigurationRefused, Forbidden
from connectors.row_cells import Unreadable, cells, notice, rows_in, whole_in, whole_or_none
from connectors.wecom_reading import KEPT_DAYS, Reading, member_in, midnight, moment, rejected
from connectors.windows import Window, windows

WINDOW_DAYS = 30
OWNERS_MAX = 100
PAGE = 1_000
_COVERED = 300  # records after which a checkpoint saves the calls made so far
_NO_LICENCE = 701008
_NO_RELATION = 84061
# One member who cannot be asked for does not stop the others.
_NOT_THIS_ONE = frozenset({40003, 60111, 50002, 60011, 60021, _NO_LICENCE, _NO_RELATION})
MEASURES = (
    "chat_cnt",
    "message_cnt",
    "reply_percentage",
    "avg_reply_time",
    "negative_feedback_cnt",
    "new_apply_cnt",
    "new_contact_cnt",
)
GROUP_MEASURES = (
    "new_chat_cnt",
    "chat_total",
    "chat_has_msg",
    "new_member_cnt",
    "member_total",
    "member_has_msg",
    "msg_total",
)


def followers(reading: Reading) -> list[str]:
    """Return the members who have the feature of customer contact, sorted."""
    said = reading.api.get("externalcontact/get_follow_user_list")
    rows = rows_in(said, "follow_user", "externalcontact/get_follow_user_list")
    return sorted({str(row).strip().lower() for row in rows if isinstance(row, str) and row})


class Behaviour:
    """One row for a member and a day."""

    info = StreamInfo(
        name="behaviour",
        entity="chat",
        key=("member", "day"),
        zone=ZONE,
        retention_days=KEPT_DAYS,
        columns=("member", "day", "stat_time", *MEASURES),
    )

    def probe(self, reading: Reading) -> None:
        """Ask who has the feature."""
        followers(reading)

    def read(
        self, reading: Reading, cursor: Cursor, backfill: Backfill | None
    ) -> Iterator[Message]:
        """Emit member by member; a read that was cut short goes on behind the last one."""
        name, members, now = self.info.name, followers(reading), cursor
        for window, after in _left(reading, name, cursor, backfill):
            count = refused = 0
            left = [member for member in members if member > after]
            for member in left:
                told = list(self._member(reading, window, member))
                refused += any(_is_no_licence(message) for message in told)
                yield from with_checkpoints(name, told, now)
                count += len(told)
                if backfill is None and count >= _COVERED and member != left[-1]:
                    days = [window.first.isoformat(), window.last.isoformat()]
                    now = {"through": cursor.get("through"), "window": days, "after": member}
                    count = 0
                    yield Checkpoint(stream=name, cursor=now)
            if left and refused == len(left) == len(members):
                raise Forbidden("wecom_no_licence")
            if backfill is None:
                now = {"through": window.last.isoformat()}
                if window.last >= reading.published:
                    yield Ready(stream=name, through=reading.published)
            yield Checkpoint(stream=name, cursor=now)
        if now is cursor:
            yield Checkpoint(stream=name, cursor=cursor)

    def _member(self, reading: Reading, window: Window, member: str) -> Iterator[Message]:
        name = self.info.name
        body = {
            "userid": [member],
            "partyid": [],
            # Both ends are told, and each is a whole day.
            "start_time": midnight(window.first),
            "end_time": midnight(window.last),
        }
        path = "externalcontact/get_user_behavior_data"
        said = reading.api.post(path, body, _NOT_THIS_ONE)
        if said["errcode"] not in {0, _NO_RELATION}:
            place, code = f"wecom:{name}/{member}", str(said["errcode"])
            yield notice(name, place, "wecom_skipped", what=member, code=code)
        seen: set[str] = set()
        for row in rows_in(said, "behavior_data", path):
            try:
                content = cells(row, self.info)
                day = moment(whole_in(row, "stat_time")).date()
            except Unreadable as unreadable:
                yield rejected(name, f"wecom:{name}/{member}", row, unreadable)
                continue
            key = join_key([member, day.isoformat()])
            if window.first <= day <= window.last and key not in seen:
                seen.add(key)
                content |= {"member": member, "day": day.isoformat()}
                yield reading.emitting.record(name, key, content, f"wecom:{name}/{key}")


def _is_no_licence(message: Message) -> bool:
    return getattr(message, "values", {}).get("code") == str(_NO_LICENCE)


def _left(
    reading: Reading, name: str, cursor: Cursor, backfill: Backfill | None
) -> Iterator[tuple[Window, str]]:
    """List the windows to read, each with the member after whom it goes on."""
    days = cursor.get("window")
    span = reading.span(name, cursor, backfill, reading.published, KEPT_DAYS)
    if backfill is None and isinstance(days, Sequence) and len(days) == 2:
        first, last = day_of(days[0]), day_of(days[1])
        kept = reading.here.date() - timedelta(days=KEPT_DAYS - 1)
        if first is not None and last is not None and last >= kept:
            yield Window(first=max(first, kept), last=last), str(cursor.get("after") or "")
            # Days have passed since: those before the last member were told figures that are
            # corrected for some days more.
            late = reading.settings.again[name] if span.last > last else 0
            span = Span(first=max(kept, last + timedelta(days=1 - late)), last=span.last)
    for window in windows(span.first, span.last, WINDOW_DAYS):
        yield window, ""


class GroupChats:
    """One row for an owner of customer groups and a day."""

    info = StreamInfo(
        name="groupchats",
        entity="groupchat",
        key=("member", "day"),
        zone=ZONE,
        retention_days=KEPT_DAYS,
        columns=("member", "owner", "day", *(f"data.{name}" for name in GROUP_MEASURES)),
    )

    def probe(self, reading: Reading) -> None:
        """Ask for the figures of one owner and one day."""
        owners = followers(reading)
        if owners:
            list(self._day(reading, reading.published, owners[:1]))

    def read(
        self, reading: Reading, cursor: Cursor, backfill: Backfill | None
    ) -> Iterator[Message]:
        """Emit day by day: a longer range is answered with one sum."""
        name, owners = self.info.name, followers(reading)
        span = reading.span(name, cursor, backfill, reading.published, KEPT_DAYS)
        now = cursor
        for window in windows(span.first, span.last, 1):
            yield from with_checkpoints(name, self._day(reading, window.first, owners), now)
            if backfill is None:
                now = {"through": window.last.isoformat()}
                if window.last == span.last:
                    yield Ready(stream=name, through=window.last)
            yield Checkpoint(stream=name, cursor=now)
        if span.last < span.first:
            yield Checkpoint(stream=name, cursor=cursor)

    def _day(self, reading: Reading, day: date, owners: Sequence[str]) -> Iterator[Message]:
        seen = set[str]()
        for row in self._rows(reading, day, owners):
            message = self._message(reading, day, row)
            if isinstance(message, Record) and message.key in seen:
                continue  # a page that moved while it was read
            if isinstance(message, Record):
                seen.add(message.key)
            yield message

    def _message(self, reading: Reading, day: date, row: Any) -> Record | Rejected:
        name = self.info.name
        try:
            content = cells(row, self.info)
            owner = member_in(row, "owner")
            if not isinstance(row.get("data"), Mapping):
                raise Unreadable("data")
        except Unreadable as unreadable:
            return rejected(name, f"wecom:{name}/{day}", row, unreadable)
        key = join_key([owner, day.isoformat()])
        content |= {"member": owner, "day": day.isoformat()}
        return reading.emitting.record(name, key, content, f"wecom:{name}/{key}")

    def _rows(self, reading: Reading, day: date, owners: Sequence[str]) -> Iterator[Any]:
        path = "externalcontact/groupchat/statistic"
        for start in range(0, len(owners), OWNERS_MAX):
            offset = 0
            while True:
                body = {
                    "day_begin_time": midnight(day),
                    "day_end_time": midnight(day),
                    "owner_filter": {"userid_list": list(owners[start : start + OWNERS_MAX])},
                    "order_by": 2,
                    "order_asc": 0,
                    "offset": offset,
                    "limit": PAGE,
                }
                said = reading.api.post(path, body, {_NO_RELATION})
                items = rows_in(said, "items", path)
                yield from items
                following, total = whole_or_none(said, "next_offset"), whole_or_none(said, "total")
                if not items or (following is not None and following == total):
                    break
                if following is None or following <= offset:  # there is more: nothing says where
                    raise ConfigurationRefused("source_pages_circle")
                offset = following
