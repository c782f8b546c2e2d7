"""Taking a sheet of what an old system paid, to be held against what we pay.

A sheet is kept whole or not at all; rows that cannot be read are named and left out, and the same
sheet under its name again is its next revision. Nothing is paid by it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from actions.deed import demand_entity
from actions.identifiers import new_id
from actions.old_file import called, fault_said, is_total, open_old
from actions.old_sheet import (
    NamedBy,
    OldLayout,
    OldRow,
    OldRows,
    RowProblem,
    ValueKind,
    counted,
    read_rows,
    refuse_layout,
    text_of,
)
from connectors.rows import Fault, Table, Unreadable
from domain.access import Actor, Resource, System
from domain.component import SCORE
from domain.period import Period, period_named
from domain.problem import Problem, Refused, Severity
from storage.definitions import metrics_by_key
from storage.engine import Writing
from storage.old_results import add_old_rows, add_set, next_set_revision
from storage.people import legal_entity, people

BYTES_MOST = 20_000_000  # by the command; a request to the API is smaller anyway
PROBLEMS_KEPT = 100
NAME_MOST = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class OldSheet:
    """What is handed over."""

    period: str
    name: str
    file_name: str
    content: bytes
    layout: OldLayout
    sheet: str = ""
    expected_version: int | None = None


def take_old_results(writing: Writing, actor: Actor, given: OldSheet) -> str:
    """Keep a sheet of old results; return its id."""
    demand_entity(actor, Resource.PAY, writing.entity_id)
    period, name = period_named(given.period), given.name.strip()
    _refuse_form(given, name)
    revision = next_set_revision(writing.connection, writing.entity_id, period.name, name)
    if given.expected_version is not None and given.expected_version != revision - 1:
        values = {"expected": str(given.expected_version), "found": str(revision - 1)}
        raise Refused("old_set_changed", values, path="expectedVersion")
    entity = legal_entity(writing.connection, writing.entity_id)
    assert entity is not None
    read = _read(given, entity.currency, _units(writing, given, period))
    known = _people(writing, period, given.layout.named_by)
    rows = [(row, _person(row, known, read)) for row in _without_totals(read, known)]
    set_id = new_id("old", writing.known_at)
    add_set(
        writing,
        set_id,
        period=period.name,
        name=name,
        revision=revision,
        currency=entity.currency,
        file_name=given.file_name[:200],
        content_hash=hashlib.sha256(given.content).hexdigest(),
        layout=given.layout.document(),
        rows_read=read.read,
        rows_taken=len(read.rows),
        problems=_problems(read),
    )
    add_old_rows(writing, set_id, _stored(rows))
    return set_id


def _refuse_form(given: OldSheet, name: str) -> None:
    if not name or len(name) > NAME_MOST:
        values = {"field": "name", "most": str(NAME_MOST)}
        raise Refused("text_too_long" if name else "text_empty", values, path="name")
    if len(given.content) > BYTES_MOST:
        most = str(BYTES_MOST // 1_000)
        raise Refused("old_file_large", {"most": most}, path="content")


def _units(writing: Writing, given: OldSheet, period: Period) -> dict[str, str]:
    """Find the units of what the sheet says beside pay; a metric that we do not have is refused."""
    wanted = given.layout.values
    if not wanted:
        return {}
    metrics = metrics_by_key(
        writing.connection,
        writing.entity_id,
        valid_at=period.last_day,
        known_at=writing.known_at,
    )
    found = {SCORE: "POINT"} | {key: metric.unit for key, metric in metrics.items()}
    for place, each in enumerate(wanted):
        is_goal = each.says is ValueKind.TARGET
        if each.metric not in found or (each.metric == SCORE and is_goal):
            values = {"metric": each.metric[:80]}
            raise Refused("metric_unknown", values, path=f"layout.values[{place}].metric")
    return found


def _read(given: OldSheet, currency: str, units: Mapping[str, str]) -> OldRows:
    """Read the rows; what stands in a broken row is never guessed."""
    try:
        columns = [name for _, name in given.layout.columns]
        table = open_old(given.content, given.file_name, given.sheet, columns)
    except Unreadable as unreadable:
        values = {"name": given.file_name[:80], "reason": unreadable.code}
        told = {"file": given.file_name[:80], **unreadable.values}
        why = (Problem(code=unreadable.code, path="content", values=told),)
        raise Refused("old_file_unreadable", values, "content", why) from unreadable
    refuse_layout(given.layout, table.header)
    spoilt: list[RowProblem] = []
    found = read_rows(given.layout, _cells(table, given, spoilt), currency, units)
    found.problems = sorted((*found.problems, *spoilt), key=lambda each: each.number)
    found.read += len(spoilt)
    return found


def _cells(
    table: Table, given: OldSheet, spoilt: list[RowProblem]
) -> Iterator[tuple[int, Mapping[str, object]]]:
    for row in table.rows():
        if isinstance(row, Fault):
            problem = fault_said(row, given.file_name)
            spoilt.append(RowProblem(number=row.number, problem=problem))
        else:
            cells: dict[str, object] = dict(zip(table.header, row.cells, strict=True))
            who = given.layout.person
            yield row.number, cells | {who: called(text_of(cells[who]))}


def _people(writing: Writing, period: Period, named_by: NamedBy) -> dict[str, list[str]]:
    """Find whom each name of the old system may stand for: who was here at the period's end."""
    everybody = people(
        writing.connection,
        System(name="old results"),
        valid_at=period.last_day,
        known_at=writing.known_at,
    )
    found: dict[str, list[str]] = {}
    for person in everybody:
        if person.entity_id != writing.entity_id:
            continue
        name = text_of(person.name if named_by is NamedBy.NAME else person.staff_number)
        if name:
            found.setdefault(called(name), []).append(person.id)
    return found


def _without_totals(read: OldRows, known: Mapping[str, list[str]]) -> list[OldRow]:
    """Leave out the rows that add up others, unless somebody has that very name."""
    totals = {row.number for row in read.rows if is_total(row.given) and row.given not in known}
    for number in sorted(totals):
        problem = Problem(code="old_row_total", severity=Severity.ERROR)
        read.problems.append(RowProblem(number=number, problem=problem))
    read.rows = [row for row in read.rows if row.number not in totals]
    return read.rows


def _person(row: OldRow, known: Mapping[str, list[str]], read: OldRows) -> str | None:
    """Say whose a row is; a name that is nobody's or several people's is nobody's, and said."""
    found = known.get(row.given, [])
    if len(found) == 1:
        return found[0]
    code = "old_person_ambiguous" if found else "old_person_unknown"
    problem = Problem(code=code, severity=Severity.WARNING)
    read.problems.append(RowProblem(number=row.number, problem=problem))
    return None


def _problems(read: OldRows) -> dict[str, object]:
    """Write what is kept of the problems: how often each, and the first of them by row."""
    first = sorted(read.problems, key=lambda each: each.number)[:PROBLEMS_KEPT]
    return {
        "counts": dict(counted(read.problems)),
        "first": [
            {
                "row": each.number,
                "code": each.problem.code,
                "severity": each.problem.severity.value,
                "values": dict(each.problem.values),
            }
            for each in first
        ],
    }


def _stored(
    rows: list[tuple[OldRow, str | None]],
) -> Iterator[tuple[int, str, str | None, Mapping[str, object]]]:
    for row, person in rows:
        told: tuple[object, ...] = row.values
        for component, amount in row.amounts.items():
            if amount is None and row.base is None and row.record is None and not told:
                continue
            document: dict[str, object] = {
                "given": row.given,
                "record": row.record,
                "base": row.base,
                "amount": amount,
            }
            if told:  # once for all components: it is the person's
                document["values"], told = told, ()
            yield row.number, component, person, document
