"""The walk through what was learned, and what credit notes may not raise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.correction import differences, held_back, lines_to_book, walk
from domain.knowledge import FactChange, Knowledge
from domain.ledger import WALKED, Cause

THEN = datetime(2026, 9, 5, tzinfo=UTC)
NOW = THEN + timedelta(days=30)
KEYS = st.tuples(st.sampled_from(["anna", "bo"]), st.sampled_from(["a", "b", "c"]), st.just("CNY"))
Drawn = dict[tuple[str, str, str], int]
AMOUNTS = st.dictionaries(KEYS, st.integers(-1_000, 1_000), max_size=6)


def test_a_walk_ends_where_everything_is_known_and_goes_one_subject_at_a_time() -> None:
    steps = list(walk(THEN, NOW, WALKED))
    assert [step.cause for step in steps] == list(WALKED)
    last = steps[-1].knowledge
    assert last.learned is not None
    assert (last.learned.until, last.learned.changes) == (NOW, frozenset(FactChange))
    named = ("links", "organisation", "goals", "rules", "rates", "earned")
    assert {getattr(last, name) for name in named} == {NOW}
    before = Knowledge.at(THEN)
    for step in steps:
        news = [name for name in (*named, "learned")
                if getattr(step.knowledge, name) != getattr(before, name)]  # fmt: skip
        assert len(news) == 1, step.cause
        before = step.knowledge


@settings(max_examples=60, deadline=None)
@given(st.lists(AMOUNTS, min_size=2, max_size=6))
def test_whatever_is_evaluated_on_the_way_the_steps_add_up_to_the_whole(seen: list[Drawn]) -> None:
    whole: Drawn = {}
    for before, after in pairwise(seen):
        for key, amount in differences(before, after).items():
            whole[key] = whole.get(key, 0) + amount
    assert {key: amount for key, amount in whole.items() if amount} == differences(
        seen[0], seen[-1]
    )


@settings(max_examples=100, deadline=None)
@given(AMOUNTS)
def test_credit_notes_raise_nobody_and_nothing_more_is_held_than_would_rise(
    credited: Drawn,
) -> None:
    held = held_back(credited)
    for person in ("anna", "bo"):
        raised = sum(amount for key, amount in credited.items() if key[0] == person)
        kept = sum(amount for key, amount in held.items() if key[0] == person)
        assert raised + kept == min(raised, 0)
    assert all(amount < 0 and credited[key] + amount >= 0 for key, amount in held.items())


def test_the_largest_rise_is_held_first() -> None:
    credited = {("anna", "a", "CNY"): 500, ("anna", "b", "CNY"): -200, ("anna", "c", "CNY"): 100}
    assert held_back(credited) == {("anna", "a", "CNY"): -400}


def test_what_stands_is_brought_to_what_should_stand() -> None:
    key, gone = ("anna", "a", "CNY"), ("bo", "a", "CNY")
    booked = {(key, Cause.LATE_FACTS): 300, (gone, Cause.GOALS): 50}
    lines = lines_to_book([(Cause.LATE_FACTS, {key: 400}), (Cause.LINKS, {})], booked)
    assert [(line.key, line.cause, line.amount, line.delta) for line in lines] == [
        (key, Cause.LATE_FACTS, 400, 100),
        (gone, Cause.GOALS, 0, -50),
    ]
