"""What WeCom tells by days: check-ins, which are visits, and figures of customer contact."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from connectors.contract import Backfill, Checkpoint, Notice, Record, Tombstone
from connectors.failures import Forbidden
from connectors.wecom_source import WeComConnector
from tests.support.messages_read import last_cursor, ready, records
from tests.support.source_web import NOW
from tests.support.wecom_sample import Meeting, checkin, member
from tests.support.wecom_source_server import WeComSource, at

DATED = ("checkins", "behaviour", "groupchats", "journals", "approvals")

SHARED = Meeting()


# ---- check-ins -----------------------------------------------------------------------------------


def test_two_checkins_at_one_place_on_one_day_are_one_visit(
    meeting: Meeting, server: WeComSource
) -> None:
    server.checkins += [
        checkin("sales01", "2026-09-28 16:00", "Market"),
        checkin("sales01", "2026-09-29 09:00"),
        checkin("sales01", "2026-09-29 11:00", ""),
        checkin("sales01", "2026-09-29 11:05", "", lat=31230999),
        checkin("sales01", "2026-09-29 12:00", "", lat=None, lng=None),
        checkin("sales01", "2026-09-29 12:30", "", lat=None, lng=None),
    ]
    found = records(meeting.read("checkins"))
    visits = [row["at"] for row in found.values() if row["visit"] == "FIRST"]
    assert [text[5:16] for text in visits] == [
        "09-28T09:30",
        "09-28T16:00",
        "09-29T09:00",
        "09-29T10:00",
        "09-29T11:00",
        "09-29T12:00",
        "09-29T12:30",
    ]


def test_a_row_that_says_nobody_checked_in_is_no_visit(
    meeting: Meeting, server: WeComSource
) -> None:
    server.checkins = [
        checkin("sales01", "2026-09-28 09:30", exception_type="地点异常;未打卡"),
        checkin("sales01", "2026-09-28 10:30", exception_type="地点异常"),
    ]
    assert [row["at"][11:16] for row in records(meeting.read("checkins")).values()] == ["10:30"]


def test_days_are_held_against_the_time_of_each_row(meeting: Meeting, server: WeComSource) -> None:
    server.checkins = [
        checkin("sales01", "2026-08-31 23:59:59"),
        checkin("sales01", "2026-09-01 00:00:00"),
        checkin("sales01", "2026-09-30 23:59:59"),
        checkin("sales01", "2026-10-01 00:00:00"),
    ]
    september = Backfill(start=date(2026, 9, 1), end=date(2026, 10, 1))
    found = meeting.read("checkins", backfill=september)
    assert [row["day"] for row in records(found).values()] == ["2026-09-01", "2026-09-30"]


def test_a_range_that_was_asked_for_never_moves_the_cursor(meeting: Meeting) -> None:
    last_days = Backfill(start=date(2026, 9, 28), end=date(2026, 10, 1))
    for stream in DATED:
        live = last_cursor(meeting.read(stream))
        found = meeting.read(stream, live, backfill=last_days)
        assert {repr(m.cursor) for m in found if isinstance(m, Checkpoint)} == {repr(live)}
        assert not ready(found)
        assert not [m for m in found if isinstance(m, Tombstone)]
        assert records(found)


def test_long_ranges_and_many_members_are_asked_in_parts(
    meeting: Meeting, server: WeComSource
) -> None:
    server.members = [member(f"u{number:03}", 3) for number in range(230)]
    server.checkins = [
        checkin(f"u{number:03}", f"2026-0{month}-15 09:00")
        for number in range(230)
        for month in (7, 8, 9)
    ]
    server.checkins.append(checkin("u000", "2026-07-30 23:59:59"))
    server.checkins.append(checkin("u000", "2026-07-31 00:00:00"))
    found = meeting.read("checkins", begin="2026-07-01")
    assert len(records(found)) == 692
    assert len([m for m in found if isinstance(m, Record)]) == 692
    assert len(server.calls("checkin/getcheckindata")) == 12


def test_an_answer_that_is_too_large_is_asked_in_halves(
    meeting: Meeting, server: WeComSource
) -> None:
    whole = records(meeting.read("checkins"))
    server.page = 1
    assert records(meeting.read("checkins")) == whole


def test_what_a_repair_removes_is_taken_back(meeting: Meeting, server: WeComSource) -> None:
    server.checkins.pop()  # the row that cannot be read
    first = meeting.read("checkins")
    gone, second = server.checkins.pop(0), server.checkins[0]
    again = meeting.read("checkins", last_cursor(first))
    key = f"sales01|{gone['checkin_time']}|外出打卡|1"
    assert [m.key for m in again if isinstance(m, Tombstone)] == [key]
    # What was the second one at this place is the visit now.
    assert records(first)[f"sales01|{second['checkin_time']}|外出打卡|1"]["visit"] == "AGAIN"
    assert records(again)[f"sales01|{second['checkin_time']}|外出打卡|1"]["visit"] == "FIRST"
    assert not [m for m in meeting.read("checkins", last_cursor(again)) if isinstance(m, Tombstone)]


def test_nothing_is_taken_back_when_it_may_only_be_unreadable_or_unseen(
    meeting: Meeting, server: WeComSource
) -> None:
    cursor = last_cursor(meeting.read("checkins"))
    server.checkins[0]["checkin_time"] = "soon"
    assert not [m for m in meeting.read("checkins", cursor) if isinstance(m, Tombstone)]
    server.checkins = []
    server.members = [m for m in server.members if m["userid"] != "Sales01"]
    found = meeting.read("checkins", cursor)
    assert {m.key.split("|")[0] for m in found if isinstance(m, Tombstone)} == {"sales02"}


def test_a_late_repair_is_read_again_as_deep_as_the_settings_say(
    meeting: Meeting, server: WeComSource
) -> None:
    cursor = last_cursor(meeting.read("checkins"))
    server.checkins.append(checkin("sales02", "2026-09-24 00:00:01", "Late"))
    assert "Late" in {row["place"] for row in records(meeting.read("checkins", cursor)).values()}
    shallow = meeting.read("checkins", cursor, again_days={"checkins": 6})
    assert "Late" not in {row["place"] for row in records(shallow).values()}


def test_two_checkins_in_one_second_are_one_whatever_their_order(
    meeting: Meeting, server: WeComSource
) -> None:
    twin = checkin("SALES01", "2026-09-28 09:30", notes="other")
    server.checkins.append(twin)
    found = meeting.read("checkins")
    server.checkins.insert(0, server.checkins.pop())
    assert records(meeting.read("checkins")) == records(found)
    assert [m.code for m in found if isinstance(m, Notice)] == ["wecom_checkin_twice"]


def test_numbers_written_as_text_and_a_byte_order_mark_are_read(
    meeting: Meeting, server: WeComSource
) -> None:
    whole = records(meeting.read("checkins"))
    server.bom = True
    for row in server.checkins[:3]:
        row["checkin_time"] = str(row["checkin_time"])
    assert records(meeting.read("checkins")) == whole


# ---- figures -------------------------------------------------------------------------------------


def test_each_member_is_asked_alone_and_what_is_absent_is_no_zero(
    meeting: Meeting, server: WeComSource
) -> None:
    found = records(meeting.read("behaviour"))
    assert all(len(body["userid"]) == 1 for body in server.calls(BEHAVIOUR))
    assert found["sales01|2026-09-29"]["reply_percentage"] == Decimal("83.33")
    assert found["sales01|2026-09-30"]["chat_cnt"] == 0
    assert found["sales01|2026-09-30"]["reply_percentage"] is None
    assert found["sales02|2026-09-30"]["message_cnt"] == 9
    assert len(found) == 3


BEHAVIOUR = "externalcontact/get_user_behavior_data"
MORNING = datetime(2026, 9, 30, 23, 59, 59, tzinfo=UTC)  # 07:59:59 in Beijing on the first


@pytest.mark.parametrize("stream", ["behaviour", "groupchats"])
def test_yesterday_is_not_asked_for_before_the_morning(meeting: Meeting, stream: str) -> None:
    early, late = meeting.read(stream, now=MORNING), meeting.read(stream)
    assert ready(early) == [date(2026, 9, 29)]
    assert ready(late) == [date(2026, 9, 30)]
    assert "sales01|2026-09-30" not in records(early)
    assert "sales01|2026-09-30" in records(late)


def test_zeros_that_are_corrected_later_are_read_again(
    meeting: Meeting, server: WeComSource
) -> None:
    cursor = last_cursor(meeting.read("behaviour"))
    assert cursor == {"through": "2026-09-30"}
    server.behaviour["sales01", "2026-09-30"] = {"chat_cnt": 7}
    server.behaviour["sales01", "2026-09-27"] = {"chat_cnt": 5}
    server.behaviour["sales01", "2026-09-26"] = {"chat_cnt": 3}
    found = records(meeting.read("behaviour", cursor, now=NOW + timedelta(days=1)))
    assert found["sales01|2026-09-30"]["chat_cnt"] == 7
    assert found["sales01|2026-09-27"]["chat_cnt"] == 5
    assert "sales01|2026-09-26" not in found


def test_a_read_of_figures_that_was_cut_short_goes_on_behind_the_last_member(
    meeting: Meeting, server: WeComSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.wecom_figures._COVERED", 1)
    whole = meeting.read("behaviour")
    middle = next(m.cursor for m in whole if isinstance(m, Checkpoint))
    assert middle["after"] == "sales01"
    server.asked.clear()
    rest = meeting.read("behaviour", middle)
    assert [body["userid"] for body in server.calls(BEHAVIOUR)] == [["sales02"]]
    assert records(rest).keys() == {"sales02|2026-09-30"}
    assert last_cursor(rest) == last_cursor(whole)
    # Days later: those who were told before it was cut off may have been corrected since.
    server.behaviour["sales01", "2026-09-29"]["chat_cnt"] = 13
    late = records(meeting.read("behaviour", middle, now=NOW + timedelta(days=9)))
    assert late["sales01|2026-09-29"]["chat_cnt"] == 13


def test_figures_older_than_wecom_keeps_are_not_asked_for(
    meeting: Meeting, server: WeComSource
) -> None:
    meeting.read("behaviour", begin="2025-01-01")
    days = {body["start_time"] for body in server.calls(BEHAVIOUR)}
    assert min(days) == at("2026-04-05 00:00")
    assert all(b["end_time"] - b["start_time"] <= 29 * 86_400 for b in server.calls(BEHAVIOUR))
    info = next(s for s in WeComConnector.info.streams if s.name == "behaviour")
    assert info.retention_days == 180


def test_one_without_any_customer_is_no_failure(meeting: Meeting, server: WeComSource) -> None:
    server.followers.append("newcomer")  # 84061: no such relation
    found = meeting.read("behaviour")
    assert {key.partition("|")[0] for key in records(found)} == {"sales01", "sales02"}
    assert not [m for m in found if isinstance(m, Notice)]


def test_one_without_a_licence_does_not_stop_the_others(
    meeting: Meeting, server: WeComSource
) -> None:
    server.unlicensed = {"sales01"}
    found = meeting.read("behaviour")
    assert records(found).keys() == {"sales02|2026-09-30"}
    told = [(m.code, dict(m.values)) for m in found if isinstance(m, Notice)]
    assert told == [("wecom_skipped", {"what": "sales01", "code": "701008"})]
    server.unlicensed = {"sales01", "sales02"}
    with pytest.raises(Forbidden) as raised:
        meeting.read("behaviour")
    assert raised.value.code == "wecom_no_licence"


def test_customer_groups_come_day_by_day_and_page_by_page(
    meeting: Meeting, server: WeComSource
) -> None:
    server.page = 1
    found = records(meeting.read("groupchats"))
    assert {key: row["data.chat_total"] for key, row in found.items()} == {
        "sales01|2026-09-30": 9,
        "sales02|2026-09-30": 1,
    }
    server.followers += [f"sales{number:03d}" for number in range(100)]  # more than one call names
    server.page = 1_000
    assert records(meeting.read("groupchats")) == found
