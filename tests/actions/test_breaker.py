"""The breaker: what it lets through after so many failures in a row, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from actions.breaker import FAILURES_MAX, BreakerState, breaker_of

AT = datetime(2026, 10, 1, 8, tzinfo=UTC)


def test_it_opens_after_five_failures_and_lets_one_try_when_the_pause_is_over() -> None:
    assert breaker_of(0, None, AT).state is BreakerState.CLOSED
    assert breaker_of(FAILURES_MAX - 1, AT, AT).state is BreakerState.CLOSED
    opened = breaker_of(FAILURES_MAX, AT, AT)
    assert (opened.state, opened.next_try) == (BreakerState.OPEN, AT + timedelta(minutes=5))
    just_before = AT + timedelta(minutes=5) - timedelta(microseconds=1)
    assert breaker_of(FAILURES_MAX, AT, just_before).state is BreakerState.OPEN
    assert breaker_of(FAILURES_MAX, AT, AT + timedelta(minutes=5)).state is BreakerState.HALF_OPEN


def test_every_further_failure_doubles_the_pause_up_to_six_hours() -> None:
    pauses = []
    for failures in range(FAILURES_MAX, FAILURES_MAX + 9):
        next_try = breaker_of(failures, AT, AT).next_try
        assert next_try is not None
        pauses.append((next_try - AT) / timedelta(minutes=1))
    assert pauses == [5, 10, 20, 40, 80, 160, 320, 360, 360]
    assert breaker_of(10_000, AT, AT).next_try == AT + timedelta(hours=6)
