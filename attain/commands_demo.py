"""``attain demo``: from an empty folder to a company that can be asked questions."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import typer

from attain.demo.building import Built, build_company
from attain.server import serve_runtime
from attain.settings import Settings
from attain.wiring import wire
from storage.migrate import upgrade

_DEMO_FOLDER = "demo"
_MADE_BY_US = ("exports", "inbox")


def demo(
    settings: Settings, *, port: int | None, data: Path | None, fresh: bool, serve_it: bool
) -> None:
    """Create, sync, calculate and serve the demo company."""
    folder = (data or settings.data / _DEMO_FOLDER).absolute()
    url = settings.database_url
    if url == f"sqlite:///{settings.data / 'attain.db'}":  # nobody chose another database
        url = f"sqlite:///{folder / 'attain.db'}"
    chosen = replace(
        settings,
        data=folder,
        database_url=url,
        demo=True,
        port=settings.port if port is None else port,
    )
    if fresh:
        _throw_away(folder)
    folder.mkdir(parents=True, exist_ok=True)
    upgrade(chosen.database_url)
    runtime = wire(chosen).runtime
    built = build_company(runtime, typer.echo)
    if serve_it:
        serve_runtime(chosen, runtime, lambda at: _tell(built, chosen.host, at))


def _throw_away(folder: Path) -> None:
    """Remove what a demo made, and nothing else that may lie in the folder."""
    for name in _MADE_BY_US:
        shutil.rmtree(folder / name, ignore_errors=True)
    for file in folder.glob("attain.db*"):
        file.unlink()


def _tell(built: Built, host: str, port: int) -> None:
    address = f"http://{host}:{port}"
    persona = built.manifest.persona
    typer.echo("")
    typer.echo(f"GraphQL   {address}/graphql")
    typer.echo(f"Explorer  {address}/explorer   (choose a person, run a query)")
    typer.echo("")
    typer.echo("Sign in as (no password; only on this machine):")
    for each in built.manifest.sign_in:
        typer.echo(f"  {each.account:<14}{each.role:<13}{each.name}  {each.story}")
    typer.echo("")
    typer.echo("A token, then one question per kind of user:")
    for account, question in _QUESTIONS:
        typer.echo(f"# {account}")
        typer.echo(_curl(address, account, question))
    typer.echo("")
    typer.echo(f"{persona.name} earns {persona.pay / 100:,.2f} CNY in {persona.month:%Y-%m}.")
    typer.echo("ready", nl=True)


_QUESTIONS = (
    (
        "LiNa",
        '{ statement(period: \\"2026-09\\") { payout { amount currency } lines { text } } }',
    ),
    (
        "LuYan",
        '{ leaderboard(period: \\"2026-09\\") { entries { nodes { rank person { name } } } } }',
    ),
    ("HeJing", "{ waitingIdentities { nodes { value facts } } }"),
)

_SIGN_IN = (
    '{"query":"mutation{sessionCreateDemo(input:{person:\\"ACCOUNT\\"})'
    '{... on SessionCreateDemoSuccess{token}}}"}'
)


def _curl(address: str, account: str, question: str) -> str:
    opening = _SIGN_IN.replace("ACCOUNT", account)
    return (
        f"TOKEN=$(curl -s {address}/graphql -H 'content-type: application/json' -d '{opening}'"
        ' | sed \'s/.*"token":"//;s/".*//\');'
        f" curl -s {address}/graphql -H 'content-type: application/json'"
        f' -H "authorization: Bearer $TOKEN" -d \'{{"query":"{question}"}}\''
    )
