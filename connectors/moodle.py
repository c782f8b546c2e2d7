"""Moodle: who completed which course, and with which marks.

What matters here and is easily got wrong:

- Moodle has no list of changes: everything is read, course by course, and the host sees what is
  different. ``every_hours`` says how often; a sync in between asks nothing.
- A course without rules of completion answers with a refusal, and so does a person who left it
  since its list was read. Both are answers, and the read goes on.
- There is no time at which a *course* was completed, only at which its parts were: the last one
  counts where all are asked for, the first one where any will do.
- Marks that are not there are null, never zero. ``percent`` is what a mark is of its own range.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from connectors.contract import (
    API_VERSION,
    Backfill,
    CallLimit,
    Catalog,
    CheckFinding,
    Checkpoint,
    CheckReport,
    ConnectorInfo,
    Context,
    Cursor,
    Deletes,
    Json,
    Message,
    Notice,
    ReadRequest,
    Scalar,
    StreamInfo,
    join_key,
)
from connectors.emitting import Emitting, checked
from connectors.failures import ConfigurationRefused, Forbidden, KeysIncomplete
from connectors.id_walks import day_in, iso, moment_of
from connectors.json_rows import flat_row
from connectors.moodle_api import (
    COMPLETION,
    COURSES,
    GRADES,
    NO_RULES,
    PEOPLE,
    Moodle,
    SaysNo,
)
from connectors.moodle_settings import CONFIG_SCHEMA, MoodleSettings, settings_of
from connectors.row_cells import rejected_row

_BETWEEN = 200
_PEOPLE_COLUMNS = ("user.id", "user.username", "user.idnumber", "person")
_COURSE_COLUMNS = ("course.id", "course.shortname", "course.idnumber", "course.startdate.day")
_LEFT_OUT = frozenset({"feedback", "feedbackformat"})  # what a teacher wrote about a person
_STEP = Decimal("0.0001")
_NEEDS = {"completions": (COURSES, PEOPLE, COMPLETION), "grades": (COURSES, PEOPLE, GRADES)}
STREAMS: Mapping[str, StreamInfo] = {
    "completions": StreamInfo(
        name="completions",
        entity="training",
        key=("course.id", "user.id"),
        deletes=Deletes.SWEEP,
        personal_fields=("user.username", "user.idnumber", "person"),
        columns=(
            *(*_COURSE_COLUMNS, *_PEOPLE_COLUMNS, "completed", "completed_at"),
            *("completed_at.day", "aggregation", "parts", "parts_complete"),
        ),
    ),
    "grades": StreamInfo(
        name="grades",
        entity="exam",
        key=("id", "user.id"),
        deletes=Deletes.SWEEP,
        personal_fields=("user.username", "user.idnumber", "person"),
        columns=(
            *(*_COURSE_COLUMNS, *_PEOPLE_COLUMNS, "id", "itemname", "itemtype", "itemmodule"),
            *("graderaw", "grademin", "grademax", "percent", "graded_at", "graded_at.day"),
        ),
    ),
}


class MoodleConnector:
    """The built-in connector ``moodle``."""

    info = ConnectorInfo(
        id="moodle",
        title={"zh-CN": "Moodle", "en": "Moodle"},
        api=API_VERSION,
        config_schema=CONFIG_SCHEMA,
        streams=tuple(STREAMS.values()),
        capabilities={"keys": 1, "backfill": 1},
        allowed_hosts=("{address}",),
        limits=(CallLimit(calls=20, seconds=1),),
    )

    def check(self, context: Context) -> CheckReport:
        """Ask which functions the token reaches, and for the courses."""

        def look() -> Iterator[CheckFinding]:
            settings = settings_of(context.config)
            moodle = Moodle(context.web, settings.address, settings.token)
            there = moodle.functions()
            for name in settings.streams:
                for function in _NEEDS[name]:
                    if function not in there:
                        values = {"function": function, "code": "functions"}
                        raise Forbidden("moodle_not_permitted", values)
            _courses(moodle, settings)
            return iter(())

        return checked(look)

    def discover(self, context: Context) -> Catalog:
        """Name the streams of the settings."""
        settings = settings_of(context.config)
        return Catalog(streams=tuple(STREAMS[name] for name in settings.streams))

    def read(self, context: Context, request: ReadRequest) -> Iterator[Message]:
        """Emit every row, unless that was done a short while ago."""
        settings = settings_of(context.config)
        moodle = Moodle(context.web, settings.address, settings.token)
        emitting = Emitting()
        for name in request.streams:
            if name not in settings.streams:
                raise ConfigurationRefused("stream_unknown", {"stream": name})
            reading = _Reading(moodle, settings, name, emitting)
            cursor = request.cursors.get(name, {})
            if request.backfill is not None:
                yield from reading.backfill(cursor, request.backfill)
            else:
                yield from reading.run(cursor, context.now)

    def keys(self, context: Context, stream: str) -> Iterator[str]:
        """Emit the key of every row: who is enrolled, and which marks there are."""
        settings = settings_of(context.config)
        moodle = Moodle(context.web, settings.address, settings.token)
        if stream not in settings.streams:
            raise ConfigurationRefused("stream_unknown", {"stream": stream})
        reading = _Reading(moodle, settings, stream, Emitting())
        for course in _courses(moodle, settings):
            yield from reading.keys_in(course)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Course:
    number: int
    completion: bool
    columns: Mapping[str, Scalar]


class _NoRules(Exception):  # noqa: N818 - an answer about a course, which ends its reading
    """The course has no rules of completion."""


class _Reading:
    """The read of one stream: courses by number, and the people of each by number."""

    def __init__(
        self, moodle: Moodle, settings: MoodleSettings, stream: str, emitting: Emitting
    ) -> None:
        self._moodle = moodle
        self._settings = settings
        self._stream = stream
        self._emitting = emitting

    def run(self, cursor: Cursor, now: datetime) -> Iterator[Message]:
        """Emit all rows; the cursor is how far this pass is, or when the last one began."""
        before = moment_of(cursor.get("read"))
        begun = moment_of(cursor.get("begun"))
        if begun is None and before is not None and now < before + self._settings.every:
            yield Checkpoint(stream=self._stream, cursor=cursor)
            return
        begun = begun or now
        course, person = _whole(cursor.get("course")), _whole(cursor.get("person"))
        for each in _courses(self._moodle, self._settings):
            if each.number < course:
                continue
            behind = person if each.number == course else 0
            yield from self._course(each, behind, begun)
            yield Checkpoint(stream=self._stream, cursor=_begun(begun, each.number + 1, 0))
        yield Checkpoint(stream=self._stream, cursor={"read": iso(begun)})

    def _course(self, course: _Course, behind: int, begun: datetime) -> Iterator[Message]:
        since = 0
        for person, messages in self._people_of(course, behind):
            for message in messages:
                yield message
                since += 1
            if since >= _BETWEEN:
                yield Checkpoint(stream=self._stream, cursor=_begun(begun, course.number, person))
                since = 0

    def backfill(self, cursor: Cursor, days: Backfill) -> Iterator[Message]:
        """Emit the rows that happened on some days; Moodle cannot be asked for days alone."""
        column = "completed_at.day" if self._stream == "completions" else "graded_at.day"
        for course in _courses(self._moodle, self._settings):
            for _, messages in self._people_of(course, 0):
                for message in messages:
                    content: Mapping[str, Scalar] = getattr(message, "content", {})
                    day = content.get(column)
                    if (
                        isinstance(day, str)
                        and days.start.isoformat() <= day < days.end.isoformat()
                    ):
                        yield message
            yield Checkpoint(stream=self._stream, cursor=cursor)
        yield Checkpoint(stream=self._stream, cursor=cursor)

    def keys_in(self, course: _Course) -> Iterator[str]:
        """Name the rows of a course."""
        if self._stream == "completions":
            if course.completion:
                for person in self._moodle.people(course.number):
                    yield join_key([str(course.number), str(person["id"])])
            return
        for grades in self._grades_of(course, 0):
            for item in grades.get("gradeitems") or ():
                if not isinstance(item, Mapping) or type(item.get("id")) is not int:
                    raise KeysIncomplete("keys_incomplete", {"place": self._place(course)})
                yield join_key([str(item["id"]), str(grades["userid"])])

    def _people_of(self, course: _Course, behind: int) -> Iterator[tuple[int, list[Message]]]:
        if self._stream == "grades":
            names = self._names(course)
            for grades in self._grades_of(course, behind):
                yield grades["userid"], list(self._grades(course, grades, names))
        elif course.completion:
            for person in self._moodle.people(course.number):
                if person["id"] > behind:
                    try:
                        yield person["id"], list(self._completion(course, person))
                    except _NoRules:
                        yield person["id"], [self._without_rules(course)]
                        return

    def _names(self, course: _Course) -> Mapping[int, Any]:
        """Return the user names in a course, where they name people: grades do not tell them."""
        if self._settings.person != "username":
            return {}
        return {row["id"]: row.get("username") for row in self._moodle.people(course.number)}

    def _without_rules(self, course: _Course) -> Notice:
        values = {"course": str(course.number)}
        code = "moodle_course_without_rules"
        return Notice(stream=self._stream, position=self._place(course), code=code, values=values)

    # --------------------------------------------------------------------- completions

    def _completion(self, course: _Course, person: Mapping[str, Any]) -> Iterator[Message]:
        place = f"{self._place(course)}/user:{person['id']}"
        try:
            told = self._moodle.completion(course.number, person["id"])
        except SaysNo as refusal:
            if refusal.code == NO_RULES:
                raise _NoRules from None
            return
        key = join_key([str(course.number), str(person["id"])])
        parts = told.get("completions")
        if type(told.get("completed")) is not bool or not isinstance(parts, list):
            values = {"column": "completed"}
            yield rejected_row(self._stream, told, place, "column_missing", values, key)
            return
        times = [_whole(part.get("timecompleted")) for part in parts if _is_complete(part)]
        known = [time for time in times if time]
        done = (min if told.get("aggregation") == 2 else max)(known, default=0)
        at = _instant(done) if told["completed"] else None
        content = {
            **course.columns,
            **self._person(person),
            "completed": told["completed"],
            "completed_at": None if at is None else iso(at),
            "completed_at.day": day_in(at, self._settings.zone),
            "aggregation": told["aggregation"] if type(told.get("aggregation")) is int else None,
            "parts": len(parts),
            "parts_complete": len(times),
        }
        yield self._emitting.record(self._stream, key, content, place)

    # -------------------------------------------------------------------------- grades

    def _grades_of(self, course: _Course, behind: int) -> Iterator[Mapping[str, Any]]:
        """Return the grades of each person behind a number: all at once, or one by one."""
        try:
            found = self._moodle.grades(course.number)
        except ConfigurationRefused as refusal:
            if refusal.code != "source_answer_too_large":
                raise
            found = None
        if found is None:
            people = self._moodle.people(course.number)
            rows = (self._grades_of_one(course, person["id"]) for person in people)
            yield from (row for row in rows if row and row["userid"] > behind)
            return
        if not all(isinstance(row, Mapping) and type(row.get("userid")) is int for row in found):
            raise KeysIncomplete("keys_incomplete", {"place": self._place(course)})
        yield from sorted(
            (row for row in found if row["userid"] > behind), key=lambda row: int(row["userid"])
        )

    def _grades_of_one(self, course: _Course, person: int) -> Mapping[str, Any]:
        try:
            found = self._moodle.grades(course.number, person)
        except SaysNo:
            return {}
        return next((row for row in found if isinstance(row, Mapping) and row.get("userid")), {})

    def _grades(
        self, course: _Course, grades: Mapping[str, Any], names: Mapping[int, Any]
    ) -> Iterator[Message]:
        number = grades["userid"]
        place = f"{self._place(course)}/user:{number}"
        person = {"id": number, "idnumber": grades.get("useridnumber")}
        person["username"] = names.get(number)
        for item in grades.get("gradeitems") or ():
            number = item.get("id") if isinstance(item, Mapping) else None
            if type(number) is not int:
                values = {"column": "id"}
                yield rejected_row(self._stream, item, place, "source_key_missing", values)
                continue
            at = _instant(_whole(item.get("gradedategraded")))
            raw, low, high = (_exact(item.get(f"grade{name}")) for name in ("raw", "min", "max"))
            told = {name: value for name, value in item.items() if name not in _LEFT_OUT}
            content = {
                **dict.fromkeys(STREAMS["grades"].columns),
                **flat_row(told),
                **course.columns,
                **self._person(person),
                "graderaw": raw,
                "grademin": low,
                "grademax": high,
                "percent": _percent(raw, low, high),
                "graded_at": None if at is None else iso(at),
                "graded_at.day": day_in(at, self._settings.zone),
            }
            key = join_key([str(number), str(grades["userid"])])
            yield self._emitting.record(self._stream, key, content, f"{place}/item:{number}")

    # ------------------------------------------------------------------------- columns

    def _person(self, row: Mapping[str, Any]) -> dict[str, Scalar]:
        named = {name: _plain(row.get(name)) for name in ("username", "idnumber")}
        named["id"] = row["id"]
        person = named.get(self._settings.person)
        return {
            **{f"user.{name}": value for name, value in named.items()},
            "person": None if person is None else str(person),
        }

    def _place(self, course: _Course) -> str:
        return f"moodle:course:{course.number}"


def _begun(begun: datetime, course: int, person: int) -> dict[str, Json]:
    return {"begun": iso(begun), "course": course, "person": person}


def _courses(moodle: Moodle, settings: MoodleSettings) -> list[_Course]:
    """Return the courses by number; one that is asked for and not there is a refusal."""
    found = []
    for row in moodle.courses(settings.courses):
        number = row.get("id") if isinstance(row, Mapping) else None
        # Course 1 is Moodle's own front page.
        if type(number) is not int or (number == 1 and not settings.courses):
            continue
        start = _instant(_whole(row.get("startdate")))
        columns: dict[str, Scalar] = {
            "course.id": number,
            "course.shortname": _plain(row.get("shortname")),
            "course.idnumber": _plain(row.get("idnumber")),
            "course.startdate.day": day_in(start, settings.zone),
        }
        rules = row.get("enablecompletion") not in (0, False)
        found.append(_Course(number=number, completion=rules, columns=columns))
    missing = set(settings.courses) - {course.number for course in found}
    if missing:
        raise ConfigurationRefused("moodle_course_missing", {"course": str(min(missing))})
    return sorted(found, key=lambda course: course.number)


def _is_complete(part: Any) -> bool:
    return isinstance(part, Mapping) and part.get("complete") is True


def _whole(value: object) -> int:
    return value if type(value) is int and value > 0 else 0


def _instant(seconds: int) -> datetime | None:
    """Return an instant; Moodle writes 0 for "never"."""
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < 10**11 else None


def _plain(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _exact(value: object) -> Decimal | None:
    """Return a mark; null is none, and never zero."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    return Decimal(value)


def _percent(raw: Decimal | None, low: Decimal | None, high: Decimal | None) -> Decimal | None:
    """Return what a mark is of its range, in percent to four digits."""
    if raw is None or low is None or high is None or high <= low:
        return None
    return ((raw - low) * 100 / (high - low)).quantize(_STEP, ROUND_HALF_UP)
