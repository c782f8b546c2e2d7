"""The connector for SCIM, against a server that does what SCIM servers do."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from connectors import scim
from connectors.contract import (
    CheckCode,
    Rejected,
)
from connectors.failures import (
    AuthExpired,
    ConfigurationRefused,
    ConnectorFailure,
    Forbidden,
    KeysIncomplete,
    Transient,
)
from connectors.scim import ScimConnector
from connectors.scim_rows import ENTERPRISE
from connectors.testing import CHECKS, Case, Earlier, Faults, contract_suite
from tests.support.loopback import Told
from tests.support.messages_read import cursors_of, keys_of, records
from tests.support.reading_sources import Reader
from tests.support.scim_server import AT, NARROW, TOKEN, ScimServer, filled, refused
from tests.support.shared_simulator import SharedSimulator
from tests.support.source_web import NOW


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if "K28" not in request.node.name:
        monkeypatch.setattr(scim, "PAGE", 3)


def settings(address: str, **others: Any) -> dict[str, Any]:
    return {
        "address": f"{address}/scim/v2",
        "token": TOKEN,
        "zone": "Asia/Shanghai",
        "changes": "LAST_MODIFIED",
        "streams": ["users", "groups", "members"],
        **others,
    }


SHARED = SharedSimulator(filled, ScimConnector)


def _faults(server: ScimServer) -> Faults:
    ticks = count(1)

    def put(number: str, seconds: int, **values: Any) -> tuple[str, str]:
        server.user(number, AT + timedelta(days=2, seconds=seconds), **values)
        return "users", number

    def insert() -> tuple[str, str]:
        before = dict(server.tables["Users"])
        server.tables["Users"].clear()
        found = put(f"N{next(ticks)}", next(ticks))
        server.tables["Users"].update(before)
        return found

    def change() -> tuple[str, str]:
        return put("U4", next(ticks), title=f"changed {next(ticks)}")

    def delete() -> tuple[str, str]:
        del server.tables["Users"]["U5"]
        return "users", "U5"

    def undated() -> tuple[str, str]:
        server.user("W1", None)
        return "users", "W1"

    def new_field() -> tuple[str, str]:
        put("U2", 1, nickName="Xiao Li")
        return "users", "nickName"

    def lost_field() -> tuple[str, str]:
        server.user("U2", AT)
        return "users", "nickName"

    def many(rows: int) -> None:
        server.endless = rows

    return Faults(
        insert=insert,
        change=change,
        delete=delete,
        tie=lambda: {put(f"T{number}", 90) for number in range(8)},
        undated=undated,
        new_field=new_field,
        lost_field=lost_field,
        many=many,
    )


def _case(folder: Path, *, cursors: bool) -> Case:
    server = SHARED.renew()
    server.user("U8", AT, nickName="kept")
    server.cursors = cursors
    right = settings(SHARED.address)
    return Case(
        connector=ScimConnector(),
        folder=folder,
        config=right,
        streams=("users",),  # groups are read whole each time: the tests below are theirs
        wrong={
            CheckCode.AUTHENTICATION: {**right, "token": "wrong-token-000"},
            CheckCode.PERMISSION: {**right, "token": NARROW},
            CheckCode.CONFIGURATION: {**right, "zone": "Mars"},
            CheckCode.UNREACHABLE: {**right, "address": "http://127.0.0.1:9/scim"},
        },
        unknown=(("users", "nickName"),),
        secrets=(TOKEN,),
        web=SHARED.web,
        faults=_faults(server),
        future={"users": {"seen": "2999-01-01T00:00:00+00:00"}},
        earlier=(Earlier(config=right, cursors={"users": {"seen": "2026-09-01T08:00:00+00:00"}}),),
    )


def scim_case(folder: Path) -> Case:
    return _case(folder, cursors=True)


def scim_counted_case(folder: Path) -> Case:
    return _case(folder, cursors=False)


TestScim = contract_suite(scim_case)


@pytest.mark.parametrize("number", ["K06", "K17", "K18", "K19", "K23", "K25"])
def test_pages_by_count_keep_the_contract_too(number: str, tmp_path: Path) -> None:
    CHECKS[number](scim_counted_case(tmp_path))


def test_a_user_arrives_with_the_columns_that_a_mapping_needs(
    reader: Reader, server: ScimServer, address: str
) -> None:
    # The sample of the RFC's form, in the spelling of a server that has its own mind about case.
    server.tables["Users"]["2819c223"] = {
        "ID": "2819c223",
        "UserName": "li.na@example.com",
        "externalId": "A017",
        "name": {"Formatted": "Li Na", "familyName": "Li"},
        "emails": [
            {"value": "home@example.com", "type": "home"},
            {"value": "li.na@example.com", "type": "work", "primary": True},
        ],
        "Active": "False",
        ENTERPRISE.upper(): {"employeeNumber": "A017", "Manager": "26118915"},
        "META": {"lastModified": "2026-09-30T16:30:00Z"},
    }
    found = records(reader.read(settings(address), "users"))["2819c223"]
    assert found["person"] == "Li Na"
    assert found["email"] == "li.na@example.com"
    assert found["active"] == "False"
    assert found["is_active"] is False
    # Half past midnight in the company's zone is the next day.
    assert found["inactive_on"] == "2026-10-01"
    assert found["enterprise.employeeNumber"] == "A017"
    assert found["enterprise.manager.value"] == "26118915"
    assert found["meta.lastModified"] == "2026-09-30T16:30:00Z"
    assert records(reader.read(settings(address), "users"))["U1"]["inactive_on"] is None


@pytest.mark.parametrize("by_cursor", [True, False])
def test_short_pages_are_no_end(
    reader: Reader, server: ScimServer, address: str, by_cursor: bool
) -> None:
    server.cursors, server.short = by_cursor, 2
    assert len(records(reader.read(settings(address), "users"))) == 8


def test_a_row_that_goes_while_pages_are_counted_pushes_no_other_out(
    reader: Reader, server: ScimServer, address: str
) -> None:
    def leave(kind: str) -> None:
        server.tables["Users"].pop("U1", None)

    server.after = leave
    found = records(reader.read(settings(address), "users"))
    assert set(found) == {f"U{number}" for number in range(1, 9)}


def test_a_list_that_never_stands_still_is_told_and_not_read_for_ever(
    reader: Reader, server: ScimServer, address: str
) -> None:
    def leave(kind: str) -> None:
        users = server.tables["Users"]
        number, row = next(iter(users.items()))
        users[f"{number}x"] = {**row, "id": f"{number}x"}
        del users[number]

    server.after = leave
    with pytest.raises(Transient) as raised:
        reader.read(settings(address), "users")
    assert raised.value.code == "source_unsteady"


def test_a_cursor_that_expires_begins_the_list_anew(
    reader: Reader, server: ScimServer, address: str
) -> None:
    server.cursors = True
    expired = [refused(400, "expiredCursor")]

    def expire(kind: str) -> None:
        if expired:
            server.trouble.append(expired.pop())

    server.after = expire
    found = reader.read(settings(address), "users")
    keys = keys_of(found)
    assert len(keys) == len(set(keys)) == 8
    assert sum(query.get("cursor") == "" for query in server.lists) == 2


def test_a_server_that_says_nothing_of_itself_is_read_by_count(
    reader: Reader, server: ScimServer, address: str
) -> None:
    server.configured = False
    assert len(records(reader.read(settings(address), "users"))) == 8
    assert all("startIndex" in query for query in server.lists)


def test_only_what_changed_is_asked_for_again_with_an_inclusive_bound(
    reader: Reader, server: ScimServer, address: str
) -> None:
    seen = cursors_of(reader.read(settings(address), "users"))
    assert seen == {"users": {"seen": "2026-09-01T10:00:00+00:00"}}
    server.user("U9", AT + timedelta(hours=7))  # it became visible late, with an older time
    assert set(records(reader.read(settings(address), "users", seen))) == {"U7", "U8", "U9"}
    assert server.lists[-1]["filter"] == 'meta.lastModified ge "2026-09-01T09:00:00Z"'
    shallow = settings(address, again_minutes=0)
    assert set(records(reader.read(shallow, "users", seen))) == {"U8"}


def test_a_stamp_from_the_future_does_not_hide_what_comes_until_then(
    reader: Reader, server: ScimServer, address: str
) -> None:
    server.user("U2", NOW + timedelta(days=900))
    cursors = cursors_of(reader.read(settings(address), "users"))
    server.user("U4", NOW + timedelta(hours=1))
    found = reader.read(settings(address), "users", cursors, now=NOW + timedelta(days=1))
    assert set(keys_of(found)) == {"U2", "U4"}


@pytest.mark.parametrize("changes", ["LAST_MODIFIED", "NONE"])
def test_who_was_switched_off_keeps_that_day_whatever_changes_of_him_later(
    reader: Reader, server: ScimServer, address: str, changes: str
) -> None:
    config, days = settings(address, changes=changes), list[Any]()
    cursors: dict[str, Any] = {}
    for day, active in ((1, False), (30, False), (31, True), (60, False)):
        at = AT + timedelta(days=day)
        server.user("U4", at, active=active, title=f"changed on {day}")
        messages = reader.read(config, "users", cursors)
        cursors = cursors_of(messages)
        days.append(records(messages)["U4"]["inactive_on"])
    assert days == ["2026-09-02", "2026-09-02", None, "2026-10-31"]


def test_while_a_user_has_no_time_of_change_all_are_read(
    reader: Reader, server: ScimServer, address: str
) -> None:
    server.user("W1", None)
    seen = cursors_of(reader.read(settings(address), "users"))
    assert seen["users"]["undated"] is True
    server.user("W1", None, title="changed")
    assert records(reader.read(settings(address), "users", seen))["W1"]["title"] == "changed"
    del server.tables["Users"]["W1"]
    again = cursors_of(reader.read(settings(address), "users", seen))
    assert "undated" not in again["users"]


def test_who_is_in_a_team_is_a_row_of_its_own(
    reader: Reader, server: ScimServer, address: str
) -> None:
    server.tables["Groups"]["G1"]["members"] += [
        {"value": "G2", "type": "Group"},
        {"value": "U3"},
        {"display": "nobody"},
    ]
    config = settings(address, groups=["Sales East"])
    found = records(reader.read(config, "members"))
    assert set(found) == {"G1|U1", "G1|U3", "G1|U5"}
    assert found["G1|U1"] == {"group": "G1", "group.name": "Sales East", "user": "U1"}
    assert set(records(reader.read(config, "groups"))) == {"G1"}
    server.tables["Groups"]["G1"]["members"].pop(0)
    assert reader.keys(config, "members") == ["G1|U3", "G1|U5"]


@pytest.mark.parametrize(
    ("told", "failure", "code"),
    [
        (refused(401), AuthExpired, "source_access_refused"),
        (refused(401, http=200), AuthExpired, "source_access_refused"),
        (refused(403), Forbidden, "source_forbidden"),
        (refused(400, "invalidFilter"), ConfigurationRefused, "scim_filter_refused"),
        (refused(400, "tooMany"), ConfigurationRefused, "scim_too_many"),
        (refused(500, http=200), Transient, "source_status"),
        (refused(404), ConfigurationRefused, "source_answer_refused"),
        (Told(body=b"<html>sign in</html>"), Transient, "source_not_json"),
        (Told(body=b"[]"), Transient, "source_not_json"),
        (
            Told(body={"Resources": 7, "totalResults": 1}),
            ConfigurationRefused,
            "source_rows_missing",
        ),
        (Told(body={"Resources": []}), Transient, "source_not_json"),
        (Told(status=400, body=b"<html>"), ConfigurationRefused, "source_answer_refused"),
    ],
)
def test_what_a_server_refuses_is_told_by_its_consequence(
    reader: Reader,
    server: ScimServer,
    address: str,
    told: Told,
    failure: type[ConnectorFailure],
    code: str,
) -> None:
    server.trouble = [told] * 3
    with pytest.raises(failure) as raised:
        reader.read(settings(address), "users")
    assert raised.value.code == code
    assert "secret data" not in str(raised.value)


def test_a_server_without_filters_is_told_by_check_and_read_whole_when_told_so(
    reader: Reader, server: ScimServer, address: str
) -> None:
    server.filters = False
    report = reader.check(settings(address))
    assert report.code is CheckCode.CONFIGURATION
    assert report.findings[0].code == "scim_filter_refused"
    whole = settings(address, changes="NONE")
    assert reader.check(whole).ok
    seen = cursors_of(reader.read(whole, "users"))
    assert len(records(reader.read(whole, "users", seen))) == 8


@pytest.mark.parametrize("by_cursor", [True, False])
def test_a_server_without_anybody_is_no_failure(
    reader: Reader, server: ScimServer, address: str, by_cursor: bool
) -> None:
    server.cursors = by_cursor
    server.tables = {"Users": {}, "Groups": {}}
    found = reader.read(settings(address), "users")
    assert records(found) == {}
    assert cursors_of(found) == {"users": {}}


def test_a_row_without_an_id_is_rejected_and_nobody_is_missed_by_that_list(
    reader: Reader, server: ScimServer, address: str
) -> None:
    server.tables["Users"]["bad"] = {"userName": "no id", "meta": {}}
    server.tables["Groups"]["bad"] = {"id": " ", "displayName": "no id", "meta": {}}
    for stream, many in (("users", 8), ("groups", 2), ("members", 11)):
        found = reader.read(settings(address), stream)
        assert [m.reason for m in found if isinstance(m, Rejected)] == ["source_key_missing"]
        assert len(records(found)) == many
        with pytest.raises(KeysIncomplete):
            reader.keys(settings(address), stream)


def test_groups_are_read_whole_and_discovered_with_their_columns(
    reader: Reader, server: ScimServer, address: str
) -> None:
    found = reader.read(settings(address), "groups", {"groups": {"anything": 1}})
    assert records(found)["G1"]["size"] == 3
    assert cursors_of(found) == {"groups": {}}
    streams = {s.name: s for s in reader.discover(settings(address)).streams}
    assert streams["members"].columns == ("group", "group.name", "user")
    assert {"person", "is_active", "inactive_on"} <= set(streams["users"].columns)
