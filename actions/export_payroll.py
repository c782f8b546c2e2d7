"""Payroll is handed what was approved, as a file with control totals; the trail says to whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from actions.deed import Runtime, perform
from actions.payroll_file import csv_file, xlsx_file
from actions.prepare_pay import demand_pay
from domain.access import Actor, Resource
from domain.exact import INTS
from domain.pay_batch import BatchState
from domain.payroll import (
    AMOUNTS,
    PLAIN_COLUMNS,
    ControlTotals,
    PayrollColumns,
    PayrollRow,
    Source,
    control_totals,
    decode_columns,
)
from domain.period import period_named
from domain.problem import Refused
from storage.audit import add_event
from storage.engine import Writing
from storage.pay_batches import Batch, StoredSheet, batch_of_period, sheets_of
from storage.pay_rules import pay_settings_on
from storage.people import assignments, people, units

DEED = "payrollExport"
_READY = frozenset({BatchState.APPROVED, BatchState.PAID})


class PayrollFormat(StrEnum):
    """The kind of file."""

    CSV = "CSV"
    XLSX = "XLSX"


_MEDIA: Mapping[PayrollFormat, str] = {
    PayrollFormat.CSV: "text/csv; charset=utf-8",
    PayrollFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PayrollFile:
    """A file for payroll, and by what payroll sees that it arrived whole."""

    name: str
    media_type: str
    content: bytes
    totals: ControlTotals


def export_payroll(
    runtime: Runtime,
    actor: Actor,
    entity_id: str,
    period_name: str,
    form: PayrollFormat,
    key: str | None = None,
) -> PayrollFile:
    """Write the approved batch of a period as a file; every time leaves a line in the trail.

    The same key again writes the same rows anew, and leaves another line.
    """
    period = period_named(period_name)
    made: list[PayrollFile] = []

    def deed(writing: Writing) -> str:
        batch, file = _file(writing, actor, period.name, form)
        made.append(file)
        return batch.id

    request = {"period": period.name, "format": form.value}
    done = perform(runtime, actor, entity_id, DEED, request, deed, key)
    if done.replayed:
        with runtime.writing(entity_id, actor) as again:
            made.append(_file(again, actor, period.name, form)[1])
            add_event(again, DEED, done.id, {"again": True})
    return made[0]


def _file(
    writing: Writing, actor: Actor, period_name: str, form: PayrollFormat
) -> tuple[Batch, PayrollFile]:
    demand_pay(actor, writing.entity_id)
    batch = batch_of_period(writing.connection, writing.entity_id, period_name)
    if batch is None:
        raise Refused("pay_batch_missing", {"period": period_name})
    if batch.state not in _READY:
        raise Refused("pay_batch_state_wrong", {"state": batch.state.value, "deed": "EXPORT"})
    columns = _columns(writing)
    rows = payroll_rows(writing, actor, batch)
    totals = control_totals(columns, rows)
    if form is PayrollFormat.CSV:
        content = csv_file(columns, rows, totals)
    else:
        content = xlsx_file(columns, rows, totals, writing.known_at)
    name = f"payroll-{period_name}-r{batch.revision}.{form.value.lower()}"
    file = PayrollFile(name=name, media_type=_MEDIA[form], content=content, totals=totals)
    return batch, file


def _columns(writing: Writing) -> PayrollColumns:
    day = writing.known_at.date()
    settings = pay_settings_on(writing.connection, writing.entity_id, day, writing.known_at)
    columns, problems = decode_columns(settings.columns or PLAIN_COLUMNS)
    if columns is None:
        raise ValueError(f"stored payroll columns cannot be read: {problems}")
    return columns


def payroll_rows(writing: Writing, actor: Actor, batch: Batch) -> list[PayrollRow]:
    """Collect the rows of a batch: everybody with a sheet, by staff number and name."""
    period = period_named(batch.period)
    day, known_at = period.last_day, writing.known_at
    sheets = sheets_of(writing.connection, actor, batch, day=day)
    wanted = sorted({each.person_id for each in sheets})
    named = {
        str(each.id): each
        for each in people(
            writing.connection,
            actor,
            valid_at=day,
            known_at=known_at,
            ids=None,
            resource=Resource.PAY,
        )
    }
    teams = {
        each.id: each.name
        for each in units(writing.connection, writing.entity_id, valid_at=day, known_at=known_at)
    }
    placed = {
        str(each.person_id): teams.get(each.unit_id, "")
        for each in assignments(
            writing.connection,
            writing.entity_id,
            start=period.start,
            end=period.end,
            known_at=known_at,
        )
    }
    missing = [each for each in wanted if each not in named]
    if missing:
        raise ValueError(f"a pay sheet of nobody: {missing[0]}")
    rows = []
    for each in sheets:
        person = named[each.person_id]
        texts = {
            Source.STAFF_NUMBER: person.staff_number or "",
            Source.PERSON: person.name,
            Source.PERSON_ID: each.person_id,
            Source.UNIT: placed.get(each.person_id, ""),
            Source.PERIOD: each.period,
            Source.PAID_ON: each.sheet.subject.get("paid_on", ""),
            Source.CURRENCY: each.currency,
            Source.SHEET_HASH: each.sheet.hash,
        }
        rows.append(PayrollRow(texts=texts, amounts=_amounts(each), currency=each.currency))
    return sorted(rows, key=_order)


def _order(row: PayrollRow) -> tuple[str, ...]:
    sources = (Source.STAFF_NUMBER, Source.PERSON, Source.PERSON_ID, Source.CURRENCY)
    return tuple(row.texts[source] for source in sources)


def _amounts(each: StoredSheet) -> dict[Source, int]:
    found = {
        source: int(INTS.total([each.sheet.value(name) for name in names]))
        for source, names in AMOUNTS.items()
    }
    return {**found, Source.ADJUSTED: each.sheet.adjusted}
