"""A Moodle as it behaves towards callers: always 200, one address, refusals with a code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors.moodle_api import COMPLETION, COURSES, GRADES, PEOPLE, SITE
from tests.support.loopback import Asked, Told

TOKEN = "moodle-token-6c0d"
NARROW = "moodle-narrow-71aa"


@dataclass
class MoodleServer:
    """``courses``: number -> course; ``people``: course -> number -> person.

    ``done``: (course, person) -> times at which parts were completed (0: not yet); ``marks``:
    (course, person) -> items. ``trouble`` are answers that come before anything else; ``without``
    are courses without rules; ``left`` are people who leave while they are read about; ``large``
    are courses whose grades are too many at once.
    """

    courses: dict[int, dict[str, Any]] = field(default_factory=dict)
    people: dict[int, dict[int, dict[str, Any]]] = field(default_factory=dict)
    done: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    marks: dict[tuple[int, int], list[Any]] = field(default_factory=dict)
    aggregation: int = 1
    trouble: list[Told] = field(default_factory=list)
    after: Callable[[str], None] = lambda _function: None
    without: set[int] = field(default_factory=set)
    left: set[int] = field(default_factory=set)
    spoilt: set[tuple[int, int]] = field(default_factory=set)
    large: set[int] = field(default_factory=set)
    more: dict[str, Any] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    calls: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    def enrol(self, course: int, person: int, *times: int) -> None:
        """Put a person into a course, with the times at which parts of it were completed."""
        told = {"id": person, "username": f"user{person}", "idnumber": f"A{person:03d}"}
        self.people.setdefault(course, {})[person] = told
        self.done[course, person] = list(times)

    def mark(self, course: int, person: int, item: int, raw: float | None, at: int) -> None:
        """Give a mark."""
        own = {"id": item, "itemname": f"Test {item}", "itemtype": "course", "itemmodule": None}
        own |= {"graderaw": raw, "grademin": 0, "grademax": 60, "gradedategraded": at or None}
        rows = self.marks.setdefault((course, person), [])
        rows[:] = [row for row in rows if row["id"] != item]
        rows.append({**own, "gradeformatted": str(raw), "feedback": "well done"})

    def answer(self, asked: Asked) -> Told:
        """Answer one request."""
        form = asked.form
        if asked.path != "/webservice/rest/server.php" or "wstoken" in asked.query:
            return Told(status=404, body=b"<html>")
        if form.get("wstoken") not in (TOKEN, NARROW):
            return no("invalidtoken")
        function = form["wsfunction"]
        self.calls.append((function, form))
        if self.trouble:
            return self.trouble.pop(0)
        if form["wstoken"] == NARROW and function == GRADES:
            return no("accessexception")
        told = self._told(function, form)
        self.after(function)
        return told

    def _told(self, function: str, form: Mapping[str, str]) -> Told:
        course, person = int(form.get("courseid", 0)), int(form.get("userid", 0))
        if function == SITE:
            names = [COURSES, PEOPLE, COMPLETION]
            names += [] if form["wstoken"] == NARROW else [GRADES]
            return Told(body={"sitename": "Demo", "functions": [{"name": each} for each in names]})
        if function == COURSES:
            return self._courses(form)
        if function == PEOPLE:
            return self._people(course, form)
        if function == COMPLETION:
            return self._completion(course, person)
        return self._grades(course, person)

    def _courses(self, form: Mapping[str, str]) -> Told:
        wanted = {int(value) for name, value in form.items() if name.startswith("options[ids]")}
        found = [row for key, row in self.courses.items() if not wanted or key in wanted]
        return Told(body=found)

    def _people(self, course: int, form: Mapping[str, str]) -> Told:
        options = {
            form[f"options[{place}][name]"]: form[f"options[{place}][value]"] for place in range(5)
        }
        assert (options["sortby"], options["sortdirection"]) == ("id", "ASC")
        begin = int(options["limitfrom"])
        rows = [row for _, row in sorted(self.people.get(course, {}).items())]
        return Told(body=rows[begin : begin + int(options["limitnumber"])])

    def _completion(self, course: int, person: int) -> Told:
        if course in self.without:
            return no("nocriteriaset")
        if person in self.left or person not in self.people.get(course, {}):
            return no("usernotenroled")
        times = self.done[course, person]
        parts = [{"type": 4, "complete": bool(at), "timecompleted": at or None} for at in times]
        pick = any if self.aggregation == 2 else all
        status = {"completed": bool(times) and pick(times), "aggregation": self.aggregation}
        told: dict[str, Any] = {**status, "completions": parts}
        if (course, person) in self.spoilt:
            del told["completed"]
        return Told(body={"completionstatus": told, "warnings": []})

    def _grades(self, course: int, person: int) -> Told:
        if course in self.large and not person:
            return Told(body=b"[" + b" " * (33 * 1024 * 1024) + b"]")
        found = []
        for (own, number), items in sorted(self.marks.items(), reverse=True):
            if own == course and person in (0, number):
                rows = [
                    {
                        name: value
                        for name, value in (item | self.more).items()
                        if name not in self.lost
                    }
                    for item in items
                ]
                told = {"courseid": course, "userid": number, "useridnumber": f"A{number:03d}"}
                found.append({**told, "userfullname": "Li Na", "gradeitems": rows})
        return Told(body={"usergrades": found, "warnings": []})


def new_course(number: int, **values: Any) -> dict[str, Any]:
    """Make a course."""
    own = {"id": number, "shortname": f"C{number}", "idnumber": f"sales-{number}"}
    return {**own, "startdate": 1_785_513_600, "enablecompletion": 1, **values}


def seconds(at: datetime) -> int:
    """Write an instant as Moodle does."""
    return int(at.timestamp())


def no(code: str) -> Told:
    """Refuse, as Moodle does: in a 200."""
    text = f"refused {TOKEN}"
    return Told(body={"exception": "moodle_exception", "errorcode": code, "message": text})


def settings(address: str, **others: Any) -> dict[str, Any]:
    """Write the settings of a connection to the server."""
    return {
        "address": address,
        "token": TOKEN,
        "zone": "Asia/Shanghai",
        "streams": ["completions", "grades"],
        "every_hours": 0,
        **others,
    }
