"""Somebody disagrees: with a line of the posted statement, or about a sale that is not in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from actions.calculate import Mode
from actions.deed import demand_entity
from actions.identifiers import new_id
from actions.periods import business_day
from domain.access import Actor, Resource, System, Viewer
from domain.dispute import (
    TEXT_MOST,
    UNDECIDED,
    DisputeDeed,
    DisputeState,
    DisputeSubject,
    Evidence,
    refuse_evidence,
)
from domain.period import Period, period_named
from domain.problem import Refused
from domain.program import Line
from domain.unit import DECIMALS, to_steps
from storage.disputes import add_dispute, add_evidence, add_step, dispute_keys, disputes
from storage.engine import Writing
from storage.people import legal_entity
from storage.results import Result, Run, latest_run, results
from storage.statements import statement_of


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeDraft:
    """What somebody says is wrong."""

    person_id: str
    period: str
    text: str
    line: str | None = None  # of the statement, by its name
    transaction: str | None = None  # what the source or the customer calls the sale
    fact_id: str | None = None
    expected: Decimal | None = None
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    unit: str
    actual: int | None = None
    run_id: str | None = None
    component: str | None = None


def open_dispute(writing: Writing, actor: Actor, draft: DisputeDraft) -> str:
    """Open a dispute about one's own pay; HR may open one in somebody's name."""
    _demand_opener(writing, actor, draft.person_id)
    period = period_named(draft.period)
    by_line = draft.line is not None
    if by_line == (draft.transaction is not None or draft.fact_id is not None):
        raise Refused("dispute_subject_unclear", path="line")
    demand_text(draft.text, "text")
    refuse_evidence(draft.evidence)
    about = _line(writing, actor, draft, period) if by_line else _transaction(writing)
    expected = _steps(draft.expected, about.unit)
    _refuse_second(writing, actor, draft)
    identifier = new_id("disp", writing.known_at)
    add_dispute(
        writing,
        identifier,
        {
            "transaction": draft.transaction,
            "unit": about.unit,
            "expected": _digits(expected),
            "actual": _digits(about.actual),
        },
        person_id=draft.person_id,
        period=period.name,
        period_end=period.last_day,
        subject=(DisputeSubject.LINE if by_line else DisputeSubject.TRANSACTION).value,
        run_id=about.run_id,
        line=draft.line,
        component=about.component,
        fact_id=draft.fact_id,
        opened_on=business_day(writing),
    )
    add_step(
        writing,
        identifier,
        draft.person_id,
        1,
        {"text": draft.text.strip()},
        deed=DisputeDeed.OPEN.value,
        state=DisputeState.NEW.value,
        on_day=business_day(writing),
    )
    keep_evidence(writing, identifier, draft.person_id, 1, draft.evidence)
    return identifier


def demand_text(text: str, field: str) -> None:
    """Refuse a step without words, or with too many."""
    if not text.strip():
        raise Refused("text_empty", {"field": field}, path=field)
    if len(text) > TEXT_MOST:
        raise Refused("text_too_long", {"field": field, "most": str(TEXT_MOST)}, path=field)


def keep_evidence(
    writing: Writing, dispute_id: str, person_id: str, number: int, pieces: Sequence[Evidence]
) -> None:
    """Keep what was shown with a step."""
    for piece in pieces:
        identifier = new_id("evi", writing.known_at)
        add_evidence(writing, identifier, dispute_id, person_id, number, piece)


def _demand_opener(writing: Writing, actor: Actor, person_id: str) -> None:
    """Let everybody speak for themselves, and HR for the people of the legal entity."""
    if isinstance(actor, System):
        return
    if is_oneself(actor, writing.entity_id, person_id):
        return
    try:
        demand_entity(actor, Resource.PAY, writing.entity_id)
    except Refused:
        raise Refused("not_found", {"id": person_id}) from None


def is_oneself(viewer: Viewer, entity_id: str, person_id: str) -> bool:
    """Say whether somebody speaks for themself: no deputy and no program does."""
    own = viewer.person_id == person_id and viewer.acting is None and viewer.rights is None
    return own and entity_id in viewer.entity_ids


def _line(writing: Writing, actor: Actor, draft: DisputeDraft, period: Period) -> _Subject:
    """Find the line on the statement that stands, with its number."""
    run, result = _posted(writing, actor, draft.person_id, period)
    made = statement_of(writing.connection, run, result).statement
    lines = (*made.pay_lines, *made.score_lines)
    found: Line | None = next((each for each in lines if each.name == draft.line), None)
    if found is None:
        raise Refused("dispute_line_missing", {"line": draft.line or "-"}, path="line")
    return _Subject(
        unit=found.unit,
        actual=found.value,
        run_id=run.id,
        component=found.key or found.name,
    )


def _posted(writing: Writing, actor: Actor, person_id: str, period: Period) -> tuple[Run, Result]:
    run = latest_run(
        writing.connection,
        writing.entity_id,
        period=period.name,
        known_at=writing.known_at,
        mode=Mode.POSTED.value,
    )
    if run is None:
        raise Refused("run_missing", {"period": period.name})
    found = results(
        writing.connection,
        actor,
        run,
        day=period.last_day,
        resource=Resource.PAY,
        person_ids=[person_id],
    )
    if not found:
        raise Refused("not_found", {"id": person_id})
    return run, found[0]


def _transaction(writing: Writing) -> _Subject:
    """Say in which money something is missed.

    Whether such a sale is known to the company is not told here: nobody shall find out by asking.
    """
    entity = legal_entity(writing.connection, writing.entity_id)
    assert entity is not None
    return _Subject(unit=entity.currency)


def _steps(given: Decimal | None, unit: str) -> int | None:
    if given is None:
        return None
    steps = to_steps(given, unit) if unit in DECIMALS else None
    if steps is None:
        values = {"value": f"{given:f}", "unit": unit}
        raise Refused("number_not_exact", values, path="expected")
    return steps


def _refuse_second(writing: Writing, actor: Actor, draft: DisputeDraft) -> None:
    """Refuse a dispute about what is disputed already and not decided."""
    keys = dispute_keys(
        writing.connection,
        actor,
        writing.entity_id,
        period=draft.period,
        person_id=draft.person_id,
    )
    undecided = [each.id for each in keys if each.state in UNDECIDED]
    known = disputes(writing.connection, actor, writing.entity_id, undecided)
    mine = (draft.line, draft.transaction, draft.fact_id)
    for other in known.values():
        if (other.line, other.transaction, other.fact_id) == mine:
            raise Refused("dispute_open_already", {"dispute": other.id})


def _digits(value: int | None) -> str | None:
    return None if value is None else str(value)
