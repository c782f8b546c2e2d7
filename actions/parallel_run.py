"""The old system beside ours: what each paid whom, and why they differ, to the cent.

A read that changes nothing. The right of whoever asks is decided first (to decide about all pay
of the legal entity); then the company is read as a whole, by the system.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from actions.deed import Runtime
from actions.old_sales import OldSales
from actions.our_results import OurResults
from actions.prepare_pay import demand_pay
from domain.access import Actor, System
from domain.correction import minus, plus
from domain.parallel_run import (
    DifferenceCause,
    DifferenceLine,
    OldResult,
    by_cause,
    explain_difference,
    likely_person,
)
from domain.period import Period, period_named
from domain.problem import Refused
from storage.engine import reading
from storage.old_results import OldResultSet, StoredOldRow, old_rows, standing_sets
from storage.people import people
from storage.results import Run, latest_run, run_by_id

MOST_PEOPLE = 5_000  # whose results are held side by side while somebody waits
_READER = System(name="parallel run")
Place = tuple[str, str]  # a person and a component


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One component of one person, where the two systems differ."""

    person_id: str | None  # None: a name of the old system that is nobody's
    given: str  # what the old system calls them; empty where it has no row
    component: str
    old: int | None
    ours: int | None
    lines: tuple[DifferenceLine, ...]
    likely_id: str = ""  # who an unknown name may be

    @property
    def amount(self) -> int:
        """Ours less the old one."""
        return minus(self.ours or 0, self.old or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParallelRun:
    """Everything that was found."""

    run: Run
    sets: tuple[OldResultSet, ...]
    currency: str
    old: int
    ours: int  # of the components whose pay a sheet says, or that no sheet names
    compared: int  # components of people that both sides have
    matched: int  # of them, those that are the same to the cent
    only_old: int  # names of the old system that we do not pay
    only_ours: int  # people whom only we pay
    differences: tuple[Difference, ...]
    causes: Mapping[DifferenceCause, int] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)


def parallel_run(
    runtime: Runtime, actor: Actor, entity_id: str, period_name: str, run_id: str | None = None
) -> ParallelRun:
    """Hold what an old system paid in a period against a run of ours, the newest if none is named.

    Old results of other periods are read too: a sale that stands in another one is a matter of
    timing. Of people with a cut period the sales are not followed, only the amounts.
    """
    demand_pay(actor, entity_id)
    period = period_named(period_name)
    with reading(runtime.engine, _READER) as connection:
        sets = standing_sets(connection, entity_id)
        mine = tuple(each for each in sets if each.period == period.name)
        if not mine:
            raise Refused("old_results_missing", {"period": period.name}, path="period")
        known_at = runtime.clock()
        run = (
            latest_run(connection, entity_id, period=period.name, known_at=known_at)
            if run_id is None
            else run_by_id(connection, entity_id, run_id)
        )
        if run is None or run.period != period.name or run.finished_at is None:
            raise Refused("run_missing", {"period": period.name}, path="run")
        if (run.people or 0) > MOST_PEOPLE:
            values = {"people": str(run.people), "most": str(MOST_PEOPLE)}
            raise Refused("parallel_run_large", values, path="period")
        ours = OurResults.of(connection, run, period, mine[0].currency)
        rows = old_rows(connection, sets)
        sales = OldSales.of(connection, ours, rows, period)
        ids = {*ours.people, *(each.person_id for each in rows if each.person_id is not None)}
        named = people(
            connection, _READER, valid_at=period.last_day, known_at=known_at, ids=sorted(ids)
        )
        names: dict[str, str] = {person.id: person.name for person in named}
        return _compared(run, mine, period, ours, sales, rows, names)


def _compared(
    run: Run,
    sets: tuple[OldResultSet, ...],
    period: Period,
    ours: OurResults,
    sales: OldSales,
    rows: Sequence[StoredOldRow],
    names: Mapping[str, str],
) -> ParallelRun:
    old = _old_results(each for each in rows if each.period == period.name)
    known = {key: each for key, each in old.items() if key[0] in ours.people}
    unknown = {key: each for key, each in old.items() if key[0] not in ours.people}
    unsaid = _unsaid(sets)
    places = [place for place in ours.places if place[1] not in unsaid]
    differences: list[Difference] = []
    matched = 0
    for person, component in sorted({*known, *places}):
        if component in unsaid:
            continue
        before = known.get((person, component))
        found = ours.result(person, component)
        paid = None if before is None else before.told
        if paid is not None and found is not None and paid.amount == found.amount:
            matched += 1
            continue
        lines = explain_difference(paid, found, sales.of_person(person, component))
        if lines:
            differences.append(
                Difference(
                    person_id=person,
                    given="" if before is None else before.given,
                    component=component,
                    old=None if paid is None else paid.amount,
                    ours=None if found is None else found.amount,
                    lines=lines,
                )
            )
    differences.extend(_unpaid(unknown, known, ours))
    both = [key for key in known if ours.result(*key) is not None and known[key].amount is not None]
    return ParallelRun(
        run=run,
        sets=sets,
        currency=sets[0].currency,
        old=_sum(each.amount for each in old.values()),
        ours=_sum(ours.amount(*place) for place in places),
        compared=len(both),
        matched=matched,
        only_old=len({key[0] for key, told in unknown.items() if told.amount}),
        only_ours=len(ours.paid - {person for person, _ in known}),
        differences=tuple(differences),
        causes=by_cause(line for each in differences for line in each.lines),
        names=names,
    )


def _unsaid(sets: Sequence[OldResultSet]) -> set[str]:
    """Name the components of which the sheets say the sales alone: there is no pay to compare."""
    columns = [each for sheet in sets for each in sheet.layout["amounts"]]
    said = {each["component"] for each in columns if each["column"] is not None}
    return {each["component"] for each in columns} - said


@dataclass(slots=True)
class _Told:
    """What the rows of the old system say of one person and component."""

    given: str
    amount: int | None = None
    base: int | None = None
    by_sales: int | None = None
    sold: int | None = None
    sales: int = 0

    @property
    def told(self) -> OldResult | None:
        """The same, as the core takes it."""
        if self.amount is None:
            return None
        return OldResult(amount=self.amount, base=self.base, sales=self.sales)


def _old_results(rows: Iterator[StoredOldRow]) -> dict[Place, _Told]:
    """Put the rows of a person and component together: its total, else the sum of its sales."""
    found: dict[Place, _Told] = {}
    for row in rows:
        key = (row.person_id or f"?{row.given}", row.component)
        told = found.setdefault(key, _Told(given=row.given))
        if row.record is None:
            told.amount = _added(told.amount, row.amount)
            told.base = _added(told.base, row.base)
        else:
            told.by_sales = _added(told.by_sales, row.amount)
            told.sold = _added(told.sold, row.base)
            told.sales += row.amount is not None
    for told in found.values():
        if told.amount is None:
            told.amount = told.by_sales
        if told.sold is not None:
            told.base = told.sold
    return found


def _added(one: int | None, other: int | None) -> int | None:
    return one if other is None else plus(one or 0, other)


def _unpaid(
    unknown: Mapping[Place, _Told], known: Mapping[Place, _Told], ours: OurResults
) -> Iterator[Difference]:
    """List what the old system paid to people whom we do not pay, and under names of nobody.

    Of the latter it is said who they may be.
    """
    without = ours.paid - {person for person, _ in known}
    amounts = {person: ours.amounts_of(person) for person in without}
    by_name: dict[str, dict[str, int]] = {}
    for (name, component), told in unknown.items():
        by_name.setdefault(name, {})[component] = told.amount or 0
    for (name, component), told in sorted(unknown.items()):
        if not told.amount:
            continue
        is_nobodys = name.startswith("?")
        cause = DifferenceCause.IDENTITY if is_nobodys else DifferenceCause.MISSING
        line = DifferenceLine(cause=cause, amount=minus(0, told.amount))
        yield Difference(
            person_id=None if is_nobodys else name,
            given=told.given,
            component=component,
            old=told.amount,
            ours=None,
            lines=(line,),
            likely_id=likely_person(by_name[name], amounts) if is_nobodys else "",
        )


def _sum(amounts: Iterator[int | None]) -> int:
    total = 0
    for amount in amounts:
        total = plus(total, amount or 0)
    return total
