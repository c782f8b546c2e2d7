"""Sealing the sheets of a batch when it is locked: each is a leaf, with what it was made of.

The root goes into the trail like that of a run. A batch that is unlocked and locked again is sealed
again; what was handed out before still holds, and the trail says that it was unlocked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from actions.gather_pay import entries_for
from actions.identifiers import new_id
from actions.seal_run import Sealing
from domain.period import period_named
from domain.sealed import SEALED_FORMAT, RunHeader
from domain.sealed_pay import (
    SHEET_LEAF,
    SealedBalance,
    SealedEntry,
    SheetParts,
    sheet_content,
)
from storage.audit import add_event
from storage.engine import Connection, Writing
from storage.pay_balances import BalanceEntry
from storage.pay_batches import Batch, StoredSheet, batch_by_id
from storage.pay_seals import PaySeal, add_pay_seal
from storage.settling import Booked
from storage.types import text_of_instant

PAY_SEAL_DEED = "payBatchSeal"
PAY = "PAY"  # the mode of a sealed sheet: it is no calculation
Whose = tuple[str, str]
Owned = TypeVar("Owned", Booked, BalanceEntry)


def seal_pay(
    writing: Writing,
    batch: Batch,
    sheets: Sequence[StoredSheet],
    balances: Sequence[BalanceEntry],
) -> None:
    """Seal the sheets of a batch that is being locked; ``balances`` are those before it."""
    sealing = Sealing(header=pay_header(batch, writing.known_at), with_leaves=True)
    entries = _by_owner(booked_for(writing.connection, batch))
    before = _by_owner(balances)
    for each in sheets:
        whose = each.person_id, each.currency
        parts = sheet_parts(each, entries.get(whose, ()), before.get(whose, ()))
        content = sheet_content(each.sheet, each.person_id, each.revision, parts)
        sealing.add(SHEET_LEAF, content)
    leaves, root = sealing.closed()
    add_pay_seal(
        writing,
        PaySeal(
            id=new_id("psea", writing.known_at),
            batch_id=batch.id,
            revision=batch.revision,
            known_at=writing.known_at,
            root=root,
            secret=sealing.secret,
            leaves=leaves,
        ),
    )
    details = {
        "format": SEALED_FORMAT,
        "leaves": str(len(leaves)),
        "period": batch.period,
        "root": root,
    }
    add_event(writing, PAY_SEAL_DEED, batch.id, details)


def pay_header(batch: Batch, known_at: datetime) -> RunHeader:
    """Return what the sealed sheets of a batch have in common."""
    return RunHeader(
        entity_id=batch.entity_id,
        run_id=batch.id,
        period=batch.period,
        mode=PAY,
        known_at=text_of_instant(known_at),
        final=True,
    )


def booked_for(connection: Connection, batch: Batch, only: str | None = None) -> tuple[Booked, ...]:
    """Return the entries of the ledger that a batch took."""
    before = None
    if batch.before_id is not None:
        before = batch_by_id(connection, batch.entity_id, batch.before_id)
    found = entries_for(
        connection,
        batch.entity_id,
        period_named(batch.period),
        before,
        through=batch.ledger_through,
        only=only,
    )
    return tuple(found)


def sheet_parts(
    sheet: StoredSheet, entries: Iterable[Booked], balances: Iterable[BalanceEntry]
) -> SheetParts:
    """Say what one sheet was added up from: entries of the ledger, and balances before it."""
    known = [
        each
        for each in balances
        if (each.batch_id, each.revision) != (sheet.batch_id, sheet.revision)
    ]
    sums: dict[tuple[str, str, int], int] = {}
    for each in known:
        key = each.kind, each.batch_id, each.revision
        sums[key] = sums.get(key, 0) + each.amount
    by_id = {each.id: each for each in known}
    return SheetParts(
        entries=tuple(
            SealedEntry(
                id=each.id,
                kind=each.kind,
                component=each.component,
                period=each.period,
                origin_period=each.origin_period,
                cause=each.cause,
                run_id=each.run_id,
                amount=each.amount,
            )
            for each in entries
        ),
        carried=tuple(
            SealedBalance(kind=kind, batch_id=batch_id, revision=revision, amount=amount)
            for (kind, batch_id, revision), amount in sorted(sums.items())
            if amount
        ),
        released=tuple(_released(by_id[each]) for each in sorted(sheet.releases)),
    )


def _released(entry: BalanceEntry) -> SealedBalance:
    return SealedBalance(
        kind=entry.kind, batch_id=entry.batch_id, revision=entry.revision, amount=entry.amount
    )


def _by_owner(rows: Iterable[Owned]) -> Mapping[Whose, list[Owned]]:
    found: dict[Whose, list[Owned]] = {}
    for each in rows:
        found.setdefault((each.person_id, each.currency), []).append(each)
    return found
