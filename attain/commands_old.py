"""``attain old``: taking a sheet of an old system, and printing it beside our run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from actions.compare_people import Difference
from actions.deed import Runtime, perform
from actions.old_sheet import read_layout
from actions.old_told import left_out
from actions.parallel_range import (
    AskedPeople,
    ParallelRange,
    key_of_person,
    parallel_range,
)
from actions.parallel_run import ParallelRun, parallel_run
from actions.parallel_scan import Asked, Scan, key_of
from actions.say_difference import difference_said
from actions.take_old_results import OldSheet, take_old_results
from attain.choosing import SYSTEM, chosen_entity, ready_runtime, refusals_told, sentences
from attain.settings import Settings
from messages.render import Locale, money
from storage.engine import reading
from storage.old_results import OldResultSet, set_by_id

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


PEOPLE = 500  # people of a range that are read at a time


def compare_old(settings: Settings, *, period: str, run: str | None, entity: str | None) -> None:
    """Print both totals, the causes, and every difference with its lines; of a range by person."""
    runtime, locale = ready_runtime(settings), Locale(settings.locale)
    with refusals_told(settings.locale):
        entity_id = chosen_entity(runtime, entity).id
        first, dots, last = period.partition("..")
        if dots:
            if run is not None:
                raise typer.BadParameter("a range is held against the newest run of each period")
            _print_range(runtime, entity_id, (first, last), locale)
            return
        found = parallel_run(
            runtime, SYSTEM, entity_id, period, run, Asked(first=PAGE), patient=True
        )
        _print_totals(period, found.run.id, found.scan, found.sets, found.currency, locale)
        while True:
            for row in found.differences:
                who = found.names.get(row.person_id or "", row.given)
                _print_difference(who, row, found, locale)
            if not found.has_next:
                return
            asked = Asked(first=PAGE, after=key_of(found.differences[-1]))
            found = parallel_run(
                runtime, SYSTEM, entity_id, period, found.run.id, asked, patient=True
            )


def _print_range(runtime: Runtime, entity_id: str, span: tuple[str, str], locale: Locale) -> None:
    asked = AskedPeople(first=PEOPLE)
    found = parallel_range(runtime, SYSTEM, entity_id, *span, asked, patient=True)
    for each in found.periods:
        name, run_id = each.comparing.period.name, each.comparing.run.id
        sheets = each.comparing.sheets.sets
        _print_totals(name, run_id, each.scan, sheets, found.currency, locale)
    for without in found.without:
        typer.echo(f"{without}  not compared: no sheet, or no run")
    typer.echo(f"all  {_pair(found.old, found.ours, found.currency, locale)}")
    for cause, amount in sorted(found.causes.items()):
        typer.echo(f"  {cause.value}  {_shown(amount, found.currency, locale)}")
    while True:
        for person in found.people:
            who = found.names.get(person.person_id or "", person.given)
            typer.echo(f"{who}  {_pair(person.old, person.ours, found.currency, locale)}")
            for period, row in person.differences:
                _print_difference(f"  {period}", row, found, locale)
        if not found.has_next:
            return
        asked = AskedPeople(first=PEOPLE, after=key_of_person(found.people[-1]))
        found = parallel_range(runtime, SYSTEM, entity_id, *span, asked, patient=True)


def _print_totals(
    period: str,
    run_id: str,
    scan: Scan,
    sheets: Sequence[OldResultSet],
    currency: str,
    locale: Locale,
) -> None:
    old, ours = (_shown(each, currency, locale) for each in (scan.old, scan.ours))
    typer.echo(f"{period}  old {old}  ours {ours}  run {run_id}")
    for sheet in sheets:
        typer.echo(
            f"  {sheet.name}  version {sheet.revision}  rows {sheet.rows_taken}/{sheet.rows_read}"
            f"  left out {sheet.rows_left_out}"
        )
        for each in left_out([sheet]):
            typer.echo(f"    {each.rows}  {sentences().text(each.code, each.values, locale)}")
    typer.echo(f"  the same to the cent {scan.matched}/{scan.compared}")
    typer.echo(f"  only old {scan.only_old}  only ours {scan.only_ours}")
    for cause, amount in sorted(scan.causes.items()):
        typer.echo(f"  {cause.value}  {_shown(amount, currency, locale)}")


def _print_difference(
    who: str, row: Difference, found: ParallelRun | ParallelRange, locale: Locale
) -> None:
    typer.echo(f"{who}  {row.component or '*'}  {_pair(row.old, row.ours, found.currency, locale)}")
    for line in row.lines:
        code, values = difference_said(line, found.currency, locale, found.metrics)
        text = sentences().text(code, values, locale)
        typer.echo(f"  {line.cause.value}  {money(line.amount, found.currency, locale)}  {text}")
        if line.records:
            typer.echo(f"    {', '.join(line.records)}")


def _pair(old: int | None, ours: int | None, currency: str, locale: Locale) -> str:
    return f"{_shown(old, currency, locale)} -> {_shown(ours, currency, locale)}"


def _shown(steps: int | None, currency: str, locale: Locale) -> str:
    return "-" if steps is None else money(steps, currency, locale)
