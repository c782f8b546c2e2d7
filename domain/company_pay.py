"""What a whole company would earn by some plan: score, compare and pay over columns of everybody.

The same programs as in every calculation, with no object for any person: a plan can be tried on a
year of a large company while somebody waits. Comparisons and pools are made anew over everybody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from domain.columns import Column
from domain.compare import Compared, Measure
from domain.component import SCORE, PeerGroup
from domain.evaluate import run
from domain.exact import added
from domain.metric import Direction
from domain.peer_facts import Compare, compare_cohort
from domain.pooling import pool_columns, pool_needs
from domain.presence import Presence
from domain.program import Cohort, LineKind, Program

Codes = NDArray[np.int64]
Truths = NDArray[np.bool_]
PAYOUT = "payout"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Groups:
    """The groups of one kind as numbers by row, and the wider groups around them."""

    codes: Codes
    parents: Codes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Crew:
    """People with the same rules. ``rows`` None means everybody, in order."""

    score: Program | None
    pay: Program | None
    rows: Codes | None = None
    plan: str = ""  # crews of one plan share its pools
    own: Mapping[str, Column] = field(default_factory=dict)  # inputs that only they have


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Whole:
    """Everybody of a period, by row."""

    count: int
    columns: Mapping[str, Column]
    groups: Mapping[PeerGroup, Groups] = field(default_factory=dict)  # without a kind nobody has
    directions: Mapping[str, Direction] = field(default_factory=dict)
    presence: Presence | None = None
    ids: Sequence[str] = ()  # only pools ask for them: the smallest id gets the odd cent
    compared: dict[Cohort, Compared] = field(default_factory=dict)  # found once for all plans


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Earned:
    """What everybody earns; missing where a number is missing or nobody pays."""

    payout: Column
    is_paid: Truths  # has a plan at all
    tables: tuple[Mapping[str, Column], ...]  # what the programs of each crew read
    amounts: tuple[Mapping[str, Column], ...]  # the kept lines of each crew


def score_whole(whole: Whole, crews: Sequence[Crew]) -> Column:
    """Score everybody; who has no scorecard has no score."""
    if len(crews) == 1 and crews[0].rows is None and crews[0].score is not None:
        return run(crews[0].score, _read(whole, crews[0], crews[0].score), [SCORE])[SCORE]
    values, present = _empty(whole.count)
    for crew in crews:
        if crew.score is not None:
            found = run(crew.score, _read(whole, crew, crew.score), [SCORE])[SCORE]
            _put(values, present, crew.rows, found)
    return _column(values, present)


def pay_whole(
    whole: Whole,
    crews: Sequence[Crew],
    score: Column,
    *,
    frozen: bool = False,
    keep: Sequence[str] | None = (),
) -> Earned:
    """Pay everybody. ``frozen``: what was compared and shared out is in the columns already.

    ``keep`` names further lines to return; None keeps every line that is money.
    """
    tables = [_table(whole, crew, score, frozen=frozen) for crew in crews]
    if not frozen:
        _add_pools(whole, crews, tables)
    values, present = _empty(whole.count)
    is_paid = np.zeros(whole.count, dtype=np.bool_)
    amounts: list[Mapping[str, Column]] = []
    for crew, table in zip(crews, tables, strict=True):
        if crew.pay is None:
            amounts.append({})
            continue
        found = run(crew.pay, table, [*_kept(crew.pay, keep), PAYOUT])
        _put(values, present, crew.rows, found.pop(PAYOUT))
        is_paid[_rows(crew.rows)] = True
        amounts.append(found)
    payout = _column(values, present)
    return Earned(payout=payout, is_paid=is_paid, tables=tuple(tables), amounts=tuple(amounts))


def _kept(program: Program, keep: Sequence[str] | None) -> list[str]:
    if keep is None:
        return [line.name for line in program.lines if line.kind is LineKind.PAY]
    names = {line.name for line in program.lines}
    return [name for name in keep if name in names]


def _table(whole: Whole, crew: Crew, score: Column, *, frozen: bool) -> dict[str, Column]:
    table: dict[str, Column] = {}
    if crew.score is not None:
        table.update(_read(whole, crew, crew.score))
    if crew.pay is None:
        return table
    table.update(_read(whole, crew, crew.pay))
    for cohort in () if frozen else crew.pay.cohorts:
        if cohort.peer_group in whole.groups:
            facts = _compared(whole, cohort, score).inputs(cohort.id)
            table.update({name: taken(column, crew.rows) for name, column in facts.items()})
    return table | {SCORE: taken(score, crew.rows)}


def _compared(whole: Whole, cohort: Cohort, score: Column) -> Compared:
    """Compare everybody once, however many components and plans ask for the same."""
    asked = replace(cohort, id="")
    if asked not in whole.compared:
        groups = whole.groups[cohort.peer_group]
        given = Compare(
            own=_own(whole, cohort.measure, score),
            direction=whole.directions.get(cohort.measure, Direction.HIGHER),
            groups=groups.codes,
            parents=groups.parents,
            tie_breaks=tuple(
                (_own(whole, each, score), whole.directions.get(each, Direction.HIGHER))
                for each in cohort.tie_breaks
            ),
            presence=whole.presence,
        )
        whole.compared[asked] = compare_cohort(cohort, given)
    return whole.compared[asked]


def _own(whole: Whole, measure: str, score: Column) -> Measure:
    if measure == SCORE:
        return Measure(num=score)
    num, den = whole.columns[f"{measure}.num"], whole.columns[f"{measure}.den"]
    if den.present is None and (den.values == 1).all():
        return Measure(num=num)  # a sum: there is no fraction to bring to its lowest terms
    return Measure(num=num, den=den)


def _add_pools(whole: Whole, crews: Sequence[Crew], tables: Sequence[dict[str, Column]]) -> None:
    """Cut each pool among the people of its plan who are in one group."""
    by_plan: dict[str, list[int]] = {}
    for place, crew in enumerate(crews):
        if crew.pay is not None and pool_needs(crew.pay):
            by_plan.setdefault(crew.plan, []).append(place)
    for places in by_plan.values():
        program = crews[places[0]].pay
        assert program is not None
        numbers = [_numbers(whole, crews[place].rows) for place in places]
        rows = np.concatenate(numbers)
        ids: list[str] = [str(whole.ids[row]) for row in rows.tolist()]
        for need in pool_needs(program):
            assert need.peer_group is not None
            groups = whole.groups[need.peer_group].codes[rows]
            together = _joined([tables[place] for place in places])
            found = pool_columns(program, need, together, groups, ids)
            start = 0
            for place, own in zip(places, numbers, strict=True):
                end = added((start, len(own)))
                piece = np.arange(start, end, dtype=np.int64)
                tables[place].update((name, taken(each, piece)) for name, each in found.items())
                start = end


def _joined(tables: Sequence[Mapping[str, Column]]) -> dict[str, Column]:
    names = set(tables[0]).intersection(*tables[1:])
    return {name: chained([table[name] for table in tables]) for name in sorted(names)}


def chained(columns: Sequence[Column]) -> Column:
    """Put columns one after another."""
    if len(columns) == 1:
        return columns[0]
    values = np.concatenate([each.values for each in columns])
    if all(each.present is None for each in columns):
        return Column(values)
    present = [
        np.ones(len(each), dtype=np.bool_) if each.present is None else each.present
        for each in columns
    ]
    return Column(values, np.concatenate(present))


def taken(column: Column, rows: Codes | None) -> Column:
    """Take some rows of a column; None takes it as it is."""
    if rows is None:
        return column
    present = None if column.present is None else column.present[rows]
    return Column(column.values[rows], None if present is None or present.all() else present)


def _read(whole: Whole, crew: Crew, program: Program) -> dict[str, Column]:
    found = {}
    for given in program.inputs:
        if given.name in crew.own:
            found[given.name] = crew.own[given.name]
        elif given.name in whole.columns:
            found[given.name] = taken(whole.columns[given.name], crew.rows)
    return found


def _numbers(whole: Whole, rows: Codes | None) -> Codes:
    return np.arange(whole.count, dtype=np.int64) if rows is None else rows


def _rows(rows: Codes | None) -> Codes | slice:
    return slice(None) if rows is None else rows


def _empty(count: int) -> tuple[Codes, Truths]:
    return np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.bool_)


def _put(values: Codes, present: Truths, rows: Codes | None, found: Column) -> None:
    values[_rows(rows)] = found.values
    present[_rows(rows)] = True if found.present is None else found.present


def _column(values: Codes, present: Truths) -> Column:
    return Column(values, None if present.all() else present)
