"""Trying one plan on posted periods, for whoever may decide all pay: a read that changes nothing.

The right of whoever asks is decided first. Then the company is read as a whole, by the system:
a calculation from which a rule of sight quietly took people would be a wrong one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from actions.backtest import Backtest, Draft, Progress, backtest, demand_backtest
from actions.deed import Runtime
from domain.access import Actor, System
from domain.period import period_named
from domain.plan import decode_plan, has_errors
from domain.plan_document import plan_hash
from domain.problem import Refused
from storage.definitions import Scope
from storage.engine import Writing, reading

MOST_PERIODS = 12
MOST_COMPONENTS = 60  # of a plan that is tried while somebody waits
NAME = "plan"
_READER = System(name="backtest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What is tried on what. Without a scope the plan pays everybody."""

    document: object
    periods: Sequence[str]
    scope: Scope | None = None


def try_plan(
    runtime: Runtime, actor: Actor, entity_id: str, trial: Trial, progress: Progress | None = None
) -> Backtest:
    """Say what the plan would have paid beside what was posted."""
    demand_backtest(actor, entity_id)
    draft = check_trial(trial)
    with reading(runtime.engine, _READER) as connection:
        # What gathers numbers asks for a turn of writing, of which it only reads the connection.
        turn = Writing(
            connection=connection,
            entity_id=entity_id,
            known_at=runtime.clock(),
            actor=_READER.name,
        )
        return backtest(turn, _READER, [draft], trial.periods, progress)


def check_trial(trial: Trial) -> Draft:
    """Read what is to be tried, or refuse it."""
    if len(trial.periods) > MOST_PERIODS:
        raise _out_of_range("periods", MOST_PERIODS)
    return read_draft(trial.document, trial.periods, trial.scope)


def read_draft(document: object, periods: Sequence[str], scope: Scope | None) -> Draft:
    """Read a plan that is tried on periods, or refuse it."""
    plan, problems = decode_plan(document)
    if plan is None or has_errors(problems):
        raise Refused("backtest_plan_invalid", {}, path="document", problems=tuple(problems))
    if len(plan.components) > MOST_COMPONENTS:
        raise _out_of_range("components", MOST_COMPONENTS)
    for name in periods:
        if period_named(name).kind is not plan.cadence:
            values = {"period": name, "cadence": plan.cadence.value}
            raise Refused("backtest_other_cadence", values, path="periods")
    return Draft(name=NAME, plan=plan, hash=plan_hash(plan), scope=scope)


def _out_of_range(field: str, most: int) -> Refused:
    values = {"field": field, "low": "1", "high": str(most)}
    return Refused("number_out_of_range", values, path=field)
