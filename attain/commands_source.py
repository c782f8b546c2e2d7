"""``attain sync`` and ``attain import``: sources read from the command line."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from actions.connect_source import create_connection, set_mapping
from actions.found_company import found_company
from actions.sync_days import days_of
from actions.sync_source import Synced, sync_source
from attain.choosing import (
    SYSTEM,
    chosen_connection,
    chosen_entity,
    open_runtime,
    ready_runtime,
    refusals_told,
    sentences,
)
from attain.keys import found_keys
from attain.settings import Settings
from attain.sync_progress import SyncProgress
from messages.render import Locale
from storage.engine import reading
from storage.migrate import upgrade
from storage.sources import connections, quarantined

if TYPE_CHECKING:
    from actions.deed import Runtime
    from connectors.contract import Backfill

_SHOWN = 20  # rows in quarantine that are printed; all of them are kept


def sync(
    settings: Settings,
    *,
    connection: str,
    entity: str | None,
    days: tuple[date | None, date | None] = (None, None),
) -> None:
    """Pull the connection, or some days of it again, and print the outcome of the run."""
    runtime = ready_runtime(settings)
    entity_id = chosen_entity(runtime, entity).id
    found = chosen_connection(runtime, entity_id, connection)
    with refusals_told(settings.locale):
        done = _synced(runtime, entity_id, found.id, days_of(*days))
    _report(runtime, settings, entity_id, found.id, done)


def import_folder(
    settings: Settings, *, folder: Path, setup: Path, company: str, currency: str
) -> None:
    """Take a folder of exports in by a documented set-up file; again, it reads what is new.

    The files are copied under the data folder first: a server reads only what lies there, and the
    next sync of the connection finds them.
    """
    upgrade(settings.database_url, keys=found_keys(settings))
    runtime = open_runtime(settings)
    document = json.loads(setup.read_text(encoding="utf-8"))
    mapping = json.loads((setup.parent / document["mapping"]).read_text(encoding="utf-8"))
    shutil.copytree(folder, settings.data / document["config"]["path"], dirs_exist_ok=True)
    with refusals_told(settings.locale):
        entity_id = found_company(runtime, company, currency=currency, zone=document["zone"])
        connection_id = _connected(runtime, entity_id, document, mapping)
        done = _synced(runtime, entity_id, connection_id)
    _report(runtime, settings, entity_id, connection_id, done)


def _connected(
    runtime: Runtime, entity_id: str, document: dict[str, Any], mapping: dict[str, Any]
) -> str:
    """Return the connection of the set-up's name, made or brought up to date."""
    name = document["name"]
    with reading(runtime.engine, SYSTEM) as database:
        known = connections(database, SYSTEM, entity_id, known_at=runtime.clock())
    found = next((each.id for each in known if each.name == name), None)
    with runtime.writing(entity_id, SYSTEM) as writing:
        if found is None:
            found = create_connection(
                runtime,
                writing,
                SYSTEM,
                name=name,
                connector=document["connector"],
                config=document["config"],
            )
        return set_mapping(writing, SYSTEM, found, mapping)


def _synced(
    runtime: Runtime, entity_id: str, connection_id: str, days: Backfill | None = None
) -> Synced:
    """Sync, and show on a terminal how far it is."""
    progress = SyncProgress(sys.stderr)
    try:
        return sync_source(runtime, SYSTEM, entity_id, connection_id, days=days, told=progress)
    finally:
        progress.end()


def _report(
    runtime: Runtime, settings: Settings, entity_id: str, connection_id: str, done: Synced
) -> None:
    locale = Locale(settings.locale)

    def said(code: str, values: Mapping[str, str]) -> str:
        own = runtime.vendor_sentences.text(code, values, locale)
        return own or sentences().text(code, values, locale)

    typer.echo(f"{done.outcome.value}  {json.dumps(dict(done.counts), sort_keys=True)}")
    if done.code:
        typer.echo(said(done.code, done.values))
    with reading(runtime.engine, SYSTEM) as database:
        bad = quarantined(database, SYSTEM, entity_id, connection_ids=[connection_id], first=_SHOWN)
    for row in bad:
        place = row.position.get("place", json.dumps(dict(row.position), ensure_ascii=False))
        typer.echo(f"  {place}: {said(row.code, row.values)}")
