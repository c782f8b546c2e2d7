"""Some people of a company: what the old system paid each beside ours, and why they differ."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from actions.old_sales import Following, OldSales, followed
from actions.old_told import Sheets, ToldOfComponent, ToldOfPerson, told_of_people
from actions.our_rules import Amounts, OurRules, Table, follow, rules_of
from domain.columns import Column
from domain.component import SCORE
from domain.correction import minus, plus
from domain.knowledge import Knowledge
from domain.metric import Metric
from domain.old_numbers import OldNumbers, Sold, walk_of
from domain.parallel_run import (
    DifferenceLine,
    Paid,
    Walk,
    explain_difference,
    unpaid,
)
from domain.period import Period
from domain.segments import Shape
from storage.crediting import Crediting
from storage.definitions import metrics_by_key
from storage.engine import Database
from storage.frozen import Placed, placed, shard_columns
from storage.old_results import OldResultSet, rows_of_people
from storage.results import Run
from storage.statements import way_of

Place = tuple[str, str]  # a person and a component
_PLAINLY = Shape()


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One component of one person, where the two systems differ."""

    person_id: str | None  # None: a name of the old system that is nobody's
    given: str  # what the old system calls them; empty where it has no row
    component: str
    old: int | None
    ours: int | None
    lines: tuple[DifferenceLine, ...]
    likely_id: str = ""  # who an unknown name may be

    @property
    def amount(self) -> int:
        """Ours less the old one."""
        return minus(self.ours or 0, self.old or 0)


@dataclass(slots=True, kw_only=True)
class Compared:
    """What was found of some people."""

    old: int = 0
    ours: int = 0  # of the components whose pay a sheet says, or that no sheet names
    compared: int = 0  # components of people that both sides have
    matched: int = 0
    only_old: int = 0
    only_ours: int = 0
    differences: list[Difference] = field(default_factory=list)
    alone: dict[str, dict[str, int]] = field(default_factory=dict)  # whom only we pay, and what
    totals: dict[str, tuple[int, int]] = field(default_factory=dict)  # by person: old and ours


@dataclass(slots=True, kw_only=True)
class Comparing:
    """Everything that is the same for all people of a comparison."""

    connection: Database
    run: Run
    period: Period
    sheets: Sheets
    every_sheet: Sequence[OldResultSet]  # of all periods: a sale may stand in another one
    metrics: Mapping[str, Metric]
    at: Knowledge
    crediting: Crediting
    _rules: dict[Hashable, OurRules | None] = field(default_factory=dict)

    @classmethod
    def of(
        cls, connection: Database, run: Run, period: Period, sets: Sequence[OldResultSet]
    ) -> Comparing:
        """Get ready to compare a run with the sheets of its period."""
        at = Knowledge.at(run.known_at)
        return cls(
            connection=connection,
            run=run,
            period=period,
            sheets=Sheets(sets=tuple(each for each in sets if each.period == period.name)),
            every_sheet=sets,
            metrics=metrics_by_key(
                connection, run.entity_id, valid_at=run.valid_at, known_at=run.known_at
            ),
            at=at,
            crediting=Crediting(connection, run.entity_id, at),
        )

    def shard(self, number: int, *, noting_alone: bool = False) -> Compared:
        """Compare everybody of one shard of the run."""
        people = placed(self.connection, self.run.id, shard=number)
        columns = shard_columns(self.connection, self.run.id, [number])
        return self._compared(people, columns, noting_alone=noting_alone)

    def people(self, ids: Sequence[str]) -> Compared:
        """Compare some people, whether or not the run has them."""
        people = placed(self.connection, self.run.id, people=ids)
        numbers = sorted({each.shard for each in people})
        columns = shard_columns(self.connection, self.run.id, numbers) if numbers else {}
        there = {each.person_id for each in people}
        return self._compared(people, columns, [each for each in ids if each not in there])

    def _compared(
        self,
        people: Sequence[Placed],
        columns: Mapping[int, Table],
        others: Sequence[str] = (),
        *,
        noting_alone: bool = False,
    ) -> Compared:
        ids = [*(each.person_id for each in people), *others]
        told = told_of_people(rows_of_people(self.connection, self.sheets.sets, ids))
        found = Compared()
        crowds: dict[tuple[int, int], list[Placed]] = {}
        for each in people:
            rules = self._rules_of(each)
            if rules is None or each.currency not in {None, self.sheets.currency}:
                add_unpaid(found, each.person_id, told.get(each.person_id), self.sheets)
            else:
                crowds.setdefault((each.shard, id(rules)), []).append(each)
        for person in others:
            add_unpaid(found, person, told.get(person), self.sheets)
        for (shard, _), members in crowds.items():
            rules = self._rules_of(members[0])
            assert rules is not None
            crowd = _Crowd(self, rules, members, columns[shard])
            crowd.compare(told, found, noting_alone=noting_alone)
        return found

    def _rules_of(self, result: Placed) -> OurRules | None:
        """Read the rules once for everybody who has the same; those of a cut period each."""
        is_cut = result.shape is not None and result.shape.shape != _PLAINLY
        key: Hashable = (result.scorecard_id, result.scorecard_revision, result.plan_version_id)
        if is_cut:
            key = result.person_id
        if key not in self._rules:
            way = way_of(self.connection, self.run, result)
            self._rules[key] = (
                None if way is None else rules_of(way, self.period, self.metrics, is_cut=is_cut)
            )
        return self._rules[key]


def add_unpaid(
    found: Compared, person: str, told: ToldOfPerson | None, sheets: Sheets, likely: str = ""
) -> None:
    """Add what the old system paid somebody whom we do not pay, or a name that is nobody's."""
    is_nobodys = person.startswith("?")
    paid = 0
    for component, each in sorted(told.components.items() if told else ()):
        if component in sheets.unsaid or not each.paid:
            continue
        assert told is not None
        found.differences.append(
            Difference(
                person_id=None if is_nobodys else person,
                given=told.given,
                component=component,
                old=each.paid,
                ours=None,
                lines=(unpaid(each.paid, is_nobodys=is_nobodys),),
                likely_id=likely,
            )
        )
        paid = plus(paid, each.paid)
        found.old = plus(found.old, each.paid)
    if told is not None and any(each.paid for each in told.components.values()):
        found.only_old += 1
        found.totals[person] = (paid, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """A component of a person in which the systems differ."""

    row: int
    person: str
    component: str
    told: ToldOfPerson | None
    ours: int | None


class _Crowd:
    """People with the same rules whose inputs stand in one shard."""

    def __init__(
        self, comparing: Comparing, rules: OurRules, people: Sequence[Placed], shard: Table
    ) -> None:
        self._comparing = comparing
        self._rules = rules
        self._people = people
        rows = np.array([each.shard_row for each in people])
        self._table = {
            name: Column(each.values[rows], None if each.present is None else each.present[rows])
            for name, each in shard.items()
            if name in rules.inputs
        }
        self._amounts: Amounts = rules.pays(self._table, len(people))

    def compare(
        self, told: Mapping[str, ToldOfPerson], found: Compared, *, noting_alone: bool
    ) -> None:
        """Add up both sides, and explain every component in which they differ."""
        unsaid, pairs = self._comparing.sheets.unsaid, list[_Pair]()
        for row, each in enumerate(self._people):
            person, of_them = each.person_id, told.get(each.person_id)
            ours = {
                component: amount
                for component in self._rules.components
                if (amount := self._amounts.of(component, row)) is not None
            }
            theirs = of_them.components if of_them else {}
            shown = {name: each for name, each in ours.items() if name not in unsaid}
            pays = _sum(shown.values())
            paid = _sum(told.paid for told in theirs.values())
            found.ours, found.old = plus(found.ours, pays), plus(found.old, paid)
            found.totals[person] = (paid, pays)
            if not theirs and any(ours.values()):
                found.only_ours += 1
                if noting_alone:
                    found.alone[person] = ours
            for component in sorted({*shown, *theirs} - unsaid):
                old = theirs[component].paid if component in theirs else None
                mine = ours.get(component)
                found.compared += old is not None and mine is not None
                if old is not None and old == mine:
                    found.matched += 1
                elif old or mine:
                    pairs.append(
                        _Pair(row=row, person=person, component=component, told=of_them, ours=mine)
                    )
        found.differences.extend(self._explained(pairs))

    def _explained(self, pairs: Sequence[_Pair]) -> Iterator[Difference]:
        sales = self._sales(pairs)
        walks = [(each.component, self._walk(each, sales)) for each in pairs]
        followed_pairs = [
            place for place, each in enumerate(pairs) if each.component in self._rules.amounts
        ]
        rows = np.array([pairs[place].row for place in followed_pairs], dtype=np.int64)
        table = {
            name: Column(each.values[rows], None if each.present is None else each.present[rows])
            for name, each in self._table.items()
        }
        paid = dict(
            zip(
                followed_pairs,
                follow(self._rules, table, [walks[place] for place in followed_pairs]),
                strict=True,
            )
        )
        for place, pair in enumerate(pairs):
            told = pair.told.components.get(pair.component) if pair.told else None
            old = None if told is None else told.result
            lines = explain_difference(
                old,
                pair.ours,
                walks[place][1],
                paid.get(place, Paid(first=None)),
                is_limit=pair.component == "",
            )
            if lines:
                yield Difference(
                    person_id=pair.person,
                    given=pair.told.given if pair.told else "",
                    component=pair.component,
                    old=None if old is None else old.amount,
                    ours=pair.ours,
                    lines=lines,
                )

    def _walk(self, pair: _Pair, sales: Mapping[tuple[str, str, str], Sold]) -> Walk:
        rules, told = self._rules, pair.told
        numbers = rules.numbers.get(pair.component, ())
        if told is None:
            return Walk()
        inputs = {name: column.at(pair.row) for name, column in self._table.items()}
        if self._amounts.scores is not None:
            inputs[SCORE] = self._amounts.scores.at(pair.row)
        old = OldNumbers(
            sold={
                number.key: sales[place]
                for number in numbers
                for name in reversed(_own_first(pair.component, told))
                if (place := (pair.person, name, number.key)) in sales
            },
            values=told.values,
            bases=self._bases(pair.component, told),
            goals=told.goals,
        )
        return walk_of(numbers, inputs, old, unsure=pair.component in rules.unsure)

    def _bases(self, component: str, told: ToldOfPerson) -> dict[str, int]:
        """Say of which number each told sum of sales is; that of the component itself wins."""
        found: dict[str, int] = {}
        for name in reversed(_own_first(component, told)):
            base, key = told.components[name].base, self._rules.money.get(name)
            if base is not None and key is not None:
                found[key] = base
        return found

    def _sales(self, pairs: Sequence[_Pair]) -> dict[tuple[str, str, str], Sold]:
        """Follow the sales of everybody of whom a sheet tells them one by one."""
        comparing, wanted = self._comparing, dict[tuple[str, str, str], Following]()
        by_sales = comparing.sheets.by_sales
        for pair in pairs:
            if pair.told is None:
                continue
            for name in by_sales:
                if not _tells_sales(pair.told, name):
                    continue
                for number in self._rules.numbers.get(name, ()):
                    one = followed(pair.person, name, number, pair.told, by_sales[name])
                    if one is not None:
                        wanted[one.place] = one
        if not wanted:
            return {}
        sales = OldSales(
            connection=comparing.connection,
            entity_id=comparing.run.entity_id,
            period=comparing.period,
            sets=comparing.every_sheet,
            at=comparing.at,
            crediting=comparing.crediting,
        )
        return sales.of_people(list(wanted.values()))


def _tells_sales(told: ToldOfPerson, component: str) -> bool:
    """Say whether single sales are told, or none: not where the sum of them is told instead."""
    found = told.components.setdefault(component, ToldOfComponent())
    return bool(found.records) or found.base is None


def _own_first(component: str, told: ToldOfPerson) -> list[str]:
    others = sorted(told.components.keys() - {component})
    return [*([component] if component in told.components else []), *others]


def _sum(amounts: Iterable[int | None]) -> int:
    total = 0
    for amount in amounts:
        total = plus(total, amount or 0)
    return total
