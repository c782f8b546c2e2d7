"""The numbers of an old system on their way into our rules: where each stands, and how it moves.

What our rules read from outside is named here as numbers: a metric, a metric over days of its own,
a goal, the score. An old sheet may tell some of them. The walk of `domain/parallel_run.py` begins
with what it tells, and lets it become ours part by part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from domain.exact import INTS, Rounding
from domain.measure import Adding, Aggregate, aggregates, value
from domain.metric import Metric
from domain.parallel_run import MOVING, DifferenceCause, Lack, Sale, Stage, Told, Walk
from domain.period import Days

COUNT = "COUNT"


class NumberKind(StrEnum):
    """What a number is to our rules."""

    MEASURE = "MEASURE"  # a metric of the period, or over days of its own
    GOAL = "GOAL"
    SCORE = "SCORE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number that our rules read from outside, by the names of its inputs."""

    key: str  # the metric, or the score
    kind: NumberKind
    num: str
    den: str | None
    unit: str
    metric: Metric | None = None
    days: Days | None = None  # over which it is measured
    direct: bool = True  # the pay rules read it themselves, not the scorecard alone

    def inputs(self, num: int | None, den: int | None) -> dict[str, int | None]:
        """Give its inputs with other numbers."""
        return {self.num: num} if self.den is None else {self.num: num, self.den: den}

    def ours(self, inputs: Mapping[str, int | None]) -> tuple[int | None, int | None]:
        """Read it from our inputs."""
        return inputs.get(self.num), 1 if self.den is None else inputs.get(self.den)

    @property
    def money_sum(self) -> Aggregate | None:
        """The one sum of money that it is, if it is one."""
        found = self.sums
        if len(found) != 1 or found[0].adding is not Adding.SUM or found[0].unit != self.unit:
            return None
        return found[0]

    @property
    def sums(self) -> tuple[Aggregate, ...]:
        """What is added up for it."""
        if self.metric is None or self.days is None:
            return ()
        return aggregates(self.metric, self.days)

    def of_sums(self, sums: Mapping[Aggregate, int | None]) -> tuple[int | None, int | None]:
        """Put its sums together to what our inputs would be."""
        assert self.metric is not None
        assert self.days is not None
        num, den = value(INTS, self.metric, self.days, sums.get)
        return INTS.settle(num), INTS.settle(den)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """The number after the sales of some causes have become ours."""

    cause: DifferenceCause
    records: tuple[str, ...]
    moved: int  # by how much, of the first sum that is fed by sales
    unit: str
    num: int | None
    den: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """A number as the single sales of the old system make it, and each cause on the way to ours."""

    num: int | None
    den: int | None
    base: int | None  # the sum in money
    steps: tuple[Moved, ...]


def fed_by(number: Number, fact: str) -> tuple[Aggregate, ...]:
    """Name the sums of a number that single sales say; none if one of them they cannot say."""
    of_kind = [each for each in number.sums if each.fact == fact]
    if any(each.adding not in {Adding.SUM, Adding.COUNT} for each in of_kind):
        return ()
    return tuple(of_kind)


def sold(
    number: Number,
    sales: Mapping[Aggregate, Sequence[Sale]],
    sums: Mapping[Aggregate, int | None],
) -> Sold:
    """Follow a number from the old sales to ours; ``sums`` are ours, also those no sale says."""
    now: dict[Aggregate, int | None] = dict(sums)
    for each, listed in sales.items():
        now[each] = _total(sale.old for sale in listed)
    first = next(iter(sales))
    num, den = number.of_sums(now)
    base = now[first] or 0
    steps: list[Moved] = []
    for cause in MOVING:
        records: set[str] = set()
        for each, listed in sales.items():
            mine = [sale for sale in listed if sale.cause is cause]
            if mine:
                records.update(sale.record for sale in mine)
                now[each] = _total(
                    sale.ours if _is_ours(sale, cause) else sale.old for sale in listed
                )
        if records:
            moved = INTS.total([sale.moves for sale in sales[first] if sale.cause is cause])
            found = number.of_sums(now)
            steps.append(
                Moved(
                    cause=cause,
                    records=tuple(sorted(records)),
                    moved=int(moved),
                    unit=first.unit if first.adding is Adding.SUM and first.unit else COUNT,
                    num=found[0],
                    den=found[1],
                )
            )
    return Sold(
        num=num,
        den=den,
        base=base if number.money_sum is not None else None,
        steps=tuple(steps),
    )


def _is_ours(sale: Sale, until: DifferenceCause) -> bool:
    """Say whether a sale has become ours once the causes up to this one have."""
    return sale.cause is not None and MOVING.index(sale.cause) <= MOVING.index(until)


def _total(parts: Iterator[int | None]) -> int | None:
    """Add up; of nothing there is nothing, as with facts."""
    there = [each for each in parts if each is not None]
    return int(INTS.total(there)) if there else None


@dataclass(frozen=True, slots=True, kw_only=True)
class OldNumbers:
    """What the sheets tell of one person for one component, each by the key of the number."""

    sold: Mapping[str, Sold] = field(default_factory=dict)  # by single sales
    values: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # steps, and the grain
    bases: Mapping[str, int] = field(default_factory=dict)  # the sum of sales, in money
    goals: Mapping[str, int] = field(default_factory=dict)


def walk_of(
    numbers: Sequence[Number],
    inputs: Mapping[str, int | None],
    told: OldNumbers,
    *,
    unsure: bool = False,
) -> Walk:
    """Plan the way from the old numbers to ours; ``unsure`` says that there are others beside."""
    start: dict[str, int | None] = {}
    goals: list[Stage] = []
    values: list[Stage] = []
    by_sales: list[tuple[Number, Sold]] = []
    silent: list[Number] = []
    for number in numbers:
        stage = None
        if number.kind is NumberKind.GOAL:
            stage = _goal_stage(number, inputs, told)
            goals.extend([stage] if stage else [])
        elif number.key in told.sold:
            found = told.sold[number.key]
            by_sales.append((number, found))
            start |= number.inputs(found.num, found.den)
        elif number.key in told.values or number.key in told.bases:
            stage = _value_stage(number, inputs, told)
            values.extend([stage] if stage else [])
        else:
            silent.append(number)
        if stage is not None:
            start |= _old_inputs(number, told)
    if "score" in told.values:
        # the old score stands for all that ours is made of
        silent = [each for each in silent if each.direct]
    return Walk(
        start=start,
        stages=(*goals, *_moving(by_sales), *values),
        known=not unsure and not silent,
        base=_base(numbers, told),
        lack=_lack(numbers, inputs, told),
    )


def _old_inputs(number: Number, told: OldNumbers) -> dict[str, int | None]:
    if number.kind is NumberKind.GOAL:
        return number.inputs(told.goals[number.key], None)
    found = told.values.get(number.key)
    return number.inputs(told.bases[number.key] if found is None else found[0], 1)


def _goal_stage(number: Number, inputs: Mapping[str, int | None], told: OldNumbers) -> Stage | None:
    if number.key not in told.goals:
        return None
    ours, _ = number.ours(inputs)
    old = told.goals[number.key]
    if old == ours:
        return None
    values = {"old": Told(old, 1, number.unit), "ours": Told(ours, 1, number.unit)}
    return Stage(
        cause=DifferenceCause.GOAL,
        inputs=number.inputs(ours, None),
        subject=number.key,
        values=values,
    )


def _value_stage(
    number: Number, inputs: Mapping[str, int | None], told: OldNumbers
) -> Stage | None:
    """Let a number as a whole become ours; one that is ours as far as it is written is ours."""
    num, den = number.ours(inputs)
    steps, grain = told.values.get(number.key, (told.bases.get(number.key, 0), 1))
    if num is not None and den is not None and _rounded(num, den, grain) == steps:
        return None
    values = {"old": Told(steps, 1, number.unit), "ours": Told(num, den or 1, number.unit)}
    return Stage(
        cause=DifferenceCause.VALUE,
        inputs=number.inputs(num, den),
        subject="" if number.key in told.bases and number.key not in told.values else number.key,
        values=values,
    )


def _rounded(num: int, den: int, grain: int) -> int | None:
    whole = INTS.muldiv(num, 1, INTS.times(den, grain), Rounding.HALF_UP)
    found = INTS.settle(INTS.times(whole, grain))
    return None if found is None else int(found)


def _moving(by_sales: Sequence[tuple[Number, Sold]]) -> Iterator[Stage]:
    """Let the sales of one cause after the other become ours, in all numbers at once."""
    for cause in MOVING:
        mine = [
            (number, step)
            for number, found in by_sales
            for step in found.steps
            if step.cause is cause
        ]
        if not mine:
            continue
        inputs: dict[str, int | None] = {}
        for number, step in mine:
            inputs |= number.inputs(step.num, step.den)
        (_, first), *_ = mine
        records = {record for _, step in mine for record in step.records}
        yield Stage(
            cause=cause,
            inputs=inputs,
            records=tuple(sorted(records)),
            values={"base": Told(first.moved, 1, first.unit)},
        )


def _base(numbers: Sequence[Number], told: OldNumbers) -> int | None:
    """Give the sales in money that were paid for, where that is the one thing that is read."""
    read = [each for each in numbers if each.kind is not NumberKind.GOAL and each.direct]
    if len(read) != 1:
        return None
    if read[0].key in told.sold:
        return told.sold[read[0].key].base
    if read[0].key in told.bases:
        return told.bases[read[0].key]
    value_told = told.values.get(read[0].key)
    return value_told[0] if value_told and read[0].money_sum is not None else None


def _lack(
    numbers: Sequence[Number], inputs: Mapping[str, int | None], told: OldNumbers
) -> Lack | None:
    """Name what we do not have and the old sheet does not tell either: a goal first."""
    without = [each for each in numbers if each.direct and each.ours(inputs)[0] is None]
    for number in without:
        if number.kind is NumberKind.GOAL and number.key not in told.goals:
            return Lack(cause=DifferenceCause.GOAL, subject=number.key)
    there = told.sold.keys() | told.values.keys() | told.bases.keys()
    for number in without:
        if number.kind is not NumberKind.GOAL and number.key not in there:
            return Lack(cause=DifferenceCause.MISSING, subject=number.key)
    return None
