"""Recording: nothing secret and nobody is kept, and what is kept brings the same again."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import Context, Record, content_hash
from connectors.kit import recording
from connectors.kit.cassettes import CassetteRefused, cassette_of, exact_json, written
from connectors.kit.hiding import Hider, is_hidden
from connectors.kit.recording import record
from connectors.kit.replaying import Replayed
from connectors.kit.scanning import Allowed, allowed_in, demand_clean, looks_random
from connectors.secret_forms import tells
from connectors.web import Pairs, WebAnswer
from tests.support.telling_source import (
    FORMS,
    ISSUED,
    PEOPLE,
    SECRET,
    TellingConnector,
    TellingWeb,
    answered,
    wish_of,
)

READS = {"check.json", "discover.json", "read.people.json", "read.orders.json"}
KEY = "kT8vQ2mZr5YxB7nWd4"


def rows_of(texts: Mapping[str, str], stream: str, folder: Path) -> list[Mapping[str, Any]]:
    name = f"read.{stream}.json"
    replayed = Replayed(cassette=cassette_of(exact_json(texts[name])), name=name, folder=folder)
    found = replayed.read(TellingConnector())
    return [message.content for message in found if isinstance(message, Record)]


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_that_the_source_repeats_in_any_form_is_hidden(form: str) -> None:
    said = FORMS[form](SECRET)
    texts = record(wish_of(), lambda: TellingWeb(echo=said))
    assert set(texts) == READS
    whole = "\n".join(texts.values())
    assert said not in whole
    assert json.dumps(said, ensure_ascii=False)[1:-1] not in whole
    assert "hidden-password" in whole
    for run in re.findall(r"[A-Za-z0-9+/_-]{8,}", whole):
        plain = run.replace("-", "+").replace("_", "/")
        for begin in range(4):
            part = plain[begin:][: (len(plain) - begin) // 4 * 4]
            assert SECRET.encode()[3:-3] not in base64.b64decode(part)


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_that_was_not_hidden_is_refused_in_any_form(form: str) -> None:
    document = {"exchanges": [{"answered": {"json": {"note": FORMS[form](SECRET)}}}]}
    with pytest.raises(CassetteRefused) as refused:
        demand_clean("read.json", document, (SECRET,))
    assert "a secret, in one of its forms" in str(refused.value)
    assert not tells(str(refused.value), (SECRET,))


@pytest.mark.parametrize(
    "parts",
    [
        {"key": 'pä"ss/word+', "=1": ""},
        {"key": 'pä"ss/word+', "rest": "&=1"},
        ['pä"ss', "/word", "+&=1"],
        {"url": "https://x.example/?p=pä%22ss/word%2B%26%3D1"},
        {"coded": base64.b64encode(b"a=1&p=p%C3%A4%22ss%2Fword%2B%26%3D1").decode()},
        {"coded": base64.b64encode(b'{"p": "p\\u00e4\\"ss/word+&=1"}').decode()},
        {"twice": "p%25C3%25A4%2522ss%252Fword%252B%2526%253D1"},
    ],
)
def test_a_secret_in_parts_or_twice_encoded_is_refused(parts: Any) -> None:
    with pytest.raises(CassetteRefused, match="one of its forms"):
        demand_clean("read.json", {"asked": {"query": parts}}, (SECRET,))


def test_a_recording_that_hides_nothing_is_refused_before_anything_is_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Hider, "text", lambda _self, text: text)
    with pytest.raises(CassetteRefused, match="one of its forms"):
        record(wish_of(), lambda: TellingWeb(echo=FORMS["as a Basic header"](SECRET)))


def test_an_access_that_the_source_issued_is_hidden_and_still_leads_on(tmp_path: Path) -> None:
    texts = record(wish_of(), TellingWeb)
    assert ISSUED not in "".join(texts.values())
    document = exact_json(texts["read.orders.json"])
    token, orders, *_ = document["exchanges"]
    assert token["asked"]["form"] == {
        "user": "person3@example.com",
        "password": "hidden-password",
    } or (token["asked"]["form"]["password"] == "hidden-password")
    assert token["answered"]["json"]["access_token"] == "hidden-access-token"
    assert token["answered"]["json"]["token_type"] == "Bearer"
    assert orders["asked"]["query"] == {"ticket_token": "hidden-access-token"}
    assert "headers" not in orders["answered"]
    assert orders["asked"]["headers"] == {"accept": "application/json"}
    assert orders["asked"]["withheld"] == ["authorization"]
    assert len(rows_of(texts, "orders", tmp_path)) == 2


def test_an_access_is_hidden_where_it_stood_before_anybody_called_it_one() -> None:
    texts = record(wish_of(), lambda: TellingWeb(issued="code"))
    assert ISSUED not in "".join(texts.values())
    token = exact_json(texts["read.orders.json"])["exchanges"][0]
    assert token["answered"]["json"]["code"] == "hidden-ticket-token"


def test_the_same_person_has_the_same_stand_in_wherever_they_come(tmp_path: Path) -> None:
    texts = record(wish_of(), TellingWeb)
    whole = "".join(texts.values())
    for person in PEOPLE:
        for value in person.values():
            assert str(value) not in whole
    people = rows_of(texts, "people", tmp_path)
    orders = rows_of(texts, "orders", tmp_path)
    by_id = {row["id"]: row for row in people}
    assert len(by_id) == len(PEOPLE)
    assert [by_id[row["by"]]["name"] for row in orders] == [row["who"] for row in orders]
    assert len({row["name"] for row in people}) == 2
    assert all(isinstance(row["id"], int) for row in people)
    assert orders[0]["note"] == f"{people[0]['name']} called {people[0]['phone']}"
    assert orders[1]["note"] == f"for {people[1]['mail']}"
    assert re.fullmatch(r"person\d@example\.com", str(people[0]["mail"]))
    assert re.fullmatch(r"1990000\d{4}", str(people[0]["phone"]))
    config = exact_json(texts["check.json"])["config"]
    assert config["user"] == people[0]["mail"]
    assert config["address"] == "https://address.example"


def test_a_stand_in_is_never_what_somebody_really_has() -> None:
    hider = Hider(taken=lambda text: text in ("person-1", "19900000002"))
    assert hider.person("Anna Berg") == "person-2"
    assert hider.person("13812345678") == "19900000003"
    assert hider.person("Anna Berg") == "person-2"
    assert hider.person("1988-05-01") == "1900-01-05"
    assert hider.person("11010519491231002X") == "99000000000000005X"


def test_a_person_whom_no_stream_declares_is_nobody_all_the_same() -> None:
    besides = {"via": {"from": "ask zhao.lei@pangu-works.cn or 13712345678"}}
    text = record(wish_of(), lambda: TellingWeb(besides=besides))["read.orders.json"]
    assert "zhao.lei" not in text
    assert re.search(r"ask person\d@example\.com or 1990000\d{4}", text)


def test_a_key_of_letters_and_digits_keeps_its_length_for_who_decodes_it() -> None:
    key = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
    hider = Hider()
    stand_in = hider.secret("callback_key", key)
    assert len(stand_in) == len(key) == 43
    assert base64.b64decode(f"{stand_in}=")
    assert hider.secret("callback_key", key[::-1]) != stand_in
    assert is_hidden(stand_in)


def test_a_secret_that_stands_in_another_one_is_replaced_there() -> None:
    hider = Hider()
    hider.secret("password", "password-one")
    hider.secret("security_token", "tok-tok-two")
    assert hider.text("password-onetok-tok-two") == "hidden-passwordhidden-security-token"
    assert hider.leaf("xpassword-one") == "xhidden-password"


def test_what_stands_for_a_secret_holds_none() -> None:
    hider = Hider()
    hider.secret("access_token", "ACCESS_TOKEN")
    hider.rename()
    assert hider.leaf("ACCESS_TOKEN") == "hidden-1"


def test_a_field_that_only_sounds_like_a_secret_is_said_so_in_writing() -> None:
    def web() -> TellingWeb:
        return TellingWeb(besides={"apiKey": "ownerId"})

    assert '"hidden-apikey"' in record(wish_of(), web)["read.orders.json"]
    why = "the names of columns, which this source calls so"
    allowed = (Allowed(field="apiKey", pattern=r"\w{1,40}", why=why),)
    assert '"ownerId"' in record(wish_of(allowed=allowed), web)["read.orders.json"]
    random = record(wish_of(allowed=allowed), lambda: TellingWeb(besides={"apiKey": KEY}))
    assert KEY not in random["read.orders.json"]


def test_amounts_are_kept_to_the_digit(tmp_path: Path) -> None:
    text = '{"a": 120000.50, "b": 1E+2, "c": 12345678901234567890.10, "d": -0.00, "e": [1, 2]}'
    assert written(exact_json(text), 0) == text
    orders = rows_of(record(wish_of(), TellingWeb), "orders", tmp_path)
    assert orders[0]["amount"] == Decimal("120000.5")
    assert content_hash({"amount": orders[0]["amount"]}) == content_hash(
        {"amount": Decimal("120000.5")}
    )


def test_what_looks_like_a_key_is_refused_until_somebody_says_in_writing_what_it_is() -> None:
    def web() -> TellingWeb:
        return TellingWeb(besides={"ref": KEY})

    with pytest.raises(CassetteRefused) as refused:
        record(wish_of(), web)
    told = str(refused.value)
    assert "ref: 18 signs that look like a key" in told
    assert KEY not in told
    why = "the numbers that the source gives to rows"
    allowed = (Allowed(field="ref", pattern=r"\w{18}", why=why),)
    assert KEY in record(wish_of(allowed=allowed), web)["read.orders.json"]
    elsewhere = (Allowed(field="no", pattern=r"\w{18}", why=why),)
    with pytest.raises(CassetteRefused, match="look like a key"):
        record(wish_of(allowed=elsewhere), web)
    hidden = record(wish_of(hides=("ref",)), web)["read.orders.json"]
    assert KEY not in hidden
    assert '"hidden-ref"' in hidden


@pytest.mark.parametrize(
    "entry",
    [
        {"field": "ref", "pattern": ".*", "why": "it is quite harmless, honestly"},
        {"field": "ref", "pattern": "[0-9a-f]{32}", "why": "harmless"},
        {"field": "ref", "pattern": "[0-9a-f]{32}"},
        {"field": "ref", "pattern": "[0-9", "why": "the ids of rows, they open nothing"},
    ],
)
def test_an_exception_without_reason_or_bounds_is_none(entry: object, tmp_path: Path) -> None:
    (tmp_path / "allowed.json").write_text(json.dumps([entry]), "utf-8")
    with pytest.raises(CassetteRefused):
        allowed_in(tmp_path)


def test_an_exception_does_not_hold_for_a_declared_secret() -> None:
    secret = "f0e1d2c3b4a5968778695a4b"
    why = "the numbers that the source gives to rows"
    allowed = [Allowed(field="ref", pattern=r"[0-9a-f]{24}", why=why)]
    demand_clean("a", {"ref": secret}, (), allowed)
    with pytest.raises(CassetteRefused, match="one of its forms"):
        demand_clean("a", {"ref": secret}, (secret,), allowed)
    with pytest.raises(CassetteRefused, match="secret by its name"):
        demand_clean("a", {"api_token": secret}, (), allowed)


@pytest.mark.parametrize(
    ("token", "random"),
    [
        (KEY, True),
        ("9f86d081884c7d659a2feaa0", True),
        ("3b241101-e2bb-4255-8caf-4136c566a962", True),
        ("AKIA" + "J5Q2ZR7TXW4N6YHM", True),
        ("lastModifiedDateTimeUtc", False),
        ("customer-relationship-management-2026-q3", False),
        ("2026-09-01T080000", False),
        ("20260901120000123456", False),
        ("SO2026090100001234", False),
        ("application/x-www-form-urlencoded", False),
    ],
)
def test_keys_look_random_and_words_and_numbers_do_not(token: str, random: bool) -> None:
    assert looks_random(token) is random


class ForgetfulWeb(TellingWeb):
    """Hands out bodies that nobody could read, or that are too many."""

    body = b""

    def get(self, address: str, query: Pairs = (), headers: Pairs = ()) -> WebAnswer:
        return WebAnswer(status=200, headers={}, body=self.body)


@pytest.mark.parametrize(
    ("body", "told"),
    [(b"\x89PNG\xff\xfe", "no text"), (b'"' + b"a" * recording.MOST_BYTES + b'"', "smaller pages")],
    ids=["an image", "a large page"],
)
def test_what_cannot_be_read_in_a_review_is_refused(body: bytes, told: str) -> None:
    web = ForgetfulWeb()
    web.body = body
    with pytest.raises(CassetteRefused, match=told):
        record(wish_of(streams=("people",)), lambda: web)


class MoodyConnector(TellingConnector):
    """Asks with a number that is another one each time."""

    def __init__(self) -> None:
        self.times = 0

    def ask(self, context: Context, path: str, token: str) -> Any:
        self.times += 1
        query = {"ticket_token": token, "call": f"n{self.times}"}
        return context.web.get(f"{context.config['address']}{path}", query).demand_ok().json()


def test_a_recording_that_would_not_replay_is_refused_with_the_way_out() -> None:
    wish = wish_of(connector=MoodyConnector())
    with pytest.raises(CassetteRefused, match=r"does not replay(.|\n)*query call(.|\n)*--ignore"):
        record(wish, TellingWeb)
    again = wish_of(connector=MoodyConnector(), ignores=("call",))
    assert '"call": "ignored"' in record(again, TellingWeb)["read.people.json"]


def test_a_source_that_refuses_us_is_not_recorded() -> None:
    class Refusing(TellingWeb):
        def post(self, address: str, **_: object) -> WebAnswer:
            return answered({"error": "no"}, 401)

    with pytest.raises(CassetteRefused, match="source_access_refused"):
        record(wish_of(), Refusing)
