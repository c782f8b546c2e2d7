"""The proofs of a pay sheet and of a correction: what was sealed of them, and the way up.

As with a statement, the caller hands over what the asker was allowed to read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actions.gather_evidence import Changed, Settled
from actions.prove_leaf import included, way_to_checkpoint
from actions.prove_statement import header_of, sealed_amounts
from actions.seal_pay import PAY_SEAL_DEED, booked_for, pay_header, sheet_parts
from actions.seal_run import SEAL_DEED
from domain.access import Actor
from domain.period import period_named
from domain.proof import Seal, run_document, shown
from domain.sealed import RunHeader
from domain.sealed_pay import (
    CORRECTION_LEAF,
    SHEET_LEAF,
    SealedChange,
    SheetParts,
    correction_content,
    sheet_content,
)
from storage.engine import Database
from storage.pay_balances import balance_entries
from storage.pay_seals import PaySeal, pay_seal_of
from storage.run_seals import RunSeal, run_seal_of

PAY_PROOF, CORRECTION_PROOF = "attain.pay_proof/1", "attain.correction_proof/1"


def prove_sheet(connection: Database, actor: Actor, settled: Settled) -> dict[str, Any]:
    """Return the proof of a sheet; one that was not locked yet is not sealed."""
    batch, stored = settled.batch, settled.sheet
    sealed = pay_seal_of(connection, batch.id, stored.revision)
    parts = parts_of(connection, actor, settled, sealed)
    content = sheet_content(stored.sheet, stored.person_id, stored.revision, parts)
    header = pay_header(batch, batch.updated_at if sealed is None else sealed.known_at)
    lines = stored.sheet.lines
    document: dict[str, Any] = {
        "format": PAY_PROOF,
        "run": run_document(header),
        "sheet": stored.sheet.document,
        "hash": stored.sheet.hash,
        "shown": {line.name: shown(line.value, stored.currency) for line in lines},
        "seal": None,
        "labels": {"state": batch.state.value, "anchors": []},
    }
    return _hung(connection, header, document, sealed, (SHEET_LEAF, content, PAY_SEAL_DEED))


def parts_of(
    connection: Database, actor: Actor, settled: Settled, sealed: PaySeal | None
) -> SheetParts:
    """Read what a sheet was added up from, as it was known when it was locked."""
    batch, stored = settled.batch, settled.sheet
    entries = [
        each
        for each in booked_for(connection, batch, stored.person_id)
        if each.currency == stored.currency
    ]
    balances = balance_entries(
        connection,
        actor,
        batch.entity_id,
        day=period_named(batch.period).last_day,
        known_at=None if sealed is None else sealed.known_at,
        person_ids=[stored.person_id],
    )
    mine = [each for each in balances if each.currency == stored.currency]
    return sheet_parts(stored, entries, mine)


def prove_correction(connection: Database, changed: Changed) -> dict[str, Any]:
    """Return the proof of what a correction changed for a person, cause by cause."""
    run, header = changed.run, header_of(changed.run)
    now: dict[tuple[str, str], int] = {}
    if changed.stated is not None:
        explained = changed.stated.explained
        currency = explained.statement.document["currency"]
        now = {
            (name, str(currency)): value
            for name, value in sealed_amounts(explained.statement).items()
            if value is not None
        }
    content = correction_content(
        person_id=changed.person_id,
        base_run=run.base_run_id or "",
        booked_in=run.booked_in or "",
        changes=[
            SealedChange(
                component=line.component,
                currency=line.currency,
                cause=line.cause,
                amount=line.amount,
                delta=line.booked,
            )
            for line in changed.lines
        ],
        now=now,
    )
    document: dict[str, Any] = {
        "format": CORRECTION_PROOF,
        "run": run_document(header),
        "correction": _readable(content),
        "seal": None,
        "labels": {"anchors": []},
    }
    sealed = run_seal_of(connection, run.id)
    return _hung(connection, header, document, sealed, (CORRECTION_LEAF, content, SEAL_DEED))


def _readable(content: Mapping[str, Any]) -> dict[str, Any]:
    """Write what was sealed of a correction with a name for each number."""
    amounts, lines = ("component", "currency", "before", "after"), (
        "component", "currency", "cause", "booked", "delta", "amount",
    )  # fmt: skip
    return {
        **content,
        "amounts": [dict(zip(amounts, each, strict=True)) for each in content["amounts"]],
        "lines": [dict(zip(lines, each, strict=True)) for each in content["lines"]],
    }


def _hung(
    connection: Database,
    header: RunHeader,
    document: dict[str, Any],
    sealed: RunSeal | PaySeal | None,
    leaf: tuple[str, Mapping[str, Any], str],
) -> dict[str, Any]:
    """Put the seal into a proof; what is not sealed has its bare content in place of it."""
    kind, content, action = leaf
    if sealed is None:
        return {**document, "content": dict(content)}
    trail, anchors = way_to_checkpoint(connection, header, action, sealed.root)
    seal = Seal(
        result=included(sealed.secret, sealed.leaves, header, kind, content),
        cohorts=(),
        root=sealed.root,
        size=len(sealed.leaves),
        trail=trail,
    )
    labels = {**document["labels"], "anchors": anchors}
    return {**document, "seal": seal.write(), "labels": labels}
