"""``attain plugin …``: what somebody who writes a plug-in needs at the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Write a plug-in, prove it, grade it."
)

_WhichConnector = Annotated[str, typer.Argument(help="Id, or the folder of a distribution.")]
_Config = Annotated[
    Path, typer.Option(help="The settings, JSON; secrets by reference.", exists=True)
]
_Streams = Annotated[list[str] | None, typer.Option(help="A stream to read; else every one.")]
_Records = Annotated[
    int, typer.Option(help="End a read at the first checkpoint after so many.", min=1)
]


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(help="New or empty folder.")],
    id_: Annotated[str, typer.Option("--id", prompt="Id, such as acme.crm", help="For ever.")],
    title: Annotated[str, typer.Option(prompt="Name of the source", help="In English.")],
    title_zh: Annotated[str, typer.Option(prompt="Name in Chinese", help="In Chinese.")],
    author: Annotated[str, typer.Option(prompt="Owner of the plug-in", help="Who answers.")],
    stream: Annotated[
        str, typer.Option(prompt="First stream (plural)", help="What is read.")
    ] = "deals",
) -> None:
    """Write a complete distribution with a connector that keeps the contract as it is."""
    from attain.commands_plugin import Answers
    from attain.commands_plugin import new as write

    answers = Answers(id=id_, title=title, title_zh=title_zh, author=author, stream=stream)
    for path in write(folder, answers):
        typer.echo(path)
    typer.echo(f"Next: attain plugin grade {folder}")


@app.command()
def update(
    folder: Annotated[Path, typer.Argument(help="Folder that `plugin new` made.", exists=True)],
    write: Annotated[
        bool, typer.Option("--write", help="Take and merge; conflicts are marked in the files.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also over changes that are not committed.")
    ] = False,
) -> None:
    """Merge what `plugin new` writes otherwise by now; status 1 while anything is left to do."""
    from attain.commands_template import steps, take, tell

    found = steps(folder)
    copies = take(folder, found, force=force) if write else []
    tell(folder, found, lines=not write)
    for path in copies:
        typer.echo(f"{path}: your text as it was")
    if any(each.is_open for each in found) if write else found:
        raise typer.Exit(1)


@app.command()
def grade(
    target: Annotated[str, typer.Argument(help="Folder of a distribution, test file or module.")],
    at_least: Annotated[
        str, typer.Option(help="End with status 1 below this tier, such as Bronze.")
    ] = "none",
    write: Annotated[
        bool, typer.Option("--write", help="Put conformance.json into the package, sealed.")
    ] = False,
    sign: Annotated[
        Path | None, typer.Option(help="Sign what is written, with a key of `plugin key`.")
    ] = None,
) -> None:
    """Run the kit and compute Bronze, Silver, Gold or Platinum; print what is missing."""
    from attain.cli import settings_or_stop
    from attain.commands_grade import TIERS, keep, tell
    from attain.commands_grade import grade as graded
    from attain.platinum import Here, private_key
    from attain.wiring import system_clock
    from plugins.origin import public_half

    if at_least not in TIERS:
        raise typer.BadParameter(f"one of {', '.join(TIERS)}")
    if sign is not None and not write:
        raise typer.BadParameter("--sign signs what --write writes")
    today, private = system_clock().date(), None if sign is None else private_key(sign)
    signs = "" if private is None else public_half(private)
    publishers = settings_or_stop().publishers
    found = graded(target, Here(today=today, publishers=publishers, writes=write, signs=signs))
    tell(found)
    for path in keep(found, today, private) if write else ():
        typer.echo(path)
    if any(TIERS.index(each.tier) < TIERS.index(at_least) for each in found):
        raise typer.Exit(1)


@app.command()
def key(
    file: Annotated[Path, typer.Argument(help="New file for the key; it is the whole secret.")],
) -> None:
    """Make a key to sign grades with, and print what companies put into ATTAIN_PUBLISHERS."""
    from attain.platinum import new_key

    typer.echo(f"your-name:{new_key(file)}")


@app.command()
def grades(
    only: Annotated[
        str, typer.Option(help="Try this one alone; the others stand as they are on the page.")
    ] = "",
) -> None:
    """Grade every built-in connector and write the page docs/connector-grades.md."""
    from attain.grades_page import PAGE, outcomes_now, page_of

    text = page_of(outcomes_now(only))
    PAGE.write_text(text, "utf-8")
    typer.echo(PAGE)


@app.command()
def checks() -> None:
    """Try the kit on its broken connectors and print the page docs/connector-checks.md."""
    import contextlib
    import io

    from connectors.kit.kill_table import page

    with contextlib.redirect_stdout(io.StringIO()):  # one broken connector prints
        text = page()
    typer.echo(text, nl=False)


@app.command()
def hooks() -> None:
    """Print the page docs/hook-reference.md: every hook and type with its exact signature."""
    from attain.hooks_page import page

    typer.echo(page(), nl=False)


@app.command()
def record(
    connector: _WhichConnector,
    config: _Config,
    to: Annotated[Path, typer.Option(help="Folder of the cassettes, such as tests/cassettes.")],
    stream: _Streams = None,
    records: _Records = 100,
    hide: Annotated[
        list[str] | None, typer.Option(help="A field whose values are secrets too.")
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option(help="A value in requests that is another each time.")
    ] = None,
    keep_header: Annotated[
        list[str] | None, typer.Option(help="A header that the connector sends or reads.")
    ] = None,
) -> None:
    """Ask the real source once and keep it for the tests, without secrets and people."""
    from attain.cli import settings_or_stop
    from attain.commands_record import Words, record_connector
    from attain.wiring import system_clock

    words = Words(
        connector=connector,
        config=config,
        folder=to,
        streams=tuple(stream or ()),
        records=records,
        hides=tuple(hide or ()),
        ignores=tuple(ignore or ()),
        keeps=tuple(keep_header or ()),
    )
    for path in record_connector(settings_or_stop(), words, system_clock):
        typer.echo(path)


@app.command()
def live(
    connector: _WhichConnector,
    config: _Config,
    stream: _Streams = None,
    records: _Records = 100,
) -> None:
    """Run against the real source, keep nothing of it, and note in the package that it was so."""
    from attain.cli import settings_or_stop
    from attain.commands_record import Words, meet_source
    from attain.wiring import system_clock

    words = Words(connector=connector, config=config, streams=tuple(stream or ()), records=records)
    noted = meet_source(settings_or_stop(), words, system_clock)
    for path in noted:
        typer.echo(path)
    if not noted:
        raise typer.Exit(1)


@app.command()
def scan(folder: Annotated[Path, typer.Argument(help="Folder of cassettes.", exists=True)]) -> None:
    """Look for secrets, keys and people in cassettes; end with status 1 where there are any."""
    from attain.commands_record import scan_folder

    found = scan_folder(folder)
    for line in found:
        typer.echo(line)
    if found:
        raise typer.Exit(1)


@app.command()
def api(folder: Annotated[Path, typer.Argument(help="New or empty folder.")]) -> None:
    """Write the source of the small distribution attain-plugin-api; any builder makes its wheel."""
    from attain.commands_api import write_api

    for path in write_api(folder):
        typer.echo(path)
