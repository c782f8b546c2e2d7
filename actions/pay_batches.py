"""The steps of a pay batch: locked, submitted, approved by other people, paid; or rejected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from actions.identifiers import new_id
from actions.prepare_pay import demand_batch_version, demand_pay
from actions.seal_pay import seal_pay
from domain import settlement as lines_of
from domain.access import Actor, Deed, Resource, Role, System, Viewer, may_all
from domain.pay_batch import BatchDeed, BatchState, Hand, moved, refuse_hand
from domain.period import Period, period_named
from domain.problem import Refused
from domain.settlement_terms import Release
from storage.carrying import Widening, widened
from storage.engine import Writing
from storage.pay_balances import (
    BalanceEntry,
    BalanceKind,
    add_entries,
    add_release,
    balance_entries,
    open_holdbacks,
    released_entries,
)
from storage.pay_batches import (
    Batch,
    StoredSheet,
    add_step,
    batch_by_id,
    batches,
    change_batch,
    sheets_of,
    steps_of,
)
from storage.pay_rules import pay_settings_on

_DRAW, _HELD, _CARRIED = (each.value for each in BalanceKind)


def lock_batch(writing: Writing, actor: Actor, batch_id: str, expected_version: int) -> str:
    """Lock a batch: its sheets do not move any more, and what they change in balances is booked."""
    demand_pay(actor, writing.entity_id)
    batch = _batch(writing, batch_id, expected_version)
    after = moved(batch.state, BatchDeed.LOCK)
    if batch.before_id is not None:
        before = batch_by_id(writing.connection, writing.entity_id, batch.before_id)
        known = before is not None and before.revision == batch.before_revision
        if before is None or not known or before.state is BatchState.UNPAID:
            raise Refused("pay_batch_stale", {"period": before.period if before else "-"})
    period = period_named(batch.period)
    sheets = sheets_of(writing.connection, actor, batch, day=period.last_day)
    known_entries = balance_entries(
        writing.connection, actor, writing.entity_id, day=period.last_day
    )
    _refuse_stale(batch, sheets, known_entries)
    seal_pay(writing, batch, sheets, known_entries)
    add_entries(writing, _changes(writing, batch, period, sheets, known_entries))
    _moved(writing, batch, after, BatchDeed.LOCK, None)
    return batch.id


def unlock_batch(
    writing: Writing, actor: Actor, batch_id: str, reason: str, expected_version: int
) -> str:
    """Unlock a batch that was not submitted: what it booked in balances is taken back."""
    demand_pay(actor, writing.entity_id)
    batch = _batch(writing, batch_id, expected_version)
    after = moved(batch.state, BatchDeed.UNLOCK)
    demand_reason(reason)
    _take_back(writing, actor, batch)
    _moved(writing, batch, after, BatchDeed.UNLOCK, reason)
    return batch.id


def submit_batch(writing: Writing, actor: Actor, batch_id: str, expected_version: int) -> str:
    """Submit a locked batch to the chain that holds today; it is frozen with the batch."""
    demand_pay(actor, writing.entity_id)
    batch = _batch(writing, batch_id, expected_version)
    after = moved(batch.state, BatchDeed.SUBMIT)
    day = writing.known_at.date()
    settings = pay_settings_on(writing.connection, writing.entity_id, day, writing.known_at)
    change_batch(
        writing,
        batch,
        state=after.value,
        approvals=0,
        approval=[step.document for step in settings.approval],
    )
    add_step(writing, batch.id, batch.revision, BatchDeed.SUBMIT.value, None)
    return batch.id


def approve_batch(writing: Writing, actor: Actor, batch_id: str, expected_version: int) -> str:
    """Take the next step of the chain; with the last one the batch is approved."""
    with widened(writing.connection, Widening.APPROVAL):
        batch = _batch(writing, batch_id, expected_version)
        hand = _hand(actor, batch)
        after = moved(batch.state, BatchDeed.APPROVE)
        refuse_hand(batch.approval, batch.approvals, hand, list(_hands_before(writing, batch)))
        done = batch.approvals + 1
        state = after if done == len(batch.approval) else batch.state
        change_batch(writing, batch, state=state.value, approvals=done)
        add_step(writing, batch.id, batch.revision, BatchDeed.APPROVE.value, None)
    return batch.id


def reject_batch(
    writing: Writing, actor: Actor, batch_id: str, reason: str, expected_version: int
) -> str:
    """Reject what was submitted or approved: it is unpaid again, and balances are as before."""
    with widened(writing.connection, Widening.APPROVAL):
        batch = _batch(writing, batch_id, expected_version)
        _hand(actor, batch)
        after = moved(batch.state, BatchDeed.REJECT)
        demand_reason(reason)
        # Whoever approves sees no sheet: the product itself takes back what it booked.
        _take_back(writing, System(name="settlement"), batch)
        _moved(writing, batch, after, BatchDeed.REJECT, reason)
    return batch.id


def mark_paid(writing: Writing, actor: Actor, batch_id: str, expected_version: int) -> str:
    """Say that payroll has paid an approved batch: it never moves again."""
    demand_pay(actor, writing.entity_id)
    batch = _batch(writing, batch_id, expected_version)
    _moved(writing, batch, moved(batch.state, BatchDeed.MARK_PAID), BatchDeed.MARK_PAID, None)
    return batch.id


def release_holdback(writing: Writing, actor: Actor, entry_id: str, reason: str) -> str:
    """Say that what a holdback waits for has happened: the next batch pays it."""
    demand_pay(actor, writing.entity_id)
    demand_reason(reason)
    entries = balance_entries(
        writing.connection, actor, writing.entity_id, day=writing.known_at.date()
    )
    waiting = {each.id: each for each in open_holdbacks(entries) if each.event is not None}
    happened = released_entries(writing.connection, writing.entity_id)
    if entry_id not in waiting or entry_id in happened:
        raise Refused("holdback_not_open", path="entry")
    add_release(writing, waiting[entry_id], reason)
    return entry_id


def demand_reason(reason: str) -> None:
    """Refuse a step that needs a reason and has none."""
    if not reason.strip():
        raise Refused("text_empty", {"field": "reason"}, path="reason")


def _batch(writing: Writing, batch_id: str, expected_version: int) -> Batch:
    batch = batch_by_id(writing.connection, writing.entity_id, batch_id)
    if batch is None:
        raise Refused("not_found", {"id": batch_id})
    demand_batch_version(batch, expected_version)
    return batch


def _moved(
    writing: Writing, batch: Batch, after: BatchState, deed: BatchDeed, reason: str | None
) -> None:
    change_batch(writing, batch, state=after.value)
    add_step(writing, batch.id, batch.revision, deed.value, reason)


def _hand(actor: Actor, batch: Batch) -> Hand:
    """Say who approves or rejects: of those who decide about all pay, or named by the chain."""
    if isinstance(actor, System):
        raise Refused("forbidden", {"resource": Resource.PAY.value, "deed": Deed.WRITE.value})
    decides = may_all(actor, Resource.PAY, Deed.WRITE, batch.entity_id)
    named = any(actor.account_id in step.accounts for step in batch.approval)
    if not (decides or named):
        raise Refused("forbidden", {"resource": Resource.PAY.value, "deed": Deed.WRITE.value})
    roles = frozenset(
        grant.role
        for grant in actor.grants
        if grant.entity_id == batch.entity_id and grant.current and grant.unit_id is None
    )
    return Hand(account=actor.account_id, behalf=_behalf(actor), roles=roles if decides else _NONE)


_NONE: frozenset[Role] = frozenset()


def _behalf(viewer: Viewer) -> str | None:
    return viewer.acting.account_id if viewer.acting else None


def _hands_before(writing: Writing, batch: Batch) -> Iterator[Hand]:
    """Yield who submitted the batch and who approved it since."""
    steps = steps_of(writing.connection, [batch.id])[batch.id]
    last = max(each.number for each in steps if each.deed == BatchDeed.SUBMIT.value)
    for step in steps:
        if step.number >= last and step.account_id is not None:
            yield Hand(account=step.account_id, behalf=step.on_behalf_of)


def _refuse_stale(
    batch: Batch, sheets: Sequence[StoredSheet], entries: Sequence[BalanceEntry]
) -> None:
    """Refuse sheets that start from other balances than there are: a batch beside it moved them."""
    sums: dict[tuple[str, str, str], int] = {}
    for entry in entries:
        key = (entry.person_id, entry.currency, entry.kind)
        sums[key] = sums.get(key, 0) + entry.amount
    names = {
        _DRAW: lines_of.DRAW_BEFORE,
        _HELD: lines_of.HELD_BEFORE,
        _CARRIED: lines_of.OWED_BEFORE,
    }
    for each in sheets:
        for kind, name in names.items():
            there = sums.get((each.person_id, each.currency, kind), 0)
            if each.sheet.inputs[name] != there:
                raise Refused("pay_batch_stale", {"period": batch.period})


def _changes(
    writing: Writing,
    batch: Batch,
    period: Period,
    sheets: Sequence[StoredSheet],
    entries: Sequence[BalanceEntry],
) -> Iterator[BalanceEntry]:
    """Yield what locked sheets change in what is owed."""
    by_id = {each.id: each for each in entries}
    for each in sheets:
        blank = BalanceEntry(
            id="",
            person_id=each.person_id,
            currency=each.currency,
            kind="",
            amount=0,
            batch_id=batch.id,
            revision=batch.revision,
            period=batch.period,
            posted_at=writing.known_at,
        )
        for change in _of_sheet(each, blank, period, by_id):
            if change.amount:
                yield replace(change, id=new_id("pbal", writing.known_at))


def _of_sheet(
    each: StoredSheet, blank: BalanceEntry, period: Period, by_id: dict[str, BalanceEntry]
) -> Iterator[BalanceEntry]:
    sheet = each.sheet
    drawn = sheet.value(lines_of.DRAW_BALANCE) - (sheet.inputs[lines_of.DRAW_BEFORE] or 0)
    carried = sheet.value(lines_of.OWED_BALANCE) - (sheet.inputs[lines_of.OWED_BEFORE] or 0)
    yield replace(blank, kind=_DRAW, amount=drawn)
    yield replace(blank, kind=_CARRIED, amount=carried)
    for entry_id in each.releases:
        yield replace(blank, kind=_HELD, amount=-by_id[entry_id].amount, releases_id=entry_id)
    settlement = sheet.terms.settlement
    held = -sheet.value("holdback.withheld")
    if held and settlement is not None and settlement.holdback is not None:
        due_from = _due_from(period, settlement.holdback.periods)
        event = settlement.holdback.event
        if settlement.holdback.release is Release.AFTER_PERIODS:
            event = None
        yield replace(blank, kind=_HELD, amount=held, due_from=due_from, event=event)


def _due_from(period: Period, periods: int | None) -> date | None:
    return None if periods is None else period.earlier(-periods).start


def _take_back(writing: Writing, actor: Actor, batch: Batch) -> None:
    """Book the opposite of what a batch changed in balances; refused once a later one used it."""
    for other in batches(writing.connection, writing.entity_id, cadence=batch.cadence):
        is_later = period_named(other.period).start > period_named(batch.period).start
        if is_later and other.state is not BatchState.UNPAID:
            raise Refused("pay_batch_later_locked", {"period": other.period})
    day = period_named(batch.period).last_day
    known = balance_entries(writing.connection, actor, writing.entity_id, day=day)
    gone = {each.reverses_id for each in known if each.reverses_id}
    mine = [
        each
        for each in known
        if (each.batch_id, each.revision) == (batch.id, batch.revision)
        and each.reverses_id is None
        and each.id not in gone
    ]
    _refuse_used(mine, known, gone)
    add_entries(
        writing,
        (
            replace(
                each,
                id=new_id("pbal", writing.known_at),
                amount=-each.amount,
                posted_at=writing.known_at,
                reverses_id=each.id,
            )
            for each in mine
        ),
    )


def _refuse_used(
    mine: Sequence[BalanceEntry], known: Sequence[BalanceEntry], gone: set[str]
) -> None:
    """Refuse when another batch pays out, or pays back, what this one held back or paid ahead."""
    concerned = {(each.person_id, each.currency, each.kind) for each in mine}
    ids = {each.id for each in mine}
    used = [
        each
        for each in known
        if each.releases_id in ids and each.id not in ids and each.id not in gone
        and each.reverses_id is None
    ]  # fmt: skip
    left = dict.fromkeys(concerned, 0)
    for each in known:
        key = (each.person_id, each.currency, each.kind)
        if key in concerned and each.id not in ids:
            left[key] += each.amount
    if used or any(amount < 0 for amount in left.values()):
        period = used[0].period if used else "-"
        raise Refused("pay_batch_later_locked", {"period": period})
