"""What a person types on the command line, found in the database or refused with the choices."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import typer

from actions.deed import Runtime
from attain.opened import when_done
from attain.settings import Settings
from attain.wiring import wire
from domain.access import System
from domain.people import LegalEntity, Person
from domain.problem import Refused
from messages.render import Catalogue, Locale, load
from storage.engine import reading
from storage.migrate import is_current
from storage.people import legal_entities, people
from storage.sources import StoredConnection, connections

SYSTEM = System(name="command")


@contextmanager
def refusals_told(locale: str) -> Iterator[None]:
    """Print a refusal as sentences and end with status 1."""
    try:
        yield
    except Refused as refused:
        catalogue, language = load(), Locale(locale)
        for code, values, path in _told(refused):
            place = f" [{path}]" if path else ""
            typer.echo(catalogue.text(code, dict(values), language) + place, err=True)
        raise typer.Exit(1) from refused


def _told(refused: Refused) -> list[tuple[str, dict[str, str], str]]:
    found = [(refused.code, dict(refused.values), refused.path)]
    found.extend((each.code, dict(each.values), each.path) for each in refused.problems)
    return found


def open_runtime(settings: Settings) -> Runtime:
    """Open the database and load the plug-ins; closed when the command ends."""
    runtime = wire(settings).runtime
    when_done(runtime.engine.dispose)
    return runtime


def ready_runtime(settings: Settings) -> Runtime:
    """Open the database, or say what to do when it is not there or not of this release."""
    runtime = open_runtime(settings)
    with reading(runtime.engine, SYSTEM) as connection:
        current = is_current(connection)
    if not current:
        raise typer.BadParameter(
            "the database is empty or of another release: ./run demo makes the demo company,"
            " ./run migrate makes the tables; ATTAIN_DATA names the folder"
        )
    return runtime


def chosen_entity(runtime: Runtime, wanted: str | None) -> LegalEntity:
    """Return the legal entity by id or name; without a name, the only one there is."""
    with reading(runtime.engine, SYSTEM) as connection:
        found = legal_entities(connection)
    fitting = [each for each in found if wanted in {None, each.id, each.name}]
    if len(fitting) == 1:
        return fitting[0]
    names = ", ".join(each.name for each in found) or "-"
    raise typer.BadParameter(f"choose one legal entity with --entity: {names}")


def chosen_connection(runtime: Runtime, entity_id: str, wanted: str) -> StoredConnection:
    """Return the connection by id or name."""
    with reading(runtime.engine, SYSTEM) as connection:
        found = connections(connection, SYSTEM, entity_id, known_at=runtime.clock())
    for each in found:
        if wanted in {each.id, each.name}:
            return each
    names = ", ".join(each.name for each in found) or "-"
    raise typer.BadParameter(f"there is no connection {wanted!r}; there are: {names}")


def chosen_person(runtime: Runtime, entity_id: str, wanted: str, day: date) -> Person:
    """Return the person by id, staff number or name; two of one name have to be told apart."""
    with reading(runtime.engine, SYSTEM) as connection:
        found = people(connection, SYSTEM, valid_at=day, known_at=runtime.clock())
    fitting = [
        each
        for each in found
        if each.entity_id == entity_id and wanted in {each.id, each.staff_number, each.name}
    ]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        raise typer.BadParameter(f"there is nobody called {wanted!r}")
    numbers = ", ".join(each.staff_number or each.id for each in fitting)
    raise typer.BadParameter(f"{len(fitting)} people are called {wanted!r}: {numbers}")


def sentences() -> Catalogue:
    """Return every sentence."""
    return load()
