"""What an ID token has to prove, and what a provider may get wrong, against one over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.http import Http
from connectors.oidc import Oidc, OidcSettings
from connectors.sign_in import Arrival, NotIdentified, ProviderOut, Secret, handshake_of
from tests.support.loopback import Told
from tests.support.oidc_provider import (
    CLIENT,
    SECRET,
    OidcProvider,
    key,
    oidc_provider,
    signed_with_the_public_key,
    unsigned,
)

HANDSHAKE = handshake_of("what only this browser holds")
BACK = "https://attain.example/auth/main/callback"
NOW = datetime(2026, 10, 1, 8, tzinfo=UTC)


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class Meeting:
    """Our side and theirs."""

    def __init__(self, theirs: OidcProvider, http: Http, clock: Clock) -> None:
        self.theirs = theirs
        self.clock = clock
        self.http = http
        self.ours = self.client()

    def client(self, **changed: Any) -> Oidc:
        """Configure a client."""
        right: dict[str, Any] = {
            "id": "main",
            "labels": {"zh-CN": "公司账号", "en": "Company account"},
            "legal_entity": "Hejia",
            "issuer": self.theirs.issuer,
            "client_id": CLIENT,
            "client_secret": Secret(SECRET),
        }
        return Oidc(OidcSettings(**{**right, **changed}), self.http, self.clock)

    def arrival(self, subject: str = "anna") -> Arrival:
        """Sign in there and come back."""
        away = self.ours.leave_for(HANDSHAKE, BACK, "")
        query = parse_qs(urlsplit(self.theirs.authorise(away, subject)).query)
        return Arrival(code=query["code"][0], issuer=query.get("iss", [None])[0])

    def meet(self, subject: str = "anna") -> str:
        """Go the whole way."""
        return self.ours.identify(self.arrival(subject), HANDSHAKE, BACK)

    def reason(self) -> str:
        """Go the whole way in vain; return why."""
        with pytest.raises(NotIdentified) as caught:
            self.meet()
        return caught.value.reason

    def outage(self) -> ProviderOut:
        """Go the whole way in vain, because of the provider."""
        with pytest.raises(ProviderOut) as caught:
            self.meet()
        return caught.value

    def asked(self, path: str) -> int:
        """Count the requests for a path."""
        return sum(each.path == path for each in self.theirs.asked)


@pytest.fixture
def meeting() -> Iterator[Meeting]:
    """A provider that keeps the rules, and a client of it."""
    with made() as both:
        yield both


@contextmanager
def made(seconds: float = 5.0) -> Iterator[Meeting]:
    """Build both sides."""
    clock = Clock()
    http = Http(private_hosts=["127.0.0.1"], seconds=seconds)
    with oidc_provider(clock) as theirs:
        yield Meeting(theirs, http, clock)
    http.close()


def seconds(distance: int) -> int:
    """Return an instant as tokens write it."""
    return int(NOW.timestamp()) + distance


@pytest.mark.parametrize("kind", ["EC", "RSA"])
def test_a_right_token_says_whose_it_is(meeting: Meeting, kind: str) -> None:
    meeting.theirs.signing = key(kind, 1)
    assert meeting.meet() == "anna"
    assert meeting.meet("bo") == "bo"
    # What the provider says about itself is read once, not at each sign-in.
    assert (meeting.asked("/.well-known/openid-configuration"), meeting.asked("/keys")) == (1, 1)


WRONG_CLAIMS: list[tuple[str, dict[str, Any], str]] = [
    ("the issuer of another", {"iss": "https://evil.example"}, "claims_wrong"),
    ("an issuer that only begins alike", {"iss": "http://127.0.0.1"}, "claims_wrong"),
    ("meant for another client", {"aud": "another"}, "claims_wrong"),
    ("meant for nobody", {"aud": []}, "claims_wrong"),
    ("an audience of another shape", {"aud": {"attain-client": 1}}, "claims_wrong"),
    ("many audiences, nobody named", {"aud": [CLIENT, "another"]}, "party_unnamed"),
    ("issued to another", {"aud": [CLIENT, "x"], "azp": "x"}, "party_of_another"),
    ("issued to another, one audience", {"azp": "x"}, "party_of_another"),
    ("over", {"exp": seconds(-61)}, "claims_wrong"),
    ("an end that is no number", {"exp": "tomorrow"}, "claims_wrong"),
    ("not yet", {"nbf": seconds(61)}, "claims_wrong"),
    ("from the future", {"iat": seconds(61)}, "claims_wrong"),
    ("from long ago", {"iat": seconds(-3600)}, "token_old"),
    ("the nonce of another attempt", {"nonce": "another"}, "nonce_of_another"),
    ("a nonce of another shape", {"nonce": ["x"]}, "nonce_of_another"),
    ("nobody's", {"sub": ""}, "claims_wrong"),
    ("a subject that is no text", {"sub": 7}, "claims_wrong"),
    ("a subject with a line break", {"sub": "anna\nadmin"}, "subject_missing"),
    ("an endless subject", {"sub": "a" * 256}, "subject_missing"),
]


@pytest.mark.parametrize(
    ("claims", "reason"),
    [case[1:] for case in WRONG_CLAIMS],
    ids=[case[0] for case in WRONG_CLAIMS],
)
def test_a_token_with_a_wrong_claim_proves_nothing(
    meeting: Meeting, claims: dict[str, Any], reason: str
) -> None:
    meeting.theirs.claims = claims
    assert meeting.reason() == reason


@pytest.mark.parametrize("claim", ["iss", "sub", "aud", "exp", "iat", "nonce"])
def test_a_token_without_a_claim_that_is_needed_proves_nothing(
    meeting: Meeting, claim: str
) -> None:
    meeting.theirs.without = {claim}
    assert meeting.reason() == "claims_wrong"


@pytest.mark.parametrize(
    "claims",
    [{"exp": seconds(-59)}, {"nbf": seconds(59)}, {"iat": seconds(59)},
     {"aud": [CLIENT]}, {"aud": [CLIENT, "x"], "azp": CLIENT}],
)  # fmt: skip
def test_clocks_may_differ_by_a_minute_and_audiences_may_be_a_list(
    meeting: Meeting, claims: dict[str, Any]
) -> None:
    meeting.theirs.claims = claims
    assert meeting.meet() == "anna"


def mangled(meeting: Meeting, change: Callable[[str], str]) -> Callable[[dict[str, Any]], str]:
    return lambda claims: change(meeting.theirs.sign(claims))


def test_a_token_whose_signature_proves_nothing_is_refused(meeting: Meeting) -> None:
    theirs = meeting.theirs
    stranger = OidcProvider(issuer="", clock=meeting.clock, signing=key("EC", 1))
    forgeries: list[Callable[[dict[str, Any]], str]] = [
        unsigned,
        signed_with_the_public_key(theirs.signing),
        mangled(meeting, lambda token: token[:-8] + "AAAAAAA="),
        mangled(meeting, lambda token: token.rpartition(".")[0] + "."),
        mangled(meeting, lambda token: token.rpartition(".")[0]),
        lambda _claims: "not a token",
        lambda _claims: "",
        lambda _claims: "a.b.c",
    ]
    for forge in forgeries:
        theirs.forge = forge
        assert meeting.reason() == "signature_unproven"
    # The right name of a key, and another key behind it.
    theirs.published = [{**key("EC", 2).as_dict(private=False), "kid": stranger.signing.kid}]
    theirs.forge = stranger.sign
    meeting.ours = meeting.client()
    assert meeting.reason() == "signature_unproven"


def test_an_algorithm_that_is_not_on_the_list_is_refused(meeting: Meeting) -> None:
    meeting.theirs.signing = key("RSA", 1)
    meeting.ours = meeting.client(algorithms=("ES256",))
    assert meeting.reason() == "signature_unproven"


def test_a_shared_secret_among_the_public_keys_signs_nothing(meeting: Meeting) -> None:
    public = meeting.theirs.signing
    meeting.theirs.published = [public, {"kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0", "kid": "o"}]
    assert meeting.meet() == "anna"
    meeting.theirs.published = [{"kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0", "kid": public.kid}]
    meeting.ours = meeting.client()
    assert meeting.outage().reason == "keys_unreadable"


def test_new_keys_are_looked_up_once_and_an_unknown_one_is_refused(meeting: Meeting) -> None:
    theirs = meeting.theirs
    assert meeting.meet() == "anna"
    theirs.signing = key("EC", 2)
    assert (meeting.meet(), meeting.asked("/keys")) == ("anna", 2)
    assert (meeting.meet(), meeting.asked("/keys")) == ("anna", 2)
    theirs.published, theirs.signing = [key("EC", 2)], key("EC", 3)
    assert (meeting.reason(), meeting.asked("/keys")) == ("signature_unproven", 3)


def test_a_key_that_was_taken_away_is_believed_for_ten_minutes_at_most(meeting: Meeting) -> None:
    theirs = meeting.theirs
    assert meeting.meet() == "anna"
    theirs.published = [key("EC", 2)]
    meeting.clock.now += timedelta(minutes=11)
    assert meeting.reason() == "signature_unproven"


def test_a_code_serves_once_and_not_for_ever(meeting: Meeting) -> None:
    arrival = meeting.arrival()
    assert meeting.ours.identify(arrival, HANDSHAKE, BACK) == "anna"
    late = meeting.arrival()
    meeting.clock.now += timedelta(minutes=6)
    for each in (arrival, late, Arrival(code="made up")):
        with pytest.raises(NotIdentified) as caught:
            meeting.ours.identify(each, HANDSHAKE, BACK)
        assert caught.value.reason == "code_refused"


def test_a_stolen_code_is_worth_nothing_without_the_verifier(meeting: Meeting) -> None:
    arrival = meeting.arrival()
    with pytest.raises(NotIdentified) as caught:
        meeting.ours.identify(arrival, handshake_of("another browser"), BACK)
    assert caught.value.reason == "code_refused"


def test_whoever_sends_the_browser_back_has_to_be_the_issuer(meeting: Meeting) -> None:
    meeting.theirs.names_issuer = True
    meeting.ours = meeting.client()
    right = meeting.arrival()
    before = meeting.asked("/token")
    for issuer, reason in ((None, "issuer_unnamed"), ("https://x.example", "issuer_of_another")):
        with pytest.raises(NotIdentified) as caught:
            meeting.ours.identify(Arrival(code=right.code, issuer=issuer), HANDSHAKE, BACK)
        assert caught.value.reason == reason
    # The code was not shown to anybody.
    assert meeting.asked("/token") == before
    assert meeting.ours.identify(right, HANDSHAKE, BACK) == "anna"


def test_the_secret_goes_where_the_provider_takes_it(meeting: Meeting) -> None:
    assert meeting.meet() == "anna"
    assert "client_secret" not in meeting.theirs.asked[-2].form
    meeting.theirs.discovery = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    meeting.ours = meeting.client()
    assert meeting.meet() == "anna"
    sent = next(each for each in reversed(meeting.theirs.asked) if each.path == "/token")
    assert sent.form["client_secret"] == SECRET
    assert "authorization" not in sent.headers
    meeting.ours = meeting.client(client_secret=Secret("wrong"))
    assert meeting.outage().reason == "client_refused"


@pytest.mark.parametrize(
    ("path", "told", "reason"),
    [
        ("/.well-known/openid-configuration", Told(body={"issuer": "https://x.example"}),
         "discovery_of_another_issuer"),
        ("/.well-known/openid-configuration", Told(body=b"<html>"), "not_json 200"),
        ("/.well-known/openid-configuration", Told(status=404), "status 404"),
        ("/keys", Told(body={"keys": []}), "keys_unreadable"),
        ("/keys", Told(body={"keys": "none"}), "keys_unreadable"),
        ("/keys", Told(status=302, headers={"location": "/other"}), "redirected 302"),
        ("/token", Told(status=500), "status 500"),
        ("/token", Told(body=b"[]"), "not_json 200"),
        ("/token", Told(body=b"x" * 300_000), "too_large 200"),
    ],
)  # fmt: skip
def test_a_provider_that_does_not_answer_as_it_should_is_out(
    meeting: Meeting, path: str, told: Told, reason: str
) -> None:
    meeting.theirs.broken[path] = told
    assert meeting.outage().reason.startswith(reason)


def test_discovery_without_an_address_or_with_one_that_is_near_is_refused(
    meeting: Meeting,
) -> None:
    for wrong in ({"token_endpoint": None}, {"jwks_uri": "file:///etc/passwd"}):
        meeting.theirs.discovery = wrong
        meeting.ours = meeting.client()
        assert meeting.outage().reason == "discovery_incomplete"
    meeting.theirs.discovery = {"token_endpoint": "https://169.254.169.254/latest"}
    meeting.ours = meeting.client()
    assert meeting.outage().reason.startswith("denied")


def test_a_provider_that_is_slow_is_out_in_time() -> None:
    with made(seconds=0.3) as meeting:
        meeting.theirs.slow = 0.6
        assert meeting.outage().reason.startswith("timeout")


def test_a_provider_that_recovers_is_asked_again(meeting: Meeting) -> None:
    meeting.theirs.broken["/.well-known/openid-configuration"] = Told(status=503)
    assert meeting.outage().reason.startswith("status 503")
    meeting.theirs.broken.clear()
    assert meeting.meet() == "anna"


def test_another_claim_than_sub_may_say_who_it_is(meeting: Meeting) -> None:
    meeting.theirs.claims = {"oid": "the-object-id"}
    meeting.ours = meeting.client(subject_claim="oid")
    assert meeting.meet() == "the-object-id"
    meeting.theirs.claims = {}
    assert meeting.reason() == "subject_missing"
