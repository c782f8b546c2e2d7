"""What every pay sheet of a period is settled from: ledger, balances, wages, terms, first days."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias

from domain.access import Actor
from domain.exact import Rounding
from domain.pay_policy import PayPolicy
from domain.pay_sheet import SheetFacts, SheetTerms
from domain.period import Period, month_since, period_named
from domain.plan import Plan
from domain.settlement_terms import paid_on
from storage.definitions import plan_versions
from storage.engine import Connection, Writing
from storage.pay_balances import (
    BalanceEntry,
    BalanceKind,
    balance_entries,
    open_holdbacks,
    released_entries,
)
from storage.pay_batches import Batch
from storage.pay_rules import Wage, minimum_wages_on, wages_on
from storage.results import latest_run
from storage.settling import (
    Booked,
    booked,
    calculated_people,
    first_days,
    ledger_periods,
)

LATE = "LATE"  # booked without a cause of its own, after the period it is booked in was settled
_SEGMENT = re.compile(r"s\d+\.")
Whose: TypeAlias = tuple[str, str]  # person and currency: one sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One sheet that is to be made."""

    person_id: str
    plan_version_id: str | None
    terms: SheetTerms
    facts: SheetFacts
    releases: tuple[str, ...]
    paid_on: date


@dataclass(slots=True, kw_only=True)
class _Earned:
    """What the ledger gives one sheet."""

    own: int = 0
    by_component: dict[str, int] = field(default_factory=dict)
    changes: dict[str, int] = field(default_factory=dict)
    plan_version_id: str | None = None


@dataclass(slots=True, kw_only=True)
class _Owed:
    """What is owed before, and which holdbacks are paid now."""

    sums: dict[str, int] = field(default_factory=dict)
    due: list[BalanceEntry] = field(default_factory=list)


def cadence_of(period: Period) -> str:
    """Name the row of periods one belongs to: weeks, months, months shifted to the 26th."""
    shift = period.name.partition("@")[2]
    return f"{period.kind.value}@{shift}" if shift else period.kind.value


def gather_pay(
    writing: Writing, actor: Actor, period: Period, before: Batch | None, policy: PayPolicy
) -> Iterator[Wanted]:
    """Yield every sheet of a period: of whom it calculated, of whom it books, of who has a balance.

    An entry is in one batch only: beyond what the batch before has taken of its periods.
    """
    earned = _earned(writing, period, before)
    owed = _owed(writing, actor, period)
    versions = plan_versions(writing.connection, writing.entity_id, known_at=writing.known_at)
    known = {each.id: each.plan for each in versions}
    plans = _plans(writing, period, earned)
    for person, plan_id in plans.items():  # who earned nothing may still be due a minimum
        if plan_id in known:
            earned.setdefault((person, known[plan_id].currency), _Earned())
    starts, wages = first_days(writing), _Wages(writing, actor)
    due = {whose for whose, each in owed.items() if each.due}
    for whose in sorted({*earned, *due}):
        person, currency = whose
        plan = known.get(plans.get(person, ""))
        if plan is not None and plan.currency != currency:
            plan = None  # its terms speak of another currency
        yield _wanted(
            whose,
            period,
            policy,
            (plans.get(person) if plan else None, plan),
            earned.get(whose, _Earned()),
            owed.get(whose, _Owed()),
            starts.get(person),
            wages,
        )


def _wanted(
    whose: Whose,
    period: Period,
    policy: PayPolicy,
    by: tuple[str | None, Plan | None],
    earned: _Earned,
    owed: _Owed,
    start: date | None,
    wages: _Wages,
) -> Wanted:
    person, currency = whose
    plan_id, plan = by
    settlement = None if plan is None else plan.settlement
    payday = paid_on(period, settlement)
    wage, minimum = wages.of(person, currency, payday.replace(day=1))
    holdback = None if settlement is None else settlement.holdback
    facts = SheetFacts(
        earned=earned.own,
        adjustments=dict(sorted(earned.changes.items())),
        holdback_base=_base(earned, () if holdback is None else holdback.base),
        month=None if start is None else month_since(start, period.last_day),
        draw_before=owed.sums.get(BalanceKind.DRAW.value, 0),
        held_before=owed.sums.get(BalanceKind.HOLDBACK.value, 0),
        owed_before=owed.sums.get(BalanceKind.CARRIED.value, 0),
        due_now=sum(each.amount for each in owed.due),
        wage=wage,
        minimum_wage=minimum,
    )
    return Wanted(
        person_id=person,
        plan_version_id=plan_id,
        terms=SheetTerms(
            currency=currency,
            rounding=Rounding.HALF_UP if plan is None else plan.rounding,
            settlement=settlement,
            policy=policy,
        ),
        facts=facts,
        releases=tuple(each.id for each in owed.due),
        paid_on=payday,
    )


def _base(earned: _Earned, names: tuple[str, ...]) -> int:
    """Add up what the named components earned; without names it is all that is earned."""
    if not names:
        return earned.own
    return sum(net for name, net in earned.by_component.items() if name in names)


def _earned(writing: Writing, period: Period, before: Batch | None) -> dict[Whose, _Earned]:
    found: dict[Whose, _Earned] = {}
    for entry in entries_for(writing.connection, writing.entity_id, period, before):
        sheet = found.setdefault((entry.person_id, entry.currency), _Earned())
        if entry.plan_version_id is not None and entry.period == entry.origin_period == period.name:
            sheet.plan_version_id = entry.plan_version_id
        is_own = entry.period == entry.origin_period == period.name
        if is_own and entry.cause is None:
            sheet.own += entry.amount
            name = _SEGMENT.sub("", entry.component, count=1).removesuffix(".amount")
            sheet.by_component[name] = sheet.by_component.get(name, 0) + entry.amount
        else:
            name = f"{entry.origin_period}.{entry.cause or LATE}"
            sheet.changes[name] = sheet.changes.get(name, 0) + entry.amount
    return found


def entries_for(
    connection: Connection,
    entity_id: str,
    period: Period,
    before: Batch | None,
    *,
    through: int | None = None,
    only: str | None = None,
) -> Iterator[Booked]:
    """Yield the entries that a batch takes: beyond what the batch before has taken.

    ``through`` is the last one it knew, of a batch that is made; ``only`` is one person.
    """
    if before is None:
        # What was booked before the first batch was paid in another way.
        yield from booked(connection, entity_id, [period.name], through=through, only=only)
        return
    until = period_named(before.period).start
    row = [
        each
        for each in map(period_named, ledger_periods(connection, entity_id))
        if cadence_of(each) == before.cadence and each.start <= period.start
    ]
    settled = [each.name for each in row if each.start <= until]
    open_ = [each.name for each in row if each.start > until]
    taken = before.ledger_through
    yield from booked(connection, entity_id, settled, after=taken, through=through, only=only)
    yield from booked(connection, entity_id, open_, through=through, only=only)


def _owed(writing: Writing, actor: Actor, period: Period) -> dict[Whose, _Owed]:
    entries = balance_entries(writing.connection, actor, writing.entity_id, day=period.last_day)
    found: dict[Whose, _Owed] = {}
    for entry in entries:
        sums = found.setdefault((entry.person_id, entry.currency), _Owed()).sums
        sums[entry.kind] = sums.get(entry.kind, 0) + entry.amount
    happened = released_entries(writing.connection, writing.entity_id)
    for entry in open_holdbacks(entries):
        is_due = entry.due_from is not None and entry.due_from <= period.start
        if is_due or entry.id in happened:
            found[entry.person_id, entry.currency].due.append(entry)
    return {whose: owed for whose, owed in found.items() if any(owed.sums.values())}


def _plans(writing: Writing, period: Period, earned: Mapping[Whose, _Earned]) -> dict[str, str]:
    """Say by which version of a plan each person is settled: the one that pays this period.

    Somebody whom no plan pays in it has no terms: a leaver with a late order or a holdback that is
    due is paid that, and is neither filled up nor held back.
    """
    plans = {
        person: sheet.plan_version_id
        for (person, _), sheet in earned.items()
        if sheet.plan_version_id is not None
    }
    run = latest_run(
        writing.connection,
        writing.entity_id,
        period=period.name,
        known_at=writing.known_at,
        mode="POSTED",
    )
    if run is not None:
        found = calculated_people(writing, run.id)
        plans.update({person: plan for person, plan in found.items() if plan is not None})
    return plans


class _Wages:
    """Wages and minimum wages by the month in which a sheet is paid; each month is read once."""

    def __init__(self, writing: Writing, actor: Actor) -> None:
        self.writing = writing
        self.actor = actor
        self._read: dict[date, tuple[dict[str, Wage], dict[str, tuple[int, str]]]] = {}

    def of(self, person: str, currency: str, month: date) -> tuple[int | None, int | None]:
        """Return wage and minimum wage; what is in another currency is not known."""
        if month not in self._read:
            writing = self.writing
            entity, known_at = writing.entity_id, writing.known_at
            self._read[month] = (
                wages_on(writing.connection, self.actor, entity, day=month, known_at=known_at),
                minimum_wages_on(writing.connection, entity, day=month, known_at=known_at),
            )
        wages, minimums = self._read[month]
        wage = wages.get(person)
        if wage is None or wage.currency != currency:
            return None, None
        minimum, unit = minimums.get(wage.region, (None, currency))
        return wage.amount, minimum if unit == currency else None
