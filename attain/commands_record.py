"""``attain plugin record``: a connector meets its real source once, and the tests remember it."""

from __future__ import annotations

import importlib
import json
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import typer

from actions.source_secrets import SecretPlaces, put_in, refuse_short_secrets, secrets_in
from attain.live_runs import LiveRun, records_in
from attain.settings import Settings
from connectors.contract import Connector, Context
from connectors.kit.cassettes import CassetteRefused, documents_in
from connectors.kit.meeting import met
from connectors.kit.recording import Wish, record, write_all
from connectors.kit.scanning import allowed_in, findings
from connectors.web_host import open_http, web_of
from domain.problem import Refused
from plugins.loading import GROUP, load_plugins, read_choice
from plugins.vendor_names import lend_names

T = TypeVar("T")
Secrets: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What the command was told; without a ``folder`` nothing is recorded."""

    connector: str
    config: Path
    folder: Path | None = None
    streams: tuple[str, ...] = ()
    records: int = 100
    hides: tuple[str, ...] = ()
    ignores: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()


def record_connector(settings: Settings, words: Words, clock: Callable[[], datetime]) -> list[Path]:
    """Record, and write what is clean; nothing at all is written when one file is not."""
    assert words.folder is not None
    allowed = allowed_in(words.folder)

    def ask(run: LiveRun, config: Mapping[str, Any], secrets: Secrets) -> dict[str, str]:
        wish = Wish(
            connector=run.connector,
            config=config,
            secrets=secrets,
            now=clock().replace(microsecond=0),
            streams=words.streams,
            records=words.records,
            hides=words.hides,
            ignores=words.ignores,
            keeps=words.keeps,
            allowed=allowed,
        )
        return record(wish, run.open_web)

    run, texts = _asked(settings, words, clock, ask)
    return [*write_all(texts, words.folder), *run.noted(records_in(texts), clock())]


def meet_source(settings: Settings, words: Words, clock: Callable[[], datetime]) -> list[Path]:
    """Run against the real source, keep nothing of it, and note that it was so."""

    def ask(run: LiveRun, config: Mapping[str, Any], _: Secrets) -> dict[str, int]:
        with tempfile.TemporaryDirectory() as folder:
            context = Context(config=config, folder=Path(folder), now=clock(), web=run.open_web())
            return met(run.connector, context, words.streams, words.records)

    run, counts = _asked(settings, words, clock, ask)
    return run.noted(counts, clock())


def _asked(
    settings: Settings,
    words: Words,
    clock: Callable[[], datetime],
    ask: Callable[[LiveRun, Mapping[str, Any], Secrets], T],
) -> tuple[LiveRun, T]:
    """Put the secrets in, open the guarded way out, and ask; what is refused ends the command."""
    connector = _connector(settings, words.connector)
    info = connector.info
    try:
        given: dict[str, Any] = json.loads(words.config.read_text("utf-8"))
        places = SecretPlaces(variables=settings.secrets, folder=settings.secrets_folder)
        config, more = put_in(given, places)
        refuse_short_secrets(config, info.config_schema)
    except (ValueError, OSError, AttributeError) as wrong:
        raise typer.BadParameter(f"{words.config}: {type(wrong).__name__}") from None
    except Refused as refused:
        why = f"{words.config}: {refused.code} {dict(refused.values)}"
        raise typer.BadParameter(why) from None
    declared = [*secrets_in(config, info.config_schema), *(("secret", each) for each in more)]
    names = {value: name for name, value in reversed(declared)}
    http = open_http(settings.source_hosts)
    try:
        run = LiveRun(
            connector=connector,
            near=settings.source_hosts,
            open_inner=lambda: web_of(http, info, config, clock),
        )
        told = ask(run, config, tuple((name, value) for value, name in names.items()))
        run.end()
    except CassetteRefused as refused:
        typer.echo(str(refused), err=True)
        typer.echo("Nothing was written.", err=True)
        raise typer.Exit(1) from None
    finally:
        http.close()
    return run, told


def scan_folder(folder: Path) -> list[str]:
    """Say what the cassettes of a folder would tell."""
    allowed = allowed_in(folder)
    return [
        f"{name} {finding}"
        for name, document in documents_in(folder).items()
        for finding in findings(document, (), allowed)
    ]


def _connector(settings: Settings, name: str) -> Connector:
    """Find it by its id among the loaded ones, or in the folder of a distribution."""
    known = list(_of_folder(Path(name))) if Path(name).is_dir() else []
    if known:
        if len(known) > 1:
            raise typer.BadParameter(f"{name} has several: {', '.join(c.info.id for c in known)}")
        return known[0]
    found = load_plugins(read_choice(settings.plugins)).nouns("connectors")
    if name not in found:
        raise typer.BadParameter(f"no connector {name}; there are {', '.join(sorted(found))}")
    connector: Connector = found[name]
    return connector


def _of_folder(folder: Path) -> Iterable[Connector]:
    """Import a distribution where its author works on it."""
    file = folder / "pyproject.toml"
    if not file.is_file():
        return
    points = tomllib.loads(file.read_text("utf-8")).get("project", {}).get("entry-points", {})
    lend_names()
    sys.path.insert(0, str(folder.resolve()))
    for module in points.get(GROUP, {}).values():
        hook = getattr(importlib.import_module(module), "connectors", None)
        if hook is not None:
            yield from hook()
