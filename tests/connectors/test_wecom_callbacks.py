"""WeCom's callback envelope against the published vectors, and what is refused."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode

import pytest

from connectors.contract import HookRequest
from connectors.sealed_callbacks import (
    CallbackSecrets,
    EnvelopeRefused,
    _cipher,
    is_signed,
    open_sealed,
    seal,
    signature,
)
from connectors.wecom_events import answer_callback, delivery_of, read_fields, reread_of

# A vector that a public library tests itself with.
THEIRS = CallbackSecrets(
    token="kjr2TKI8umCBfVF3wAHk8JiPwma5VBme",
    key="4Ma3YBrSBbX2aez8MJpXGBne5LSDwgGqHbhM9WPYIws",
    receiver="ww6a112864f8022910",
)
THEIR_TEXT = (
    "6KmUQuPVu7UhjyVqRdbo5SfcRqaHvbUlKSHFvBV2ZuR6TIlKsygcfeSd1GDplg1C5KSKr6UPHCaC/nIX3ZNt9w=="
)
OURS = CallbackSecrets(
    token="KpiHubToken2026",
    key="abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
    receiver="wwdemo0001",
)
RANDOM = b"0123456789abcdef"
AT, NONCE = "1767225600", "n0nce42"
NOW = datetime.fromtimestamp(int(AT), UTC)
ECHO = "Q3stYC6hdFzMh9T8HCvyDKjuSSin4sW68s4uLZYpQuy+T/qYuFfiiJyg7ncbHEaJcvG6Q4reX2ltMoYRP6ItzA=="
EVENT = (
    "<xml><ToUserName><![CDATA[wwdemo0001]]></ToUserName><FromUserName><![CDATA[sys]]>"
    "</FromUserName><CreateTime>1767225600</CreateTime><MsgType><![CDATA[event]]></MsgType>"
    "<Event><![CDATA[change_external_contact]]></Event><ChangeType><![CDATA[add_external_contact]]>"
    "</ChangeType><UserID><![CDATA[sales01]]></UserID><ExternalUserID><![CDATA[wmDEMO0001]]>"
    "</ExternalUserID><State><![CDATA[expo26]]></State></xml>"
)
EVENT_TEXT = (
    "Q3stYC6hdFzMh9T8HCvyDIncbwD2guQWJG5baam7akuDy/3qd75+rwQgipLrRKrAMirnHdQcsPYc/jA0wkgoPEa6RZtJ9X"
    "Ma6Tgz3c4qDSe8Zg1MBU+pT+j3Zg7vIEJPl2ZwLNjyJHMy95qj+5eRM7xvfJS8ui6APs0vWfFwVlWiyx123hMjCPw5jwui"
    "VmDsSQMX99oH+DV/WnAfZNYcx6cxVyyYCe0pF8tEv1qj1mKwkjnbfVD5+FluaPAhFgXfe9LfHVwJkjPItFs9Y3DOTtPtHB"
    "D2+588qI5VrAWyIgEa0mdgvbXmRJ40tO2M4Rfwk1T53ilyYB82p7mxzSD40mFOWJkZPUBlQLn8cX1ccTU4B32haWlAfOR4"
    "v1BOFvAsGsHtt6dqAqNpMpedCwzBZBnZ+As526mbFr0FgnVFLDAfmmsSghu6+2hvYU+pZLSKXL2TNedugIJmXCik4sfLHE"
    "SY8k1GcMlMW3uc1WhUaTElF3j5w4AKM1gjLbwj99K6Ij+Q7RT9G75gwAsa9Ki26Xw5L6P4ZT99i0NlQizow6O0xxC700Vc"
    "d/o4RNW6q/s7R5meUgYdtzRKZW5sVNT95w=="
)


def test_the_published_vector_verifies_and_opens() -> None:
    signed = "1ba3cb09c0d2c2b3ed6900d37f91a6efae6cb011"
    assert signature(THEIRS.token, "1583940690", "VHh7ymSeb0jc4lSb", THEIR_TEXT) == signed
    assert is_signed(THEIRS, signed, "1583940690", "VHh7ymSeb0jc4lSb", THEIR_TEXT)
    assert open_sealed(THEIRS, THEIR_TEXT) == b"94966531020182955848408"


@pytest.mark.parametrize(
    ("message", "text", "signed"),
    [
        ("echo-7788", ECHO, "5d46cc18e26602259053db400767eceb59229f84"),
        (EVENT, EVENT_TEXT, "3fc0dd0742e9c746ecb7e02787623c76b9e39e03"),
    ],
)
def test_our_vectors_come_out_the_same_both_ways(message: str, text: str, signed: str) -> None:
    assert seal(OURS, message.encode(), RANDOM) == text
    assert signature(OURS.token, AT, NONCE, text) == signed
    assert open_sealed(OURS, text) == message.encode()


def test_the_key_may_carry_bits_that_are_not_used() -> None:
    # G and H differ in those bits alone: they are one key, and a strict reader refuses the second.
    assert open_sealed(replace(OURS, key=OURS.key[:-1] + "H"), ECHO) == b"echo-7788"


def test_a_text_that_fills_its_blocks_gets_one_more() -> None:
    for letters in range(70):
        message = b"x" * letters
        closed = base64.b64decode(seal(OURS, message, RANDOM))
        assert len(closed) % 32 == 0
        assert len(closed) > 20 + letters + len(OURS.receiver)
        assert open_sealed(OURS, base64.b64encode(closed).decode()) == message


def _closed(plain: bytes) -> str:
    encryptor = _cipher(OURS.key).encryptor()
    return base64.b64encode(encryptor.update(plain) + encryptor.finalize()).decode()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("%%%", "not_base64"),
        ("", "length"),
        (base64.b64encode(b"x" * 17).decode(), "length"),
        (_closed(b"x" * 32 + b"\x00" * 32), "padding"),
        (_closed(b"x" * 31 + b"\x21"), "padding"),
        (_closed(b"x" * 30 + b"\x01\x02"), "padding"),
        (_closed(b"\x20" * 32), "short"),
        (_closed(RANDOM + (99).to_bytes(4, "big") + b"hi" + b"\x0a" * 10), "receiver"),
        (seal(replace(OURS, receiver="wwother"), b"hi", RANDOM), "receiver"),
        (seal(replace(OURS, receiver=""), b"hi", RANDOM), "receiver"),
    ],
)
def test_an_envelope_that_is_not_for_us_is_refused(text: str, reason: str) -> None:
    with pytest.raises(EnvelopeRefused) as raised:
        open_sealed(OURS, text)
    assert raised.value.reason == reason


def _request(
    method: str, text: str, *, body: bytes | None = None, at: str = AT, **query: str
) -> HookRequest:
    asked = {
        "msg_signature": signature(OURS.token, at, NONCE, text),
        "timestamp": at,
        "nonce": NONCE,
    }
    if method == "GET":
        asked["echostr"] = text
    elif body is None:
        body = f"<xml><ToUserName>wwdemo0001</ToUserName><Encrypt>{text}</Encrypt></xml>".encode()
    read = dict(parse_qsl(urlencode(asked | query)))
    return HookRequest(method=method, query=read, headers={}, body=body or b"")


def test_a_verification_is_answered_with_the_bare_text() -> None:
    answer = answer_callback(OURS, _request("GET", ECHO), NOW)
    assert (answer.status, answer.body, answer.delivery) == (200, b"echo-7788", "")


def test_an_event_names_what_to_read_again_and_itself() -> None:
    answer = answer_callback(OURS, _request("POST", EVENT_TEXT), NOW)
    assert (answer.status, answer.body) == (200, b"")
    assert answer.reread == {"behaviour": ("sales01|2026-01-01",)}
    # The same event in another envelope is the same delivery.
    again = seal(OURS, EVENT.replace("<![CDATA[sys]]>", "sys").encode(), b"fedcba9876543210")
    assert answer_callback(OURS, _request("POST", again), NOW).delivery == answer.delivery
    other = seal(OURS, EVENT.replace("wmDEMO0001", "wmDEMO0002").encode(), RANDOM)
    assert answer_callback(OURS, _request("POST", other), NOW).delivery != answer.delivery


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (_request("GET", ECHO, msg_signature="0" * 40), 403),
        (_request("GET", ECHO, msg_signature="ünsigned"), 403),
        (_request("GET", ECHO, nonce="other"), 403),
        (_request("POST", EVENT_TEXT, body=b"<xml/>"), 400),
        (_request("POST", EVENT_TEXT, body=b"{}"), 400),
        (_request("POST", EVENT_TEXT, body=b"x" * 300_000), 400),
        (_request("POST", seal(OURS, b"no xml", RANDOM)), 400),
        (_request("PUT", ECHO), 405),
        (_request("GET", ECHO, at="17672256000000"), 403),
        (_request("GET", ECHO, at="-1"), 403),
    ],
)
def test_what_is_no_callback_for_us_is_turned_away(request_: HookRequest, status: int) -> None:
    answer = answer_callback(OURS, request_, NOW)
    assert (answer.status, answer.body, answer.reread, answer.delivery) == (status, b"", {}, "")


@pytest.mark.parametrize("minutes", [-11, 11])
def test_an_old_callback_cannot_be_played_again(minutes: int) -> None:
    now = NOW + timedelta(minutes=minutes)
    assert answer_callback(OURS, _request("GET", ECHO), now).status == 403


def test_entities_never_grow() -> None:
    with pytest.raises(EnvelopeRefused) as raised:
        read_fields(b'<!DOCTYPE x [<!ENTITY a "aaaa">]><xml><Encrypt>&a;</Encrypt></xml>')
    assert raised.value.reason == "document_type"
    with pytest.raises(EnvelopeRefused) as raised:
        read_fields(b"<a>" * 20)
    assert raised.value.reason == "too_deep"


def test_fields_are_read_with_and_without_cdata_and_by_path() -> None:
    text = "<xml> <A> <B><![CDATA[ 一 ]]></B>\n<B>2</B> </A><C/></xml>"
    assert read_fields(text.encode()) == {"A/B": "一,2", "C": ""}


@pytest.mark.parametrize(
    ("event", "reread"),
    [
        (
            {
                "Event": "change_contact",
                "ChangeType": "update_user",
                "UserID": "Li",
                "NewUserID": "Na",
            },
            {"members": ("li", "na")},
        ),
        (
            {"Event": "change_contact", "ChangeType": "delete_party", "Id": "3"},
            {"departments": ("3",)},
        ),
        ({"Event": "change_contact", "ChangeType": "update_tag", "TagId": "1"}, {}),
        ({"Event": "change_external_chat", "ChatId": "wr1"}, {"groupchats": ()}),
        (
            {"Event": "sys_approval_change", "ApprovalInfo/SpNo": "202601020001"},
            {"approvals": ("202601020001",)},
        ),
        ({"Event": "change_external_contact", "UserID": "li", "CreateTime": "soon"}, {}),
        ({"Event": "enter_agent"}, {}),
        ({}, {}),
    ],
)
def test_each_event_points_at_its_rows(
    event: dict[str, str], reread: dict[str, tuple[str, ...]]
) -> None:
    assert reread_of(event) == reread


def test_a_code_that_lets_somebody_write_to_a_customer_names_nothing() -> None:
    event = {"Event": "change_external_contact", "UserID": "li"}
    assert delivery_of(event) == delivery_of(event | {"WelcomeCode": "CODE"})
