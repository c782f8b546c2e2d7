"""A statement as a file for people: a workbook or a PDF, for whoever may read the statement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from actions.deed import Runtime
from actions.gather_evidence import facts_document
from actions.seal_place import sealed_place
from actions.statement_pdf import pdf
from actions.statement_sheet import Printed, sheet_of
from actions.statement_workbook import workbook
from domain.access import Actor, Resource
from domain.period import Period
from messages.render import Catalogue, Locale
from storage.carrying import look_at
from storage.engine import Database
from storage.people import legal_entity, people
from storage.statement_history import ReadStatement, history_of
from storage.statement_names import labels_of


class StatementFormat(StrEnum):
    """The kind of file."""

    XLSX = "XLSX"
    PDF = "PDF"


_MEDIA: Mapping[StatementFormat, str] = {
    StatementFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    StatementFormat.PDF: "application/pdf",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementFile:
    """A statement in a file."""

    name: str
    media_type: str
    content: bytes


def read_printed(
    database: Database, actor: Actor, statement: ReadStatement, period: Period, known_at: datetime
) -> Printed:
    """Read what a file says of a statement that ``actor`` was allowed to read."""
    run, person_id = statement.run, statement.result.person_id
    history = history_of(database, actor, statement, period, known_at)
    labels = labels_of(database, statement)
    if history.previous is not None:
        labels = {**labels_of(database, history.previous), **labels}
    named = people(
        database,
        actor,
        valid_at=period.last_day,
        known_at=known_at,
        ids=[person_id],
        resource=Resource.PAY,
    )
    entity = legal_entity(database, run.entity_id)
    look_at(database, day=period.last_day)
    return Printed(
        entity_name=entity.name if entity else run.entity_id,
        currency=entity.currency if entity else "",
        person_name=named[0].name if named else person_id,
        staff_number=(named[0].staff_number or "") if named else "",
        history=history,
        labels=labels,
        facts=facts_document(database, actor, run, person_id, statement.explained),
        seal=None,
    )


def statement_file(
    runtime: Runtime,
    catalogue: Catalogue,
    printed: Printed,
    form: StatementFormat,
    locale: Locale,
) -> StatementFile:
    """Write a statement with its seal; the same statement gives the same bytes.

    A PDF is refused with ``pdf_font_missing`` or ``pdf_font_lacks`` where no font has its text.
    """
    read = printed.history.statement
    sheet = sheet_of(
        catalogue,
        replace(printed, seal=sealed_place(runtime, read)),
        locale,
    )
    made_at = read.run.finished_at or read.run.started_at
    if form is StatementFormat.PDF:
        content = pdf(sheet, made_at, runtime.pdf_font)
    else:
        content = workbook(sheet, made_at)
    name = (
        f"statement-{read.run.period}-{read.result.person_id}-{locale.value}.{form.value.lower()}"
    )
    return StatementFile(name=name, media_type=_MEDIA[form], content=content)
