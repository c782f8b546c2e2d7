"""Trying a pack on the periods of a large company takes long: it is done as a job and kept.

The question is queued as it was asked, its rights and its form are decided at once, and the answer
is the very one that asking while waiting gives. Only whoever asked is shown it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import msgspec

from actions.deed import Runtime
from actions.pack_pins import version_of
from actions.pack_preview import (
    USUAL_PERIODS,
    CardScores,
    KpiFacts,
    PackPreview,
    demand_few_periods,
    demand_preview,
    preview_pack,
)
from actions.pack_trial import Goal, PackTrial
from actions.trial_jobs import (
    keep_answer,
    kept_answer,
    progress_of,
    read_backtest,
    write_backtest,
)
from domain.access import Actor, System
from domain.metric import decode_metric, encode_metric
from domain.pack_merge import Take
from domain.period import period_named
from domain.problem import Problem
from storage.definitions import scope_from
from storage.engine import Writing
from storage.jobs import StoredJob
from storage.plan_trials import PACK_PREVIEW, StoredTrial


@dataclass(frozen=True, slots=True, kw_only=True)
class Previewing:
    """What is asked: how the pack is tried, and on which posted periods."""

    trial: PackTrial
    periods: Sequence[str] = ()
    last: int = USUAL_PERIODS


def pack_arguments(
    writing: Writing, actor: Actor, packs: Mapping[str, Any], asked: Previewing
) -> dict[str, Any]:
    """Write down what is to be tried; what is wrong with the question is said at once."""
    demand_preview(actor, writing.entity_id)
    demand_few_periods(asked.periods, asked.last)
    trial = asked.trial
    pin = version_of(writing.connection, packs, writing.entity_id, trial.pack_id, trial.version)
    return {
        # the version that is on offer now, whatever is when a worker comes to it
        "trial": _write_trial(replace(trial, version=pin.pack.version)),
        "periods": [period_named(each).name for each in asked.periods],
        "last": asked.last,
    }


def run_pack_preview(runtime: Runtime, job: StoredJob) -> str:
    """Try the pack of a job and keep the answer; return its id."""
    kept = kept_answer(runtime, job)
    if kept is not None:
        return kept
    found = preview_pack(
        runtime,
        System(name=f"job:{job.id}"),
        job.entity_id,
        _read_trial(job.arguments["trial"]),
        tuple(job.arguments["periods"]),
        int(job.arguments["last"]),
        progress_of(runtime, job),
    )
    return keep_answer(runtime, job, PACK_PREVIEW, write_pack_preview(found))


def _write_trial(trial: PackTrial) -> dict[str, Any]:
    return {
        "pack": trial.pack_id,
        "version": trial.version,
        "scopes": {key: each.document() for key, each in trial.scopes.items()},
        "overrides": msgspec.to_builtins(trial.overrides),
        "decided": {path: take.value for path, take in trial.decided.items()},
        "goals": msgspec.to_builtins(trial.goals),
    }


def _read_trial(told: Mapping[str, Any]) -> PackTrial:
    goals = {
        metric: tuple(
            Goal(
                part=each["part"],
                amount=None if each["amount"] is None else Decimal(each["amount"]),
                like=each["like"],
            )
            for each in listed
        )
        for metric, listed in told["goals"].items()
    }
    return PackTrial(
        pack_id=told["pack"],
        version=told["version"],
        scopes={key: scope_from(each) for key, each in told["scopes"].items()},
        overrides=told["overrides"],
        decided={path: Take(each) for path, each in told["decided"].items()},
        goals=goals,
    )


def write_pack_preview(found: PackPreview) -> dict[str, Any]:
    """Write an answer as it is kept: everything that is shown, and nobody's pay beside it."""
    return {
        "pack": found.pack_id,
        "version": found.version,
        "hash": found.hash,
        "backtest": write_backtest(found.backtest),
        "cards": msgspec.to_builtins(found.cards),
        "kpis": [
            {
                "metric": encode_metric(each.metric),
                "facts": each.facts,
                "absent": list(each.absent),
                "people": each.people,
                "of": each.of,
            }
            for each in found.kpis
        ],
        "problems": msgspec.to_builtins(found.problems),
    }


def read_pack_preview(stored: StoredTrial) -> PackPreview:
    """Read an answer that was kept."""
    told = stored.answer
    return PackPreview(
        pack_id=told["pack"],
        version=told["version"],
        hash=told["hash"],
        backtest=read_backtest(replace(stored, answer=told["backtest"])),
        cards=msgspec.convert(told["cards"], tuple[CardScores, ...]),
        kpis=tuple(_kpi(each) for each in told["kpis"]),
        problems=msgspec.convert(told["problems"], tuple[Problem, ...]),
    )


def _kpi(told: Mapping[str, Any]) -> KpiFacts:
    metric, problems = decode_metric(told["metric"])
    assert metric is not None, problems
    return KpiFacts(
        metric=metric,
        facts=told["facts"],
        absent=tuple(told["absent"]),
        people=told["people"],
        of=told["of"],
    )
