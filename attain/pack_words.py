"""``attain pack …``: what somebody who writes an industry pack needs at the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
    lang: Annotated[str, typer.Option(help="The language of the sentences: en or zh-CN.")] = "en",
) -> None:
    """Run every check of the pack kit; ends with 1 when one finds something."""
    from attain.commands_pack import check_packs
    from messages.render import Locale

    if lang not in set(Locale):
        raise typer.BadParameter("en or zh-CN", param_hint="--lang")
    if not check_packs(path, before, Locale(lang)):
        raise typer.Exit(1)


@app.command()
def checks() -> None:
    """Try the kit on its broken packs: every check has to see those that are broken for it."""
    from attain.commands_pack import try_kit

    if not try_kit():
        raise typer.Exit(1)
