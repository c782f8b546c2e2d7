"""``attain pack …``: what somebody who writes an industry pack needs at the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from messages.render import Locale

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Prove an industry pack before it is shipped."
)


@app.command()
def check(
    path: Annotated[
        Path, typer.Argument(help="A pack, or the folder of a distribution.", exists=True)
    ],
    before: Annotated[
        Path | None,
        typer.Option(help="The version that is installed: keys must keep their meaning."),
    ] = None,
    lang: Annotated[Locale, typer.Option(help="The language of the sentences.")] = Locale.EN,
) -> None:
    """Run every check of the pack kit; ends with 1 when one finds something."""
    from attain.commands_pack import check_packs

    if not check_packs(path, before, lang):
        raise typer.Exit(1)


@app.command()
def checks() -> None:
    """Try the kit on its broken packs: every check has to see those that are broken for it."""
    from attain.commands_pack import try_kit

    if not try_kit():
        raise typer.Exit(1)
