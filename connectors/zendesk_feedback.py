"""What customers said: ratings as good or bad, and answers to a survey from one to five.

What matters here and is easily got wrong:

- Neither list has an order that can be relied on, and both are changed later: a survey that was
  offered is answered days after, and an answer is thought over. So days are read in windows, a
  window counts when all of it was read, and the last days are read again with every run.
- Whether ``start_time`` of the ratings means when they were made or changed is not written down.
  Windows that join without a gap are right for both, and days again are chosen by us.
- A rating names the agent of its time. A survey names the ticket only: it is read for its agent of
  now.
- An offer that nobody answered is no rating, and never one of zero.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from connectors.contract import (
    Backfill,
    Checkpoint,
    Cursor,
    Message,
    Record,
    Scalar,
    StreamInfo,
)
from connectors.day_reads import span_of
from connectors.emitting import with_checkpoints
from connectors.instants import midnight, moment_of
from connectors.windows import windows
from connectors.zendesk_rows import ZendeskRun

WINDOW_DAYS = 7
_POINTS: Mapping[str, int] = {"good": 5, "bad": 1}
_OPEN_DAYS = timedelta(days=60)  # longer than a survey can be answered
_OF_TICKETS = "zen:ticket:"
_SATISFACTION = "customer_satisfaction"
RATINGS = StreamInfo(
    name="ratings",
    entity="survey",
    key=("id",),
    personal_fields=("person", "comment"),
    columns=(
        *("id", "ticket_id", "assignee_id", "group_id", "requester_id", "person", "score"),
        *("points", "reason", "reason_code", "comment", "created_at", "created_at.day"),
        "updated_at",
    ),
)
SURVEYS = StreamInfo(
    name="surveys",
    entity="survey",
    key=("id",),
    personal_fields=("person", "comment"),
    columns=(
        *("id", "ticket_id", "assignee_id", "group_id", "responder_id", "person", "rating"),
        *("rating_category", "question_type", "comment", "answered_at", "answered_at.day"),
        *("changed_at", "expires_at", "survey.id", "survey.version"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Between:
    """From one instant to another, the first included; no end: until now."""

    start: datetime
    end: datetime | None


@dataclass(slots=True)
class _Edge:
    """The second that two windows share: which rows of it the first one told."""

    end: datetime | None = None
    told: set[tuple[str, str]] = field(default_factory=set)


class _Feedback(ABC):
    """A list of feedback that is read by days; ``times`` are what it may be asked by."""

    info: StreamInfo
    path: str
    rows: str
    day: str
    times: tuple[str, ...]

    def probe(self, run: ZendeskRun) -> None:
        """Ask for one row."""
        run.api.first(self.path, self.rows, {})

    def read(self, run: ZendeskRun, cursor: Cursor, backfill: Backfill | None) -> Iterator[Message]:
        """Emit the rows of each window; or what lies in a range of business dates."""
        if backfill is not None:
            yield from self._again(run, cursor, backfill)
            return
        name, zone = self.info.name, run.settings.zone
        today = run.now.astimezone(zone).date()
        span = span_of(
            cursor,
            None,
            begin=run.settings.begin,
            again_days=run.settings.again[name],
            today=today,
            last=today,
        )
        edge = _Edge()
        for window in windows(span.first, span.last, WINDOW_DAYS):
            end = midnight(window.last + timedelta(days=1), zone)
            between = _Between(start=midnight(window.first, zone), end=end)
            edge.end = end
            told = self._once(self._messages(run, between), edge)
            yield from with_checkpoints(name, told, cursor)
            cursor = {"through": window.last.isoformat()}
            yield Checkpoint(stream=name, cursor=cursor)
        if span.last < span.first:
            yield Checkpoint(stream=name, cursor=cursor)

    def _once(self, messages: Iterator[Message], edge: _Edge) -> Iterator[Message]:
        """Leave out what the window before told already: both have the second between them."""
        before, edge.told = edge.told, set()
        for message in messages:
            if isinstance(message, Record):
                mark = (message.key, message.version)
                if mark in before:
                    continue
                if edge.end in {moment_of(message.content.get(name)) for name in self.times}:
                    edge.told.add(mark)
            yield message

    def _again(self, run: ZendeskRun, cursor: Cursor, days: Backfill) -> Iterator[Message]:
        name, day = self.info.name, self.day
        first, end = days.start.isoformat(), days.end.isoformat()
        told = (
            message
            for message in self._messages(run, self.reach(run, days))
            if isinstance(message, Record) and first <= str(message.content[day] or "") < end
        )
        yield from with_checkpoints(name, told, cursor)
        yield Checkpoint(stream=name, cursor=cursor)

    def _messages(self, run: ZendeskRun, between: _Between) -> Iterator[Message]:
        for page in run.api.pages(self.path, self.rows, self.question(between)):
            yield from self.told(run, page)

    @abstractmethod
    def question(self, between: _Between) -> dict[str, str]:
        """Write the question for the rows between two instants."""

    @abstractmethod
    def reach(self, run: ZendeskRun, days: Backfill) -> _Between:
        """Say between which instants to ask for everything that counts for some days."""

    @abstractmethod
    def told(self, run: ZendeskRun, page: Sequence[Any]) -> Iterator[Message]:
        """Say what the rows of a page are."""


class Ratings(_Feedback):
    """The older ratings: good, bad, or only offered."""

    info = RATINGS
    path = rows = "satisfaction_ratings"
    day = "created_at.day"
    times = ("created_at", "updated_at")

    def question(self, between: _Between) -> dict[str, str]:
        """Ask in seconds."""
        end = {} if between.end is None else {"end_time": str(int(between.end.timestamp()))}
        return {"start_time": str(int(between.start.timestamp())), **end}

    def reach(self, run: ZendeskRun, days: Backfill) -> _Between:
        """Ask from the first day on without an end: one that was changed may lie behind it."""
        return _Between(start=midnight(days.start, run.settings.zone), end=None)

    def told(self, run: ZendeskRun, page: Sequence[Any]) -> Iterator[Message]:
        """Say what the ratings of a page are."""
        rows = [row for row in page if isinstance(row, Mapping)]
        run.look_up(row.get("assignee_id") for row in rows)
        for row in page:
            number = row.get("id") if isinstance(row, Mapping) else None
            if type(number) is not int:
                yield run.rejected(self.info, row)
                continue
            points = {"points": _POINTS.get(str(row.get("score")))}
            changed = moment_of(row.get("updated_at"))
            yield run.record(self.info, str(number), row, points, changed, ("url",))


class Surveys(_Feedback):
    """The newer surveys: a rating on a scale, a reason, a comment."""

    info = SURVEYS
    path = "guide/survey_responses"
    rows = "survey_responses"
    day = "answered_at.day"
    times = ()  # they do not say when they were offered

    def question(self, between: _Between) -> dict[str, str]:
        """Ask in milliseconds, in the order of the numbers, which no change shifts."""
        found = {"sort": "id", "filter[created_at_start]": _millis(between.start)}
        if between.end is not None:
            found["filter[created_at_end]"] = _millis(between.end)
        return found

    def reach(self, run: ZendeskRun, days: Backfill) -> _Between:
        """Ask for all that could be answered on these days: they were offered before."""
        zone = run.settings.zone
        return _Between(start=midnight(days.start, zone) - _OPEN_DAYS, end=midnight(days.end, zone))

    def told(self, run: ZendeskRun, page: Sequence[Any]) -> Iterator[Message]:
        """Say what the answers of a page are; of whom, their tickets know."""
        rows = [row for row in page if isinstance(row, Mapping)]
        numbers = {number for number in map(_ticket, rows) if number is not None}
        tickets = run.api.by_number("tickets", sorted(numbers))
        run.look_up(ticket.get("assignee_id") for ticket in tickets.values())
        for row in page:
            key = row.get("id") if isinstance(row, Mapping) else None
            if not isinstance(key, str) or not key.strip() or not key.isprintable():
                yield run.rejected(self.info, row)
                continue
            number = _ticket(row)
            ticket = tickets.get(number, {}) if number is not None else {}
            answers = [each for each in row.get("answers") or () if isinstance(each, Mapping)]
            more = {
                **_rated(answers),
                "ticket_id": number,
                "assignee_id": ticket.get("assignee_id"),
                "group_id": ticket.get("group_id"),
            }
            left_out = ("answers", "subjects", "subject_zrns")
            changed = moment_of(more["changed_at"])
            yield run.record(self.info, key, row, more, changed, left_out)


def _millis(moment: datetime) -> str:
    return str(int(moment.timestamp()) * 1_000)


def _ticket(row: Mapping[str, Any]) -> int | None:
    """Return the ticket that a survey is about; it may be about a conversation as well."""
    told = [each.get("zrn") for each in row.get("subjects") or () if isinstance(each, Mapping)]
    for name in (*told, *(row.get("subject_zrns") or ())):
        number = str(name).removeprefix(_OF_TICKETS)
        if str(name).startswith(_OF_TICKETS) and number.isascii() and number.isdigit():
            return int(number)
    return None


def _rated(answers: Sequence[Mapping[str, Any]]) -> dict[str, Scalar]:
    """Read the rating among the answers, what was written, and when it last changed."""
    scales = [each for each in answers if each.get("type") == "rating_scale"]
    scales.sort(key=lambda each: _asked(each).get("sub_type") != _SATISFACTION)
    rating: Mapping[str, Any] = scales[0] if scales else {}
    written = [each.get("value") for each in answers if each.get("type") == "open_ended"]
    changes = [moment_of(each.get("updated_at")) for each in answers]
    latest = max((each for each in changes if each is not None), default=None)
    at = moment_of(rating.get("created_at"))
    number = rating.get("rating")
    return {
        "rating": number if type(number) in (int, Decimal) else None,
        "rating_category": _text(rating.get("rating_category")),
        "question_type": _text(_asked(rating).get("type")),
        "comment": _text(next((each for each in written if each), None)),
        "answered_at": None if at is None else at.isoformat(),
        "changed_at": None if latest is None else latest.isoformat(),
    }


def _asked(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    question = answer.get("question")
    return question if isinstance(question, Mapping) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
