"""WeCom's forms, work reports (汇报) and approvals (审批): listed by number, read one by one.

What is easily got wrong:

- A page of approvals may be short though more follow: only an empty mark is the end.
- Times are text for approvals and numbers for reports.
- An approval changes after it was granted: withdrawn (6) or deleted (7) takes its effect back. So
  what is still open is read again whatever its age, and the last days whatever their state.
- Amounts are decimal text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from connectors.beijing import BEIJING, ZONE
from connectors.contract import (
    Backfill,
    Checkpoint,
    Cursor,
    Message,
    Ready,
    Scalar,
    StreamInfo,
)
from connectors.emitting import with_checkpoints
from connectors.failures import ConfigurationRefused
from connectors.row_cells import (
    Unreadable,
    cells,
    following,
    notice,
    rows_in,
    text_in,
    whole_in,
    whole_or_none,
)
from connectors.wecom_reading import Reading, member_in, moment, rejected
from connectors.windows import Window, windows

WINDOW_DAYS = 30
PAGE = 100
_GONE = frozenset({301084})
_NO_APPROVAL = 301025
_OPEN = "RUNNING"
_OPEN_MOST = 5_000
STATES: Mapping[int, str] = {
    1: _OPEN,
    2: "APPROVED",
    3: "REJECTED",
    4: "WITHDRAWN",
    6: "WITHDRAWN_AFTER_APPROVAL",
    7: "DELETED",
    10: "PAID",
}


class Journals:
    """Work reports by the time they were handed in."""

    info = StreamInfo(
        name="journals",
        entity="report",
        key=("journal_uuid",),
        zone=ZONE,
        personal_fields=("apply_data.contents", "comments"),
        columns=(
            "journal_uuid",
            "member",
            "day",
            "at",
            "template_id",
            "template_name",
            "report_time",
        ),
    )

    def probe(self, reading: Reading) -> None:
        """Ask for one number of today."""
        today = reading.here.date()
        self._page(reading, Window(first=today, last=today), 0, 1)

    def read(
        self, reading: Reading, cursor: Cursor, backfill: Backfill | None
    ) -> Iterator[Message]:
        """Emit the reports of each window."""
        name, now = self.info.name, cursor
        today = reading.here.date()
        span = reading.span(name, cursor, backfill, today)
        for window in windows(span.first, span.last, WINDOW_DAYS):
            yield from with_checkpoints(name, self._window(reading, window), now)
            if backfill is None:
                now = {"through": window.last.isoformat()}
                if window.last == span.last:
                    yield Ready(stream=name, through=today - timedelta(days=1))
            yield Checkpoint(stream=name, cursor=now)
        if span.last < span.first:
            yield Checkpoint(stream=name, cursor=cursor)

    def _window(self, reading: Reading, window: Window) -> Iterator[Message]:
        path = "oa/journal/get_record_detail"
        for number in self._numbers(reading, window):
            said = reading.api.post(path, {"journaluuid": number}, _GONE)
            if said["errcode"] == 0:
                yield self._message(reading, number, said.get("info"))

    def _numbers(self, reading: Reading, window: Window) -> Iterator[str]:
        mark, seen = 0, set[str]()
        while True:
            said = self._page(reading, window, mark, PAGE)
            numbers = rows_in(said, "journaluuid_list", "oa/journal/get_record_list")
            for number in numbers:
                if str(number) not in seen:
                    seen.add(str(number))
                    yield str(number)
            if not numbers or whole_or_none(said, "endflag") == 1:
                return
            after = whole_or_none(said, "next_cursor")
            if after is None or after <= mark:  # there is more, and nothing says where
                raise ConfigurationRefused("source_pages_circle")
            mark = after

    def _page(self, reading: Reading, window: Window, mark: int, limit: int) -> dict[str, Any]:
        start, end = window.seconds(BEIJING)
        body = {"starttime": start, "endtime": end, "cursor": mark, "limit": limit}
        return reading.api.post("oa/journal/get_record_list", body)

    def _message(self, reading: Reading, number: str, info: Any) -> Message:
        name, place = self.info.name, f"wecom:{self.info.name}/{number}"
        try:
            content = cells(info, self.info)
            at = moment(whole_in(info, "report_time"))
            member = member_in(content, "submitter.userid")
        except Unreadable as unreadable:
            return rejected(name, place, info, unreadable)
        content |= {
            "journal_uuid": number,
            "member": member,
            "day": at.date().isoformat(),
            "at": at.isoformat(),
        }
        return reading.emitting.record(name, number, content, place)


class Approvals:
    """Approvals by the time they were applied for, with what became of them."""

    info = StreamInfo(
        name="approvals",
        entity="approval",
        key=("sp_no",),
        zone=ZONE,
        personal_fields=("apply_data.contents", "comments", "sp_record"),
        columns=(
            "sp_no",
            "member",
            "day",
            "at",
            "state",
            "sp_status",
            "sp_name",
            "template_id",
            "apply_time",
        ),
    )

    def probe(self, reading: Reading) -> None:
        """Ask for one number of today."""
        today = reading.here.date()
        self._page(reading, Window(first=today, last=today), "", 1)

    def read(
        self, reading: Reading, cursor: Cursor, backfill: Backfill | None
    ) -> Iterator[Message]:
        """Emit what is older and still open, then the approvals of each window."""
        name, now = self.info.name, cursor
        today = reading.here.date()
        span = reading.span(name, cursor, backfill, today)
        still: set[str] = set()
        if backfill is None:
            # A callback may name one that was granted long ago and is taken back now.
            still = {*_open_ones(cursor), *reading.named.get(name, ())}
        found: dict[str, str] = {}
        old = self._details(reading, sorted(still), found)
        yield from with_checkpoints(name, old, now)
        for window in windows(span.first, span.last, WINDOW_DAYS):
            numbers = [n for n in self._numbers(reading, window) if n not in found]
            yield from with_checkpoints(name, self._details(reading, numbers, found), now)
            if backfill is None:
                now = _after(window.last, found)
                if window.last == span.last:
                    yield Ready(stream=name, through=today - timedelta(days=1))
            yield Checkpoint(stream=name, cursor=now)
        if span.last < span.first:
            yield Checkpoint(stream=name, cursor=cursor)

    def _details(
        self, reading: Reading, numbers: Sequence[str], found: dict[str, str]
    ) -> Iterator[Message]:
        for number in numbers:
            said = reading.api.post("oa/getapprovaldetail", {"sp_no": number}, {_NO_APPROVAL})
            if said["errcode"] == _NO_APPROVAL:
                place = f"wecom:{self.info.name}/{number}"
                code = str(_NO_APPROVAL)
                yield notice(self.info.name, place, "wecom_skipped", what=number, code=code)
                continue
            message = self._message(reading, number, said.get("info"), found)
            yield message
            state = found.get(number, _OPEN)
            if state == "OTHER":
                place = f"wecom:{self.info.name}/{number}"
                yield notice(self.info.name, place, "wecom_state_unknown", number=number)

    def _message(self, reading: Reading, number: str, info: Any, found: dict[str, str]) -> Message:
        name, place = self.info.name, f"wecom:{self.info.name}/{number}"
        try:
            content: dict[str, Scalar] = cells(info, self.info)
            at = moment(whole_in(info, "apply_time"))
            state = STATES.get(whole_in(info, "sp_status"), "OTHER")
            member = member_in(content, "applyer.userid")
            text_in(content, "sp_no")
        except Unreadable as unreadable:
            found[number] = _OPEN  # it is read again until it can be understood
            return rejected(name, place, info, unreadable)
        content |= {
            "member": member,
            "day": at.date().isoformat(),
            "at": at.isoformat(),
            "state": state,
        }
        found[number] = state
        return reading.emitting.record(name, number, content, place)

    def _numbers(self, reading: Reading, window: Window) -> Iterator[str]:
        mark, seen = "", set[str]()
        while True:
            said = self._page(reading, window, mark, PAGE)
            for number in rows_in(said, "sp_no_list", "oa/getapprovalinfo"):
                if str(number) not in seen:
                    seen.add(str(number))
                    yield str(number)
            mark = following(said, "new_next_cursor", mark)
            if not mark:
                return

    def _page(self, reading: Reading, window: Window, mark: str, size: int) -> dict[str, Any]:
        start, end = window.seconds(BEIJING)
        body = {
            "starttime": str(start),
            "endtime": str(end),
            "new_cursor": mark,
            "size": size,
            "filters": [],
        }
        return reading.api.post("oa/getapprovalinfo", body)


def _open_ones(cursor: Cursor) -> list[str]:
    numbers = cursor.get("open")
    return [str(number) for number in numbers] if isinstance(numbers, Sequence) else []


def _after(through: date, found: Mapping[str, str]) -> Cursor:
    # The youngest ones when there are too many: the others come within the days read again.
    still = sorted(number for number, state in found.items() if state == _OPEN)
    return {"through": through.isoformat(), "open": still[-_OPEN_MOST:]}
