"""The command ``attain``: each word reads its options and hands over to ``attain/commands_*.py``.

The heavy rooms are imported inside the words, so that ``attain --help`` stays quick.
"""

from __future__ import annotations

import sys
from typing import Annotated, NoReturn

import typer

from attain.settings import Settings, SettingsInvalid, read_settings

app = typer.Typer(
    name="attain",
    help="Turns what a sales force does into goals, scores and pay that everybody can check.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # the decorated help page costs 0.2 s of imports
)


@app.command()
def migrate() -> None:
    """Bring the database up to this version's tables."""
    from storage.migrate import upgrade

    settings = settings_or_stop()
    settings.data.mkdir(parents=True, exist_ok=True)
    upgrade(settings.database_url)
    typer.echo("The database is up to date.")


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.", min=0, max=65535)] = None,
) -> None:
    """Serve GraphQL over HTTP until interrupted."""
    from attain.commands_serve import serve as run_server

    run_server(settings_or_stop(), host=host, port=port)


@app.command()
def schema(
    out: Annotated[str, typer.Option(help="File to write; - for the terminal.")] = "-",
) -> None:
    """Print the GraphQL schema, sorted: the contract of the API."""
    from attain.commands_schema import print_schema

    print_schema(out)


def settings_or_stop() -> Settings:
    """Read the environment; on a wrong setting say every problem and stop."""
    try:
        return read_settings()
    except SettingsInvalid as invalid:
        for line in invalid.lines:
            typer.echo(line, err=True)
        raise typer.Exit(2) from invalid


def main() -> NoReturn:
    """Run the command; the way in for ``attain`` and for ``python -P -m attain``."""
    app()
    sys.exit(0)
