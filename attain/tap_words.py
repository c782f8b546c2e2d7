"""``attain tap …``: programs of others that read sources, each in its own environment."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Install Singer taps and Airbyte sources for connections to run.",
)


class Speaks(StrEnum):
    """What a program speaks."""

    singer = "singer"
    airbyte = "airbyte"


@app.command()
def install(
    requirement: Annotated[str, typer.Argument(help="NAME==VERSION on the package index.")],
    reads: Annotated[
        list[Path] | None, typer.Option(help="A folder that the tap may look at; more than once.")
    ] = None,
    program: Annotated[str | None, typer.Option(help="Its program, if not named as it is.")] = None,
    builds: Annotated[
        bool, typer.Option(help="Build what comes as source: that runs its code now, unfenced.")
    ] = False,
    replace: Annotated[bool, typer.Option(help="Put it in the place of one of its name.")] = False,
    name: Annotated[
        str | None, typer.Option(help="What connections call it, if not as it is.")
    ] = None,
    protocol: Annotated[
        Speaks | None, typer.Option(help="What it speaks; told by its name, if not said.")
    ] = None,
    manifest: Annotated[
        Path | None, typer.Option(help="A manifest of an Airbyte source, for airbyte-cdk.")
    ] = None,
    components: Annotated[
        Path | None, typer.Option(help="The Python file that the manifest takes components from.")
    ] = None,
    runs_components: Annotated[
        bool, typer.Option(help="Let Python of the manifest's own run, behind the fence.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="The licences have been read.")] = False,
) -> None:
    """Fetch a tap or a source, show under which licences it comes, and make its environment."""
    from attain.commands_tap import Wish, install_tap
    from attain.tap_manifest import Manifest

    wish = Wish.read(
        requirement,
        reads=tuple(reads or ()),
        program=program,
        builds=builds,
        replace=replace,
        called=name,
        protocol=protocol.value if protocol else None,
        manifest=Manifest.read(manifest, components, runs_components=runs_components),
    )
    install_tap(_folder(), wish, agrees=lambda: yes or typer.confirm("Install it?"))


@app.command("list")
def list_taps() -> None:
    """List taps and sources with version, licence and what keeps them in."""
    from attain.commands_tap import tell_taps

    tell_taps(_folder())


@app.command()
def settings(name: Annotated[str, typer.Argument(help="The name of a tap.")]) -> None:
    """List the settings that a tap says it has, and which of them are held to be secret."""
    from attain.commands_tap import tell_settings

    tell_settings(_folder(), name)


def _folder() -> Path:
    from attain.cli import settings_or_stop

    found = settings_or_stop().taps
    if found is None:
        raise typer.BadParameter("name a folder for taps in ATTAIN_TAPS first")
    return found
