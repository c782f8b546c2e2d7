"""Signing in with WeCom: one token for all, its errors in HTTP 200, and who is no member."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.http import Http
from connectors.sign_in import Arrival, NotIdentified, ProviderOut, Secret, handshake_of
from connectors.wecom import WeCom, WeComSettings
from tests.support.loopback import Told
from tests.support.wecom_server import AGENT, CORP, SECRET, WeComServer, wecom_server

HANDSHAKE = handshake_of("what only this browser holds")
BACK = "https://attain.example/auth/wecom/callback"
TOKEN, MEMBER = "/cgi-bin/gettoken", "/cgi-bin/auth/getuserinfo"


class Meeting:
    """Our side and theirs."""

    def __init__(self, theirs: WeComServer, http: Http) -> None:
        self.theirs = theirs
        self.http = http
        self.ours = self.client()

    def client(self, secret: str = SECRET) -> WeCom:
        """Configure an application."""
        return WeCom(
            WeComSettings(
                id="wecom",
                labels={"zh-CN": "企业微信", "en": "WeCom"},
                legal_entity="Hejia",
                corp_id=CORP,
                agent_id=AGENT,
                secret=Secret(secret),
                api=f"{self.theirs.address}/cgi-bin",
                inside=f"{self.theirs.address}/inside",
                outside=f"{self.theirs.address}/outside",
            ),
            self.http,
            self.theirs.clock,
        )

    def arrival(self, **who: str) -> Arrival:
        """Scan and come back."""
        away = self.ours.leave_for(HANDSHAKE, BACK, "")
        query = parse_qs(urlsplit(self.theirs.authorise(away, **(who or {"userid": "anna"}))).query)
        return Arrival(code=query["code"][0])

    def meet(self, **who: str) -> str:
        """Go the whole way."""
        return self.ours.identify(self.arrival(**who), HANDSHAKE, BACK)

    def outage(self) -> ProviderOut:
        """Go the whole way in vain, because of WeCom."""
        with pytest.raises(ProviderOut) as caught:
            self.meet()
        return caught.value


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 10, 1, 8, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Everybody's clock."""
    return Clock()


@pytest.fixture
def meeting(clock: Clock) -> Iterator[Meeting]:
    """A server that keeps the rules, and an application of it."""
    http = Http(private_hosts=["127.0.0.1"], seconds=5)
    with wecom_server(clock) as theirs:
        yield Meeting(theirs, http)
    http.close()


def test_a_member_is_a_userid_in_lower_case(meeting: Meeting) -> None:
    assert meeting.meet(userid="Zhang.San@Hejia") == "zhang.san@hejia"


@pytest.mark.parametrize(
    ("who", "reason"),
    [
        ({"openid": "oUser-of-wechat"}, "not_a_member"),
        ({"openid": "o1", "external_userid": "wmcustomer"}, "not_a_member"),
        ({"userid": ""}, "not_a_member"),
        ({"UserId": "anna"}, "not_a_member"),
        ({"userid": "a" * 65}, "userid_unreadable"),
        ({"userid": "anna bo"}, "userid_unreadable"),
    ],
)
def test_who_is_no_member_of_the_company_is_nobody(
    meeting: Meeting, who: dict[str, str], reason: str
) -> None:
    with pytest.raises(NotIdentified) as caught:
        meeting.meet(**who)
    assert caught.value.reason == reason


def test_one_token_serves_until_shortly_before_its_end(meeting: Meeting, clock: Clock) -> None:
    assert [meeting.meet() for _ in range(3)] == ["anna"] * 3
    assert meeting.theirs.calls(TOKEN) == 1
    clock.now += timedelta(seconds=7200 - 299)
    assert (meeting.meet(), meeting.theirs.calls(TOKEN)) == ("anna", 2)


def test_a_token_that_ended_early_is_read_anew_once(meeting: Meeting) -> None:
    assert meeting.meet() == "anna"
    meeting.theirs.kill_tokens()
    assert (meeting.meet(), meeting.theirs.calls(TOKEN)) == ("anna", 2)
    for error in (40014, 42001):
        meeting.theirs.next_errors[MEMBER] = [error]
        assert meeting.meet() == "anna"
    assert meeting.theirs.calls(TOKEN) == 4
    meeting.theirs.next_errors[MEMBER] = [42001, 42001]
    assert meeting.outage().reason == "token_refused"
    assert meeting.theirs.calls(TOKEN) == 5


def test_many_who_sign_in_at_once_read_one_token(meeting: Meeting) -> None:
    arrivals = [meeting.arrival(userid=f"member{number}") for number in range(8)]
    found: list[str] = []

    def sign_in(arrival: Arrival) -> None:
        found.append(meeting.ours.identify(arrival, HANDSHAKE, BACK))

    for _ in range(2):
        meeting.theirs.slow = 0.02
        threads = [threading.Thread(target=sign_in, args=(each,)) for each in arrivals]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if len(found) == 8:
            # Once more with a token that died in between: again one refresh for all.
            meeting.theirs.kill_tokens()
            arrivals = [meeting.arrival(userid=f"later{number}") for number in range(8)]
    assert len(set(found)) == 16
    assert meeting.theirs.calls(TOKEN) == 2


@pytest.mark.parametrize("error", [45009, 45033])
def test_too_many_calls_are_waited_for_and_not_repeated(meeting: Meeting, error: int) -> None:
    meeting.theirs.next_errors[MEMBER] = [error]
    out = meeting.outage()
    assert (out.reason, out.after) == ("rate_limited", 60.0)
    assert meeting.theirs.calls(MEMBER) == 1


def test_a_busy_server_is_asked_three_times(meeting: Meeting) -> None:
    meeting.theirs.next_errors[MEMBER] = [-1, -1]
    assert meeting.meet() == "anna"
    meeting.theirs.next_errors[MEMBER] = [-1, -1, -1]
    assert meeting.outage().reason == "busy"
    assert meeting.theirs.calls(MEMBER) == 6


@pytest.mark.parametrize("error", [40029, 42003, 42022])
def test_a_code_that_is_refused_proves_nothing(meeting: Meeting, error: int) -> None:
    meeting.theirs.next_errors[MEMBER] = [error]
    with pytest.raises(NotIdentified) as caught:
        meeting.meet()
    assert caught.value.reason == "code_refused"


def test_a_code_serves_once_and_for_five_minutes(meeting: Meeting, clock: Clock) -> None:
    used, late = meeting.arrival(), meeting.arrival()
    assert meeting.ours.identify(used, HANDSHAKE, BACK) == "anna"
    clock.now += timedelta(minutes=5)
    for each in (used, late):
        with pytest.raises(NotIdentified):
            meeting.ours.identify(each, HANDSHAKE, BACK)


def test_a_wrong_secret_is_not_tried_again(meeting: Meeting) -> None:
    meeting.ours = meeting.client("wrong")
    assert meeting.outage().reason == "token_error_40001"
    assert meeting.theirs.calls(TOKEN) == 1


@pytest.mark.parametrize(
    "told",
    [Told(body=b"<html>gateway</html>"), Told(body={"errmsg": "ok"}), Told(status=502),
     Told(body={"errcode": "0"}), Told(body=b"[]")],
)  # fmt: skip
def test_what_is_not_the_envelope_is_an_outage(meeting: Meeting, told: Told) -> None:
    meeting.theirs.broken[MEMBER] = told
    assert meeting.outage().after is None


@pytest.mark.parametrize("error", [48002, 50001, 60020])
def test_any_other_error_is_an_outage_with_its_number_and_without_its_text(
    meeting: Meeting, error: int
) -> None:
    meeting.theirs.next_errors[MEMBER] = [error]
    assert meeting.outage().reason == f"error_{error}"


def test_a_typed_userid_is_kept_as_it_is_compared(meeting: Meeting) -> None:
    assert meeting.ours.subject_of_text("Anna.Li") == "anna.li"
    assert meeting.ours.subject_of_text("anna li") is None
    assert meeting.ours.issuer == f"wecom:{CORP}"
