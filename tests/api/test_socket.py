"""The protocol of the socket, with a real server: who gets in, what is answered, how it ends."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from api.admission import Admission
from api.documents import DocumentMode, DocumentRules
from api.socket import SocketRules
from tests.api.company import Served, calculated, served
from tests.support import shared
from tests.support.streaming import listening, talking

BOARD = """subscription($since: String) { leaderboardChanged(period: "2026-09", since: $since) {
  sequence mark board { entries { nodes { rank person { name } } } }
  patch { changed { rank } gone } } }"""


@pytest.fixture(scope="module")
def company(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One company for the whole file: the database makes no difference to the protocol."""
    folder = tmp_path_factory.mktemp("socket")
    copy = folder / "attain.db"
    copy.write_bytes(_sqlite_template.read_bytes())
    with served(f"sqlite:///{copy}", folder) as made:
        calculated(made)
        yield made


@pytest.fixture(scope="module")
def port(company: Served) -> Iterator[int]:
    """The company behind a server that soon ends a greeted socket without a subscription.

    It waits long for the greeting itself: a busy machine may take seconds to check a token.
    """
    app = shared.app(
        company.server,
        admission=Admission(origins=frozenset({"https://hr.example"}), each=3),
        sockets=SocketRules(init_seconds=30.0, idle_seconds=1.0),
    )
    with listening(app) as found:
        yield found


@pytest.fixture(scope="module")
def hasty(company: Served) -> Iterator[int]:
    """The company behind a server that hardly waits for the greeting."""
    app = shared.app(company.server, sockets=SocketRules(init_seconds=0.2))
    with listening(app) as found:
        yield found


INIT = {"type": "connection_init"}


def test_a_subscription_sends_text_frames_until_the_client_completes_it(
    company: Served, port: int
) -> None:
    with talking(port, company.token("anna")) as talk:
        talk.subscribe("1", BOARD)
        first = talk.hear()
        assert (first["id"], first["type"]) == ("1", "next")
        frame = first["payload"]["data"]["leaderboardChanged"]
        assert frame["sequence"] == 1
        assert frame["patch"] is None
        assert [row["rank"] for row in frame["board"]["entries"]["nodes"]] == [1, 2, 3, 4, 5]
        talk.say({"id": "1", "type": "complete"})
        talk.subscribe("1", BOARD)
        assert talk.hear()["type"] == "next"


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        (["{nope"], 4400),
        ([[1]], 4400),
        ([{"type": "zzz"}], 4400),
        ([{"no": "type"}], 4400),
        ([b"{}"], 4400),
        ([{"id": "1", "type": "subscribe", "payload": {"query": BOARD}}], 4401),
        ([INIT], 4403),
        ([{**INIT, "payload": 5}], 4400),
        ([{**INIT, "payload": {"authorization": "Bearer wrong"}}], 4403),
        ([{**INIT, "payload": {"authorization": "Basic TOKEN"}}], 4403),
    ],
)
def test_who_does_not_keep_to_the_protocol_is_closed_with_its_code(
    messages: list[object], code: int, port: int
) -> None:
    with talking(port) as talk:
        talk.say(*messages)
        assert talk.closed()[0] == code


def test_who_does_not_greet_in_time_is_closed(hasty: int) -> None:
    with talking(hasty) as talk:
        assert talk.closed()[0] == 4408


def test_after_the_greeting_the_protocol_still_counts(company: Served, port: int) -> None:
    subscribe = {"id": "1", "type": "subscribe", "payload": {"query": BOARD}}
    for messages, code in (
        ([INIT], 4429),
        ([subscribe, subscribe], 4409),
        ([{"type": "subscribe", "payload": {"query": BOARD}}], 4400),
        ([{"id": "", "type": "subscribe", "payload": {"query": BOARD}}], 4400),
        ([{"id": "1", "type": "subscribe"}], 4400),
        ([{"id": "1", "type": "subscribe", "payload": {"query": 5}}], 4400),
        ([{"id": 7, "type": "complete"}], 4400),
        (["x" * (256 * 1024 + 1)], 1009),
        ([], 1001),
    ):
        with talking(port, company.token("anna")) as talk:
            talk.say(*messages)
            assert talk.closed()[0] == code, (messages, code)


@pytest.mark.parametrize("protocol", ["graphql-ws", "foo", None])
def test_other_protocols_are_refused_the_legacy_one_too(port: int, protocol: str | None) -> None:
    with talking(port, protocol=protocol) as talk:
        assert talk.closed() == (4406, "Subprotocol not acceptable")


def test_a_ping_is_answered_with_its_payload(company: Served, port: int) -> None:
    with talking(port) as talk:
        talk.say({"type": "ping"})
        assert talk.hear() == {"type": "pong"}
    with talking(port, company.token("anna")) as talk:
        talk.say({"type": "ping", "payload": {"a": 1}}, {"type": "pong"})
        assert talk.hear() == {"type": "pong", "payload": {"a": 1}}


def test_only_our_pages_and_those_on_the_list_connect(company: Served, port: int) -> None:
    token = company.token("anna")
    for origin in ("http://evil.example", "null", f"http://127.0.0.1:{port + 1}", "http://[", ""):
        with pytest.raises(InvalidStatus) as refused, talking(port, token, origin=origin):
            pass
        assert refused.value.response.status_code == 403, origin
    for origin in (f"http://127.0.0.1:{port}", f"https://127.0.0.1:{port}", "https://hr.example"):
        with talking(port, token, origin=origin) as talk:
            talk.say({"type": "ping"})
            assert talk.hear() == {"type": "pong"}


def test_a_cookie_counts_for_our_own_pages_alone(company: Served, port: int) -> None:
    cookie = {"cookie": f"attain_session={company.token('anna')}"}
    with talking(port, headers=cookie, origin=f"http://127.0.0.1:{port}") as talk:
        assert talk.say(INIT).hear() == {"type": "connection_ack"}
    with talking(port, headers=cookie, origin="https://hr.example") as talk:
        assert talk.say(INIT).closed()[0] == 4403


def test_what_is_wrong_with_an_operation_is_told_with_a_code_in_both_languages(
    company: Served, port: int
) -> None:
    cases = (
        ("subscription { nope }", "GRAPHQL_INVALID", None),
        ("subscription {", "GRAPHQL_INVALID", None),
        ('subscription { jobProgress(id: "job_x") { ahead } }', "NOT_FOUND", "您看不到"),
        ('subscription { leaderboardChanged(period: "x") { mark } }', "VALUE_INVALID", "期间"),
        ("query A { __typename } query B { __typename }", "OPERATION_UNKNOWN", ""),
        ("", "QUERY_MISSING", ""),
    )
    for language in ("en", "zh-CN"):
        with talking(port, company.token("anna"), payload={"accept-language": language}) as talk:
            for query, code, chinese in cases:
                message = talk.subscribe("1", query).hear()
                assert message["type"] == "error", message
                [error] = message["payload"]
                assert error["extensions"]["code"] == code, error
                assert error["extensions"]["requestId"]
                if language == "zh-CN" and chinese:
                    assert chinese in error["message"], error


def test_questions_and_changes_are_answered_once_and_under_all_limits(
    company: Served, port: int
) -> None:
    deep = "{ " + " ".join(f"a{n}: viewer {{ account }}" for n in range(40)) + " }"
    with talking(port, company.token("hr")) as talk:
        answer = talk.subscribe("q", "{ people(first: 2) { totalCount } }").hear()
        assert answer["payload"]["data"] == {"people": {"totalCount": 8}}
        assert talk.hear() == {"id": "q", "type": "complete"}
        refused = talk.subscribe("q", deep).hear()
        assert refused["type"] == "error"
        change = """mutation($k: IdempotencyKey!) { calculationStart(input: {
          idempotencyKey: $k, period: "2026-09", mode: TRIAL }) {
          ... on CalculationStartSuccess { job { id } } ... on Problem { code } } }"""
        jobs = []
        for _ in range(2):
            answer = talk.subscribe("m", change, k="key-of-the-socket").hear()
            jobs.append(answer["payload"]["data"]["calculationStart"]["job"]["id"])
            assert talk.hear()["type"] == "complete"
        assert jobs[0] == jobs[1]


def test_one_connection_runs_ten_operations_and_an_account_has_few_connections(
    company: Served, port: int
) -> None:
    token = company.token("bo")
    with talking(port, token) as talk:
        for number in range(11):
            talk.subscribe(f"s{number}", BOARD)
        messages = [talk.hear() for _ in range(11)]
        [error] = [each for each in messages if each["type"] == "error"]
        assert error["id"] == "s10"
        assert error["payload"][0]["extensions"]["code"] == "STREAMS_TOO_MANY"
        with talking(port, token), talking(port, token), talking(port) as fourth:
            fourth.say({**INIT, "payload": {"authorization": f"Bearer {token}"}})
            assert fourth.closed() == (4429, "Too many connections")


def test_on_a_socket_too_only_documents_of_the_list_are_taken(company: Served) -> None:
    listed = hashlib.sha256(BOARD.encode()).hexdigest()
    rules = DocumentRules(DocumentMode.TRUSTED, frozenset({listed}), {listed: BOARD})
    app = shared.app(company.server, documents=rules)
    with listening(app) as port, talking(port, company.token("anna")) as talk:
        unknown = talk.subscribe("1", "{ __typename }").hear()
        assert unknown["payload"][0]["extensions"]["code"] == "DOCUMENT_UNKNOWN"
        payload = {"documentId": f"sha256:{listed}"}
        talk.say({"id": "2", "type": "subscribe", "payload": payload})
        assert talk.hear()["type"] == "next"
