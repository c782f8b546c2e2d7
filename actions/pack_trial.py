"""Which rules of a pack are tried on whom: what would hold if it were installed, or upgraded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from actions.backtest_period import Assumed, Trial
from actions.change_pack import merged_pack
from actions.pack_pins import Pin, pinned, version_of
from actions.participants import TriedRules
from actions.publish_plan import PUBLISHED
from actions.put_pack import layer_now, refuse_overlap, ruled
from domain.document import document_hash
from domain.metric import Metric, decode_metric
from domain.pack_layer import PackRules, changed_layer
from domain.pack_merge import Leaves, Take
from domain.period import Period, PeriodKind
from domain.plan import decode_plan
from domain.problem import Refused
from domain.scorecard import decode_scorecard
from domain.unit import LARGEST_STEPS, to_steps
from storage.definitions import (
    Scope,
    StoredPlan,
    StoredScorecard,
    metrics_by_key,
    plan_versions,
    scorecards,
)
from storage.engine import Writing
from storage.packs import StoredLayer, pack_layers

TRIED = "tried:"
MOST_DOCUMENTS = 40
_NEVER = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A goal that is assumed where nobody set one: an amount, or that of another metric."""

    part: str = "target"  # or baseline
    amount: str | Decimal | None = None
    like: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PackTrial:
    """What is tried. ``scopes`` says for whom which scorecards and plans are; none lets the pack.

    Without it those that are in force keep whom they are for; of a pack that is not installed the
    first scorecard and the first plan of the cadence are for everybody.
    """

    pack_id: str
    version: str | None = None
    scopes: Mapping[str, Scope] = field(default_factory=dict)
    overrides: Mapping[str, object] = field(default_factory=dict)
    decided: Mapping[str, Take] = field(default_factory=dict)
    goals: Mapping[str, tuple[Goal, ...]] = field(default_factory=dict)  # by metric


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """The rules of a trial, ready to be tried."""

    pin: Pin
    rules: PackRules
    metrics: Mapping[str, Metric]
    trial: Trial
    cadence: PeriodKind


def prepare_trial(
    writing: Writing,
    packs: Mapping[str, Any],
    trial: PackTrial,
    first: Period,
    last: Period,
) -> Prepared:
    """Read what would hold, and for whom; what cannot be tried is refused."""
    pin = version_of(writing.connection, packs, writing.entity_id, trial.pack_id, trial.version)
    steps = pack_layers(
        writing.connection, writing.entity_id, known_at=writing.known_at, pack_id=trial.pack_id
    )
    layer, before = _layer(writing, packs, trial, pin, steps, last)
    rules = _with(pin, layer, trial.overrides)
    scopes = _scopes(writing, trial, rules, first, steps)
    cards = tuple(_card(each, scopes, first) for each in rules.scorecards if _in(each, scopes))
    plans = tuple(_plan(each, scopes, first) for each in rules.plans if _in(each, scopes))
    metrics = _metrics(rules)
    assumed = _assumed(writing, trial, metrics, last)
    # what is published under a key that is in force takes its place, and what the version no longer
    # has ends; a card that is not tried goes on
    gone = before - rules.keys.keys()
    tried = TriedRules(
        cards=cards,
        plans=plans,
        without=gone.union(
            (each.scorecard.key for each in cards), (each.plan.key for each in plans)
        ),
    )
    return Prepared(
        pin=pin,
        rules=rules,
        metrics=metrics,
        trial=Trial(rules=tried, known_at=writing.known_at, metrics=metrics, assumed=assumed),
        cadence=first.kind,
    )


def _layer(
    writing: Writing,
    packs: Mapping[str, Any],
    trial: PackTrial,
    pin: Pin,
    steps: Sequence[StoredLayer],
    last: Period,
) -> tuple[Leaves, frozenset[str]]:
    """Return the company's layer over the version, and the scorecards that it has now."""
    if not steps:
        return {}, frozenset()
    before = pinned(writing.connection, packs, writing.entity_id, steps[-1])
    own = layer_now(
        writing.connection,
        before,
        steps[-1].overrides,
        writing.entity_id,
        last.start,
        writing.known_at,
    )
    cards = frozenset(str(each["key"]) for each in before.pack.scorecards)
    if before.pack.hash == pin.pack.hash:
        return own, cards
    return merged_pack(before, pin, own, trial.decided, steps).overrides, cards


def _with(pin: Pin, layer: Leaves, overrides: Mapping[str, object]) -> PackRules:
    found, problems = changed_layer(pin.leaves, layer, overrides)
    if problems:
        raise Refused("pack_override_refused", {"pack": pin.pack.id}, problems=problems)
    return ruled(pin, found)[1]


def _scopes(
    writing: Writing,
    trial: PackTrial,
    rules: PackRules,
    first: Period,
    steps: Sequence[StoredLayer],
) -> dict[str, Scope]:
    """Say which documents are tried, and for whom."""
    found = dict(trial.scopes) or _in_force(writing, rules, first, steps)
    cadences = {str(each["key"]): each["cadence"] for each in rules.plans}
    for key in found:
        if rules.keys.get(key) in {None, "metrics"}:
            raise Refused("pack_document_unknown", {"key": key[:80]}, path="documents")
        if key in cadences and cadences[key] != first.kind.value:
            values = {"period": first.name, "cadence": str(cadences[key])}
            raise Refused("backtest_other_cadence", values, path="periods")
    if len(found) > MOST_DOCUMENTS:
        values = {"field": "documents", "low": "1", "high": str(MOST_DOCUMENTS)}
        raise Refused("number_out_of_range", values, path="documents")
    for section in (rules.scorecards, rules.plans):
        chosen = tuple(each for each in section if _in(each, found))
        refuse_overlap(PackRules(metrics=(), scorecards=chosen, plans=()), found.__getitem__)
    return found


def _in_force(
    writing: Writing, rules: PackRules, first: Period, steps: Sequence[StoredLayer]
) -> dict[str, Scope]:
    fitting = [each for each in rules.plans if each["cadence"] == first.kind.value]
    if not steps:
        chosen = [*rules.scorecards[:1], *fitting[:1]]
        return {str(each["key"]): Scope() for each in chosen}
    layer, far = steps[-1], date.max
    connection, entity_id = writing.connection, writing.entity_id
    cards = scorecards(connection, entity_id, start=first.start, end=far, known_at=writing.known_at)
    scopes = {each.scorecard.key: each.scope for each in cards}
    versions = plan_versions(
        connection,
        entity_id,
        known_at=writing.known_at,
        start=first.start,
        end=far,
        state=PUBLISHED,
    )
    paying = {each.plan.key: each.scope for each in versions}
    known = [each for each in fitting if each["key"] in paying] or fitting[:1]
    return {
        **{str(each["key"]): scopes.get(str(each["key"]), layer.scope_of(str(each["key"])))
           for each in rules.scorecards},
        **{str(each["key"]): paying.get(str(each["key"]), layer.scope_of(str(each["key"])))
           for each in known},
    }  # fmt: skip


def _in(document: Mapping[str, Any], scopes: Mapping[str, Scope]) -> bool:
    return str(document["key"]) in scopes


def _card(
    document: Mapping[str, Any], scopes: Mapping[str, Scope], first: Period
) -> StoredScorecard:
    card, _ = decode_scorecard(document)
    assert card is not None
    return StoredScorecard(**_dated(document, first), scorecard=card, scope=scopes[card.key])


def _plan(document: Mapping[str, Any], scopes: Mapping[str, Scope], first: Period) -> StoredPlan:
    plan, _ = decode_plan(document)
    assert plan is not None
    return StoredPlan(
        **_dated(document, first),
        entity_id="",
        plan_id=f"{TRIED}{plan.key}",
        plan=plan,
        state="DRAFT",
        scope=scopes[plan.key],
        findings=None,
        override_reason=None,
    )


def _dated(document: Mapping[str, Any], first: Period) -> dict[str, Any]:
    """Give a document the dates of one that has held since the first of the periods."""
    return {
        "id": f"{TRIED}{document['key']}",
        "version": 1,
        "valid_from": first.start,
        "valid_to": None,
        "known_at": _NEVER,
        "hash": document_hash(document),
        "pack_id": None,
    }


def _metrics(rules: PackRules) -> dict[str, Metric]:
    read = (decode_metric(each)[0] for each in rules.metrics)
    return {each.key: each for each in read if each is not None}


def _assumed(
    writing: Writing, trial: PackTrial, metrics: Mapping[str, Metric], last: Period
) -> dict[str, tuple[Assumed, ...]]:
    """Read the goals; refuse those of what the pack has not, and those of what counts otherwise."""
    known: Mapping[str, Metric] = {}
    if any(each.like is not None for goals in trial.goals.values() for each in goals):
        known = metrics_by_key(
            writing.connection, writing.entity_id, valid_at=last.start, known_at=writing.known_at
        )
    found = {}
    for key, goals in trial.goals.items():
        if key not in metrics:
            raise Refused("metric_not_in_pack", {"metric": key[:80]}, path="goals")
        found[key] = tuple(_goal(metrics[key], each, known) for each in goals)
    return found


def _goal(metric: Metric, goal: Goal, known: Mapping[str, Metric]) -> Assumed:
    if goal.like is None:
        steps = to_steps(goal.amount or "0", metric.unit)
        if steps is None:
            values = {"value": str(goal.amount), "unit": metric.unit, "largest": str(LARGEST_STEPS)}
            raise Refused("number_not_exact", values, path="goals")
        return Assumed(part=goal.part, steps=steps)
    other = known.get(goal.like)
    if other is None:
        raise Refused("metric_unknown", {"metric": goal.like[:80]}, path="goals")
    if other.unit != metric.unit:
        values = {"metric": metric.key, "unit": other.unit, "wanted": metric.unit}
        raise Refused("unit_differs", values, path="goals")
    return Assumed(part=goal.part, like=goal.like)
