"""The sales of an old system beside ours, each with where it is on the other side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from actions.our_results import OurResults
from domain.correction import plus
from domain.knowledge import Knowledge
from domain.measure import Aggregate
from domain.parallel_run import Place, Sale
from domain.period import Period
from storage.called_facts import CalledFact, facts_called
from storage.credited_facts import facts_of_person
from storage.crediting import Crediting
from storage.engine import Database
from storage.old_results import StoredOldRow


@dataclass(frozen=True, slots=True)
class _Ours:
    """A sale as we credit it to somebody: their part, and the whole."""

    part: int
    whole: int


@dataclass(slots=True, kw_only=True)
class OldSales:
    """What the old system counted sale by sale, for every person and component."""

    connection: Database
    ours: OurResults
    period: Period
    rows: Sequence[StoredOldRow]
    _at: Knowledge
    _crediting: Crediting
    _mine: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)
    _called: dict[str, list[CalledFact]] = field(default_factory=dict)
    _theirs: dict[tuple[str, str], list[StoredOldRow]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        connection: Database,
        ours: OurResults,
        rows: Sequence[StoredOldRow],
        period: Period,
    ) -> OldSales:
        """Sort the sales of the old system, and find the facts that have their numbers."""
        at = Knowledge.at(ours.run.known_at)
        found = cls(
            connection=connection,
            ours=ours,
            period=period,
            rows=[each for each in rows if each.record is not None],
            _at=at,
            _crediting=Crediting(connection, ours.run.entity_id, at),
        )
        for row in found.rows:
            assert row.record is not None
            found._theirs.setdefault((row.component, row.record), []).append(row)
            if row.period == period.name and row.person_id is not None and row.base is not None:
                mine = found._mine.setdefault((row.person_id, row.component), {})
                mine[row.record] = plus(mine.get(row.record, 0), row.base)
        keys = sorted({row.record or "" for row in found.rows if row.period == period.name})
        for each in facts_called(connection, ours.run.entity_id, keys, at):
            found._called.setdefault(each.key, []).append(each)
        return found

    def of_person(self, person: str, component: str) -> tuple[Sale, ...]:
        """List the sales of both sides; none where the old system names none."""
        old = self._mine.get((person, component))
        if old is None or person not in self.ours.people:
            return ()
        metric = self.ours.metric_of(person, component)
        wanted = None if metric is None else self.ours.sum_of(metric)
        if wanted is None:
            return ()
        ours = self._credited(person, wanted)
        return tuple(
            Sale(
                record=record,
                old=old.get(record),
                ours=ours[record].part if record in ours else None,
                whole=ours[record].whole if record in ours else None,
                place=self._place(record, person, component, wanted, record in ours),
            )
            for record in sorted({*old, *ours})
        )

    def _credited(self, person: str, wanted: Aggregate) -> dict[str, _Ours]:
        found: dict[str, _Ours] = {}
        for each in facts_of_person(
            self.connection,
            self.ours.run.entity_id,
            wanted,
            at=self._at,
            person_id=person,
            crediting=self._crediting,
        ):
            part = sum(credit.quantity for credit in each.credits)
            before = found.get(each.fact.key, _Ours(0, 0))
            found[each.fact.key] = _Ours(before.part + part, before.whole + each.fact.quantity)
        return found

    def _place(
        self, record: str, person: str, component: str, wanted: Aggregate, is_ours: bool
    ) -> Place:
        """Say where a sale is on the side that does not count it for this person."""
        if is_ours:
            return self._with_them(self._theirs.get((component, record), ()), person)
        return self._with_us(self._called.get(record, ()), wanted)

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
            if not wanted.start <= each.business_date < wanted.end:
                places.add(Place.OTHER_PERIOD)
            elif each.person_id is None:
                places.add(Place.NOBODY)
            else:
                places.add(Place.OTHER_PERSON)
        return _surest(places)


def _surest(places: set[Place]) -> Place:
    """Choose the place that explains most where a number stands in several."""
    order = (Place.OTHER_PERSON, Place.NOBODY, Place.OTHER_PERIOD, Place.NOWHERE)
    return next(each for each in order if each in places)
