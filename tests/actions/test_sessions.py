"""Sessions: how long they live, how a phone's pair goes round, and how a stolen one ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text, update

from actions.deed import Runtime
from actions.secret_tokens import PREFIXES, derived_token, token_hash
from actions.sessions import Opened, open_session, refresh_session, sign_out
from actions.sign_in import make_account
from api.server import StoredSessions
from domain.access import Role
from domain.problem import Refused
from domain.session import Lifetimes, SessionKind
from storage import tables
from storage.accounts import Account, account_by_login
from storage.engine import changing, reading
from storage.sessions import session_by_id
from tests.support.company import SYSTEM, Company, office
from tests.support.viewers import refused

MOBILE = SessionKind.MOBILE
START = datetime(2026, 10, 1, 8, 0, tzinfo=UTC)


class Clock:
    """A clock that a test sets forward."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def after(self, **span: float) -> None:
        """Let time pass."""
        self.now += timedelta(**span)


class Place:
    """One account and the sessions of its server."""

    def __init__(self, runtime: Runtime, clock: Clock, account: Account) -> None:
        self.runtime, self.clock, self.account = runtime, clock, account
        self.sessions = StoredSessions(actions=runtime)

    def knows(self, token: str) -> bool:
        """Say whether a request with this token has a viewer now."""
        return self.sessions.viewer_of(token, self.clock.now) is not None

    def open(self, kind: SessionKind = MOBILE) -> Opened:
        """Sign in."""
        return open_session(self.runtime, self.account, kind, "a phone")

    def trail(self) -> list[Any]:
        """Read the lines about sessions."""
        event = tables.audit_event.c
        query = select(event.account_id, event.action, event.subject_id, event.details)
        with reading(self.runtime.engine, SYSTEM) as connection:
            return [
                tuple(row)
                for row in connection.execute(query.order_by(event.seq))
                if row.action == "refreshTokenReused"
            ]


@pytest.fixture
def place(database_url: str, tmp_path: Path) -> Iterator[Place]:
    with office(database_url, tmp_path) as runtime:
        company = Company(runtime)
        company.write(
            lambda writing: make_account(
                writing,
                login="anna",
                person_id=None,
                locale="en",
                roles=(Role.HR,),
                valid_from=START.date(),
            )
        )
        clock = Clock()
        with reading(runtime.engine, SYSTEM) as connection:
            account = account_by_login(connection, "anna")
        assert account is not None
        yield Place(replace(runtime, clock=clock), clock, account)


def refresh(place: Place, opened: Opened, key: str) -> Opened:
    assert opened.refresh_token is not None
    return refresh_session(place.runtime, opened.refresh_token, key)


def test_every_token_says_what_it_is_and_no_token_is_stored(place: Place) -> None:
    phone, browser = place.open(), place.open(SessionKind.BROWSER)
    refreshed = refresh(place, phone, "key-one-1")
    tokens = [browser.token, phone.token, phone.refresh_token, refreshed.token]
    tokens.append(refreshed.refresh_token)
    assert all(token and token.startswith(PREFIXES) and len(token) == 53 for token in tokens)
    assert len(set(tokens)) == 5
    with reading(place.runtime.engine, SYSTEM) as connection:
        rows = [*connection.execute(select(tables.session))]
        rows += [*connection.execute(select(tables.refresh_token))]
    kept = repr(rows)
    for token in tokens:
        assert token is not None
        assert token[10:] not in kept
    assert token_hash(refreshed.token) in kept


def test_a_browser_session_ends_when_it_is_left_alone_and_at_its_longest(place: Place) -> None:
    lively, left = place.open(SessionKind.BROWSER), place.open(SessionKind.BROWSER)
    for _ in range(8):
        place.clock.after(hours=20)
        assert place.knows(lively.token)
    assert not place.knows(left.token)
    place.clock.after(hours=7)
    assert place.knows(lively.token)
    place.clock.after(hours=1)  # seven days
    assert not place.knows(lively.token)


def test_the_lifetimes_are_those_of_the_installation(place: Place) -> None:
    short = Lifetimes(browser_idle=timedelta(minutes=5), browser_longest=timedelta(minutes=8))
    strict = Place(replace(place.runtime, lifetimes=short), place.clock, place.account)
    opened = strict.open(SessionKind.BROWSER)
    place.clock.after(minutes=4)
    assert strict.knows(opened.token)
    place.clock.after(minutes=4)
    assert not strict.knows(opened.token)


def test_being_seen_is_noted_once_a_minute(place: Place) -> None:
    opened = place.open(SessionKind.BROWSER)

    def seen() -> datetime:
        with reading(place.runtime.engine, SYSTEM) as connection:
            found = session_by_id(connection, opened.session_id)
        assert found is not None
        return found.last_seen_at

    place.clock.after(seconds=59)
    assert place.knows(opened.token)
    assert seen() == START
    place.clock.after(seconds=2)
    assert place.knows(opened.token)
    assert seen() == START + timedelta(seconds=61)


def test_a_request_does_not_wait_for_a_writer_to_note_that_it_was_seen(
    sqlite_url: str, tmp_path: Path
) -> None:
    with office(sqlite_url, tmp_path) as runtime:
        company = Company(runtime)
        company.write(
            lambda writing: make_account(
                writing, login="anna", person_id=None, locale="en", valid_from=START.date()
            )
        )
        clock = Clock()
        with reading(runtime.engine, SYSTEM) as connection:
            account = account_by_login(connection, "anna")
        assert account is not None
        place = Place(replace(runtime, clock=clock), clock, account)
        opened = place.open(SessionKind.BROWSER)
        clock.after(minutes=5)
        with changing(runtime.engine, SYSTEM) as busy, ThreadPoolExecutor(1) as pool:
            busy.execute(text("DELETE FROM job"))
            assert pool.submit(place.knows, opened.token).result(timeout=20)


def test_an_access_token_lives_ten_minutes_and_the_refresh_token_goes_on(place: Place) -> None:
    phone = place.open()
    assert phone.expires_at == START + timedelta(minutes=10)
    place.clock.after(minutes=9)
    assert place.knows(phone.token)
    place.clock.after(minutes=1)
    assert not place.knows(phone.token)
    following = refresh(place, phone, "key-one-1")
    assert place.knows(following.token)
    assert not place.knows(phone.token)
    assert not place.knows(following.refresh_token or "")


def test_a_phone_that_is_not_used_for_a_month_is_signed_out(place: Place) -> None:
    phone = place.open()
    place.clock.after(days=29)
    following = refresh(place, phone, "key-one-1")
    place.clock.after(days=30)
    with refused("session_over"):
        refresh(place, following, "key-two-2")


def test_a_family_ends_at_its_longest_whatever_is_refreshed(place: Place) -> None:
    phone = place.open()
    for turn in range(8):
        place.clock.after(days=20)
        phone = refresh(place, phone, f"key-{turn:04}")
    place.clock.after(days=19)
    phone = refresh(place, phone, "key-last")
    assert phone.refresh_expires_at == START + timedelta(days=180)
    place.clock.after(days=1)
    with refused("session_over"):
        refresh(place, phone, "key-more")


def test_a_retry_with_its_key_gets_the_same_pair_for_as_long_as_that_is_unused(
    place: Place,
) -> None:
    phone = place.open()
    first = refresh(place, phone, "key-one-1")
    place.clock.after(hours=3)
    assert refresh(place, phone, "key-one-1") == first
    second = refresh(place, first, "key-two-2")
    assert place.knows(second.token)
    with refused("refresh_token_reused"):
        refresh(place, phone, "key-one-1")
    assert not place.knows(second.token)


def test_a_used_refresh_token_ends_the_session_for_both_and_is_in_the_trail(
    place: Place,
) -> None:
    phone, other = place.open(), place.open()
    stolen = phone.refresh_token or ""
    owner = refresh(place, phone, "key-one-1")
    assert place.knows(owner.token)
    with refused("refresh_token_reused"):
        refresh_session(place.runtime, stolen, "key-thief")
    assert not place.knows(owner.token)
    with refused("session_over"):
        refresh(place, owner, "key-two-2")
    with refused("session_over"):
        refresh_session(place.runtime, stolen, "key-thief")
    assert place.knows(other.token)  # another phone of the same account is another family
    details = {"account": place.account.id, "number": 1}
    assert place.trail() == [("sessions", "refreshTokenReused", phone.session_id, details)]


def test_a_thief_who_was_faster_is_out_as_soon_as_the_owner_refreshes(place: Place) -> None:
    phone = place.open()
    thief = refresh(place, phone, "key-thief")
    assert place.knows(thief.token)
    with refused("refresh_token_reused"):
        refresh(place, phone, "key-owner")
    assert not place.knows(thief.token)
    with refused("session_over"):
        refresh(place, thief, "key-thief2")


def test_what_the_database_keeps_and_an_old_token_give_no_token(place: Place) -> None:
    phone = place.open()
    first = refresh(place, phone, "key-one-1")
    refresh(place, first, "key-two-2")
    with reading(place.runtime.engine, SYSTEM) as connection:
        salts = connection.execute(
            select(tables.refresh_token.c.number, tables.refresh_token.c.salt)
        ).all()
    kept = {number: salt for number, salt in salts if salt is not None}
    assert set(kept) == {2}  # only that of the reply that may have been lost
    assert derived_token("attain_rt_", phone.refresh_token or "", kept[2]) != first.refresh_token


@pytest.mark.parametrize("keys", [("key-same", "key-same"), ("key-one-1", "key-two-2")])
def test_two_refreshes_at_once_give_one_pair_or_end_the_session(
    place: Place, keys: tuple[str, str]
) -> None:
    for _ in range(5):
        phone = place.open()
        answers = _at_once([partial(refresh, place, phone, key) for key in keys])
        pairs = [answer for answer in answers if isinstance(answer, Opened)]
        if keys[0] == keys[1]:
            assert len(pairs) == 2
            assert pairs[0] == pairs[1]
            assert place.knows(pairs[0].token)
        else:
            codes = [answer.code for answer in answers if isinstance(answer, Refused)]
            assert (len(pairs), codes) == (1, ["refresh_token_reused"])
            assert not place.knows(pairs[0].token)


def _at_once(deeds: list[Callable[[], Opened]]) -> list[Opened | Refused]:
    ready = threading.Barrier(len(deeds))

    def run(deed: Callable[[], Opened]) -> Opened | Refused:
        ready.wait()
        try:
            return deed()
        except Refused as no:
            return no

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(run, deeds))


def test_signing_out_ends_the_refresh_token_as_well(place: Place) -> None:
    phone = place.open()
    with reading(place.runtime.engine, SYSTEM) as connection:
        session = session_by_id(connection, phone.session_id)
    assert session is not None
    sign_out(place.runtime, session, everywhere=False)
    assert not place.knows(phone.token)
    with refused("session_over"):
        refresh(place, phone, "key-one-1")


def test_a_disabled_account_refreshes_nothing(place: Place) -> None:
    phone = place.open()
    with changing(place.runtime.engine, SYSTEM) as connection:
        connection.execute(update(tables.account).values(disabled_at=START))
    assert not place.knows(phone.token)
    with refused("session_over"):
        refresh(place, phone, "key-one-1")


def test_an_access_token_is_no_refresh_token_and_the_other_way_round(place: Place) -> None:
    phone = place.open()
    for token in (phone.token, "attain_rt_" + "x" * 43, ""):
        with refused("session_over"):
            refresh_session(place.runtime, token, "key-one-1")
    assert place.knows(phone.token)
