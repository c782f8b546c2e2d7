"""The command ``attain``: each word reads its options and hands over to ``attain/commands_*.py``.

The heavy rooms are imported inside the words, so that ``attain --help`` stays quick.
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from attain.old_words import app as old_words
from attain.opened import close_opened
from attain.pack_words import app as pack_words
from attain.plugin_words import app as plugin_words
from attain.settings import Settings, SettingsInvalid, read_settings
from attain.tap_words import app as tap_words

app = typer.Typer(
    name="attain",
    help="Turns what a sales force does into goals, scores and pay that everybody can check.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # the decorated help page costs 0.2 s of imports
)


@app.callback()
def whole(context: typer.Context) -> None:
    """Begin a command, and end it with nothing left open."""
    context.call_on_close(close_opened)


app.add_typer(pack_words, name="pack")
app.add_typer(plugin_words, name="plugin")
app.add_typer(old_words, name="old")
app.add_typer(tap_words, name="tap")


@app.command()
def demo(
    port: Annotated[int | None, typer.Option(help="Port to listen on.", min=0, max=65535)] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of this demo company.")] = None,
    fresh: Annotated[bool, typer.Option(help="Throw the demo company away first.")] = False,
    serve_it: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve it.")] = True,
) -> None:
    """Create the demo company, sync it through real connectors, calculate and serve it."""
    from attain.commands_demo import demo as run_demo

    run_demo(settings_or_stop(), port=port, data=data, fresh=fresh, serve_it=serve_it)


@app.command()
def sync(
    connection: Annotated[str, typer.Argument(help="Id or name of the connection.")],
    entity: Annotated[str | None, typer.Option(help="Legal entity, when there are many.")] = None,
    days_from: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="Read days again: the first of them."),
    ] = None,
    days_to: Annotated[
        datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], help="The first day that is not read again."),
    ] = None,
) -> None:
    """Pull one connection: records become facts, bad rows become problems."""
    from attain.commands_source import sync as run_sync

    run_sync(
        settings_or_stop(),
        connection=connection,
        entity=entity,
        days=(days_from and days_from.date(), days_to and days_to.date()),
    )


@app.command("import")
def import_folder(
    folder: Annotated[Path, typer.Argument(help="Folder with the export files.", exists=True)],
    setup: Annotated[
        Path, typer.Argument(help="Set-up: connector, streams, mapping.", exists=True)
    ],
    company: Annotated[str, typer.Option(help="Legal entity the facts belong to.")],
    currency: Annotated[str, typer.Option(help="Its currency, when it is new.")] = "CNY",
) -> None:
    """Connect a folder of exports by a set-up file and read it; run it again for what is new."""
    from attain.commands_source import import_folder as run_import

    run_import(settings_or_stop(), folder=folder, setup=setup, company=company, currency=currency)


@app.command()
def calculate(
    period: Annotated[str, typer.Argument(help="Period, such as 2026-09 or 2026-Q3.")],
    entity: Annotated[str | None, typer.Option(help="Legal entity, when there are many.")] = None,
    post: Annotated[bool, typer.Option("--post/--trial", help="Post it to the ledger.")] = False,
    provisional: Annotated[bool, typer.Option(help="Post although a source is not ready.")] = False,
) -> None:
    """Score everybody for a period and compute what each earns."""
    from attain.commands_pay import calculate as run_calculation

    run_calculation(
        settings_or_stop(), period=period, entity=entity, post=post, provisional=provisional
    )


@app.command()
def explain(
    person: Annotated[str, typer.Argument(help="Id or staff number of the person.")],
    period: Annotated[str, typer.Argument(help="Period, such as 2026-09 or 2026-Q3.")],
    entity: Annotated[str | None, typer.Option(help="Legal entity, when there are many.")] = None,
    locale: Annotated[str | None, typer.Option(help="zh-CN or en.")] = None,
) -> None:
    """Print one person's statement, line by line."""
    from attain.commands_pay import explain as run_explanation

    run_explanation(settings_or_stop(), person=person, period=period, entity=entity, locale=locale)


@app.command()
def lint(
    file: Annotated[Path, typer.Argument(help="A plan, a table of sections, a pack.", exists=True)],
    scorecard: Annotated[
        Path | None, typer.Option(help="The scorecard, where the score pays.", exists=True)
    ] = None,
    locale: Annotated[str | None, typer.Option(help="zh-CN or en.")] = None,
) -> None:
    """Find what is wrong with a plan before it is published, each with two people who prove it."""
    from attain.commands_plan import lint_file
    from messages.render import Locale

    if lint_file(file, scorecard, Locale(locale or settings_or_stop().locale)):
        raise typer.Exit(1)


@app.command()
def backtest(
    file: Annotated[Path, typer.Argument(help="The plan, JSON.", exists=True)],
    periods: Annotated[str, typer.Option(help="Posted periods, such as 2026-07,2026-08.")],
    entity: Annotated[str | None, typer.Option(help="Legal entity, when there are many.")] = None,
    locale: Annotated[str | None, typer.Option(help="zh-CN or en.")] = None,
) -> None:
    """Try a plan on posted periods: what it would have cost, who wins and who loses."""
    from attain.commands_backtest import backtest_file

    backtest_file(settings_or_stop(), file=file, periods=periods, entity=entity, locale=locale)


@app.command()
def forecast(
    through: Annotated[str, typer.Option(help="The last period, such as 2026-12.")],
    newcomers: Annotated[str, typer.Option(help="What newcomers do: NOTHING or AS_TEAM.")],
    plan: Annotated[
        Path | None, typer.Option(help="A plan, JSON; else the plans in force.", exists=True)
    ] = None,
    scenarios: Annotated[
        Path | None, typer.Option(help="Scenarios, JSON; else the usual ones.", exists=True)
    ] = None,
    likely: Annotated[str | None, typer.Option(help="The name of the likely scenario.")] = None,
    entity: Annotated[str | None, typer.Option(help="Legal entity, when there are many.")] = None,
    locale: Annotated[str | None, typer.Option(help="zh-CN or en.")] = None,
) -> None:
    """Say what a plan will cost in the periods that are not over, under scenarios."""
    from attain.commands_forecast import Asked, forecast_file

    asked = Asked(
        through=through, newcomers=newcomers, plan=plan, scenarios=scenarios, likely=likely
    )
    forecast_file(settings_or_stop(), asked, entity=entity, locale=locale)


@app.command()
def export(
    person: Annotated[str, typer.Argument(help="Id, staff number or name of the person.")],
    file: Annotated[Path, typer.Option(help="The new file to write.")],
    entity: Annotated[str | None, typer.Option(help="Legal entity, when there are many.")] = None,
) -> None:
    """Write everything that is stored about a person into one JSON file."""
    from attain.commands_export import export as run_export

    run_export(settings_or_stop(), person=person, file=file, entity=entity)


@app.command()
def payroll(
    period: Annotated[str, typer.Argument(help="Period, such as 2026-09 or 2026-Q3.")],
    out: Annotated[Path, typer.Option(help="The new file to write: .csv or .xlsx.")],
    entity: Annotated[str | None, typer.Option(help="Legal entity, when there are many.")] = None,
) -> None:
    """Write the approved pay of a period into a file for payroll, with control totals."""
    from attain.commands_payroll import payroll as run_payroll

    run_payroll(settings_or_stop(), period=period, out=out, entity=entity)


@app.command()
def statement(
    person: Annotated[str, typer.Argument(help="Id, staff number or name of the person.")],
    period: Annotated[str, typer.Argument(help="Period, such as 2026-09 or 2026-Q3.")],
    out: Annotated[Path, typer.Option(help="The new file to write: .pdf or .xlsx.")],
    entity: Annotated[str | None, typer.Option(help="Legal entity, when there are many.")] = None,
    locale: Annotated[str | None, typer.Option(help="zh-CN or en.")] = None,
) -> None:
    """Write what a person earns in a period, and why, into a workbook or a PDF."""
    from attain.commands_statement import statement as write_statement

    write_statement(
        settings_or_stop(), person=person, period=period, out=out, entity=entity, locale=locale
    )


@app.command()
def trail(
    deed: Annotated[str, typer.Argument(help="seal, verify, prove, growth or check.")],
    what: Annotated[
        list[str] | None,
        typer.Argument(help="prove: a row, a checkpoint; growth: two checkpoints; check: a file."),
    ] = None,
    entity: Annotated[str | None, typer.Option(help="Legal entity, when there are many.")] = None,
    key: Annotated[list[str] | None, typer.Option(help="A public key to trust as well.")] = None,
    copies: Annotated[
        Path | None, typer.Option(help="Checkpoints that were kept elsewhere.", exists=True)
    ] = None,
) -> None:
    """Seal the trail of who did what, verify that nobody changed it, or prove parts of it."""
    from attain import commands_trail as done

    if deed not in list(done.TrailDeed):
        raise typer.BadParameter(f"{deed!r} is none of: {', '.join(done.TrailDeed)}")
    settings, given = settings_or_stop(), what or []
    if deed == done.TrailDeed.SEAL:
        done.seal(settings, entity=entity)
    elif deed == done.TrailDeed.VERIFY:
        done.verify(settings, entity=entity, keys=key or [], copies=copies)
    elif deed == done.TrailDeed.CHECK:
        if len(given) != 1:
            raise typer.BadParameter("check takes the file of one proof")
        done.check(settings, file=Path(given[0]), keys=key or [])
    else:
        numbers = [int(word) for word in given if word.isascii() and word.isdigit()]
        if len(numbers) != len(given) or len(numbers) not in {1, 2}:
            raise typer.BadParameter(f"{deed} takes one or two whole numbers")
        do = done.prove if deed == done.TrailDeed.PROVE else done.growth
        do(settings, entity=entity, numbers=numbers)


@app.command()
def verify(
    file: Annotated[
        Path, typer.Argument(help="A proof (statement.json), a pack.zip or a folder.", exists=True)
    ],
    key: Annotated[list[str] | None, typer.Option(help="A public key to trust.")] = None,
    lang: Annotated[str | None, typer.Option(help="en or zh.")] = None,
) -> None:
    """Check a proof or a pack: every line again, and its way up to a signed checkpoint."""
    from attain.commands_proof import verify as run_verifier

    if lang not in {None, "en", "zh"}:
        raise typer.BadParameter("the languages are en and zh")
    raise typer.Exit(run_verifier(settings_or_stop(), file=file, keys=key or [], lang=lang))


@app.command()
def evidence(
    person: Annotated[str, typer.Argument(help="Id, staff number or name of the person.")],
    period: Annotated[str, typer.Argument(help="Period, such as 2026-09 or 2026-Q3.")],
    out: Annotated[Path, typer.Option(help="A new folder, or a new file ending in .zip.")],
    entity: Annotated[str | None, typer.Option(help="Legal entity, when there are many.")] = None,
) -> None:
    """Pack everything that shows how a payout came about, to be checked without this server."""
    from attain.commands_proof import evidence as pack

    pack(settings_or_stop(), person=person, period=period, out=out, entity=entity)


@app.command()
def account(
    deed: Annotated[str, typer.Argument(help="create or link.")],
    login: Annotated[str, typer.Option(help="Name of the account.")],
    role: Annotated[list[str] | None, typer.Option(help="A role to grant, such as ADMIN.")] = None,
    entity: Annotated[str | None, typer.Option(help="Legal entity, when there are many.")] = None,
    found: Annotated[str | None, typer.Option(help="Found this company if it is new.")] = None,
    person: Annotated[str | None, typer.Option(help="Id of the person behind it.")] = None,
    language: Annotated[str, typer.Option(help="zh-CN or en.")] = "zh-CN",
    provider: Annotated[str | None, typer.Option(help="Way of signing in to link.")] = None,
    subject: Annotated[str | None, typer.Option(help="Whom that provider names.")] = None,
) -> None:
    """Make an account on the server itself, such as the first administrator, or link a login."""
    from attain.commands_account import AccountDeed, create, link

    if deed not in list(AccountDeed):
        raise typer.BadParameter(f"{deed!r} is neither of: {', '.join(AccountDeed)}")
    if deed == AccountDeed.LINK:
        link(settings_or_stop(), login=login, provider=provider, subject=subject)
        return
    create(
        settings_or_stop(),
        login=login,
        roles=role or [],
        entity=entity,
        found=found,
        person=person,
        language=language,
        provider=provider,
        subject=subject,
    )


@app.command()
def keys(
    deed: Annotated[str, typer.Argument(help="make, rotate or status.")],
    file: Annotated[Path | None, typer.Argument(help="The file to make a key in.")] = None,
    kek: Annotated[
        Path | None, typer.Option(help="Rotate: wrap the data keys by the key in this file.")
    ] = None,
    data: Annotated[bool, typer.Option("--data", help="Rotate: new data keys.")] = False,
) -> None:
    """Make the key outside of the database, change keys, or say which are in use."""
    from attain import commands_keys as words

    if deed not in list(words.KeysDeed):
        raise typer.BadParameter(f"{deed!r} is neither of: {', '.join(words.KeysDeed)}")
    if deed == words.KeysDeed.MAKE:
        if file is None:
            raise typer.BadParameter("name the file: attain keys make FILE")
        words.make(file)
    elif deed == words.KeysDeed.STATUS:
        words.status(settings_or_stop())
    elif (kek is None) != data:
        raise typer.BadParameter("rotate either with --kek FILE or with --data")
    elif kek is not None:
        words.rotate_outer(settings_or_stop(), kek)
    else:
        words.rotate_data(settings_or_stop())


@app.command()
def migrate() -> None:
    """Bring the database up to this version's tables."""
    from attain.choosing import refusals_told
    from attain.keys import found_keys
    from storage.migrate import upgrade

    settings = settings_or_stop()
    with refusals_told(settings.locale):
        upgrade(settings.database_url, keys=found_keys(settings))
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
def schema() -> None:
    """Write schema.graphql and the printed pages of docs/ anew."""
    from attain.commands_schema import write_contract

    for path in write_contract():
        typer.echo(path)


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
    from attain.logs import hide_faults_of_this_process, tell_fault

    hide_faults_of_this_process()
    try:
        app(prog_name="attain")
    except Exception as fault:  # noqa: BLE001 - told without its text, which may hold values
        tell_fault(type(fault), fault, fault.__traceback__)
        sys.exit(1)
    sys.exit(0)
