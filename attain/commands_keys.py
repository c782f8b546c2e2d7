"""``attain keys``: makes the key from outside, changes keys, and says which are in use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

import typer

from actions.deed import Runtime
from actions.key_file import KeyFileUnreadable, key_of_file, make_once, new_key_text
from actions.rotate_keys import rotate_data_keys, rotate_outer_key
from attain.choosing import SYSTEM
from attain.keys import found_keys, open_database
from attain.settings import Settings
from attain.wiring import system_clock
from storage.cipher import Suite
from storage.engine import open_engine, reading
from storage.keyring import KeyWrong, LocalKey
from storage.people import legal_entities
from storage.rekey import count_values, stored_keys


class KeysDeed(StrEnum):
    """What to do with the keys."""

    MAKE = "make"
    ROTATE = "rotate"
    STATUS = "status"


def make(file: Path) -> None:
    """Make a key file; one that is there is never overwritten."""
    if not make_once(file.absolute(), new_key_text()):
        raise typer.BadParameter(f"{file} is there already, and a key is never overwritten")
    typer.echo(f"{file} holds a new key. Keep a copy of it apart from the database's backups.")


def rotate_outer(settings: Settings, file: Path) -> None:
    """Wrap all data keys by the key in ``file``, which is made when it is not there."""
    make_once(file.absolute(), new_key_text())
    try:
        wrapper = LocalKey(key_of_file(file), Suite(settings.ciphers))
    except KeyFileUnreadable:
        raise SystemExit(f"There is no key of 64 hex digits in {file}.") from None
    with _opened(settings, checked=False) as runtime:
        try:
            count = rotate_outer_key(runtime, SYSTEM, wrapper)
        except KeyWrong:
            raise SystemExit(
                "A data key is wrapped by neither the present key nor the new one: nothing more"
                " was changed."
            ) from None
    typer.echo(f"{count} data keys are wrapped anew by the key in {file}.")
    typer.echo(f"Now set ATTAIN_KEY_FILE={file.absolute()} and start the servers again.")


def rotate_data(settings: Settings) -> None:
    """Give every legal entity new data keys and seal all rows anew."""
    with _opened(settings, checked=True) as runtime:
        with reading(runtime.engine, SYSTEM) as connection:
            entities = legal_entities(connection)
        for entity in entities:
            count = rotate_data_keys(runtime, SYSTEM, entity.id)
            typer.echo(f"{entity.id}: {count} rows are sealed anew; the old keys are destroyed.")


def status(settings: Settings) -> None:
    """Print every key with its state and how many values lie under it."""
    with (
        _opened(settings, checked=False) as runtime,
        reading(runtime.engine, SYSTEM) as connection,
    ):
        for entity in legal_entities(connection):
            values = count_values(connection, entity.id)
            for key in stored_keys(connection, entity.id):
                typer.echo(
                    f"{entity.id}  {key.purpose:<8} version {key.version}  {key.state:<8}"
                    f" {key.suite}  key {key.id}  wrapped by {key.kek}"
                    f"  values {values.get(key.id, 0)}"
                )
        ring = runtime.engine.get_execution_options()["attain_keys"]
        typer.echo(f"the key from outside is {ring.wrapper.name}")


@contextmanager
def _opened(settings: Settings, *, checked: bool) -> Iterator[Runtime]:
    """Open the database; what repairs keys must not stop because they are half changed."""
    if checked:
        engine = open_database(settings)
    else:
        engine = open_engine(settings.database_url, found_keys(settings))
    try:
        yield Runtime(engine=engine, clock=system_clock, data_folder=settings.data)
    finally:
        engine.dispose()
