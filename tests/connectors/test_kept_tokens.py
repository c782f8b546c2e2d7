"""Tokens are lent once for everybody, and who waits for one holds up nobody else."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from connectors.kept_tokens import Token, Tokens, place_of

NOW = datetime(2026, 10, 1, tzinfo=UTC)
LATER = NOW + timedelta(hours=2)


def test_one_that_does_not_answer_holds_up_no_other_access() -> None:
    tokens, answers = Tokens(), threading.Event()

    def slow() -> Token:
        assert answers.wait(30)
        return Token(value="slow", until=LATER)

    with ThreadPoolExecutor() as others:
        waiting = others.submit(tokens.current, place_of("a"), NOW, "", slow)
        quick = others.submit(
            tokens.current, place_of("b"), NOW, "", lambda: Token(value="quick", until=LATER)
        )
        assert quick.result(timeout=10).value == "quick"
        answers.set()
        assert waiting.result(timeout=10).value == "slow"


def test_many_who_find_the_same_token_ended_renew_it_once() -> None:
    tokens = Tokens()
    asked: list[int] = []

    def ask() -> Token:
        asked.append(len(asked) + 1)
        return Token(value=f"t{len(asked)}", until=LATER)

    first = tokens.current(place_of("a"), NOW, "", ask).value
    with ThreadPoolExecutor(8) as many:
        found = list(many.map(lambda _: tokens.current(place_of("a"), NOW, first, ask), range(8)))
    assert asked == [1, 2]
    assert {each.value for each in found} == {"t2"}


def test_a_token_that_is_over_is_asked_for_again_and_another_secret_has_its_own() -> None:
    tokens = Tokens()
    old = tokens.current(place_of("a"), NOW, "", lambda: Token(value="old", until=NOW))
    new = tokens.current(place_of("a"), NOW, "", lambda: Token(value="new", until=LATER))
    own = tokens.current(place_of("a", "x"), NOW, "", lambda: Token(value="own", until=LATER))
    assert [old.value, new.value, own.value] == ["old", "new", "own"]
