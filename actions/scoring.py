"""The stages of a calculation over columns: score, compare, pay. No database here.

People with the same scorecard and the same plan are one *variant* and are calculated together;
comparisons are made over everybody, whatever their variant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from actions.participants import Instead, Participant, TriedRules
from actions.peer_groups import Peers, peers_of
from actions.pools import add_pools
from actions.segmenting import PersonSegment
from domain.columns import Column
from domain.compare import CohortPolicy, Compared, Measure, compare_everyone
from domain.component import SCORE, PeerGroup, unit_of
from domain.evaluate import compile_pay, compile_score, run
from domain.knowledge import Knowledge
from domain.metric import Direction, Metric
from domain.peer_facts import Compare, compare_cohort
from domain.presence import Presence
from domain.program import Cohort, LineKind, NeedKind, Program
from domain.segments import WHOLE, Shape, place_of_line, shape_text, shaped_pay, shaped_score
from storage.crediting import Crediting
from storage.definitions import StoredPlan, StoredScorecard

Rows = NDArray[np.int64]
PAYOUT = "payout"
TEAM_SCORE = "team.score"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Variant:
    """The people who share a scorecard and a plan, by their rows."""

    scorecard: StoredScorecard | None
    plan: StoredPlan | None
    rows: Rows
    shape: Shape = WHOLE
    cards: tuple[StoredScorecard | None, ...] = ()  # of each segment, where the score is cut
    plans: tuple[StoredPlan | None, ...] = ()
    own: dict[str, Column] = field(default_factory=dict)  # inputs that only a shape reads
    _programs: dict[str, Program | None] = field(default_factory=dict)  # compiled once

    @property
    def is_shaped(self) -> bool:
        """Say whether the rules are applied by days, by segments or with a ramp."""
        return self.shape != WHOLE

    @property
    def sealed_shape(self) -> str | None:
        """How the rules are applied, as the seal of a run says it; None where plainly."""
        if not self.is_shaped:
            return None
        cards = [each.hash if each else None for each in self.cards]
        plans = [each.hash if each else None for each in self.plans]
        return shape_text(self.shape, cards, plans)

    def plan_of(self, line: str) -> StoredPlan:
        """Return the plan that a line of the pay program belongs to."""
        place = place_of_line(line) if self.shape.pay.cut else None
        found = self.plan if place is None else self.plans[place]
        assert found is not None
        return found

    @property
    def score_program(self) -> Program | None:
        """The compiled scorecard."""
        if "score" not in self._programs:
            self._programs["score"] = self._compiled_score()
        return self._programs["score"]

    @property
    def pay_program(self) -> Program | None:
        """The compiled plan, with the scorecard it may lean on."""
        if "pay" not in self._programs:
            self._programs["pay"] = self._compiled_pay()
        return self._programs["pay"]

    def _compiled_score(self) -> Program | None:
        if self.is_shaped:
            cards = [each.scorecard if each else None for each in self.cards]
            return shaped_score(cards, self.shape.score)
        return compile_score(self.scorecard.scorecard) if self.scorecard else None

    def _compiled_pay(self) -> Program | None:
        if self.is_shaped:
            return shaped_pay([each.plan if each else None for each in self.plans], self.shape.pay)
        if self.plan is None:
            return None
        card = self.scorecard.scorecard if self.scorecard else None
        return compile_pay(self.plan.plan, card)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Board:
    """One measure compared within one kind of peer group, over all people."""

    measure: str
    unit: str
    peer_group: PeerGroup
    own: Measure
    groups: tuple[str, ...]  # the group of each row; "" for none
    compared: Compared
    wider: tuple[str, ...] = ()  # the group around it, for whoever is compared there

    def used(self, row: int) -> str:
        """Name the group that a row was compared in; "" for none."""
        if self.groups[row] and self.compared.widened.at(row):
            return self.wider[row]
        return self.groups[row]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Paid:
    """What a variant earns: the payout and the amount lines by component, in variant order."""

    variant: Variant
    payout: Column | None
    amounts: Mapping[str, Column]
    inputs: Mapping[str, Column]  # everything the two programs read, frozen with the run
    # The group that each comparison of the plan was made in, in variant order; "" for none.
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True, eq=False)
class Calculation:
    """The numbers of a run on their way: one row per participant."""

    people: tuple[Participant, ...]
    metrics: Mapping[str, Metric]
    columns: dict[str, Column]
    variants: tuple[Variant, ...]
    entity_id: str
    knowledge: Knowledge
    frozen: bool = False  # its peers are those of a closed period, and already in the columns
    named: bool = False  # its people are few: their numbers are asked for by name
    crediting: Crediting | None = None  # what the credit rules came to, if anything was gathered
    score: Column | None = None
    peers: dict[PeerGroup, Peers] = field(default_factory=dict)
    boards: list[Board] = field(default_factory=list)
    paid: list[Paid] = field(default_factory=list)
    presence: Presence | None = None  # when some rule asks who was there, and for how long
    instead: Instead | None = None  # which plans are tried in the place of those in force
    tried: TriedRules | None = None  # what else is tried beside them
    planned: dict[str, frozenset[str]] = field(default_factory=dict)  # who had a plan, by period
    # Puts those who are compared too and are not among the people after them, by row.
    beside: Callable[[Cohort, Compare], Compare] | None = None

    def peers_in(self, peer_group: PeerGroup) -> Peers:
        """Return everybody's groups of one kind."""
        if peer_group not in self.peers:
            self.peers[peer_group] = peers_of(self.people, self.entity_id, peer_group)
        return self.peers[peer_group]


def variants_of(people: Sequence[Participant]) -> tuple[Variant, ...]:
    """Group the rows by scorecard, plan and how they are applied, in order of first appearance."""
    rows: dict[tuple[object, ...], list[int]] = {}
    for row, person in enumerate(people):
        card = (person.scorecard.id, person.scorecard.version) if person.scorecard else None
        key: tuple[object, ...] = (card, person.plan.id if person.plan else None)
        if person.shape is not WHOLE and person.shape != WHOLE:
            key = (*key, person.shape, *map(_rules_key, person.segments))
        rows.setdefault(key, []).append(row)
    return tuple(_variant(people[found[0]], found) for found in rows.values())


def _rules_key(segment: PersonSegment) -> tuple[object, ...]:
    card, plan = segment.scorecard, segment.plan
    return (card.id, card.version) if card else None, plan.id if plan else None


def _variant(person: Participant, rows: Sequence[int]) -> Variant:
    parts, shape = person.segments, person.shape
    return Variant(
        scorecard=person.scorecard,
        plan=person.plan,
        rows=np.array(rows, dtype=np.int64),
        shape=shape,
        cards=tuple(part.scorecard for part in parts) if shape.score.cut else (person.scorecard,),
        plans=tuple(part.plan for part in parts) if shape.pay.cut else (person.plan,),
    )


def input_names(variant: Variant) -> tuple[str, ...]:
    """Name every input that the programs of a variant read."""
    programs = [each for each in (variant.score_program, variant.pay_program) if each is not None]
    return tuple(dict.fromkeys(given.name for each in programs for given in each.inputs))


def metrics_needed(variants: Sequence[Variant]) -> tuple[str, ...]:
    """Name every metric that some scorecard or plan reads."""
    names: dict[str, None] = {}
    for variant in variants:
        for program in (variant.score_program, variant.pay_program):
            names.update(dict.fromkeys(program.metrics if program else ()))
    names.pop(SCORE, None)
    return tuple(names)


def taken(columns: Mapping[str, Column], rows: Rows) -> dict[str, Column]:
    """Take some rows of every column."""
    return {name: _rows_of(column, rows) for name, column in columns.items()}


def columns_listed(column: Column | None, rows: Rows | None = None) -> Sequence[int | None]:
    """List a column as plain numbers, None where there is none."""
    if column is None:
        return [None] * (0 if rows is None else len(rows))
    values = (column.values if rows is None else column.values[rows]).tolist()
    if column.present is None:
        return values  # type: ignore[no-any-return]
    present = (column.present if rows is None else column.present[rows]).tolist()
    return [value if there else None for value, there in zip(values, present, strict=True)]


def _rows_of(column: Column, rows: Rows) -> Column:
    present = None if column.present is None else column.present[rows]
    return Column(column.values[rows], None if present is None or present.all() else present)


def score_all(calculation: Calculation) -> None:
    """Score every variant; people without a scorecard have no score."""
    count = len(calculation.people)
    values, present = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.bool_)
    for variant in calculation.variants:
        program = variant.score_program
        if program is None:
            continue
        found = run(program, _inputs(program, calculation, variant), [SCORE])[SCORE]
        values[variant.rows] = found.values
        present[variant.rows] = True if found.present is None else found.present
    calculation.score = Column(values, None if present.all() else present)


def _inputs(program: Program, calculation: Calculation, variant: Variant) -> dict[str, Column]:
    wanted = {each.name for each in program.inputs}
    named = (wanted & calculation.columns.keys()) - variant.own.keys()
    found = taken({name: calculation.columns[name] for name in sorted(named)}, variant.rows)
    if variant.own:
        found.update({name: variant.own[name] for name in sorted(wanted & variant.own.keys())})
    return found


def compare_all(calculation: Calculation) -> None:
    """Compare the score, the headline metrics and whatever a plan compares, group by group."""
    for measure, unit in measures_of(calculation).items():
        for peer_group in PeerGroup:
            board = board_of(calculation, measure, unit, peer_group)
            if board is not None:
                calculation.boards.append(board)


def measures_of(calculation: Calculation) -> dict[str, str]:
    """Name what gets a leaderboard: the score, each card's first KPI, and what plans compare."""
    found: dict[str, str] = {}
    for variant in calculation.variants:
        if variant.scorecard is not None:
            found[SCORE] = "POINT"
            first = variant.scorecard.scorecard.items[0]
            found[first.metric] = first.unit
        program = variant.pay_program
        found.update((each.measure, each.unit) for each in (program.cohorts if program else ()))
        if program is not None and variant.plan is not None:
            broken = [each for cohort in program.cohorts for each in cohort.tie_breaks]
            # what breaks a tie is frozen like what is compared
            found.update((each, unit_of(variant.plan.plan, each)) for each in broken)
        for need in program.needs if program else ():
            if need.kind is NeedKind.MEDIAN_BEFORE:  # the next period will ask for this median
                found[need.metric] = need.unit
    return found


def _direction(calculation: Calculation, measure: str) -> Direction:
    metric = calculation.metrics.get(measure)
    lower = metric is not None and metric.direction is Direction.LOWER
    return Direction.LOWER if lower else Direction.HIGHER


def board_of(
    calculation: Calculation, measure: str, unit: str, peer_group: PeerGroup
) -> Board | None:
    """Compare one measure within the groups of one kind; None where nobody is in such a group."""
    policy = CohortPolicy(direction=_direction(calculation, measure))
    own = _own(calculation, measure)
    peers = calculation.peers_in(peer_group)
    if not any(peers.groups):
        return None
    compared = compare_everyone(own, peers.codes, peers.parents, policy)
    return Board(
        measure=measure,
        unit=unit,
        peer_group=peer_group,
        own=own,
        groups=peers.groups,
        compared=compared,
        wider=peers.wider,
    )


def _own(calculation: Calculation, measure: str) -> Measure:
    if measure == SCORE:
        assert calculation.score is not None
        return Measure(num=calculation.score)
    return Measure(
        num=calculation.columns[f"{measure}.num"], den=calculation.columns[f"{measure}.den"]
    )


def pay_all(calculation: Calculation) -> None:
    """Pay every variant; each plan's comparisons are made with its own policy over everybody."""
    read = [_table(calculation, variant) for variant in calculation.variants]
    if not calculation.frozen:  # what a closed period shared out stays as it was
        add_pools(calculation, [table for table, _ in read])
    for variant, (table, groups) in zip(calculation.variants, read, strict=True):
        program = variant.pay_program
        inputs = {name: column for name, column in table.items() if name != SCORE}
        if program is None:
            paid = Paid(variant=variant, payout=None, amounts={}, inputs=inputs)
            calculation.paid.append(paid)
            continue
        found = run(program, table, _money_lines(program))
        calculation.paid.append(
            Paid(
                variant=variant,
                payout=found[PAYOUT],
                amounts={name: column for name, column in found.items() if name != PAYOUT},
                inputs=inputs,
                groups=groups,
            )
        )


def _table(
    calculation: Calculation, variant: Variant
) -> tuple[dict[str, Column], dict[str, list[str]]]:
    """Gather everything the programs of a variant read, and the groups it is compared in.

    The score is read and is not an input.
    """
    table: dict[str, Column] = {}
    score_program, pay_program = variant.score_program, variant.pay_program
    if score_program is not None:
        table.update(_inputs(score_program, calculation, variant))
    if pay_program is None:
        return table, {}
    table.update(_inputs(pay_program, calculation, variant))
    peers, groups = _peer_inputs(pay_program, calculation, variant.rows)
    table.update(peers)
    assert calculation.score is not None
    return table | {SCORE: _rows_of(calculation.score, variant.rows)}, groups


def _money_lines(program: Program) -> list[str]:
    return [line.name for line in program.lines if line.kind is LineKind.PAY] + [PAYOUT]


def _peer_inputs(
    program: Program, calculation: Calculation, rows: Rows
) -> tuple[dict[str, Column], dict[str, list[str]]]:
    """Compare for each cohort of a plan; return the inputs, and which group it was by cohort."""
    found: dict[str, Column] = {}
    groups: dict[str, list[str]] = {}
    for cohort in () if calculation.frozen else program.cohorts:
        peers = calculation.peers_in(cohort.peer_group)
        if any(peers.groups):
            compared = compare_cohort(cohort, _compare(calculation, cohort, peers))
            found.update(taken(compared.inputs(cohort.id), rows))
            groups[cohort.id] = _used(peers, compared, rows)
    for need in program.needs:
        if need.kind is NeedKind.POOL and need.peer_group is not None:
            peers = calculation.peers_in(need.peer_group)
            groups[need.name.removesuffix(".pool")] = [peers.groups[row] for row in rows.tolist()]
    return found, groups


def _used(peers: Peers, compared: Compared, rows: Rows) -> list[str]:
    """Name the group that each row was compared in; "" for none."""
    wider = compared.widened.values[rows].tolist()
    return [
        peers.wider[row] if widened and peers.groups[row] else peers.groups[row]
        for row, widened in zip(rows.tolist(), wider, strict=True)
    ]


def _compare(calculation: Calculation, cohort: Cohort, peers: Peers) -> Compare:
    given = Compare(
        own=_own(calculation, cohort.measure),
        direction=_direction(calculation, cohort.measure),
        groups=peers.codes,
        parents=peers.parents,
        tie_breaks=tuple(
            (_own(calculation, measure), _direction(calculation, measure))
            for measure in cohort.tie_breaks
        ),
        presence=calculation.presence,
    )
    return given if calculation.beside is None else calculation.beside(cohort, given)
