"""Several periods of both systems: what each cause makes in each, and what it comes to for people.

Each period is compared as `actions/parallel_run.py` does, with its newest run. The people of a page
alone are explained, in every period.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from actions.compare_people import Compared, Comparing, Difference
from actions.deed import Runtime
from actions.parallel_run import comparing_of, metric_names, names_of
from actions.parallel_scan import Scan, scanned
from actions.prepare_pay import demand_pay
from domain.access import Actor, System
from domain.correction import plus
from domain.parallel_run import DifferenceCause, by_cause
from domain.period import Period, period_named
from domain.problem import Refused
from storage.engine import reading

MOST_PERIODS = 12
_READER = System(name="parallel run")
_UNCOMPARED = frozenset({"old_results_missing", "run_missing"})
PersonKey = tuple[str, str]  # the person, or the old name of nobody


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedPeople:
    """Whose differences are wanted."""

    cause: DifferenceCause | None = None
    first: int = 50
    after: PersonKey | None = None


EVERYBODY = AskedPeople()


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedPeriod:
    """One period of a range, over everybody."""

    comparing: Comparing
    scan: Scan


@dataclass(slots=True, kw_only=True)
class PersonRange:
    """What the systems pay one person over the range, and every difference by its period."""

    person_id: str | None
    given: str
    old: int = 0
    ours: int = 0
    differences: list[tuple[str, Difference]] = field(default_factory=list)

    @property
    def causes(self) -> tuple[dict[DifferenceCause, int], dict[DifferenceCause, int]]:
        """What each cause makes for them, and of how many differences it is a line."""
        counts: dict[DifferenceCause, int] = {}
        for _, each in self.differences:
            for cause in {line.cause for line in each.lines}:
                counts[cause] = counts.get(cause, 0) + 1
        return by_cause(line for _, each in self.differences for line in each.lines), counts


@dataclass(frozen=True, slots=True, kw_only=True)
class ParallelRange:
    """What was found over several periods."""

    periods: tuple[ComparedPeriod, ...]
    without: tuple[str, ...]  # periods of the range that have no sheet, or no run
    currency: str
    old: int
    ours: int
    causes: Mapping[DifferenceCause, int]
    counts: Mapping[DifferenceCause, int]
    people: tuple[PersonRange, ...]
    count: int  # of everybody with a difference
    has_next: bool
    names: Mapping[str, str]
    metrics: Mapping[str, Mapping[str, str]]


def parallel_range(
    runtime: Runtime,
    actor: Actor,
    entity_id: str,
    first: str,
    last: str,
    asked: AskedPeople = EVERYBODY,
    *,
    patient: bool = False,
) -> ParallelRange:
    """Hold what an old system paid in several periods against our newest runs of them."""
    demand_pay(actor, entity_id)
    periods = periods_between(first, last)
    with reading(runtime.engine, _READER) as connection:
        compared: list[ComparedPeriod] = []
        without: list[str] = []
        for period in periods:
            try:
                comparing = comparing_of(connection, runtime, entity_id, period)
            except Refused as refused:
                if refused.code not in _UNCOMPARED:
                    raise
                without.append(period.name)
                continue
            scan = scanned(runtime.engine, comparing, patient=patient)
            compared.append(ComparedPeriod(comparing=comparing, scan=scan))
        if not compared:
            values = {"period": f"{first}..{last}"}
            raise Refused("old_results_missing", values, path="fromPeriod")
        _refuse_currencies(compared)
        keys, count, has_next = _page(compared, asked)
        people = _explained(compared, keys)
        named = names_of(
            connection,
            runtime,
            periods[-1],
            (each for person in people for _, each in person.differences),
        )
    return ParallelRange(
        periods=tuple(compared),
        without=tuple(without),
        currency=compared[0].comparing.sheets.currency,
        old=_total(each.scan.old for each in compared),
        ours=_total(each.scan.ours for each in compared),
        causes=_added(each.scan.causes for each in compared),
        counts=_added(each.scan.counts for each in compared),
        people=people,
        count=count,
        has_next=has_next,
        names=named,
        metrics={
            key: name for each in compared for key, name in metric_names(each.comparing).items()
        },
    )


def periods_between(first: str, last: str) -> list[Period]:
    """List the periods from one to another of the same kind."""
    start, end = period_named(first), period_named(last)
    if start.kind is not end.kind or start.start > end.start:
        raise Refused("parallel_range_invalid", {"first": first, "last": last}, path="toPeriod")
    found = [end]
    while found[-1].start > start.start and len(found) <= MOST_PERIODS:
        found.append(found[-1].earlier())
    if len(found) > MOST_PERIODS:
        values = {"field": "toPeriod", "low": "1", "high": str(MOST_PERIODS)}
        raise Refused("number_out_of_range", values, path="toPeriod")
    return list(reversed(found))


def _refuse_currencies(compared: Sequence[ComparedPeriod]) -> None:
    currencies = sorted({each.comparing.sheets.currency for each in compared})
    if len(currencies) > 1:
        raise Refused("backtest_currencies", {"currencies": ", ".join(currencies)})


def _page(
    compared: Sequence[ComparedPeriod], asked: AskedPeople
) -> tuple[list[PersonKey], int, bool]:
    """Choose whose differences are shown: names of nobody first, then people."""
    nobodys = sorted(
        {
            ("", each.given)
            for period in compared
            for each in period.scan.nobodys
            if asked.cause is None or any(line.cause is asked.cause for line in each.lines)
        }
    )
    found = [period.scan.who(asked.cause) for period in compared]
    people = np.unique(np.concatenate(found))
    start = 0
    if asked.after is not None:
        person, _ = asked.after
        start = bisect_right(nobodys, asked.after)
        if person:
            start = len(nobodys) + int(np.searchsorted(people, person.encode(), "right"))
    end, count = start + asked.first, len(nobodys) + len(people)
    chosen = people[max(start - len(nobodys), 0) : max(end - len(nobodys), 0)]
    keys = [*nobodys[start:end], *((each.decode(), "") for each in chosen.tolist())]
    return keys, count, end < count


def _explained(
    compared: Sequence[ComparedPeriod], keys: Sequence[PersonKey]
) -> tuple[PersonRange, ...]:
    found = {key: PersonRange(person_id=key[0] or None, given=key[1]) for key in keys}
    ids = sorted(person for person, _ in keys if person)
    for each in compared:
        name = each.comparing.period.name
        for row in each.scan.nobodys:
            nobody = found.get(("", row.given))
            if nobody is not None:
                nobody.old = plus(nobody.old, row.old or 0)
                nobody.differences.append((name, row))
        of_people = each.comparing.people(ids) if ids else Compared()
        for person, (old, ours) in of_people.totals.items():
            mine = found[person, ""]
            mine.old, mine.ours = plus(mine.old, old), plus(mine.ours, ours)
        for row in of_people.differences:
            mine = found[row.person_id or "", ""]
            mine.given = row.given or mine.given
            mine.differences.append((name, row))
    return tuple(found.values())


def key_of_person(row: PersonRange) -> PersonKey:
    """Say where somebody stands in the list."""
    return row.person_id or "", "" if row.person_id else row.given


def _total(amounts: Iterator[int]) -> int:
    total = 0
    for amount in amounts:
        total = plus(total, amount)
    return total


def _added(
    parts: Iterator[Mapping[DifferenceCause, int]],
) -> dict[DifferenceCause, int]:
    found: dict[DifferenceCause, int] = {}
    for part in parts:
        for cause, number in part.items():
            found[cause] = plus(found.get(cause, 0), number)
    return found
