"""What comes out for everybody when an old system is held against a run: totals, and places.

It follows from a run and sheets that never change, so it is remembered, and for a large company
kept with the job that found it.
"""

from __future__ import annotations

import base64
import zlib
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import msgspec
import numpy as np

from actions.compare_people import Compared, Comparing, Difference, add_unpaid
from actions.old_told import told_of_people
from domain.correction import plus
from domain.document import document_hash
from domain.parallel_run import DifferenceCause, by_cause, likely_person
from domain.problem import Refused
from storage.engine import Engine
from storage.frozen import shard_numbers
from storage.old_results import rows_apart
from storage.plan_trials import PARALLEL_RUN, latest_trial

KEPT_MOST = 12  # comparisons that are remembered: those of a year, month by month
PEOPLE_MOST = 10_000  # who are compared while somebody waits; more are compared by a job
_CAUSES = tuple(DifferenceCause)
Key = tuple[str, str, str]  # the person, the old name, the component
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which differences are wanted."""

    cause: DifferenceCause | None = None
    first: int = 50
    after: Key | None = None


EVERYTHING = Asked()


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


def key_of(row: Difference) -> Key:
    """Say where a difference stands in the list; who is known needs no old name."""
    return row.person_id or "", "" if row.person_id else row.given, row.component


_Kept = OrderedDict[str, Scan]
_KEPT: WeakKeyDictionary[Engine, _Kept] = WeakKeyDictionary()
_LOCK = Lock()
_EVER = datetime(9999, 12, 31, tzinfo=UTC)


def scan_key(comparing: Comparing) -> str:
    """Name what is compared: a run, and every sheet that stands."""
    told = [comparing.run.id, sorted(each.id for each in comparing.every_sheet)]
    return document_hash({"compared": told})


def scanned(engine: Engine, comparing: Comparing, *, patient: bool = False) -> Scan:
    """Compare everybody, or remember what came out; neither run nor sheets can change.

    Of a large company it is looked up where a job has kept it: nobody waits for it, unless
    ``patient``.
    """
    key = scan_key(comparing)
    with _LOCK:
        kept = _KEPT.setdefault(engine, OrderedDict())
        found = kept.get(key)
        if found is not None:
            kept.move_to_end(key)
            return found
    stored = latest_trial(
        comparing.connection,
        comparing.run.entity_id,
        kind=PARALLEL_RUN,
        plan_hash=key,
        known_at=_EVER,
    )
    if stored is not None:
        found = read_scan(stored.answer)
    elif (comparing.run.people or 0) > PEOPLE_MOST and not patient:
        values = {
            "period": comparing.period.name,
            "people": str(comparing.run.people),
            "most": str(PEOPLE_MOST),
        }
        raise Refused("parallel_run_large", values, path="period")
    else:
        found = scan_all(comparing)
    with _LOCK:
        kept[key] = found
        while len(kept) > KEPT_MOST:
            kept.popitem(last=False)
    return found


def write_scan(scan: Scan) -> dict[str, Any]:
    """Write what came out as it is kept."""
    return {
        "totals": {name: getattr(scan, name) for name in _TOTALS},
        "causes": {cause.value: amount for cause, amount in scan.causes.items()},
        "counts": {cause.value: count for cause, count in scan.counts.items()},
        "nobodys": msgspec.to_builtins(scan.nobodys),
        "components": list(scan.components),
        "columns": {name: _packed(getattr(scan, name)) for name in _COLUMNS},
    }


def read_scan(told: Mapping[str, Any]) -> Scan:
    """Read what was kept."""
    columns: dict[str, Any] = {name: _unpacked(told["columns"][name]) for name in _COLUMNS}
    return Scan(
        **told["totals"],
        **columns,
        causes={DifferenceCause(name): amount for name, amount in told["causes"].items()},
        counts={DifferenceCause(name): count for name, count in told["counts"].items()},
        nobodys=msgspec.convert(told["nobodys"], tuple[Difference, ...]),
        components=tuple(told["components"]),
    )


_TOTALS = ("old", "ours", "compared", "matched", "only_old", "only_ours")
_COLUMNS = ("people", "parts", "lines")


def _packed(column: np.ndarray) -> list[str]:
    content = base64.b64encode(zlib.compress(column.tobytes())).decode()
    return [column.dtype.str, content]


def _unpacked(told: Sequence[str]) -> np.ndarray:
    kind, content = told
    return np.frombuffer(zlib.decompress(base64.b64decode(content)), dtype=np.dtype(kind))


def scan_all(comparing: Comparing, progress: Progress | None = None) -> Scan:
    """Compare everybody, shard by shard."""
    scan = Scan()
    rows = told_of_people(rows_apart(comparing.connection, comparing.sheets.sets, comparing.run.id))
    with_nobody = any(person.startswith("?") for person in rows)
    places: list[tuple[str, str, int]] = []
    alone: dict[frozenset[tuple[str, int]], str] = {}
    shards = shard_numbers(comparing.connection, comparing.run.id)
    for done, number in enumerate(shards):
        found = comparing.shard(number, noting_alone=with_nobody)
        if progress is not None:
            progress(done + 1, len(shards))
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
