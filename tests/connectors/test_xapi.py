"""The connector for xAPI, against a store that behaves as such stores do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import Backfill, CheckCode
from connectors.failures import AuthExpired, ConfigurationRefused, ConnectorFailure, Transient
from connectors.testing import Case, Earlier, Faults, contract_suite
from connectors.xapi import XapiConnector
from tests.support.loopback import Told
from tests.support.mapped_sources import shipped_mapping, synced, written
from tests.support.messages_read import cursors_of, gone, keys_of, records, rejected_in
from tests.support.reading_sources import Reader
from tests.support.shared_simulator import SharedSimulator
from tests.support.xapi_server import (
    ATTENDED,
    COMPLETED,
    FAILED,
    KEY,
    NARROW,
    PASSED,
    SECRET,
    XapiServer,
    settings,
)

AT = datetime(2026, 9, 1, 2, 0, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MAPPING = shipped_mapping("xapi")


def filled() -> XapiServer:
    server = XapiServer()
    for number in range(1, 8):
        verb = (COMPLETED, PASSED)[number % 2]
        score = {"score": {"scaled": 0.92, "raw": 92, "min": 0, "max": 100}, "success": True}
        day = f"2026-08-{number:02d}T16:30:00Z"
        server.put(f"s{number}", AT + number * SECOND, verb, result=score, timestamp=day)
    return server


SHARED = SharedSimulator(filled, XapiConnector)


def faults_of(server: XapiServer) -> Faults:
    """Give the kit a hand on the store; what is stored never changes."""

    def put(key: str, at: datetime | None, **values: Any) -> tuple[str, str]:
        server.put(key, at, **values)
        return "statements", key

    def insert() -> tuple[str, str]:
        count = len(server.statements)
        return put(f"n{count}", AT + timedelta(hours=1, seconds=count))

    def delete() -> tuple[str, str]:
        server.void("s3", AT + timedelta(hours=2))
        return "statements", "s3"

    def tie() -> set[tuple[str, str]]:
        return {put(f"t{number}", AT + timedelta(hours=3)) for number in range(11)}

    def undated() -> tuple[str, str]:
        return put("undated", None)

    def new_field() -> tuple[str, str]:
        put("new", AT + timedelta(hours=1), context={"platform": "expo"})
        return "statements", "context.platform"

    def lost_field() -> tuple[str, str]:
        server.statements = [row for row in server.statements if "context" not in row]
        return "statements", "context.platform"

    def many(count: int) -> None:
        server.page = 100
        for number in range(count):
            put(f"m{number}", AT + number * SECOND)

    return Faults(
        insert=insert,
        delete=delete,
        tie=tie,
        undated=undated,
        new_field=new_field,
        lost_field=lost_field,
        many=many,
    )


def xapi_case(folder: Path) -> Case:
    server = SHARED.renew()
    server.put("odd", AT, actor={"objectType": "Agent", "name": "nobody"})
    right = settings(SHARED.address)
    far = dict.fromkeys((COMPLETED, PASSED, FAILED, ATTENDED), "2999-01-01T00:00:00.000Z")
    inside = {("statements", "s2"), ("statements", "s3")}
    return Case(
        connector=XapiConnector(),
        folder=folder,
        config=right,
        streams=("statements",),
        wrong={
            CheckCode.AUTHENTICATION: {**right, "secret": "wrong-secret-77"},
            CheckCode.PERMISSION: {**right, "secret": NARROW},
            CheckCode.CONFIGURATION: {**right, "zone": "Mars/Base"},
            CheckCode.UNREACHABLE: {**right, "address": "http://127.0.0.1:9"},
        },
        rejected=1,
        unknown=(("statements", "verb.display.en"),),
        secrets=(SECRET, NARROW, "wrong-secret-77"),
        web=SHARED.web,
        faults=faults_of(server),
        future={"statements": {"seen": far}},
        # Half past midnight in Shanghai: the day before in UTC.
        backfill=(Backfill(start=date(2026, 8, 3), end=date(2026, 8, 5)), frozenset(inside)),
        # As the first release wrote them; every later one goes on from there.
        earlier=(
            Earlier(
                config=right,
                cursors={"statements": {"seen": {COMPLETED: "2026-09-01T02:00:04.000Z"}}},
            ),
        ),
        absent={"K19": "A statement never changes: it is voided, and another one is made instead"},
    )


TestXapi = contract_suite(xapi_case)


def read(reader: Reader, config: dict[str, Any], cursors: Any = None) -> list[Any]:
    return reader.read(config, "statements", cursors)


def test_a_statement_arrives_exact_with_its_person_and_day(reader: Reader, address: str) -> None:
    found = records(read(reader, settings(address)))["s3"]
    wanted = {
        "id": "s3",
        "person": "A017",
        "verb": "passed",
        "verb.id": PASSED,
        "object.id": "https://lms.example.com/course/sales-101",
        "result.success": True,
        "result.score.scaled": Decimal("0.92"),
        "percent": Decimal("92.00"),
        "timestamp.day": "2026-08-04",
    }
    assert {name: found[name] for name in wanted} == wanted
    assert not any(name.startswith("authority") for name in found)


@pytest.mark.parametrize(
    ("actor", "person"),
    [
        ({"mbox": "mailto:li@example.com"}, "li@example.com"),
        ({"mbox_sha1sum": "ab12"}, "ab12"),
        ({"openid": "https://id.example.com/li"}, "https://id.example.com/li"),
        ({"account": {"homePage": "x", "name": "A9"}}, "A9"),
        ({"account": {"homePage": "x"}}, None),
        ({"mbox": "mailto:a@b.c", "openid": "https://id.example.com/li"}, None),
        ({}, None),
    ],
)
def test_exactly_one_thing_names_a_person(
    reader: Reader, server: XapiServer, address: str, actor: Any, person: str | None
) -> None:
    server.statements.clear()
    server.put("one", AT, actor=actor)
    found = read(reader, settings(address))
    assert [row["person"] for row in records(found).values()] == ([person] if person else [])
    assert rejected_in(found) == ([] if person else [("one", "xapi_actor_unclear")])


def test_other_verbs_are_not_asked_for_and_own_ones_are(
    reader: Reader, server: XapiServer, address: str
) -> None:
    own = "https://acme.example/verbs/mentored"
    server.put("own", AT, own)
    assert "own" not in keys_of(read(reader, settings(address)))
    assert keys_of(read(reader, settings(address, verbs=[own]))) == ["own"]


def test_what_came_at_the_very_instant_of_the_mark_is_not_lost(
    reader: Reader, server: XapiServer, address: str
) -> None:
    config = settings(address, again_minutes=0)
    cursors = cursors_of(read(reader, config))
    server.put("same", AT + 6 * SECOND)
    assert "same" in keys_of(read(reader, config, cursors))


def test_the_mark_stays_behind_what_the_store_is_sure_of(
    reader: Reader, server: XapiServer, address: str
) -> None:
    server.through = "2026-09-01T02:00:03Z"
    config = settings(address, again_minutes=0)
    seen = cursors_of(read(reader, config))["statements"]["seen"]
    assert seen == {COMPLETED: "2026-09-01T02:00:03.000Z", PASSED: "2026-09-01T02:00:03.000Z"}


def test_a_store_that_grows_surer_while_it_is_read_is_believed_as_it_was_at_first(
    reader: Reader, server: XapiServer, address: str
) -> None:
    server.page, sure = 2, iter(["2026-09-01T02:00:03Z"])
    server.after = lambda: setattr(server, "through", next(sure, "2026-09-01T02:00:09Z"))
    seen = cursors_of(read(reader, settings(address, again_minutes=0, verbs=[PASSED])))
    assert seen["statements"]["seen"] == {PASSED: "2026-09-01T02:00:03.000Z"}


def test_a_store_that_ignores_the_order_is_covered_by_its_last_page_only(
    reader: Reader, server: XapiServer, address: str
) -> None:
    server.falling = True
    server.page = 2
    found = read(reader, settings(address, verbs=[PASSED]))
    marks = [each.cursor for each in found if type(each).__name__ == "Checkpoint"]
    assert marks[0] == {}
    assert marks[-1] == {"seen": {PASSED: "2026-09-01T02:00:07.000Z"}}


def test_a_voided_statement_is_taken_back(reader: Reader, server: XapiServer, address: str) -> None:
    cursors = cursors_of(read(reader, settings(address)))
    server.void("s3", AT + timedelta(days=9))
    found = read(reader, settings(address), cursors)
    assert gone(found) == ["s3"]
    assert gone(read(reader, settings(address, again_minutes=0), cursors_of(found))) == ["s3"]


def test_the_next_page_is_on_the_same_host_and_not_one_that_was_read(
    reader: Reader, server: XapiServer, address: str
) -> None:
    server.more_at = "https://elsewhere.example"
    with pytest.raises(ConfigurationRefused) as raised:
        read(reader, settings(address))
    assert raised.value.values == {"host": "elsewhere.example"}
    server.trouble = [Told(body={"statements": [], "more": "/xapi/statements?cursor=0"})] * 3
    with pytest.raises(ConfigurationRefused) as raised:
        read(reader, settings(address))
    assert raised.value.code == "source_pages_circle"


@pytest.mark.parametrize(
    ("told", "failure"),
    [
        (Told(status=401, body={}), AuthExpired),
        (Told(status=400, body={}), ConfigurationRefused),
        (Told(body=b"<html>"), Transient),
        (Told(body=[]), Transient),
        (Told(body={"more": ""}), Transient),
    ],
)
def test_what_a_store_refuses_is_told_by_its_consequence(
    reader: Reader,
    server: XapiServer,
    address: str,
    told: Told,
    failure: type[ConnectorFailure],
) -> None:
    server.trouble = [told]
    with pytest.raises(failure):
        read(reader, settings(address))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"address": "lrs"}, "address"),
        ({"key": ""}, "key"),
        ({"secret": ""}, "secret"),
        ({"zone": ""}, "zone"),
        ({"verbs": ["passed"]}, "verbs"),
        ({"verbs": ["http://adlnet.gov/expapi/verbs/voided"]}, "verbs"),
        ({"again_minutes": -1}, "again_minutes"),
        ({"version": "1"}, "version"),
    ],
)
def test_a_wrong_setting_is_named(
    reader: Reader, address: str, change: dict[str, Any], field: str
) -> None:
    report = reader.check({**settings(address), **change})
    assert report.code is CheckCode.CONFIGURATION
    assert report.findings[0].values == {"field": field}
    assert KEY


def test_the_mapping_that_comes_along_is_canonical() -> None:
    assert written(MAPPING) == MAPPING


def test_trainings_and_exams_become_facts_and_are_taken_back(
    database_url: str, tmp_path: Path
) -> None:
    server = XapiServer()
    score = {"result": {"score": {"scaled": 0.925}}}
    server.put("c1", AT)
    server.put("c2", AT)
    server.put("p1", AT, PASSED, **score)
    server.put("f1", AT, FAILED, result={"score": {"scaled": 0.4}})
    server.put("p2", AT, PASSED)
    server.put("a1", AT, ATTENDED)
    place = (database_url, tmp_path)
    with synced(place, XapiConnector(), server.answer, settings, MAPPING) as source:
        source.sync()
        assert source.told() == [
            ("a1#training_attended", "training_attended", "A017", "2026-08-04", 1, "COUNT"),
            ("c1#training", "training", "A017", "2026-08-04", 1, "COUNT"),
            ("c2#training", "training", "A017", "2026-08-04", 1, "COUNT"),
            ("f1#exam", "exam", "A017", "2026-08-04", 400_000, "POINT"),
            ("p1#exam", "exam", "A017", "2026-08-04", 925_000, "POINT"),
        ]
        server.void("c2", AT + timedelta(hours=1))
        server.void("f1", AT + timedelta(hours=1))
        source.sync()
        assert list(source.amounts("training")) == ["c1#training"]
        assert list(source.amounts("exam")) == ["p1#exam"]
        assert source.company.open_quarantine() == []
