"""The states of a dispute, and the days it may take."""

from __future__ import annotations

from datetime import date

import pytest

from domain.dispute import UNDECIDED, DisputeDeed, DisputeState, due_on, moved
from domain.problem import Refused

S, D = DisputeState, DisputeDeed


def test_only_what_was_decided_is_accepted_or_rejected_once() -> None:
    for state in S:
        for deed in (D.ACCEPT, D.REJECT):
            if state in UNDECIDED - {S.NEW} and (state, deed) != (S.NEEDS_INFO, D.ACCEPT):
                assert moved(state, deed) in {S.ACCEPTED, S.REJECTED}
                continue
            with pytest.raises(Refused, match="dispute_state_wrong"):
                moved(state, deed)


def test_nothing_leads_out_of_closed_and_no_decision_is_withdrawn() -> None:
    for state, deeds in ((S.CLOSED, D), (S.ACCEPTED, [D.WITHDRAW]), (S.REJECTED, [D.WITHDRAW])):
        for deed in deeds:
            with pytest.raises(Refused):
                moved(state, deed)


def test_days_spent_waiting_for_an_answer_do_not_count() -> None:
    opened = date(2026, 9, 1)
    assert due_on(opened, [(opened, S.NEW)], date(2026, 9, 20)) == date(2026, 9, 11)
    asked = [(opened, S.NEW), (date(2026, 9, 2), S.ASSIGNED), (date(2026, 9, 3), S.NEEDS_INFO)]
    assert due_on(opened, asked, date(2026, 9, 8)) == date(2026, 9, 16)
    answered = [*asked, (date(2026, 9, 5), S.ASSIGNED)]
    assert due_on(opened, answered, date(2026, 9, 20)) == date(2026, 9, 13)
