"""A period as of now: the last run, and of whoever was touched since what he has come to.

Everything a run froze stays as it is, so it is read once and kept. A look takes in what was learned
since the look before: whom it touched is gathered anew, nobody else. The state is that of one
instant of the entity's knowledge, and a run that calculated everybody at that instant would come to
the same.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

import numpy as np

from actions.chosen_rules import Above
from actions.gather_segments import add_segments
from actions.in_force import InForce, read_in_force
from actions.incremental import PEERS
from actions.live_others import Moved, Others, Values, moved_of
from actions.participants import Participant, participants
from actions.prepare import add_team_scores, gathered
from actions.scoring import TEAM_SCORE, Calculation, Variant, score_all, variants_of
from actions.touched import CREDITED_MOST, facts_read, since_run, touched_people
from domain.columns import Column
from domain.component import SCORE
from domain.ids import noun_of
from domain.knowledge import Knowledge
from domain.period import Period
from domain.problem import Refused
from storage.credit_rules import has_credit_rules
from storage.crediting import Crediting
from storage.engine import Writing
from storage.live import (
    Member,
    frozen_of,
    is_one_organisation,
    last_fact_of,
    members_of,
    roster_of,
    unit_in,
    units_of_measures,
    values_of,
)
from storage.people import assignments, units_above
from storage.results import Run
from storage.touched import FactsRead, Since, numbers_of_facts

MOST_TOUCHED = 2_000  # beyond, a calculation is the shorter way
MOST_IN_UNIT = 5_000
MOST_RULED = 50_000  # facts of a kind and window that rules of credit concern; each takes a KB
_UNITS_KEPT = 64
_SHARDS_KEPT = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """Somebody as he is now, with every number his rules read; nobody for who left the period."""

    person: Participant | None
    inputs: Mapping[str, int | None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrozenUnit:
    """The people of a unit as the run found them, whose rules are applied plainly."""

    people: tuple[Participant, ...]
    columns: Mapping[str, Column]


@dataclass(slots=True, kw_only=True, eq=False)
class LivePeriod:
    """One period of an entity, kept from look to look; whoever looks holds its lock."""

    period: Period
    base: Run
    known_at: datetime
    fact_seq: int | None
    in_force: InForce
    measures: Mapping[str, str]  # what is compared, each with its unit
    read: FactsRead
    is_team: bool  # some scorecard scores the team as well
    is_credited: bool  # by rules; a new one ends what can be followed
    is_beyond: bool = False  # more is credited by rules than can be kept
    touched: set[str] = field(default_factory=set)
    boards: dict[tuple[str, str], Any] = field(default_factory=dict)  # as shown since the last news
    fresh: dict[str, Fresh] = field(default_factory=dict)
    others: Others | None = None
    _crediting: Crediting | None = None  # of the last look
    _shards: dict[int, bytes] = field(default_factory=dict)
    _units: OrderedDict[str, FrozenUnit] = field(default_factory=OrderedDict)
    _unvalued: set[str] = field(default_factory=set)  # touched, and not yet compared with others
    _unvalued_units: set[str] = field(default_factory=set)

    @classmethod
    def opened(cls, turn: Writing, period: Period, base: Run) -> LivePeriod:
        """Begin with what a run froze; nobody is touched yet."""
        connection, known = turn.connection, Knowledge.at(base.known_at)
        in_force = read_in_force(connection, turn.entity_id, period, known)
        nobody = np.zeros(0, dtype=np.int64)
        variants = [Variant(scorecard=each, plan=None, rows=nobody) for each in in_force.cards]
        variants += [
            Variant(scorecard=None, plan=each, rows=nobody)
            for each in in_force.plans
            if each.plan.cadence is period.kind
        ]
        return cls(
            period=period,
            base=base,
            known_at=base.known_at,
            fact_seq=base.fact_seq,
            in_force=in_force,
            measures=units_of_measures(connection, base.id),
            read=facts_read(in_force.metrics, variants, period),
            is_credited=has_credit_rules(connection, turn.entity_id, base.known_at),
            is_team=any(each.scorecard.team is not None for each in in_force.cards),
        )

    def catch_up(self, turn: Writing) -> None:
        """Take in what was learned since the last look."""
        if turn.known_at == self.known_at:
            self._crediting = self._credits_at(turn, ())
            return
        since = replace(since_run(self.base, turn.known_at), after=self.known_at)
        since = replace(since, fact_seq=self.fact_seq)
        found = touched_people(turn.connection, self.period, since, self.read)
        if found is None:
            raise Refused("live_board_needs_run", {"period": self.period.name})
        if len(self.touched | found) > MOST_TOUCHED:
            values = {"period": self.period.name, "most": str(MOST_TOUCHED)}
            raise Refused("live_board_many_touched", values)
        self._crediting = self._credits_followed(turn, since)
        if found:
            fresh = self._gathered(turn, sorted(found))
            units = self._units_of(turn, found) if self.is_team else set()
            self.fresh.update(fresh)
            self.touched |= found
            self._unvalued |= found
            self._unvalued_units |= units
        if found or self.read.beyond:
            self.boards.clear()
        self.fact_seq = last_fact_of(turn.connection, turn.entity_id, self.fact_seq, turn.known_at)
        self.known_at = turn.known_at

    def _credits_followed(self, turn: Writing, since: Since) -> Crediting:
        """Let the credits of the look before hold on, but for facts that have changed."""
        if not self.is_credited or self._crediting is None:
            return self._credits_at(turn, ())
        changed = numbers_of_facts(turn.connection, since, self.read, CREDITED_MOST)
        if changed is None:
            raise Refused("live_board_needs_run", {"period": self.period.name})
        return self._credits_at(turn, changed)

    def _credits_at(self, turn: Writing, changed: Sequence[int]) -> Crediting:
        known, before = Knowledge.at(turn.known_at), self._crediting
        if not self.is_credited:
            return Crediting(turn.connection, turn.entity_id, known, ())
        found = Crediting(
            turn.connection,
            turn.entity_id,
            known,
            followed=None if before is None else before.followed_by(changed),
            most=MOST_RULED,
        )
        for kind, window in () if before is None else before.asked:
            found.of(kind, window)  # so that each look has all that the looks before it asked for
        return found

    def _units_of(self, turn: Writing, found: Collection[str]) -> set[str]:
        """Name the units that some people are or worked for, and all that lie over them."""
        held = assignments(
            turn.connection,
            turn.entity_id,
            # A base of days before the period may be of whoever has left since.
            start=min(self.read.start or date.min, self.period.start),
            end=max(self.read.end or date.max, self.period.end),
            known_at=turn.known_at,
            person_ids=sorted(found),
        )
        units = {each for each in found if noun_of(each) == "OrgUnit"}
        units |= {each.unit_id for each in held}
        above = units_above(turn.connection, self.period.last_day, turn.known_at)
        return {over for unit in units for over in above.get(unit, (unit,))}

    def _gathered(self, turn: Writing, ids: Sequence[str]) -> dict[str, Fresh]:
        """Gather some people as they are now."""
        known = Knowledge.at(turn.known_at)
        people, _ = participants(
            turn.connection, turn.entity_id, self.period, known, only=ids, in_force=self.in_force
        )
        found = {each: Fresh(person=None, inputs={}) for each in ids}
        if not people:
            return found
        compared = [each for each in self.measures if each in self.in_force.metrics]
        part = gathered(
            turn,
            self.period,
            known,
            people,
            named=True,
            compared=compared,
            crediting=self._crediting,
            in_force=self.in_force,
        )
        for row, person in enumerate(people):
            inputs = {name: column.at(row) for name, column in part.columns.items()}
            found[person.person_id] = Fresh(person=person, inputs=inputs)
        return found

    def unit_of(self, turn: Writing, person_id: str) -> str | None:
        """Name the unit somebody is in now."""
        if person_id in self.fresh:
            person = self.fresh[person_id].person
            return None if person is None else person.unit_id
        return unit_in(turn.connection, self.base.id, person_id)

    def people_of(self, turn: Writing, unit_id: str) -> Calculation:
        """Score the people of a unit as they are now."""
        unit = self._unit(turn, unit_id)
        fresh = [
            each
            for each in self.fresh.values()
            if each.person is not None and each.person.unit_id == unit_id
        ]
        kept = [row for row, each in enumerate(unit.people) if each.person_id not in self.fresh]
        return self._scored(turn, [unit.people[row] for row in kept], kept, unit.columns, fresh)

    def _scored(
        self,
        turn: Writing,
        people: Sequence[Participant],
        rows: Sequence[int],
        columns: Mapping[str, Column],
        fresh: Sequence[Fresh],
    ) -> Calculation:
        """Score people of whom some are as the run found them, and some are fresh."""
        named: list[tuple[Participant, int | Mapping[str, int | None]]] = [
            *zip(people, rows, strict=True),
            *((each.person, each.inputs) for each in fresh if each.person is not None),
        ]
        named.sort(key=lambda each: each[0].person_id)
        everybody = tuple(person for person, _ in named)
        calculation = Calculation(
            people=everybody,
            metrics=self.in_force.metrics,
            columns=_composed([where for _, where in named], columns),
            variants=variants_of(everybody),
            entity_id=turn.entity_id,
            knowledge=Knowledge.at(turn.known_at),
            named=True,
            crediting=self._crediting,
        )
        add_team_scores(turn, calculation, self.period)
        add_segments(turn, calculation, self.period)
        score_all(calculation)
        return calculation

    def _unit(self, turn: Writing, unit_id: str) -> FrozenUnit:
        """Read what the run froze of a unit, once; who has a shape of his own is gathered anew."""
        if unit_id in self._units:
            self._units.move_to_end(unit_id)
            return self._units[unit_id]
        members = members_of(turn.connection, self.base.id, unit_id)
        if len(members) > MOST_IN_UNIT:
            raise Refused("live_board_needs_run", {"period": self.period.name})
        shaped = {each.person_id for each in members if not each.is_plain}
        if anew := sorted(shaped - self.fresh.keys()):
            self.fresh.update(self._gathered(turn, anew))
        plain = [each for each in members if each.person_id not in self.fresh]
        people = self._as_found(turn, unit_id, plain)
        places = {each.person_id: each.place for each in plain}
        if len(self._shards) > _SHARDS_KEPT:
            self._shards.clear()
        columns = _read_columns(turn, self.base.id, places, self._shards) if places else {}
        self._complete(turn, people, columns)
        self._units[unit_id] = FrozenUnit(people=people, columns=columns)
        while len(self._units) > _UNITS_KEPT:
            self._units.popitem(last=False)
        return self._units[unit_id]

    def _as_found(
        self, turn: Writing, unit_id: str, members: Sequence[Member]
    ) -> tuple[Participant, ...]:
        """Be people as the run found them: no rule has changed since, so theirs are in force."""
        cards = {(each.id, each.version): each for each in self.in_force.cards}
        plans = {each.id: each for each in self.in_force.plans}
        above = Above(turn.connection, turn.known_at, self.in_force.above)
        units = above.of(unit_id, self.period.last_day)
        return tuple(
            Participant(
                person_id=each.person_id,
                unit_id=unit_id,
                platform_id=each.platform_id,
                position=each.position,
                above=units,
                scorecard=None if each.scorecard is None else cards[each.scorecard],
                plan=None if each.plan_version_id is None else plans[each.plan_version_id],
            )
            for each in members
        )

    def _complete(
        self, turn: Writing, people: Sequence[Participant], columns: dict[str, Column]
    ) -> None:
        """Add what is compared of people whose own rules do not read it."""
        places = {each.person_id: row for row, each in enumerate(people)}
        for measure in self.measures:
            names = (f"{measure}.num", f"{measure}.den")
            if measure == SCORE or all(_is_whole(columns.get(name)) for name in names):
                continue
            filled = [_Filled.of(columns.get(name), len(people)) for name in names]
            found = values_of(turn.connection, self.base.id, measure, sorted(places))
            for person, *numbers in found:
                for part, number in zip(filled, numbers, strict=True):
                    part.put(places[person], number)
            columns.update(zip(names, (each.column() for each in filled), strict=True))

    def beside(self, turn: Writing, calculation: Calculation) -> None:
        """Let what a unit's plans compare beyond it be compared with everybody as of now."""
        others = self.others or self._others(turn)
        self.others = others
        self._value(turn, others, calculation)
        calculation.beside = others.beside(calculation)

    def _others(self, turn: Writing) -> Others:
        connection, period = turn.connection, self.period
        if not is_one_organisation(
            connection, turn.entity_id, period.start, period.end, turn.known_at
        ):
            raise Refused("live_board_needs_run", {"period": period.name})
        return Others(
            entity_id=turn.entity_id,
            people=roster_of(connection, self.base.id),
            above=units_above(connection, period.last_day, turn.known_at),
            read=lambda measure: values_of(turn.connection, self.base.id, measure),
        )

    def _value(self, turn: Writing, others: Others, scored: Calculation) -> None:
        """Find what those have come to who were touched, or whose team was.

        The people of the unit that is looked at are scored already.
        """
        others.read = lambda measure: values_of(turn.connection, self.base.id, measure)
        nowhere = Moved(unit_id="", platform_id=None, values={})
        found = dict.fromkeys(self._unvalued, nowhere)
        here = {each.person_id: row for row, each in enumerate(scored.people)}
        alone = [self.fresh[each] for each in sorted(self._unvalued - here.keys())]
        anew = [self._scored(turn, (), (), {}, alone)] if alone else []
        anew += [self.people_of(turn, each) for each in sorted(self._unvalued_units)]
        for calculation in anew:
            for row, each in enumerate(calculation.people):
                found[each.person_id] = moved_of(each, self._values_at(calculation, row))
        for person in self._unvalued & here.keys():
            row = here[person]
            found[person] = moved_of(scored.people[row], self._values_at(scored, row))
        others.moved.update(found)
        self._unvalued.clear()
        self._unvalued_units.clear()

    def _values_at(self, calculation: Calculation, row: int) -> Values:
        found = {}
        for measure in self.measures:
            pair = value_at(calculation, measure, row)
            if pair is not None:
                found[measure] = pair
        return found


def value_at(calculation: Calculation, measure: str, row: int) -> tuple[int, int] | None:
    """Return what somebody has come to by a measure, above and below the line."""
    if measure == SCORE:
        score = None if calculation.score is None else calculation.score.at(row)
        return None if score is None else (score, 1)
    num, den = (calculation.columns.get(f"{measure}.{part}") for part in ("num", "den"))
    above = None if num is None else num.at(row)
    below = None if den is None else den.at(row)
    return None if above is None else (above, below or 1)


@dataclass(slots=True)
class _Filled:
    """A column on its way."""

    values: np.ndarray
    present: np.ndarray

    @classmethod
    def of(cls, column: Column | None, count: int) -> _Filled:
        if column is None:
            return cls(np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.bool_))
        there = column.present
        present = np.ones(count, dtype=np.bool_) if there is None else there.copy()
        return cls(column.values.copy(), present)

    def put(self, row: int, number: int | None) -> None:
        self.values[row], self.present[row] = number or 0, number is not None

    def column(self) -> Column:
        return Column(self.values, None if self.present.all() else self.present)


def _is_whole(column: Column | None) -> bool:
    return column is not None and column.present is None


def _read_columns(
    turn: Writing,
    run_id: str,
    places: Mapping[str, tuple[int, int]],
    shards: dict[int, bytes],
) -> dict[str, Column]:
    """Read the frozen inputs of some people into columns in the order of ``places``."""
    rows = {person: row for row, person in enumerate(places)}
    filled: dict[str, _Filled] = {}
    for people, columns in frozen_of(turn.connection, run_id, places, shards):
        into = np.array([rows[each] for each in people], dtype=np.int64)
        for name, column in columns.items():
            one = filled.setdefault(name, _Filled.of(None, len(rows)))
            one.values[into] = column.values
            one.present[into] = True if column.present is None else column.present
    return {name: each.column() for name, each in filled.items()}


def _composed(
    where: Sequence[int | Mapping[str, int | None]], columns: Mapping[str, Column]
) -> dict[str, Column]:
    """Put together the numbers of people: a row of the columns, or numbers of their own.

    What is of a group is left out: it is found anew.
    """
    into, out = [], []
    alone: list[tuple[int, Mapping[str, int | None]]] = []
    for row, each in enumerate(where):
        if isinstance(each, int):
            into.append(row)
            out.append(each)
        else:
            alone.append((row, each))
    names = dict.fromkeys(columns) | dict.fromkeys(name for _, own in alone for name in own)
    found = {}
    for name in names:
        if PEERS in name or name == TEAM_SCORE:
            continue
        filled = _Filled.of(None, len(where))
        column = columns.get(name)
        if column is not None:
            filled.values[into] = column.values[out]
            filled.present[into] = True if column.present is None else column.present[out]
        for row, own in alone:
            filled.put(row, own.get(name))
        found[name] = filled.column()
    return found
