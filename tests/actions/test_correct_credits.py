"""Corrections where credit rules hold: an order may be pay of somebody whom it does not name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from actions.calculate import Mode
from actions.close_period import close_period
from actions.correct_period import correct_period
from actions.publish_credit import draft_credit, publish_credit
from actions.waiting_corrections import waiting_corrections
from domain.ledger import Cause
from domain.period import period_named
from storage.engine import reading
from storage.results import ledger
from tests.support.company import SYSTEM, office
from tests.support.credits import fixed, split_rule
from tests.support.paying import Paying

MAY, JUNE = "2026-05", "2026-06"
HOUSE = [{"attribute": "channel", "operator": "IN", "values": ["house"]}]


@pytest.fixture
def paying(database_url: str, tmp_path: Path) -> Iterator[Paying]:
    """A company in which whatever is sold in the house counts for Ben; May is closed."""
    with office(database_url, tmp_path) as runtime:
        found = Paying(runtime, None)
        rule = split_rule(fixed(found.ids["ben"], "1"), key="house", where=HOUSE)
        first = date(2026, 1, 1)
        made = found.company.write(lambda w: draft_credit(w, SYSTEM, rule, valid_from=first))
        found.company.write(lambda w: publish_credit(w, SYSTEM, made))
        found.sell("ann", MAY, 700)
        close_period(runtime, SYSTEM, found.entity, MAY, accept_warnings=True)
        yield found


def booked_of_may(paying: Paying) -> list[tuple[str, int, str | None]]:
    day = period_named(JUNE).last_day
    names = {person: name for name, person in paying.ids.items()}
    with reading(paying.runtime.engine, SYSTEM) as connection:
        found = ledger(
            connection, SYSTEM, paying.entity, period=JUNE, day=day, known_at=paying.runtime.clock()
        )
    return [(names[each.person_id], each.amount, each.cause) for each in found]


def test_a_late_order_under_an_unknown_name_is_booked_for_whom_a_rule_credits(
    paying: Paying,
) -> None:
    paying.company.fact("nobody known", date(2026, 5, 20), 12_300, channel="house")
    correct_period(paying.runtime, SYSTEM, paying.entity, MAY, into=JUNE, mode=Mode.POSTED)
    assert booked_of_may(paying) == [("ben", 12_300, Cause.LATE_FACTS.value)]


def test_nothing_waits_for_a_correction_where_nothing_was_learned(paying: Paying) -> None:
    # Rules of credit alone are no news: else every closed month would be corrected for ever.
    with paying.runtime.writing(paying.entity, SYSTEM) as writing:
        june = period_named(JUNE)
        waiting = waiting_corrections(writing.connection, paying.entity, june, writing.known_at)
    assert waiting == ()
