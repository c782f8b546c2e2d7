"""What belongs to the evidence of a payout: read once, and only what the asker may read.

Beside the statement itself these are the statements of earlier periods that a tier to date leans
on, the corrections that touched the period, and the pay sheets in which it is paid.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.access import Actor, Resource
from domain.fact import Fact
from domain.knowledge import Knowledge
from domain.measure import aggregates
from domain.period import Period, period_named
from domain.program import NeedKind
from domain.proof import shown
from storage.corrections import StoredLine, correction_lines, corrections_of
from storage.credit_rules import rule_names
from storage.credited_facts import facts_of_person
from storage.definitions import metrics_by_key
from storage.engine import Database
from storage.frozen_credits import credits_of_run
from storage.pay_batches import Batch, StoredSheet, batches, is_shown, sheets_of
from storage.results import LedgerEntry, Result, Run, latest_run, ledger, results
from storage.runs import RunState
from storage.sources import SourceRecord, records
from storage.statements import Explained, statement_of
from storage.types import text_of_instant

FACTS_FORMAT = "attain.facts/1"
_MOST_BATCHES = 24  # the newest that may have left a balance
_MOST_CORRECTIONS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """One statement as it is read back."""

    run: Run
    result: Result
    explained: Explained


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What a correction changed for a person; who takes no part any more has no statement."""

    run: Run
    person_id: str
    lines: tuple[StoredLine, ...]
    stated: Stated | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A pay sheet with its batch."""

    batch: Batch
    sheet: StoredSheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the asker was allowed to read of one person and period."""

    person_name: str
    stated: Stated
    ledger: Sequence[LedgerEntry]
    facts: Mapping[str, Any]
    earlier: tuple[Stated, ...] = ()
    changed: tuple[Changed, ...] = ()
    settled: tuple[Settled, ...] = ()  # of the period itself
    before: tuple[Settled, ...] = ()  # of earlier batches, the newest first

    @property
    def run(self) -> Run:
        """The run whose statement it is about."""
        return self.stated.run


def gather_evidence(
    connection: Database,
    actor: Actor,
    run: Run,
    result: Result,
    *,
    person_name: str,
    known_at: datetime,
) -> Asked:
    """Read all that belongs to a result which the actor may read."""
    span, person_id = period_named(run.period), result.person_id
    explained = statement_of(connection, run, result)
    stated = Stated(run=run, result=result, explained=explained)
    earlier = tuple(_earlier(connection, actor, stated))
    concerned = [each.run.period for each in earlier]
    changed = _changed(connection, actor, stated, concerned, known_at)
    settled, before = _settled(connection, actor, run.entity_id, span, person_id)
    booked = ledger(
        connection,
        actor,
        run.entity_id,
        period=span.name,
        day=span.last_day,
        known_at=known_at,
        person_ids=[person_id],
    )
    return Asked(
        person_name=person_name,
        stated=stated,
        ledger=booked,
        facts=facts_document(connection, actor, run, person_id, explained),
        earlier=earlier,
        changed=changed,
        settled=settled,
        before=before,
    )


def _earlier(connection: Database, actor: Actor, stated: Stated) -> Iterator[Stated]:
    """Yield the statements that a tier to date leans on, as the run knew them."""
    run, plan = stated.run, stated.explained.plan
    if plan is None:
        return
    period = period_named(run.period)
    needs = [need for each in plan.plan.components for need in each.needs(plan.plan)]
    spans = {
        each.name: each
        for need in needs
        if need.kind is NeedKind.EARNED
        for each in need.earlier_in(period, plan.valid_from)
    }
    for each in sorted(spans.values(), key=lambda one: one.start):
        found = latest_run(
            connection, run.entity_id, period=each.name, known_at=run.known_at, mode="POSTED"
        )
        mine = found and _stated(connection, actor, found, stated.result.person_id)
        if mine:
            yield mine


def _stated(connection: Database, actor: Actor, run: Run, person_id: str) -> Stated | None:
    found = results(
        connection,
        actor,
        run,
        day=period_named(run.period).last_day,
        resource=Resource.PAY,
        person_ids=[person_id],
    )
    if not found:
        return None
    explained = statement_of(connection, run, found[0])
    return Stated(run=run, result=found[0], explained=explained)


def _changed(
    connection: Database, actor: Actor, stated: Stated, earlier: Sequence[str], known_at: datetime
) -> tuple[Changed, ...]:
    """Read the corrections of the period, of those it leans on, and those that are booked in it."""
    run, person_id = stated.run, stated.result.person_id
    posted = (RunState.POSTED,)
    runs: dict[str, Run] = {}
    for name in (run.period, *earlier):
        known = known_at if name == run.period else run.known_at
        for each in corrections_of(
            connection, run.entity_id, period=name, states=posted, known_at=known
        ):
            runs[each.id] = each
    for each in corrections_of(
        connection, run.entity_id, booked_in=run.period, states=posted, known_at=known_at
    ):
        runs[each.id] = each
    found = []
    newest = sorted(runs.values(), key=lambda each: (each.known_at, each.id), reverse=True)
    for each in newest[:_MOST_CORRECTIONS]:
        lines = correction_lines(
            connection,
            actor,
            [each.id],
            day=period_named(each.period).last_day,
            person_id=person_id,
        )
        if lines:
            mine = _stated(connection, actor, each, person_id)
            found.append(Changed(run=each, person_id=person_id, lines=lines, stated=mine))
    return tuple(reversed(found))


def _settled(
    connection: Database, actor: Actor, entity_id: str, span: Period, person_id: str
) -> tuple[tuple[Settled, ...], tuple[Settled, ...]]:
    """Read the sheets of the period, and those of batches before it."""
    found: list[Settled] = []
    before: list[Settled] = []
    row = [
        each
        for each in batches(connection, entity_id)
        if is_shown(actor, each) and period_named(each.period).start <= span.start
    ]
    row.sort(key=lambda each: period_named(each.period).start, reverse=True)
    for batch in row[:_MOST_BATCHES]:
        day = period_named(batch.period).last_day
        for sheet in sheets_of(connection, actor, batch, day=day, person_ids=[person_id]):
            place = found if batch.period == span.name else before
            place.append(Settled(batch=batch, sheet=sheet))
    return tuple(found), tuple(before)


def facts_document(
    connection: Database, actor: Actor, run: Run, person_id: str, explained: Explained
) -> dict[str, Any]:
    """Read the facts behind the inputs, with the records of them that the actor may see."""
    metrics = metrics_by_key(
        connection, run.entity_id, valid_at=run.valid_at, known_at=run.known_at
    )
    period, found = period_named(run.period), {}
    crediting = credits_of_run(connection, run)
    rules = rule_names(connection, run.entity_id)
    for key in sorted(metrics):
        if f"{key}.num" not in explained.inputs:
            continue
        for need in aggregates(metrics[key], period):
            own = facts_of_person(
                connection,
                run.entity_id,
                need,
                at=Knowledge.at(run.known_at),
                person_id=person_id,
                crediting=crediting,
            )
            found.update({each.fact.id: each.told(rules) for each in own})
    facts = sorted(found.values(), key=lambda fact: (fact.business_date, fact.id))
    sources = records(connection, actor, sorted({fact.record_id for fact in facts}))
    return {
        "format": FACTS_FORMAT,
        "knownAt": text_of_instant(run.known_at),
        "facts": [_fact(fact, sources.get(fact.record_id)) for fact in facts],
    }


def _fact(fact: Fact, record: SourceRecord | None) -> dict[str, Any]:
    return {
        "id": fact.id,
        "kind": fact.kind,
        "businessDate": fact.business_date.isoformat(),
        "quantity": shown(fact.quantity, fact.unit),
        "unit": fact.unit,
        "subject": fact.subject,
        "attributes": dict(fact.attributes),
        "record": None
        if record is None
        else {
            "id": record.id,
            "stream": record.stream,
            "key": record.key,
            "revision": record.revision,
            "content": record.content,
            "position": record.position,
            "seenAt": text_of_instant(record.seen_at),
        },
    }
