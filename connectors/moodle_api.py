"""Moodle's web services: functions behind one address, and failures inside of a 200.

What matters here and is easily got wrong:

- Every answer is HTTP 200; one with the key ``exception`` is a failure, ``errorcode`` says which.
- The token goes into the body, never into the address, which ends up in logs.
- A token reaches only the functions of its service: which those are, Moodle says itself.
- People of a course come in pages by an offset, and who is taken out of the course shifts it. So
  each page begins inside of the one before, and one that does not fit is asked for again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.failures import (
    AuthExpired,
    ConfigurationRefused,
    ConnectorFailure,
    Forbidden,
    Transient,
)
from connectors.plain_answers import plain_word
from connectors.web import Web

PATH = "/webservice/rest/server.php"
PEOPLE_AT_ONCE = 200
_OVERLAP = 5
SITE = "core_webservice_get_site_info"
COURSES = "core_course_get_courses"
PEOPLE = "core_enrol_get_enrolled_users"
COMPLETION = "core_completion_get_course_completion_status"
GRADES = "gradereport_user_get_grade_items"
NO_RULES = "nocriteriaset"
LEFT = "usernotenroled"
_ANSWERS = frozenset({(COMPLETION, NO_RULES), (COMPLETION, LEFT), (GRADES, LEFT)})
_SECRET = frozenset({"invalidtoken", "accesstokenexpired"})
_NOT_ALLOWED = frozenset(
    {
        *("accessexception", "nopermissions", "cannotviewreport", "requireloginerror"),
        *("servicenotavailable", "notingroup", "errorcoursecontextnotvalid"),
        *("invalidcontext", "restricteduser", "sitepolicynotagreed"),
    }
)
_LATER = frozenset({"dmlreadexception", "dbconnectionfailed", "ex_unabletolock", "sitemaintenance"})


class SaysNo(ConnectorFailure):
    """One of the refusals that are an answer: no rules of completion, or no longer enrolled."""


class Moodle:
    """Asks one Moodle."""

    def __init__(self, web: Web, address: str, token: str) -> None:
        self._web = web
        self._address = address
        self._token = token

    def functions(self) -> frozenset[str]:
        """Return which functions the token reaches."""
        said = self._call(SITE, ())
        found = said.get("functions") if isinstance(said, Mapping) else None
        if not isinstance(found, list):
            raise Transient("source_not_json", {"status": SITE})
        return frozenset(str(each.get("name")) for each in found if isinstance(each, Mapping))

    def courses(self, wanted: Sequence[int]) -> list[Any]:
        """Return courses: those wanted, or all that our user sees."""
        ids = [(f"options[ids][{place}]", str(each)) for place, each in enumerate(wanted)]
        return _listed(self._call(COURSES, ids), COURSES)

    def people(self, course: int) -> Iterator[Mapping[str, Any]]:
        """Return who is enrolled in a course, by rising number and each one once."""
        last, offset = 0, 0
        before: list[int] = []
        while True:
            begin = max(0, offset - _OVERLAP)
            rows = self._people_from(course, begin, PEOPLE_AT_ONCE + _OVERLAP)
            numbers = [row["id"] for row in rows]
            if begin and (not numbers or numbers[0] > last):
                offset = 0  # so many were taken out that the pages no longer meet
                continue
            if numbers and numbers == before:
                raise ConfigurationRefused("source_pages_circle")
            yield from (row for row in rows if row["id"] > last)
            if len(rows) < PEOPLE_AT_ONCE + _OVERLAP:
                return
            last, offset, before = max(last, numbers[-1]), begin + len(rows), numbers

    def completion(self, course: int, person: int) -> Mapping[str, Any]:
        """Return how far a person is with a course."""
        pairs = (("courseid", str(course)), ("userid", str(person)))
        said = self._call(COMPLETION, pairs)
        found = said.get("completionstatus") if isinstance(said, Mapping) else None
        if not isinstance(found, Mapping):
            raise Transient("source_not_json", {"status": COMPLETION})
        return found

    def grades(self, course: int, person: int = 0) -> list[Any]:
        """Return the grades of a person in a course, or (0) of everybody at once."""
        pairs = (("courseid", str(course)), ("userid", str(person)))
        said = self._call(GRADES, pairs)
        return _listed(said.get("usergrades") if isinstance(said, Mapping) else None, GRADES)

    def _people_from(self, course: int, offset: int, count: int) -> list[Mapping[str, Any]]:
        options = {
            "userfields": "id,username,idnumber",
            "limitfrom": str(offset),
            "limitnumber": str(count),
            "sortby": "id",
            "sortdirection": "ASC",
        }
        pairs = [("courseid", str(course))]
        for place, (name, value) in enumerate(options.items()):
            pairs += [(f"options[{place}][name]", name), (f"options[{place}][value]", value)]
        rows = _listed(self._call(PEOPLE, pairs), PEOPLE)
        if not all(isinstance(row, Mapping) and type(row.get("id")) is int for row in rows):
            raise Transient("source_not_json", {"status": PEOPLE})
        return rows

    def _call(self, function: str, pairs: Sequence[tuple[str, str]]) -> Any:
        form = [
            ("wstoken", self._token),
            ("wsfunction", function),
            ("moodlewsrestformat", "json"),
            *pairs,
        ]
        answer = self._web.post(f"{self._address}{PATH}", form=form, reads=True)
        said = answer.demand_ok().json()
        if isinstance(said, Mapping) and "exception" in said:
            raise _failure(str(said.get("errorcode") or ""), function)
        return said


def _listed(found: Any, function: str) -> list[Any]:
    if not isinstance(found, list):
        raise Transient("source_not_json", {"status": function})
    return found


def _failure(told: str, function: str) -> ConnectorFailure:
    """Say what a refusal means; its text may hold names, so it stays behind."""
    code = plain_word(told, "error")
    values = {"function": function, "code": code}
    if (function, code) in _ANSWERS:
        return SaysNo(code)
    if code in _SECRET:
        return AuthExpired("source_access_refused", {"status": code})
    if code in _NOT_ALLOWED:
        return Forbidden("moodle_not_permitted", values)
    if code in _LATER:
        return Transient("source_status", {"host": code})
    return ConfigurationRefused("moodle_refused", values)
