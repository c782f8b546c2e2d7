"""What is sealed beyond the results of a run: a correction cause by cause, and a pay sheet.

As with a result, the content is built again from what is kept, byte for byte, and numbers are texts
of whole steps. A sheet brings along the entries of the ledger that it was made of, so that it can
be held against the statements and corrections that booked them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from domain.correction import minus, plus
from domain.document import document_hash
from domain.ledger import WALKED, Cause
from domain.pay_sheet import PaySheet
from domain.settlement_terms import write_settlement

CORRECTION_LEAF, SHEET_LEAF = "correction", "paySheet"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedChange:
    """What one cause changed of one component: since the close, and by this correction."""

    component: str
    currency: str
    cause: Cause
    amount: int
    delta: int


def correction_content(
    *,
    person_id: str,
    base_run: str,
    booked_in: str,
    changes: Iterable[SealedChange],
    now: Mapping[tuple[str, str], int],
) -> dict[str, Any]:
    """Return what is sealed of a person's correction; ``now`` is what the person earns by it.

    ``amounts`` has, per component and currency, what the walk began with and what it ended with.
    """
    lines = sorted(changes, key=lambda each: (each.component, each.currency, each.cause.value))
    walked: dict[tuple[str, str], int] = {}
    for line in lines:
        key = line.component, line.currency
        step = line.amount if line.cause in WALKED else 0
        walked[key] = plus(walked.get(key, 0), step)
    return {
        "amounts": [
            [component, currency, str(minus(now.get((component, currency), 0), change)),
             str(now.get((component, currency), 0))]
            for (component, currency), change in sorted(walked.items())
        ],
        "base": base_run,
        "bookedIn": booked_in,
        "lines": [
            [line.component, line.currency, line.cause.value, str(minus(line.amount, line.delta)),
             str(line.delta), str(line.amount)]
            for line in lines
        ],
        "person": person_id,
    }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedEntry:
    """An entry of the ledger that a sheet was made of."""

    id: str
    kind: str
    component: str
    period: str
    origin_period: str
    cause: str | None
    run_id: str | None
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedBalance:
    """What one revision of a batch left of one balance."""

    kind: str
    batch_id: str
    revision: int
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetParts:
    """What the numbers of a sheet were added up from."""

    entries: tuple[SealedEntry, ...]
    carried: tuple[SealedBalance, ...]  # before it, by the batches that left it
    released: tuple[SealedBalance, ...]  # the holdbacks that it pays


def sheet_content(
    sheet: PaySheet, person_id: str, revision: int, parts: SheetParts
) -> dict[str, Any]:
    """Return what is sealed of a pay sheet."""
    terms = write_settlement(sheet.terms.settlement, sheet.terms.currency)
    return {
        "carried": [_balance(each) for each in parts.carried],
        "currency": sheet.terms.currency,
        "entries": [_entry(each) for each in parts.entries],
        "inputs": {
            name: None if value is None else str(value) for name, value in sheet.inputs.items()
        },
        "paid": str(sheet.paid),
        "person": person_id,
        "policy": sheet.terms.policy.hash,
        "released": [_balance(each) for each in parts.released],
        "revision": str(revision),
        "settlement": None if terms is None else document_hash(terms),
        "sheet": sheet.hash,
    }


def _entry(entry: SealedEntry) -> list[str | None]:
    return [
        entry.id, entry.kind, entry.component, entry.period, entry.origin_period, entry.cause,
        entry.run_id, str(entry.amount),
    ]  # fmt: skip


def _balance(balance: SealedBalance) -> list[str]:
    return [balance.kind, balance.batch_id, str(balance.revision), str(balance.amount)]
