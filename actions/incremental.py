"""Starting from the last run: only who was touched since is gathered, the others keep its numbers.

What comes after is the same for both ways: everybody is scored, compared and paid anew, because a
rank can move although nothing about the person did. So the rows and the hash are the same too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from actions.credit_problems import unclear_credits
from actions.gather_credits import decide_credits
from actions.gather_needs import gather_group_needs
from actions.gather_segments import add_segments
from actions.participants import Participant
from actions.prepare import (
    add_team_scores,
    gathered,
    goal_problems,
    only_those,
    who_takes_part,
)
from actions.scoring import (
    TEAM_SCORE,
    Calculation,
    measures_of,
    metrics_needed,
    variants_of,
)
from actions.touched import facts_read, since_run, touched_people
from domain.columns import Column
from domain.component import SCORE
from domain.knowledge import Knowledge
from domain.period import Period
from domain.problem import Problem
from domain.segments import Shape, is_shaped_input
from domain.statement import ENGINE_VERSION
from storage.crediting import Crediting
from storage.definitions import metrics_by_key
from storage.engine import Writing
from storage.frozen import Shards, frozen_shards, frozen_values
from storage.results import Run
from storage.runs import last_run_of

MOST = 3  # gathering a third of the people costs about as much as gathering everybody
PEERS = ".peers."
_PLAINLY = Shape()


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A calculation ready to be scored, and how it was come by."""

    calculation: Calculation
    problems: tuple[Problem, ...]
    gathered: int
    reused: str | None


def start(writing: Writing, period: Period, *, incremental: bool | None) -> Started:
    """Get a calculation ready from the last run, or from nothing.

    ``incremental`` None decides by what was touched; True insists on the last run where one can
    be started from at all; False gathers everybody.
    """
    known = Knowledge.at(writing.known_at)
    people, problems = who_takes_part(writing, period, known)
    base = None if incremental is False else last_run_of(writing, period.name)
    found = None
    if base is not None and base.engine_version == ENGINE_VERSION:
        found = _from_last(writing, period, people, base, insist=incremental is True)
    if found is None:
        found = gathered(writing, period, known, people), len(people), None
    calculation, count, reused = found
    add_team_scores(writing, calculation, period)
    add_segments(writing, calculation, period)
    gather_group_needs(writing, calculation, period)
    return Started(
        calculation=calculation,
        problems=(*problems, *goal_problems(calculation), *unclear_credits(calculation)),
        gathered=count,
        reused=reused,
    )


def _from_last(
    writing: Writing, period: Period, people: tuple[Participant, ...], base: Run, *, insist: bool
) -> tuple[Calculation, int, str | None] | None:
    known = Knowledge.at(writing.known_at)
    variants = variants_of(people)
    metrics = metrics_by_key(
        writing.connection, writing.entity_id, valid_at=period.start, known_at=known.rules
    )
    read = facts_read(metrics, variants, period)
    touched = touched_people(writing.connection, period, since_run(base, writing.known_at), read)
    if touched is None or (not insist and len(touched) * MOST > len(people)):
        return None
    shards = frozen_shards(writing.connection, base.id)
    shaped = {person.person_id for person in people if person.shape != _PLAINLY}
    lost = _ids(people) - shards.places.keys()
    anew = only_those(people, touched | lost | shaped | _shaped_before(shards))
    part, crediting = None, Crediting(writing.connection, writing.entity_id, known)
    if anew:
        compared = metrics_needed(variants)
        part = gathered(
            writing, period, known, anew, named=True, compared=compared, crediting=crediting
        )
    calculation = Calculation(
        people=people,
        metrics=metrics,
        columns={},
        variants=variants,
        entity_id=writing.entity_id,
        knowledge=known,
        crediting=crediting,
    )
    decide_credits(calculation, period)
    columns = _composed(people, part, shards)
    calculation.columns.update(columns)
    _complete(writing, period, calculation, base, shards, part)
    return calculation, len(anew), base.id


def _shaped_before(shards: Shards) -> set[str]:
    """Name those whose frozen numbers are of segments, and need not hold the whole period's."""
    numbers = [
        number
        for number, columns in shards.columns.items()
        if any(is_shaped_input(name) for name in columns)
    ]
    return {person for person, (shard, _) in shards.places.items() if shard in numbers}


def _ids(people: Sequence[Participant]) -> set[str]:
    return {person.person_id for person in people}


def _composed(
    people: Sequence[Participant], part: Calculation | None, shards: Shards
) -> dict[str, Column]:
    """Put the numbers gathered anew beside those the last run froze, by row."""
    columns = _Columns(len(people))
    fresh = {person.person_id: row for row, person in enumerate(part.people)} if part else {}
    kept: dict[int, tuple[list[int], list[int]]] = {}
    own: tuple[list[int], list[int]] = ([], [])
    for row, person in enumerate(people):
        if person.person_id in fresh:
            own[0].append(row)
            own[1].append(fresh[person.person_id])
            continue
        shard, place = shards.places[person.person_id]
        rows, places = kept.setdefault(shard, ([], []))
        rows.append(row)
        places.append(place)
    for shard, (rows, places) in kept.items():
        columns.put(shards.columns[shard], rows, places)
    if part is not None:
        columns.put(part.columns, *own)
    return columns.done()


class _Columns:
    """Columns that are filled some rows at a time; what nobody fills is missing."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._values: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def put(self, given: Mapping[str, Column], rows: Sequence[int], places: Sequence[int]) -> None:
        """Take some places of some columns for some rows."""
        into, out = np.array(rows, dtype=np.int64), np.array(places, dtype=np.int64)
        for name, column in given.items():
            if PEERS in name or name == TEAM_SCORE:
                continue  # of a group: found anew for everybody
            if name not in self._values:
                self._values[name] = (
                    np.zeros(self._count, dtype=np.int64),
                    np.zeros(self._count, dtype=np.bool_),
                )
            values, present = self._values[name]
            values[into] = column.values[out]
            present[into] = True if column.present is None else column.present[out]

    def done(self) -> dict[str, Column]:
        """Return the columns."""
        return {
            name: Column(values, None if present.all() else present)
            for name, (values, present) in self._values.items()
        }


def _complete(
    writing: Writing,
    period: Period,
    calculation: Calculation,
    base: Run,
    shards: Shards,
    part: Calculation | None,
) -> None:
    """Add what a leaderboard compares of people whose own rules do not read it.

    The last run kept it with their standings. A measure it did not compare is gathered.
    """
    anew = {person.person_id for person in part.people} if part else set()
    needed = set(metrics_needed(calculation.variants))
    boards = [each for each in measures_of(calculation) if each != SCORE and each in needed]
    lacking = [each for each in boards if _lacks(each, calculation, shards, anew)]
    if not lacking:
        return
    kept = frozen_values(writing.connection, base.id, lacking)
    columns = dict(calculation.columns)
    for measure in lacking:
        if measure not in kept:
            everybody = gathered(
                writing,
                period,
                calculation.knowledge,
                calculation.people,
                crediting=calculation.crediting,
            )
            for name in (f"{measure}.num", f"{measure}.den"):
                columns[name] = everybody.columns[name]
            continue
        _fill(columns, calculation, measure, kept[measure], shards, anew)
    calculation.columns.clear()
    calculation.columns.update(columns)


def _lacks(measure: str, calculation: Calculation, shards: Shards, anew: set[str]) -> bool:
    name = f"{measure}.num"
    return any(
        name not in shards.columns[shards.places[person.person_id][0]]
        for person in calculation.people
        if person.person_id not in anew
    )


def _fill(
    columns: dict[str, Column],
    calculation: Calculation,
    measure: str,
    values: Mapping[str, tuple[int, int]],
    shards: Shards,
    anew: set[str],
) -> None:
    count = len(calculation.people)
    for place, name in enumerate((f"{measure}.num", f"{measure}.den")):
        column = columns.get(name)
        numbers = np.zeros(count, dtype=np.int64) if column is None else column.values.copy()
        present = np.zeros(count, dtype=np.bool_)
        if column is not None:
            present[:] = True if column.present is None else column.present
        for row, person in enumerate(calculation.people):
            own = person.person_id
            if own in anew or name in shards.columns[shards.places[own][0]]:
                continue
            if own in values:
                numbers[row], present[row] = values[own][place], True
        columns[name] = Column(numbers, None if present.all() else present)
