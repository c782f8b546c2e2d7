"""``attain demo``: from an empty folder to a company that can be asked questions."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import typer

from actions.deed import Runtime
from actions.sign_in import open_demo_session
from attain.choosing import open_runtime
from attain.demo.building import Built, build_company
from attain.keys import found_keys
from attain.server import serve_runtime
from attain.settings import Settings
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
    upgrade(chosen.database_url, keys=found_keys(chosen))
    runtime = open_runtime(chosen)
    built = build_company(runtime, typer.echo)
    if serve_it:
        serve_runtime(chosen, runtime, lambda at: _tell(runtime, built, chosen.host, at))


def _throw_away(folder: Path) -> None:
    """Remove what a demo made, and nothing else that may lie in the folder."""
    for name in _MADE_BY_US:
        shutil.rmtree(folder / name, ignore_errors=True)
    for file in folder.glob("attain.db*"):
        file.unlink()


def _tell(runtime: Runtime, built: Built, host: str, port: int) -> None:
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
    typer.echo("One question per kind of user; each line has a session of its own:")
    for account, asks, question in _QUESTIONS:
        token = open_demo_session(runtime, account).token
        typer.echo(f"# {account}: {asks}")
        typer.echo(
            f"curl -s {address}/graphql -H 'content-type: application/json'"
            f" -H 'authorization: Bearer {token}' -d '{json.dumps({'query': question})}'"
        )
    typer.echo("")
    paid = f"{persona.pay / 100:,.2f} CNY"
    typer.echo(f"By the files as delivered {persona.name} earns {paid} in {persona.month:%Y-%m}.")
    typer.echo("ready")
    sys.stdout.flush()


_QUESTIONS = (
    (
        "LiNa",
        "what do I earn in September, and why?",
        '{ statement(period: "2026-09") { payout { text } amounts { text } } }',
    ),
    (
        "LuYan",
        "how does my team stand?",
        '{ leaderboard(period: "2026-09") { line { size } entries { nodes { rank } } } }',
    ),
    (
        "HeJing",
        "which names of the sources is nobody linked to?",
        "{ waitingIdentities { nodes { value facts } } }",
    ),
    (
        "FangLiqun",
        "what was calculated, and is it final?",
        '{ calculations(period: "2026-09") { mode final resultHash } }',
    ),
)
