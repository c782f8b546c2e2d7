"""The connector for Moodle, against a server that behaves as Moodle does."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors import moodle, moodle_api
from connectors.contract import Backfill, CheckCode, Notice
from connectors.failures import (
    AuthExpired,
    ConfigurationRefused,
    ConnectorFailure,
    Forbidden,
    Transient,
)
from connectors.moodle import MoodleConnector
from connectors.moodle_api import COMPLETION, GRADES, PEOPLE
from connectors.testing import Case, Earlier, Faults, contract_suite
from tests.support.loopback import Told
from tests.support.messages_read import cursors_of, keys_of, records, rejected_in
from tests.support.moodle_server import (
    NARROW,
    TOKEN,
    MoodleServer,
    new_course,
    no,
    seconds,
    settings,
)
from tests.support.reading_sources import Reader
from tests.support.shared_simulator import SharedSimulator
from tests.support.source_web import NOW

AT = seconds(datetime(2026, 8, 3, 16, 30, tzinfo=UTC))  # half past midnight in Shanghai
DAY = 86_400


def filled() -> MoodleServer:
    server = MoodleServer(courses={number: new_course(number) for number in (3, 1, 2)})
    for course in (2, 3):
        for person in range(11, 17):
            server.enrol(course, person, AT, AT + (person - 13) * DAY if person > 12 else 0)
            server.mark(course, person, course * 100, 45.5, AT + (person - 13) * DAY)
    return server


SHARED = SharedSimulator(filled, MoodleConnector)


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moodle_api, "PEOPLE_AT_ONCE", 2)
    monkeypatch.setattr(moodle_api, "_OVERLAP", 1)
    monkeypatch.setattr(moodle, "_BETWEEN", 3)


def faults_of(server: MoodleServer) -> Faults:
    """Give the kit a hand on the server."""

    def insert() -> tuple[str, str]:
        number = min(server.people[2]) - 1
        server.enrol(2, number, AT)
        return "completions", f"2|{number}"

    def change() -> tuple[str, str]:
        server.done[3, 12] = [AT, AT + len(server.calls)]
        return "completions", "3|12"

    def delete() -> tuple[str, str]:
        del server.people[2][14]
        return "completions", "2|14"

    def tie() -> set[tuple[str, str]]:
        for number in range(30, 40):
            server.enrol(3, number, AT)
        return {("completions", f"3|{number}") for number in range(30, 40)}

    def undated() -> tuple[str, str]:
        server.enrol(3, 50, 0)
        return "completions", "3|50"

    def new_field() -> tuple[str, str]:
        server.more = {"badge": "gold"}
        return "grades", "badge"

    def lost_field() -> tuple[str, str]:
        server.lost = {"gradeformatted"}
        return "grades", "gradeformatted"

    def many(count: int) -> None:
        for course in range(100, 100 + count // 40):
            server.courses[course] = new_course(course, enablecompletion=0)
            for person in range(20, 60):
                server.mark(course, person, course * 100, 1.0, AT)

    return Faults(
        insert=insert,
        change=change,
        delete=delete,
        tie=tie,
        undated=undated,
        new_field=new_field,
        lost_field=lost_field,
        many=many,
    )


def moodle_case(folder: Path) -> Case:
    server = SHARED.renew()
    server.spoilt = {(2, 13)}
    right = settings(SHARED.address, courses=[2, 3])
    inside = {("completions", "2|14"), ("completions", "3|14")}
    inside |= {("grades", f"{course}00|{person}") for course in (2, 3) for person in (14,)}
    return Case(
        connector=MoodleConnector(),
        folder=folder,
        config=settings(SHARED.address),
        streams=("completions", "grades"),
        wrong={
            CheckCode.AUTHENTICATION: {**right, "token": "wrong-token-77"},
            CheckCode.PERMISSION: {**right, "token": NARROW},
            CheckCode.CONFIGURATION: {**right, "zone": "Mars/Base"},
            CheckCode.UNREACHABLE: {**right, "address": "http://127.0.0.1:9"},
        },
        rejected=1,
        unknown=(("grades", "gradeformatted"),),
        secrets=(TOKEN, NARROW, "wrong-token-77"),
        web=SHARED.web,
        faults=faults_of(server),
        future={name: {"read": "2999-01-01T00:00:00.000Z"} for name in ("completions", "grades")},
        backfill=(Backfill(start=date(2026, 8, 5), end=date(2026, 8, 6)), frozenset(inside)),
        # As the first release wrote them; every later one goes on from there.
        earlier=(
            Earlier(
                config=right,
                cursors={
                    "completions": {"begun": "2026-09-30T00:00:00.000Z", "course": 2, "person": 14},
                    "grades": {"read": "2026-09-30T00:00:00.000Z"},
                },
            ),
        ),
    )


TestMoodle = contract_suite(moodle_case)


def test_a_completion_says_when_its_last_part_was_done(reader: Reader, address: str) -> None:
    found = records(reader.read(settings(address), "completions"))
    assert found["2|14"] == {
        "course.id": 2,
        "course.shortname": "C2",
        "course.idnumber": "sales-2",
        "course.startdate.day": "2026-08-01",
        "user.id": 14,
        "user.username": "user14",
        "user.idnumber": "A014",
        "person": "A014",
        "completed": True,
        "completed_at": "2026-08-04T16:30:00.000Z",
        "completed_at.day": "2026-08-05",
        "aggregation": 1,
        "parts": 2,
        "parts_complete": 2,
    }
    half = found["2|11"]
    assert (half["completed"], half["completed_at"], half["parts_complete"]) == (False, None, 1)


def test_where_any_part_will_do_the_first_one_counts(
    reader: Reader, server: MoodleServer, address: str
) -> None:
    server.aggregation = 2
    found = records(reader.read(settings(address), "completions"))
    assert found["2|14"]["completed_at.day"] == "2026-08-04"
    assert found["2|11"]["completed"] is True


def test_a_mark_is_a_part_of_its_range_and_one_that_is_not_there_is_none(
    reader: Reader, server: MoodleServer, address: str
) -> None:
    server.mark(2, 11, 200, None, 0)
    server.mark(2, 12, 200, 0.0, AT)
    server.mark(2, 13, 200, 45.0, AT)
    server.marks[2, 13][-1]["grademin"] = 30  # halfway from 30 to 60
    found = records(reader.read(settings(address), "grades"))
    row = found["200|14"]
    assert row["graderaw"] == Decimal("45.5")
    assert row["percent"] == Decimal("75.8333")
    assert (row["person"], row["graded_at.day"]) == ("A014", "2026-08-05")
    assert "feedback" not in row
    none, zero = found["200|11"], found["200|12"]
    assert (none["graderaw"], none["percent"], none["graded_at"]) == (None, None, None)
    assert (zero["graderaw"], zero["percent"]) == (0, 0)
    assert found["200|13"]["percent"] == 50


@pytest.mark.parametrize(
    ("person", "named"), [("idnumber", "A014"), ("username", "user14"), ("id", "14")]
)
def test_who_it_was_is_what_the_settings_say(
    reader: Reader, address: str, person: str, named: str
) -> None:
    config = settings(address, person=person)
    assert records(reader.read(config, "completions"))["2|14"]["person"] == named
    assert records(reader.read(config, "grades"))["200|14"]["person"] == named


def test_a_course_without_rules_is_told_once_and_the_others_are_read(
    reader: Reader, server: MoodleServer, address: str
) -> None:
    server.without = {2}
    found = reader.read(settings(address), "completions")
    assert [each.values for each in found if isinstance(each, Notice)] == [{"course": "2"}]
    assert keys_of(found) == [f"3|{person}" for person in range(11, 17)]
    asked = [form for function, form in server.calls if function == COMPLETION]
    assert len([form for form in asked if form["courseid"] == "2"]) == 1


def test_who_leaves_while_he_is_read_about_is_passed_over(
    reader: Reader, server: MoodleServer, address: str
) -> None:
    server.left = {13}
    found = keys_of(reader.read(settings(address), "completions"))
    assert "2|13" not in found
    assert "2|14" in found


def test_people_who_are_taken_out_of_a_course_do_not_hide_others(
    reader: Reader, server: MoodleServer, address: str
) -> None:
    def take_out(function: str) -> None:
        if function == PEOPLE and len(server.people[2]) == 6:
            for person in (11, 12):
                del server.people[2][person]

    server.after = take_out
    found = keys_of(reader.read(settings(address, courses=[2]), "completions"))
    assert {f"2|{person}" for person in range(13, 17)} <= set(found)


def test_a_list_of_people_that_comes_again_and_again_stops_the_read(
    reader: Reader, server: MoodleServer, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Told(body=[{"id": number} for number in (11, 12, 13, 14)])
    left = Told(body={"exception": "x", "errorcode": "usernotenroled"})
    courses = Told(body=[new_course(2)])
    monkeypatch.setattr(moodle_api, "_OVERLAP", 0)
    server.trouble = [courses, whole, left, left, left, left, whole]
    with pytest.raises(ConfigurationRefused) as raised:
        reader.read(settings(address), "completions")
    assert raised.value.code == "source_pages_circle"


def test_marks_that_are_too_many_at_once_are_asked_for_one_by_one(
    reader: Reader, server: MoodleServer, address: str
) -> None:
    server.large = {2}
    found = keys_of(reader.read(settings(address), "grades"))
    assert found == [f"{course}00|{person}" for course in (2, 3) for person in range(11, 17)]
    keys = reader.keys(settings(address), "grades")
    assert set(keys) == set(found)


def test_a_sync_soon_after_the_last_one_asks_nothing(
    reader: Reader, server: MoodleServer, address: str
) -> None:
    config = settings(address, every_hours=12)
    cursors = cursors_of(reader.read(config, "completions"))
    server.calls.clear()
    soon = reader.read(config, "completions", cursors, now=NOW + timedelta(hours=11))
    assert (keys_of(soon), server.calls, cursors_of(soon)) == ([], [], cursors)
    assert keys_of(reader.read(config, "completions", cursors, now=NOW + timedelta(hours=12)))


def test_the_front_page_is_no_course_and_a_course_that_is_not_there_is_named(
    reader: Reader, server: MoodleServer, address: str
) -> None:
    server.enrol(1, 11, AT)
    assert all(
        not key.startswith("1|") for key in keys_of(reader.read(settings(address), "completions"))
    )
    with pytest.raises(ConfigurationRefused) as raised:
        reader.read(settings(address, courses=[2, 9]), "completions")
    assert raised.value.values == {"course": "9"}


def test_a_mark_without_a_number_is_rejected(
    reader: Reader, server: MoodleServer, address: str
) -> None:
    server.marks[2, 13] = [{"itemname": "odd"}]
    found = rejected_in(reader.read(settings(address), "grades"))
    assert found == [("", "source_key_missing")]


@pytest.mark.parametrize(
    ("told", "failure"),
    [
        (no("invalidtoken"), AuthExpired),
        (no("nopermissions"), Forbidden),
        (no("cannotviewreport"), Forbidden),
        (no("dmlreadexception"), Transient),
        (no("nocriteriaset"), ConfigurationRefused),
        (no("in valid {token}"), ConfigurationRefused),
        (Told(body=b"<html>"), Transient),
        (Told(body={"courses": []}), Transient),
        (Told(status=403, body=b"<html>"), Forbidden),
    ],
)
def test_what_moodle_refuses_in_a_200_is_told_by_its_consequence(
    reader: Reader,
    server: MoodleServer,
    address: str,
    told: Told,
    failure: type[ConnectorFailure],
) -> None:
    server.trouble = [told]
    with pytest.raises(failure) as raised:
        reader.read(settings(address), "grades")
    assert TOKEN not in repr(raised.value)


def test_a_function_that_the_service_lacks_is_named(reader: Reader, address: str) -> None:
    report = reader.check(settings(address, token=NARROW))
    assert report.code is CheckCode.PERMISSION
    assert report.findings[0].values["function"] == GRADES
    only = settings(address, token=NARROW, streams=["completions"])
    assert reader.check(only).ok


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"address": "moodle"}, "address"),
        ({"token": ""}, "token"),
        ({"zone": ""}, "zone"),
        ({"streams": ["courses"]}, "streams"),
        ({"streams": []}, "streams"),
        ({"courses": [0]}, "courses"),
        ({"courses": "2"}, "courses"),
        ({"person": "email"}, "person"),
        ({"every_hours": 200}, "every_hours"),
    ],
)
def test_a_wrong_setting_is_named(
    reader: Reader, address: str, change: dict[str, Any], field: str
) -> None:
    report = reader.check({**settings(address), **change})
    assert report.code is CheckCode.CONFIGURATION
    assert report.findings[0].values == {"field": field}
