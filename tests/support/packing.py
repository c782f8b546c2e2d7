"""Somebody's quarter with everything a pack of evidence may hold: tiers to date, corrections, pay.

May is posted, closed and paid; a late order and a refund of May come to June; June is paid by tiers
to date, with a draw and a holdback, and its sheet takes what the corrections booked.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from actions.calculate import Mode
from actions.close_period import close_period
from actions.correct_period import correct_period
from actions.gather_evidence import gather_evidence
from actions.pack_evidence import pack_evidence
from actions.pay_batches import lock_batch
from actions.prepare_pay import prepare_batch
from actions.seal_trail import seal_trail
from domain.access import Resource
from domain.period import period_named
from messages.render import load
from storage.engine import reading
from storage.results import latest_run, results
from tests.support.company import SYSTEM, Company
from tests.support.paying import DRAW, PLAN, Paying
from tests.support.rules import texts

TERMS: dict[str, Any] = {
    **DRAW,
    "holdback": {
        "share": "0.2",
        "base": ["tiers"],
        "release": {"kind": "AFTER_PERIODS", "periods": 1},
    },
}
TO_DATE: dict[str, Any] = {
    **PLAN,
    "components": [
        {
            "id": "tiers",
            "kind": "TIERED",
            "name": texts("Tiers of the quarter"),
            "missing": "ZERO",
            "metric": "sales",
            "measure": "ACTUAL",
            "mode": "MARGINAL",
            "boundary": "UPPER_TIER",
            "negative": "KEEP",
            "span": "QUARTER",
            "spanStart": "SPAN",
            "tiers": [{"upTo": "10000", "rate": "0.1"}, {"rate": "0.2"}],
        }
    ],
}
MAY, JUNE = "2026-05", "2026-06"


def quarter(runtime: Any) -> Paying:
    """Live through May and June."""
    paying = Paying(runtime, TERMS, TO_DATE)
    for name, may, june in (("ann", 900_000, 1_200_000), ("ben", 700_000, 800_000)):
        paying.sell(name, MAY, may)
        paying.sell(name, JUNE, june)
    paying.post(MAY)
    paying.lock(MAY)
    paying.finish(MAY)
    close_period(runtime, SYSTEM, paying.entity, MAY, accept_warnings=True)
    paying.company.fact("ann", date(2026, 5, 20), 300_000)
    correct_period(runtime, SYSTEM, paying.entity, MAY, into=JUNE, mode=Mode.POSTED)
    paying.company.fact("ann", date(2026, 5, 21), -50_000)
    paying.company.fact("ben", date(2026, 5, 21), -10_000)
    correct_period(runtime, SYSTEM, paying.entity, MAY, into=JUNE, mode=Mode.POSTED)
    paying.post(JUNE)
    paying.do(prepare_batch, JUNE)
    paying.step(lock_batch, JUNE)
    paying.finish(JUNE)
    return paying


def packed(company: Company, person_id: str, period: str) -> dict[str, bytes]:
    """Seal the trail and pack the newest posted run's evidence of somebody."""
    runtime = company.runtime
    seal_trail(runtime, SYSTEM, company.entity_id)
    now, day = runtime.clock(), period_named(period).last_day
    with reading(company.engine, SYSTEM) as connection:
        run = latest_run(connection, company.entity_id, period=period, known_at=now)
        assert run is not None
        (found,) = results(
            connection, SYSTEM, run, day=day, resource=Resource.PAY, person_ids=[person_id]
        )
        asked = gather_evidence(connection, SYSTEM, run, found, person_name="anna", known_at=now)
    return pack_evidence(runtime, load(), asked)
