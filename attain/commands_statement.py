"""``attain statement``: what a person earns in a period, as a workbook or a PDF."""

from __future__ import annotations

import os
from pathlib import Path

import typer

from actions.statement_file import StatementFormat, read_printed, statement_file
from attain.choosing import (
    SYSTEM,
    chosen_entity,
    chosen_person,
    ready_runtime,
    refusals_told,
    sentences,
)
from attain.settings import Settings
from domain.access import Resource
from domain.period import period_named
from domain.problem import Refused
from messages.render import Locale
from storage.engine import reading
from storage.results import latest_run, results
from storage.statement_history import ReadStatement
from storage.statements import statement_of


def statement(
    settings: Settings,
    *,
    person: str,
    period: str,
    out: Path,
    entity: str | None,
    locale: str | None,
) -> None:
    """Write the posted statement into a new file, readable by nobody but its owner."""
    form = out.suffix.removeprefix(".").upper()
    if form not in StatementFormat.__members__:
        raise typer.BadParameter("the file ends in .xlsx or .pdf")
    language = Locale(locale or settings.locale)
    runtime = ready_runtime(settings)
    with refusals_told(language.value):
        span = period_named(period)
        entity_id = chosen_entity(runtime, entity).id
        whose = chosen_person(runtime, entity_id, person, span.last_day)
        with reading(runtime.engine, SYSTEM) as connection:
            now = runtime.clock()
            run = latest_run(
                connection, entity_id, period=span.name, known_at=now, mode="POSTED"
            ) or latest_run(connection, entity_id, period=span.name, known_at=now)
            if run is None:
                raise Refused("run_missing", {"period": span.name})
            found = results(
                connection,
                SYSTEM,
                run,
                day=span.last_day,
                resource=Resource.PAY,
                person_ids=[whose.id],
            )
            if not found:
                raise Refused("result_missing", {"period": span.name})
            explained = statement_of(connection, run, found[0])
            read = ReadStatement(run=run, result=found[0], explained=explained)
            printed = read_printed(connection, SYSTEM, read, span, now)
        made = statement_file(runtime, sentences(), printed, StatementFormat[form], language)
    # A new file only: one that is there may be readable by others, or somebody's only copy.
    try:
        handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise typer.BadParameter(f"{out} is there already") from None
    with os.fdopen(handle, "wb") as file:
        file.write(made.content)
    typer.echo(f"{len(made.content):>9}  {out}")
    typer.echo(explained.statement.hash)
