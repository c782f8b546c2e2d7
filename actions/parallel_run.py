"""The old system beside ours: what each paid whom, and why they differ, to the cent.

A read that changes nothing. The right of whoever asks is decided first (to decide about all pay
of the legal entity); then the company is read as a whole, by the system, shard by shard of the
frozen inputs. What came out for everybody follows from a run and sheets that never change, so it
is remembered: a page explains its own people alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from actions.compare_people import Comparing, Difference
from actions.deed import Runtime
from actions.parallel_scan import EVERYTHING, Asked, Key, Scan, key_of, scanned
from actions.prepare_pay import demand_pay
from domain.access import Actor, System
from domain.period import Period, period_named
from domain.problem import Refused
from storage.engine import Database, reading
from storage.old_results import OldResultSet, standing_sets
from storage.people import people
from storage.results import Run, latest_run, run_by_id

_READER = System(name="parallel run")


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
    asked: Asked = EVERYTHING,
    *,
    patient: bool = False,
) -> ParallelRun:
    """Hold what an old system paid in a period against a run of ours, the newest if none is named.

    Old results of other periods are read too: a sale that stands in another one is a matter of
    timing. Of people with a cut period the sales are not followed, only the amounts. Who is
    ``patient`` waits for a large company as well; others queue it first.
    """
    demand_pay(actor, entity_id)
    period = period_named(period_name)
    with reading(runtime.engine, _READER) as connection:
        comparing = comparing_of(connection, runtime, entity_id, period, run_id)
        scan = scanned(runtime.engine, comparing, patient=patient)
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
