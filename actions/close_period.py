"""Closing a period: checked, calculated if needed, made final and frozen, in one transaction."""

from __future__ import annotations

from actions.calculate import Mode, calculate_within
from actions.checklist import checklist
from actions.closing import Closing
from actions.correct_period import correct_within, demand_correct
from actions.deed import Done, Runtime, perform
from actions.periods import state_now
from actions.suggest import suggest_within
from actions.waiting_corrections import waiting_corrections
from domain.access import Actor
from domain.checklist import Weight
from domain.period import Period, period_named
from domain.period_state import PeriodState
from domain.problem import Refused
from storage.engine import Writing
from storage.periods import add_state
from storage.runs import RunState, set_state


def close_period(
    runtime: Runtime,
    actor: Actor,
    entity_id: str,
    period_name: str,
    *,
    accept_warnings: bool = False,
    key: str | None = None,
) -> Done:
    """Close a period and return the id of its final run; whatever blocks is refused as a list."""
    period = period_named(period_name)

    def deed(writing: Writing) -> str:
        demand_close(actor, entity_id)
        return close_within(writing, runtime, period, accept_warnings=accept_warnings)

    request = {"period": period.name, "acceptWarnings": accept_warnings}
    return perform(runtime, actor, entity_id, "periodClose", request, deed, key)


def demand_close(actor: Actor, entity_id: str) -> None:
    """Refuse who may not calculate and pay everybody: a close fixes what everybody gets."""
    demand_correct(actor, entity_id)


def close_within(
    writing: Writing, runtime: Runtime, period: Period, *, accept_warnings: bool
) -> str:
    """Close within an open transaction."""
    state, stored = state_now(writing, period)
    refuse_unready(writing, period, accept_warnings=accept_warnings)
    assert state is PeriodState.OPEN
    for closed, _ in waiting_corrections(
        writing.connection, writing.entity_id, period, writing.known_at
    ):
        correct_within(writing, runtime, closed, period, Mode.POSTED)
    run_id = _final_run(writing, runtime, period)
    set_state(writing, run_id, RunState.FINAL)
    revision = stored.revision + 1 if stored else 1
    add_state(writing, period.name, PeriodState.CLOSED, revision=revision, run_id=run_id)
    suggest_within(writing)
    return run_id


def refuse_unready(writing: Writing, period: Period, *, accept_warnings: bool) -> None:
    """Refuse a close that something stands in the way of, and list all of it."""
    state, _ = state_now(writing, period)
    if state is PeriodState.CLOSED:
        raise Refused("period_closed_already", {"period": period.name})
    items = checklist(_closing(writing, period))
    blocking = [item for item in items if item.weight is Weight.BLOCKING]
    if blocking or state is not PeriodState.OPEN:
        code = "period_not_ready" if blocking else "period_not_open"
        raise Refused(
            code, {"period": period.name}, problems=tuple(item.problem() for item in items)
        )
    if items and not accept_warnings:
        raise Refused(
            "period_has_warnings",
            {"period": period.name, "count": str(len(items))},
            problems=tuple(item.problem() for item in items),
        )


def _closing(writing: Writing, period: Period) -> Closing:
    return Closing(
        connection=writing.connection,
        entity_id=writing.entity_id,
        period=period,
        known_at=writing.known_at,
    )


def _final_run(writing: Writing, runtime: Runtime, period: Period) -> str:
    """Take the posted run that knows everything, or calculate and post once more."""
    closing = _closing(writing, period)
    if closing.posted is not None and not closing.touched_since(closing.posted):
        return closing.posted.id
    return calculate_within(writing, runtime, period, Mode.POSTED, accept_provisional=True)
