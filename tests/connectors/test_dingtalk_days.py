"""What DingTalk tells by days: check-ins, punches and results, against a server that misbehaves."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from connectors.contract import (
    Checkpoint,
    Notice,
    Rejected,
)
from connectors.failures import ConfigurationRefused
from tests.support.dingtalk_sample import Meeting, checkin, punch, result
from tests.support.dingtalk_server import (
    DingTalkServer,
    at,
)
from tests.support.loopback import Told
from tests.support.messages_read import gone, last_cursor, ready, records
from tests.support.source_web import NOW

DATED = ("visits", "punches", "results")
CHECKINS = "topapi/checkin/record/get"

SHARED = Meeting()


def test_a_check_in_arrives_with_its_day_and_whom_it_was_for(meeting: Meeting) -> None:
    found = records(meeting.read("visits"))
    visits = {row["at"]: (row["visit"], row["visited"], row["member"]) for row in found.values()}
    assert visits == {
        "2026-09-24T09:30:00+08:00": ("FIRST", "Demo Plaza", "sales01"),
        "2026-09-24T11:30:00+08:00": ("AGAIN", "Demo Plaza", "sales01"),
        "2026-09-28T15:00:00+08:00": ("FIRST", "Demo Co", "sales01"),
        "2026-09-29T10:00:00+08:00": ("FIRST", "Shop", "sales02"),
    }


def test_a_row_that_cannot_be_read_is_shown_and_the_others_arrive(
    meeting: Meeting, server: DingTalkServer
) -> None:
    server.checkins[0]["checkin_time"] = "soon"
    server.results[0]["timeResult"] = None
    told = []
    for stream in DATED:
        found = meeting.read(stream, begin="2026-09-24")
        bad = [each for each in found if isinstance(each, Rejected)]
        told += [(each.position.partition("#")[0], each.values["column"]) for each in bad]
        assert len(records(found)) >= 2
    assert told == [
        ("dingtalk:visits/sales01/soon", "checkin_time"),
        ("dingtalk:punches/sales02/?", "id"),
        ("dingtalk:results/sales01/10", "timeResult"),
    ]


def test_a_place_without_a_name_is_its_square(meeting: Meeting, server: DingTalkServer) -> None:
    nameless: dict[str, Any] = {"place": "", "detail_place": None}
    server.checkins = [
        checkin("sales01", "2026-09-28 09:00", **nameless),
        checkin("sales01", "2026-09-28 10:00", **{**nameless, "latitude": "31.2309"}),
        checkin("sales01", "2026-09-28 11:00", **{**nameless, "latitude": None}),
        checkin("sales01", "2026-09-28 12:00", **{**nameless, "latitude": None}),
    ]
    rows = records(meeting.read("visits")).values()
    assert [(row["place"], row["visit"]) for row in rows] == [
        ("31.230,121.473", "FIRST"),
        ("31.230,121.473", "AGAIN"),
        (None, "FIRST"),
        (None, "FIRST"),
    ]


def test_check_ins_are_asked_for_one_person_and_ten_days_at_a_time_with_nothing_lost_at_the_edges(
    meeting: Meeting, server: DingTalkServer
) -> None:
    edges = ("2026-09-10 00:00:00", "2026-09-19 23:59:59", "2026-09-20 00:00:00")
    server.checkins = [checkin("sales01", when) for when in edges]
    server.checkins[1]["checkin_time"] += 999
    server.page = 1
    found = meeting.read("visits", begin="2026-09-10", now=datetime(2026, 9, 25, tzinfo=UTC))
    assert [row["day"] for row in records(found).values()] == [
        "2026-09-10",
        "2026-09-19",
        "2026-09-20",
    ]
    assert {body["userid_list"] for body in server.calls(CHECKINS)} == {
        "boss01",
        "sales01",
        "sales02",
    }


def test_what_is_taken_back_is_told_and_what_an_empty_answer_hides_is_not(
    meeting: Meeting, server: DingTalkServer
) -> None:
    cursor = last_cursor(meeting.read("punches"))
    del server.punches[0]
    found = meeting.read("punches", cursor)
    assert gone(found) == ["sales01|1001"]
    # Who left between two calls empties the answer for all the others.
    server.errors = {"attendance/listRecord": [Told(body={"errcode": 0, "recordresult": []})]}
    again = meeting.read("punches", last_cursor(found))
    assert gone(again) == []


def test_somebody_who_is_unknown_is_left_out_and_told(
    meeting: Meeting, server: DingTalkServer
) -> None:
    server.errors = {CHECKINS: [33012]}
    found = meeting.read("visits")
    assert [m.values for m in found if isinstance(m, Notice)] == [
        {"what": "boss01", "code": "33012"}
    ]
    assert len(records(found)) == 4


def test_a_day_is_attended_by_the_first_legal_punch_of_that_day(
    meeting: Meeting, server: DingTalkServer
) -> None:
    night = {"checkType": "OffDuty", "workDate": at("2026-09-29 00:00")}
    server.punches += [
        punch(1005, "sales01", "2026-09-29 21:00"),
        punch(1006, "sales01", "2026-09-30 06:00", **night),
        punch(1007, "sales01", "2026-09-30 21:00"),
    ]
    rows = records(meeting.read("punches"))
    attended = sorted((r["member"], r["day"]) for r in rows.values() if r["attended"] == "FIRST")
    assert attended == [
        ("sales01", "2026-09-28"),
        ("sales01", "2026-09-29"),
        ("sales01", "2026-09-30"),
        ("sales02", "2026-09-29"),
    ]
    assert rows["sales02|1004"]["attended"] == "AGAIN"
    night_off = rows["sales01|1006"]  # of the day before, and no day of its own
    assert (night_off["day"], night_off["attended"]) == ("2026-09-29", "AGAIN")


def test_a_short_page_of_results_is_not_the_last_one(
    meeting: Meeting, server: DingTalkServer
) -> None:
    server.results = [result(number, "sales01", "2026-09-28 09:00") for number in range(1, 121)]
    server.hidden = {10, 20, 600}
    assert len(records(meeting.read("results"))) == 117
    asked = [body["offset"] for body in server.calls("attendance/list")]
    assert asked == [0, 0, 50, 100], "the next page begins a whole page further, full or not"


def test_results_that_say_for_ever_that_there_are_more_stop_the_read(
    meeting: Meeting, server: DingTalkServer
) -> None:
    server.endless = True
    with pytest.raises(ConfigurationRefused) as refused:
        meeting.read("results")
    assert refused.value.code == "source_pages_circle"


def test_results_end_yesterday_and_say_how_late_somebody_was(
    meeting: Meeting, server: DingTalkServer
) -> None:
    server.results.append(result(4, "sales01", "2026-10-01 18:00", "", "NotSigned"))
    found = meeting.read("results")
    rows = records(found)
    assert {key: (r["timeResult"], r["late_minutes"]) for key, r in rows.items()} == {
        "sales01|1": ("Normal", None),
        "sales02|2": ("Late", 12),
        "sales02|3": ("NotSigned", None),
    }
    assert ready(found) == [date(2026, 9, 30)]


def test_who_works_without_a_plan_has_a_key_by_day_and_kind(
    meeting: Meeting, server: DingTalkServer
) -> None:
    server.results = [
        result(0, "sales01", "2026-09-28 09:00", id=1),
        result(0, "sales01", "2026-09-28 18:00", id=2, checkType="OffDuty"),
    ]
    assert len(records(meeting.read("results"))) == 2


def test_a_result_that_a_boss_changed_long_ago_is_read_because_a_callback_names_it(
    meeting: Meeting, server: DingTalkServer
) -> None:
    later = NOW + timedelta(days=60)
    cursor = last_cursor(meeting.read("results", now=later))
    server.results[2] |= {"timeResult": "Normal", "sourceType": "BOSS"}
    assert not records(meeting.read("results", cursor, now=later))
    named = ("sales02|2026-09-30", "sales02|soon", "stranger|2026-09-30", "sales01|2026-11-29")
    found = meeting.read("results", cursor, now=later, named=named)
    assert {key: row["timeResult"] for key, row in records(found).items()} == {
        "sales02|3": "Normal"
    }
    assert {repr(m.cursor) for m in found[:2] if isinstance(m, Checkpoint)} == {repr(cursor)}


def test_punches_that_are_older_than_dingtalk_keeps_are_not_asked_for(
    meeting: Meeting, server: DingTalkServer
) -> None:
    meeting.read("punches", begin="2020-01-01")
    first = server.calls("attendance/listRecord")[0]["checkDateFrom"]
    assert first == "2026-04-05 00:00:00"
