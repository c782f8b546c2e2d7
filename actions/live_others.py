"""Everybody of a run beside the people of one unit, for comparisons that reach beyond it.

What the run compared stays as it was, but of those who were touched since: of them it is what they
have come to. All of it is columns, because it may be everybody of a large company.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actions.participants import Participant
from actions.scoring import Calculation
from domain.columns import Column
from domain.compare import Measure
from domain.component import Fallback, PeerGroup
from domain.peer_facts import Compare
from domain.peer_rules import Members
from domain.problem import Refused
from domain.program import Cohort

Rows = NDArray[np.int64]
Truths = NDArray[np.bool_]
Values = Mapping[str, tuple[int, int]]  # by measure, above and below the line
ReadValues = Callable[[str], Sequence[tuple[str, int, int]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Somebody who is not as the run found him: where he belongs now, and his values."""

    unit_id: str
    platform_id: str | None
    values: Values


@dataclass(frozen=True, slots=True, eq=False)
class _Named:
    """A group for every row, as a number into a list of names."""

    codes: Rows
    places: Mapping[str, int]

    @classmethod
    def of(cls, names: Sequence[str]) -> _Named:
        places = {name: code for code, name in enumerate(dict.fromkeys(names))}
        return cls(np.array([places[name] for name in names], dtype=np.int64), places)

    def as_own(self, own: Mapping[str, int], other: int) -> Rows:
        """Number the rows as the own people are numbered; who is in none of their groups last."""
        table = np.full(len(self.places), other, dtype=np.int64)
        for name, code in own.items():
            if name in self.places:
                table[self.places[name]] = code
        return table[self.codes]


@dataclass(slots=True, kw_only=True, eq=False)
class Others:
    """Everybody of a run: the groups they were in, and by measure what was compared."""

    entity_id: str
    people: Sequence[tuple[str, str, str | None]]  # person, unit, platform
    above: Mapping[str, tuple[str, ...]]  # of each unit, itself first
    read: ReadValues
    moved: dict[str, Moved] = field(default_factory=dict)
    _places: dict[str, int] = field(default_factory=dict)
    _groups: dict[tuple[PeerGroup, bool], _Named] = field(default_factory=dict)
    _values: dict[str, tuple[Rows, Rows, Truths]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._places = {person: place for place, (person, _, _) in enumerate(self.people)}

    def beside(self, calculation: Calculation) -> Callable[[Cohort, Compare], Compare]:
        """Return what puts the others after the people of a calculation."""
        own = {person.person_id for person in calculation.people}
        there = np.ones(len(self.people), dtype=np.bool_)
        hidden = [self._places[each] for each in (*own, *self.moved) if each in self._places]
        there[hidden] = False
        moved = [each for person, each in self.moved.items() if person not in own]

        def compare(cohort: Cohort, given: Compare) -> Compare:
            if not reaches_beyond(cohort, given):
                return given
            return self._joined(calculation, cohort, given, there, moved)

        return compare

    def _joined(
        self,
        calculation: Calculation,
        cohort: Cohort,
        given: Compare,
        there: Truths,
        moved: Sequence[Moved],
    ) -> Compare:
        peers, kind = calculation.peers_in(cohort.peer_group), cohort.peer_group
        near = dict(zip(peers.groups, given.groups.tolist(), strict=True))
        far = dict(zip(peers.wider, given.parents.tolist(), strict=True))
        no_near, no_far = max(near.values()) + 1, max(far.values()) + 1
        groups = self._group(kind, wider=False).as_own(near, no_near)
        parents = np.full(len(groups), no_far, dtype=np.int64)  # only who may widen looks there
        kept = there & (groups != no_near)
        if cohort.fallback is Fallback.WIDEN:
            parents = self._group(kind, wider=True).as_own(far, no_far)
            kept = there & ((groups != no_near) | (parents != no_far))
        more = [
            (near.get(self._near(each, kind), no_near), far.get(self._far(each, kind), no_far))
            for each in moved
        ]

        def longer(own: Measure, measure: str) -> Measure:
            return _longer(
                own, self._of(measure, kept), [each.values.get(measure) for each in moved]
            )

        breaks = [
            (longer(own, measure), direction)
            for (own, direction), measure in zip(given.tie_breaks, cohort.tie_breaks, strict=True)
        ]
        return replace(
            given,
            own=longer(given.own, cohort.measure),
            groups=_put_after(given.groups, groups[kept], [one for one, _ in more]),
            parents=_put_after(given.parents, parents[kept], [other for _, other in more]),
            tie_breaks=breaks,
            presence=None,
        )

    def _of(self, measure: str, kept: Truths) -> tuple[Rows, Rows, Truths]:
        if measure not in self._values:
            num, den = (np.full(len(self.people), fill, dtype=np.int64) for fill in (0, 1))
            present = np.zeros(len(self.people), dtype=np.bool_)
            for person, above, below in self.read(measure):
                place = self._places[person]
                num[place], den[place], present[place] = above, below, True
            self._values[measure] = num, den, present
        num, den, present = self._values[measure]
        return num[kept], den[kept], present[kept]

    def _group(self, kind: PeerGroup, *, wider: bool) -> _Named:
        if (kind, wider) not in self._groups:
            name = self._far if wider else self._near
            names = [
                name(Moved(unit_id=unit, platform_id=platform, values={}), kind)
                for _, unit, platform in self.people
            ]
            self._groups[kind, wider] = _Named.of(names)
        return self._groups[kind, wider]

    def _near(self, each: Moved, kind: PeerGroup) -> str:
        match kind:
            case PeerGroup.UNIT:
                return each.unit_id
            case PeerGroup.PLATFORM:
                return each.platform_id or ""
            case PeerGroup.COMPANY:
                return self.entity_id

    def _far(self, each: Moved, kind: PeerGroup) -> str:
        above = self.above.get(each.unit_id, (each.unit_id,))
        if kind is PeerGroup.UNIT and len(above) > 1:
            return above[1]
        return self.entity_id


def reaches_beyond(cohort: Cohort, given: Compare) -> bool:
    """Say whether a comparison of the people of a unit needs anybody else."""
    if cohort.peer_group is PeerGroup.UNIT:
        if cohort.fallback is not Fallback.WIDEN:
            return False
        present = given.own.num.present
        there = np.ones(len(given.own.num), dtype=np.bool_) if present is None else present
        if given.presence is not None and cohort.members is not Members.EVERYBODY:
            there = there & given.presence.counted(cohort.members)
        if int(there.sum()) >= max(cohort.minimum, 1):
            return False
    if cohort.members is not Members.EVERYBODY:  # who was there how long is not known of the others
        raise Refused("live_board_needs_run")
    return True


def moved_of(person: Participant, values: Values) -> Moved:
    """Be somebody who was touched."""
    return Moved(unit_id=person.unit_id, platform_id=person.platform_id, values=values)


def _longer(
    own: Measure, others: tuple[Rows, Rows, Truths], moved: Sequence[tuple[int, int] | None]
) -> Measure:
    """Put the values of the others after the own ones."""
    count = len(own.num)
    present = np.ones(count, dtype=np.bool_) if own.num.present is None else own.num.present
    whole = _put_after(present, others[2], [each is not None for each in moved])
    num = _put_after(own.num.values, others[0], [each[0] if each else 0 for each in moved])
    column = Column(num, None if whole.all() else whole)
    if isinstance(own.den, int):
        return Measure(num=column, den=own.den)
    den = _put_after(own.den.values, others[1], [each[1] if each else 1 for each in moved])
    there = own.den.present
    if there is None:
        return Measure(num=column, den=Column(den))
    return Measure(num=column, den=Column(den, np.concatenate([there, whole[count:]])))


def _put_after(
    own: NDArray[Any], others: NDArray[Any], moved: Sequence[int | bool]
) -> NDArray[Any]:
    return np.concatenate([own, others, np.array(moved, dtype=own.dtype)])
