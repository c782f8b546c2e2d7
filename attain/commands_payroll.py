"""``attain payroll``: what was approved, as a file for payroll."""

from __future__ import annotations

import os
from pathlib import Path

import typer

from actions.export_payroll import PayrollFormat, export_payroll
from attain.choosing import SYSTEM, chosen_entity, ready_runtime, refusals_told
from attain.settings import Settings
from messages.render import Locale, money


def payroll(settings: Settings, *, period: str, out: Path, entity: str | None) -> None:
    """Write the file, readable by nobody but its owner, and print its control totals."""
    form = out.suffix.removeprefix(".").upper()
    if form not in PayrollFormat.__members__:
        raise typer.BadParameter("the file ends in .csv or .xlsx")
    runtime = ready_runtime(settings)
    with refusals_told(settings.locale):
        entity_id = chosen_entity(runtime, entity).id
        made = export_payroll(runtime, SYSTEM, entity_id, period, PayrollFormat[form])
    # A new file only: one that is there may be readable by others, or somebody's only copy.
    try:
        handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise typer.BadParameter(f"{out} is there already") from None
    with os.fdopen(handle, "wb") as file:
        file.write(made.content)
    typer.echo(f"rows {made.totals.rows}  {out}")
    for currency, steps in made.totals.sums.items():
        typer.echo(f"sum {money(steps, currency, Locale(settings.locale))}")
    typer.echo(f"sha256 {made.totals.sha256}")
