"""The old system beside ours: what each paid whom, and why they differ, to the cent.

A read that changes nothing. The right of whoever asks is decided first (to decide about all pay
of the legal entity); then the company is read as a whole, by the system, shard by shard of the
frozen inputs. What came out for everybody follows from a run and sheets that never change, so it
is remembered: a page explains its own people alone.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from weakref import WeakKeyDictionary

import numpy as np

from actions.compare_people import Compared, Comparing, Difference, add_unpaid
from actions.deed import Runtime
from actions.old_told import told_of_people
from actions.prepare_pay import demand_pay
from domain.access import Actor, System
from domain.correction import plus
from domain.parallel_run import DifferenceCause, by_cause, likely_person
from domain.period import Period, period_named
from domain.problem import Refused
from storage.engine import Database, Engine, reading
from storage.frozen import shard_numbers
from storage.old_results import OldResultSet, rows_apart, standing_sets
from storage.people import people
from storage.results import Run, latest_run, run_by_id

KEPT_MOST = 12  # comparisons that are remembered: those of a year, month by month
_READER = System(name="parallel run")
_CAUSES = tuple(DifferenceCause)
Key = tuple[str, str, str]  # the person, the old name, the component


@dataclass(slots=True, kw_only=True)
class Scan:
    """What came out for everybody, without what anybody is paid."""

    old: int = 0
    ours: int = 0
    compared: int = 0
    matched: int = 0
    only_old: int = 0
    only_ours: int = 0
    causes: dict[DifferenceCause, int] = field(default_factory=dict)
    counts: dict[DifferenceCause, int] = field(default_factory=dict)  # of how many differences
    nobodys: tuple[Difference, ...] = ()
    # Of people, in order: whose, which component, and the causes as bits.
    people: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype="S1"))
    parts: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int16))
    lines: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int32))
    components: tuple[str, ...] = ()

    def page(self, asked: Asked) -> Page:
        """Find the places of a page: names of nobody first, then people."""
        bit = 0 if asked.cause is None else 1 << _CAUSES.index(asked.cause)
        nobodys = [key_of(each) for each in self.nobodys if not bit or bits_of(each) & bit]
        rows = np.flatnonzero(self.lines & bit) if bit else np.arange(len(self.lines))
        start = 0
        if asked.after is not None:
            person, _, component = asked.after
            start = bisect_right(nobodys, asked.after)
            if person:
                start = len(nobodys) + self._before(rows, person, component)
        end, count = start + asked.first, len(nobodys) + len(rows)
        chosen = rows[max(start - len(nobodys), 0) : max(end - len(nobodys), 0)]
        return Page(
            keys=(*nobodys[start:end], *map(self._key, chosen.tolist())),
            count=count,
            has_next=end < count,
        )

    def who(self, cause: DifferenceCause | None) -> np.ndarray:
        """Name whoever has a difference, or one with a line of this cause."""
        if cause is None:
            return self.people
        found: np.ndarray = self.people[(self.lines & (1 << _CAUSES.index(cause))) != 0]
        return found

    def _before(self, rows: np.ndarray, person: str, component: str) -> int:
        """Count the rows up to and with a component of a person."""
        people, name = self.people[rows], person.encode()
        low, high = (int(np.searchsorted(people, name, side)) for side in ("left", "right"))
        mine = [self.components[part] for part in self.parts[rows[low:high]].tolist()]
        return low + bisect_right(mine, component)

    def _key(self, row: int) -> Key:
        return self.people[row].decode(), "", self.components[self.parts[row]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The places of a page of differences, and how many there are in all."""

    keys: tuple[Key, ...]
    count: int
    has_next: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which differences are wanted."""

    cause: DifferenceCause | None = None
    first: int = 50
    after: Key | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParallelRun:
    """What was found: the totals over everybody, and a page of the differences."""

    run: Run
    sets: tuple[OldResultSet, ...]
    currency: str
    scan: Scan
    differences: tuple[Difference, ...]
    count: int  # of all differences that were asked for
    has_next: bool
    names: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # their names


def parallel_run(
    runtime: Runtime,
    actor: Actor,
    entity_id: str,
    period_name: str,
    run_id: str | None = None,
    asked: Asked = Asked(),
) -> ParallelRun:
    """Hold what an old system paid in a period against a run of ours, the newest if none is named.

    Old results of other periods are read too: a sale that stands in another one is a matter of
    timing. Of people with a cut period the sales are not followed, only the amounts.
    """
    demand_pay(actor, entity_id)
    period = period_named(period_name)
    with reading(runtime.engine, _READER) as connection:
        comparing = comparing_of(connection, runtime, entity_id, period, run_id)
        scan = scanned(runtime.engine, comparing)
        page = scan.page(asked)
        found = explained(comparing, scan, page.keys)
        names = names_of(connection, runtime, period, found)
    return ParallelRun(
        run=comparing.run,
        sets=comparing.sheets.sets,
        currency=comparing.sheets.currency,
        scan=scan,
        differences=found,
        count=page.count,
        has_next=page.has_next,
        names=names,
        metrics=metric_names(comparing),
    )


def comparing_of(
    connection: Database,
    runtime: Runtime,
    entity_id: str,
    period: Period,
    run_id: str | None = None,
) -> Comparing:
    """Find the sheets of a period and the run they are held against; without either, refuse."""
    sets = standing_sets(connection, entity_id)
    if all(each.period != period.name for each in sets):
        raise Refused("old_results_missing", {"period": period.name}, path="period")
    known_at = runtime.clock()
    run = (
        latest_run(connection, entity_id, period=period.name, known_at=known_at)
        if run_id is None
        else run_by_id(connection, entity_id, run_id)
    )
    if run is None or run.period != period.name or run.finished_at is None:
        raise Refused("run_missing", {"period": period.name}, path="run")
    return Comparing.of(connection, run, period, sets)


def explained(comparing: Comparing, scan: Scan, wanted: Sequence[Key]) -> tuple[Difference, ...]:
    """Explain the differences at some places: only their people are read."""
    of_nobody = {key_of(each): each for each in scan.nobodys}
    ids = sorted({person for person, _, _ in wanted if person})
    found = comparing.people(ids).differences if ids else []
    at = of_nobody | {key_of(each): each for each in found}
    return tuple(at[key] for key in wanted if key in at)


def names_of(
    connection: Database, runtime: Runtime, period: Period, rows: Iterable[Difference]
) -> dict[str, str]:
    """Read the names of whoever is in some rows."""
    ids = {each for row in rows for each in (row.person_id, row.likely_id) if each}
    named = people(
        connection,
        _READER,
        valid_at=period.last_day,
        known_at=runtime.clock(),
        ids=sorted(ids),
    )
    return {person.id: person.name for person in named}


def metric_names(comparing: Comparing) -> dict[str, Mapping[str, str]]:
    """Say what metrics are called."""
    return {key: each.name for key, each in comparing.metrics.items()}


def key_of(row: Difference) -> Key:
    """Say where a difference stands in the list; who is known needs no old name."""
    return row.person_id or "", "" if row.person_id else row.given, row.component


# ---- everybody ----------------------------------------------------------------------------------

_Kept = OrderedDict[tuple[str, tuple[str, ...]], Scan]
_KEPT: WeakKeyDictionary[Engine, _Kept] = WeakKeyDictionary()
_LOCK = Lock()


def scanned(engine: Engine, comparing: Comparing) -> Scan:
    """Compare everybody, or remember what came out; neither run nor sheets can change."""
    key = (comparing.run.id, tuple(sorted(each.id for each in comparing.every_sheet)))
    with _LOCK:
        kept = _KEPT.setdefault(engine, OrderedDict())
        found = kept.get(key)
        if found is not None:
            kept.move_to_end(key)
    if found is None:
        found = _scan(comparing)
        with _LOCK:
            kept[key] = found
            while len(kept) > KEPT_MOST:
                kept.popitem(last=False)
    return found


def _scan(comparing: Comparing) -> Scan:
    scan = Scan()
    rows = told_of_people(rows_apart(comparing.connection, comparing.sheets.sets, comparing.run.id))
    with_nobody = any(person.startswith("?") for person in rows)
    places: list[tuple[str, str, int]] = []
    alone: dict[frozenset[tuple[str, int]], str] = {}
    for number in shard_numbers(comparing.connection, comparing.run.id):
        found = comparing.shard(number, noting_alone=with_nobody)
        _take(scan, found, places)
        for person, amounts in found.alone.items():
            paid = frozenset(item for item in amounts.items() if item[1])
            alone[paid] = "" if paid in alone else person
    apart = Compared()
    for person, told in sorted(rows.items()):
        likely = ""
        if person.startswith("?"):
            said = {name: each.paid or 0 for name, each in told.components.items()}
            likely = likely_person(said, alone)
        add_unpaid(apart, person, told, comparing.sheets, likely)
    nobodys = [each for each in apart.differences if each.person_id is None]
    apart.differences = [each for each in apart.differences if each.person_id is not None]
    _take(scan, apart, places)
    _note(scan, nobodys)
    scan.nobodys = tuple(sorted(nobodys, key=key_of))
    places.sort()
    scan.components = tuple(sorted({component for _, component, _ in places}))
    numbers = {component: place for place, component in enumerate(scan.components)}
    scan.people = np.array([person.encode() for person, _, _ in places] or np.zeros(0, dtype="S1"))
    scan.parts = np.array([numbers[component] for _, component, _ in places], dtype=np.int16)
    scan.lines = np.array([bits for _, _, bits in places], dtype=np.int32)
    return scan


def _take(scan: Scan, found: Compared, places: list[tuple[str, str, int]]) -> None:
    scan.old, scan.ours = plus(scan.old, found.old), plus(scan.ours, found.ours)
    scan.compared += found.compared
    scan.matched += found.matched
    scan.only_old += found.only_old
    scan.only_ours += found.only_ours
    _note(scan, found.differences)
    places.extend(
        (each.person_id or "", each.component, bits_of(each)) for each in found.differences
    )


def _note(scan: Scan, found: Sequence[Difference]) -> None:
    for cause, amount in by_cause(line for each in found for line in each.lines).items():
        scan.causes[cause] = plus(scan.causes.get(cause, 0), amount)
    for each in found:
        for cause in {line.cause for line in each.lines}:
            scan.counts[cause] = scan.counts.get(cause, 0) + 1


def bits_of(row: Difference) -> int:
    """Write the causes of a difference as bits."""
    found = 0
    for cause in {line.cause for line in row.lines}:
        found += 1 << _CAUSES.index(cause)
    return found
