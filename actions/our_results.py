"""What a run pays everybody by component, and what its rules would pay for other sales."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field

from domain.access import Resource, System
from domain.backwards import pay_lines
from domain.measure import Adding, Aggregate, aggregates
from domain.metric import FormulaKind, Metric
from domain.parallel_run import OurResult
from domain.period import Period
from domain.program import LineKind
from domain.segments import Shape
from storage.definitions import metrics_by_key
from storage.engine import Database
from storage.frozen import Shards, frozen_shards
from storage.results import Result, Run, results
from storage.statements import Way, way_of

_READER = System(name="parallel run")
_PLAINLY = Shape()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Paid:
    """One person's way and numbers, and what they come to."""

    way: Way
    inputs: Mapping[str, int | None]
    amounts: Mapping[str, int]
    is_cut: bool


@dataclass(slots=True, kw_only=True)
class OurResults:
    """The results of one run."""

    run: Run
    period: Period
    people: Mapping[str, _Paid]
    metrics: Mapping[str, Metric]
    _sums: dict[str, Aggregate | None] = field(default_factory=dict)

    @classmethod
    def of(cls, connection: Database, run: Run, period: Period, currency: str) -> OurResults:
        """Explain the frozen numbers of everybody who is paid in this currency, once."""
        ways: dict[Hashable, Way | None] = {}
        shards = frozen_shards(connection, run.id)
        found: dict[str, _Paid] = {}
        for result in results(connection, _READER, run, day=period.last_day, resource=Resource.PAY):
            if result.entity_id != run.entity_id or result.currency not in {None, currency}:
                continue
            way = _way(connection, run, result, ways)
            if way is not None:
                found[result.person_id] = _paid(way, result, shards)
        metrics = metrics_by_key(
            connection, run.entity_id, valid_at=run.valid_at, known_at=run.known_at
        )
        return cls(run=run, period=period, people=found, metrics=metrics)

    @property
    def places(self) -> set[tuple[str, str]]:
        """Every person and component with an amount."""
        return {
            (person, component)
            for person, paid in self.people.items()
            for component in paid.amounts
        }

    @property
    def paid(self) -> set[str]:
        """Whoever is paid anything."""
        return {person for person, paid in self.people.items() if any(paid.amounts.values())}

    def amounts_of(self, person: str) -> Mapping[str, int]:
        """What somebody is paid, by component."""
        return self.people[person].amounts

    def amount(self, person: str, component: str) -> int | None:
        """What somebody is paid for a component; None where the plan has none."""
        paid = self.people.get(person)
        return None if paid is None else paid.amounts.get(component)

    def result(self, person: str, component: str) -> OurResult | None:
        """The same, with what other sales would pay where it depends on one sum of sales."""
        amount = self.amount(person, component)
        if amount is None:
            return None
        metric = self.metric_of(person, component)
        if metric is None:
            return OurResult(amount=amount)
        paid, moved = self.people[person], f"{metric}.num"

        def pays(base: int) -> int | None:
            return _amounts(paid.way, {**paid.inputs, moved: base}).get(component)

        return OurResult(amount=amount, base=paid.inputs[moved], pays=pays)

    def metric_of(self, person: str, component: str) -> str | None:
        """Name the metric a component pays for, if it is a plain sum of sales in money."""
        paid = self.people[person]
        if paid.is_cut:
            return None
        plan = paid.way.plan.plan
        found = next((each for each in plan.components if each.id == component), None)
        metric = getattr(found, "metric", None)
        if metric is None or self.sum_of(metric) is None:
            return None
        is_plain = paid.inputs.get(f"{metric}.den") == 1
        return metric if is_plain and paid.inputs.get(f"{metric}.num") is not None else None

    def sum_of(self, metric: str) -> Aggregate | None:
        """Give the one sum that a metric is; None for anything else."""
        if metric not in self._sums:
            self._sums[metric] = None
            known = self.metrics.get(metric)
            if known is not None and known.formula.kind is FormulaKind.SUM:
                sums = aggregates(known, self.period)
                if len(sums) == 1 and sums[0].adding is Adding.SUM:
                    self._sums[metric] = sums[0]
        return self._sums[metric]


def _way(
    connection: Database, run: Run, result: Result, ways: dict[Hashable, Way | None]
) -> Way | None:
    """Read the rules once for everybody who has the same; those of a cut period each."""
    if result.shape is not None and result.shape.shape != _PLAINLY:
        return way_of(connection, run, result)
    key = (result.scorecard_id, result.scorecard_revision, result.plan_version_id)
    if key not in ways:
        ways[key] = way_of(connection, run, result)
    return ways[key]


def _paid(way: Way, result: Result, shards: Shards) -> _Paid:
    columns = shards.columns[result.shard]
    inputs = {name: column.at(result.shard_row) for name, column in columns.items()}
    is_cut = result.shape is not None and result.shape.shape != _PLAINLY
    return _Paid(way=way, inputs=inputs, amounts=_amounts(way, inputs), is_cut=is_cut)


def _amounts(way: Way, inputs: Mapping[str, int | None]) -> dict[str, int]:
    """Add up the pay lines by component; what the plan limits is under the empty name."""
    found: dict[str, int] = {}
    for line in pay_lines(way.route, inputs):
        if line.kind is LineKind.PAY and line.value is not None:
            found[line.key] = found.get(line.key, 0) + line.value
    return found
