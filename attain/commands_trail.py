"""``attain trail``: seals the trail of who did what, verifies it, and proves parts of it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

import typer

from actions.anchor_trail import anchor_trail
from actions.prove_trail import check_proof, prove_growth, prove_row
from actions.seal_trail import seal_trail
from actions.trail_key import kept, public_key
from actions.verify_trail import verify_trail
from attain.choosing import SYSTEM, chosen_entity, open_runtime, refusals_told, sentences
from attain.settings import Settings
from domain.problem import Problem, Refused
from messages.render import Locale


class TrailDeed(StrEnum):
    """What to do with the trail."""

    SEAL = "seal"
    VERIFY = "verify"
    PROVE = "prove"
    GROWTH = "growth"
    CHECK = "check"


def seal(settings: Settings, *, entity: str | None) -> None:
    """Seal what is new and print the checkpoint, to be kept where the database is not."""
    runtime = open_runtime(settings)
    with refusals_told(settings.locale):
        entity_id = chosen_entity(runtime, entity).id
        sealed = seal_trail(runtime, SYSTEM, entity_id)
        unkept = anchor_trail(runtime, SYSTEM, entity_id)
    if sealed is None:
        typer.echo("Nothing is new since the last checkpoint.")
    else:
        typer.echo(f"checkpoint {sealed.number}  rows {sealed.size}  at {sealed.at}Z")
        typer.echo(f"root {sealed.root}")
        typer.echo(f"hash {sealed.hash}")
    _print_key(settings)
    _end_with(unkept, settings)


def verify(settings: Settings, *, entity: str | None, keys: list[str], copies: Path | None) -> None:
    """Verify every row and checkpoint; end with status 1 when something does not fit."""
    runtime = open_runtime(settings)
    with refusals_told(settings.locale):
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
    _end_with(verified.problems, settings)
    typer.echo("Everything that was sealed is as it was sealed.")


def prove(settings: Settings, *, entity: str | None, numbers: list[int]) -> None:
    """Print the proof that a row is sealed: its number, then the checkpoint's, if not the last."""
    runtime = open_runtime(settings)
    with refusals_told(settings.locale):
        entity_id = chosen_entity(runtime, entity).id
        seq, *number = numbers
        proof = prove_row(runtime, SYSTEM, entity_id, seq, number=number[0] if number else None)
    typer.echo(json.dumps(proof, indent=1, ensure_ascii=False))


def growth(settings: Settings, *, entity: str | None, numbers: list[int]) -> None:
    """Print the proof that the trail of one checkpoint begins that of another."""
    runtime = open_runtime(settings)
    with refusals_told(settings.locale):
        entity_id = chosen_entity(runtime, entity).id
        proof = prove_growth(runtime, SYSTEM, entity_id, numbers[0], numbers[-1])
    typer.echo(json.dumps(proof, indent=1, ensure_ascii=False))


def check(settings: Settings, *, file: Path, keys: list[str]) -> None:
    """Check a proof without any database; trusted are the keys given, else this folder's own."""
    own = public_key(settings.data)
    trusted = keys or ([own] if own else [])
    with refusals_told(settings.locale):
        try:
            document = json.loads(file.read_text("utf-8"))
        except (OSError, ValueError, RecursionError) as broken:
            raise Refused("trail_proof_unreadable") from broken
        check_proof(document, trusted)
    typer.echo("The proof holds.")


def _end_with(problems: Iterable[Problem], settings: Settings) -> None:
    """Say what is amiss, if anything, and end with status 1."""
    said = [
        sentences().text(problem.code, dict(problem.values), Locale(settings.locale))
        for problem in problems
    ]
    for text in said:
        typer.echo(text, err=True)
    if said:
        raise typer.Exit(1)


def _print_key(settings: Settings) -> None:
    typer.echo(f"public key {public_key(settings.data) or '-'}")
