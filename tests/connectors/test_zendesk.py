"""The connector for Zendesk, against a server that behaves as Zendesk does."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import Backfill, CheckCode, Message, ReadRequest, Record
from connectors.failures import (
    AuthExpired,
    ConfigurationRefused,
    Forbidden,
    RateLimited,
    Transient,
)
from connectors.testing import Case, Earlier, contract_suite
from connectors.zendesk import ZendeskConnector
from tests.support.loopback import Told
from tests.support.messages_read import cursors_of, gone, keys_of, records, rejected_in
from tests.support.reading_sources import Reader, context_for
from tests.support.shared_simulator import SharedSimulator
from tests.support.source_web import NOW
from tests.support.zendesk_sample import AT, DAY, faults_of, filled
from tests.support.zendesk_server import (
    CLIENT_SECRET,
    EMAIL,
    NARROW,
    STAYING,
    TOKEN,
    ZendeskServer,
    cursor_of,
    no,
    settings,
    survey_id,
)

DAY_ONE = date(2026, 9, 1)
SHARED = SharedSimulator(filled, ZendeskConnector)


def zendesk_case(folder: Path) -> Case:
    server = SHARED.renew()
    server.spoilt = {5}
    right = settings(SHARED.address)
    inside = {("ratings", "2"), ("ratings", "3"), ("tickets", "1003"), ("tickets", "1004")}
    inside |= {("surveys", survey_id(number)) for number in (1, 2)}
    return Case(
        connector=ZendeskConnector(),
        folder=folder,
        config=right,
        streams=("ratings", "surveys", "tickets", "agents"),
        wrong={
            CheckCode.AUTHENTICATION: {**right, "client_secret": "wrong-secret-77"},
            CheckCode.PERMISSION: {**right, "access_token": NARROW},
            CheckCode.CONFIGURATION: {**right, "zone": "Mars/Base"},
            CheckCode.UNREACHABLE: {**right, "address": "http://127.0.0.1:9"},
        },
        rejected=1,
        unknown=(("tickets", "tags"),),
        secrets=(CLIENT_SECRET, TOKEN, STAYING, NARROW, "wrong-secret-77"),
        web=SHARED.web,
        faults=faults_of(server),
        future={
            "ratings": {"through": "2999-01-01"},
            "surveys": {"through": "2999-01-01"},
            "tickets": {"after": cursor_of(32_503_680_000, 0)},
        },
        # Half past midnight in Shanghai: the day before in UTC.
        backfill=(Backfill(start=date(2026, 9, 4), end=date(2026, 9, 6)), frozenset(inside)),
        # As the first release wrote them; every later one goes on from there.
        earlier=(
            Earlier(
                config=right,
                cursors={
                    "ratings": {"through": "2026-09-30"},
                    "surveys": {"through": "2026-09-06"},
                    "tickets": {"after": cursor_of(int((AT + DAY).timestamp()), 1_004)},
                },
            ),
        ),
    )


TestZendesk = contract_suite(zendesk_case)


# ------------------------------------------------------------------------------- feedback


def test_a_rating_names_its_agent_and_counts_on_the_day_it_was_made(
    reader: Reader, address: str
) -> None:
    found = records(reader.read(settings(address), "ratings"))
    assert found["4"] == {
        "id": 4,
        "ticket_id": 1_004,
        "assignee_id": 12,
        "group_id": 44,
        "requester_id": 7_881,
        "person": "agent12@acme.example",
        "score": "bad",
        "points": 1,
        "reason": None,
        "reason_code": None,
        "comment": None,
        "created_at": "2026-09-05T16:30:00Z",
        "created_at.day": "2026-09-06",
        "updated_at": "2026-09-05T16:30:00Z",
    }
    assert (found["3"]["points"], found["8"]["points"]) == (5, None)


@pytest.mark.parametrize("by_change", [False, True])
def test_a_rating_that_is_given_weeks_after_the_offer_is_read_whatever_the_filter_means(
    reader: Reader, server: ZendeskServer, address: str, by_change: bool
) -> None:
    server.by_change = by_change
    cursors = cursors_of(reader.read(settings(address), "ratings"))
    assert cursors == {"ratings": {"through": "2026-10-01"}}
    server.rate(8, 11, "good", AT + 25 * DAY)
    found = records(reader.read(settings(address), "ratings", cursors))
    assert (found["8"]["points"], found["8"]["created_at.day"]) == (5, "2026-09-10")


@pytest.mark.parametrize("by_change", [False, True])
def test_a_rating_that_was_changed_is_still_among_those_of_its_day(
    reader: Reader, server: ZendeskServer, address: str, by_change: bool
) -> None:
    server.by_change = by_change
    server.rate(2, 11, "bad", AT + 20 * DAY)
    day = Backfill(start=date(2026, 9, 4), end=date(2026, 9, 5))
    assert keys_of(reader.read(settings(address), "ratings", backfill=day)) == ["2"]


def test_the_mark_moves_only_when_all_of_a_window_was_read(
    reader: Reader, server: ZendeskServer, address: str
) -> None:
    def refuse() -> None:
        wait = Told(status=429, headers={"retry-after": "93"}, body=b"")
        server.trouble = [wait] if len(server.calls) == 5 else []

    server.after = lambda _path: refuse()
    kept: list[Message] = []
    request = ReadRequest(streams=("ratings",))
    context = context_for(settings(address), reader.web)
    with pytest.raises(RateLimited) as raised:
        kept.extend(reader.connector.read(context, request))
    assert raised.value.until == NOW + timedelta(seconds=93)
    assert keys_of(kept)
    assert cursors_of(kept) in ({}, {"ratings": {"through": "2026-09-06"}})
    server.after = lambda _path: None
    rest = reader.read(settings(address), "ratings", cursors_of(kept))
    assert set(keys_of(kept + rest)) == {str(number) for number in range(1, 9)}


@pytest.mark.parametrize("exclusive", [False, True])
def test_a_row_on_the_edge_of_two_windows_comes_once(
    reader: Reader, server: ZendeskServer, address: str, exclusive: bool
) -> None:
    server.exclusive = exclusive
    # Midnight in Shanghai after the first seven days, and the second before.
    server.rate(50, 11, "good", datetime(2026, 9, 6, 16, 0, 0, tzinfo=UTC))
    server.rate(51, 11, "good", datetime(2026, 9, 6, 15, 59, 59, tzinfo=UTC))
    found = keys_of(reader.read(settings(address), "ratings"))
    assert (found.count("50"), found.count("51")) == (1, 1)


def test_a_survey_is_told_with_its_answer_and_the_agent_of_its_ticket(
    reader: Reader, server: ZendeskServer, address: str
) -> None:
    server.reply(1, 2, AT + 9 * DAY, "on second thoughts")
    found = records(reader.read(settings(address), "surveys"))
    assert found[survey_id(1)] == {
        "id": survey_id(1),
        "ticket_id": 1_001,
        "assignee_id": 13,
        "group_id": None,
        "responder_id": 7_881,
        "person": "agent13@acme.example",
        "rating": 2,
        "rating_category": "bad",
        "question_type": "rating_scale_numeric",
        "comment": "on second thoughts",
        "answered_at": "2026-09-03T16:30:00+00:00",
        "answered_at.day": "2026-09-04",
        "changed_at": "2026-09-12T16:30:00+00:00",
        "expires_at": "2026-12-31T00:00:00Z",
        "survey.id": "S1",
        "survey.version": 3,
        "survey.state": "enabled",
    }
    offered = found[survey_id(3)]
    assert (offered["rating"], offered["answered_at"]) == (None, None)


def test_of_several_ratings_the_one_of_satisfaction_counts_and_keeps_its_fraction(
    reader: Reader, server: ZendeskServer, address: str
) -> None:
    other = {"type": "rating_scale", "rating": 1, "question": {"sub_type": "effort"}}
    own = {"type": "rating_scale", "rating": 4.5, "question": {"sub_type": "customer_satisfaction"}}
    server.surveys[survey_id(1)]["answers"] = [other, own]
    found = records(reader.read(settings(address), "surveys"))
    assert found[survey_id(1)]["rating"] == Decimal("4.5")


def test_a_survey_about_a_conversation_or_a_deleted_ticket_is_of_nobody(
    reader: Reader, server: ZendeskServer, address: str
) -> None:
    server.ticket(1_002, 12, "deleted", AT)
    talk = {"subjects": [{"type": "conversation", "zrn": "zen:conversation:4295a81b"}]}
    server.surveys[survey_id(1)] |= {**talk, "subject_zrns": None}
    found = records(reader.read(settings(address), "surveys"))
    assert [found[survey_id(number)]["person"] for number in (1, 2)] == [None, None]
    assert found[survey_id(1)]["ticket_id"] is None


# -------------------------------------------------------------------------------- tickets


def test_a_solved_ticket_brings_its_times_and_leaves_out_what_customers_wrote(
    reader: Reader, address: str
) -> None:
    row = records(reader.read(settings(address), "tickets"))["1003"]
    assert (row["status"], row["person"], row["via.channel"]) == (
        "solved",
        "agent12@acme.example",
        "email",
    )
    assert row["metric_set.solved_at.day"] == "2026-09-04"
    assert row["metric_set.reply_time_in_minutes.business"] == 30
    assert row["metric_set.full_resolution_time_in_minutes.calendar"] == 600
    assert not {"description", "via.source.from.address"} & row.keys()


def test_an_export_ends_where_it_says_so_and_the_next_run_goes_on_there(
    reader: Reader, server: ZendeskServer, address: str
) -> None:
    server.repeats = True
    first = reader.read(settings(address), "tickets")
    assert keys_of(first) == [str(number) for number in range(1_001, 1_008)]
    server.calls.clear()
    server.repeats = False
    server.ticket(1_001, None, "closed", AT + 9 * DAY)
    again = reader.read(settings(address), "tickets", cursors_of(first))
    assert keys_of(again) == ["1001"]
    assert records(again)["1001"]["person"] is None
    assert all("start_time" not in query for path, query in server.calls if "incremental" in path)


def test_a_ticket_without_the_stamp_of_the_export_is_as_old_as_it_says(
    reader: Reader, server: ZendeskServer, address: str
) -> None:
    server.tickets[1_007]["generated_timestamp"] = None
    found = reader.read(settings(address), "tickets")
    (version,) = [m.version for m in found if isinstance(m, Record) and m.key == "1007"]
    assert version == "2026-09-07T16:30:00.000Z"


def test_an_export_whose_mark_does_not_move_stops_the_read(
    reader: Reader, server: ZendeskServer, address: str
) -> None:
    page = Told(body={"tickets": [], "end_of_stream": False, "after_cursor": cursor_of(1, 1)})
    server.trouble = [page, page]
    with pytest.raises(ConfigurationRefused) as raised:
        reader.read(settings(address), "tickets")
    assert raised.value.code == "source_pages_circle"


def test_a_page_of_tickets_that_is_too_large_is_asked_for_smaller(
    reader: Reader, server: ZendeskServer, address: str
) -> None:
    server.most, server.large = 1_000, 100
    assert len(keys_of(reader.read(settings(address), "tickets"))) == 7
    asked = [query["per_page"] for path, query in server.calls if "incremental" in path]
    assert asked == ["500", "100"]


def test_a_deleted_ticket_is_taken_back_and_one_that_is_restored_comes_again(
    reader: Reader, server: ZendeskServer, address: str
) -> None:
    cursors = cursors_of(reader.read(settings(address), "tickets"))
    server.ticket(1_002, 11, "deleted", AT + 9 * DAY)
    found = reader.read(settings(address), "tickets", cursors)
    assert gone(found) == ["1002"]
    server.ticket(1_002, 11, "solved", AT + 10 * DAY)
    assert keys_of(reader.read(settings(address), "tickets", cursors_of(found))) == ["1002"]


def test_no_more_than_nine_exports_a_minute_are_asked_for() -> None:
    (limit,) = [each for each in ZendeskConnector.info.limits if each.path == "/incremental/"]
    assert (limit.calls, limit.seconds) == (9, 60)


# --------------------------------------------------------------------------------- people


def test_agents_are_told_without_their_private_things_and_without_customers(
    reader: Reader, server: ZendeskServer, address: str
) -> None:
    server.hire(900, "wu@client.cn", "end-user")
    found = records(reader.read(settings(address), "agents"))
    assert set(found) == {"11", "12", "13", "14"}
    assert (found["14"]["email"], found["14"]["role"]) == ("boss@acme.example", "admin")
    assert "phone" not in found["14"]
    with pytest.raises(ConfigurationRefused):
        reader.read(settings(address), "agents", backfill=Backfill(start=DAY_ONE, end=DAY_ONE))


@pytest.mark.parametrize(
    ("person", "named"),
    [
        ("email", "agent12@acme.example"),
        ("external_id", "A12"),
        ("id", "12"),
        ("user_fields.staff_no", "S-012"),
    ],
)
def test_who_it_was_is_what_the_settings_say(
    reader: Reader, server: ZendeskServer, address: str, person: str, named: str
) -> None:
    server.users[12]["user_fields"] = {"staff_no": "S-012"}
    found = records(reader.read(settings(address, person=person), "ratings"))
    assert found["4"]["person"] == named
    asked = {path for path, _ in server.calls}
    assert ("users/show_many.json" in asked) == (person != "id")


def test_who_is_no_agent_any_more_or_was_deleted_keeps_what_was_his(
    reader: Reader, server: ZendeskServer, address: str
) -> None:
    server.users[11]["role"] = "end-user"
    server.dismiss(12)
    server.dismiss(13, for_ever=True)
    found = reader.read(settings(address), "ratings")
    named = {row["assignee_id"]: row["person"] for row in records(found).values()}
    assert named == {11: "agent11@acme.example", 12: "agent12@acme.example"}
    unknown = {key for key, reason in rejected_in(found) if reason == "zendesk_person_unknown"}
    assert unknown == {"2", "5"}
    # Each is looked up once in a run.
    asked = [path for path, _ in server.calls if path.startswith("deleted_users/")]
    assert asked == ["deleted_users/12.json", "deleted_users/13.json"]


# ------------------------------------------------------------------------------ the access


def test_a_token_that_ends_early_is_renewed_once_and_the_page_asked_again(
    reader: Reader, server: ZendeskServer, address: str
) -> None:
    server.ends_at = 2
    assert len(keys_of(reader.read(settings(address), "tickets"))) == 7
    assert server.asked_for_tokens == 2
    server.trouble = [no(401, "invalid_token")] * 9
    with pytest.raises(AuthExpired):
        reader.read(settings(address), "tickets")
    assert server.asked_for_tokens == 3


@pytest.mark.parametrize(
    "access", [{"email": EMAIL, "token": TOKEN}, {"access_token": STAYING, "client_id": ""}]
)
def test_a_key_of_old_and_a_token_that_stays_are_shown_as_they_are(
    reader: Reader, server: ZendeskServer, address: str, access: dict[str, str]
) -> None:
    config = {**settings(address, client_id="", client_secret=""), **access}
    assert reader.check(config).ok
    assert server.asked_for_tokens == 0
    wrong = {name: value and f"{value}-wrong" for name, value in access.items()}
    assert reader.check({**config, **wrong}).code is CheckCode.AUTHENTICATION


@pytest.mark.parametrize(
    ("told", "failure"),
    [
        (no(401, "Couldn't authenticate you"), AuthExpired),
        (no(403, "Forbidden"), Forbidden),
        (no(404, "InvalidEndpoint"), Forbidden),
        (no(422, "InvalidValue"), ConfigurationRefused),
        (Told(status=400, body=b"<html>"), ConfigurationRefused),
        (Told(body=b"<html>"), Transient),
        (Told(body=[1]), Transient),
        (Told(body={"tickets": None, "end_of_stream": True}), Transient),
        (Told(body={"tickets": []}), Transient),
        (Told(body={"tickets": [], "end_of_stream": False}), ConfigurationRefused),
    ],
)
def test_what_zendesk_refuses_is_told_by_its_consequence(
    reader: Reader, server: ZendeskServer, address: str, told: Told, failure: type[Exception]
) -> None:
    server.trouble = [told, told]
    with pytest.raises(failure) as raised:
        reader.read(settings(address), "tickets")
    assert TOKEN not in repr(raised.value)


@pytest.mark.parametrize(
    ("meta", "failure"),
    [
        ({"has_more": True, "after_cursor": None}, Transient),
        ({"after_cursor": "MQ"}, Transient),
        ({"has_more": True, "after_cursor": "MQ"}, ConfigurationRefused),
    ],
)
def test_pages_that_lead_nowhere_or_in_a_circle_stop_the_read(
    reader: Reader,
    server: ZendeskServer,
    address: str,
    meta: dict[str, Any],
    failure: type[Exception],
) -> None:
    page = Told(body={"satisfaction_ratings": [], "meta": meta})
    server.trouble = [page, page]
    with pytest.raises(failure):
        reader.read(settings(address), "ratings")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"address": "acme"}, "address"),
        ({"client_id": ""}, "client_id"),
        ({"client_secret": ""}, "client_secret"),
        ({"client_id": "", "token": TOKEN}, "email"),
        ({"zone": ""}, "zone"),
        ({"begin": "yesterday"}, "begin"),
        ({"streams": []}, "streams"),
        ({"streams": ["calls"]}, "streams"),
        ({"person": "phone"}, "person"),
        ({"again_days": {"tickets": 3}}, "again_days"),
    ],
)
def test_a_wrong_setting_is_named(
    reader: Reader, address: str, change: dict[str, Any], field: str
) -> None:
    report = reader.check({**settings(address), **change})
    assert report.code is CheckCode.CONFIGURATION
    assert report.findings[0].values == {"field": field}
