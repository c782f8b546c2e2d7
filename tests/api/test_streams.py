"""What streams show: to whom, how often computed, and how soon they end when a right ends."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest
import strawberry
from starlette.applications import Starlette

from actions.jobs import work_once
from actions.sign_in import make_account
from api import leaderboard
from api.access import Audience, UntaggedFieldError, output, streamed
from api.admission import Admission
from api.app import build_app
from api.budget import Budget, Spent
from api.operating import Operating
from api.schema import build_schema
from api.streams import Hub
from domain.access import Role
from tests.api.company import YEAR, Served, calculated, served
from tests.support import shared
from tests.support.company import Ticking
from tests.support.streaming import eventually, listening, streaming, talking

FIELDS = """run { id mode } measure peerGroup own { rank own person { id name } value { text } }
  line { size median { text } ownGap { text } }
  entries { totalCount pageInfo { hasNextPage startCursor endCursor }
    edges { cursor } nodes { rank own person { id name } value { text } } }"""
QUERY = '{ leaderboard(period: "2026-09") { FIELDS } }'.replace("FIELDS", FIELDS)
BOARD = """subscription($since: String) { leaderboardChanged(period: "2026-09", since: $since) {
  sequence mark board { FIELDS } patch { after run { id } own { rank } changed { rank own
  person { id name } value { text } } gone totalCount pageInfo { endCursor } } } }""".replace(
    "FIELDS", FIELDS
)
JOB = """subscription($id: ID!) { jobProgress(id: $id) { sequence ahead
  job { state calculation { people } problem { code } } } }"""
START = """mutation { calculationStart(input: {idempotencyKey: "one-of-the-streams",
  period: "2026-09", mode: TRIAL}) { ... on CalculationStartSuccess { job { id } } } }"""


@pytest.fixture
def made(database_url: str, tmp_path: Path) -> Iterator[Served]:
    """The company with a calculated September, on each database in turn."""
    with served(database_url, tmp_path) as found:
        calculated(found)
        yield found


@pytest.fixture
def here(sqlite_url: str, tmp_path: Path) -> Iterator[Served]:
    """The company on SQLite alone, where the database makes no difference."""
    with served(sqlite_url, tmp_path) as found:
        calculated(found)
        yield found


def application(made: Served, **chosen: Any) -> Starlette:
    """The application with a quick look-out: a test does not wait a second for each look."""
    app = shared.app(made.server, admission=Admission(each=50), **chosen)
    hub: Hub = app.state.hub
    hub.pause = 0.1
    return app


def shown(message: dict[str, Any]) -> Any:
    """The data of a ``next`` message."""
    assert message["type"] == "next", message
    assert "errors" not in message["payload"], message
    return next(iter(message["payload"]["data"].values()))


def code(message: dict[str, Any]) -> str:
    """The code that ended an operation."""
    assert message["type"] == "error", message
    found: str = message["payload"][0]["extensions"]["code"]
    return found


def sell(made: Served, who: str, cents: int) -> str:
    """Sell something more in September, and calculate again."""
    made.company.fact(who, date(2026, 9, 12), cents, subject=f"{who}-0", channel="shop")
    return calculated(made)


def test_everybody_sees_on_a_stream_what_the_question_shows_byte_for_byte(made: Served) -> None:
    everybody = ("hr", "anna", "bo", "fang", "meng", "auditor")
    with ExitStack() as stack:
        port = stack.enter_context(listening(application(made)))
        # All at once, and of the same board: what is shared between them is what must not leak.
        talks = [stack.enter_context(talking(port, made.token(who))) for who in everybody]
        frames = [shown(talk.subscribe("1", wide(BOARD)).hear()) for talk in talks]
        for who, frame in zip(everybody, frames, strict=True):
            asked = made.data(who, wide(QUERY))["leaderboard"]
            assert json.dumps(frame["board"]) == json.dumps(asked), who
        assert len({frame["mark"] for frame in frames}) == 5  # hr and auditor see the same
        sell(made, "dai", 90_000_000)
        for who, frame, talk in zip(everybody, frames, talks, strict=True):
            asked = made.data(who, wide(QUERY))["leaderboard"]
            assert patched(frame["board"], shown(talk.hear())["patch"]) == asked["entries"]["nodes"]
        admin = stack.enter_context(talking(port, made.token("admin")))
        assert code(admin.subscribe("1", BOARD).hear()) == "FORBIDDEN"


def patched(board: Any, patch: Any) -> list[Any]:
    """What a client makes of a page and what differs."""
    rows = {row["person"]["id"]: row for row in board["entries"]["nodes"]}
    rows |= {row["person"]["id"]: row for row in patch["changed"]}
    left = [row for person, row in rows.items() if person not in patch["gone"]]
    return sorted(left, key=lambda row: (row["rank"], row["person"]["id"]))


def wide(text: str) -> str:
    """The board of the whole company, for those who are on none."""
    return text.replace('period: "2026-09"', 'period: "2026-09", peerGroup: COMPANY')


def test_a_change_comes_as_a_patch_that_makes_the_new_page(made: Served) -> None:
    with listening(application(made)) as port, talking(port, made.token("anna")) as talk:
        first = shown(talk.subscribe("1", BOARD).hear())
        old_run = first["board"]["run"]["id"]
        new_run = calculated(made)
        second = shown(talk.hear())
        assert (second["sequence"], second["board"]) == (2, None)
        assert second["patch"]["after"] == first["mark"]
        assert second["patch"]["run"]["id"] == new_run != old_run
        assert second["patch"]["changed"] == []
        sell(made, "dai", 90_000_000)
        third = shown(talk.hear())
        assert 0 < len(third["patch"]["changed"]) <= 5
        now = made.data("anna", QUERY)["leaderboard"]["entries"]
        assert patched(first["board"], third["patch"]) == now["nodes"]
        with talking(port, made.token("anna")) as again:
            resumed = shown(again.subscribe("1", BOARD, since=first["mark"]).hear())
            assert resumed["patch"]["after"] == first["mark"]
            assert resumed["mark"] == third["mark"]
            unknown = shown(again.subscribe("2", BOARD, since="0" * 32).hear())
            assert unknown["board"]["entries"]["nodes"] == now["nodes"]


def test_a_job_is_watched_until_it_has_ended(made: Served) -> None:
    job = made.data("hr", START)["calculationStart"]["job"]["id"]
    with listening(application(made)) as port:
        with talking(port, made.token("hr")) as talk:
            first = shown(talk.subscribe("j", JOB, id=job).hear())
            assert first == {
                "sequence": 1,
                "ahead": 0,
                "job": {"state": "QUEUED", "calculation": None, "problem": None},
            }
            assert work_once(made.runtime)
            frames = []
            message = talk.hear()
            while message["type"] == "next":
                frames.append(shown(message))
                message = talk.hear()
            assert message == {"id": "j", "type": "complete"}
            assert [frame["sequence"] for frame in frames] == list(range(2, 2 + len(frames)))
            assert frames[-1]["job"] == {
                "state": "DONE",
                "calculation": {"people": 7},
                "problem": None,
            }
        with talking(port, made.token("anna")) as talk:
            assert code(talk.subscribe("j", JOB, id=job).hear()) == "FORBIDDEN"


def test_a_board_is_computed_once_for_all_who_see_the_same(made: Served) -> None:
    app = application(made)
    hub: Hub = app.state.hub
    made.company.write(partial(second_account, made=made))
    with listening(app) as port, ExitStack() as stack:
        talks = [
            stack.enter_context(talking(port, made.token(who)))
            for who in ("hr", "hr2", "hr", "hr2", "hr", "hr2")
        ]
        for talk in talks:
            for name in range(5):
                talk.subscribe(str(name), wide(BOARD))
        assert len({shown(talk.hear())["mark"] for talk in talks for _ in range(5)}) == 1
        assert hub.seats == 30
        assert eventually(lambda: hub.looks > 3)
        before = hub.computed
        assert before <= 2  # at the start, and once more when the look-out began
        calculated(made)
        assert len({shown(talk.hear())["mark"] for talk in talks for _ in range(5)}) == 1
        assert hub.computed - before <= 2  # a calculation commits twice
        anna = stack.enter_context(talking(port, made.token("anna")))
        assert shown(anna.subscribe("1", wide(BOARD)).hear())["board"]["own"]["own"] is True
        assert hub.computed > before + 1
    assert eventually(lambda: hub.seats == 0 and not hub.is_watching)


def second_account(writing: Any, made: Served) -> str:
    """Another officer of the same department: other account, same rights."""
    assert made.entity
    return make_account(
        writing, login="hr2", person_id=None, locale="en", roles=(Role.HR,), valid_from=YEAR
    )


def test_a_revoked_session_ends_its_streams_and_no_others(made: Served) -> None:
    app = application(made)
    with ExitStack() as stack:
        port = stack.enter_context(listening(app))
        anna, bo = (stack.enter_context(talking(port, made.token(who))) for who in ("anna", "bo"))
        shown(anna.subscribe("1", BOARD).hear())
        shown(bo.subscribe("1", BOARD).hear())
        made.data("anna", "mutation { sessionRevoke(input: {}) { __typename } }")
        assert code(anna.hear()) == "SESSION_ENDED"
        calculated(made)
        assert shown(bo.hear())["patch"] is not None
        anna.subscribe("2", BOARD)
        assert anna.closed()[0] == 4403


def test_an_ended_role_ends_the_streams_of_those_who_had_it(made: Served) -> None:
    with listening(application(made)) as port, talking(port, made.token("meng")) as meng:
        first = shown(meng.subscribe("1", BOARD).hear())
        assert all(row["value"] for row in first["board"]["entries"]["nodes"])
        leave(made, "meng")
        assert code(meng.hear()) == "ACCESS_CHANGED"


def test_a_session_that_expires_ends_its_streams_by_the_clock_alone(here: Served) -> None:
    app = application(here)
    app.state.hub.full_check = 0.2
    with listening(app) as port, talking(port, here.token("anna")) as anna:
        shown(anna.subscribe("1", BOARD).hear())
        assert eventually(lambda: app.state.hub.looks > 2)
        clock = here.runtime.clock
        assert isinstance(clock, Ticking)
        clock.now += timedelta(days=400)  # nothing is written: only time passes
        assert code(anna.hear()) == "SESSION_ENDED"


def test_a_board_that_changes_often_sends_one_frame_for_each_look(here: Served) -> None:
    app = application(here)
    app.state.hub.pause = 1.0
    with listening(app) as port, talking(port, here.token("anna")) as anna:
        shown(anna.subscribe("1", BOARD).hear())
        began, changes, last = time.monotonic(), 0, ""
        frames: list[Any] = []
        while time.monotonic() - began < 2.5:
            last, changes = sell(here, "dai", 1_000_000), changes + 1
        while not frames or frames[-1]["patch"]["run"]["id"] != last:
            frames.append(shown(anna.hear()))
        assert changes > len(frames)
        assert len(frames) <= 1 + time.monotonic() - began
        assert [frame["sequence"] for frame in frames] == list(range(2, 2 + len(frames)))


def leave(made: Served, who: str) -> None:
    """Let somebody work here no more."""
    person, query = made.ids[who], "query($p: ID!) { person(id: $p) { version } }"
    answer = made.data(
        "hr",
        """mutation($p: ID!, $v: Int!) { personLeave(input: {person: $p, on: "2026-10-01",
          expectedVersion: $v, idempotencyKey: "no-longer-a-leader"}) {
          __typename ... on Problem { code message } } }""",
        p=person,
        v=made.data("hr", query, p=person)["person"]["version"],
    )
    assert answer["personLeave"]["__typename"] == "PersonLeaveSuccess", answer


def test_a_policy_that_changes_ends_a_stream_at_the_next_event(
    here: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening(application(here)) as port, talking(port, here.token("anna")) as anna:
        shown(anna.subscribe("1", BOARD).hear())
        monkeypatch.setattr("api.access.may", lambda *_: False)
        calculated(here)
        assert code(anna.hear()) == "FORBIDDEN"


class Noting(Budget):
    """A budget whose bucket is filled by the test alone, and that writes down what is spent."""

    spent: ClassVar[list[int]] = []
    now: ClassVar[float] = 0.0

    def spend(self, account_id: str | None, address: str, cost: int) -> Spent:
        """Spend, and write it down."""
        found = super().spend(account_id, address, cost)
        if not found.wait:
            self.spent.append(cost)
        return found


def test_events_cost_little_and_wait_when_the_bucket_is_empty(
    here: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.operation._LONGEST_WAIT", 0.05)
    Noting.spent.clear()
    budget = Noting(size=20_000, per_second=20_000, seconds=lambda: Noting.now)
    app = application(here, operating=Operating(budget=budget))
    with listening(app) as port, talking(port, here.token("anna")) as anna:
        told = anna.subscribe("1", BOARD).hear()["payload"]["extensions"]["cost"]
        assert eventually(lambda: len(Noting.spent) == 2)
        assert Noting.spent == [told["estimated"], told["estimated"] // 20]
        left = told["remaining"] - Noting.spent[1]
        assert budget.spend(next(iter(budget._accounts)), "", left).remaining == 0
        sell(here, "dai", 90_000_000)
        assert "extensions" not in anna.hear()["payload"]  # paid for already
        sell(here, "dai", 10_000_000)
        with pytest.raises(TimeoutError):
            anna.hear(1)
        last, looks = sell(here, "dai", 10_000_000), app.state.hub.looks
        assert eventually(lambda: app.state.hub.looks > looks + 2)
        Noting.now = 1.0
        assert shown(anna.hear())["patch"]["run"]["id"] == last


@output(access=Audience.SIGNED_IN, description="Streams that go wrong.")
class Faulty:
    """Part of a subscription root."""

    @streamed("One, and then a bug.", access=Audience.SIGNED_IN)
    async def breaks(self) -> AsyncIterator[int]:
        """Break in the middle."""
        return _breaking()

    @streamed("A bug at once.", access=Audience.SIGNED_IN)
    async def never(self) -> AsyncIterator[int]:
        """Break at once."""
        raise RuntimeError("the secret of the database")


async def _breaking() -> AsyncIterator[int]:
    yield 1
    raise RuntimeError("the secret of the database")


def test_a_fault_is_masked_on_a_stream_as_everywhere(
    here: Served, caplog: pytest.LogCaptureFixture
) -> None:
    schema = build_schema(subscriptions=[Faulty])
    app = build_app(here.server, schema=schema)
    with listening(app) as port, talking(port, here.token("anna")) as anna:
        assert shown(anna.subscribe("1", "subscription { breaks }").hear()) == 1
        for message in (anna.hear(), anna.subscribe("2", "subscription { never }").hear()):
            assert code(message) == "INTERNAL"
            error = message["payload"][0]
            assert "secret" not in json.dumps(error)
            assert error["extensions"]["requestId"] in caplog.text
        with streaming(port, here.token("anna"), "subscription { breaks }") as events:
            assert events.frame() == ("next", {"data": {"breaks": 1}})
            assert events.frame()[1]["errors"][0]["extensions"]["code"] == "INTERNAL"
            assert events.frame() == ("complete", None)
    assert caplog.text.count("Traceback") == 3


def test_a_fault_in_what_all_share_is_logged_once_and_ends_every_stream(
    here: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("the secret of the database")

    with listening(application(here)) as port, talking(port, here.token("anna")) as anna:
        for name in range(5):
            shown(anna.subscribe(str(name), BOARD).hear())
        monkeypatch.setattr("api.live.board", broken)
        calculated(here)
        ends = [anna.hear() for _ in range(5)]
        assert {code(message) for message in ends} == {"STREAM_INTERRUPTED"}
        assert "secret" not in json.dumps(ends)
        monkeypatch.undo()
        shown(anna.subscribe("again", BOARD).hear())
    faults = [record for record in caplog.records if record.levelname == "ERROR"]
    assert [record.getMessage() for record in faults] == ["streams were ended by a fault"]


def test_an_event_has_a_deadline_of_its_own(here: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*given: Any) -> Any:
        time.sleep(1.1)
        return real(*given)

    app, real = application(here), leaderboard._board
    with listening(app) as port, talking(port, here.token("anna")) as anna:
        shown(anna.subscribe("1", BOARD).hear())
        app.state.hub.deadline_seconds = 1.0
        monkeypatch.setattr(leaderboard, "_board", slow)
        calculated(here)
        assert code(anna.hear()) == "DEADLINE_EXCEEDED"


def test_a_subscription_without_a_tag_stops_the_schema() -> None:
    @strawberry.type(description="A part that forgot the tags.")
    class Forgetful:
        @strawberry.subscription(description="Open by mistake.")
        async def pay(self) -> AsyncIterator[int]:
            return _breaking()

    with pytest.raises(UntaggedFieldError, match="pay"):
        build_schema(subscriptions=[Forgetful])
