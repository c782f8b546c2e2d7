"""What HR does with connections besides making them: what there is, trying, accepting, watching."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from starlette.testclient import TestClient

from actions.check_connection import Trying, check_connection
from actions.connect_source import create_connection, set_mapping
from api.server import Server
from connectors.contract import (
    Catalog,
    CheckCode,
    CheckFinding,
    CheckReport,
    Context,
    Deletes,
    HookAnswer,
    HookRequest,
    Message,
    Progress,
    ReadRequest,
    StreamInfo,
)
from connectors.failures import AuthExpired, Forbidden, Transient
from messages.render import Locale
from messages.vendor_sentences import vendor_sentences
from plugins.conformance import Conformance
from plugins.live_note import LiveNote, Nearness
from plugins.origin import Origin
from storage import tables
from storage.engine import reading
from tests.api.company import Served, served
from tests.support import shared
from tests.support.company import SYSTEM, Ticking
from tests.support.scripted import SECRET, Scripted, mark, order
from tests.support.syncing import ORDER_MAPPING

TEST = """mutation($input: ConnectionTestInput!) { connectionTest(input: $input) {
  ... on ConnectionTestSuccess { outcome findings { code message } }
  ... on Problem { code message } } }"""
START = """mutation($input: SyncStartInput!) { syncStart(input: $input) {
  ... on SyncStartSuccess { job { id } } ... on Problem { code } } }"""
JOB = """query($id: ID!) { job(id: $id) { state stepsDone steps problem { code message }
  syncRun { id outcome problem { code } } } }"""


class Moody(Scripted):
    """Answers a test as it is told, and can list its keys."""

    answer: Any = CheckReport(code=CheckCode.OK)
    present: tuple[str, ...] = ()

    def check(self, context: Context) -> CheckReport:
        if isinstance(self.answer, Exception):
            raise self.answer
        if callable(self.answer):
            return cast("Callable[[Context], CheckReport]", self.answer)(context)
        report: CheckReport = self.answer
        return report

    def discover(self, context: Context) -> Catalog:
        stream = StreamInfo(name="orders", entity="order", key=("order_no",), deletes=Deletes.SWEEP)
        return Catalog(streams=(stream,))

    def keys(self, context: Context, stream: str) -> Iterator[str]:
        return iter(self.present)


class Office:
    """A company with one connection to a moody source."""

    def __init__(self, made: Served) -> None:
        self.made, self.moody, self._keys = made, Moody(), 0
        made.runtime = replace(
            made.runtime,
            connectors={**made.runtime.connectors, "scripted": self.moody},
            conformance={"scripted": graded(made.runtime.clock())},
        )
        made.server = Server(actions=made.runtime, catalogue=shared.catalogue(), locale=Locale.EN)
        made.app = shared.app(made.server)
        with made.runtime.writing(made.entity, SYSTEM) as writing:
            self.connection = create_connection(
                made.runtime,
                writing,
                SYSTEM,
                name="CRM",
                connector="scripted",
                config={"token": SECRET},
            )
            set_mapping(writing, SYSTEM, self.connection, ORDER_MAPPING)

    def input(self, **more: Any) -> dict[str, Any]:
        self._keys += 1
        given = {"idempotencyKey": f"source-host-{self._keys}", "connection": self.connection}
        return {**given, **more}

    def later(self, by: timedelta) -> None:
        """Move the clock of the company."""
        clock = self.made.runtime.clock
        assert isinstance(clock, Ticking)
        clock.now += by

    def test(self, **more: Any) -> Any:
        return self.made.data("hr", TEST, input=self.input(**more))["connectionTest"]

    def sync(self, **more: Any) -> Any:
        started = self.made.data("hr", START, input=self.input(**more))["syncStart"]
        if "job" not in started:
            return started
        self.made.work()
        return self.made.data("hr", JOB, id=started["job"]["id"])["job"]


def graded(now: datetime) -> Conformance:
    """Grade a plug-in that was run thirty days ago, and that somebody known has signed."""
    ran = now - timedelta(days=30)
    note = LiveNote(
        connector="scripted", ran=ran, source=Nearness.PRIVATE, streams={"orders": 9}, files=""
    )
    return Conformance(
        connector="scripted",
        tier="Platinum",
        api="1.0",
        graded=ran.date(),
        checks={"K01": "passed"},
        sound=True,
        live=note,
        origin=Origin(key="ab" * 32, publisher="The shop"),
    )


@pytest.fixture
def office(sqlite_url: str, tmp_path: Path) -> Iterator[Office]:
    with served(sqlite_url, tmp_path) as made:
        yield Office(made)


# ------------------------------------------------------------------------------ what there is


def test_installed_connectors_say_what_they_need_in_the_language_of_the_request(
    office: Office,
) -> None:
    asked = """{ installedConnectors { id title distribution settingsSchema defaultMapping
      streams { name key deletes retentionDays } capabilities { name version }
      limits { calls seconds path } } }"""
    listed = office.made.data("hr", asked)["installedConnectors"]
    found = {each["id"]: each for each in listed}
    assert list(found) == sorted(found)
    assert {"files", "odoo", "scripted"} <= found.keys()
    assert found["odoo"]["distribution"] == "attain"
    assert found["scripted"]["title"] == "Scripted"
    chinese = office.made.data("hr", asked, "zh-CN")["installedConnectors"]
    assert "脚本" in [each["title"] for each in chinese]
    assert office.made.codes("anna", asked) == ["FORBIDDEN"]


def test_a_grade_shows_how_old_its_live_run_is_and_loses_what_holds_no_longer(
    office: Office,
) -> None:
    asked = """{ installedConnectors { id conformance { tier publisher signedBy platinumLacks
      liveRun { daysOld counts source streams records } } } }"""

    def shown() -> Any:
        listed = office.made.data("hr", asked)["installedConnectors"]
        return {each["id"]: each["conformance"] for each in listed}

    run = {"daysOld": 30, "counts": True, "source": "PRIVATE", "streams": ["orders"], "records": 9}
    signed = {"publisher": "The shop", "signedBy": "ab" * 32}
    good = {"tier": "Platinum", "platinumLacks": [], "liveRun": run, **signed}
    assert shown()["scripted"] == good
    assert shown()["odoo"] is None
    office.later(timedelta(hours=23, minutes=30))
    old = run | {"daysOld": 31, "counts": False}
    lapsed = {"tier": "Gold", "platinumLacks": ["LIVE_RUN_OLD"], "liveRun": old}
    assert shown()["scripted"] == good | lapsed


# ------------------------------------------------------------------------------------- trying


def test_a_test_says_whose_turn_it_is_and_tells_no_secret(office: Office) -> None:
    assert office.test() == {"outcome": "OK", "findings": []}
    finding = CheckFinding(
        code="connector_failed", values={"connector": "scripted", "error": f"token={SECRET}!"}
    )
    office.moody.answer = CheckReport(code=CheckCode.CONFIGURATION, findings=(finding,))
    told = office.test()
    assert told["outcome"] == "CONFIGURATION"
    assert told["findings"][0]["message"] == "The connector scripted failed: token=•••!."
    raised: list[tuple[Exception, str]] = [
        (AuthExpired("source_access_refused", {"status": "401"}), "AUTHENTICATION"),
        (Forbidden("source_forbidden", {"status": "403"}), "PERMISSION"),
        (Transient("source_timeout", {"host": "crm"}), "UNREACHABLE"),
        (ValueError(f"boom {SECRET}"), "CONFIGURATION"),
    ]
    for office.moody.answer, outcome in raised:
        told = office.test()
        assert told["outcome"] == outcome
        assert told["findings"][0]["message"]
        assert SECRET not in str(told)


def test_a_plug_in_says_what_its_own_codes_mean(office: Office) -> None:
    def fail(_request: ReadRequest, _time: int) -> Iterator[Message]:
        raise Transient("acme_quota", {"calls": "500", "token": SECRET})
        yield  # pragma: no cover - makes it a generator

    office.moody.script = fail
    assert office.sync()["syncRun"]["problem"]["code"] == "SOURCE_UNAVAILABLE"
    words = {"en": "All {calls} calls are used up.", "zh-CN": "{calls} 次调用已用完。"}
    said = vendor_sentences((language, {"acme_quota": text}) for language, text in words.items())
    office.made.runtime = replace(office.made.runtime, vendor_sentences=said)
    office.made.server = Server(
        actions=office.made.runtime, catalogue=shared.catalogue(), locale=Locale.EN
    )
    office.made.app = shared.app(office.made.server)
    job = office.sync()
    assert job["syncRun"]["problem"]["code"] == "ROW_REJECTED"
    asked = "{ sourceConnections { runs { problem { message } } } }"
    newest = office.made.data("hr", asked, "zh-CN")["sourceConnections"][0]["runs"][0]
    assert newest["problem"]["message"] == "500 次调用已用完。"


def test_settings_are_tried_before_they_are_stored(office: Office) -> None:
    seen: list[Any] = []

    def answer(context: Context) -> CheckReport:
        seen.append(context.config)
        return CheckReport(code=CheckCode.OK)

    office.moody.answer = answer
    office.test(settings={"token": "another-secret"})
    office.test(connection=None, connector="scripted", settings={"token": "a-third-secret"})
    office.test()
    assert [each["token"] for each in seen] == ["another-secret", "a-third-secret", SECRET]
    assert office.test(connection=None)["code"] == "CHECK_NOTHING"
    missing = {"token": {"$env": "ATTAIN_SECRET_CRM"}}
    assert office.test(settings=missing)["code"] == "SECRET_MISSING"


def test_only_whoever_works_with_sources_may_try_one(office: Office) -> None:
    for who in ("anna", "meng", "auditor"):
        answer = office.made.data(who, TEST, input=office.input())["connectionTest"]
        assert answer["code"] == "FORBIDDEN", who
    unknown = office.made.data("hr", TEST, input=office.input(connection="con_none"))
    assert unknown["connectionTest"]["code"] == "NOT_FOUND"


def test_a_source_that_hangs_is_told_as_unreachable(office: Office) -> None:
    from threading import Event

    go_on = Event()

    def hang(_context: Context) -> CheckReport:
        go_on.wait(20)
        return CheckReport(code=CheckCode.OK)

    office.moody.answer = hang
    trying = Trying(connection_id=office.connection)
    runtime, entity = office.made.runtime, office.made.entity
    report = check_connection(runtime, SYSTEM, entity, trying, seconds=0.05)
    go_on.set()
    assert (report.code, report.findings[0].code) == (CheckCode.UNREACHABLE, "check_too_long")


# ------------------------------------------------------------------------ syncing, accepting


def _rows(many: int) -> Any:
    def script(_request: ReadRequest, _time: int) -> Iterator[Message]:
        yield Progress(stream="orders", done=0, total=many)
        for number in range(1, many + 1):
            yield order(number)
        yield mark(many)

    return script


def test_a_sync_says_how_far_it_is_and_a_suspicious_one_is_accepted_by_name(
    office: Office,
) -> None:
    office.moody.script = _rows(20)
    office.moody.present = tuple(f"A{number}" for number in range(1, 21))
    done = office.sync()
    assert (done["stepsDone"], done["steps"]) == (20, 20)
    first = done["syncRun"]["id"]
    assert office.sync(acceptRun=first)["code"] == "RUN_NOT_TO_ACCEPT"
    office.moody.present = ()
    suspicious = office.sync()["syncRun"]
    assert (suspicious["outcome"], suspicious["problem"]["code"]) == (
        "SUSPICIOUS",
        "SWEEP_TOO_LARGE",
    )
    assert office.sync(acceptRun=first)["code"] == "RUN_NOT_TO_ACCEPT"
    accepted = office.sync(acceptRun=suspicious["id"])
    assert accepted["syncRun"]["outcome"] == "SUCCEEDED"
    with reading(office.made.runtime.engine, SYSTEM) as connection:
        arguments = [row.arguments for row in connection.execute(tables.job.select())]
    assert suspicious["id"] in [each.get("acceptedRun") for each in arguments]


def test_days_are_read_again_when_somebody_asks_for_them(office: Office) -> None:
    office.moody.info = replace(office.moody.info, capabilities={"backfill": 1})
    office.moody.script = _rows(3)
    for half in ({"daysFrom": "2026-07-01"}, {"daysFrom": "2026-07-02", "daysTo": "2026-07-02"}):
        assert office.sync(**half) == {"code": "SYNC_DAYS_UNCLEAR"}
    job = office.sync(daysFrom="2026-07-01", daysTo="2026-08-01")
    assert (job["state"], job["syncRun"]["outcome"]) == ("DONE", "DAYS_READ")
    (health,) = office.made.data("hr", HEALTH)["sourceHealth"]
    assert health["lastOutcome"] is None


# --------------------------------------------------------------------------------- watching

HEALTH = """{ sourceHealth { connection { name } lastOutcome lastGoodRunAt failuresInRow breaker
  nextTryAt quarantined lastHookAt retention { stream retentionDays safeUntil alarm } } }"""
RESET = """mutation($input: ConnectionResetInput!) { connectionReset(input: $input) {
  ... on ConnectionResetSuccess { health { breaker failuresInRow } } ... on Problem { code } } }"""


def test_health_says_what_failed_what_waits_and_what_the_source_is_losing(
    office: Office,
) -> None:
    def failing(_request: ReadRequest, _time: int) -> Iterator[Message]:
        raise Forbidden("source_forbidden", {"status": "403"})

    keeps_a_day = StreamInfo(name="orders", entity="order", key=("id",), retention_days=1)
    office.moody.info = replace(office.moody.info, streams=(keeps_a_day,))
    office.moody.script = _rows(3)
    office.moody.present = ("A1", "A2", "A3")
    office.sync()
    office.moody.script = failing
    for _ in range(5):
        office.sync()
    (health,) = office.made.data("hr", HEALTH)["sourceHealth"]
    assert (health["lastOutcome"], health["failuresInRow"]) == ("FAILED", 5)
    assert (health["breaker"], health["nextTryAt"] is None) == ("OPEN", False)
    assert health["lastGoodRunAt"] is not None
    assert health["retention"][0]["alarm"] is False
    assert office.sync()["code"] == "CONNECTION_CIRCUIT_OPEN"
    assert office.made.codes("anna", HEALTH) == ["FORBIDDEN"]
    for who in ("anna", "auditor"):
        refused = office.made.data(who, RESET, input=office.input())["connectionReset"]
        assert refused == {"code": "FORBIDDEN"}
    reset = office.made.data("hr", RESET, input=office.input())["connectionReset"]
    assert reset["health"] == {"breaker": "CLOSED", "failuresInRow": 0}
    for _ in range(2):  # nobody is signed out meanwhile
        office.later(timedelta(hours=20))
        office.made.data("hr", HEALTH)
    (health,) = office.made.data("hr", HEALTH)["sourceHealth"]
    assert health["retention"][0]["alarm"] is True


CHANGE = """mutation($input: ConnectionChangeInput!) { connectionChange(input: $input) {
  ... on ConnectionChangeSuccess { connection { version timetable { everyMinutes dailyAt } } }
  ... on Problem { code path } } }"""
NEXT = "{ sourceHealth { lastRunAt nextSyncAt } }"


def test_a_timetable_is_given_shown_and_taken_away(office: Office) -> None:
    def change(version: int, **more: Any) -> Any:
        given = office.input(expectedVersion=version, **more)
        return office.made.data("hr", CHANGE, input=given)["connectionChange"]

    assert office.made.data("hr", NEXT)["sourceHealth"] == [{"lastRunAt": None, "nextSyncAt": None}]
    for timetable, path in (
        ({"everyMinutes": 5, "dailyAt": "02:30"}, "timetable"),
        ({"everyMinutes": 1}, "timetable.everyMinutes"),
        ({"dailyAt": "2.30"}, "timetable.dailyAt"),
    ):
        assert change(1, timetable=timetable)["path"] == path
    given = change(1, timetable={"everyMinutes": 60})["connection"]
    assert given == {"version": 2, "timetable": {"everyMinutes": 60, "dailyAt": None}}
    office.moody.script = _rows(3)
    office.moody.present = ("A1", "A2", "A3")
    office.sync()
    (health,) = office.made.data("hr", NEXT)["sourceHealth"]
    began = datetime.fromisoformat(health["lastRunAt"])
    assert datetime.fromisoformat(health["nextSyncAt"]) == began + timedelta(hours=1)
    assert change(2, byHand=True)["connection"]["timetable"] is None
    (health,) = office.made.data("hr", NEXT)["sourceHealth"]
    assert health["nextSyncAt"] is None


# ------------------------------------------------------------------------------ being called


def test_the_door_for_callbacks_says_the_same_to_everybody_it_does_not_know(
    office: Office,
) -> None:
    client = TestClient(office.made.app)

    def hook(_context: Context, request: HookRequest) -> HookAnswer:
        good = request.headers.get("x-secret") == "right"
        return HookAnswer(status=200 if good else 401, body=b"{}", delivery=request.query["id"])

    office.moody.hook = hook  # type: ignore[attr-defined]
    door = f"/hooks/{office.connection}"
    good = client.post(f"{door}?id=1", headers={"X-Secret": "right"}, content=b"\x00raw")
    assert (good.status_code, good.headers["content-type"]) == (200, "application/json")
    wrong = [
        client.post(f"{door}?id=2", content=b"x"),
        client.post("/hooks/con_none?id=3", headers={"X-Secret": "right"}),
        client.get("/hooks/con_none"),
        client.get("/hooks/con%00"),
    ]
    assert {(each.status_code, each.content) for each in wrong} == {(403, b"")}
    assert all(each.elapsed.total_seconds() >= 0.09 for each in wrong)
    large = client.post(f"{door}?id=4", content=b"x" * (1024 * 1024 + 1))
    assert large.status_code == 413
    with reading(office.made.runtime.engine, SYSTEM) as connection:
        kept = [row.delivery for row in connection.execute(tables.hook_delivery.select())]
    assert kept == ["1"]
