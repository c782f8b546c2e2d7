"""``attain trail``: seals the trail of who did what, or verifies it, on the command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

import typer

from actions.deed import Runtime
from actions.seal_trail import seal_trail
from actions.trail_key import kept, public_key
from actions.verify_trail import verify_trail
from attain.choosing import SYSTEM, chosen_entity, refusals_told, sentences
from attain.settings import Settings
from attain.wiring import wire
from messages.render import Locale


class TrailDeed(StrEnum):
    """What to do with the trail."""

    SEAL = "seal"
    VERIFY = "verify"


def seal(settings: Settings, *, entity: str | None) -> None:
    """Seal what is new and print the checkpoint, to be kept where the database is not."""
    with _open(settings) as runtime, refusals_told(settings.locale):
        entity_id = chosen_entity(runtime, entity).id
        sealed = seal_trail(runtime, SYSTEM, entity_id)
    if sealed is None:
        typer.echo("Nothing is new since the last checkpoint.")
    else:
        typer.echo(f"checkpoint {sealed.number}  rows {sealed.size}  at {sealed.at}Z")
        typer.echo(f"root {sealed.root}")
        typer.echo(f"hash {sealed.hash}")
    _print_key(settings)


def verify(settings: Settings, *, entity: str | None, keys: list[str], copies: Path | None) -> None:
    """Verify every row and checkpoint; end with status 1 when something does not fit."""
    with _open(settings) as runtime, refusals_told(settings.locale):
        entity_id = chosen_entity(runtime, entity).id
        verified = verify_trail(
            runtime,
            SYSTEM,
            entity_id,
            public_keys=keys,
            copies=kept(copies) if copies is not None else (),
        )
    typer.echo(
        f"checkpoints {verified.checkpoints}  rows sealed {verified.sealed}"
        f"  not sealed yet {verified.unsealed}"
    )
    typer.echo(f"hash {verified.head or '-'}")
    _print_key(settings)
    for problem in verified.problems:
        text = sentences().text(problem.code, dict(problem.values), Locale(settings.locale))
        typer.echo(text, err=True)
    if verified.problems:
        raise typer.Exit(1)
    typer.echo("Everything that was sealed is as it was sealed.")


@contextmanager
def _open(settings: Settings) -> Iterator[Runtime]:
    runtime = wire(settings).runtime
    yield runtime
    runtime.engine.dispose()


def _print_key(settings: Settings) -> None:
    typer.echo(f"public key {public_key(settings.data) or '-'}")
