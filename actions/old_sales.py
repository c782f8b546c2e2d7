"""The single sales of an old system beside ours, each with where it is on the other side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from actions.old_told import ToldOfPerson
from domain.knowledge import Knowledge
from domain.measure import Adding, Aggregate
from domain.old_numbers import Number, Sold, fed_by, sold
from domain.parallel_run import Place, Sale
from domain.period import Period
from storage.called_facts import CalledFact, facts_called
from storage.credited_sales import CreditedSale, sales_of_people
from storage.crediting import Crediting
from storage.engine import Database
from storage.measures import add_up
from storage.old_results import OldResultSet, StoredOldRow, rows_of_records

PEOPLE_MOST = 1_000  # that are asked about in one statement
_NONE: Mapping[str, CreditedSale] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """One number of one component of one person that is followed sale by sale."""

    person: str
    component: str
    number: Number
    told: ToldOfPerson
    fed: tuple[Aggregate, ...]

    @property
    def place(self) -> tuple[str, str, str]:
        """Where its answer is kept."""
        return self.person, self.component, self.number.key


@dataclass(slots=True, kw_only=True)
class OldSales:
    """The sales of both sides, of some people at once: a statement for all, never one for each."""

    connection: Database
    entity_id: str
    period: Period
    sets: Sequence[OldResultSet]  # of all periods
    at: Knowledge
    crediting: Crediting
    _ours: dict[tuple[Aggregate, str], dict[str, CreditedSale]] = field(default_factory=dict)
    _sums: dict[tuple[Aggregate, str], int] = field(default_factory=dict)
    _theirs: dict[tuple[str, str], list[StoredOldRow]] = field(default_factory=dict)
    _called: dict[str, list[CalledFact]] = field(default_factory=dict)

    def of_people(self, wanted: Sequence[Following]) -> dict[tuple[str, str, str], Sold]:
        """Follow the numbers of some people; the sales of both sides are read for all of them."""
        self._read_ours(wanted)
        self._read_places(wanted)
        return {each.place: self._sold(each) for each in wanted}

    def _read_ours(self, wanted: Sequence[Following]) -> None:
        fed: dict[Aggregate, set[str]] = {}
        rest: dict[Aggregate, set[str]] = {}
        for each in wanted:
            for one in each.number.sums:
                (fed if one in each.fed else rest).setdefault(one, set()).add(each.person)
        for aggregate, people in fed.items():
            for some in _pieces(sorted(people)):
                for found in sales_of_people(
                    self.connection,
                    self.entity_id,
                    aggregate,
                    at=self.at,
                    people=some,
                    crediting=self.crediting,
                ):
                    self._ours.setdefault((aggregate, found.person), {})[found.key] = found
        for aggregate, people in rest.items():
            for some in _pieces(sorted(people)):
                sums = add_up(
                    self.connection,
                    self.entity_id,
                    aggregate,
                    known_at=self.at,
                    only=some,
                    crediting=self.crediting,
                )
                self._sums.update({(aggregate, person): sums[person] for person in sums})

    def _read_places(self, wanted: Sequence[Following]) -> None:
        """Look for what only one side counts on the other side, wherever it is."""
        only_ours: set[str] = set()
        only_old: set[str] = set()
        for each in wanted:
            old = each.told.components[each.component].records.keys()
            for aggregate in each.fed:
                ours = self._ours.get((aggregate, each.person), _NONE).keys()
                only_ours |= ours - old
                only_old |= old - ours
        for row in rows_of_records(self.connection, self.sets, sorted(only_ours)):
            self._theirs.setdefault((row.component, row.record or ""), []).append(row)
        for fact in facts_called(self.connection, self.entity_id, sorted(only_old), self.at):
            self._called.setdefault(fact.key, []).append(fact)

    def _sold(self, each: Following) -> Sold:
        old = each.told.components[each.component].records
        sales = {aggregate: tuple(self._sales(each, aggregate, old)) for aggregate in each.fed}
        sums: dict[Aggregate, int | None] = {
            one: self._sums.get((one, each.person)) for one in each.number.sums
        }
        return sold(each.number, sales, sums)

    def _sales(
        self, each: Following, aggregate: Aggregate, old: Mapping[str, int | None]
    ) -> Iterable[Sale]:
        ours = self._ours.get((aggregate, each.person), _NONE)
        is_count = aggregate.adding is Adding.COUNT
        for record in sorted({*old, *ours}):
            mine = ours.get(record)
            is_old = record in old
            quantity = (1 if is_old else None) if is_count else old.get(record)
            if quantity is None and mine is None:
                continue
            yield Sale(
                record=record,
                old=quantity,
                ours=None if mine is None else mine.facts if is_count else mine.part,
                whole=None if mine is None else mine.facts if is_count else mine.whole,
                place=self._place(record, each, aggregate, mine is not None),
            )

    def _place(self, record: str, each: Following, aggregate: Aggregate, is_ours: bool) -> Place:
        """Say where a sale is on the side that does not count it for this person."""
        if is_ours:
            return self._with_them(self._theirs.get((each.component, record), ()), each.person)
        return self._with_us(self._called.get(record, ()), aggregate)

    def _with_them(self, rows: Iterable[StoredOldRow], person: str) -> Place:
        places = {Place.NOWHERE}
        for row in rows:
            if row.period != self.period.name:
                places.add(Place.OTHER_PERIOD)
            elif row.person_id is None:
                places.add(Place.NOBODY)
            elif row.person_id != person:
                places.add(Place.OTHER_PERSON)
        return _surest(places)

    def _with_us(self, facts: Iterable[CalledFact], wanted: Aggregate) -> Place:
        places = {Place.NOWHERE}
        for each in facts:
            if each.kind != wanted.fact or wanted.unit not in {None, each.unit}:
                continue
            if not each.holds(wanted.where):
                places.add(Place.NOT_MEANT)
            elif not wanted.start <= each.business_date < wanted.end:
                places.add(Place.OTHER_PERIOD)
            elif each.person_id is None:
                places.add(Place.NOBODY)
            else:
                places.add(Place.OTHER_PERSON)
        return _surest(places)


def followed(
    person: str,
    component: str,
    number: Number,
    told: ToldOfPerson,
    fact: str | None,
) -> Following | None:
    """Say how a number is followed by single sales; None where they cannot say it."""
    if component not in told.components or not number.sums:
        return None
    kinds = {each.fact for each in number.sums}
    kind = fact or (next(iter(kinds)) if len(kinds) == 1 else None)
    fed = fed_by(number, kind) if kind is not None else ()
    if not fed:
        return None
    return Following(person=person, component=component, number=number, told=told, fed=fed)


def _pieces(people: Sequence[str]) -> Iterable[Sequence[str]]:
    return (people[at : at + PEOPLE_MOST] for at in range(0, len(people), PEOPLE_MOST))


def _surest(places: set[Place]) -> Place:
    """Choose the place that explains most where a number stands in several."""
    order = (
        Place.OTHER_PERSON,
        Place.NOBODY,
        Place.OTHER_PERIOD,
        Place.NOT_MEANT,
        Place.NOWHERE,
    )
    return next(each for each in order if each in places)
