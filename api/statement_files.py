"""A statement as a file: a workbook or a PDF, with the same numbers as over GraphQL."""

from __future__ import annotations

import base64
from typing import Annotated

from actions.statement_file import StatementFormat, read_printed, statement_file
from actions.statement_sheet import Printed
from api.access import Audience, output, resolved, shown
from api.asking import Entity, KnownAt
from api.context import Info
from api.incentives import RunRef, run_ref
from api.of_person import Person, RunId, of_person
from api.paging import described
from api.scalars import PeriodName, closed_set
from domain.access import Resource
from storage.engine import Database
from storage.statement_history import ReadStatement
from storage.statements import statement_of

closed_set(
    StatementFormat,
    "The kind of file.",
    {
        StatementFormat.XLSX: "A workbook with a sheet per table.",
        StatementFormat.PDF: "Pages to print, with the part of a font that they need.",
    },
)


@output(access=Resource.PAY, description="A statement as a file, in the language of the request.")
class StatementFile:
    """The same statement with the same bookings and seal gives the same bytes."""

    run: RunRef = shown("The run whose statement it is.")
    hash: str = shown("SHA-256 of the canonical statement, as on the statement itself.")
    file_name: str = shown("The name of the file.")
    media_type: str = shown("The media type of the file.")
    content: str = shown("The content in base64.")


@output(access=Audience.SIGNED_IN, description="Queries about files of statements.")
class StatementFileQuery:
    """Part of the query root."""

    @resolved(
        "A statement as a workbook or a PDF: for whoever may read that statement.",
        access=Resource.PAY,
    )
    async def statement_file(
        self,
        info: Info,
        period: Annotated[PeriodName, described("The period.")],
        format: Annotated[StatementFormat, described("The kind of file.")],  # noqa: A002
        person: Person = None,
        run: RunId = None,
        legal_entity: Entity = None,
        known_at: KnownAt = None,
    ) -> StatementFile | None:
        """Write one."""
        context = info.context
        asked = of_person(context, period, person, legal_entity, known_at)

        def work(database: Database) -> Printed:
            found, result = asked.result(database, run, Resource.PAY)
            explained = statement_of(database, found, result)
            read = ReadStatement(run=found, result=result, explained=explained)
            return read_printed(database, context.asker, read, asked.period, asked.known_at)

        printed = await asked.read_noted(work)
        made = await context.perform(
            lambda: statement_file(
                context.runtime.actions,
                context.runtime.catalogue,
                printed,
                format,
                context.locale,
            )
        )
        read = printed.history.statement
        return StatementFile(
            run=run_ref(read.run),
            hash=read.explained.statement.hash,
            file_name=made.name,
            media_type=made.media_type,
            content=base64.b64encode(made.content).decode(),
        )
