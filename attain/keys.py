"""The key from outside, found as the settings say; without the right one nothing starts.

Only an embedded (or a demo) installation makes its key by itself, once, while nothing is
encrypted yet: a key made beside an encrypted database would be a wrong one.
"""

from __future__ import annotations

from pathlib import Path

from actions.key_file import KeyFileUnreadable, key_of_file, key_of_text, make_once, new_key_text
from attain.settings import Settings
from domain.access import System
from storage.cipher import Suite
from storage.engine import Engine, open_engine, reading
from storage.keyring import Keyring, KeyWrong, LocalKey, has_data_keys

_START = System(name="start")


def key_place(settings: Settings) -> Path:
    """Return where the key lies when it is in a file."""
    return settings.key_file or settings.data / "attain.key"


def open_database(settings: Settings) -> Engine:
    """Open the database with the keys of the installation, or stop with one sentence."""
    keys = found_keys(settings)
    engine = open_engine(settings.database_url, keys)
    with reading(engine, _START) as connection:
        try:
            if has_data_keys(connection):
                keys.check(connection)
        except KeyWrong:
            raise SystemExit(
                f"The key in {_told(settings)} is not the one that this database was encrypted"
                " with: restore that key, or finish a rotation that was begun."
            ) from None
    return engine


def found_keys(settings: Settings) -> Keyring:
    """Return the keyring of the installation, or stop with one sentence."""
    settings.data.mkdir(parents=True, exist_ok=True)
    return Keyring(LocalKey(_key(settings), Suite(settings.ciphers)), Suite(settings.ciphers))


def _key(settings: Settings) -> bytes:
    place = key_place(settings)
    try:
        if settings.key_text is not None:
            return key_of_text(settings.key_text)
        if not place.exists():
            _make_first(settings, place)
        return key_of_file(place)
    except KeyFileUnreadable:
        raise SystemExit(f"There is no key of 64 hex digits in {_told(settings)}.") from None


def _make_first(settings: Settings, place: Path) -> None:
    """Make the key of an embedded or a demo installation where nothing is encrypted yet."""
    if settings.demo or settings.database_url.startswith("sqlite:"):
        engine = open_engine(settings.database_url)
        with reading(engine, _START) as connection:
            is_first = not has_data_keys(connection)
        engine.dispose()
        if is_first:
            place.parent.mkdir(parents=True, exist_ok=True)
            make_once(place, new_key_text())
            return
    raise SystemExit(
        f"The key file {place} is missing: restore it from its backup, or make the first one with"
        " attain keys make."
    )


def _told(settings: Settings) -> str:
    return "ATTAIN_KEY_VARIABLE" if settings.key_text is not None else str(key_place(settings))
