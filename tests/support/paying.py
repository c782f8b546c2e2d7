"""A small company that is paid: what each person sells in a month is what they earn in it."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

from actions.calculate import Mode, calculate
from actions.deed import Runtime, perform
from actions.define_metric import define_metric
from actions.pay_batches import approve_batch, lock_batch, mark_paid, submit_batch
from actions.prepare_pay import prepare_batch
from actions.publish_plan import draft_plan, publish_plan
from actions.sign_in import make_account
from domain.access import Actor, Role, Viewer
from domain.period import period_named
from storage.accounts import account_by_login
from storage.definitions import Scope
from storage.engine import Writing, reading
from storage.pay_balances import BalanceEntry, balance_entries
from storage.pay_batches import Batch, StoredSheet, batch_of_period, sheets_of
from storage.rights import viewer_of
from tests.support.company import SYSTEM, Company
from tests.support.rules import SALES, texts

START = date(2026, 5, 1)
DRAW: dict[str, Any] = {
    "timing": {"monthsAfter": 1, "day": 15},
    "draw": {
        "recoverable": True,
        "amount": "1000",
        "fromMonth": 1,
        "toMonth": 12,
        "recovery": {"share": "1", "fromMonth": 4},
    },
}
PLAN: dict[str, Any] = {
    "format": "attain.plan/1",
    "cadence": "MONTH",
    "key": "all_sales",
    "name": texts("All sales"),
    "currency": "CNY",
    "rounding": "HALF_UP",
    "units": {"sales": "CNY"},
    "components": [
        {
            "id": "commission",
            "kind": "RATE",
            "name": texts("Commission"),
            "missing": "ZERO",
            "metric": "sales",
            "rate": "1",
            "negative": "KEEP",
        }
    ],
}


class Paying:
    """Words about pay; every word commits. ``hr`` submits and ``boss`` approves."""

    def __init__(
        self,
        runtime: Runtime,
        settlement: dict[str, Any] | None,
        plan: dict[str, Any] = PLAN,
    ) -> None:
        self.company = Company(runtime)
        self.runtime = runtime
        self.entity = self.company.entity_id
        self.company.unit("north")
        unit = self.company.unit("south")
        self.ids = {name: self.company.person(name) for name in ("ann", "ben")}
        for person in self.ids.values():
            self.company.assign(person, unit, valid_from=START)
        self.company.write(lambda writing: self._rules(writing, settlement, plan))
        for login, role in (("hr", Role.HR), ("boss", Role.HR), ("aide", Role.HR)):
            self.company.write(partial(self._account, login=login, role=role))
        for name in ("ann", "ben"):
            self.company.write(partial(self._account, login=name, role=None))

    def _account(self, writing: Writing, login: str, role: Role | None) -> str:
        made = make_account(
            writing,
            login=login,
            person_id=self.ids.get(login),
            locale="en",
            roles=() if role is None else (role,),
            valid_from=date(2026, 1, 1),
        )
        self.ids[f"account:{login}"] = made
        return made

    def _rules(
        self, writing: Writing, settlement: dict[str, Any] | None, plan: dict[str, Any]
    ) -> str:
        first = date(2026, 1, 1)
        define_metric(writing, SYSTEM, SALES, valid_from=first)
        document = plan if settlement is None else {**plan, "settlement": settlement}
        scope = Scope(positions=("sales",))
        draft = draft_plan(writing, SYSTEM, document, scope, valid_from=first)
        return publish_plan(writing, SYSTEM, draft)

    def viewer(self, login: str) -> Viewer:
        """Return who a login is today."""
        with reading(self.runtime.engine, SYSTEM) as connection:
            account = account_by_login(connection, login)
            assert account is not None
            now = self.runtime.clock()
            return viewer_of(connection, account, now.date(), now)

    def sell(self, who: str, period: str, cents: int) -> None:
        """Sell something on the third day of a period."""
        self.company.fact(who, period_named(period).start.replace(day=3), cents)

    def post(self, period: str) -> None:
        """Calculate and post a period."""
        calculate(self.runtime, SYSTEM, self.entity, period, Mode.POSTED, accept_provisional=True)

    def do(self, deed: Any, *args: Any, by: str | Actor = "hr", **more: Any) -> str:
        """Do a deed of pay as somebody, through the front door of all deeds."""
        actor = self.viewer(by) if isinstance(by, str) else by

        def work(writing: Writing) -> str:
            made: str = deed(writing, actor, *args, **more)
            return made

        return perform(self.runtime, actor, self.entity, deed.__name__, {}, work).id

    def prepare(self, period: str, by: str = "hr") -> Batch:
        """Make the batch of a period."""
        self.do(prepare_batch, period, by=by)
        return self.batch(period)

    def batch(self, period: str) -> Batch:
        """Read a batch."""
        with reading(self.runtime.engine, SYSTEM) as connection:
            found = batch_of_period(connection, self.entity, period)
        assert found is not None
        return found

    def step(self, deed: Any, period: str, *args: Any, by: str = "hr") -> Batch:
        """Take a step of the batch of a period."""
        batch = self.batch(period)
        self.do(deed, batch.id, *args, batch.version, by=by)
        return self.batch(period)

    def lock(self, period: str) -> Batch:
        """Prepare and lock."""
        self.prepare(period)
        return self.step(lock_batch, period)

    def pay(self, period: str) -> Batch:
        """Go all the way."""
        self.lock(period)
        return self.finish(period)

    def finish(self, period: str) -> Batch:
        """Go the rest of the way with a batch that is locked."""
        self.step(submit_batch, period)
        self.step(approve_batch, period, by="boss")
        return self.step(mark_paid, period)

    def sheets(self, period: str, by: str | Actor = SYSTEM) -> dict[str, StoredSheet]:
        """Read the sheets of a period that somebody sees, by name."""
        actor = self.viewer(by) if isinstance(by, str) else by
        names = {person: name for name, person in self.ids.items()}
        with reading(self.runtime.engine, actor) as connection:
            batch = batch_of_period(connection, self.entity, period)
            if batch is None:
                return {}
            day = period_named(period).last_day
            found = sheets_of(connection, actor, batch, day=day)
        return {names[each.person_id]: each for each in found}

    def entries(self, who: str, kind: str) -> list[BalanceEntry]:
        """Read every change of what is owed of a kind."""
        with reading(self.runtime.engine, SYSTEM) as connection:
            found = balance_entries(
                connection,
                SYSTEM,
                self.entity,
                day=date(2026, 9, 30),
                person_ids=[self.ids[who]],
            )
        return [entry for entry in found if entry.kind == kind]

    def owed(self, who: str, kind: str) -> int:
        """Add up what is owed of a kind."""
        return sum(entry.amount for entry in self.entries(who, kind))


def drawing(runtime: Runtime) -> Paying:
    """Found the company with a plan that pays in advance."""
    return Paying(runtime, DRAW)
