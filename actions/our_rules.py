"""What a run pays by component, what its rules read, and what they would pay for other numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from domain.columns import Column
from domain.component import SCORE
from domain.evaluate import run as evaluate
from domain.metric import Metric
from domain.old_numbers import Number, NumberKind
from domain.parallel_run import Paid, Walk
from domain.period import Days, Period
from domain.program import LineKind, Need, NeedKind, Program
from storage.statements import Way

_POINT = "POINT"
# What nobody but we can say of others, and an old sheet does not: with these nothing is sure.
_OF_OTHERS = frozenset({NeedKind.TEAM, NeedKind.TEAM_TARGET, NeedKind.MEDIAN_BEFORE, NeedKind.POOL})
Table = Mapping[str, Column]


@dataclass(frozen=True, slots=True, kw_only=True)
class OurRules:
    """The rules of everybody with the same scorecard and plan, taken apart by component."""

    way: Way
    amounts: Mapping[str, tuple[str, ...]]  # the pay lines of each component
    limits: Mapping[str, tuple[str, ...]]  # those of them that a cap or a floor makes
    numbers: Mapping[str, tuple[Number, ...]]
    unsure: frozenset[str]  # components that read what no old sheet tells
    inputs: tuple[str, ...]
    money: Mapping[str, str]  # the one sum of money that a component pays for, if it is one

    @property
    def components(self) -> tuple[str, ...]:
        """The components, and the empty name for what the plan limits as a whole."""
        return tuple(self.amounts)

    def pays(self, table: Table, count: int, scores: Column | None = None) -> Amounts:
        """Calculate everybody of a table; ``scores`` stand for those of the scorecard."""
        route = self.way.route
        if route.card is not None and scores is None:
            scores = evaluate(route.card, _whole(table, count), [SCORE])[SCORE]
        given = dict(_whole(table, count))
        if scores is not None:
            given[SCORE] = scores
        wanted = [name for names in self.amounts.values() for name in names]
        found = evaluate(route.pay, given, wanted)
        return Amounts(rules=self, lines=found, scores=scores)


def _whole(table: Table, count: int) -> dict[str, Column]:
    """Give a table at least one column, so that it is known of how many people it is."""
    return {**table, "": Column(np.zeros(count, dtype=np.int64))}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Amounts:
    """What people are paid, line by line."""

    rules: OurRules
    lines: Table
    scores: Column | None

    def of(self, component: str, row: int) -> int | None:
        """What somebody is paid for a component; None where nobody knows."""
        return self._sum(self.rules.amounts[component], row)

    def limits(self, component: str, row: int) -> int:
        """What caps and floors make of it."""
        return self._sum(self.rules.limits[component], row) or 0

    def _sum(self, names: Iterable[str], row: int) -> int | None:
        there = [found for name in names if (found := self.lines[name].at(row)) is not None]
        return sum(there) if there else None


def rules_of(way: Way, period: Period, metrics: Mapping[str, Metric], *, is_cut: bool) -> OurRules:
    """Take the rules apart; of a period that was cut only the amounts are followed."""
    pay = way.route.pay
    paying = [line for line in pay.lines if line.kind is LineKind.PAY]
    amounts: dict[str, tuple[str, ...]] = {}
    limits: dict[str, tuple[str, ...]] = {}
    for line in paying:
        amounts[line.key] = (*amounts.get(line.key, ()), line.name)
        limits.setdefault(line.key, ())
        if line.name.endswith(("cap.amount", "floor.amount")):
            limits[line.key] = (*limits[line.key], line.name)
    read = _read(pay)
    numbers: dict[str, tuple[Number, ...]] = {}
    unsure: set[str] = set()
    reading = _Reading(way=way, period=period, metrics=metrics)
    for component, names in amounts.items():
        inputs = frozenset().union(*(read[name] for name in names))
        numbers[component] = () if is_cut else tuple(reading.numbers(inputs))
        if is_cut or any(reading.is_unsure(each) for each in inputs):
            unsure.add(component)
    return OurRules(
        way=way,
        amounts=amounts,
        limits=limits,
        numbers=numbers,
        unsure=frozenset(unsure),
        inputs=tuple(way.route.inputs),
        money=dict(_money(numbers, way.plan.plan.currency)),
    )


def _money(numbers: Mapping[str, Sequence[Number]], currency: str) -> Iterator[tuple[str, str]]:
    """Name for components what a sum of sales in money is to them, where it can be one thing."""
    for component, listed in numbers.items():
        sums = [
            each.key
            for each in listed
            if each.direct and each.unit == currency and each.money_sum is not None
        ]
        if len(sums) == 1:
            yield component, sums[0]


def _read(program: Program) -> dict[str, frozenset[str]]:
    """Name the inputs that each line depends on."""
    found = {each.name: frozenset({each.name}) for each in program.inputs}
    for line in program.lines:
        found[line.name] = frozenset().union(
            *(found.get(name, frozenset({name})) for name in line.inputs)
        )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """How the inputs of one way are understood."""

    way: Way
    period: Period
    metrics: Mapping[str, Metric]

    def numbers(self, inputs: Iterable[str]) -> Iterator[Number]:
        """Name the numbers that an old sheet may tell, in the order of the program."""
        wanted = set(inputs)
        yield from self._of(self.way.route.pay, wanted, direct=True)
        card = self.way.route.card
        if SCORE in wanted:
            unit = _POINT
            yield Number(key=SCORE, kind=NumberKind.SCORE, num=SCORE, den=None, unit=unit)
            if card is not None:
                others = {each.name for each in card.inputs} - wanted
                yield from self._of(card, others, direct=False)

    def is_unsure(self, name: str) -> bool:
        """Say whether an input tells of others."""
        need = self._need(name)
        return ".peers." in name or (need is not None and need.kind in _OF_OTHERS)

    def _of(self, program: Program, wanted: set[str], *, direct: bool) -> Iterator[Number]:
        for each in program.inputs:
            if each.name not in wanted:
                continue
            key, _, part = each.name.rpartition(".")
            need = self._need(each.name)
            if part == "target" and need is None:
                yield Number(
                    key=key,
                    kind=NumberKind.GOAL,
                    num=each.name,
                    den=None,
                    unit=each.unit,
                    direct=direct,
                )
            if part != "num" or (need is not None and need.kind is not NeedKind.WINDOW):
                continue
            days = self._days(need)
            if days is not None:
                yield Number(
                    key=key,
                    kind=NumberKind.MEASURE,
                    num=each.name,
                    den=f"{key}.den",
                    unit=each.unit,
                    metric=self.metrics.get(key if need is None else need.metric),
                    days=days,
                    direct=direct,
                )

    def _need(self, name: str) -> Need | None:
        return next(
            (
                need
                for need in self.way.route.pay.needs
                if any(each.name == name for each in need.inputs)
            ),
            None,
        )

    def _days(self, need: Need | None) -> Days | None:
        if need is None:
            return self.period
        return need.days_in(self.period, self.way.plan.valid_from)


def follow(rules: OurRules, table: Table, walks: Sequence[tuple[str, Walk]]) -> list[Paid]:
    """Calculate every step of many walks at once; each row of the table is of one walk."""
    count = len(walks)
    if not count:
        return []
    state = _State(rules=rules, table=table, count=count)
    every = np.arange(count)
    for row, (_, walk) in enumerate(walks):
        state.put(row, walk.start)
    found = state.pays(every)
    firsts = [found.of(component, row) for row, (component, _) in enumerate(walks)]
    limits = [found.limits(component, row) for row, (component, _) in enumerate(walks)]
    after: list[list[int | None]] = [[] for _ in walks]
    for step in range(max(len(walk.stages) for _, walk in walks)):
        rows = [row for row, (_, walk) in enumerate(walks) if len(walk.stages) > step]
        for row in rows:
            state.put(row, walks[row][1].stages[step].inputs)
        found = state.pays(np.array(rows))
        for place, row in enumerate(rows):
            after[row].append(found.of(walks[row][0], place))
    return [
        Paid(first=firsts[row], limits=limits[row], after=tuple(after[row])) for row in range(count)
    ]


class _State:
    """The inputs of many people while parts of them change."""

    def __init__(self, *, rules: OurRules, table: Table, count: int) -> None:
        self._rules = rules
        self._table = {name: each for name, each in table.items() if name in rules.inputs}
        self._count = count
        self._changed: dict[str, Column] = {}
        self._scored: dict[int, int | None] = {}

    def put(self, row: int, inputs: Mapping[str, int | None]) -> None:
        """Change some inputs of a row."""
        for name, number in inputs.items():
            if name == SCORE and self._rules.way.route.card is not None:
                self._scored[row] = number
                continue
            column = self._column(name)
            assert column.present is not None
            column.values[row] = number or 0
            column.present[row] = number is not None

    def pays(self, rows: np.ndarray) -> Amounts:
        """Calculate some rows as they are now."""
        whole = self._table | self._changed
        table = {
            name: Column(each.values[rows], None if each.present is None else each.present[rows])
            for name, each in whole.items()
        }
        found = self._rules.pays(table, len(rows))
        if not self._scored or found.scores is None:
            return found
        scores = found.scores
        values = scores.values.copy()
        present = np.ones(len(rows), np.bool_) if scores.present is None else scores.present.copy()
        for place, row in enumerate(rows.tolist()):
            if row in self._scored:
                values[place] = self._scored[row] or 0
                present[place] = self._scored[row] is not None
        return self._rules.pays(table, len(rows), Column(values, present))

    def _column(self, name: str) -> Column:
        if name not in self._changed:
            before = self._table.get(name)
            if before is None:
                values = np.zeros(self._count, dtype=np.int64)
                present = np.zeros(self._count, dtype=np.bool_)
            else:
                values = before.values.copy()
                present = (
                    np.ones(self._count, dtype=np.bool_)
                    if before.present is None
                    else before.present.copy()
                )
            self._changed[name] = Column(values, present)
        return self._changed[name]
