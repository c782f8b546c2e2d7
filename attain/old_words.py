"""``attain old …``: what an old system paid, beside what we pay."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Hold what an old system paid against what we pay.",
)

_Period = Annotated[str, typer.Argument(help="The period, such as 2026-09.")]
_Span = Annotated[str, typer.Argument(help="The period, or several: 2026-07..2026-09.")]
_Entity = Annotated[str | None, typer.Option(help="Legal entity, when there are many.")]


@app.command()
def take(
    period: _Period,
    file: Annotated[Path, typer.Argument(help="CSV or spreadsheet.", exists=True)],
    layout: Annotated[Path, typer.Option(help="JSON: which column says what.", exists=True)],
    name: Annotated[str, typer.Option(help="What the sheet is called.")] = "old system",
    sheet: Annotated[str, typer.Option(help="Of a spreadsheet; else the first one.")] = "",
    entity: _Entity = None,
) -> None:
    """Take a sheet; the same name again replaces it for the period."""
    from attain.cli import settings_or_stop
    from attain.commands_old import Given, take_old

    given = Given(period=period, file=file, layout=layout, name=name, sheet=sheet)
    take_old(settings_or_stop(), given, entity=entity)


@app.command()
def compare(
    period: _Span,
    run: Annotated[str | None, typer.Option(help="A run of ours; else the newest.")] = None,
    entity: _Entity = None,
) -> None:
    """Print how much is the same to the cent, and of every difference why."""
    from attain.cli import settings_or_stop
    from attain.commands_old import compare_old

    compare_old(settings_or_stop(), period=period, run=run, entity=entity)
