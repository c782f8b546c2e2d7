"""``attain old``: taking a sheet of an old system, and printing it beside our run."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from actions.compare_people import Difference
from actions.deed import perform
from actions.old_sheet import read_layout
from actions.parallel_run import Asked, ParallelRun, key_of, parallel_run
from actions.say_difference import difference_said
from actions.take_old_results import OldSheet, take_old_results
from attain.choosing import SYSTEM, chosen_entity, ready_runtime, refusals_told, sentences
from attain.settings import Settings
from messages.render import Locale, money
from storage.engine import reading
from storage.old_results import set_by_id

PAGE = 2_000  # differences that are read at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What was typed."""

    period: str
    file: Path
    layout: Path
    name: str
    sheet: str


def take_old(settings: Settings, given: Given, *, entity: str | None) -> None:
    """Take the sheet and print what is wrong with its rows."""
    try:
        document: Any = json.loads(layout_text(given.layout.read_bytes()))
    except ValueError as fault:
        raise typer.BadParameter(f"{given.layout.name} is no JSON") from fault
    runtime, locale = ready_runtime(settings), Locale(settings.locale)
    with refusals_told(settings.locale):
        entity_id = chosen_entity(runtime, entity).id
        sheet = OldSheet(
            period=given.period,
            name=given.name,
            file_name=given.file.name,
            content=given.file.read_bytes(),
            layout=read_layout(document),
            sheet=given.sheet,
        )
        request = {
            "period": sheet.period,
            "name": sheet.name,
            "content": hashlib.sha256(sheet.content).hexdigest(),
            "layout": sheet.layout.document(),
        }
        done = perform(
            runtime,
            SYSTEM,
            entity_id,
            "oldResultsTake",
            request,
            lambda writing: take_old_results(writing, SYSTEM, sheet),
        )
    with reading(runtime.engine, SYSTEM) as connection:
        taken = set_by_id(connection, entity_id, done.id)
    assert taken is not None
    typer.echo(f"{taken.name}  version {taken.revision}  rows {taken.rows_taken}/{taken.rows_read}")
    for each in taken.problems["first"]:
        text = sentences().text(each["code"], each["values"], locale)
        typer.echo(f"  row {each['row']}  {each['severity']}  {text}")


def layout_text(content: bytes) -> str:
    """Read a file that somebody wrote with the editor of Windows: with a mark, or in GB18030."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030")


def compare_old(settings: Settings, *, period: str, run: str | None, entity: str | None) -> None:
    """Print both totals, the causes, and every difference with its lines."""
    runtime, locale = ready_runtime(settings), Locale(settings.locale)
    with refusals_told(settings.locale):
        entity_id = chosen_entity(runtime, entity).id
        found = parallel_run(runtime, SYSTEM, entity_id, period, run, Asked(first=PAGE))

    def shown(steps: int | None) -> str:
        return "-" if steps is None else money(steps, found.currency, locale)

    scan = found.scan
    typer.echo(f"{period}  old {shown(scan.old)}  ours {shown(scan.ours)}  run {found.run.id}")
    typer.echo(f"  the same to the cent {scan.matched}/{scan.compared}")
    typer.echo(f"  only old {scan.only_old}  only ours {scan.only_ours}")
    for cause, amount in sorted(scan.causes.items()):
        typer.echo(f"  {cause.value}  {shown(amount)}")
    while True:
        for row in found.differences:
            who = found.names.get(row.person_id or "", row.given)
            typer.echo(f"{who}  {row.component or '*'}  {shown(row.old)} -> {shown(row.ours)}")
            _print_lines(row, found, locale)
        if not found.has_next:
            return
        asked = Asked(first=PAGE, after=key_of(found.differences[-1]))
        with refusals_told(settings.locale):
            found = parallel_run(runtime, SYSTEM, entity_id, period, found.run.id, asked)


def _print_lines(row: Difference, found: ParallelRun, locale: Locale) -> None:
    for line in row.lines:
        code, values = difference_said(line, found.currency, locale, found.metrics)
        text = sentences().text(code, values, locale)
        typer.echo(f"  {line.cause.value}  {money(line.amount, found.currency, locale)}  {text}")
        if line.records:
            typer.echo(f"    {', '.join(line.records)}")
