"""Getting a calculation ready: who takes part, by which rules, and every number these read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from actions.credit_problems import unclear_credits
from actions.gather import metric_columns, target_columns
from actions.gather_needs import gather_group_needs, gather_needs
from actions.gather_segments import add_segments
from actions.in_force import InForce
from actions.participants import Participant, participants
from actions.scoring import (
    TEAM_SCORE,
    Calculation,
    Variant,
    metrics_needed,
    taken,
    variants_of,
)
from domain.columns import Column
from domain.component import SCORE
from domain.evaluate import compile_score, run
from domain.knowledge import Knowledge
from domain.metric import Metric
from domain.period import Period
from domain.problem import Problem, Refused
from domain.scorecard import Scorecard
from storage.crediting import Crediting
from storage.definitions import metrics_by_key
from storage.engine import Writing
from storage.measures import Grouping

People = tuple[Participant, ...]


def prepare(
    writing: Writing, period: Period, knowledge: Knowledge | None = None
) -> tuple[Calculation, tuple[Problem, ...]]:
    """Find the participants of a period and gather every number that their rules read."""
    known = knowledge or Knowledge.at(writing.known_at)
    people, problems = who_takes_part(writing, period, known)
    calculation = gathered(writing, period, known, people)
    add_team_scores(writing, calculation, period)
    add_segments(writing, calculation, period)
    gather_group_needs(writing, calculation, period)
    return calculation, (*problems, *goal_problems(calculation), *unclear_credits(calculation))


def who_takes_part(
    writing: Writing, period: Period, knowledge: Knowledge
) -> tuple[People, tuple[Problem, ...]]:
    """Find everyone who has a scorecard or a plan in a period; nobody at all is refused."""
    people, problems = participants(writing.connection, writing.entity_id, period, knowledge)
    if not people:
        raise Refused("nobody_to_calculate", {"period": period.name}, problems=problems)
    return people, problems


def gathered(
    writing: Writing,
    period: Period,
    knowledge: Knowledge,
    people: People,
    *,
    named: bool = False,
    compared: Sequence[str] = (),
    crediting: Crediting | None = None,
    metrics: Mapping[str, Metric] | None = None,
    in_force: InForce | None = None,
) -> Calculation:
    """Gather the numbers of some participants, teams left out; ``named``: they are few.

    ``compared`` names metrics that their own rules need not read, but somebody else's compare.
    ``crediting`` is that of an evaluation before which knew the same about facts and who is who.
    ``metrics`` are tried in the place of those that are defined. ``in_force`` are the rules of the
    period, where they were read before.
    """
    connection, entity_id = writing.connection, writing.entity_id
    variants = variants_of(people)
    defined = dict(
        metrics_by_key(connection, entity_id, valid_at=period.start, known_at=knowledge.rules)
        if in_force is None
        else in_force.metrics
    )
    defined |= metrics or {}
    needed = tuple(dict.fromkeys((*metrics_needed(variants), *compared)))
    owners = [person.person_id for person in people]
    crediting = crediting or Crediting(connection, entity_id, knowledge)
    columns = metric_columns(
        connection,
        entity_id,
        _defined(defined, needed, period),
        period,
        known_at=knowledge,
        groups=owners,
        named=named,
        crediting=crediting,
    )
    columns.update(
        target_columns(
            connection,
            entity_id,
            needed,
            period,
            known_at=knowledge,
            owners=owners,
            named=named,
        )
    )
    calculation = Calculation(
        people=people,
        metrics=defined,
        columns=columns,
        variants=variants,
        entity_id=entity_id,
        knowledge=knowledge,
        named=named,
        crediting=crediting,
    )
    gather_needs(writing, calculation, period)
    return calculation


def _defined(defined: dict[str, Metric], needed: Iterable[str], period: Period) -> list[Metric]:
    missing = [key for key in needed if key not in defined]
    if missing:
        raise Refused(
            "metric_unknown", {"metric": ", ".join(missing)}, path=f"period:{period.name}"
        )
    return [defined[key] for key in needed]


def add_team_scores(writing: Writing, calculation: Calculation, period: Period) -> None:
    """Score the teams for the second line: the same card over the team's facts and goal (13)."""
    for variant in calculation.variants:
        card = variant.scorecard.scorecard if variant.scorecard else None
        if card is None or card.team is None:
            continue
        people = [calculation.people[row] for row in variant.rows.tolist()]
        scores = _team_scores(writing, card, calculation, people, period)
        _put_team_scores(calculation, variant, people, scores)


def _team_scores(
    writing: Writing,
    card: Scorecard,
    calculation: Calculation,
    people: Sequence[Participant],
    period: Period,
) -> dict[str, int | None]:
    alone = replace(card, team=None)  # a team has no team of its own
    units = sorted({person.unit_id for person in people})
    columns = metric_columns(
        writing.connection,
        writing.entity_id,
        [calculation.metrics[key] for key in alone.metrics],
        period,
        known_at=calculation.knowledge,
        groups=units,
        grouping=Grouping.UNIT,
        named=calculation.named,
        crediting=calculation.crediting,
    )
    columns.update(
        target_columns(
            writing.connection,
            writing.entity_id,
            alone.metrics,
            period,
            known_at=calculation.knowledge,
            owners=units,
            named=True,
        )
    )
    found = run(compile_score(alone), columns, [SCORE])[SCORE]
    return {unit: found.at(row) for row, unit in enumerate(units)}


def _put_team_scores(
    calculation: Calculation,
    variant: Variant,
    people: Sequence[Participant],
    scores: dict[str, int | None],
) -> None:
    count = len(calculation.people)
    before = calculation.columns.get(
        TEAM_SCORE, Column(np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.bool_))
    )
    values = before.values.copy()
    present = np.ones(count, dtype=np.bool_) if before.present is None else before.present.copy()
    for row, person in zip(variant.rows.tolist(), people, strict=True):
        score = scores[person.unit_id]
        values[row], present[row] = score or 0, score is not None
    calculation.columns[TEAM_SCORE] = Column(values, present)


def goal_problems(calculation: Calculation) -> list[Problem]:
    """Say for whom a scorecard asks for a target that no goal gives."""
    found = []
    for variant in calculation.variants:
        card = variant.scorecard.scorecard if variant.scorecard else None
        for item in card.items if card else ():
            name = f"{item.metric}.target"
            column = taken({name: calculation.columns[name]}, variant.rows)[name]
            if column.present is None:
                continue
            without = [
                calculation.people[row].person_id
                for row, there in zip(variant.rows.tolist(), column.present, strict=True)
                if not there
            ]
            values = {"metric": item.metric, "people": str(len(without)), "first": without[0]}
            found.append(Problem(code="goal_missing", path=item.metric, values=values))
    return found


def only_those(people: People, wanted: Collection[str]) -> People:
    """Keep some participants, in their order."""
    return tuple(person for person in people if person.person_id in wanted)
