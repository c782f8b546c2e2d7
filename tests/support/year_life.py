"""Living through a drawn year: closes, corrections, pay batches, and what must hold after each."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import date
from typing import Any

from actions.calculate import Mode, calculate
from actions.close_period import close_period
from actions.correct_period import correct_period
from actions.deed import perform
from actions.pay_batches import approve_batch, lock_batch, mark_paid, submit_batch
from actions.prepare_pay import prepare_batch
from actions.reopen_period import decide_reopening, request_reopening
from domain import settlement as lines_of
from domain.access import Grant, Role, Viewer
from domain.ids import AccountId, EntityId
from domain.period import period_named
from storage.engine import Writing, reading
from storage.pay_batches import batch_of_period, sheets_of
from tests.support import year_checks as checks
from tests.support.closing import kept_rows
from tests.support.company import SYSTEM
from tests.support.sales_year import Change, SalesYear, Window, month


class Life:
    """A year as it passes, with a watch over everything that was closed in it."""

    def __init__(
        self, year: SalesYear, windows: list[Window], rng: random.Random, *, proofs: int
    ) -> None:
        self.year, self.windows, self.rng, self.proofs = year, windows, rng, proofs
        self.frozen: dict[str, tuple[str, str]] = {}
        self.paid: Counter[str] = Counter()
        self.ahead: Counter[str] = Counter()  # paid before it was earned, less what is held back
        self.gaps: Counter[str] = Counter()
        self.months = len(windows) - 1

    @property
    def periods(self) -> list[str]:
        """Every month in which something can be booked."""
        return [month(number) for number in range(1, self.months + 2)]

    def live(self, *, shuffled: bool = False) -> None:
        """Let every window pass; ``shuffled`` takes its changes in another order."""
        for number, window in enumerate(self.windows, 1):
            steps = list(window.steps)
            if shuffled:
                self.rng.shuffle(steps)
            self.year.at(self._day(number, 15))
            for step in steps:
                step(self.year)
                self._between(number)
            if number <= self.months:
                self._close(number, window.reopened)
            self.untouched()
        self._whole()

    def _day(self, number: int, day: int) -> date:
        return period_named(month(number)).start.replace(day=day)

    def _between(self, number: int) -> None:
        """Calculate or correct now and then: how often must not matter."""
        chance = self.rng.random()
        if chance < 0.06 and number <= self.months:
            mode = self.rng.choice((Mode.TRIAL, Mode.POSTED))
            self._run(number, mode)
        elif chance < 0.10 and number <= self.months:
            self._both_ways(number)
        elif chance < 0.18 and self.frozen:
            self.correct(self.rng.choice(sorted(self.frozen)), number, self.rng.choice(tuple(Mode)))

    def _run(self, number: int, mode: Mode, *, incremental: bool | None = None) -> str:
        return calculate(
            self.year.runtime,
            SYSTEM,
            self.year.entity,
            month(number),
            mode,
            accept_provisional=True,
            incremental=incremental,
        ).id

    def _both_ways(self, number: int) -> None:
        """A run that starts from the last one gives the rows of one that gathers everybody."""
        self._run(number, Mode.TRIAL)
        quick, whole = (
            kept_rows(self.year.runtime, self._run(number, Mode.TRIAL, incremental=way))
            for way in (True, False)
        )
        assert quick == whole

    def correct(self, period: str, number: int, mode: Mode) -> None:
        """Correct a closed month into the one that is open."""
        correct_period(
            self.year.runtime, SYSTEM, self.year.entity, period, into=month(number), mode=mode
        )
        checks.credit_notes_never_raise(self.year, period)
        checks.causes_add_up(self.year, period)

    def _close(self, number: int, reopened: list[Change] | None) -> None:
        self.year.at(self._day(number + 1, 3))
        period = month(number)
        self._close_once(period)
        if reopened is not None:
            self._open_again(period)
            for step in reopened:
                step(self.year)
            self._close_once(period)
        run = checks.final_run(self.year, period)
        self.frozen[period] = run.id, checks.frozen(self.year, run.id, period)
        self.gaps.update(checks.statements_hold(self.year, run, self.proofs))
        checks.worth_is_posted(self.year, number)
        self._pay(period)

    def _close_once(self, period: str) -> None:
        close_period(self.year.runtime, SYSTEM, self.year.entity, period, accept_warnings=True)

    def _viewer(self, account: str) -> Viewer:
        entity = EntityId(self.year.entity)
        return Viewer(
            account_id=AccountId(account),
            person_id=None,
            grants=(Grant(role=Role.HR, entity_id=entity),),
        )

    def _do(self, deed: Callable[..., str], by: str, *args: Any, **more: Any) -> str:
        actor = self._viewer(by)

        def work(writing: Writing) -> str:
            return deed(writing, actor, *args, **more)

        return perform(self.year.runtime, actor, self.year.entity, deed.__name__, {}, work).id

    def _open_again(self, period: str) -> None:
        asked = self._do(request_reopening, "hr", period, "an order was forgotten")
        self._do(decide_reopening, "boss", asked, grant=True, reason="it was", expected_version=1)

    def _pay(self, period: str) -> None:
        """Pay a closed month, and hold what was paid against everything booked so far."""
        self._do(prepare_batch, "hr", period)
        for deed, by in (
            (lock_batch, "hr"), (submit_batch, "hr"), (approve_batch, "boss"), (mark_paid, "hr"),
        ):  # fmt: skip
            with reading(self.year.runtime.engine, SYSTEM) as connection:
                batch = batch_of_period(connection, self.year.entity, period)
            assert batch is not None
            self._do(deed, by, batch.id, batch.version)
        assert batch is not None
        with reading(self.year.runtime.engine, SYSTEM) as connection:
            day = period_named(period).last_day
            sheets = sheets_of(connection, SYSTEM, batch, day=day)
        due: Counter[str] = Counter()
        for entry in checks.entries(self.year, [each for each in self.periods if each <= period]):
            due[entry.person_id] += entry.amount
        for each in sheets:
            sheet, who = each.sheet, each.person_id
            assert sheet.paid >= 0
            self.paid[who] += sheet.paid
            ahead = sheet.value(lines_of.DRAW_BALANCE) + sheet.value(lines_of.OWED_BALANCE)
            self.ahead[who] = ahead - sheet.value(lines_of.HELD_BALANCE)
        # Whoever is on no sheet of this month keeps the balances of the last one.
        for who in {*due, *self.paid, *self.ahead}:
            assert self.paid[who] == due[who] + self.ahead[who], (period, self.year.by_id[who])

    def untouched(self) -> None:
        """Nothing of a closed month has moved, and what was reversed is gone."""
        for period, (run_id, digest) in self.frozen.items():
            assert checks.frozen(self.year, run_id, period) == digest, period
        booked = checks.entries(self.year, self.periods)
        checks.reversals_cancel(booked)
        checks.disputes_are_booked(self.year, booked)

    def _whole(self) -> None:
        """Correct every month once more: what is booked is what everybody is worth."""
        for number in range(1, self.months + 1):
            self.correct(month(number), self.months + 1, Mode.POSTED)
        for number in range(1, self.months + 1):
            checks.causes_make_the_whole(self.year, month(number), self.periods)
        checks.worth_is_booked(self.year, self.months)
        if self.proofs:
            checks.evidence_holds(self.year, checks.final_run(self.year, month(self.months)))
        self.untouched()
