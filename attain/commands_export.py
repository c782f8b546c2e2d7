"""``attain export``: everything about a person, in one file."""

from __future__ import annotations

import os
from pathlib import Path

import typer

from actions.export_person import export_person
from attain.choosing import SYSTEM, chosen_entity, chosen_person, ready_runtime, refusals_told
from attain.settings import Settings


def export(settings: Settings, *, person: str, file: Path, entity: str | None) -> None:
    """Write the file, readable by nobody but its owner, and print what is in it."""
    runtime = ready_runtime(settings)
    with refusals_told(settings.locale):
        entity_id = chosen_entity(runtime, entity).id
        whose = chosen_person(runtime, entity_id, person, runtime.clock().date())
        made = export_person(runtime, SYSTEM, whose.id)
    # A new file only: one that is there may be readable by others, or somebody's only copy.
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise typer.BadParameter(f"{file} is there already") from None
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(made.document)
    for name, count in made.counts.items():
        typer.echo(f"{count:>8}  {name}")
    typer.echo(f"{made.rows:>8}  rows in {file}")
